"""Long input, series by series: CSV, Parquet or a pandas frame, with memory bounded by the chunk.

Encoding, separator, numbers and dates are read as everywhere (`analysis.reading`): the first pass over the
file decides
about decimal mark and order of day and month, the second reads. A file of another layout is read as a whole.
"""

from __future__ import annotations

import csv
import hashlib
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.batch.regroup import regroup
from analysis.batch.request import RawSeries
from analysis.errors import InputError, MissingExtraError
from analysis.reading import NO_CHOICES, Choices
from analysis.reading.files import LongRow, read_file
from analysis.reading.plain import Conventions, Opened, open_text

if TYPE_CHECKING:
    import pandas as pd

SERIES, PERIOD, VALUE, RSE = "series_id", "period", "value", "rse"
REQUIRED = (SERIES, PERIOD, VALUE)
PARQUET = (".parquet", ".pq")
PARQUET_ROWS = 65_536

Cells = tuple[str, Any, Any, Any, str, str]
"""Series id, period, value, rse, key and problem of one row."""


@dataclass(frozen=True)
class Overview:
    """What a first reading of the input found.

    Attributes
    ----------
    series : int
    rows : int
    contiguous : bool
        Whether the rows of every series stand together.
    digest : str
        SHA-256 of the rows.
    unused : tuple of str
        Columns that are not read.
    """

    series: int
    rows: int
    contiguous: bool
    digest: str
    unused: tuple[str, ...]


@dataclass(frozen=True)
class LongInput:
    """Rows ``series_id, period, value`` of many series, in any order of periods.

    Attributes
    ----------
    source : path or DataFrame
    by : str or None
        Column that chooses the events of a series.
    choices : Choices
        What decides where the file can be read in two ways.
    """

    source: str | os.PathLike[str] | pd.DataFrame
    by: str | None = None
    choices: Choices = NO_CHOICES
    conventions: Conventions = field(default_factory=Conventions, compare=False)

    @property
    def name(self) -> str:
        """Name of the file, or what stands for it in messages."""
        return os.fspath(self.source) if isinstance(self.source, (str, os.PathLike)) else "the frame"

    def overview(self) -> Overview:
        """Read everything once: count series, see whether their rows stand together.

        Raises
        ------
        InputError
            Naming the file, if it cannot be read or lacks a column.
        """
        seen: set[str] = set()
        last: str | None = None
        contiguous, rows = True, 0
        digest = hashlib.sha256()
        for row in self._cells():
            rows += 1
            self.conventions.see(row[1], row[2])
            digest.update(repr(row).encode())
            if row[0] != last:
                last = row[0]
                contiguous = contiguous and last not in seen
                seen.add(last)
        if not rows:
            raise InputError(f"{self.name} has a header but no rows")
        self.conventions.decide(self.name, self.choices)
        unused = [column for column in self._header() if column not in (*REQUIRED, RSE, self.by)]
        return Overview(len(seen), rows, contiguous, digest.hexdigest(), tuple(unused))

    def series(self, contiguous: bool) -> Iterator[RawSeries]:
        """Yield the series in order of their first row.

        Rows that stand together are read with the memory of one series; others go through a temporary file.
        """
        if not contiguous:
            for rows in regroup(self._cells()):
                yield _series(rows, self.conventions, self.choices)
            return
        pending: list[Cells] = []
        for row in self._cells():
            if pending and row[0] != pending[0][0]:
                yield _series(pending, self.conventions, self.choices)
                pending = []
            pending.append(row)
        yield _series(pending, self.conventions, self.choices)

    @cached_property
    def _text(self) -> Opened:
        return open_text(self.name, self.choices)

    @cached_property
    def _whole(self) -> list[LongRow] | None:
        """The rows of a file of another layout, read as a whole; None for long rows."""
        if not isinstance(self.source, (str, os.PathLike)) or Path(self.source).suffix.lower() in PARQUET:
            return None
        opened = self._text
        if opened.is_text and set(REQUIRED) <= set(opened.header):
            return None
        if opened.is_text and (SERIES in opened.header or self.by):
            return None  # long rows that lack a column, which is said by name
        return list(read_file(self.source, self.choices).rows)

    def _header(self) -> list[str]:
        if not isinstance(self.source, (str, os.PathLike)):
            return [str(column) for column in self.source.columns]
        if Path(self.source).suffix.lower() in PARQUET:
            return list(_parquet(self.name).schema_arrow.names)
        return list(REQUIRED) if self._whole is not None else list(self._text.header)

    def _cells(self) -> Iterator[Cells]:
        header = self._header()
        wanted = (*REQUIRED, *((self.by,) if self.by else ()))
        for column in wanted:
            if column not in header:
                raise InputError(
                    f"{self.name} has no column '{column}': its header must contain {','.join(wanted)}"
                )
        if len(set(header)) != len(header):
            raise InputError(f"the header of {self.name} names a column twice")
        if not isinstance(self.source, (str, os.PathLike)):
            return self._frame_cells(header)
        if Path(self.source).suffix.lower() in PARQUET:
            return self._parquet_cells(header)
        if self._whole is not None:
            return ((*row, None, "", "") for row in self._whole)
        return self._csv_cells(header)

    def _csv_cells(self, header: Sequence[str]) -> Iterator[Cells]:
        where = {column: position for position, column in enumerate(header)}
        at = [where[column] for column in REQUIRED]
        rse, key = where.get(RSE), where.get(self.by or "")
        width = len(header)
        with self._text.file() as file:
            reader = csv.reader(file, delimiter=self._text.separator, strict=True)
            try:
                for _ in range(self._text.skip):
                    next(reader)
                for line in reader:
                    if len(line) != width:
                        if not any(cell.strip() for cell in line):
                            continue
                        problem = f"row {reader.line_num}: {len(line)} cells, but the header has {width}"
                        yield (line[at[0]].strip() if len(line) > at[0] else "", "", "", None, "", problem)
                        continue
                    yield (
                        line[at[0]].strip(),
                        line[at[1]].strip(),
                        line[at[2]].strip(),
                        None if rse is None else line[rse].strip(),
                        "" if key is None else line[key].strip(),
                        "",
                    )
            except (UnicodeDecodeError, csv.Error) as problem:
                raise InputError(
                    f"the file {self.name} cannot be read as {self._text.encoding} CSV near row "
                    f"{reader.line_num} ({problem})"
                ) from None

    def _parquet_cells(self, header: Sequence[str]) -> Iterator[Cells]:
        columns = [c for c in (*REQUIRED, RSE, self.by) if c and c in header]
        for batch in _parquet(self.name).iter_batches(batch_size=PARQUET_ROWS, columns=columns):
            yield from self._columns(batch.to_pydict())

    def _frame_cells(self, header: Sequence[str]) -> Iterator[Cells]:
        assert not isinstance(self.source, (str, os.PathLike))
        columns = [c for c in (*REQUIRED, RSE, self.by) if c and c in header]
        yield from self._columns({column: self.source[column].tolist() for column in columns})

    def _columns(self, table: Mapping[str, Sequence[Any]]) -> Iterator[Cells]:
        count = len(table[SERIES])
        rse = table.get(RSE, [None] * count)
        keys = table[self.by] if self.by else [""] * count
        for id_, period, value, error, key in zip(
            table[SERIES], table[PERIOD], table[VALUE], rse, keys, strict=True
        ):
            own = error if RSE not in table or error is not None else ""
            yield (_text(id_), _text(period), _plain(value), _plain(own), _text(key), "")


def _series(rows: Sequence[Cells], conventions: Conventions, choices: Choices) -> RawSeries:
    first = rows[0]
    problem = next((row[5] for row in rows if row[5]), "")
    keys = sorted({row[4] for row in rows if not row[5]})
    if not problem and len(keys) > 1:
        problem = f"its rows name different events: {', '.join(keys[:3])}"
    if not problem and not first[0]:
        problem = "rows without a series_id"
    has_errors = any(row[3] is not None for row in rows)
    periods, values = [row[1] for row in rows], [row[2] for row in rows]
    if not problem:
        periods, values, problem = conventions.plain(first[0], periods, values, choices)
    return RawSeries(
        first[0],
        keys[0] if keys else "",
        periods,
        values,
        [row[3] for row in rows] if has_errors else None,
        problem,
    )


def _text(cell: Any) -> str:
    return "" if _missing(cell) else str(cell).strip()


def _plain(cell: Any) -> Any:
    """Return a cell as JSON can hold it: text, a number, or None for a missing one."""
    if _missing(cell):
        return None
    if isinstance(cell, (str, int, float)):
        return cell
    return cell.item() if hasattr(cell, "item") else str(cell)


def _missing(cell: Any) -> bool:
    """Return whether a cell is None, NaN, or what pandas writes for either."""
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(cell, float) and math.isnan(cell)


def _parquet(name: str) -> Any:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise MissingExtraError.naming("reading Parquet", "parquet") from None
    try:
        return parquet.ParquetFile(name)
    except (OSError, ArrowException) as problem:
        raise InputError(f"the file {name} cannot be read as Parquet ({problem})") from None
