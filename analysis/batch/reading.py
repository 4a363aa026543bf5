"""Long input, series by series: CSV, Parquet or a pandas frame, with memory bounded by the chunk."""

from __future__ import annotations

import csv
import hashlib
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.batch.regroup import regroup
from analysis.batch.request import RawSeries
from analysis.domain import EventTable
from analysis.domain.reading import read_rows
from analysis.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    import pandas as pd

SERIES, PERIOD, VALUE, RSE = "series_id", "period", "value", "rse"
REQUIRED = (SERIES, PERIOD, VALUE)
PARQUET = (".parquet", ".pq")
PARQUET_ROWS = 65_536
EVENT_COLUMNS = ("id", "title", "effective", "shape", "end", "lead", "group")

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
    """

    source: str | os.PathLike[str] | pd.DataFrame
    by: str | None = None

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
            digest.update(repr(row).encode())
            if row[0] != last:
                last = row[0]
                contiguous = contiguous and last not in seen
                seen.add(last)
        if not rows:
            raise InputError(f"{self.name} has a header but no rows")
        unused = [column for column in self._header() if column not in (*REQUIRED, RSE, self.by)]
        return Overview(len(seen), rows, contiguous, digest.hexdigest(), tuple(unused))

    def series(self, contiguous: bool) -> Iterator[RawSeries]:
        """Yield the series in order of their first row.

        Rows that stand together are read with the memory of one series; others go through a temporary file.
        """
        if not contiguous:
            for rows in regroup(self._cells()):
                yield _series(rows)
            return
        pending: list[Cells] = []
        for row in self._cells():
            if pending and row[0] != pending[0][0]:
                yield _series(pending)
                pending = []
            pending.append(row)
        yield _series(pending)

    def _header(self) -> list[str]:
        if not isinstance(self.source, (str, os.PathLike)):
            return [str(column) for column in self.source.columns]
        if Path(self.source).suffix.lower() in PARQUET:
            return list(_parquet(self.name).schema_arrow.names)
        with _opened(self.name) as file:
            first = next(csv.reader(file), [])
        return [cell.strip() for cell in first]

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
        return self._csv_cells(header)

    def _csv_cells(self, header: Sequence[str]) -> Iterator[Cells]:
        where = {column: position for position, column in enumerate(header)}
        at = [where[column] for column in REQUIRED]
        rse, key = where.get(RSE), where.get(self.by or "")
        width = len(header)
        with _opened(self.name) as file:
            reader = csv.reader(file, strict=True)
            try:
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
                    f"the file {self.name} cannot be read as UTF-8 CSV near row {reader.line_num} ({problem})"
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


def read_events(path: str | os.PathLike[str], by: str | None) -> dict[str, EventTable]:
    """Read an event file; with `by` return one table for each value of that column.

    Raises
    ------
    InputError
        Naming file, row and column.
    """
    rows = read_rows(
        path,
        required=(*EVENT_COLUMNS[:3], *((by,) if by else ())),
        optional=EVENT_COLUMNS[3:],
    )
    tables: dict[str, list[tuple[dict[str, str], str]]] = {}
    for row in rows:
        cells = {name: cell for name, cell in row.cells.items() if cell and name != by}
        tables.setdefault(row.cells[by] if by else "", []).append((cells, row.place))
    return {
        key: EventTable.from_rows([cells for cells, _ in found], places=[place for _, place in found])
        for key, found in tables.items()
    }


def _series(rows: Sequence[Cells]) -> RawSeries:
    first = rows[0]
    problem = next((row[5] for row in rows if row[5]), "")
    keys = sorted({row[4] for row in rows if not row[5]})
    if not problem and len(keys) > 1:
        problem = f"its rows name different events: {', '.join(keys[:3])}"
    if not problem and not first[0]:
        problem = "rows without a series_id"
    has_errors = any(row[3] is not None for row in rows)
    return RawSeries(
        first[0],
        keys[0] if keys else "",
        [row[1] for row in rows],
        [row[2] for row in rows],
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


def _opened(name: str) -> Any:
    try:
        return Path(name).open(encoding="utf-8-sig", newline="")
    except OSError as problem:
        raise InputError(f"the file {name} cannot be read ({problem.strerror})") from None


def _parquet(name: str) -> Any:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise MissingExtraError.naming("reading Parquet", "parquet") from None
    try:
        return parquet.ParquetFile(name)
    except (OSError, ArrowException) as problem:
        raise InputError(f"the file {name} cannot be read as Parquet ({problem})") from None
