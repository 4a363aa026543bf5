"""Tables for readers and spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

from analysis.domain import TradeSeries
from analysis.domain.text import neutral

SERIES_COLUMNS = (
    "SERIES",
    "FREQ",
    "TIME_PERIOD",
    "OBS_VALUE",
    "OBS_STATUS",
    "UNIT_MEASURE",
    "RELATIVE_STANDARD_ERROR",
    "LOWER",
    "UPPER",
    "FIGURES",
    "NOTE",
)
"""Header of `series_csv`; the names are SDMX's where SDMX has one."""


def series_overview(series: Iterable[TradeSeries]) -> dict[str, Any]:
    """Return ``{"series": [...]}`` with one row per series and no observations."""
    return {
        "series": [
            {
                "id": row.id,
                "title": row.title,
                "unit": row.unit,
                "frequency": row.frequency,
                "first": str(row.first),
                "last": str(row.last),
                "estimand": row.estimand,
            }
            for row in series
        ]
    }


def series_csv(series: TradeSeries) -> str:
    """Return a series as CSV, one row per period; a missing value is an empty cell of status M.

    A text that a spreadsheet would run as a formula is preceded by an apostrophe.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(SERIES_COLUMNS)
    for o in series.observations:
        writer.writerow(
            [
                neutral(series.id),
                series.frequency,
                str(o.period),
                _number(o.value),
                o.status,
                neutral(series.unit),
                _number(o.rse),
                _number(o.lower),
                _number(o.upper),
                neutral(" ".join(o.figures)),
                neutral(o.note),
            ]
        )
    return file.getvalue()


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.12g}"
