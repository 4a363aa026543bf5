"""Null distributions of the sized look at one to five elements, smoothed over the simulated cells.

Every quantile is a response surface (MacKinnon 1996): its value at each simulated ρ, plus the logarithms of
length and shortest segment and their share, each in an interaction with ρ, by least squares weighted with
the number of series. What a trend in the regression adds has a surface of its own. Cells lend one another
their series, so that the noise of a single cell does not reach a p-value.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from analysis.numerics.critical_values import table
from analysis.numerics.least_squares import FloatArray

LEVELS = (0.25, 0.5, 0.75, 0.85, 0.9, 0.95, 0.975, 0.99)
MOST_AHEAD = 5
"""Elements that one look adds at most."""

_HIGHEST = 0.97


@dataclass(frozen=True, slots=True)
class ElementNull:
    """Distributions without a further element, for one length, shortest segment and set of regressors.

    Attributes
    ----------
    rhos : FloatArray
        Simulated coefficients, shape (P,).
    quantiles : FloatArray
        Shape (P, J, levels).
    readings : FloatArray
        Median of the reading of ρ, shape (P, J).
    outside : str
        Empty, or a sentence on what lay outside the simulated cells.
    """

    rhos: FloatArray
    quantiles: FloatArray
    readings: FloatArray
    outside: str

    def corrected(self, reading: FloatArray, j: int) -> FloatArray:
        """Return the ρ at which `reading` is the median with j elements."""
        medians = np.maximum.accumulate(self.readings[:, j - 1])
        inside = np.interp(reading, medians, self.rhos)
        beyond = self.rhos[-1] + np.maximum(reading - medians[-1], 0.0)
        below = self.rhos[0] + np.minimum(reading - medians[0], 0.0)
        found: FloatArray = np.where(
            reading > medians[-1], np.minimum(beyond, _HIGHEST), np.where(reading < medians[0], below, inside)
        )
        return found

    def p_value(self, statistic: FloatArray, rho: FloatArray, j: int) -> FloatArray:
        """Return the probability of at least `statistic`; beyond the table the tail falls like exp(-x/2)."""
        logs = np.log1p(-np.array((0.0, *LEVELS)))
        found = np.empty(np.shape(statistic))
        for k, (value, at) in enumerate(zip(np.ravel(statistic), np.ravel(rho), strict=True)):
            quantiles = np.concatenate([[0.0], self._at(float(at), j)])
            inside = float(np.interp(value, quantiles, logs))
            found.flat[k] = np.exp(inside - max(value - quantiles[-1], 0.0) / 2)
        return found

    def critical(self, probability: float, rho: float, j: int) -> float:
        """Return the statistic whose p-value is `probability`."""
        quantiles = np.concatenate([[0.0], self._at(rho, j)])
        logs = -np.log1p(-np.array((0.0, *LEVELS)))
        wanted = -np.log(probability)
        return float(np.interp(wanted, logs, quantiles) + 2 * max(wanted - logs[-1], 0.0))

    def _at(self, rho: float, j: int) -> FloatArray:
        place = float(np.interp(rho, self.rhos, np.arange(self.rhos.size)))
        low = min(int(place), self.rhos.size - 2)
        share = place - low
        blended = (1 - share) * self.quantiles[low, j - 1] + share * self.quantiles[low + 1, j - 1]
        return np.maximum.accumulate(np.maximum(blended, 0.0))


def element_null(n: int, min_length: int, *, trend: bool) -> ElementNull:
    """Evaluate the surfaces.

    Parameters
    ----------
    n, min_length : int
        Observations; fewest in a segment.
    trend : bool
        Whether a linear trend is among the regressors.
    """
    surfaces = _surfaces()
    size = float(np.clip(n, *surfaces.sizes))
    shortest = float(np.clip(min_length, *surfaces.shortest))
    outside = []
    if size != n:
        outside.append(f"n = {n} (simulated: {surfaces.sizes[0]:.0f} to {surfaces.sizes[1]:.0f})")
    if shortest != min_length:
        outside.append(
            f"shortest segment {min_length} (simulated: {surfaces.shortest[0]:.0f} to "
            f"{surfaces.shortest[1]:.0f})"
        )
    values = np.stack([surfaces.base[j].at(size, shortest) for j in range(MOST_AHEAD)], axis=1)
    if trend:
        values = values + np.stack([surfaces.added[j].at(size, shortest) for j in range(MOST_AHEAD)], axis=1)
    sentence = f"p-values read at the edge of the simulated cells: {', '.join(outside)}" if outside else ""
    readings = surfaces.rhos[:, None] + values[:, :, 0] / size
    quantiles = np.maximum.accumulate(values[:, :, 1:], axis=2)
    return ElementNull(surfaces.rhos, quantiles, readings, sentence)


@dataclass(frozen=True, slots=True)
class _Surface:
    """Coefficients of one j, shape (features, 1 + levels), and the features they belong to."""

    rhos: FloatArray
    wide: bool
    coefficients: FloatArray

    def at(self, n: float, min_length: float) -> FloatArray:
        """Return the reading's and the quantiles' values at every ρ, shape (P, 1 + levels)."""
        found: FloatArray = (
            _features(
                self.rhos,
                self.rhos,
                np.full(self.rhos.size, n),
                np.full(self.rhos.size, min_length),
                self.wide,
            )
            @ self.coefficients
        )
        return found


@dataclass(frozen=True, slots=True)
class _Surfaces:
    rhos: FloatArray
    sizes: tuple[float, float]
    shortest: tuple[float, float]
    base: tuple[_Surface, ...]
    added: tuple[_Surface, ...]


def _features(
    rho: FloatArray, rhos: FloatArray, n: FloatArray, min_length: FloatArray, wide: bool
) -> FloatArray:
    """Return the regressors of a surface, one row for each cell."""
    own = (rho[:, None] == rhos[None, :]).astype(float)
    size = np.log(n / 144)
    terms = [size, size**2, np.log(min_length / 8), min_length / n] if wide else [size]
    powers = [np.ones_like(rho), rho, rho**3] if wide else [np.ones_like(rho), rho]
    return np.column_stack([own, *(term * power for term in terms for power in powers)])


@cache
def _surfaces() -> _Surfaces:
    numbers = table("elements")[1]
    trend, n, shortest, rho, j, series = numbers[:, :6].T
    rhos = np.unique(rho)
    outcome = np.column_stack([(numbers[:, 6] - rho) * n, numbers[:, 8:]])
    base, added = [], []
    for count in range(1, MOST_AHEAD + 1):
        plain = (j == count) & (trend == 0)
        base.append(_fitted(rhos, rho, n, shortest, series, outcome, plain, True))
        with_trend = (j == count) & (trend == 1)
        left = outcome.copy()
        for k in np.flatnonzero(with_trend):
            row = base[-1].at(n[k], shortest[k])
            left[k] -= row[int(np.searchsorted(rhos, rho[k]))]
        added.append(_fitted(rhos, rho, n, shortest, series, left, with_trend, False))
    return _Surfaces(
        rhos,
        (float(n.min()), float(n.max())),
        (float(shortest.min()), float(shortest.max())),
        tuple(base),
        tuple(added),
    )


def _fitted(
    rhos: FloatArray,
    rho: FloatArray,
    n: FloatArray,
    shortest: FloatArray,
    series: FloatArray,
    outcome: FloatArray,
    used: FloatArray,
    wide: bool,
) -> _Surface:
    features = _features(rho[used], rhos, n[used], shortest[used], wide)
    weight = np.sqrt(series[used])[:, None]
    found = np.linalg.lstsq(features * weight, outcome[used] * weight, rcond=None)[0]
    return _Surface(rhos, wide, found)
