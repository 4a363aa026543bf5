"""The joint posterior of one series as values: one mixture per dating."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.domain import FloatArray
from analysis.interventions.dating import Dating
from analysis.interventions.design import Design
from analysis.interventions.joint.block import Evidence
from analysis.interventions.joint.quadratic_forms import LinearTotals
from analysis.numerics.conjugate import Coefficients
from analysis.numerics.mixture import StudentMixture
from analysis.numerics.noise import NoiseGrid, NoiseSample, covariance


@dataclass(frozen=True)
class DatingPosterior:
    """Posterior under one dating: a mixture over noise cells, decays and outlier factors.

    Attributes
    ----------
    dating : Dating
    log_marginal : float
        Log marginal likelihood of the dating, up to a constant common to all datings.
    weight : ndarray, shape (G,)
        Posterior weight of each point; sums to one.
    variant : ndarray of int, shape (G,)
        Variant of the design at each point.
    cell : ndarray of int, shape (G,)
        Noise cell at each point.
    factor : ndarray of int, shape (G,)
        Outlier-factor combination at each point.
    coefficients : Coefficients
        At each point.
    """

    dating: Dating
    log_marginal: float
    weight: FloatArray
    variant: NDArray[np.intp]
    cell: NDArray[np.intp]
    factor: NDArray[np.intp]
    coefficients: Coefficients

    def combination(self, weights: FloatArray) -> StudentMixture:
        """Return the posterior of ``weights @ beta``."""
        return StudentMixture(
            self.weight,
            self.coefficients.mean @ weights,
            self.coefficients.scale(weights),
            self.coefficients.dof,
        )

    @cached_property
    def mean(self) -> FloatArray:
        """Posterior mean of the coefficients, shape (p,)."""
        return np.asarray(self.weight @ self.coefficients.mean)

    def stationary_variance(self) -> float:
        """Posterior mean of the stationary variance."""
        c = self.coefficients
        return float(self.weight @ (c.rss / (c.dof - 2)))

    @cached_property
    def covariance(self) -> FloatArray:
        """Posterior covariance of the coefficients, shape (p, p)."""
        apart = self.coefficients.mean - self.mean
        within = np.einsum("g,gij->ij", self.weight, self.coefficients.covariance())
        return np.asarray(within + (self.weight[:, None] * apart).T @ apart)


@dataclass(frozen=True)
class StructuralPosterior:
    """The joint posterior of one series and design.

    Attributes
    ----------
    design : Design
    evidence : Evidence
    datings : tuple of DatingPosterior
    grid : NoiseGrid
        With `NoiseGrid.sigma2` where the measurement error makes the stationary variance a coordinate.
    sample : NoiseSample
    variance : float
        Posterior mean of the stationary variance in the first passes (s squared).
    outliers : tuple of int
        Calendar positions that may carry more variance.
    factors : ndarray, shape (F, J)
        Variance factors of each outlier combination.
    totals : LinearTotals or None
        The linearised totals.
    passes : int
    n_data : int
        Observations and totals.
    undiscounted : tuple of DatingPosterior
        The same without more variance for any period; empty where there are no outliers.
    """

    design: Design
    evidence: Evidence
    datings: tuple[DatingPosterior, ...]
    grid: NoiseGrid
    sample: NoiseSample
    variance: float
    outliers: tuple[int, ...]
    factors: FloatArray
    totals: LinearTotals | None
    passes: int
    n_data: int
    undiscounted: tuple[DatingPosterior, ...] = ()

    def dating(self, name: Dating) -> DatingPosterior:
        """Return the posterior under one dating; ``full`` stands for all where there is one only."""
        for posterior in self.datings:
            if posterior.dating == name:
                return posterior
        return self.datings[0]

    def precision(self) -> FloatArray:
        """Return the prior precision of the coefficients times the stationary variance, shape (p,).

        Where that is a coordinate of the grid the trend's entry awaits it.
        """
        precision = self.design.precision.copy()
        if self.design.trend_column is not None and self.grid.sigma2 is None:
            precision[self.design.trend_column] *= self.variance
        return precision

    def discounted(self, factor: int) -> FloatArray:
        """Return the variance that a combination adds to periods, over the stationary one."""
        extra = np.zeros(len(self.evidence.y))
        extra[list(self.outliers)] = self.factors[factor] - 1
        return extra

    def noise_covariance(self, cell: int, factor: int) -> tuple[FloatArray, FloatArray]:
        """Return the dense covariances of the level and of all noise at one point, each of shape (T, T)."""
        level, stationary = covariance(self.grid, cell, self.sample)
        sample = replace(self.sample, discounted=self.discounted(factor))
        error = sample.error(self.grid.take(np.array([cell])))[:, 0]
        return level, level + stationary + np.diag(error)
