"""What the dense inverse covariance would give, by a filter and one pass back: linear in time.

The smoothing errors of a filter are ``V^-1 y`` and their variances the diagonal of ``V^-1`` (de Jong & Penzer
1998, Diagnosing shocks in time series, JASA 93, 796-806); level and variance of the smoothed level follow
from the same pass (Durbin & Koopman 2012, Time Series Analysis by State Space Methods, section 4.4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.numerics.filtering import Gains, whiten
from analysis.numerics.noise import FloatArray

SHORT = 600
"""Periods up to which the unit vectors are whitened too, which is quicker there than the pass back."""


@dataclass(frozen=True, slots=True)
class Smoothed:
    """Some columns under the covariance V of G noise cells.

    Attributes
    ----------
    products : ndarray, shape (G, T, c)
        ``V^-1 columns``; 0 in unobserved periods.
    diagonal : ndarray, shape (G, T)
        Diagonal of ``V^-1``; 0 in unobserved periods.
    level : ndarray, shape (G, T, c)
        The smoothed level (of wandering slope or not) of every column.
    level_variance : ndarray, shape (G, T)
        Variance of the level given the observations, over the stationary variance.
    """

    products: FloatArray
    diagonal: FloatArray
    level: FloatArray
    level_variance: FloatArray


def smooth(columns: FloatArray, gains: Gains) -> Smoothed:
    """Filter and smooth columns, shape (T, c), in every cell of `gains`; memory is ``16 G T c`` bytes."""
    products = whiten(columns, gains)
    cells, periods, width = products.shape
    wandering, rho = gains.gain.shape[1] == 3, gains.rho
    diagonal, variance = np.zeros((cells, periods)), np.empty((cells, periods))
    level, slope = np.zeros_like(products), np.zeros_like(products) if wandering else None
    # Adjoints of level, slope and AR part, and their covariance: 0, 1 and 2 in this order.
    a, b, c = (np.zeros((cells, width)) for _ in range(3))
    aa, ab, ac, bb, bc, cc = np.zeros((6, cells))
    for t in range(periods - 1, -1, -1):
        c = rho[:, None] * c
        if slope is not None:
            b = a + b
            ab, bb, bc = aa + ab, aa + 2 * ab + bb, rho * (ac + bc)
        ac, cc = rho * ac, rho**2 * cc
        if gains.observed[t]:
            z = 1.0 if gains.loading is None else gains.loading[t]
            k, h, deviation = gains.gain[t, 0], gains.gain[t, -1], gains.deviation[t]
            error = products[:, t] / deviation[:, None] - k[:, None] * a - h[:, None] * c
            by_a, by_c = k * aa + h * ac, k * ac + h * cc
            own = deviation**-2 + k * by_a + h * by_c
            if slope is not None:
                m = gains.gain[t, 1]
                error -= m[:, None] * b
                by_a, by_b, by_c = by_a + m * ab, k * ab + m * bb + h * bc, by_c + m * bc
                own = deviation**-2 + k * by_a + m * by_b + h * by_c
                ab, bc = ab - by_b, bc - z * by_b
            products[:, t] = error
            diagonal[:, t] = own
            a = a + error
            c = c + (error if gains.loading is None else gains.loading[t][:, None] * error)
            ac = ac - z * by_a - by_c + z * own
            aa, cc = aa - 2 * by_a + own, cc - 2 * z * by_c + z**2 * own
        x, y = gains.predicted[t, 0], gains.predicted[t, -1]
        spread = x * x * aa + 2 * x * y * ac + y * y * cc
        if t > 0:
            np.multiply(gains.q[:, None], a, out=level[:, t])
        if slope is not None:
            w = gains.predicted[t, 1]
            spread = spread + w * (2 * x * ab + w * bb + 2 * y * bc)
            if t > 0:
                np.multiply(gains.slope[:, None], b, out=slope[:, t])
        variance[:, t] = x - spread
    if slope is not None:
        level[:, 1:] += np.cumsum(slope, axis=1)[:, :-1]
    return Smoothed(products, diagonal, np.cumsum(level, axis=1), np.maximum(variance, 0.0))


def inverse_products(columns: FloatArray, gains: Gains) -> tuple[FloatArray, FloatArray]:
    """Return ``V^-1 columns``, shape (G, T, c), and the diagonal of ``V^-1``, shape (G, T)."""
    periods = len(columns)
    if periods > SHORT:
        found = smooth(columns, gains)
        return found.products, found.diagonal
    whitened = whiten(np.column_stack([np.eye(periods), columns]), gains)
    root = whitened[:, :, :periods] * gains.observed
    return root.transpose(0, 2, 1) @ whitened[:, :, periods:], np.einsum("gst,gst->gt", root, root)
