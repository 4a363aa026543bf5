"""Lines of a downloaded CSV: encoding, header, cells by column, place of every row."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.errors import InputError


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a download: cells by column, stripped, and where it stands."""

    cells: Mapping[str, str]
    place: str

    def first(self, *columns: str) -> str:
        """Return the first cell that is filled among some columns; empty if none is."""
        return next((self.cells[c] for c in columns if self.cells.get(c)), "")

    def number(self, *columns: str) -> float | None:
        """Return the first filled cell as a number, None if all are empty.

        Raises
        ------
        InputError
            Naming file, row and cell, if it is no finite number.
        """
        cell = self.first(*columns)
        if not cell:
            return None
        try:
            number = float(cell)
        except ValueError:
            number = math.inf
        if not math.isfinite(number) or "_" in cell:
            raise InputError(f"{self.place}: '{cell}' in the column '{columns[0]}' is not a number")
        return number


@dataclass(frozen=True)
class Download:
    """A CSV file.

    Attributes
    ----------
    name : str
    header : tuple of str
    encoding : str
    text : str
        All lines.
    """

    name: str
    header: tuple[str, ...]
    encoding: str
    text: str

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> Download:
        """Read a file as UTF-8, or as Windows-1252 where it is not.

        Raises
        ------
        InputError
            If it cannot be read or has no header.
        """
        name = os.fspath(path)
        try:
            raw = Path(path).read_bytes()
        except OSError as problem:
            raise InputError(f"the file {name} cannot be read ({problem.strerror})") from None
        encoding = "utf-8"
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            encoding = "windows-1252"
            text = raw.decode("cp1252", errors="replace")
        header = next(csv.reader(io.StringIO(text)), [])
        if not any(cell.strip() for cell in header):
            raise InputError(f"the file {name} is empty: give the download with its header")
        return cls(name, tuple(cell.strip() for cell in header), encoding, text)

    def lines(self, header: Sequence[str]) -> Iterator[Line]:
        """Yield the rows with the cells under the names of `header`.

        One empty cell more than the header has, as Comtrade writes, is passed over.

        Raises
        ------
        InputError
            Naming the row that has another number of cells.
        """
        reader = csv.reader(io.StringIO(self.text, newline=""), strict=True)
        width = len(header)
        try:
            next(reader)
            for cells in reader:
                if not any(cell.strip() for cell in cells):
                    continue
                place = f"row {reader.line_num} of {self.name}"
                own = cells[:-1] if len(cells) == width + 1 and not cells[-1].strip() else cells
                if len(own) != width:
                    raise InputError(f"{place}: {len(cells)} cells, but the header has {width}")
                yield Line(dict(zip(header, (cell.strip() for cell in own), strict=True)), place)
        except csv.Error as problem:
            raise InputError(f"the file {self.name} cannot be read as CSV ({problem})") from None
