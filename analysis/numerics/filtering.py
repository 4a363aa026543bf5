"""Generalised least squares for every cell of a noise grid at once, by one Kalman filter.

Filtering a column whitens it: with ``V = LL'`` the innovations over their standard deviations are
``L^-1 x``. The gains depend on the noise and on the missing periods alone, so they are computed once; the
innovations of all regressors and of all series go through one pass over the calendar, at a cost linear in the
number of periods (Rosenberg 1973; de Jong 1991, Annals of Statistics 19, 1073-1083).

The states are the random-walk level, its slope where that wanders, and the AR part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.numerics.noise import BoolArray, FloatArray, NoiseGrid, NoiseSample

WHITENED_AT_ONCE = 2_000_000
"""Whitened values held together (16 MB); bounds the memory whatever the panel."""


@dataclass(frozen=True, slots=True)
class Gains:
    """The part of the filter that no series enters.

    Attributes
    ----------
    observed : ndarray of bool, shape (T,)
    gain : ndarray, shape (T, K, G)
        Gain of the K states (level, slope if it wanders, AR part); 0 where unobserved.
    predicted : ndarray, shape (T, K, G)
        Covariance of the level with every state before the period's observation.
    deviation : ndarray, shape (T, G)
        Standard deviation of the innovation over that of the stationary parts; 1 where unobserved.
    loading : ndarray, shape (T, G), or None
        What the AR part is multiplied by in a declared regime; None where there is none.
    rho, q, slope : ndarray, shape (G,)
        Of the noise.
    """

    observed: BoolArray
    gain: FloatArray
    predicted: FloatArray
    deviation: FloatArray
    loading: FloatArray | None
    rho: FloatArray
    q: FloatArray
    slope: FloatArray

    @property
    def logdet(self) -> FloatArray:
        """``ln|V|`` over the observed periods, shape (G,)."""
        return np.asarray(2 * np.log(self.deviation).sum(axis=0))


@dataclass(frozen=True, slots=True)
class QuadraticForms:
    """Sufficient statistics of regressions with common regressors X under each cell's covariance V.

    Attributes
    ----------
    logdet : ndarray, shape (G,)
        ``ln|V|`` over the observed periods.
    inner : ndarray, shape (G, w, w)
        ``X'V^-1X``.
    mixed : ndarray, shape (G, w, S)
        ``X'V^-1Y``.
    squares : ndarray, shape (G, S)
        Diagonal of ``Y'V^-1Y``.
    """

    logdet: FloatArray
    inner: FloatArray
    mixed: FloatArray
    squares: FloatArray

    def join(self, other: QuadraticForms) -> QuadraticForms:
        """Return these cells followed by `other`."""
        return QuadraticForms(
            np.concatenate([self.logdet, other.logdet]),
            np.concatenate([self.inner, other.inner]),
            np.concatenate([self.mixed, other.mixed]),
            np.concatenate([self.squares, other.squares]),
        )

    def take(self, which: NDArray[np.intp] | NDArray[np.bool_]) -> QuadraticForms:
        """Return the selected cells."""
        return QuadraticForms(self.logdet[which], self.inner[which], self.mixed[which], self.squares[which])


def filter_gains(grid: NoiseGrid, sample: NoiseSample) -> Gains:
    """Return the gains of every cell of `grid`; slopes must wander in all cells or in none."""
    q, share, rho, slope = grid.q, grid.share, grid.rho, grid.slope
    wandering, regimes = bool(slope.any()), bool(sample.regime.any())
    periods, cells, states = len(sample.observed), len(grid), 3 if wandering else 2
    inflation = sample.inflation(grid.kappa) if regimes else np.ones((periods, 1))
    loading = np.sqrt(inflation)
    irregular = (1 - share) * inflation + sample.error(grid)
    renewal = share * (1 - rho**2)
    gain, predicted = np.zeros((periods, states, cells)), np.zeros((periods, states, cells))
    deviation = np.ones((periods, cells))
    level, cross, autoregressive = np.zeros(cells), np.zeros(cells), share.copy()
    by_slope, squared, slope_cross = np.zeros(cells), np.zeros(cells), np.zeros(cells)
    for t in range(periods):
        if t > 0:
            level = level + q
            if wandering:
                level = level + 2 * by_slope + squared
                cross = cross + slope_cross
                by_slope, squared, slope_cross = by_slope + squared, squared + slope, rho * slope_cross
            cross = cross * rho
            autoregressive = rho**2 * autoregressive + renewal
        predicted[t, 0], predicted[t, -1] = level, cross
        if wandering:
            predicted[t, 1] = by_slope
        if not sample.observed[t]:
            continue
        z = loading[t] if regimes else 1.0
        if regimes:
            to_level, to_ar = level + z * cross, cross + z * autoregressive
        else:
            to_level, to_ar = level + cross, cross + autoregressive
        variance = to_level + z * to_ar + irregular[t]
        k, h = to_level / variance, to_ar / variance
        gain[t, 0], gain[t, -1] = k, h
        deviation[t] = np.sqrt(variance)
        if wandering:
            to_slope = by_slope + z * slope_cross
            gain[t, 1] = to_slope / variance
            by_slope = by_slope - k * to_slope
            slope_cross = slope_cross - h * to_slope
            squared = squared - gain[t, 1] * to_slope
        level = level - k * to_level
        cross = cross - k * to_ar
        autoregressive = autoregressive - h * to_ar
    return Gains(sample.observed, gain, predicted, deviation, loading if regimes else None, rho, q, slope)


def whiten(
    columns: FloatArray, gains: Gains, part: slice = slice(None), own: FloatArray | None = None
) -> FloatArray:
    """Return the standardised innovations of columns in the cells of `part`.

    Parameters
    ----------
    columns : ndarray, shape (T, c)
        Shared by all cells; rows of unobserved periods are not read.
    gains : Gains
    part : slice
        G' cells.
    own : ndarray, shape (G', T, s), optional
        Further columns that differ from cell to cell; they come last.

    Returns
    -------
    ndarray, shape (G', T, c + s)
        0 in unobserved periods.
    """
    rho = gains.rho[part, None]
    shape = (len(rho), columns.shape[1] + (0 if own is None else own.shape[2]))
    whitened = np.zeros((shape[0], len(columns), shape[1]))
    level, slope, autoregressive = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    innovation, moved = np.empty(shape), np.empty(shape)
    wandering = gains.gain.shape[1] == 3
    for t in range(len(columns)):
        if gains.observed[t]:
            row = columns[t]
            if own is not None:
                row = np.concatenate([np.broadcast_to(row, (shape[0], len(row))), own[:, t]], axis=1)
            np.subtract(row, level, out=innovation)
            if gains.loading is None:
                innovation -= autoregressive
            else:
                np.multiply(autoregressive, gains.loading[t, part, None], out=moved)
                innovation -= moved
            np.divide(innovation, gains.deviation[t, part, None], out=whitened[:, t])
            np.multiply(innovation, gains.gain[t, 0, part, None], out=moved)
            level += moved
            if wandering:
                np.multiply(innovation, gains.gain[t, 1, part, None], out=moved)
                slope += moved
            innovation *= gains.gain[t, -1, part, None]
            autoregressive += innovation
        if wandering:
            level += slope
        autoregressive *= rho
    return whitened


def quadratic_forms(
    columns: FloatArray,
    values: FloatArray,
    grid: NoiseGrid,
    sample: NoiseSample,
    own: FloatArray | None = None,
) -> QuadraticForms:
    """Whiten regressors and series under the covariance of every cell, and multiply.

    Parameters
    ----------
    columns : ndarray, shape (T, w)
    values : ndarray, shape (T, S)
        Rows of unobserved periods are not read.
    grid : NoiseGrid
        G cells.
    sample : NoiseSample
    own : ndarray, shape (G, T, s), optional
        Further regressors that differ from cell to cell; they come last in the products.
    """
    shared, count, cells = columns.shape[1], values.shape[1], len(grid)
    width = shared + (0 if own is None else own.shape[2])
    joined = np.ascontiguousarray(np.column_stack([columns, values]))
    order = np.concatenate([np.arange(shared), shared + count + np.arange(width - shared)])
    logdet, inner = np.empty(cells), np.empty((cells, width, width))
    mixed, squares = np.empty((cells, width, count)), np.empty((cells, count))
    at_once = max(16, WHITENED_AT_ONCE // joined.size)
    for kind in (grid.slope == 0, grid.slope > 0):
        chosen = np.flatnonzero(kind)
        if not len(chosen):
            continue
        gains = filter_gains(grid.take(chosen), sample)
        logdet[chosen] = gains.logdet
        for start in range(0, len(chosen), at_once):
            part = slice(start, min(start + at_once, len(chosen)))
            where = chosen[part]
            whitened = whiten(joined, gains, part, None if own is None else own[where])
            x = whitened[:, :, :shared] if own is None else whitened[:, :, order]
            y = whitened[:, :, shared : shared + count]
            inner[where] = x.transpose(0, 2, 1) @ x
            mixed[where] = x.transpose(0, 2, 1) @ y
            squares[where] = np.einsum("gts,gts->gs", y, y)
    return QuadraticForms(logdet, inner, mixed, squares)


def with_rows(
    forms: QuadraticForms, rows: FloatArray, values: FloatArray, variance: FloatArray
) -> QuadraticForms:
    """Add observations that are correlated with the filtered ones.

    The filter was run with ``own`` columns ``c`` = the covariance between the filtered and the new
    observations. Conditioning the new rows on the old ones completes the quadratic forms.

    Parameters
    ----------
    forms : QuadraticForms
        Over w regressors followed by J covariance columns.
    rows : ndarray, shape (J, w)
        The new observations' values of the regressors.
    values : ndarray, shape (J, S)
        The new observations.
    variance : ndarray, shape (G, J, J)
        Covariance of the new observations.

    Returns
    -------
    QuadraticForms
        Over the regressors, old and new observations together.
    """
    w = rows.shape[1]
    factor = np.linalg.cholesky(variance - forms.inner[:, w:, w:])
    surprise = np.concatenate([rows - forms.inner[:, w:, :w], values - forms.mixed[:, w:]], axis=2)
    whitened = np.linalg.solve(factor, surprise)
    x, y = whitened[:, :, :w], whitened[:, :, w:]
    return QuadraticForms(
        forms.logdet + 2 * np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1),
        forms.inner[:, :w, :w] + x.transpose(0, 2, 1) @ x,
        forms.mixed[:, :w] + x.transpose(0, 2, 1) @ y,
        forms.squares + np.einsum("gjs,gjs->gs", y, y),
    )
