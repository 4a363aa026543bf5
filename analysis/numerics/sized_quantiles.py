"""Null distribution of the date sets of a break, interpolated in the simulated table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from analysis.numerics.critical_values import table
from analysis.numerics.least_squares import FloatArray


@dataclass(frozen=True, slots=True)
class _Grid:
    seasons: FloatArray
    sizes: FloatArray
    trimmings: FloatArray
    rhos: FloatArray
    levels: FloatArray
    values: FloatArray


@cache
def _grid() -> _Grid:
    header, numbers = table("sized_dates")
    seasons, sizes, trimmings, rhos = (np.unique(numbers[:, i]) for i in range(4))
    levels = np.array([float(name[1:]) for name in header[4:]])
    values = np.full((seasons.size, sizes.size, trimmings.size, rhos.size, levels.size), np.nan)
    places = [
        np.searchsorted(axis, numbers[:, i]) for i, axis in enumerate((seasons, sizes, trimmings, rhos))
    ]
    values[tuple(places)] = numbers[:, 4:]
    for s in range(1, seasons.size):
        empty = np.isnan(values[s])
        values[s][empty] = values[s - 1][empty]
    return _Grid(seasons, sizes, trimmings, rhos, levels, values)


@dataclass(frozen=True, slots=True)
class NullDistribution:
    """Distribution of a statistic when there is no further break.

    Attributes
    ----------
    levels, quantiles : FloatArray
        Probabilities and quantiles, shape (L,).
    outside : str
        Empty, or a sentence on what lay outside the table and was read at its edge.
    """

    levels: FloatArray
    quantiles: FloatArray
    outside: str

    def cdf(self, value: float) -> float:
        """Return the probability of at most `value`; the tail beyond the table falls like exp(-x/2)."""
        if value <= 0:
            return 0.0
        if value >= self.quantiles[-1]:
            return 1.0 - float((1 - self.levels[-1]) * np.exp(-(value - self.quantiles[-1]) / 2))
        transformed = -np.log1p(-np.concatenate([[0.0], self.levels]))
        at = float(np.interp(value, np.concatenate([[0.0], self.quantiles]), transformed))
        return float(-np.expm1(-at))

    def quantile(self, probability: float) -> float:
        """Return the quantile; beyond the table the tail falls like exp(-x/2)."""
        if probability > self.levels[-1]:
            beyond = np.log((1 - self.levels[-1]) / max(1 - probability, 1e-300))
            return float(self.quantiles[-1] + 2 * beyond)
        transformed = -np.log1p(-np.concatenate([[0.0], self.levels]))
        return float(np.interp(-np.log1p(-probability), transformed, np.concatenate([[0.0], self.quantiles])))


def joint_quantile(nulls: Sequence[NullDistribution], probability: float) -> float:
    """Return the quantile of the largest of independent statistics, one from each of `nulls`."""
    if len(nulls) == 1:
        return nulls[0].quantile(probability)
    low = max(null.quantile(probability) for null in nulls)
    high = max(null.quantile(1 - (1 - probability) / len(nulls)) for null in nulls) + 1.0
    for _ in range(30):
        middle = (low + high) / 2
        if float(np.prod([null.cdf(middle) for null in nulls])) < probability:
            low = middle
        else:
            high = middle
    return high


def dates_null(*, n: int, seasons: int, trimming: float, rho: float) -> NullDistribution:
    """Interpolate the simulated table: linear in trimming and ρ, and in 1/n.

    Parameters
    ----------
    n : int
        Observations.
    seasons : int
        1, 4 or 12 season means.
    trimming : float
        Share left out at either end.
    rho : float
        Autoregressive coefficient.
    """
    grid = _grid()
    s = int(np.clip(np.searchsorted(grid.seasons, seasons), 0, grid.seasons.size - 1))
    outside = []
    if n < grid.sizes[0] or n > grid.sizes[-1]:
        outside.append(f"n = {n} (simulated: {grid.sizes[0]:.0f} to {grid.sizes[-1]:.0f})")
    if rho < grid.rhos[0] or rho > grid.rhos[-1]:
        outside.append(f"AR(1) {rho:.2f} (simulated: {grid.rhos[0]:g} to {grid.rhos[-1]:g})")
    if trimming < grid.trimmings[0] - 1e-9:
        outside.append(f"trimming {trimming:.3f} (simulated from {grid.trimmings[0]:g})")
    block = _blend(grid.values[s], 1 / grid.sizes[::-1], 1 / max(n, 1), reverse=True)
    block = _blend(block, grid.trimmings, trimming)
    block = _blend(block, grid.rhos, rho)
    sentence = (
        f"critical values read at the edge of the simulated table: {', '.join(outside)}" if outside else ""
    )
    return NullDistribution(grid.levels, np.maximum.accumulate(block), sentence)


def _blend(values: FloatArray, axis: FloatArray, at: float, reverse: bool = False) -> FloatArray:
    """Interpolate linearly along the first axis of `values`; the edges are kept beyond the ends."""
    ordered = values[::-1] if reverse else values
    position = float(np.interp(at, axis, np.arange(axis.size)))
    low = min(int(position), axis.size - 2) if axis.size > 1 else 0
    share = position - low
    blended: FloatArray = (
        (1 - share) * ordered[low] + share * ordered[low + 1] if axis.size > 1 else ordered[0]
    )
    return blended
