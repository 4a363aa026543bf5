"""Gaussian likelihood of given sets of elements, AR(1) errors estimated with each, many series at once.

A step at τ is, whitened, one corner at τ and the whitened column after it; a dip is the difference of two
steps. So the inner products of every possible element with the other regressors and with the series come from
one table of sums from the end, and a set of K elements costs an elimination of K columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.numerics.break_likelihood import JITTER, WhiteningGrid, peak, rho_grid
from analysis.numerics.element_search import ElementSets
from analysis.numerics.least_squares import RANK_TOLERANCE, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class SetLikelihood:
    """Of C candidates for each of S series.

    Attributes
    ----------
    loglik : FloatArray
        Maximised over ρ and all coefficients, shape (C, S).
    rho, reml : FloatArray
        Maximum likelihood and restricted maximum likelihood estimates of ρ, shape (C, S).
    """

    loglik: FloatArray
    rho: FloatArray
    reml: FloatArray


class ElementTables:
    """Inner products of all steps of one design, for S series."""

    def __init__(
        self,
        y: FloatArray,
        base: FloatArray,
        column: FloatArray,
        calendar: IntArray,
        log_weights: float = 0.0,
    ) -> None:
        """Tabulate.

        Parameters
        ----------
        y : FloatArray
            Shape (n, S).
        base : FloatArray
            Columns without elements, full rank, shape (n, k).
        column : FloatArray
            The column whose coefficient an element moves, shape (n,).
        calendar : IntArray
            Shape (n,).
        log_weights : float
            Sum of the logarithms of what the observations were multiplied by.
        """
        n, k = base.shape
        self.n, self.k, self.log_weights = n, k, log_weights
        self.z = rho_grid(n)
        white = WhiteningGrid.of(self.z, calendar)
        columns = white.apply(base)
        gram = columns.transpose(0, 2, 1) @ columns
        diagonal = np.einsum("jii->ji", gram)
        diagonal += JITTER * diagonal.max(axis=1, keepdims=True)
        triangle = np.linalg.cholesky(gram)
        basis = np.linalg.solve(triangle, columns.transpose(0, 2, 1))
        residual = white.apply(y)
        residual -= basis.transpose(0, 2, 1) @ (basis @ residual)
        self.null = np.maximum(np.einsum("jtr,jtr->jr", residual, residual), np.finfo(float).tiny)
        self.jacobian = white.log_jacobian
        self.restricted = self.jacobian - np.sum(np.log(np.einsum("jii->ji", triangle)), axis=1)
        own = white.weight * column
        shifted = np.concatenate([[0.0], column[:-1]])
        whole = own - white.weight * white.factor * shifted
        self.scores = _steps(own, whole, residual)
        self.across = _steps(own, whole, basis.transpose(0, 2, 1))
        squares = _after(whole**2)
        self.same = np.concatenate([own**2 + squares, np.zeros((self.z.size, 1))], axis=1)
        self.cross = np.concatenate([own * whole + squares, np.zeros((self.z.size, 1))], axis=1)

    def likelihood(self, sets: ElementSets) -> SetLikelihood:
        """Return the likelihood of candidates for each series.

        Parameters
        ----------
        sets : ElementSets
            Shape (C, S, K).
        """
        starts, ends = sets.starts, sets.ends
        count, series, slots = starts.shape
        number = np.arange(series)
        score = [
            self.scores[:, starts[:, :, i], number] - self.scores[:, ends[:, :, i], number]
            for i in range(slots)
        ]
        across = [self.across[:, starts[:, :, i]] - self.across[:, ends[:, :, i]] for i in range(slots)]
        gram = {}
        for i in range(slots):
            for j in range(i, slots):
                inner = (
                    self._inner(starts[:, :, i], starts[:, :, j])
                    - self._inner(starts[:, :, i], ends[:, :, j])
                    - self._inner(ends[:, :, i], starts[:, :, j])
                    + self._inner(ends[:, :, i], ends[:, :, j])
                )
                reduced = inner - np.einsum("jcsp,jcsp->jcs", across[i], across[j])
                if i == j:
                    reduced = np.maximum(reduced, RANK_TOLERANCE * inner)
                gram[i, j] = reduced
        gain = np.zeros((self.z.size, count, series))
        volume = np.zeros_like(gain)
        for i in range(slots):
            there = starts[:, :, i] < self.n
            pivot = np.where(there & (gram[i, i] > 0), gram[i, i], 1.0)
            gain += np.where(there, score[i] ** 2 / pivot, 0.0)
            volume += np.where(there, np.log(pivot), 0.0)
            for j in range(i + 1, slots):
                share = gram[i, j] / pivot
                score[j] = score[j] - share * score[i]
                for m in range(j, slots):
                    left = gram[j, m] - share * gram[i, m]
                    gram[j, m] = np.maximum(left, RANK_TOLERANCE * gram[j, m]) if m == j else left
        left = np.maximum(
            self.null[:, None] - gain, RANK_TOLERANCE**2 * self.null[:, None] + np.finfo(float).tiny
        )
        shape = (self.z.size, count * series)
        used = np.sum(starts < self.n, axis=2).ravel()
        flat = left.reshape(shape)
        loglik, rho = peak(flat, self.jacobian, self.n, self.z)
        offset = self.restricted[:, None] - volume.reshape(shape) / 2
        reml = peak(flat, offset, self.n - self.k - used, self.z)[1]
        constant = self.log_weights - self.n / 2 * (np.log(2 * np.pi) + 1 - np.log(self.n))
        wide = (count, series)
        return SetLikelihood(
            loglik.reshape(wide) + constant, rho.reshape(wide), np.asarray(reml).reshape(wide)
        )

    def _inner(self, one: IntArray, two: IntArray) -> FloatArray:
        later = np.maximum(one, two)
        inner: FloatArray = np.where(one == two, self.same[:, later], self.cross[:, later])
        return inner


def _after(values: FloatArray) -> FloatArray:
    """Sum behind each position along the second axis, that position left out."""
    sums = np.cumsum(values, axis=1)
    return sums[:, -1:] - sums


def _steps(own: FloatArray, whole: FloatArray, values: FloatArray) -> FloatArray:
    """Inner products of the steps at 0, ..., n with `values`, shape (J, n + 1, c); the last is zero."""
    sums = _after(whole[:, :, None] * values) + own[:, :, None] * values
    return np.concatenate([sums, np.zeros_like(sums[:, :1])], axis=1)
