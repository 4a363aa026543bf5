"""What the dense inverse covariance would give, by a filter and one pass back: linear in time.

The smoothing errors of a filter are ``V^-1 y`` and their variances the diagonal of ``V^-1`` (de Jong & Penzer
1998, Diagnosing shocks in time series, JASA 93, 796-806); the variance of the smoothed level follows from the
same pass (Durbin & Koopman 2012, Time Series Analysis by State Space Methods, section 4.4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.numerics.noise import FloatArray, NoiseGrid, NoiseSample


@dataclass(frozen=True, slots=True)
class Smoothed:
    """Some columns under the covariance V of G noise cells.

    Attributes
    ----------
    products : ndarray, shape (G, T, c)
        ``V^-1 columns``; 0 in unobserved periods.
    diagonal : ndarray, shape (G, T)
        Diagonal of ``V^-1``; 0 in unobserved periods.
    level_variance : ndarray, shape (G, T)
        Variance of the random-walk level given the observations, over the stationary variance.
    """

    products: FloatArray
    diagonal: FloatArray
    level_variance: FloatArray

    def level(self, q: FloatArray) -> FloatArray:
        """Return the smoothed level of every column, shape (G, T, c).

        The level has covariance ``q min(s, t)``, so that its product with a vector is two running sums.

        Parameters
        ----------
        q : ndarray, shape (G,)
            Variance of its step over the stationary variance.
        """
        steps = np.arange(self.products.shape[1], dtype=np.float64)[:, None]
        before = np.cumsum(steps * self.products, axis=1)
        after = self.products.sum(axis=1, keepdims=True) - np.cumsum(self.products, axis=1)
        return np.asarray(q[:, None, None] * (before + steps * after))


def smooth(columns: FloatArray, grid: NoiseGrid, sample: NoiseSample, extra: FloatArray) -> Smoothed:
    """Filter and smooth columns under every cell of `grid`.

    Parameters
    ----------
    columns : ndarray, shape (T, c)
        Rows of unobserved periods are not read.
    grid : NoiseGrid
        G cells; bounded by the caller, memory is ``8 G T c`` bytes.
    sample : NoiseSample
    extra : ndarray, shape (G, T)
        Variance beside that of the sample's measurement error, over the stationary variance.
    """
    q, share, rho = grid.q, grid.share, grid.rho
    cells, (periods, width) = len(grid), columns.shape
    loading = np.sqrt(sample.inflation(grid.kappa))
    irregular = (1 - share) * loading**2 + sample.measurement[:, None] + extra.T
    gains, predicted = np.zeros((periods, 3, cells)), np.zeros((periods, 2, cells))
    innovations = np.zeros((cells, periods, width))
    level, cross, autoregressive = np.zeros(cells), np.zeros(cells), share.copy()
    level_mean, ar_mean = np.zeros((cells, width)), np.zeros((cells, width))
    for t in range(periods):
        if t > 0:
            ar_mean *= rho[:, None]
            level, cross = level + q, rho * cross
            autoregressive = rho**2 * autoregressive + share * (1 - rho**2)
        predicted[t] = level, cross
        if not sample.observed[t]:
            continue
        z = loading[t]
        to_level, to_ar = level + z * cross, cross + z * autoregressive
        variance = to_level + z * to_ar + irregular[t]
        k, h = to_level / variance, to_ar / variance
        gains[t] = k, h, variance
        innovation = columns[t] - level_mean - z[:, None] * ar_mean
        np.divide(innovation, variance[:, None], out=innovations[:, t])
        level_mean += k[:, None] * innovation
        ar_mean += h[:, None] * innovation
        level, cross = level - k * to_level, cross - k * to_ar
        autoregressive = autoregressive - h * to_ar
    return _back(innovations, gains, predicted, loading, rho, sample.observed)


def _back(
    innovations: FloatArray,
    gains: FloatArray,
    predicted: FloatArray,
    loading: FloatArray,
    rho: FloatArray,
    observed: np.ndarray,
) -> Smoothed:
    """Turn innovations into products in place."""
    cells, periods, width = innovations.shape
    diagonal, variances = np.zeros((cells, periods)), np.empty((cells, periods))
    from_level, from_ar = np.zeros((cells, width)), np.zeros((cells, width))
    level, cross, autoregressive = np.zeros(cells), np.zeros(cells), np.zeros(cells)
    for t in range(periods - 1, -1, -1):
        from_ar *= rho[:, None]
        cross, autoregressive = rho * cross, rho**2 * autoregressive
        if observed[t]:
            k, h, variance = gains[t]
            z = loading[t]
            error = innovations[:, t] - k[:, None] * from_level - h[:, None] * from_ar
            innovations[:, t] = error
            from_level += error
            from_ar += z[:, None] * error
            by_level, by_ar = k * level + h * cross, k * cross + h * autoregressive
            own = 1 / variance + k * by_level + h * by_ar
            diagonal[:, t] = own
            cross = cross - z * by_level - by_ar + z * own
            level = level - 2 * by_level + own
            autoregressive = autoregressive - 2 * z * by_ar + z**2 * own
        a, b = predicted[t]
        variances[:, t] = a - (a * a * level + 2 * a * b * cross + b * b * autoregressive)
    return Smoothed(innovations, diagonal, np.maximum(variances, 0.0))
