"""The joint model whitened at some points of its noise: what the checks are computed from.

With the covariance ``V`` of the disturbance at a point of the noise and its Cholesky root ``L``, data and
columns are multiplied by the inverse of ``L``; proper priors are further rows. Every alternative to one of
the columns is then a least-squares problem in white noise.

The first point is the heaviest of the fit. A wrong date or shape makes a random walk of what it leaves over,
and at such a point nothing can be told; so the others are quiet: no walk, a steady slope, AR(1) noise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from analysis.domain import FloatArray
from analysis.interventions.design import PINNED
from analysis.interventions.joint.posterior import DatingPosterior, StructuralPosterior
from analysis.numerics.noise import KAPPA, LOG_SLOPE, NoiseGrid

QUIET_RHO = (0.2, 0.6)
"""AR(1) coefficients of the quiet points."""


@dataclass(frozen=True)
class Whitened:
    """A model in white noise, at one point.

    Attributes
    ----------
    seen : ndarray of int, shape (n,)
        Calendar positions observed.
    root : ndarray, shape (n, n)
        Cholesky root of the covariance over the stationary variance.
    columns : ndarray, shape (n + p, p)
        Whitened columns, and one row for the prior of each coefficient.
    y : ndarray, shape (n + p,)
    mean : ndarray, shape (p,)
        Coefficients of the fit.
    sigma : float
        Standard deviation of the white noise in the fit.
    free : ndarray of bool, shape (p,)
        Coefficients that are not held at zero.
    dof : int
        Observations and totals less flat coefficients.
    height : float
        What the restricted log likelihood has beside ``-dof / 2`` times the log of the residual sum of
        squares.
    """

    seen: NDArray[np.intp]
    root: FloatArray
    columns: FloatArray
    y: FloatArray
    mean: FloatArray
    sigma: float
    free: NDArray[np.bool_]
    dof: int
    height: float

    @classmethod
    def points(
        cls, whole: StructuralPosterior, posterior: DatingPosterior, near: NDArray[np.bool_]
    ) -> tuple[Whitened, ...]:
        """Whiten a fit at the heaviest point of its noise under one dating, and at the quiet points.

        Parameters
        ----------
        whole : StructuralPosterior
        posterior : DatingPosterior
            The dating.
        near : ndarray of bool, shape (T,)
            Periods around events, in which no outlier is discounted: a wrong date or shape makes some there.
        """
        top = int(np.argmax(posterior.weight))
        cell = int(posterior.cell[top])
        kept = whole.factors[int(posterior.factor[top])].copy()
        kept[[bool(near[t]) for t in whole.outliers]] = 1.0
        whole = replace(whole, factors=kept[None])
        quiet = replace(whole, grid=_quiet(whole.grid, cell))
        _, noise = whole.noise_covariance(cell, 0)
        return (
            cls._at(whole, posterior, noise, cell),
            *(cls._at(quiet, posterior, quiet.noise_covariance(k, 0)[1], k) for k in range(len(quiet.grid))),
        )

    @classmethod
    def _at(
        cls, whole: StructuralPosterior, posterior: DatingPosterior, noise: FloatArray, cell: int
    ) -> Whitened:
        top = int(np.argmax(posterior.weight))
        seen = np.flatnonzero(whole.evidence.observed)
        root: FloatArray = np.asarray(np.linalg.cholesky(noise[np.ix_(seen, seen)]), dtype=np.float64)
        design = whole.design
        matrix = design.variants[int(posterior.variant[top])].columns[seen]
        white = linalg.solve_triangular(root, matrix, lower=True)
        y = linalg.solve_triangular(root, whole.evidence.y[seen], lower=True)
        precision = whole.precision()
        if design.trend_column is not None and whole.grid.sigma2 is not None:
            precision[design.trend_column] *= whole.grid.sigma2[cell]
        free = precision < PINNED
        stacked = np.vstack([white, np.diag(np.sqrt(np.where(free, precision, 0.0)))])
        c = posterior.coefficients
        size = np.abs(np.diag(np.linalg.qr(stacked[:, free], mode="r")))
        return cls(
            seen,
            root,
            stacked,
            np.concatenate([y, np.zeros(len(precision))]),
            c.mean[top],
            float(np.sqrt(c.rss[top] / c.dof)),
            free,
            whole.n_data - int((precision == 0).sum()),
            -float(np.log(np.diag(root)).sum() + np.log(np.maximum(size, 1e-300)).sum()),
        )

    def whiten(self, columns: FloatArray) -> FloatArray:
        """Return further columns, shape (T, k), in the whitened model, shape (n + p, k)."""
        return self.observed(columns[self.seen])

    def observed(self, values: FloatArray) -> FloatArray:
        """Return values of the observed periods, shape (n, k), in the whitened model, shape (n + p, k)."""
        white = linalg.solve_triangular(self.root, values, lower=True)
        return np.vstack([white, np.zeros((self.columns.shape[1], values.shape[1]))])

    def residual_maker(self, without: NDArray[np.intp]) -> FloatArray:
        """Return an orthonormal basis of the free columns but those left out, shape (n + p, r)."""
        keep = self.free.copy()
        keep[without] = False
        basis, _ = np.linalg.qr(self.columns[:, keep])
        return np.asarray(basis)

    def likelihood(self, rss: FloatArray) -> FloatArray:
        """Return the restricted log likelihood for some residual sums of squares."""
        return self.height - 0.5 * self.dof * np.log(np.maximum(rss, 1e-300))

    def data(self, normal: FloatArray) -> FloatArray:
        """Return the series and draws of the fitted model, observed periods only, shape (n, 1 + draws).

        Parameters
        ----------
        normal : ndarray, shape (n, draws)
            Standard normal values.
        """
        n = len(self.seen)
        drawn = (self.columns[:n] @ self.mean)[:, None] + self.sigma * normal
        return np.asarray(self.root @ np.column_stack([self.y[:n], drawn]))


def _quiet(grid: NoiseGrid, cell: int) -> NoiseGrid:
    """Return points without walk, of steady slope, with the regimes and the variance of a cell."""
    own = grid.midpoint[cell]
    middle = np.tile(own, (len(QUIET_RHO), 1))
    middle[:, :KAPPA] = [[own[0], -np.log1p(-rho), LOG_SLOPE[0]] for rho in QUIET_RHO]
    ones = np.ones(len(QUIET_RHO))
    return NoiseGrid(
        middle,
        middle,
        ones,
        ones > 0,
        ones,
        None if grid.sigma2 is None else grid.sigma2[cell] * ones,
    )
