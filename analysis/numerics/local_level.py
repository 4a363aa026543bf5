"""Likelihood of regression plus white noise plus random walk, missing periods allowed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from analysis.numerics.least_squares import FloatArray, IntArray, least_squares

_LOG_FACTORS = (float(np.log(0.01)), float(np.log(1e4)))
_FIRST_GRID = np.concatenate([[0.0], 10.0 ** np.linspace(-6, 3, 28)])


@dataclass(frozen=True, slots=True)
class LocalLevel:
    """Maximum likelihood fit of a local level model.

    Attributes
    ----------
    loglik : float
        Maximised Gaussian log likelihood, the starting level a fixed coefficient.
    ratio : float
        Variance of a step of the level over that of the white noise.
    variance : float
        Variance of the white noise, outside loud stretches.
    """

    loglik: float
    ratio: float
    variance: float


def local_level(
    y: FloatArray, design: FloatArray, calendar: IntArray, loud: NDArray[np.bool_] | None = None
) -> LocalLevel:
    """Maximise the likelihood over the variance ratio on a grid, refined twice around its best point.

    Parameters
    ----------
    y : FloatArray
        Shape (n,).
    design : FloatArray
        Regressors, the intercept (the starting level) included, shape (n, k).
    calendar : IntArray
        Calendar positions, shape (n,).
    loud : ndarray of bool, optional
        Observations whose white noise has its variance multiplied by a further factor, maximised over as
        well, shape (n,).
    """
    stacked = np.column_stack([design, y])
    if loud is None or not loud.any():
        return _at_factor(stacked, calendar, np.ones(y.shape[0]))
    best = minimize_scalar(
        lambda log_factor: -_at_factor(stacked, calendar, np.where(loud, np.exp(log_factor), 1.0)).loglik,
        bounds=_LOG_FACTORS,
        method="bounded",
        options={"xatol": 0.01},
    )
    return _at_factor(stacked, calendar, np.where(loud, np.exp(best.x), 1.0))


def _at_factor(stacked: FloatArray, calendar: IntArray, noise: FloatArray) -> LocalLevel:
    """Maximise over the variance ratio; `noise` holds the relative variances of the white noise."""
    grid = _FIRST_GRID
    best: LocalLevel | None = None
    for _ in range(3):
        values = [_profile(white, n_log_f) for white, n_log_f in _filter(stacked, calendar, grid, noise)]
        top = int(np.argmax([value[0] for value in values]))
        if best is None or values[top][0] > best.loglik:
            best = LocalLevel(values[top][0], float(grid[top]), values[top][1])
        low, high = grid[max(top - 1, 0)], grid[min(top + 1, grid.size - 1)]
        grid = np.geomspace(max(low, 1e-8), max(high, 2e-8), 9)
    assert best is not None
    return best


def _filter(
    stacked: FloatArray, calendar: IntArray, grid: FloatArray, noise: FloatArray
) -> list[tuple[FloatArray, float]]:
    """Return, for each ratio, the standardised prediction errors of every column and Σ ln F."""
    n, width = stacked.shape
    gaps = np.concatenate([np.diff(calendar), [1]]).astype(float)
    level = np.zeros((grid.size, width))
    spread = np.zeros((grid.size, 1))
    white = np.empty((grid.size, n, width))
    log_f = np.zeros(grid.size)
    steps = grid[:, None]
    for t in range(n):
        f = spread + noise[t]
        error = stacked[t] - level
        white[:, t] = error / np.sqrt(f)
        log_f += np.log(f[:, 0])
        gain = spread / f
        level += gain * error
        spread = gain * noise[t] + steps * gaps[t]
    return [(white[j], float(log_f[j])) for j in range(grid.size)]


def _profile(white: FloatArray, log_f: float) -> tuple[float, float]:
    n = white.shape[0]
    ssr = max(least_squares(white[:, -1], white[:, :-1]).ssr, np.finfo(float).tiny)
    return -n / 2 * (np.log(2 * np.pi * ssr / n) + 1) - log_f / 2, ssr / n
