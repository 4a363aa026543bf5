"""Files as offices and programs write them, each with what it holds: the examples of docs/own-data.md.

``python -m tests.unit.reading.layouts`` writes the table of that page.
"""

from __future__ import annotations

from pathlib import Path

from tests.unit.reading.office_files import OFFICES
from tests.unit.reading.plain_files import PLAIN
from tests.unit.reading.written import Layout

PAGE = Path("docs/own-data.md")
BEGIN, END = "<!-- layouts: written by tests/unit/reading/layouts.py -->", "<!-- end of layouts -->"
LAYOUTS: list[Layout] = [*PLAIN, *OFFICES]
WAYS = ("command line", "page", "HTTP", "batch", "Python")


def table() -> str:
    """Return the table of layouts and ways in; that every cell holds is what the tests show."""
    head = f"| file | {' | '.join(WAYS)} |\n|---|{'---|' * len(WAYS)}"
    rows, before = [], ""
    for one in LAYOUTS:
        name = f"{before}, decided" if one.name == "the same, decided" else one.name
        before = before if one.name == "the same, decided" else one.name
        cells = [one.outcome if way != "batch" or one.question != "series" else "reads each" for way in WAYS]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([head, *rows])


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    start, end = page.index(BEGIN) + len(BEGIN), page.index(END)
    PAGE.write_text(f"{page[:start]}\n{table()}\n{page[end:]}", encoding="utf-8")
