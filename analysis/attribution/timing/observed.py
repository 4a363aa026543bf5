"""What a window observed: its mean, by printed totals where single periods are missing.

A window is made of calendar positions of one series. Where every period is observed its value is their mean.
Where some are missing, the printed sum of a calendar year of the same vintage stands for that year, then the
printed sum of a span that lies inside the window; a span that the window cuts is not used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.domain import Total, TradeSeries, Window

LEAST_COVERED = 0.5
"""Share of a window's periods that observations and totals must cover."""


@dataclass(frozen=True, slots=True)
class Observed:
    """A window of one series and what was observed in it.

    Attributes
    ----------
    positions : ndarray of int
        Calendar positions of all its periods, missing ones included.
    mean : float
        Per period, in the unit of the series.
    sd : float
        Standard error of the mean that the figures' own errors leave.
    seen : int
        Periods with an observation of their own.
    covered : int
        Periods that an observation or a printed total covers.
    """

    positions: NDArray[np.intp]
    mean: float
    sd: float
    seen: int
    covered: int

    @property
    def enough(self) -> bool:
        """Whether at least half of the window is covered."""
        return self.covered >= LEAST_COVERED * len(self.positions) and self.covered > 0


def observe(series: TradeSeries, positions: NDArray[np.intp], *, negligible: float = 0.0) -> Observed:
    """Return what a window observed.

    Parameters
    ----------
    series : TradeSeries
    positions : ndarray of int
        Consecutive calendar positions.
    negligible : float
        A missing period that is known only within a span whose whole is at most this takes an equal part of
        it, with the whole as its bounds: a fraction of the target's own base.

    Returns
    -------
    Observed
    """
    values, errors = series.values[positions], series.rse[positions]
    used = np.isfinite(values)
    sums = np.where(used, values, 0.0)
    variances = np.where(used, (values * errors) ** 2, 0.0)
    covered = used.copy()
    if not used.all():
        first = int(positions[0])
        for span, part in _printed(series, positions):
            inside = span - first
            if not covered[inside].all():
                sums[inside], variances[inside] = 0.0, 0.0
                sums[inside[0]], variances[inside[0]] = part.value, (part.value * part.rse) ** 2
                covered[inside] = True
        if negligible:
            for known, share, spread in _shares(series, positions, negligible):
                if not covered[known]:
                    sums[known], variances[known], covered[known] = share, spread**2, True
    count = int(covered.sum())
    mean = float(sums.sum()) / count if count else np.nan
    sd = float(np.sqrt(variances.sum())) / max(count, 1)
    return Observed(positions, mean, sd, int(used.sum()), count)


def _printed(series: TradeSeries, positions: NDArray[np.intp]) -> list[tuple[NDArray[np.intp], Total]]:
    """Return the printed sums that lie inside the window, whole years first."""
    found = []
    for total in (*series.year_totals, *series.totals):
        span = _positions(series, total.window)
        if len(span) and span[0] >= positions[0] and span[-1] <= positions[-1]:
            found.append((span, total))
    return found


def _shares(
    series: TradeSeries, positions: NDArray[np.intp], negligible: float
) -> list[tuple[int, float, float]]:
    """Return missing periods of spans whose whole is negligible: place, equal part, standard error."""
    found = []
    for total in series.totals:
        whole = abs(total.value) * (1 + np.sqrt(3) * total.rse)
        if whole > negligible:
            continue
        for position in _positions(series, total.window):
            if positions[0] <= position <= positions[-1]:
                place = int(position - positions[0])
                found.append((place, total.value / len(total.window), whole / np.sqrt(12)))
    return found


def _positions(series: TradeSeries, window: Window) -> NDArray[np.intp]:
    start = window.first.ordinal - series.first.ordinal
    stop = window.last.ordinal - series.first.ordinal + 1
    if start < 0 or stop > len(series):
        return np.empty(0, dtype=np.intp)
    return np.arange(start, stop)
