"""Rows of many series in any order, gathered series by series on disk instead of in memory."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

CACHE_KIBIBYTES = 16_384
"""Memory of the table's cache."""


def regroup(rows: Iterable[Sequence[Any]]) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows of each series, series in the order of their first row, rows in the order given.

    Parameters
    ----------
    rows : iterable of sequence
        Of JSON values; the first cell is the id of the series. They pass through a temporary file that is
        removed at the end, so that memory holds the ids and the rows of one series.
    """
    position: dict[str, int] = {}
    with tempfile.TemporaryDirectory(prefix="tradebreaks-") as folder:
        table = sqlite3.connect(Path(folder) / "rows.sqlite")
        try:
            table.execute("PRAGMA journal_mode = OFF")
            table.execute(f"PRAGMA cache_size = -{CACHE_KIBIBYTES}")
            table.execute("CREATE TABLE rows (series INTEGER, cells TEXT)")
            table.executemany(
                "INSERT INTO rows VALUES (?, ?)",
                (
                    (position.setdefault(row[0], len(position)), json.dumps(row, ensure_ascii=False))
                    for row in rows
                ),
            )
            table.execute("CREATE INDEX by_series ON rows (series)")
            found = table.execute("SELECT series, cells FROM rows ORDER BY series, rowid")
            for _, own in groupby(found, key=lambda row: row[0]):
                yield [tuple(json.loads(cells)) for _, cells in own]
        finally:
            table.close()
