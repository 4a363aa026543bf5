"""Finite mixtures of Student-t distributions: moments, distribution function, quantiles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from analysis.numerics.noise import FloatArray

MOST_STEPS = 100
NEWTON_STEP = 1e-7
"""A step below this share of the standard deviation leaves an error of its square."""
TINY = 1e-300


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
        spread = self.scale**2 * self.dof / (self.dof - 2) + (self.centre - self.mean()) ** 2
        return float(np.sqrt(self.weight @ spread))

    def cdf(self, x: float) -> float:
        """Return the probability of a value at or below `x`."""
        return float(self.weight @ special.stdtr(self.dof, (x - self.centre) / self.scale))

    def survival(self, x: float) -> float:
        """Return the probability of a value above `x`."""
        return float(self.weight @ special.stdtr(self.dof, (self.centre - x) / self.scale))

    def density(self, x: float) -> float:
        """Return the density at `x`."""
        z = (x - self.centre) / self.scale
        half = 0.5 * (self.dof + 1)
        constant = special.gammaln(half) - special.gammaln(0.5 * self.dof) - 0.5 * np.log(np.pi * self.dof)
        return float(self.weight @ (np.exp(constant - half * np.log1p(z**2 / self.dof)) / self.scale))

    def quantile(self, probability: float) -> float:
        """Return the quantile by Newton's method, kept inside a bracket by bisection."""
        ends = self.centre + self.scale * special.stdtrit(self.dof, probability)
        low, high = float(ends.min()), float(ends.max())
        sd = self.sd()
        x = min(max(self.mean() + sd * float(special.ndtri(probability)), low), high)
        for _ in range(MOST_STEPS):
            excess = self.cdf(x) - probability
            low, high = (low, x) if excess > 0 else (x, high)
            step = x - excess / max(self.density(x), TINY)
            following = step if low <= step <= high else 0.5 * (low + high)
            if abs(following - x) <= NEWTON_STEP * sd:
                return following
            x = following
        return x

    def interval(self, level: float) -> tuple[float, float]:
        """Return the equal-tailed interval of probability `level`."""
        return self.quantile(0.5 * (1 - level)), self.quantile(0.5 * (1 + level))
