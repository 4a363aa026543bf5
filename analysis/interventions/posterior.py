"""The joint posterior as values: one mixture per dating over noise cells, decays and outlier factors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.domain import FloatArray
from analysis.interventions.dating import Dating
from analysis.interventions.design import Design
from analysis.interventions.totals import Totals
from analysis.numerics.conjugate import Coefficients
from analysis.numerics.mixture import StudentMixture
from analysis.numerics.noise import NoiseGrid, NoiseSample

DENSE_PERIODS = 600
"""Up to so many periods dense covariances are factored, which is quicker there; beyond, they are filtered."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the model is fitted to.

    Attributes
    ----------
    y : ndarray, shape (T,)
        On the model's scale; NaN where unobserved.
    error : ndarray, shape (T,)
        Standard deviation of the measurement error on the model's scale.
    regime : ndarray of int, shape (T,)
        0 outside declared regimes.
    totals : Totals or None
        Sums over spans, for the log scale.
    quiet : ndarray of bool, shape (T,)
        Periods in which no outlier is looked for (regimes and transitions of events).
    """

    y: FloatArray
    error: FloatArray
    regime: NDArray[np.intp]
    totals: Totals | None
    quiet: NDArray[np.bool_]

    @property
    def observed(self) -> NDArray[np.bool_]:
        """Positions with a value, shape (T,)."""
        return np.isfinite(self.y)

    @property
    def regimes(self) -> int:
        """Number of declared regimes."""
        return int(self.regime.max(initial=0))


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
    sample : NoiseSample
    variance : float
        Posterior mean of the stationary variance in the first pass (s squared).
    outliers : tuple of int
        Calendar positions that may carry more variance.
    factors : ndarray, shape (F, J)
        Variance factors of each outlier combination.
    total_rows : ndarray or None
        The linearised totals: shape (J, T) weights on the months.
    total_values : ndarray or None
        Their linearised values, shape (J,).
    passes : int
    """

    design: Design
    evidence: Evidence
    datings: tuple[DatingPosterior, ...]
    grid: NoiseGrid
    sample: NoiseSample
    variance: float
    outliers: tuple[int, ...]
    factors: FloatArray
    total_rows: FloatArray | None
    total_values: FloatArray | None
    passes: int

    @property
    def dense(self) -> bool:
        """Whether dense covariances are used: short series, and levels whose slope wanders."""
        return len(self.evidence.observed) <= DENSE_PERIODS or bool(self.grid.slope.any())

    def dating(self, name: Dating) -> DatingPosterior:
        """Return the posterior under one dating; ``full`` stands for all where there is one only."""
        for posterior in self.datings:
            if posterior.dating == name:
                return posterior
        return self.datings[0]
