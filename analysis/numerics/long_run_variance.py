"""Long-run variance: quadratic spectral kernel (Andrews 1991; Andrews and Monahan 1992) and Newey-West."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.numerics.least_squares import FloatArray

BANDWIDTH_CONSTANT = 1.3221
"""Of the quadratic spectral kernel, Andrews (1991), equation (6.2)."""

LARGEST_ROOT = 0.97
"""Prewhitening coefficients are held within it, so that recolouring stays finite."""

Kernel = Literal["qs", "bartlett"]
"""Quadratic spectral, or Bartlett's (Newey and West)."""

BARTLETT_CONSTANT = 1.1447
"""Of Bartlett's kernel, Andrews (1991), equation (6.2)."""

Convention = Literal["andrews", "sandwich"]
"""Autoregressions without intercept and divisor n - 1 - d, as Bai and Perron's own program; or with
intercept and divisor n - d, as the R package sandwich."""


@dataclass(frozen=True, slots=True)
class LongRunVariance:
    """Estimate of the long-run variance of a mean-zero vector process.

    Attributes
    ----------
    matrix : FloatArray
        Shape (d, d).
    bandwidth : float
        Bandwidth of the kernel, in observations.
    prewhitened : bool
        Whether a first-order vector autoregression was taken out and put back.
    """

    matrix: FloatArray
    bandwidth: float
    prewhitened: bool


def long_run_variance(
    scores: FloatArray,
    prewhiten: bool = True,
    convention: Convention = "andrews",
    *,
    kernel: Kernel = "qs",
    bandwidth: float | None = None,
) -> LongRunVariance:
    """Estimate the long-run variance of `scores` with Andrews' automatic bandwidth.

    Every component is divided by its root mean square first and the matrix multiplied back, so that neither
    the weights of the bandwidth nor the bound of the prewhitening roots depend on units.

    Parameters
    ----------
    scores : FloatArray
        Regressor times residual, shape (n, d), n > d + 2; mean zero by construction.
    prewhiten : bool
        Take out a first-order vector autoregression first.
    convention : {"andrews", "sandwich"}
    kernel : {"qs", "bartlett"}
    bandwidth : float, optional
        In observations; Andrews' automatic one if absent.
    """
    n, d = scores.shape
    intercept = convention == "sandwich"
    size = np.sqrt(np.mean(scores**2, axis=0))
    size = np.where(size > 0, size, 1.0)
    scores = scores / size
    unit = np.outer(size, size)
    if not prewhiten:
        width = _bandwidth(scores, intercept, kernel) if bandwidth is None else bandwidth
        return LongRunVariance(unit * _kernel_sum(scores, width, kernel) / (n - d), width, False)
    before, after = scores[:-1], scores[1:]
    roots = np.linalg.lstsq(before, after, rcond=None)[0].T
    left, values, right = np.linalg.svd(roots)
    if np.any(values > LARGEST_ROOT):
        roots = left @ np.diag(np.minimum(values, LARGEST_ROOT)) @ right
    white = after - before @ roots.T
    width = _bandwidth(white, intercept, kernel) if bandwidth is None else bandwidth
    inner = _kernel_sum(white, width, kernel) / (n - d if intercept else n - 1 - d)
    recolour = np.linalg.solve(np.eye(d) - roots, np.eye(d))
    return LongRunVariance(unit * (recolour @ inner @ recolour.T), width, True)


def _bandwidth(scores: FloatArray, intercept: bool, kernel: Kernel = "qs") -> float:
    """Andrews' plug-in bandwidth from first-order autoregressions, all components weighted alike."""
    n = scores.shape[0]
    before, after = scores[:-1], scores[1:]
    if intercept:
        before, after = before - before.mean(axis=0), after - after.mean(axis=0)
    power = np.einsum("ti,ti->i", before, before)
    rho = np.divide(
        np.einsum("ti,ti->i", before, after), power, out=np.zeros(scores.shape[1]), where=power > 0
    )
    rho = np.clip(rho, -LARGEST_ROOT, LARGEST_ROOT)
    variance = np.mean((after - before * rho) ** 2, axis=0)
    below = float(np.sum(variance**2 / (1 - rho) ** 4))
    if below <= 0:
        return 0.0
    if kernel == "bartlett":
        first = 4 * rho**2 * variance**2 / ((1 - rho) ** 6 * (1 + rho) ** 2)
        return float(BARTLETT_CONSTANT * (float(np.sum(first)) / below * n) ** (1 / 3))
    alpha = float(np.sum(4 * rho**2 * variance**2 / (1 - rho) ** 8)) / below
    return float(BANDWIDTH_CONSTANT * (alpha * n) ** 0.2)


def _kernel_sum(scores: FloatArray, bandwidth: float, kernel: Kernel = "qs") -> FloatArray:
    """Sum of all weighted autocovariances, by convolution with the kernel."""
    n = scores.shape[0]
    if bandwidth <= 1e-12:
        return scores.T @ scores
    lags = np.arange(1, n)
    if kernel == "bartlett":
        own = np.maximum(1 - lags / (bandwidth + 1), 0.0)
    else:
        argument = 6 * np.pi * lags / (5 * bandwidth)
        own = 3 * (np.sin(argument) / argument - np.cos(argument)) / argument**2
    weights = np.concatenate([[1.0], own])
    size = 1 << (2 * n - 1).bit_length()
    window = np.zeros(size)
    window[:n] = weights
    window[size - n + 1 :] = weights[1:][::-1]
    spectrum = np.fft.rfft(window)[:, None] * np.fft.rfft(scores, size, axis=0)
    smoothed = np.fft.irfft(spectrum, size, axis=0)[:n]
    total = scores.T @ smoothed
    symmetric: FloatArray = (total + total.T) / 2
    return symmetric


def newey_west_lags(n: int) -> int:
    """Return the rule of thumb ``floor(4 (n / 100)^(2/9))``."""
    return int(np.floor(4 * (n / 100) ** (2 / 9)))


def newey_west_sum(scores: FloatArray, observed: NDArray[np.bool_], lags: int) -> FloatArray:
    """Return the Bartlett-weighted sum of the autocovariances of the scores, shape (k, k).

    Parameters
    ----------
    scores : ndarray, shape (n, k)
        Of the observed periods in order.
    observed : ndarray of bool, shape (T,)
        Gaps keep their place in the calendar: lags are periods, not observations (Parzen 1963).
    lags : int
    """
    placed = np.zeros((len(observed), scores.shape[1]))
    placed[observed] = scores
    total = placed.T @ placed
    for lag in range(1, lags + 1):
        product = placed[lag:].T @ placed[:-lag]
        total += (1 - lag / (lags + 1)) * (product + product.T)
    return total
