"""A file as a grid of cells: text with any separator, or a sheet of a workbook."""

from __future__ import annotations

import csv
import io
import math
import os
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from analysis.errors import InputError, MissingExtraError
from analysis.reading.encodings import decode
from analysis.reading.question import NO_CHOICES, Alternative, Choices, FileQuestion

Cell = str | int | float | date
"""Text, stripped; of a workbook also the number or the date that a cell holds."""

SEPARATORS = {"\t": "tabs", ";": "semicolons", "|": "bars", ",": "commas"}
"""In the order in which they are preferred: a comma stands inside numbers too, a tab hardly ever."""
CLOSE = 0.75
"""A separator is possible if it divides at least this share of the rows that the best one divides evenly."""
SAMPLE = 400
EXTRA = "spreadsheets"
ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number in the file, from 1, and its cells."""

    number: int
    cells: tuple[Cell, ...]

    @property
    def filled(self) -> int:
        """Number of cells that hold something."""
        return sum(cell != "" for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Grid:
    """The rows of a file that hold anything.

    Attributes
    ----------
    name : str
        As the caller wrote it.
    rows : tuple of Row
    form : str
        How it was read, in words: ``UTF-8, commas`` or ``sheet 'Data'``.
    """

    name: str
    rows: tuple[Row, ...]
    form: str

    def place(self, row: Row) -> str:
        """Return where a row stands, for messages."""
        return f"row {row.number} of {self.name}"


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    InputError
        Naming the path as the caller wrote it.
    """
    name = os.fspath(path)
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise InputError(f"the file {name} does not exist; check the path") from None
    except OSError as problem:
        raise InputError(f"the file {name} cannot be read ({problem.strerror})") from None


def read_grid(raw: bytes, name: str, choices: Choices = NO_CHOICES) -> Grid:
    """Read the bytes of a CSV or a workbook as a grid.

    Raises
    ------
    InputError
        If it is no table of text, or holds nothing.
    FileQuestion
        If encodings or sheets leave a choice.
    MissingExtraError
        If it is a workbook and its reader is not installed.
    """
    if raw.startswith(ZIP):
        return _workbook(raw, name, choices)
    if choices.sheet:
        raise InputError(f"--sheet belongs to a workbook, and the file {name} is text; leave it out")
    text = decode(raw, name, choices.encoding)
    separator, lines, stated = _separated(text.text, name)
    rows = _filled((number, [cell.strip() for cell in line]) for number, line in lines)
    if not rows:
        raise InputError(f"the file {name} is empty: give a header and rows, such as period,value")
    words = SEPARATORS.get(separator, f"'{separator}'")
    return Grid(name, rows, f"{text.encoding}, {words}{' as its first line says' if stated else ''}")


def _filled(lines: Any) -> tuple[Row, ...]:
    return tuple(Row(number, tuple(cells)) for number, cells in lines if any(cell != "" for cell in cells))


def _separated(text: str, name: str) -> tuple[str, list[tuple[int, list[str]]], bool]:
    separator, stated = separate(text)
    if stated:
        rest = text.partition("\n")[2]
        return separator, [(number + 1, cells) for number, cells in _lines(rest, separator, name)], True
    return separator, _lines(text, separator, name), False


def separate(text: str) -> tuple[str, bool]:
    """Return what separates the columns of a text, and whether its first line says so."""
    line = text.partition("\n")[0].strip().strip('"')
    if line.lower().startswith("sep=") and len(line) == 5:
        return line[4], True
    shares: dict[str, float] = {}
    for separator in SEPARATORS:
        widths = [len(c) for c in _sample(text, separator) if any(cell.strip() for cell in c)]
        usual, count = Counter(widths).most_common(1)[0] if widths else (1, 0)
        shares[separator] = count / len(widths) if usual > 1 else 0.0
    best = max(shares.values())
    if not best:
        return max(reversed(SEPARATORS), key=text.count), False
    return next(s for s, share in shares.items() if share >= CLOSE * best), False


def _sample(text: str, separator: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    found: list[list[str]] = []
    try:
        for cells in reader:
            found.append(cells)
            if len(found) == SAMPLE:
                break
    except csv.Error:
        return found
    return found


def _lines(text: str, separator: str, name: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    found: list[tuple[int, list[str]]] = []
    begins = 1
    try:
        for cells in reader:
            found.append((begins, cells))
            begins = reader.line_num + 1
    except csv.Error as problem:
        raise InputError(
            f"the file {name} cannot be read as CSV near row {reader.line_num} ({problem}): mend its "
            "quotation marks"
        ) from None
    return found


def _workbook(raw: bytes, name: str, choices: Choices) -> Grid:
    engine = _engine(raw, name)
    import pandas as pd

    try:
        sheets = pd.read_excel(  # type: ignore[call-overload]  # the stubs know no text as engine
            io.BytesIO(raw), sheet_name=None, header=None, dtype=object, engine=engine, na_filter=False
        )
    except ImportError:
        raise MissingExtraError.naming(f"reading the workbook {name}", EXTRA) from None
    except Exception as problem:  # noqa: BLE001  # a damaged archive fails in many ways inside the readers
        raise InputError(f"the workbook {name} cannot be read ({problem}): save it anew") from None
    grids = {
        str(title): _filled(
            (k + 1, [_cell(c) for c in cells]) for k, cells in enumerate(frame.itertuples(index=False))
        )
        for title, frame in sheets.items()
    }
    if choices.sheet:
        if choices.sheet not in grids:
            raise InputError(f"the workbook {name} has no sheet '{choices.sheet}'; it has {', '.join(grids)}")
        title = choices.sheet
    else:
        filled = [title for title, rows in grids.items() if sum(row.filled > 1 for row in rows) > 1]
        if len(filled) > 1:
            raise FileQuestion(
                f"the workbook {name} has tables on {len(filled)} sheets",
                [Alternative("sheet", title, f"has {len(grids[title])} rows") for title in filled],
                pointer="/sheet",
            )
        title = filled[0] if filled else next(iter(grids), "")
    if not grids.get(title):
        raise InputError(f"the workbook {name} is empty: give a header and rows, such as period,value")
    return Grid(name, _square(grids[title]), f"sheet '{title}'")


def _square(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Drop columns that are empty throughout, as sheets have at their right edge."""
    width = max((k + 1 for row in rows for k, cell in enumerate(row.cells) if cell != ""), default=0)
    return tuple(Row(row.number, row.cells[:width]) for row in rows)


def _engine(raw: bytes, name: str) -> str:
    try:
        inside = zipfile.ZipFile(io.BytesIO(raw)).namelist()
    except zipfile.BadZipFile:
        raise InputError(f"the file {name} is a damaged archive: save it anew") from None
    if any(entry.startswith("xl/") for entry in inside):
        return "openpyxl"
    if "content.xml" in inside and "mimetype" in inside:
        return "odf"
    raise InputError(f"the file {name} is a ZIP archive and no workbook: unpack it and give the table inside")


def _cell(value: Any) -> Cell:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, datetime):
        return value.date() if value.time() == datetime.min.time() else value.isoformat(sep=" ")
    if isinstance(value, (int, float, date)):
        return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value
    return str(value).strip()
