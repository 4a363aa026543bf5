"""From a series and the caller's choices to what the joint model is fitted to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.domain import EventTable, TradeSeries
from analysis.domain.seasons import CLASSES, class_of, seasonal_by_default, seen_once
from analysis.errors import CannotEstimateError, InputError, UsageError
from analysis.interventions.design import Scale

SPARE_OBSERVATIONS = 8
"""A fit needs this many observations more than coefficients."""
NOT_IN_A_DESIGN = ("political", "price_shock")


def choose_scale(series: TradeSeries, scale: str | None) -> Scale:
    """Return the scale asked for; by default ``log`` if every value is above zero, else ``level``.

    Raises
    ------
    UsageError
        If `scale` is neither.
    InputError
        If logs were asked for and a value is not above zero, naming the first such period.
    """
    if scale not in (None, "log", "level"):
        raise UsageError(f"scale is 'log' or 'level', not '{scale}'", pointer="/options/scale")
    values = series.values
    with np.errstate(invalid="ignore"):
        bad = np.flatnonzero(values <= 0)
    if scale is None:
        return "level" if len(bad) else "log"
    if scale == "log" and len(bad):
        raise InputError(
            f"logs need values above zero, but '{series.id}' is {values[bad[0]]:g} in "
            f"{series.periods[bad[0]]}: use the level scale",
            pointer="/options/scale",
        )
    return "log" if scale == "log" else "level"


def choose_seasonal(series: TradeSeries, seasonal: bool | None) -> bool:
    """Return whether a season enters: by default of months and quarters, and of weeks over two years."""
    if series.frequency == "A":
        if seasonal:
            raise UsageError(
                f"an annual series has no season; '{series.id}' is annual", pointer="/options/seasonal"
            )
        return False
    observed = [p for p, value in zip(series.periods, series.values, strict=True) if np.isfinite(value)]
    return seasonal_by_default(observed) if seasonal is None else seasonal


def check_events(events: EventTable) -> None:
    """Refuse tables that are no design: the whole catalogue. An empty one is a series without events.

    Raises
    ------
    InputError
        Naming what to use instead.
    """
    for event in events:
        doubled = [r for r in event.details.get("implements", ()) if r in events] if event.catalogue else []
        if event.catalogue and (event.kind in NOT_IN_A_DESIGN or doubled):
            raise InputError(
                f"the catalogue's event '{event.id}' ({event.kind}) does not belong in a design of measures: "
                "use the list of a series, analysis.events(series=ID), or choose one event per measure",
                pointer="/events",
            )


def check_season(series: TradeSeries, seen: NDArray[np.bool_]) -> None:
    """Refuse a series that does not show its season twice; the days of a week need two weeks.

    Parameters
    ----------
    series : TradeSeries
    seen : ndarray of bool, shape (T,)
        Which periods are observed.

    Raises
    ------
    CannotEstimateError
    """
    observed = [period for period, there in zip(series.periods, seen, strict=True) if there]
    if series.frequency == "D":
        weekdays = [period.start.weekday() for period in observed]
        absent = next((day for day in range(7) if weekdays.count(day) < 2), None)
        if absent is not None:
            raise CannotEstimateError(
                f"'{series.id}' observes day {absent + 1} of the week less than twice: use --no-seasonal"
            )
        return
    season = seen_once(observed)
    if season is not None:
        times = sum(class_of(period) == season for period in observed)
        what = "a season needs two years" if series.frequency == "W" else "seasonal dummies need two"
        raise CannotEstimateError(
            f"season {season + 1} of {CLASSES[series.frequency]} is observed {times} times in '{series.id}': "
            f"{what}; use --no-seasonal or a longer series"
        )


def check_sample(series: TradeSeries, coefficients: int, seasonal: bool) -> None:
    """Refuse samples that cannot carry the model.

    Raises
    ------
    CannotEstimateError
        If there is no observation or too few of them, the series is constant, or a season is observed less
        than twice.
    """
    values = series.values[np.isfinite(series.values)]
    if not len(values):
        raise CannotEstimateError(f"the series '{series.id}' has no observation: nothing can be estimated")
    if np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())):
        raise CannotEstimateError(
            f"the series '{series.id}' is constant ({values[0]:g} in every period): "
            "there is no change to estimate"
        )
    if seasonal:
        check_season(series, np.isfinite(series.values))
    if len(values) - coefficients < SPARE_OBSERVATIONS:
        raise CannotEstimateError(
            f"'{series.id}' has {len(values)} observations and the model {coefficients} coefficients: at "
            f"least {SPARE_OBSERVATIONS} more observations than coefficients are needed"
        )
