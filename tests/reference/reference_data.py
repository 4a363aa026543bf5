"""Reference observations in the project's own layout."""

from __future__ import annotations

import csv
from pathlib import Path

from analysis.domain import EventTable, TradeSeries

HERE = Path(__file__).parent / "data"


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a reference file, its header comment left out."""
    lines = (HERE / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def series(name: str, column: str = "value") -> TradeSeries:
    found = rows(name)
    return TradeSeries.from_values(
        [row["period"] for row in found], [float(row[column]) for row in found], id=name
    )


def columns(name: str, *wanted: str) -> dict[str, list[float]]:
    found = rows(name)
    return {column: [float(row[column]) for row in found] for column in wanted}


def events(**effective: str | tuple[str, str]) -> EventTable:
    """Return events by id: the date, or date and shape."""
    table = []
    for event_id, given in effective.items():
        date, shape = given if isinstance(given, tuple) else (given, "step")
        table.append({"id": event_id, "title": event_id, "effective": date, "shape": shape})
    return EventTable.from_rows(table)
