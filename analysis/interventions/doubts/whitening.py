"""The joint model at its most likely noise, whitened: what the checks are computed from.

With the covariance ``V`` of the disturbance at the modal point of the noise and its Cholesky root ``L``,
data and columns are multiplied by the inverse of ``L``; proper priors are further rows. Every alternative to
one of the columns is then a least-squares problem in white noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from analysis.domain import FloatArray
from analysis.interventions.design import PINNED
from analysis.interventions.joint.posterior import DatingPosterior, StructuralPosterior


@dataclass(frozen=True)
class Whitened:
    """A model in white noise.

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
        Coefficients.
    sigma : float
        Standard deviation of the white noise.
    free : ndarray of bool, shape (p,)
        Coefficients that are not held at zero.
    dof : int
        Observations and totals less flat coefficients.
    """

    seen: NDArray[np.intp]
    root: FloatArray
    columns: FloatArray
    y: FloatArray
    mean: FloatArray
    sigma: float
    free: NDArray[np.bool_]
    dof: int

    @classmethod
    def of(cls, whole: StructuralPosterior, posterior: DatingPosterior) -> Whitened:
        """Whiten a fit at the heaviest point of its noise under one dating."""
        point = int(np.argmax(posterior.weight))
        seen = np.flatnonzero(whole.evidence.observed)
        cell = int(posterior.cell[point])
        _, noise = whole.noise_covariance(cell, int(posterior.factor[point]))
        root: FloatArray = np.asarray(np.linalg.cholesky(noise[np.ix_(seen, seen)]), dtype=np.float64)
        design = whole.design
        matrix = design.variants[int(posterior.variant[point])].columns[seen]
        white = linalg.solve_triangular(root, matrix, lower=True)
        y = linalg.solve_triangular(root, whole.evidence.y[seen], lower=True)
        precision = whole.precision()
        if design.trend_column is not None and whole.grid.sigma2 is not None:
            precision[design.trend_column] *= whole.grid.sigma2[cell]
        free = precision < PINNED
        prior = np.diag(np.sqrt(np.where(free, precision, 0.0)))
        c = posterior.coefficients
        return cls(
            seen,
            root,
            np.vstack([white, prior]),
            np.concatenate([y, np.zeros(len(precision))]),
            c.mean[point],
            float(np.sqrt(c.rss[point] / c.dof)),
            free,
            whole.n_data - int((precision == 0).sum()),
        )

    def whiten(self, columns: FloatArray) -> FloatArray:
        """Return further columns, shape (T, k), in the whitened model, shape (n + p, k)."""
        white = linalg.solve_triangular(self.root, columns[self.seen], lower=True)
        return np.vstack([white, np.zeros((self.columns.shape[1], columns.shape[1]))])

    def residual_maker(self, without: NDArray[np.intp]) -> FloatArray:
        """Return an orthonormal basis of the free columns but those left out, shape (n + p, r)."""
        keep = self.free.copy()
        keep[without] = False
        basis, _ = np.linalg.qr(self.columns[:, keep])
        return np.asarray(basis)

    def simulated(self, normal: FloatArray) -> FloatArray:
        """Return data of the fitted model at given standard normal values, shape (n + p, draws).

        Parameters
        ----------
        normal : ndarray, shape (n, draws)
        """
        n = len(self.seen)
        data = (self.columns @ self.mean)[:, None] + np.zeros((1, normal.shape[1]))
        data[:n] += self.sigma * normal
        data[n:] = 0.0
        return np.asarray(data)
