"""Yearly values with the bounds that their figures leave."""

from __future__ import annotations

from math import sqrt

from analysis import catalogue
from analysis.attribution.claims.outcome import Number
from analysis.catalogue.formula import is_formula
from analysis.domain import Observation, TradeSeries
from analysis.errors import CannotEstimateError

HALF_WIDTH = sqrt(3)
"""Half the unit of rounding over its standard error, which is unit/√12."""


def at(series: TradeSeries, year: int) -> Number:
    """Return the value of a yearly series with its bounds: the hard ones, else those of the rounding.

    Raises
    ------
    CannotEstimateError
        If the year is missing.
    """
    found = next((o for o in series.observations if o.period.year == year), None)
    if found is None or found.value is None:
        raise CannotEstimateError(f"'{series.id}' has no value for {year}")
    lower, upper = _bounds(found, found.value)
    return Number(
        f"{series.title}, {year}", found.value, lower, upper, series.unit, found.figures, unconfirmed(found)
    )


def difference(label: str, last: Number, first: Number) -> Number:
    """Return ``last - first`` at both bounds."""
    return Number(
        label,
        last.value - first.value,
        last.lower - first.upper,
        last.upper - first.lower,
        last.unit,
        tuple(dict.fromkeys((*first.figures, *last.figures))),
        first.unverified and last.unverified,
    )


def unconfirmed(observation: Observation) -> bool:
    """Tell whether an observation rests on unconfirmed copies alone."""
    figures = catalogue.figures(observation.figures)
    return bool(figures) and all(figure.unverified for figure in figures)


def negative(change: Number) -> bool | None:
    """Tell whether a change is below zero at both bounds; None where the bounds disagree."""
    if change.upper < 0:
        return True
    return False if change.lower >= 0 else None


def positive(change: Number) -> bool | None:
    """Tell whether a change is above zero at both bounds; None where the bounds disagree."""
    if change.lower > 0:
        return True
    return False if change.upper <= 0 else None


def _bounds(observation: Observation, value: float) -> tuple[float, float]:
    if observation.lower is not None and observation.upper is not None:
        return observation.lower, observation.upper
    half = HALF_WIDTH * _spread(observation, value)
    return value - half, value + half


def _spread(observation: Observation, value: float) -> float:
    """Return the standard error of rounding; of a formula the sum, as if every error leaned one way."""
    if observation.figures:
        main = catalogue.figures(observation.figures[:1])[0]
        if is_formula(main.formula) and main.value == value:
            slopes = catalogue.catalogue().package.quantity(main.id).slopes
            return sum(abs(slope) for slope in slopes.values())
    return observation.rse * abs(value)
