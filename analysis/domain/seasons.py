"""The season: which periods of a year it tells apart, and of weeks and days its columns.

A year has no whole number of weeks, so a dummy for every week would drift against the calendar. A few pairs
of sines and cosines of the time of year do not (Harvey, Koopman and Riani 1997, Journal of Business and
Economic Statistics 15, 354-368; Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd ed.,
10.5).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np

from analysis.domain.periods import Frequency, Period
from analysis.domain.series import FloatArray

PAIRS = 4
"""Sines and cosines: cycles of a year, a half, a third and a quarter of one."""
HARMONIC: tuple[Frequency, ...] = ("W", "D")
"""Frequencies whose season is made of harmonics."""
CLASSES: dict[Frequency, int] = {"Q": 4, "M": 12, "W": 12, "D": 12}
"""Quarters or months of a year, each of which must be observed in two years."""


def class_of(period: Period) -> int:
    """Return the quarter of a quarterly period, else the month, from 0; of a week that of its Thursday."""
    return period.season if period.frequency not in HARMONIC else _middle(period).month - 1


def seen_once(observed: Iterable[Period]) -> int | None:
    """Return the first quarter or month, from 0, that is not observed in two years; None if all are."""
    years: dict[int, set[int]] = {}
    frequency: Frequency = "A"
    for period in observed:
        frequency = period.frequency
        years.setdefault(class_of(period), set()).add(_middle(period).year)
    return next((k for k in range(CLASSES.get(frequency, 1)) if len(years.get(k, ())) < 2), None)


def seasonal_by_default(observed: Sequence[Period]) -> bool:
    """Return whether a season enters a model if nobody says so.

    It does on months and quarters, and on weeks where every month of the year is observed in two years.
    """
    frequency = observed[0].frequency if observed else "A"
    return frequency in ("Q", "M") or (frequency == "W" and seen_once(observed) is None)


def season_columns(periods: Sequence[Period]) -> FloatArray:
    """Return the season of weeks or days as columns, shape (T, k).

    Of weeks `PAIRS` harmonics of the year; of days the days of the week, and the harmonics too where every
    month is seen in two years.

    Parameters
    ----------
    periods : sequence of Period
        Weeks or days.
    """
    if periods[0].frequency == "W":
        return harmonic_season(periods)
    days = weekday_season(periods)
    return days if seen_once(periods) is not None else np.column_stack([days, harmonic_season(periods)])


def season_words(frequency: Frequency, columns: int) -> str:
    """Return what a season of some columns is, in words.

    Parameters
    ----------
    frequency : Frequency
    columns : int
        Of `season_columns`, or of the dummies of months and quarters.
    """
    if frequency not in HARMONIC:
        return f"{columns + 1} seasonal means"
    waves = f"a season of {PAIRS} harmonics of the year ({2 * PAIRS} coefficients)"
    if frequency == "W":
        return waves
    return "effects of the days of the week" + (f" and {waves}" if columns > 2 * PAIRS else "")


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


def _middle(period: Period) -> date:
    return date.fromordinal(period.start.toordinal() + (period.days - 1) // 2)


def _time_of_year(period: Period) -> float:
    middle = period.start.toordinal() + (period.days - 1) / 2
    year = _middle(period).year
    first, last = date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()
    return (middle + 0.5 - first) / (last - first)
