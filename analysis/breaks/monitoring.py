"""Monitoring: whether the model of a history still holds for new observations.

Null: the coefficients of the history hold afterwards. Boundaries keep the size for a monitoring that never
ends (CUSUM, recursive estimates) or that ends at a stated multiple of the history (moving sums and
estimates). Sources: Chu, Stinchcombe and White (1996); Zeileis, Leisch, Kleiber and Hornik (2005).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from analysis.errors import CannotEstimateError, UsageError
from analysis.numerics.critical_values import table
from analysis.numerics.least_squares import FloatArray, least_squares

Process = Literal["ols_cusum", "ols_mosum", "recursive_estimates", "moving_estimates"]
Boundary = Literal["root", "linear"]

LINEAR_SLOPE = 1.568
"""Slope of the linear boundary of the OLS-CUSUM at 5 % for ten times the history (Zeileis et al. 2005)."""


@dataclass(frozen=True, slots=True)
class Monitoring:
    """Process and boundary for the new observations.

    Attributes
    ----------
    process : FloatArray
        Largest absolute value over components, for observations history + 1, ..., n.
    boundary : FloatArray
        Same shape.
    detected : int or None
        First observation (counted from 1) beyond the boundary.
    critical : float
        Constant of the boundary.
    level : float
        Probability of a false alarm.
    method : Process
    """

    process: FloatArray
    boundary: FloatArray
    detected: int | None
    critical: float
    level: float
    method: Process


def monitor(
    y: FloatArray,
    design: FloatArray,
    history: int,
    *,
    method: Process = "ols_cusum",
    level: float = 0.05,
    window: float = 0.25,
    period: int = 10,
    boundary: Boundary = "root",
) -> Monitoring:
    """Follow new observations with the coefficients of the history.

    Parameters
    ----------
    y : FloatArray
        History and new observations, shape (n,).
    design : FloatArray
        Shape (n, k).
    history : int
        Observations of the history.
    method : {"ols_cusum", "ols_mosum", "recursive_estimates", "moving_estimates"}
    level : float
        Probability of a false alarm.
    window : float
        Window of the moving processes as a share of the history: 0.25, 0.5 or 1.
    period : int
        Planned end as a multiple of the history, for the moving processes: 2, 4, 6, 8 or 10.
    boundary : {"root", "linear"}
        ``linear`` is for the OLS-CUSUM at 5 % and ten times the history.

    Raises
    ------
    UsageError
        If a boundary is not tabulated for the choice.
    CannotEstimateError
        If the history is too short or there is nothing new.
    """
    if method not in get_args(Process):
        raise UsageError(f"method is one of {', '.join(get_args(Process))}, not '{method}'")
    n, k = design.shape
    if history <= k + 1:
        raise CannotEstimateError(f"a history of {history} observations cannot carry {k} coefficients")
    if n <= history:
        raise CannotEstimateError("there are no new observations to monitor")
    fit = least_squares(y[:history], design[:history])
    if fit.rank < k:
        raise CannotEstimateError("the regressors are collinear within the history")
    scale = float(np.sqrt(fit.ssr / (history - k)))
    ends = np.arange(history + 1, n + 1)
    width = int(np.floor(window * history + 1e-9))
    errors = (y - design @ fit.params) / (scale * np.sqrt(history))
    sums = np.concatenate([[0.0], np.cumsum(errors)])
    if method == "ols_cusum":
        process = np.abs(sums[ends])
        critical = root_constant(level)
    elif method == "ols_mosum":
        process = np.abs(sums[ends] - sums[ends - width])
        critical = moving_constant(window, period, level)
    else:
        recursive = method == "recursive_estimates"
        process = _estimates(y, design, history, fit.params, scale, ends, None if recursive else width)
        critical = root_constant(level / k) if recursive else moving_constant(window, period, level / k)
    share = ends / history
    if boundary == "linear":
        if method != "ols_cusum" or abs(level - 0.05) > 1e-12:
            raise UsageError("the linear boundary is tabulated for ols_cusum at the 5 % level")
        limit, critical = LINEAR_SLOPE * share, LINEAR_SLOPE
    elif method in ("ols_cusum", "recursive_estimates"):
        limit = np.sqrt(share * (share - 1) * (critical**2 + np.log(share / (share - 1))))
    else:
        limit = critical * np.sqrt(2 * np.where(share <= np.e, 1.0, np.log(share)))
    beyond = np.flatnonzero(process > limit)
    detected = int(ends[beyond[0]]) if beyond.size else None
    return Monitoring(process, limit, detected, float(critical), level, method)


def _estimates(
    y: FloatArray,
    design: FloatArray,
    history: int,
    base: FloatArray,
    scale: float,
    ends: FloatArray,
    width: int | None,
) -> FloatArray:
    """Return the largest distance so far of moving (without `width`: recursive) estimates."""
    values = []
    own = _root(design[:history].T @ design[:history] / history)
    for end in ends.astype(int):
        start = 0 if width is None else end - width
        rows = slice(start, end)
        fit = least_squares(y[rows], design[rows])
        if fit.rank < design.shape[1]:
            raise CannotEstimateError(
                f"the window of {end - start} observations up to {end} cannot carry the coefficients"
            )
        root = own if width is None else _root(design[rows].T @ design[rows] / (end - start))
        distance = root @ (fit.params - base) * (end - start) / (scale * np.sqrt(history))
        values.append(float(np.max(np.abs(distance))))
    return np.maximum.accumulate(np.array(values))


def _root(matrix: FloatArray) -> FloatArray:
    values, vectors = np.linalg.eigh(matrix)
    root: FloatArray = vectors @ (np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T)
    return root


def root_constant(level: float) -> float:
    """Return a with 2 - 2(Φ(a) - a φ(a)) = `level`, of the boundary √(t(t-1)(a² + ln(t/(t-1))))."""
    return float(
        brentq(
            lambda a: 2 - 2 * (float(ndtr(a)) - a * np.exp(-(a**2) / 2) / np.sqrt(2 * np.pi)) - level,
            0.0,
            12.0,
        )
    )


def moving_constant(window: float, period: int, level: float) -> float:
    """Return the tabulated constant of the moving processes, interpolated in the level.

    Raises
    ------
    UsageError
        If window, period or level lie outside the table.
    """
    numbers = table("monitoring_moving")[1]
    rows = numbers[(np.abs(numbers[:, 0] - window) < 1e-9) & (numbers[:, 1] == period) & (numbers[:, 3] == 0)]
    if rows.size == 0:
        raise UsageError(
            f"no boundary for window {window:g} and period {period}: "
            "windows 0.25, 0.5, 1; periods 2, 4, 6, 8, 10"
        )
    ordered = rows[np.argsort(rows[:, 2])]
    if not ordered[0, 2] <= 1 - level <= ordered[-1, 2]:
        raise UsageError(
            f"no boundary for a level of {level:g}: the table has {1 - ordered[-1, 2]:.3g} to "
            f"{1 - ordered[0, 2]:.3g}"
        )
    return float(np.interp(1 - level, ordered[:, 2], ordered[:, 4]))
