"""Newey-West covariance of a score on a calendar with gaps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.domain import FloatArray


def bandwidth(n: int) -> int:
    """Return the rule of thumb ``floor(4 (n / 100)^(2/9))``."""
    return int(np.floor(4 * (n / 100) ** (2 / 9)))


def long_run_sum(scores: FloatArray, observed: NDArray[np.bool_], lags: int) -> FloatArray:
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
