"""The report as a PDF document, set by Typst."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from analysis.errors import MissingExtraError
from analysis.report.blocks import (
    Block,
    Chart,
    Heading,
    References,
    Sentences,
    Table,
    cell_text,
    numeric,
    widths,
)

# Everything that stands in the report reaches Typst as data; none of it is read as markup.
TEMPLATE = b"""
#let r = json("report.json")
#set document(title: r.title, author: "tradebreaks contributors", date: none)
#set page(paper: "a4", margin: (x: 2cm, y: 1.8cm), footer: context [
  #set text(size: 7pt, fill: luma(90))
  #r.footer #h(1fr) #counter(page).display("1 / 1", both: true)
])
#set text(font: "Libertinus Serif", size: r.size * 1pt, lang: "en")
#show heading: set block(above: 1.4em, below: 0.7em)
#show figure: set block(breakable: true)
#text(size: 18pt, weight: "bold", r.title)

#if r.contents { outline(depth: 1, title: none) }

#for b in r.blocks {
  if b.kind == "heading" { heading(level: b.level, b.text) }
  else if b.kind == "sentences" {
    if b.lines.len() == 1 { par(b.lines.first()) } else { list(..b.lines) }
  }
  else if b.kind == "chart" {
    figure(image(b.file, width: b.width * 100%, alt: b.words), caption: text(size: 0.85em, b.title))
  }
  else if b.kind == "references" {
    set text(size: 7.5pt)
    list(..b.entries.map(e => if e.address == "" { e.text } else { [#e.text #link(e.address)] }))
  }
  else {
    block(text(size: 8.5pt, weight: "bold", b.caption), sticky: true)
    set text(size: 6.5pt)
    table(
      columns: if b.widths == none { b.columns.len() } else { b.widths.map(w => w * 1fr) },
      align: (x, y) => if b.numeric.at(x) { right } else { left },
      stroke: (x, y) => if y == 0 { (bottom: 0.6pt) } else { (bottom: 0.2pt + luma(190)) },
      inset: 3pt,
      table.header(..b.columns.map(c => text(weight: "bold", c))),
      ..b.cells
    )
    for line in b.notes { block(spacing: 0.6em, text(fill: luma(80), line)) }
  }
}
"""


LINE = 140
"""Characters that a line of a table holds."""
SIZE, BRIEF_SIZE = 10.0, 9.0
"""Points of the text."""


def document(
    title: str, blocks: Sequence[Block], charts: Mapping[str, bytes], footer: str, *, brief: bool = False
) -> bytes:
    """Set the report.

    Parameters
    ----------
    title : str
    blocks : sequence of Block
    charts : mapping of str to bytes
        Every chart by id, as PDF.
    footer : str
    brief : bool
        Smaller type and no table of contents.

    Raises
    ------
    MissingExtraError
        If the extra ``report`` is not installed.
    """
    try:
        import typst
    except ModuleNotFoundError:
        raise MissingExtraError.naming("a PDF document", "report") from None
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        for name, drawn in charts.items():
            (here / f"{name}.pdf").write_bytes(drawn)
        content = {
            "title": title,
            "footer": footer,
            "contents": not brief,
            "size": BRIEF_SIZE if brief else SIZE,
            "blocks": [_data(block) for block in blocks],
        }
        (here / "report.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        (here / "report.typ").write_bytes(TEMPLATE)
        return bytes(typst.compile(here / "report.typ", ignore_system_fonts=True))


def _data(block: Block) -> dict[str, Any]:
    if isinstance(block, Heading):
        return {"kind": "heading", "level": block.level, "text": block.text}
    if isinstance(block, Sentences):
        return {"kind": "sentences", "lines": [line for line in block.lines if line] or [""]}
    if isinstance(block, Chart):
        drawn = {"file": f"{block.id}.pdf", "words": block.words, "title": block.title}
        return {"kind": "chart", "width": block.width, **drawn}
    if isinstance(block, References):
        return {"kind": "references", "entries": [asdict(entry) for entry in block.entries]}
    return _table(block)


def _table(table: Table) -> dict[str, Any]:
    return {
        "kind": "table",
        "caption": table.caption,
        "columns": list(table.columns),
        "widths": widths(table, LINE),
        "numeric": [numeric(table.rows, k) for k in range(len(table.columns))],
        "cells": [cell_text(cell) for row in table.rows for cell in row],
        "notes": list(table.notes),
    }
