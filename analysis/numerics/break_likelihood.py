"""Gaussian likelihood of one further break at every date, with AR(1) errors estimated at each.

Missing periods stay in the calendar: two observations g periods apart have correlation ρ^g.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.numerics.least_squares import RANK_TOLERANCE, FloatArray, IntArray

LOWEST_Z, HIGHEST_Z = -1.2, 2.8
"""Range of atanh ρ that is searched: ρ from -0.83 to 0.993."""

COARSEST_STEP = 0.1
"""In atanh ρ; two standard errors of ρ at n = 400, finer for longer series."""

PEAK_ERROR = 0.01
"""How far the parabola is from the maximum: at most 0.0052 on 903 profiles of 40 observations."""

JITTER = 1e-13
"""Share of the largest diagonal added to the normal equations, so that rounding cannot break them."""


@dataclass(frozen=True, slots=True)
class BreakLikelihood:
    """Profile likelihood over dates, for R series at once.

    Attributes
    ----------
    positions : IntArray
        Candidate break positions, shape (d,).
    loglik : FloatArray
        Log likelihood with the break at each date, maximised over ρ and all coefficients, shape (d, R).
    rho : FloatArray
        The maximising ρ, shape (d, R).
    null_loglik, null_rho : FloatArray
        The same without the break, shape (R,).
    reml_null, reml_break : FloatArray
        Restricted maximum likelihood estimates of ρ without the break and with the likeliest one, shape (R,).
    factor : float
        What the caller multiplied the variance of some observations by, at the likeliest date.
    """

    positions: IntArray
    loglik: FloatArray
    rho: FloatArray
    null_loglik: FloatArray
    null_rho: FloatArray
    reml_null: FloatArray
    reml_break: FloatArray
    factor: float = 1.0

    @property
    def ratio(self) -> FloatArray:
        """Twice the log likelihood ratio against no further break, shape (d, R)."""
        ratio: FloatArray = 2 * (self.loglik - self.null_loglik)
        return ratio


def rho_grid(n: int) -> FloatArray:
    """Return the grid of atanh ρ for n observations."""
    step = min(COARSEST_STEP, 2 / np.sqrt(n))
    return np.linspace(LOWEST_Z, HIGHEST_Z, int(np.ceil((HIGHEST_Z - LOWEST_Z) / step)) + 1)


@dataclass(frozen=True, slots=True)
class Whitening:
    """Transformation of observations at calendar positions to independent ones, for one ρ.

    Attributes
    ----------
    factor : FloatArray
        What of the observation before is subtracted, ρ^gap, 0 for the first, shape (n,).
    weight : FloatArray
        Multiplier of the difference, shape (n,); innovations of one period keep variance σ².
    """

    factor: FloatArray
    weight: FloatArray

    @classmethod
    def of(cls, rho: float, calendar: IntArray) -> Whitening:
        """Build the transformation for `rho` and calendar positions, shape (n,)."""
        gaps = np.diff(calendar)
        factor = np.concatenate([[0.0], np.power(rho, gaps)])
        weight = np.sqrt((1 - rho**2) / (1 - factor**2))
        weight[0] = np.sqrt(1 - rho**2)
        return cls(factor, weight)

    def apply(self, values: FloatArray) -> FloatArray:
        """Transform the rows of `values`, shape (n, ...)."""
        shape = (-1,) + (1,) * (values.ndim - 1)
        white = values.astype(float, copy=True)
        white[1:] -= self.factor[1:].reshape(shape) * values[:-1]
        return white * self.weight.reshape(shape)

    @property
    def log_jacobian(self) -> float:
        """Log determinant of the transformation."""
        return float(np.sum(np.log(self.weight)))


def break_likelihood(
    y: FloatArray, base: FloatArray, changing: FloatArray, positions: IntArray, calendar: IntArray
) -> BreakLikelihood:
    """Maximise the likelihood over ρ and coefficients with one further break at each of `positions`.

    Parameters
    ----------
    y : FloatArray
        Observed values, shape (n,) or (n, R).
    base : FloatArray
        Every column without the further break, full rank, shape (n, k).
    changing : FloatArray
        Columns whose coefficients break, shape (n, q).
    positions : IntArray
        Candidates: observations before the break, shape (d,).
    calendar : IntArray
        Calendar position of each observation, increasing, shape (n,).
    """
    responses = y[:, None] if y.ndim == 1 else y
    n, k = base.shape
    q = changing.shape[1]
    grid = rho_grid(n)
    white = WhiteningGrid.of(grid, calendar)
    columns = white.apply(base)
    gram = columns.transpose(0, 2, 1) @ columns
    diagonal = np.einsum("jii->ji", gram)
    diagonal += JITTER * diagonal.max(axis=1, keepdims=True)
    triangle = np.linalg.cholesky(gram)
    basis = np.linalg.solve(triangle, columns.transpose(0, 2, 1))
    null_volume = 2 * np.sum(np.log(np.einsum("jii->ji", triangle)), axis=1)
    residual = white.apply(responses)
    residual -= basis.transpose(0, 2, 1) @ (basis @ residual)
    null = np.einsum("jtr,jtr->jr", residual, residual)
    gain, volume = _gains(white, changing, basis, residual, positions)
    broken = np.maximum(null[:, None, :] - gain, RANK_TOLERANCE**2 * null[:, None, :] + np.finfo(float).tiny)
    null = np.maximum(null, np.finfo(float).tiny)
    constant = -n / 2 * (np.log(2 * np.pi) + 1 - np.log(n))
    best, best_rho = peak(broken, white.log_jacobian, n, grid)
    null_best, null_rho = peak(null, white.log_jacobian, n, grid)
    restricted = white.log_jacobian - null_volume / 2
    reml_null = peak(null, restricted, n - k, grid)[1]
    reml_break = np.full(responses.shape[1], np.nan)
    if positions.size:
        top = np.argmax(best, axis=0)
        at_top = broken[:, top, np.arange(top.size)]
        reml_break = peak(at_top, restricted[:, None] - volume[:, top] / 2, n - k - q, grid)[1]
    return BreakLikelihood(
        positions, best + constant, best_rho, null_best + constant, null_rho, reml_null, reml_break
    )


@dataclass(frozen=True, slots=True)
class WhiteningGrid:
    """The transformations of a whole grid of ρ: factor and weight, each of shape (J, n)."""

    factor: FloatArray
    weight: FloatArray

    @classmethod
    def of(cls, grid: FloatArray, calendar: IntArray) -> WhiteningGrid:
        """Build the transformations for atanh ρ in `grid`, shape (J,), and calendar positions, shape (n,)."""
        rho = np.tanh(grid)[:, None]
        factor = np.column_stack([np.zeros(grid.size), np.power(rho, np.diff(calendar)[None, :])])
        weight = np.sqrt((1 - rho**2) / (1 - factor**2))
        weight[:, :1] = np.sqrt(1 - rho**2)
        return cls(factor, weight)

    @property
    def log_jacobian(self) -> FloatArray:
        """Log determinants of the transformations, shape (J,)."""
        jacobian: FloatArray = np.sum(np.log(self.weight), axis=1)
        return jacobian

    def apply(self, values: FloatArray) -> FloatArray:
        """Transform the rows of `values`, shape (n, c), for every ρ; returns (J, n, c)."""
        white = np.repeat(values[None], self.factor.shape[0], axis=0)
        white[:, 1:] -= self.factor[:, 1:, None] * values[None, :-1]
        white *= self.weight[:, :, None]
        return white


def _gains(
    white: WhiteningGrid, changing: FloatArray, basis: FloatArray, residual: FloatArray, positions: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Return the fall of the sum of squares, (J, d, R), and the log volume of the added columns, (J, d).

    A column that is zero before position τ is, transformed, the transformed column from τ on, plus at τ
    itself what the transformation would have taken off for the observation before; so sums from the end
    serve all dates.
    """
    q = changing.shape[1]
    shifted = np.vstack([np.zeros((1, q)), changing[:-1]])
    columns, corners = [], []
    for i in range(q):
        columns.append(white.apply(changing[:, i : i + 1])[:, :, 0])
        corners.append(white.weight * white.factor * shifted[None, :, i])
    row_basis = basis.transpose(0, 2, 1)
    scores = [_from(c, d, residual, positions) for c, d in zip(columns, corners, strict=True)]
    across = [_from(c, d, row_basis, positions) for c, d in zip(columns, corners, strict=True)]
    gram: dict[tuple[int, int], FloatArray] = {}
    for i in range(q):
        for j in range(i, q):
            own = columns[i][:, positions] * corners[j][:, positions] + corners[i][:, positions] * (
                columns[j][:, positions] + corners[j][:, positions]
            )
            total = _tail_sums(columns[i] * columns[j])[:, positions] + own
            gram[i, j] = total - np.sum(across[i] * across[j], axis=2)
            if i == j:
                gram[i, i] = np.maximum(gram[i, i], RANK_TOLERANCE * total + np.finfo(float).tiny)
    gain = np.zeros_like(scores[0])
    volume = np.zeros(gain.shape[:2])
    for i in range(q):
        pivot = gram[i, i]
        gain += scores[i] ** 2 / pivot[:, :, None]
        volume += np.log(pivot)
        for j in range(i + 1, q):
            share = gram[i, j] / pivot
            scores[j] = scores[j] - share[:, :, None] * scores[i]
            for m in range(j, q):
                reduced = gram[j, m] - share * gram[i, m]
                gram[j, m] = np.maximum(reduced, RANK_TOLERANCE * gram[j, m]) if m == j else reduced
    return gain, volume


def _tail_sums(values: FloatArray) -> FloatArray:
    """Sum from each position to the end along the second axis."""
    sums = np.cumsum(values, axis=1)
    return sums[:, -1:] - sums + values


def _from(column: FloatArray, corner: FloatArray, values: FloatArray, positions: IntArray) -> FloatArray:
    """Inner products of the column that begins at each position with `values`, shape (J, d, c)."""
    sums = _tail_sums(column[:, :, None] * values)[:, positions]
    return sums + corner[:, positions, None] * values[:, positions]


def peak(
    ssr: FloatArray, offset: FloatArray, freedom: int | IntArray, grid: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Maximise ``offset - freedom/2 ln ssr`` over the first axis by a parabola through three points.

    Returns the maxima and the ρ at which they stand; `freedom` is one number, or one for each last place.
    """
    shape = offset.shape + (1,) * (ssr.ndim - offset.ndim)
    shift = offset.reshape(shape)
    top = np.argmin(ssr * np.exp((offset.max() - offset.reshape(shape)) * 2 / freedom), axis=0)
    inner = np.clip(top, 1, grid.size - 2)
    shifts = np.broadcast_to(shift, ssr.shape)

    def value(index: IntArray) -> FloatArray:
        picked = np.take_along_axis(ssr, index[None], axis=0)[0]
        moved = np.take_along_axis(shifts, index[None], axis=0)[0]
        height: FloatArray = moved - freedom / 2 * np.log(picked)
        return height

    left, middle, right = value(inner - 1), value(inner), value(inner + 1)
    bend = left - 2 * middle + right
    curved = (top == inner) & (bend < 0)
    move = np.where(curved, 0.5 * (left - right) / np.where(curved, bend, -1.0), (top - inner) * 1.0)
    height = np.where(curved, middle - 0.25 * (left - right) * move, value(top))
    return height, np.tanh(grid[inner] + move * (grid[1] - grid[0]))
