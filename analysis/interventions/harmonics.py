"""The season of weekly and daily series: harmonics of the year, and the day of the week.

A year has no whole number of weeks, so a dummy for every week would drift against the calendar. A few pairs
of sines and cosines of the time of year do not (Harvey, Koopman and Riani 1997, Journal of Business and
Economic Statistics 15, 354-368; Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd ed.,
10.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from analysis.domain import FloatArray, Period

PAIRS = 4
"""Sines and cosines: cycles of a year, a half, a third and a quarter of one."""
FREQUENCIES = ("W", "D")
"""Frequencies whose season is made of harmonics."""


def harmonic_season(periods: Sequence[Period], pairs: int = PAIRS) -> FloatArray:
    """Return sines and cosines of the time of year at the middle of each period, shape (T, 2 * pairs).

    Over any whole number of years each column has mean 0, to less than a hundredth.

    Parameters
    ----------
    periods : sequence of Period
        Weeks or days.
    pairs : int
    """
    phase = 2 * np.pi * np.array([_time_of_year(period) for period in periods])
    waves = np.arange(1, pairs + 1)
    angles = phase[:, None] * waves
    return np.column_stack([np.sin(angles), np.cos(angles)])


def weekday_season(periods: Sequence[Period]) -> FloatArray:
    """Return effects of the days of the week against their mean, shape (T, 6); Sunday is less the others.

    Parameters
    ----------
    periods : sequence of Period
        Days.
    """
    days = np.array([period.start.weekday() for period in periods])
    effects: FloatArray = (days[:, None] == np.arange(6)).astype(np.float64) - (days == 6)[:, None]
    return effects


def _time_of_year(period: Period) -> float:
    middle = period.start.toordinal() + (period.days - 1) / 2
    year = date.fromordinal(int(middle)).year
    first, last = date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()
    return (middle + 0.5 - first) / (last - first)
