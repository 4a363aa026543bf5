"""What a batch can estimate of a series, as rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from analysis.batch.request import BatchOptions
from analysis.domain import EventTable, TradeSeries
from analysis.domain.results import Cell
from analysis.errors import TradebreaksError
from analysis.interventions.panel import fit_panel
from analysis.interventions.panel_rows import COLUMNS, ERROR, MORE_COLUMNS, OK

BREAK_COLUMNS = (
    "series_id",
    "n_breaks",
    "last_before",
    "first_after",
    "lower",
    "upper",
    "magnitude",
    "event_ids",
    "status",
    "error",
)
ATTRIBUTION_COLUMNS = (
    "series_id",
    "kind",
    "event_ids",
    "estimate",
    "lower",
    "upper",
    "share",
    "grade",
    "status",
    "error",
)
Rows = Sequence[Sequence[Cell]]


def lens_columns(options: BatchOptions) -> tuple[str, ...]:
    """Return the columns of the output."""
    if options.lens == "breaks":
        return BREAK_COLUMNS
    if options.lens == "attribution":
        return ATTRIBUTION_COLUMNS
    return COLUMNS if options.columns == "contract" else COLUMNS + MORE_COLUMNS


def fit_effects(series: Sequence[TradeSeries], events: EventTable, options: BatchOptions) -> list[Rows]:
    """Return the joint effects of the events on each series, as rows."""
    found = fit_panel(series, events, **options.choices).series
    if options.columns == "contract":
        return [[row.cells() for row in rows] for rows in found]
    return [[(*row.cells(), *row.more_cells()) for row in rows] for rows in found]


def fit_others(series: Sequence[TradeSeries], events: EventTable, options: BatchOptions) -> list[Rows]:
    """Return the breaks or the attributed change of each series, as rows."""
    fit = _breaks if options.lens == "breaks" else _attribution
    return [_guarded(fit, one, events, options) for one in series]


def error_cells(series_id: str, reason: str, columns: Sequence[str]) -> list[Cell]:
    """Return the row of a series that could not be read or fitted."""
    known: dict[str, Cell] = {"series_id": series_id, "status": ERROR, "error": reason}
    return [known.get(column) for column in columns]


def _guarded(
    fit: Callable[[TradeSeries, EventTable, BatchOptions], Rows],
    series: TradeSeries,
    events: EventTable,
    options: BatchOptions,
) -> Rows:
    try:
        return fit(series, events, options)
    except TradebreaksError as problem:
        reason = problem.message
    except (ArithmeticError, ValueError) as problem:
        # LinAlgError is a ValueError: numbers that no check foresaw end one series, not the run.
        reason = f"the arithmetic failed: {problem}"
    return [error_cells(series.id, reason, lens_columns(options))]


def _breaks(series: TradeSeries, events: EventTable, options: BatchOptions) -> Rows:
    from analysis.breaks import find_breaks

    record = find_breaks(series, events=events, **options.choices).to_record()
    count = record["n_breaks"]
    if not count:
        return [[series.id, 0, None, None, None, None, None, None, OK, None]]
    return [
        [
            series.id,
            count,
            found["last_before"],
            found["first_after"],
            found["ci"]["lower"],
            found["ci"]["upper"],
            found["magnitude"],
            "+".join(match["event_id"] for match in found["events"]),
            OK,
            None,
        ]
        for found in record["breaks"]
    ]


def _attribution(series: TradeSeries, events: EventTable, options: BatchOptions) -> Rows:
    from analysis.attribution import attribute

    chosen = {"evidence": "none", **options.choices}
    record = attribute(series, events, **chosen).to_record()
    change, residual = record["change"], record["residual"]
    rows: list[list[Cell]] = [
        [series.id, "change", None, change["absolute"], None, None, None, None, OK, None]
    ]
    rows += [
        [
            series.id,
            row["kind"],
            "+".join(row["event_ids"]) or row["label"],
            row["estimate"],
            row["lower"],
            row["upper"],
            row["share"],
            row["grade"],
            OK,
            None,
        ]
        for row in record["contributions"]
    ]
    limits = [residual[key] for key in ("estimate", "lower", "upper")]
    return [*rows, [series.id, "residual", None, *limits, None, None, OK, None]]
