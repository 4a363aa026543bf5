"""Perron and Yabu's statistic of a trend break: Exp-W by feasible generalised least squares.

At each date the sum of the autoregressive coefficients is estimated, corrected upwards, set to one within
T^(-1/2) of it, and the break tested by feasible generalised least squares (2009, Journal of Business and
Economic Statistics 27:369-396).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.errors import CannotEstimateError
from analysis.numerics.least_squares import FloatArray, IntArray

TrendModel = Literal["level", "slope", "both"]

FEWEST = 20
"""Observations below which no trend break is tested."""

_MEDIANS: dict[TrendModel, tuple[float, ...]] = {
    "level": (-4.30, -4.39, -4.39, -4.34, -4.32, -4.45, -4.42, -4.33, -4.27, -4.27),
    "slope": (-4.27, -4.41, -4.51, -4.55, -4.56, -4.57, -4.51, -4.38, -4.26, -4.26),
    "both": (-4.38, -4.65, -4.78, -4.81, -4.90, -4.88, -4.75, -4.70, -4.41, -4.41),
}
"""Percentiles of the t statistic of a unit root by tenth of the sample at which the break stands, for the
upward correction (Perron and Yabu 2009, their program of March 2009)."""

_FAR = 10.0
"""Constant of Roy and Fuller's correction."""


def exp_w(y: FloatArray, model: TrendModel, trimming: float, max_lag: int | None) -> tuple[float, int]:
    """Return Exp-W and the break position with the smallest sum of squares.

    Raises
    ------
    CannotEstimateError
        If no date is admissible.
    """
    positions, statistics, ssr = wald_path(y, model, trimming, max_lag)
    return exp_functional(statistics, y.shape[0]), int(positions[int(np.argmin(ssr))])


def exp_functional(statistics: FloatArray, n: int) -> float:
    """Return ln(Σ exp(W/2)/T)."""
    halves = statistics / 2
    top = float(halves.max())
    return top + float(np.log(np.sum(np.exp(halves - top)) / n))


def wald_path(
    y: FloatArray, model: TrendModel, trimming: float, max_lag: int | None = None
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return admissible break positions, and at each the Wald statistic and the plain sum of squares.

    Raises
    ------
    CannotEstimateError
        If no date is admissible.
    """
    n = y.shape[0]
    longest = max_lag if max_lag is not None else int(12 * (n / 100) ** 0.25)
    longest = min(longest, max((n - 12) // 3, 1))
    first = max(int(np.floor(trimming * n + 1e-9)), longest + 2, 3)
    last = min(int(np.floor((1 - trimming) * n + 1e-9)), n - 3)
    if last < first or n < FEWEST:
        raise CannotEstimateError(f"{n} observations are too few for a trend break, trimming {trimming:g}")
    spread = float(np.std(y)) or 1.0
    scaled = (y - y.mean()) / spread
    positions = np.arange(first, last + 1, dtype=np.intp)
    found = np.array([_wald(scaled, int(position), model, longest) for position in positions])
    return positions, found[:, 0], found[:, 1]


def _columns(n: int, position: int, model: TrendModel) -> FloatArray:
    time = np.arange(1.0, n + 1) / n
    level = (np.arange(n) >= position).astype(float)
    slope = level * (time - position / n)
    if model == "level":
        return np.column_stack([np.ones(n), time, level])
    if model == "slope":
        return np.column_stack([np.ones(n), time, slope])
    return np.column_stack([np.ones(n), time, level, slope])


def _wald(y: FloatArray, position: int, model: TrendModel, longest: int) -> tuple[float, float]:
    """Return the Wald statistic of a break at `position` and the sum of squares of the plain fit."""
    n = y.shape[0]
    design = _columns(n, position, model)
    errors = _regress(y, design).residuals
    lag = _lag_length(errors, longest)
    alpha = _corrected_root(errors, lag, position / n, design.shape[1], model)
    if abs(alpha - 1) * np.sqrt(n) <= 1:
        alpha = 1.0
    fit = _regress(_quasi_difference(y, alpha), _quasi_difference(design, alpha))
    params, residuals = fit.params, fit.residuals
    if lag == 1:
        spectrum = float(residuals @ residuals) / n
    elif alpha == 1.0:
        spectrum, params = _unit_root_spectrum(y, design, position, model, lag, params, residuals)
    else:
        spectrum = _kernel_spectrum(residuals)
    tested = slice(2, design.shape[1])
    delta = params[tested]
    wald = float(delta @ np.linalg.solve(fit.inverse[tested, tested], delta)) / spectrum
    return wald, float(errors @ errors)


@dataclass(frozen=True, slots=True)
class _Regression:
    """Coefficients, shape (k,), residuals, shape (n,), and (X'X)⁻¹, shape (k, k)."""

    params: FloatArray
    residuals: FloatArray
    inverse: FloatArray


def _regress(y: FloatArray, design: FloatArray) -> _Regression:
    """Regress on a few well scaled columns; least norm where they are collinear."""
    inverse = np.linalg.pinv(design.T @ design, rcond=1e-12, hermitian=True).astype(np.float64, copy=False)
    params = inverse @ (design.T @ y)
    return _Regression(params, y - design @ params, inverse)


def _quasi_difference(values: FloatArray, alpha: float) -> FloatArray:
    moved = values.astype(float, copy=True)
    moved[1:] -= alpha * values[:-1]
    return moved


def _lagged(values: FloatArray, count: int, drop: int) -> FloatArray:
    """Return lags 1..count of `values` from observation `drop` on, shape (n - drop, count)."""
    n = values.shape[0]
    return np.column_stack([values[drop - j : n - j] for j in range(1, count + 1)])


def _lag_length(residuals: FloatArray, longest: int) -> int:
    """Choose the order of the autoregression of the residuals by BIC, at least one."""
    dependent = residuals[longest:]
    lags = _lagged(residuals, longest, longest)
    q, _ = np.linalg.qr(lags)
    gains = np.concatenate([[0.0], np.cumsum((q.T @ dependent) ** 2)])
    rows = dependent.size
    ssr = np.maximum(float(dependent @ dependent) - gains, np.finfo(float).tiny)
    criterion = np.log(ssr / rows) + np.log(rows) * np.arange(longest + 1) / rows
    return max(int(np.argmin(criterion)), 1)


def _corrected_root(residuals: FloatArray, lag: int, share: float, width: int, model: TrendModel) -> float:
    """Return the sum of the autoregressive coefficients after Roy and Fuller's upward correction."""
    n = residuals.shape[0]
    differences = np.concatenate([[0.0], np.diff(residuals)])
    columns = [residuals[lag - 1 : n - 1]]
    columns += [differences[lag - j : n - j] for j in range(1, lag)]
    fit = _regress(residuals[lag:], np.column_stack(columns))
    variance = float(fit.residuals @ fit.residuals) / (n - lag)
    error = float(np.sqrt(variance * fit.inverse[0, 0]))
    root = float(fit.params[0])
    if error <= 0:
        return 1.0
    tau = (root - 1) / error
    tenth = min(max(int(np.ceil(share * 10 - 1e-9)) - 1, 0), 9)
    middle = _MEDIANS[model][tenth]
    order = (lag + 1) // 2
    edge = np.sqrt((1 + width) * n)
    bend = ((width + 1) * n - middle**2 * (order + n)) / (middle * (middle + _FAR) * (order + n))
    if tau > middle:
        correction = -tau
    elif tau > -_FAR:
        correction = order * tau / n - (width + 1) / (tau + bend * (tau + _FAR))
    elif tau > -edge:
        correction = order * tau / n - (width + 1) / tau
    else:
        correction = 0.0
    return float(np.clip(root + correction * error, -0.99, 1.0))


def _unit_root_spectrum(
    y: FloatArray,
    design: FloatArray,
    position: int,
    model: TrendModel,
    lag: int,
    params: FloatArray,
    residuals: FloatArray,
) -> tuple[float, FloatArray]:
    """Return the long-run variance with α = 1, and coefficients with the level shift corrected."""
    n = y.shape[0]
    fit = _regress(residuals[lag - 1 :], _lagged(residuals, lag - 1, lag - 1))
    variance = float(fit.residuals @ fit.residuals) / (n - lag)
    spectrum = variance / (1 - float(fit.params.sum())) ** 2
    if model == "slope":
        return spectrum, params
    shifted = np.empty(lag - 1)
    for k in range(1, lag):
        moved = design.copy()
        moved[:, 2] = np.arange(n) >= position - k
        if model == "both":
            moved[:, 3] = moved[:, 2] * (np.arange(1, n + 1) - position) / n
        columns = _quasi_difference(moved, 1.0)
        columns[0] = design[0]
        shifted[k - 1] = _regress(_quasi_difference(y, 1.0), columns).params[2]
    level = params[2] - float(shifted @ fit.params)
    if model == "level":
        params[2] = level
        return variance, params
    params[2] = np.sqrt(spectrum / variance) * level
    return spectrum, params


def _kernel_spectrum(residuals: FloatArray) -> float:
    """Long-run variance by the quadratic spectral kernel, bandwidth from a first-order autoregression."""
    n = residuals.shape[0]
    before, after = residuals[:-1], residuals[1:]
    rho = float(np.clip(before @ after / (before @ before), -0.97, 0.97))
    bandwidth = 1.3221 * (4 * rho**2 / (1 - rho) ** 4 * n) ** 0.2
    centred = residuals - residuals.mean()
    covariances = np.correlate(centred, centred, "full")[n - 1 :] / n
    if bandwidth < 1e-8:
        return float(covariances[0])
    argument = 6 * np.pi * np.arange(1, n) / (5 * bandwidth)
    weights = 3 * (np.sin(argument) / argument - np.cos(argument)) / argument**2
    return float(max(covariances[0] + 2 * weights @ covariances[1:], 1e-12 * covariances[0]))
