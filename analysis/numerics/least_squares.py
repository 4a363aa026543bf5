"""Least squares by pivoted QR with a rank report; no explicit inverse anywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr, solve_triangular

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

RANK_TOLERANCE = 1e-10
"""A column whose part outside the others is below this share of its norm adds no rank."""


@dataclass(frozen=True, slots=True)
class LeastSquares:
    """Result of one regression.

    Attributes
    ----------
    params : FloatArray
        Coefficients, shape (k,); 0 for a dropped column.
    residuals : FloatArray
        Shape (n,).
    ssr : float
        Sum of squared residuals.
    rank : int
        Numerical rank of the design.
    kept, dropped : tuple of int
        Columns that carry a coefficient, and those that the kept ones span.
    triangle : FloatArray
        Upper triangular R of the kept columns, shape (rank, rank), in the order of `kept`.
    """

    params: FloatArray
    residuals: FloatArray
    ssr: float
    rank: int
    kept: tuple[int, ...]
    dropped: tuple[int, ...]
    triangle: FloatArray

    def sandwich(self, meat: FloatArray) -> FloatArray:
        """Return (X'X)⁻¹ M (X'X)⁻¹ on the kept columns, shape (rank, rank).

        Parameters
        ----------
        meat : FloatArray
            M, shape (rank, rank).
        """
        left = solve_gram(self.triangle, meat)
        return solve_gram(self.triangle, left.T)


def solve_gram(triangle: FloatArray, right: FloatArray) -> FloatArray:
    """Solve R'R x = b for x by two triangular solves."""
    half = solve_triangular(triangle, right, trans="T")
    solution: FloatArray = solve_triangular(triangle, half)
    return solution


def _pivoted(design: FloatArray, tolerance: float) -> tuple[FloatArray, FloatArray, IntArray, int]:
    norms = np.sqrt(np.einsum("ij,ij->j", design, design))
    scale = np.where(norms > 0, norms, 1.0)
    q, r, pivot = qr(design / scale, mode="economic", pivoting=True)
    diagonal = np.abs(np.diag(r))
    rank = int(np.sum(diagonal > tolerance * max(1.0, float(diagonal[0]) if diagonal.size else 0.0)))
    return q[:, :rank], r[:rank, :rank] * scale[pivot[:rank]], pivot, rank


def least_squares(y: FloatArray, design: FloatArray, tolerance: float = RANK_TOLERANCE) -> LeastSquares:
    """Regress `y` on the columns of `design`, dropping columns that add no rank.

    Parameters
    ----------
    y : FloatArray
        Shape (n,).
    design : FloatArray
        Shape (n, k), k ≥ 0.
    tolerance : float
        Relative tolerance of the rank decision.
    """
    k = design.shape[1]
    if k == 0:
        return LeastSquares(np.empty(0), y.copy(), float(y @ y), 0, (), (), np.empty((0, 0)))
    q, r, pivot, rank = _pivoted(design, tolerance)
    params = np.zeros(k)
    kept = pivot[:rank]
    if rank:
        params[kept] = solve_triangular(r, q.T @ y)
    residuals = y - q @ (q.T @ y)
    return LeastSquares(
        params,
        residuals,
        float(residuals @ residuals),
        rank,
        tuple(int(i) for i in kept),
        tuple(sorted(int(i) for i in pivot[rank:])),
        r,
    )


def orthonormal_basis(design: FloatArray, tolerance: float = RANK_TOLERANCE) -> FloatArray:
    """Return an orthonormal basis of the column space of `design`, shape (n, rank)."""
    if design.shape[1] == 0:
        return np.empty((design.shape[0], 0))
    return _pivoted(design, tolerance)[0]
