"""A record as a PDF document: title, table with intervals, chart, limits, citation. Set by Typst."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from analysis.errors import MissingExtraError
from service.records.citations import Citation
from service.records.drawing import as_chart_pdf, said
from service.records.tables import MainTable, main_table, notes, shown
from service.store import Record

# Everything that stands in a record reaches Typst as data; none of it is read as markup.
CODES = ("kind", "event_ids")
"""Columns for machines, left out where a column names the row in words."""
TEXT_WIDTH, NARROWEST = 16.6, 1.7
"""Of a page and of a column, in cm."""

TEMPLATE = b"""
#let r = json("record.json")
#set document(title: r.title, author: r.author, date: none)
#set page(paper: "a4", margin: 2.2cm, footer: context [
  #set text(size: 8pt, fill: luma(90))
  #r.footer #h(1fr) #counter(page).display("1 / 1", both: true)
])
#set text(font: "Libertinus Serif", size: 10pt, lang: "en")
#set par(justify: true)
#show heading: set block(above: 1.2em, below: 0.6em)
#text(size: 16pt, weight: "bold", r.title)

#for line in r.answer [#text(size: 11.5pt, line) #parbreak()]

#figure(image("chart.pdf", width: 100%, height: 10.5cm, fit: "contain", alt: r.alt))

#if r.doubts.len() > 0 [
  = Doubts
  #for line in r.doubts [- #line
  ]
]

= How to cite
#r.citation

#pagebreak()
= Figures
#figure(
  kind: table,
  caption: [#r.caption],
  {
    set text(size: 7.5pt)
    set par(justify: false)
    table(
      columns: r.widths.map(w => if w == none { 1fr } else { w * 1cm }),
      align: (x, y) => if r.numeric.at(x) { right } else { left },
      stroke: (x, y) => if y == 0 { (bottom: 0.6pt) } else { (bottom: 0.2pt + luma(190)) },
      table.header(..r.columns.map(c => text(weight: "bold", c))),
      ..r.cells
    )
  },
)

= What to know
#for line in r.notes [- #line
]
"""


def _width(table: MainTable, column: int) -> float | None:
    """Return the width of a column in cm; None is what is left, for the column that names the rows."""
    if table.fields[column].name == "label" or (
        column == 0 and all(field.name != "label" for field in table.fields)
    ):
        return None
    longest = max((len(shown(row[column])) for row in table.rows), default=0)
    return min(max(NARROWEST, 0.15 * longest), TEXT_WIDTH / 4)


def as_pdf(record: Record, base: str) -> bytes:
    """Set `record` as a document.

    Parameters
    ----------
    record : Record
    base : str
        Address of the service, for the citation.

    Raises
    ------
    MissingExtraError
        If `typst` is not installed.
    """
    try:
        import typst
    except ModuleNotFoundError:
        raise MissingExtraError.naming("a PDF document", "service") from None
    table = main_table(record)
    citation = Citation.of(record, base)
    named = any(field.name == "label" for field in table.fields)
    columns = [k for k, field in enumerate(table.fields) if not (named and field.name in CODES)]
    words = {
        "title": table.title,
        "author": "tradebreaks contributors",
        "footer": f"Record {record.id}",
        "answer": [*filter(None, [record.document.get("sentence")]), notes(record)[0]],
        "doubts": [doubt["text"] for doubt in record.document.get("doubts", [])],
        "caption": f"{table.unit}. Limits hold {100 * table.level:.0f} % of the probability.",
        "alt": said(record),
        "columns": [table.fields[k].label for k in columns],
        "widths": [_width(table, k) for k in columns],
        "numeric": [
            all(isinstance(row[k], (int, float)) or row[k] is None for row in table.rows) for k in columns
        ],
        "cells": [shown(row[k]) for row in table.rows for k in columns],
        "notes": notes(record)[1:],
        "citation": citation.sentence(),
    }
    created = datetime.strptime(record.created_at[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    files = {
        "main.typ": TEMPLATE,
        "record.json": json.dumps(words, ensure_ascii=False).encode("utf-8"),
        "chart.pdf": as_chart_pdf(record, base),
    }
    with tempfile.TemporaryDirectory(prefix="tradebreaks-") as place:
        for name, content in files.items():
            (Path(place) / name).write_bytes(content)
        main, moment = str(Path(place) / "main.typ"), int(created.timestamp())
        return typst.compile(main, root=place, ignore_system_fonts=True, timestamp=moment)
