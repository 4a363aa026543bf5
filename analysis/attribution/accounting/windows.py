"""Windows of whole years, and the mean of a series over one in whole dollars a year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np

from analysis.attribution.accounting.assignment import whole_dollars
from analysis.attribution.accounting.goods import MILLION
from analysis.attribution.timing.observed import observe
from analysis.domain import TradeSeries, Window
from analysis.errors import CannotEstimateError


@dataclass(frozen=True, slots=True)
class Ends:
    """Two windows of whole years.

    Attributes
    ----------
    before, after : tuple of int
    """

    before: tuple[int, ...]
    after: tuple[int, ...]

    @property
    def both(self) -> tuple[int, ...]:
        """Every year of either window."""
        return self.before + self.after

    @property
    def path(self) -> tuple[int, ...]:
        """Every year from the first to the last."""
        return tuple(range(min(self.both), max(self.both) + 1))

    @property
    def words(self) -> tuple[str, str]:
        """The windows in words."""
        return _words(self.before), _words(self.after)


def whole_years(series: TradeSeries, window: str | Window) -> tuple[int, ...]:
    """Return the years of a window.

    Raises
    ------
    CannotEstimateError
        If it does not begin with a January and end with a December.
    InputError
        If it lies outside the sample.
    """
    fitted, _ = series.window(window)
    first, last = fitted.first.start, fitted.last.end
    if (first.month, first.day, last.month, last.day) != (1, 1, 12, 31):
        raise CannotEstimateError(
            f"the figures by product are yearly and the window {fitted} is not of whole years"
        )
    return tuple(range(first.year, last.year + 1))


def mean_a_year(series: TradeSeries, years: Sequence[int]) -> int:
    """Return the mean of some years, in whole dollars a year; by printed sums where periods are missing.

    Raises
    ------
    CannotEstimateError
        If fewer than half of the periods are observed.
    """
    periods = [o for o in series.observations if o.period.year in years]
    values = [Fraction(Decimal(repr(o.value))) for o in periods if o.value is not None]
    if values and len(values) < len(periods):
        places = np.flatnonzero([o.period.year in years for o in series.observations])
        known = observe(series, places)
        if known.enough:
            return whole_dollars(Fraction(repr(known.mean)) * series.first.per_year * MILLION)
    if not values or 2 * len(values) < len(periods):
        raise CannotEstimateError(
            f"'{series.id}' is observed in {len(values)} of the {len(periods)} periods of {_words(years)}: "
            "at least half are needed"
        )
    return whole_dollars(sum(values, Fraction()) / len(values) * series.first.per_year * MILLION)


def _words(years: Sequence[int]) -> str:
    return str(years[0]) if len(years) == 1 else f"{years[0]}-{years[-1]}"
