"""Normal-inverse-gamma regression given the noise parameters: exact Student-t coefficients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.numerics.filtering import QuadraticForms
from analysis.numerics.noise import FloatArray


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
        Observations less flat-prior coefficients.
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


def log_marginal(
    forms: QuadraticForms, columns: NDArray[np.intp], precision: FloatArray, dof: int
) -> FloatArray:
    """Return the log marginal likelihood of each cell, up to a constant common to equal `precision`.

    Flat priors on coefficients of zero precision (hence the restricted likelihood), ``1/sigma2`` on the
    stationary variance.

    Parameters
    ----------
    forms : QuadraticForms
    columns : ndarray of int, shape (p + 1,)
        Positions of the regressors, and last of ``y``, in the products.
    precision : ndarray, shape (p,)
        Prior precision of the coefficients times the stationary variance; 0 is flat.
    dof : int
        Observations less flat-prior coefficients.
    """
    factor, scale = _factor(forms, columns, precision)
    diagonal = np.log(np.diagonal(factor, axis1=1, axis2=2)) + np.log(scale)
    proper = 0.5 * float(np.log(precision[precision > 0]).sum())
    return np.asarray(proper - 0.5 * forms.logdet - diagonal[:, :-1].sum(axis=1) - dof * diagonal[:, -1])


def coefficients(
    forms: QuadraticForms, columns: NDArray[np.intp], precision: FloatArray, dof: int
) -> Coefficients:
    """Return the posterior of the coefficients in each cell; parameters as in `log_marginal`."""
    factor, scale = _factor(forms, columns, precision)
    p = len(columns) - 1
    root = lower_inverse(factor[:, :p, :p]).transpose(0, 2, 1) / scale[:, :p, None]
    mean = (root @ factor[:, p, :p, None])[:, :, 0] * scale[:, p, None]
    rss = (factor[:, p, p] * scale[:, p]) ** 2
    return Coefficients(mean, root, rss, dof)


def lower_inverse(factor: FloatArray) -> FloatArray:
    """Return the inverse of each lower triangular matrix, shape (G, p, p), row by row for all at once."""
    inverse = np.zeros_like(factor)
    for i in range(factor.shape[1]):
        inverse[:, i, i] = 1 / factor[:, i, i]
        known = factor[:, i, None, :i] @ inverse[:, :i, :i]
        inverse[:, i, :i] = -inverse[:, i, i, None] * known[:, 0]
    return inverse


def _factor(
    forms: QuadraticForms, columns: NDArray[np.intp], precision: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Cholesky factor of the scaled ``[X y]'V^-1[X y]`` plus prior precision, and the scales."""
    gram = forms.products.take(columns, axis=1).take(columns, axis=2)
    steps = np.arange(len(precision))
    gram[:, steps, steps] += precision
    scale = np.sqrt(np.diagonal(gram, axis1=1, axis2=2))
    unit = 1 / scale
    gram *= unit[:, :, None]
    gram *= unit[:, None, :]
    return np.asarray(np.linalg.cholesky(gram), dtype=np.float64), scale
