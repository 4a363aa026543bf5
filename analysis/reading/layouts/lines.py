"""Rows of a download as cells by column, codes and numbers whichever program wrote the file on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from analysis.errors import InputError
from analysis.reading.grid import Cell, Grid
from analysis.reading.numbers import decimal_mark, number, written
from analysis.reading.question import Choices, Decimal

_WHOLE = re.compile(r"(?P<code>\d+)\.0+\Z")
_EMPTY = frozenset(["na", "nan", "<na>", "none", "null"])


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a download: cells by column, and where it stands."""

    cells: Mapping[str, Cell]
    place: str
    decimal: Decimal = "point"

    def first(self, *columns: str) -> str:
        """Return the first cell that is filled among some columns as a code; empty if none is.

        R writes an empty cell as ``NA`` and pandas the code 364 as ``364.0``.
        """
        for column in columns:
            text = str(self.cells.get(column, ""))
            if text and text.lower() not in _EMPTY:
                whole = _WHOLE.match(text)
                return whole["code"] if whole else text
        return ""

    def number(self, *columns: str) -> float | None:
        """Return the first cell that is filled as a number, None if all are missing.

        Raises
        ------
        InputError
            Naming file, row and cell, if it is none.
        """
        for column in columns:
            cell = self.cells.get(column, "")
            if not written(cell).missing:
                return number(cell, self.decimal, self.place, column)
        return None


@dataclass(frozen=True)
class Download:
    """The rows of a download below its header.

    Attributes
    ----------
    grid : Grid
    header : tuple of str
        As `normal` wrote it.
    """

    grid: Grid
    header: tuple[str, ...]

    def lines(self, values: Sequence[str], choices: Choices) -> Iterator[Line]:
        """Yield the rows; empty cells more than the header has, as Comtrade writes, are passed over.

        Parameters
        ----------
        values : sequence of str
            Columns whose numbers show the decimal mark.
        choices : Choices

        Raises
        ------
        InputError
            Naming the row that has another number of cells.
        FileQuestion
            If the decimal mark of numbers with commas cannot be told.
        """
        rows = self.grid.rows[1:]
        width = len(self.header)
        at = [self.header.index(name) for name in values if name in self.header]
        cells = [(str(row.number), row.cells[k]) for row in rows for k in at if k < len(row.cells)]
        mark: Decimal = choices.decimal or "point"
        if any("," in str(cell) for _, cell in cells):
            shown = [one for one in cells if written(one[1]).open] or cells
            mark = decimal_mark([written(c) for _, c in cells], choices.decimal, shown, self.grid.name)
        for row in rows:
            place = self.grid.place(row)
            if len(row.cells) < width or any(cell != "" for cell in row.cells[width:]):
                raise InputError(f"{place}: {len(row.cells)} cells, but the header has {width}")
            yield Line(dict(zip(self.header, row.cells[:width], strict=True)), place, mark)
