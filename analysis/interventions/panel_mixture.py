"""Posteriors of many series as ragged mixtures of Student-t points; vectorised moments and quantiles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.domain import FloatArray

MOST_STEPS = 100
QUANTILE_STEP = 1e-4
"""Newton's method ends at a step below this share of the standard deviation: the error is of its square."""
BISECTION_STEP = 1e-8
"""The same for a step that halves the bracket."""
SMALL_DOF = 30
"""Below these degrees of freedom the t distribution function is evaluated exactly."""
TINY = 1e-300


@dataclass(frozen=True, slots=True)
class PanelMixture:
    """The coefficients of the events of many series, each a mixture over its own points.

    Attributes
    ----------
    start : ndarray of int, shape (S + 1,)
        Points of series s are ``start[s]:start[s + 1]``.
    weight : ndarray, shape (N,)
        Sums to one within a series.
    mean : ndarray, shape (N, E)
    root : ndarray, shape (N, E, E)
        ``root @ root.T`` is the posterior scale matrix over ``rss / dof``.
    variance : ndarray, shape (N,)
        ``rss / dof`` at each point.
    dof : ndarray of int, shape (S,)
    """

    start: NDArray[np.intp]
    weight: FloatArray
    mean: FloatArray
    root: FloatArray
    variance: FloatArray
    dof: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.dof)

    @property
    def owner(self) -> NDArray[np.intp]:
        """Series of each point, shape (N,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.start))

    def total(self, values: FloatArray) -> FloatArray:
        """Return sums over the points of each series, shape (S, ...)."""
        return np.asarray(np.add.reduceat(values, self.start[:-1], axis=0))

    def centre(self) -> FloatArray:
        """Return posterior means, shape (S, E)."""
        return self.total(self.weight[:, None] * self.mean)

    def covariance(self) -> FloatArray:
        """Return posterior covariances, shape (S, E, E)."""
        apart = self.mean - self.centre()[self.owner]
        inflation = self.variance * (self.dof / (self.dof - 2))[self.owner]
        scaled = np.sqrt(self.weight * inflation)[:, None, None] * self.root
        leaning = np.sqrt(self.weight)[:, None] * apart
        products = scaled @ scaled.transpose(0, 2, 1) + leaning[:, :, None] * leaning[:, None, :]
        return self.total(products)

    def contrast(self, weights: FloatArray) -> Marginals:
        """Return the posteriors of ``weights @ beta``, for contrasts of shape (C, E)."""
        scale = np.linalg.norm(weights @ self.root, axis=2) * np.sqrt(self.variance)[:, None]
        return Marginals(self.start, self.weight, self.mean @ weights.T, scale, self.dof)


@dataclass(frozen=True, slots=True)
class Marginals:
    """One-dimensional mixtures: C contrasts of each of S series.

    Attributes
    ----------
    start : ndarray of int, shape (S + 1,)
    weight : ndarray, shape (N,)
    centre, scale : ndarray, shape (N, C)
    dof : ndarray of int, shape (S,)
    """

    start: NDArray[np.intp]
    weight: FloatArray
    centre: FloatArray
    scale: FloatArray
    dof: NDArray[np.intp]

    def moments(self) -> tuple[FloatArray, FloatArray]:
        """Return means and standard deviations, each of shape (S, C)."""
        first = self.start[:-1]
        owner = np.repeat(np.arange(len(self.dof)), np.diff(self.start))
        mean = np.asarray(np.add.reduceat(self.weight[:, None] * self.centre, first, axis=0))
        spread = self.scale**2 * (self.dof / (self.dof - 2))[owner, None] + (self.centre - mean[owner]) ** 2
        return mean, np.sqrt(np.add.reduceat(self.weight[:, None] * spread, first, axis=0))

    def interval(self, level: float) -> tuple[FloatArray, FloatArray]:
        """Return the ends of equal-tailed intervals of probability `level`, each of shape (S, C)."""
        return self.quantile(0.5 * (1 - level)), self.quantile(0.5 * (1 + level))

    def opposite_sign(self) -> FloatArray:
        """Return the probability that a contrast has not the sign of its mean, shape (S, C)."""
        mean, _ = self.moments()
        sign = np.where(mean > 0, 1.0, -1.0)
        # Towards the mean every contrast is positive, so that small tails keep their digits.
        turned = np.repeat(sign, np.diff(self.start), axis=0) * self.centre
        towards = Marginals(self.start, self.weight, turned, self.scale, self.dof)
        return towards.below(np.zeros_like(mean))

    def below(self, x: FloatArray) -> FloatArray:
        """Return the probabilities of values at or below `x`, both of shape (S, C)."""
        return self._cdf_and_density(x)[0]

    def quantile(self, probability: float) -> FloatArray:
        """Return quantiles, shape (S, C), by Newton's method inside a bracket."""
        mean, sd = self.moments()
        result = mean + sd * special.ndtri(probability)
        ends = self.centre + self.scale * special.stdtrit(self._dof_of_points(), probability)[:, None]
        low = np.minimum.reduceat(ends, self.start[:-1], axis=0)
        high = np.maximum.reduceat(ends, self.start[:-1], axis=0)
        result = np.clip(result, low, high)
        active = np.arange(len(self.dof))
        part: Marginals = self
        for _ in range(MOST_STEPS):
            x = result[active]
            below, density = part._cdf_and_density(x)
            excess = below - probability
            low[active] = np.where(excess > 0, low[active], x)
            high[active] = np.where(excess > 0, x, high[active])
            step = x - excess / np.maximum(density, TINY)
            inside = (step >= low[active]) & (step <= high[active])
            following = np.where(inside, step, 0.5 * (low[active] + high[active]))
            result[active] = following
            enough = np.where(inside, QUANTILE_STEP, BISECTION_STEP) * sd[active]
            moving = (np.abs(following - x) > enough).any(axis=1)
            if not moving.any():
                break
            if not moving.all():
                active = active[moving]
                part = part.take(moving)
        return np.asarray(result)

    def take(self, series: NDArray[np.bool_]) -> Marginals:
        """Return the mixtures of some series."""
        counts = np.diff(self.start)
        points = np.repeat(series, counts)
        return Marginals(
            np.append(0, np.cumsum(counts[series])),
            self.weight[points],
            self.centre[points],
            self.scale[points],
            self.dof[series],
        )

    def _dof_of_points(self) -> FloatArray:
        return np.repeat(self.dof, np.diff(self.start)).astype(np.float64)

    def _cdf_and_density(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        counts = np.diff(self.start)
        dof = self._dof_of_points()[:, None]
        z = (np.repeat(x, counts, axis=0) - self.centre) / self.scale
        log_kernel = np.log1p(z * z / dof)
        half = 0.5 * (self.dof + 1)
        constant = np.exp(special.gammaln(half) - special.gammaln(0.5 * self.dof)) / np.sqrt(np.pi * self.dof)
        density = np.exp(-0.5 * (dof + 1) * log_kernel) / self.scale
        below = student_cdf(z, dof, log_kernel)
        first = self.start[:-1]
        return (
            np.add.reduceat(self.weight[:, None] * below, first, axis=0),
            constant[:, None] * np.add.reduceat(self.weight[:, None] * density, first, axis=0),
        )


def student_cdf(z: FloatArray, dof: FloatArray, log_kernel: FloatArray) -> FloatArray:
    """Return the t distribution function, to six digits, from its normal transform.

    Parameters
    ----------
    z, dof, log_kernel : ndarray
        Points, degrees of freedom, ``ln(1 + z**2 / dof)``.

    References
    ----------
    Hill (1970), Algorithm 395, Communications of the ACM 13, 617-619.
    """
    if dof.min() < SMALL_DOF:
        return np.asarray(special.stdtr(dof, z))
    a = dof - 0.5
    b = 48.0 * a * a
    y = a * log_kernel
    series = (((-0.4 * y - 3.3) * y - 24.0) * y - 85.5) / (0.8 * y * y + 100.0 + b) + y + 3.0
    normal = (series / b + 1.0) * np.sqrt(y)
    return np.asarray(special.ndtr(np.copysign(normal, z)))
