"""Normal-inverse-gamma regression given the noise parameters: exact Student-t coefficients.

Systems are the matrices ``[X y]'V^-1[X y]`` plus the prior precision of the coefficients, for many series and
noise cells at once. The cells come last, so that a step of the factorisation works on whole rows of memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.numerics.noise import FloatArray

KNOWN_VARIANCE_DOF = 2**24
"""Degrees of freedom that stand for a known variance: the t and the normal distribution agree to 1e-7."""


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Posterior of the coefficients in each cell.

    Given the cell, ``beta ~ Student-t(mean, rss / dof * root root', dof)``.

    Attributes
    ----------
    mean : ndarray, shape (G, p)
    root : ndarray, shape (G, p, p)
        ``root @ root.T`` is the inverse of ``X'V^-1X`` plus the prior precision.
    rss : ndarray, shape (G,)
    dof : int
        Observations less flat-prior coefficients; `KNOWN_VARIANCE_DOF` where the stationary variance is a
        coordinate of the grid, and ``rss / dof`` is that variance.
    """

    mean: FloatArray
    root: FloatArray
    rss: FloatArray
    dof: int

    def scale(self, weights: FloatArray) -> FloatArray:
        """Return the t scale of ``weights @ beta`` in each cell, shape (G,), for weights of shape (p,)."""
        return np.asarray(np.sqrt(self.rss / self.dof) * np.linalg.norm(weights @ self.root, axis=1))

    def covariance(self) -> FloatArray:
        """Return the posterior covariance of the coefficients in each cell, shape (G, p, p)."""
        return (self.rss / (self.dof - 2))[:, None, None] * (self.root @ self.root.transpose(0, 2, 1))


def cholesky_in_place(system: FloatArray) -> None:
    """Overwrite the lower triangles of symmetric matrices with their Cholesky factors.

    Parameters
    ----------
    system : ndarray, shape (N, k, k, G)
        N * G matrices; only lower triangles are read. A matrix that is not positive definite becomes NaN.
    """
    width = system.shape[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        for j in range(width):
            pivot = np.sqrt(system[:, j, j])
            system[:, j, j] = pivot
            if j + 1 == width:
                break
            system[:, j + 1 :, j] /= pivot[:, None]
            for i in range(j + 1, width):
                system[:, i, j + 1 : i + 1] -= system[:, i, j][:, None] * system[:, j + 1 : i + 1, j]


def log_marginal(
    factor: FloatArray,
    logdet: FloatArray,
    precision: FloatArray,
    dof: FloatArray | int,
    sigma2: FloatArray | None = None,
) -> FloatArray:
    """Return log marginal likelihoods, up to a constant common to all systems of the same data.

    Flat priors on coefficients of zero precision (hence the restricted likelihood), ``1/sigma2`` on the
    stationary variance; where that is known, the likelihood given it.

    Parameters
    ----------
    factor : ndarray, shape (N, k + 1, k + 1, G)
        Cholesky factors of the systems, the series last.
    logdet : ndarray, shape (G,)
        ``ln|V|``, with that of the columns eliminated before.
    precision : ndarray, shape (N, k) or (N, k, G)
        Prior precision of the coefficients times the stationary variance; 0 is flat.
    dof : int or ndarray, shape (N, 1)
        Observations less flat-prior coefficients.
    sigma2 : ndarray, shape (G,), optional
        Known stationary variance.
    """
    precision = precision if precision.ndim == 3 else precision[:, :, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        pivots = np.log(np.diagonal(factor, axis1=1, axis2=2))
        proper = np.log(np.where(precision > 0, precision, 1.0)).sum(axis=1)
        common = 0.5 * proper - 0.5 * logdet - pivots[:, :, :-1].sum(axis=2)
        if sigma2 is None:
            return np.asarray(common - dof * pivots[:, :, -1])
        rss = factor[:, -1, -1] ** 2
        return np.asarray(common - 0.5 * dof * np.log(sigma2) - 0.5 * rss / sigma2)


def coefficients(factor: FloatArray, dof: int, sigma2: FloatArray | None = None) -> Coefficients:
    """Return the posterior of the coefficients at some points.

    Parameters
    ----------
    factor : ndarray, shape (P, p + 1, p + 1)
        Cholesky factors of the systems, or their trailing blocks: the last coefficients depend on nothing
        else.
    dof : int
    sigma2 : ndarray, shape (P,), optional
        Known stationary variance of each point.
    """
    p = factor.shape[1] - 1
    root = lower_inverse(factor[:, :p, :p]).transpose(0, 2, 1)
    mean = (root @ factor[:, p, :p, None])[:, :, 0]
    if sigma2 is None:
        return Coefficients(mean, root, factor[:, p, p] ** 2, dof)
    return Coefficients(mean, root, sigma2 * KNOWN_VARIANCE_DOF, KNOWN_VARIANCE_DOF)


def lower_inverse(factor: FloatArray) -> FloatArray:
    """Return the inverse of each lower triangular matrix, shape (G, p, p), row by row for all at once."""
    inverse = np.zeros_like(factor)
    for i in range(factor.shape[1]):
        inverse[:, i, i] = 1 / factor[:, i, i]
        known = factor[:, i, None, :i] @ inverse[:, :i, :i]
        inverse[:, i, :i] = -inverse[:, i, i, None] * known[:, 0]
    return inverse
