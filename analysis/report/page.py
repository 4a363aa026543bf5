"""The report as one HTML page and its files: no script, no address, readable without a screen."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Mapping, Sequence
from html import escape

from analysis.domain import Cell
from analysis.domain.text import neutral
from analysis.report.blocks import Block, Chart, Heading, References, Sentences, Table, cell_text, numeric

STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --ground: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #f0f6fc; --soft: #9198a1; --line: #3d444d; --ground: #0d1117; }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground);
  max-width: 72rem; margin: 0 auto; padding: 1rem; }
h2 { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; margin: 1rem 0; }
caption { text-align: left; font-weight: 600; padding-bottom: .4rem; }
th, td { padding: .25rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
figure { margin: 1rem 0; }
.notes a { overflow-wrap: anywhere; }
figure img { max-width: 100%; background: #fff; }
ul.notes, figcaption { color: var(--soft); font-size: .85rem; }
nav ol { columns: 2; font-size: .9rem; }
"""


def page(title: str, blocks: Sequence[Block], footer: str, drawn: Mapping[str, str] | None = None) -> str:
    """Return the report as an HTML document.

    Parameters
    ----------
    title : str
    blocks : sequence of Block
    footer : str
    drawn : mapping of str to str, optional
        Every chart by id, as SVG, to be held by the page itself; otherwise charts are files beside it.
    """
    chapters = [block.text for block in blocks if isinstance(block, Heading) and block.level == 1]
    contents = "".join(f'<li><a href="#c{k}">{escape(text)}</a></li>' for k, text in enumerate(chapters))
    body: list[str] = []
    chapter = -1
    for block in blocks:
        if isinstance(block, Heading) and block.level == 1:
            chapter += 1
            body.append(f'<h2 id="c{chapter}">{escape(block.text)}</h2>')
        else:
            body.append(_html(block, drawn))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f'<body><main><h1>{escape(title)}</h1><nav aria-label="Contents"><ol>{contents}</ol></nav>'
        f"{''.join(body)}</main><footer><p>{escape(footer)}</p></footer></body></html>\n"
    )


def table_csv(table: Table) -> str:
    """Return a table as CSV with full numbers; a text that a spreadsheet would run is quoted with '."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows([_plain(cell) for cell in row] for row in table.rows)
    return file.getvalue()


def _html(block: Block, drawn: Mapping[str, str] | None) -> str:
    if isinstance(block, Heading):
        return f"<h3>{escape(block.text)}</h3>"
    if isinstance(block, Sentences):
        lines = [escape(line) for line in block.lines if line]
        if len(lines) == 1:
            return f"<p>{lines[0]}</p>"
        return f"<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>" if lines else ""
    if isinstance(block, Chart):
        return (
            f'<figure style="max-width:{100 * block.width:.0f}%">'
            f'<img src="{_chart_address(block.id, drawn)}" alt="{escape(block.words)}">'
            f"<figcaption>{escape(block.title)}</figcaption></figure>"
        )
    if isinstance(block, References):
        links = (
            f'<li>{escape(entry.text)} <a href="{escape(entry.address)}">{escape(entry.address)}</a></li>'
            if entry.address
            else f"<li>{escape(entry.text)}</li>"
            for entry in block.entries
        )
        return f'<ul class="notes">{"".join(links)}</ul>'
    return _table(block)


def _chart_address(name: str, drawn: Mapping[str, str] | None) -> str:
    if drawn is None:
        return f"charts/{escape(name)}.svg"
    return f"data:image/svg+xml;base64,{base64.b64encode(drawn[name].encode('utf-8')).decode('ascii')}"


def _table(table: Table) -> str:
    right = [numeric(table.rows, k) for k in range(len(table.columns))]
    classes = [' class="n"' if flag else "" for flag in right]
    head = "".join(
        f'<th scope="col"{c}>{escape(name)}</th>' for name, c in zip(table.columns, classes, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(f"<td{c}>{escape(cell_text(cell))}</td>" for cell, c in zip(row, classes, strict=True))
        + "</tr>"
        for row in table.rows
    )
    notes = "".join(f"<li>{escape(line)}</li>" for line in table.notes)
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(table.caption)}"><table>'
        f"<caption>{escape(table.caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        + (f'<ul class="notes">{notes}</ul>' if notes else "")
    )


def _plain(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.12g}"
    text = str(cell)
    return neutral(text) if isinstance(cell, str) else text
