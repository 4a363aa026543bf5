"""Two windows of one series and their observed means."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.domain import TradeSeries, Window
from analysis.errors import CannotEstimateError, InputError


@dataclass(frozen=True, slots=True)
class WindowMeans:
    """Two windows of one series.

    Attributes
    ----------
    before, after : ndarray of int
        Calendar positions of the observed periods of ``from`` and ``to``.
    observed_before, observed_after : float
        Observed means, in the unit of the series.
    """

    before: NDArray[np.intp]
    after: NDArray[np.intp]
    observed_before: float
    observed_after: float

    @property
    def change(self) -> float:
        """Observed change of the mean."""
        return self.observed_after - self.observed_before


def window_means(series: TradeSeries, before: Window, after: Window) -> WindowMeans:
    """Return the observed means of two windows.

    Parameters
    ----------
    series : TradeSeries
    before, after : Window
        In periods of the series, both ends inclusive.

    Raises
    ------
    InputError
        If a window reaches outside the sample.
    CannotEstimateError
        If fewer than half of the periods of a window are observed.
    """
    positions = []
    for window in (before, after):
        _, where = series.window(window)
        seen = np.flatnonzero(np.isfinite(series.values[where])) + where.start
        if 2 * len(seen) < len(window):
            raise CannotEstimateError(
                f"the window {window} of '{series.id}' has {len(seen)} of {len(window)} periods observed: at "
                "least half are needed"
            )
        positions.append(seen)
    values = series.values
    return WindowMeans(
        positions[0], positions[1], float(values[positions[0]].mean()), float(values[positions[1]].mean())
    )


def years(series: TradeSeries) -> tuple[int, ...]:
    """Return the calendar years that can be a window: inside the sample, half of their periods observed."""
    found = []
    for year in range(series.first.start.year, series.last.end.year + 1):
        window = Window.parse(str(year))
        try:
            window_means(series, window, window)
        except (InputError, CannotEstimateError):
            continue
        found.append(year)
    return tuple(found)
