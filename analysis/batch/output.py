"""The finished chunks as one file: CSV or Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from analysis.batch.reading import PARQUET
from analysis.domain.text import neutral
from analysis.errors import MissingExtraError

TEXT = frozenset(
    (
        "series_id",
        "event_id",
        "group",
        "status",
        "error",
        "scale",
        "grade",
        "last_before",
        "first_after",
        "event_ids",
        "kind",
    )
)
"""Columns of text; the others are numbers."""
DATED = frozenset(("last_before", "first_after"))


def write_output(path: Path, columns: Sequence[str], parts: Iterator[bytes]) -> tuple[int, int]:
    """Write the chunks' rows under one header; the file is there wholly or not at all.

    Returns
    -------
    rows : int
    errors : int
        Rows of status ``error``.
    """
    draft = path.with_name(path.name + ".draft")
    write = _write_parquet if path.suffix.lower() in PARQUET else _write_csv
    counts = write(draft, columns, parts)
    draft.replace(path)
    return counts


def _write_csv(path: Path, columns: Sequence[str], parts: Iterator[bytes]) -> tuple[int, int]:
    rows = errors = 0
    words = [k for k, name in enumerate(columns) if name in TEXT]
    with path.open("wb") as file:
        file.write((",".join(columns) + "\n").encode())
        for part in parts:
            table = list(_rows(part))
            rows += len(table)
            errors += sum(row[columns.index("status")] == "error" for row in table)
            file.write(_neutral(part, table, words))
    return rows, errors


def _neutral(part: bytes, table: list[list[str]], words: Sequence[int]) -> bytes:
    """Return the rows such that no spreadsheet runs a cell of text as a formula."""
    safe = [[neutral(cell) if k in words else cell for k, cell in enumerate(row)] for row in table]
    if safe == table:
        return part
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\n").writerows(safe)
    return file.getvalue().encode("utf-8")


def _rows(part: bytes) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(part.decode("utf-8"), newline=""))


def _write_parquet(path: Path, columns: Sequence[str], parts: Iterator[bytes]) -> tuple[int, int]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise MissingExtraError.naming("writing Parquet", "parquet") from None
    # Limits of breaks are periods, those of effects numbers.
    words = TEXT | ({"lower", "upper"} if set(columns) >= DATED else set())
    schema = pa.schema([(name, pa.string() if name in words else pa.float64()) for name in columns])
    rows = errors = 0
    with parquet.ParquetWriter(path, schema) as writer:
        for part in parts:
            table = list(_rows(part))
            rows += len(table)
            errors += sum(row[columns.index("status")] == "error" for row in table)
            arrays = [_column(table, k, name in words) for k, name in enumerate(columns)]
            writer.write_table(pa.table(arrays, schema=schema))
    return rows, errors


def _column(table: Sequence[Sequence[str]], position: int, words: bool) -> list[Any]:
    cells = [row[position] for row in table]
    return [None if cell == "" else cell if words else float(cell) for cell in cells]
