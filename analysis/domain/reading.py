"""Strict reading of a caller's CSV: every message names file, row and column."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.errors import InputError


@dataclass(frozen=True, slots=True)
class Row:
    """One data row: cells by column, stripped, and where it stands."""

    cells: dict[str, str]
    place: str

    def get(self, column: str) -> str | None:
        """Return the cell, or None if the column is absent or the cell empty."""
        return self.cells.get(column) or None

    def text(self, column: str) -> str:
        """Return the cell; an empty one raises InputError."""
        cell = self.get(column)
        if cell is None:
            raise InputError(f"{self.place}: the column '{column}' is empty; fill it in")
        return cell

    def number(self, column: str) -> float | None:
        """Return the cell as a number, None if empty; text raises InputError."""
        cell = self.get(column)
        if cell is None:
            return None
        try:
            number = float(cell)
        except ValueError:
            number = math.inf
        if not math.isfinite(number) or "_" in cell:
            raise InputError(
                f"{self.place}: '{cell}' in the column '{column}' is not a number; "
                "write digits with a point, and leave a missing value empty"
            )
        return number


def read_rows(
    path: str | os.PathLike[str], *, required: Sequence[str], optional: Sequence[str] | None = ()
) -> list[Row]:
    """Read a UTF-8 CSV with a header.

    Parameters
    ----------
    path : path
    required : sequence of str
        Columns that must be there.
    optional : sequence of str or None
        Columns that may be there; None allows any.

    Returns
    -------
    list of Row
        In file order; wholly empty lines are passed over.

    Raises
    ------
    InputError
        If the file cannot be read, is empty, lacks a column, has an unknown or doubled one, or a
        row has another number of cells than the header.
    """
    name = os.fspath(path)
    lines = _lines(Path(path), name)
    if not lines:
        raise InputError(f"the file {name} is empty: give a header {','.join(required)} and rows")
    header = [cell.strip() for cell in lines[0][1]]
    _check_header(header, name, required, optional)
    rows = []
    for number, line in lines[1:]:
        place = f"row {number} of {name}"
        if len(line) != len(header):
            raise InputError(f"{place}: {len(line)} cells, but the header has {len(header)} columns")
        rows.append(Row(dict(zip(header, (cell.strip() for cell in line), strict=True)), place))
    if not rows:
        raise InputError(f"the file {name} has a header but no rows")
    return rows


def _lines(path: Path, name: str) -> list[tuple[int, list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.reader(file, strict=True))
    except FileNotFoundError:
        raise InputError(f"the file {name} does not exist; check the path") from None
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise InputError(f"the file {name} cannot be read as UTF-8 CSV ({problem})") from None
    return [
        (number, line) for number, line in enumerate(lines, start=1) if any(cell.strip() for cell in line)
    ]


def _check_header(
    header: Sequence[str], name: str, required: Sequence[str], optional: Sequence[str] | None
) -> None:
    for column in required:
        if column not in header:
            raise InputError(
                f"the file {name} has no column '{column}': its header must contain {','.join(required)}"
            )
    if len(set(header)) != len(header):
        raise InputError(f"the header of {name} names a column twice")
    allowed = (*required, *(optional or ()))
    unknown = [column for column in header if column not in allowed]
    if optional is not None and unknown:
        raise InputError(
            f"the file {name} has an unknown column '{unknown[0]}'; known are {', '.join(allowed)}"
        )
