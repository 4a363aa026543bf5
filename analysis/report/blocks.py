"""What a report is made of: headings, sentences, tables and charts, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from analysis.domain import Cell, Result

MINUS = "−"
GAP = 2
"""Characters between columns."""
SMALLEST = 0.0001
"""Numbers nearer to zero are only said to be so; the files hold them in full."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 begins a chapter."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Sentences:
    """Sentences that belong together; a list if there are several."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its name for files.

    Attributes
    ----------
    id : str
        File name without suffix.
    caption : str
    columns : tuple of str
    rows : tuple of tuple of Cell
    notes : tuple of str
    """

    id: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, id: str, result: Result, caption: str = "", *, notes: bool = True) -> Table:
        """Return the main table of a result."""
        columns, rows = result.table()
        return cls(
            id,
            caption or result.heading(),
            tuple(columns),
            tuple(tuple(row) for row in rows),
            tuple(line for line in result.notes() if line) if notes else (),
        )


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as its Vega-Lite document.

    Attributes
    ----------
    id : str
        File name without suffix.
    title : str
    words : str
        What it shows, for those who do not see it.
    specification : mapping
    width : float
        Share of the text's width.
    """

    id: str
    title: str
    words: str
    specification: Mapping[str, Any] = field(repr=False)
    width: float = 1.0


@dataclass(frozen=True, slots=True)
class Reference:
    """A source in words, and its address or an empty text."""

    text: str
    address: str


@dataclass(frozen=True, slots=True)
class References:
    """A list of sources."""

    entries: tuple[Reference, ...]


Block = Heading | Sentences | Table | Chart | References


def cell_text(value: Cell) -> str:
    """Return a cell for reading: four significant digits, thousands separated, a real minus."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value).replace("-", MINUS)
    if not isinstance(value, float):
        return value
    if abs(value) >= 1000:
        return f"{round(value):,d}".replace("-", MINUS)
    if 0 < abs(value) < SMALLEST:
        return f"below {SMALLEST:g}" if value > 0 else f"above {MINUS}{SMALLEST:g}"
    return f"{value + 0.0:.4g}".replace("-", MINUS) if value else "0"


def numeric(rows: Sequence[Sequence[Cell]], column: int) -> bool:
    """Tell whether a column holds numbers only."""
    cells = [row[column] for row in rows if row[column] is not None]
    return bool(cells) and all(isinstance(c, (int, float)) and not isinstance(c, bool) for c in cells)


def widths(table: Table, line: int) -> list[float] | None:
    """Return how many characters each column of a table gets, or None if a line holds it as it is.

    No column is narrower than its longest word. What is left goes to the columns whose cells are longer,
    by the square root of their length.

    Parameters
    ----------
    table : Table
    line : int
        Characters that a line holds.
    """
    least, more = [], []
    whole = 0
    for k, name in enumerate(table.columns):
        texts = [name, *(cell_text(row[k]) for row in table.rows)]
        word = max((len(piece) for text in texts for piece in text.split()), default=1)
        longest = max(map(len, texts))
        whole += longest + GAP
        least.append(float(word + GAP))
        more.append(max(longest - word, 0) ** 0.5)
    if whole <= line:
        return None
    left = max(line - sum(least), 0.0) / (sum(more) or 1.0)
    return [word + left * extra for word, extra in zip(least, more, strict=True)]
