"""From a series and the caller's choices to what the joint model is fitted to."""

from __future__ import annotations

import numpy as np

from analysis.domain import FREQUENCY_NAMES, EventTable, TradeSeries
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
    """Return whether seasonal dummies enter: by default on monthly and quarterly series."""
    if series.first.per_year not in (4, 12):
        if seasonal:
            raise UsageError(
                f"seasonal dummies need a monthly or quarterly series; '{series.id}' is "
                f"{FREQUENCY_NAMES[series.frequency]}",
                pointer="/options/seasonal",
            )
        return False
    return True if seasonal is None else seasonal


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


def check_sample(series: TradeSeries, coefficients: int, seasonal: bool) -> None:
    """Refuse samples that cannot carry the model.

    Raises
    ------
    CannotEstimateError
        If the series is constant, a season is observed less than twice, or too few observations are left.
    """
    values = series.values[np.isfinite(series.values)]
    if len(values) and np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())):
        raise CannotEstimateError(
            f"the series '{series.id}' is constant ({values[0]:g} in every period): "
            "there is no change to estimate"
        )
    if seasonal:
        seen = [p.season for p in series.periods if np.isfinite(series.values[p - series.first])]
        for season in range(series.first.per_year):
            if seen.count(season) < 2:
                raise CannotEstimateError(
                    f"season {season + 1} of {series.first.per_year} is observed {seen.count(season)} times "
                    f"in '{series.id}': seasonal dummies need two; use --no-seasonal or a longer series"
                )
    if len(values) - coefficients < SPARE_OBSERVATIONS:
        raise CannotEstimateError(
            f"'{series.id}' has {len(values)} observations and the model {coefficients} coefficients: at "
            f"least {SPARE_OBSERVATIONS} more observations than coefficients are needed"
        )
