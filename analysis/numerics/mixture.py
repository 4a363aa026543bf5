"""Finite mixtures of Student-t distributions: moments, distribution function, quantiles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.numerics.noise import FloatArray

MOST_STEPS = 100
NEWTON_STEP = 1e-6
"""A step of Newton's method below this share of the standard deviation leaves an error of its square."""
BISECTION_STEP = 1e-10
"""The same for a step that halves the bracket."""
SMALL_DOF = 30
"""Below these degrees of freedom the t distribution function is evaluated exactly."""
TINY = 1e-300


@dataclass(frozen=True, slots=True)
class StudentMixtures:
    """C mixtures of t distributions for each of S owners, over points that differ from owner to owner.

    Attributes
    ----------
    start : ndarray of int, shape (S + 1,)
        Points of owner s are ``start[s]:start[s + 1]``.
    weight : ndarray, shape (N,)
        Sums to one within an owner.
    centre, scale : ndarray, shape (N, C)
    dof : ndarray of int, shape (S,)
        More than 2.
    """

    start: NDArray[np.intp]
    weight: FloatArray
    centre: FloatArray
    scale: FloatArray
    dof: NDArray[np.intp]

    def moments(self) -> tuple[FloatArray, FloatArray]:
        """Return means and standard deviations, each of shape (S, C)."""
        owner = np.repeat(np.arange(len(self.dof)), np.diff(self.start))
        mean = self._total(self.weight[:, None] * self.centre)
        spread = self.scale**2 * (self.dof / (self.dof - 2))[owner, None] + (self.centre - mean[owner]) ** 2
        return mean, np.sqrt(self._total(self.weight[:, None] * spread))

    def interval(self, level: float) -> tuple[FloatArray, FloatArray]:
        """Return the ends of equal-tailed intervals of probability `level`, each of shape (S, C)."""
        return self.quantile(0.5 * (1 - level)), self.quantile(0.5 * (1 + level))

    def opposite_sign(self) -> FloatArray:
        """Return the probability that a value has not the sign of its mean, shape (S, C)."""
        mean, _ = self.moments()
        # Towards the mean every value is positive, so that small tails keep their digits.
        sign = np.where(mean > 0, 1.0, -1.0)
        turned = np.repeat(sign, np.diff(self.start), axis=0) * self.centre
        towards = StudentMixtures(self.start, self.weight, turned, self.scale, self.dof)
        return towards.below(np.zeros_like(mean))

    def below(self, x: FloatArray) -> FloatArray:
        """Return the probabilities of values at or below `x`, both of shape (S, C)."""
        return self._cdf_and_density(x)[0]

    def density(self, x: FloatArray) -> FloatArray:
        """Return the densities at `x`, both of shape (S, C)."""
        return self._cdf_and_density(x)[1]

    def quantile(self, probability: float) -> FloatArray:
        """Return quantiles, shape (S, C), by Newton's method, kept inside a bracket by bisection."""
        mean, sd = self.moments()
        dof = np.repeat(self.dof, np.diff(self.start))[:, None]
        ends = self.centre + self.scale * special.stdtrit(dof, probability)
        low = np.minimum.reduceat(ends, self.start[:-1], axis=0)
        high = np.maximum.reduceat(ends, self.start[:-1], axis=0)
        result = np.clip(mean + sd * special.ndtri(probability), low, high)
        active = np.arange(len(self.dof))
        part: StudentMixtures = self
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
            enough = np.where(inside, NEWTON_STEP, BISECTION_STEP) * sd[active]
            moving = (np.abs(following - x) > enough).any(axis=1)
            if not moving.any():
                break
            if not moving.all():
                active, part = active[moving], part.take(moving)
        return np.asarray(result)

    def take(self, owners: NDArray[np.bool_]) -> StudentMixtures:
        """Return the mixtures of some owners."""
        counts = np.diff(self.start)
        points = np.repeat(owners, counts)
        return StudentMixtures(
            np.append(0, np.cumsum(counts[owners])),
            self.weight[points],
            self.centre[points],
            self.scale[points],
            self.dof[owners],
        )

    def _total(self, values: FloatArray) -> FloatArray:
        return np.asarray(np.add.reduceat(values, self.start[:-1], axis=0))

    def _cdf_and_density(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        counts = np.diff(self.start)
        dof = np.repeat(self.dof, counts)[:, None].astype(np.float64)
        z = (np.repeat(x, counts, axis=0) - self.centre) / self.scale
        log_kernel = np.log1p(z * z / dof)
        half = 0.5 * (self.dof + 1.0)
        constant = np.exp(special.gammaln(half) - special.gammaln(0.5 * self.dof)) / np.sqrt(np.pi * self.dof)
        density = np.exp(-0.5 * (dof + 1) * log_kernel) / self.scale
        below = student_cdf(z, dof, log_kernel)
        return (
            self._total(self.weight[:, None] * below),
            constant[:, None] * self._total(self.weight[:, None] * density),
        )


@dataclass(frozen=True, slots=True)
class StudentMixture:
    """A mixture of t distributions with common degrees of freedom.

    Attributes
    ----------
    weight : ndarray, shape (G,)
        Sums to one.
    centre, scale : ndarray, shape (G,)
    dof : int
        More than 2.
    """

    weight: FloatArray
    centre: FloatArray
    scale: FloatArray
    dof: int

    def mean(self) -> float:
        """Return the mean."""
        return float(self.weight @ self.centre)

    def sd(self) -> float:
        """Return the standard deviation."""
        return float(self._alone.moments()[1][0, 0])

    def cdf(self, x: float) -> float:
        """Return the probability of a value at or below `x`."""
        return float(self._alone.below(np.array([[x]]))[0, 0])

    def survival(self, x: float) -> float:
        """Return the probability of a value above `x`."""
        return StudentMixture(self.weight, -self.centre, self.scale, self.dof).cdf(-x)

    def density(self, x: float) -> float:
        """Return the density at `x`."""
        return float(self._alone.density(np.array([[x]]))[0, 0])

    def quantile(self, probability: float) -> float:
        """Return a quantile."""
        return float(self._alone.quantile(probability)[0, 0])

    def interval(self, level: float) -> tuple[float, float]:
        """Return the equal-tailed interval of probability `level`."""
        return self.quantile(0.5 * (1 - level)), self.quantile(0.5 * (1 + level))

    @property
    def _alone(self) -> StudentMixtures:
        return alike(self.weight, self.centre[:, None], self.scale[:, None], self.dof)


def alike(weight: FloatArray, centre: FloatArray, scale: FloatArray, dof: int) -> StudentMixtures:
    """Return C mixtures with common weights, shape (N,), for centres and scales of shape (N, C)."""
    return StudentMixtures(np.array([0, len(weight)]), weight, centre, scale, np.array([dof]))


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
