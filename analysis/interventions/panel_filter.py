"""Sufficient statistics of many series that share their regressors, for every noise cell at once.

The same filter as `analysis.numerics.filtering`, for declared regimes absent: its gains depend on the
noise and on the missing periods only, so they are computed once and the innovations of regressors and of
all series go through one pass. What is kept is ``X'V^-1X``, ``X'V^-1Y`` and the diagonal of ``Y'V^-1Y``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.domain import FloatArray
from analysis.numerics.noise import NoiseGrid

WHITENED_AT_ONCE = 2_000_000
"""Whitened values held together (16 MB); bounds the memory whatever the panel."""


@dataclass(frozen=True, slots=True)
class Gains:
    """The part of the filter that no series enters.

    Attributes
    ----------
    observed : ndarray of bool, shape (T,)
    level, autoregressive : ndarray, shape (T, G)
        Gain of the random-walk level and of the AR part; 0 where unobserved.
    deviation : ndarray, shape (T, G)
        Standard deviation of the innovation over that of the stationary parts; 1 where unobserved.
    rho : ndarray, shape (G,)
    logdet : ndarray, shape (G,)
        ``ln|V|`` over the observed periods.
    """

    observed: NDArray[np.bool_]
    level: FloatArray
    autoregressive: FloatArray
    deviation: FloatArray
    rho: FloatArray
    logdet: FloatArray


@dataclass(frozen=True, slots=True)
class PanelForms:
    """Quadratic forms of shared columns and of many series under each cell's covariance.

    Attributes
    ----------
    logdet : ndarray, shape (G,)
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


def filter_gains(grid: NoiseGrid, observed: NDArray[np.bool_]) -> Gains:
    """Return the gains of every cell of `grid` on a calendar, shape (T,) of `observed`."""
    periods, cells = len(observed), len(grid)
    q, share, rho = grid.q, grid.share, grid.rho
    irregular, renewal = 1 - share, share * (1 - rho**2)
    to_level, to_ar = np.zeros((periods, cells)), np.zeros((periods, cells))
    deviation = np.ones((periods, cells))
    level, cross, autoregressive = np.zeros(cells), np.zeros(cells), share.copy()
    for t in range(periods):
        if t > 0:
            level = level + q
            cross = cross * rho
            autoregressive = rho**2 * autoregressive + renewal
        if not observed[t]:
            continue
        with_level, with_ar = level + cross, cross + autoregressive
        variance = with_level + with_ar + irregular
        to_level[t], to_ar[t] = with_level / variance, with_ar / variance
        deviation[t] = np.sqrt(variance)
        level = level - to_level[t] * with_level
        cross = cross - to_level[t] * with_ar
        autoregressive = autoregressive - to_ar[t] * with_ar
    return Gains(observed, to_level, to_ar, deviation, rho, 2 * np.log(deviation).sum(axis=0))


def panel_forms(columns: FloatArray, values: FloatArray, gains: Gains) -> PanelForms:
    """Filter shared columns and series together.

    Parameters
    ----------
    columns : ndarray, shape (T, w)
    values : ndarray, shape (T, S)
        Finite in every period.
    gains : Gains
        G cells.
    """
    width = columns.shape[1]
    joined = np.ascontiguousarray(np.column_stack([columns, values]))
    cells = len(gains.rho)
    at_once = max(16, WHITENED_AT_ONCE // joined.size)
    inner = np.empty((cells, width, width))
    mixed = np.empty((cells, width, values.shape[1]))
    squares = np.empty((cells, values.shape[1]))
    for start in range(0, cells, at_once):
        part = slice(start, min(start + at_once, cells))
        whitened = whiten(joined, gains, part)
        left = whitened[:, :, :width].transpose(0, 2, 1)
        np.matmul(left, whitened[:, :, :width], out=inner[part])
        np.matmul(left, whitened[:, :, width:], out=mixed[part])
        np.einsum("gts,gts->gs", whitened[:, :, width:], whitened[:, :, width:], out=squares[part])
    return PanelForms(gains.logdet, inner, mixed, squares)


def whiten(columns: FloatArray, gains: Gains, part: slice = slice(None)) -> FloatArray:
    """Return the standardised innovations of `columns`, shape (T, c), in the cells of `part`.

    Returns
    -------
    ndarray, shape (G', T, c)
        0 in unobserved periods.
    """
    rho = gains.rho[part, None]
    shape = (len(rho), columns.shape[1])
    whitened = np.zeros((shape[0], *columns.shape))
    level, autoregressive = np.zeros(shape), np.zeros(shape)
    innovation, moved = np.empty(shape), np.empty(shape)
    for t in range(len(columns)):
        if gains.observed[t]:
            np.subtract(columns[t], level, out=innovation)
            innovation -= autoregressive
            np.divide(innovation, gains.deviation[t, part, None], out=whitened[:, t])
            np.multiply(innovation, gains.level[t, part, None], out=moved)
            level += moved
            innovation *= gains.autoregressive[t, part, None]
            autoregressive += innovation
        autoregressive *= rho
    return whitened


@dataclass(frozen=True, slots=True)
class Smoothed:
    """Products of the inverse covariance with some columns, in G cells.

    Attributes
    ----------
    products : ndarray, shape (G, T, c)
        ``V^-1 columns``; 0 in unobserved periods.
    diagonal : ndarray, shape (G, T)
        Diagonal of ``V^-1``; 0 in unobserved periods.
    """

    products: FloatArray
    diagonal: FloatArray


def smooth(columns: FloatArray, gains: Gains) -> Smoothed:
    """Multiply columns, shape (T, c), by the inverse covariance of every cell, in one pass back.

    References
    ----------
    de Jong & Penzer (1998), Diagnosing shocks in time series, JASA 93, 796-806: the smoothing errors are
    ``V^-1 y`` and their variances its diagonal.
    """
    whitened = whiten(columns, gains)
    cells, periods, width = whitened.shape
    rho = gains.rho
    products = np.zeros_like(whitened)
    diagonal = np.zeros((cells, periods))
    from_level, from_ar = np.zeros((cells, width)), np.zeros((cells, width))
    level, cross, autoregressive = np.zeros(cells), np.zeros(cells), np.zeros(cells)
    for t in range(periods - 1, -1, -1):
        from_ar *= rho[:, None]
        cross, autoregressive = cross * rho, autoregressive * rho**2
        if not gains.observed[t]:
            continue
        k, h, deviation = gains.level[t], gains.autoregressive[t], gains.deviation[t]
        error = whitened[:, t] / deviation[:, None] - k[:, None] * from_level - h[:, None] * from_ar
        products[:, t] = error
        from_level += error
        from_ar += error
        gained_level, gained_ar = k * level + h * cross, k * cross + h * autoregressive
        diagonal[:, t] = deviation**-2 + k * gained_level + h * gained_ar
        level = level - 2 * gained_level + diagonal[:, t]
        cross = cross - gained_level - gained_ar + diagonal[:, t]
        autoregressive = autoregressive - 2 * gained_ar + diagonal[:, t]
    return Smoothed(products, diagonal)
