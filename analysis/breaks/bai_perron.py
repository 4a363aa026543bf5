"""Bai and Perron's tests: supF(m), UDmax, WDmax, sequential supF(l + 1 given l), repartition.

Null of supF(m): no break in the changing coefficients; alternative: m breaks at unknown dates. Null of the
sequential test: l breaks; alternative: l + 1. The statistics are not divided by the number of changing
regressors. Sources: Bai and Perron (1998, Econometrica 66:47-78; 2003, Journal of Applied Econometrics
18:1-22).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.errors import CannotEstimateError
from analysis.numerics import critical_values
from analysis.numerics.least_squares import FloatArray, LeastSquares, least_squares, orthonormal_basis
from analysis.numerics.long_run_variance import Kernel, long_run_variance
from analysis.numerics.partitions import (
    Partitions,
    best_partitions,
    free_positions,
    partial_partitions,
    partitioned,
    scan_break,
)
from analysis.numerics.segments import segment_costs

Covariance = Literal["iid", "hc", "hac"]
"""Homoskedastic; another variance in every segment; heteroskedastic and autocorrelated (prewhitened QS
kernel)."""


FEWEST_FOR_HAC = 6
"""Observations of a segment beyond its coefficients below which its long-run variance has no estimate."""

SMALLEST_ERROR = 1e-9
"""A standard error below this share of the difference is rounding."""


@dataclass(frozen=True, slots=True)
class Hac:
    """How long-run variances are estimated.

    Attributes
    ----------
    prewhiten : bool
        Whether a first-order vector autoregression of the scores is taken out first.
    kernel : {"qs", "bartlett"}
    bandwidth : float or None
        In observations; None is Andrews' automatic one.
    """

    prewhiten: bool = True
    kernel: Kernel = "qs"
    bandwidth: float | None = None

    def of(self, scores: FloatArray) -> FloatArray:
        """Return the long-run variance of `scores`, shape (n, d)."""
        return long_run_variance(scores, self.prewhiten, kernel=self.kernel, bandwidth=self.bandwidth).matrix


@dataclass(frozen=True, slots=True)
class BreakRegression:
    """A regression whose coefficients may change.

    Attributes
    ----------
    y : FloatArray
        Shape (n,).
    changing : FloatArray
        Columns whose coefficients change at every break, shape (n, q).
    common : FloatArray
        Columns with the same coefficients throughout, shape (n, p), p ≥ 0.
    min_length : int
        Fewest observations in a segment.
    hac : Hac
        How long-run variances are estimated.
    """

    y: FloatArray
    changing: FloatArray
    common: FloatArray
    min_length: int
    hac: Hac = Hac()

    @property
    def n(self) -> int:
        """Number of observations."""
        return int(self.y.shape[0])

    def partitions(self, max_breaks: int) -> Partitions:
        """Return the global minimisers for m = 0, ..., `max_breaks`."""
        if self.common.shape[1] == 0:
            costs = segment_costs(self.y, self.changing, self.min_length)
            return best_partitions(costs, self.min_length, max_breaks)
        return partial_partitions(self.y, self.changing, self.common, self.min_length, max_breaks)

    def fit(self, breaks: tuple[int, ...]) -> LeastSquares:
        """Fit by least squares with breaks at `breaks`; the segments' columns stand first."""
        return least_squares(self.y, np.column_stack([partitioned(self.changing, breaks), self.common]))

    def part(self, first: int, last: int) -> BreakRegression:
        """Return the regression on observations [first, last)."""
        return BreakRegression(
            self.y[first:last],
            self.changing[first:last],
            self.common[first:last],
            self.min_length,
            self.hac,
        )


def segment_coefficients(
    model: BreakRegression, breaks: tuple[int, ...], covariance: Covariance
) -> tuple[FloatArray, FloatArray]:
    """Return the changing coefficients, segment after segment, and their covariance matrix.

    Shapes (q (m + 1),) and (q (m + 1), q (m + 1)).

    Raises
    ------
    CannotEstimateError
        If a segment's columns are collinear or too few observations are left.
    """
    n, m, q = model.n, len(breaks), model.changing.shape[1]
    segments = partitioned(model.changing, breaks)
    fit = model.fit(breaks)
    width = segments.shape[1] + model.common.shape[1]
    if fit.rank < width or n <= width:
        raise CannotEstimateError(
            f"the coefficients of {m + 1} segments are not identified: {n} observations, {width} columns, "
            f"rank {fit.rank}"
        )
    if covariance == "hac" and min(np.diff((0, *breaks, n))) < q + FEWEST_FOR_HAC:
        raise CannotEstimateError(
            f"a segment of fewer than {q + FEWEST_FOR_HAC} observations has no long-run variance"
        )
    basis = orthonormal_basis(model.common)
    inside = segments - basis @ (basis.T @ segments)
    gram = inside.T @ inside
    meat = _meat(model, breaks, inside, segments, fit.residuals, covariance)
    half = np.linalg.solve(gram, meat)
    return fit.params[: segments.shape[1]], np.linalg.solve(gram, half.T)


def wald_f(model: BreakRegression, breaks: tuple[int, ...], covariance: Covariance) -> float:
    """Return the F statistic that the changing coefficients are equal in all segments.

    (n - (m + 1) q - p)/(n m) times the Wald statistic, as in Bai and Perron (1998, equation 7).

    Raises
    ------
    CannotEstimateError
        If a segment's columns are collinear, too few observations are left, or segments fit without error.
    """
    n, m, q = model.n, len(breaks), model.changing.shape[1]
    delta, spread = segment_coefficients(model, breaks, covariance)
    restriction = np.kron(np.diff(np.eye(m + 1), axis=0), np.eye(q))
    variance = restriction @ spread @ restriction.T
    difference = restriction @ delta
    size = np.sqrt(np.diag(variance))
    if not np.all(np.isfinite(size)) or np.any(size <= SMALLEST_ERROR * (np.abs(difference) + size.max())):
        raise CannotEstimateError(
            "two neighbouring segments fit without error, so their difference has no standard error"
        )
    correlation = variance / np.outer(size, size)
    wald = float((difference / size) @ np.linalg.lstsq(correlation, difference / size, rcond=1e-14)[0])
    width = delta.size + model.common.shape[1]
    return float((n - width) * wald / (n * m))


def _meat(
    model: BreakRegression,
    breaks: tuple[int, ...],
    inside: FloatArray,
    segments: FloatArray,
    residuals: FloatArray,
    covariance: Covariance,
) -> FloatArray:
    n, edges = model.n, (0, *breaks, model.n)
    if covariance == "iid":
        iid: FloatArray = float(residuals @ residuals) / n * (inside.T @ inside)
        return iid
    if covariance == "hac" and model.common.shape[1]:
        return n * model.hac.of(inside * residuals[:, None])
    meat = np.zeros((inside.shape[1], inside.shape[1]))
    q = model.changing.shape[1]
    for s in range(len(edges) - 1):
        rows = slice(edges[s], edges[s + 1])
        length = edges[s + 1] - edges[s]
        if covariance == "hc":
            meat += float(residuals[rows] @ residuals[rows]) / length * (inside[rows].T @ inside[rows])
        else:
            own = slice(s * q, (s + 1) * q)
            scores = segments[rows, own] * residuals[rows, None]
            meat[own, own] = length * model.hac.of(scores)
    return meat


def sup_f(model: BreakRegression, partitions: Partitions, covariance: Covariance) -> tuple[float, ...]:
    """Return supF(m) for m = 1, ..., at the global minimisers."""
    return tuple(wald_f(model, breaks, covariance) for breaks in partitions.breaks[1:])


def sequential_f(
    model: BreakRegression, breaks: tuple[int, ...], covariance: Covariance
) -> tuple[float, int] | None:
    """Return supF(l + 1 given l) and the further break it points at, or None if no segment can hold one.

    In each segment the break with the smallest sum of squares is tested on that segment's own observations.
    """
    edges = (0, *breaks, model.n)
    best: tuple[float, int] | None = None
    for s in range(len(edges) - 1):
        part = model.part(edges[s], edges[s + 1])
        kept = least_squares(np.zeros(part.n), np.column_stack([part.changing, part.common])).kept
        q = part.changing.shape[1]
        own = BreakRegression(
            part.y,
            part.changing,
            part.common[:, [k - q for k in sorted(kept) if k >= q]],
            part.min_length,
            part.hac,
        )
        positions = free_positions((), own.n, own.min_length)
        if positions.size == 0 or own.n <= 2 * q + own.common.shape[1] + 2:
            continue
        scan = scan_break(own.y, np.column_stack([own.changing, own.common]), own.changing, positions)
        position = int(positions[int(np.argmin(scan.ssr))])
        statistic = wald_f(own, (position,), covariance)
        if best is None or statistic > best[0]:
            best = (statistic, edges[s] + position)
    return best


def breaks_of_double_maxima(trimming: float) -> int:
    """Return up to how many breaks UDmax and WDmax are tabulated at this trimming: 5, 3 or 2; 0 outside."""
    return sum(critical_values.sup_f(trimming, 1, m)["0.05"] is not None for m in range(1, 6))


def double_maxima(
    statistics: tuple[float, ...], trimming: float, q: int
) -> tuple[float, dict[str, float | None]]:
    """Return UDmax, and WDmax for each level (its weights depend on the level).

    Of as many breaks as the tables have at this trimming, or of all statistics outside them.
    """
    weighted: dict[str, float | None] = {}
    used = statistics[: breaks_of_double_maxima(trimming) or 5]
    for level in critical_values.LEVELS:
        key = f"{level:.2f}"
        critical = [critical_values.sup_f(trimming, q, m)[key] for m in range(1, len(used) + 1)]
        if critical[0] is None or any(c is None for c in critical):
            weighted[key] = None
        else:
            weighted[key] = max(
                s * critical[0] / c for s, c in zip(used, critical, strict=True) if c is not None
            )
    return max(used), weighted


def repartition(model: BreakRegression, breaks: tuple[int, ...]) -> tuple[int, ...]:
    """Re-estimate each break between its neighbours, as Bai (1997) does after a sequential search."""
    edges = [0, *breaks, model.n]
    found = []
    for k in range(1, len(edges) - 1):
        part = model.part(edges[k - 1], edges[k + 1])
        positions = free_positions((), part.n, part.min_length)
        if positions.size == 0:
            found.append(edges[k])
            continue
        scan = scan_break(part.y, np.column_stack([part.changing, part.common]), part.changing, positions)
        found.append(edges[k - 1] + int(positions[int(np.argmin(scan.ssr))]))
    return tuple(found)
