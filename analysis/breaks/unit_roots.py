"""Unit root tests: augmented Dickey-Fuller by statsmodels; Zivot-Andrews and Lee-Strazicich (ours).

statsmodels' `zivot_andrews` chooses the lags once for all dates (-4.62 instead of the printed -5.58 for real
GNP), reads no lags as twelve, and cannot try the dates near the ends where the paper finds the break of
consumer prices (docs/methods/differences.md); Lee-Strazicich it does not have.

Zivot and Andrews (1992, Journal of Business and Economic Statistics 10:251-270): null, a unit root without
a break; alternative, a trend-stationary series with one break in level (A), slope (B) or both (C). Lee and
Strazicich (2003, Review of Economics and Statistics 85:1082-1089): breaks stand under the null as well, so
that rejection means trend stationarity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.errors import CannotEstimateError, UsageError
from analysis.numerics.least_squares import FloatArray, least_squares, solve_gram

ZivotAndrewsModel = Literal["A", "B", "C"]
LeeStrazicichModel = Literal["A", "C"]

ZIVOT_ANDREWS_CRITICAL: dict[ZivotAndrewsModel, dict[str, float]] = {
    "A": {"0.01": -5.34, "0.05": -4.80, "0.10": -4.58},
    "B": {"0.01": -4.93, "0.05": -4.42, "0.10": -4.11},
    "C": {"0.01": -5.57, "0.05": -5.08, "0.10": -4.82},
}
"""Zivot and Andrews (1992), tables 2 to 4, asymptotic."""

LEE_STRAZICICH_A = {"0.01": -4.545, "0.05": -3.842, "0.10": -3.504}
"""Lee and Strazicich (2003), table 2, two breaks in level, wherever they stand; T = 100."""

LEE_STRAZICICH_C: dict[tuple[float, float], tuple[float, float, float]] = {
    (0.2, 0.4): (-6.16, -5.59, -5.27),
    (0.2, 0.6): (-6.41, -5.74, -5.32),
    (0.2, 0.8): (-6.33, -5.71, -5.33),
    (0.4, 0.6): (-6.45, -5.67, -5.31),
    (0.4, 0.8): (-6.42, -5.65, -5.32),
    (0.6, 0.8): (-6.32, -5.73, -5.32),
}
"""The same, two breaks in level and slope, by their shares of the sample: 1, 5 and 10 %."""

SIGNIFICANT = 1.645
"""Two-sided 10 %: the last lag is kept if its t statistic is larger."""


@dataclass(frozen=True, slots=True)
class UnitRootTest:
    """One test.

    Attributes
    ----------
    statistic : float
        Smallest t statistic over dates.
    positions : tuple of int
        Observations before each break; empty for a test without one.
    lags : int
        Lagged differences at the chosen dates.
    critical : dict
        By level.
    null, alternative : str
        In words.
    """

    statistic: float
    positions: tuple[int, ...]
    lags: int
    critical: dict[str, float]
    null: str
    alternative: str


def augmented_dickey_fuller(
    y: FloatArray, *, lags: int | None = None, max_lags: int | None = None
) -> UnitRootTest:
    """Test a unit root against stationarity around a linear trend without a break, by statsmodels.

    Parameters
    ----------
    y : FloatArray
        Consecutive observations, shape (T,).
    lags : int, optional
        Lagged differences; default: the number up to `max_lags` of the smallest AIC.
    max_lags : int, optional
        Default ``12 (T / 100)^(1/4)``.

    Raises
    ------
    CannotEstimateError
        If the sample is too short.

    References
    ----------
    Said & Dickey (1984), Biometrika 71, 599-607; critical values of MacKinnon (2010).
    """
    from statsmodels.tsa.stattools import adfuller

    if len(y) < 12 + (lags or 0):
        raise CannotEstimateError(f"{len(y)} observations are too few for a test of a unit root")
    found = adfuller(
        y,
        maxlag=max_lags if lags is None else lags,
        regression="ct",
        autolag="AIC" if lags is None else None,
        result_object=False,
    )
    levels = {"0.01": "1%", "0.05": "5%", "0.10": "10%"}
    return UnitRootTest(
        float(found[0]),
        (),
        int(found[2]),
        {ours: float(found[4][theirs]) for ours, theirs in levels.items()},
        "a unit root, no break",
        "stationary around a linear trend, no break",
    )


def _t_statistic(y: FloatArray, design: FloatArray, column: int) -> float | None:
    fit = least_squares(y, design)
    n = design.shape[0]
    if column not in fit.kept or n <= fit.rank:
        return None
    where = fit.kept.index(column)
    unit = np.zeros(fit.rank)
    unit[where] = 1.0
    variance = fit.ssr / (n - fit.rank) * float(solve_gram(fit.triangle, unit)[where])
    return float(fit.params[column] / np.sqrt(variance)) if variance > 0 else None


def zivot_andrews(
    y: FloatArray,
    model: ZivotAndrewsModel = "C",
    *,
    lags: int | None = None,
    max_lags: int = 8,
    trimming: float = 0.0,
) -> UnitRootTest:
    """Test a unit root against trend stationarity with one break at an unknown date.

    Parameters
    ----------
    y : FloatArray
        Consecutive observations, shape (T,).
    model : {"A", "B", "C"}
        Break in the level, the slope, or both.
    lags : int, optional
        Lagged differences; default: at each date from `max_lags` down until the last is significant at 10 %.
    max_lags : int
    trimming : float
        Share left out at either end; 0 tries every date from the second to the last but one, as the paper.

    Raises
    ------
    UsageError
        If the model is unknown.
    CannotEstimateError
        If the sample is too short.
    """
    if model not in ZIVOT_ANDREWS_CRITICAL:
        raise UsageError(f"model is 'A', 'B' or 'C', not '{model}'")
    n = y.shape[0]
    tried = range(lags, lags + 1) if lags is not None else range(max_lags, -1, -1)
    if n < max(tried) + 12:
        raise CannotEstimateError(f"{n} observations are too few for {max(tried)} lags")
    first, last = max(2, int(np.floor(trimming * n))), min(n - 2, int(np.ceil((1 - trimming) * n)))
    best: tuple[float, int, int] | None = None
    for position in range(first, last + 1):
        found = _zivot_andrews_at(y, model, position, tried, lags is not None)
        if found is not None and (best is None or found[0] < best[0]):
            best = (found[0], position, found[1])
    if best is None:
        raise CannotEstimateError("no break date leaves the regression identified")
    return UnitRootTest(
        best[0],
        (best[1],),
        best[2],
        ZIVOT_ANDREWS_CRITICAL[model],
        "a unit root, no break",
        {
            "A": "stationary around a trend with one break in its level",
            "B": "stationary around a trend with one break in its slope",
            "C": "stationary around a trend with one break in level and slope",
        }[model],
    )


def _zivot_andrews_at(
    y: FloatArray, model: ZivotAndrewsModel, position: int, tried: range, fixed: bool
) -> tuple[float, int] | None:
    n = y.shape[0]
    time = np.arange(1.0, n + 1)
    level = (time > position).astype(float)
    columns = [np.ones(n), time]
    if model in ("A", "C"):
        columns.append(level)
    if model in ("B", "C"):
        columns.append(level * (time - position))
    difference = np.concatenate([[0.0], np.diff(y)])
    for lag in tried:
        rows = slice(lag + 1, n)
        lagged = [difference[lag + 1 - j : n - j] for j in range(1, lag + 1)]
        design = np.column_stack([y[lag : n - 1], *[c[rows] for c in columns], *lagged])
        if lag and not fixed:
            last = _t_statistic(difference[rows], design, design.shape[1] - 1)
            if last is None or abs(last) < SIGNIFICANT:
                continue
        statistic = _t_statistic(difference[rows], design, 0)
        if statistic is not None:
            return statistic, lag
    return None


def lee_strazicich(
    y: FloatArray, model: LeeStrazicichModel = "C", *, max_lags: int = 8, trimming: float = 0.1
) -> UnitRootTest:
    """Test a unit root with two breaks against trend stationarity with two breaks, at unknown dates.

    Parameters
    ----------
    y : FloatArray
        Consecutive observations, shape (T,).
    model : {"A", "C"}
        Breaks in the level, or in level and slope.
    max_lags : int
        At each pair of dates the lags run down from here until the last is significant at 10 %.
    trimming : float
        Share left out at either end.

    Raises
    ------
    UsageError
        If the model is unknown.
    CannotEstimateError
        If the sample is too short.
    """
    if model not in ("A", "C"):
        raise UsageError(f"model is 'A' or 'C', not '{model}'")
    n = y.shape[0]
    if n < max_lags + 20:
        raise CannotEstimateError(f"{n} observations are too few for two breaks and {max_lags} lags")
    first, last = max(2, int(np.floor(trimming * n))), int(np.ceil((1 - trimming) * n)) - 1
    apart = 2 if model == "A" else 3
    best: tuple[float, tuple[int, int], int] | None = None
    for one in range(first, last - apart + 1):
        for two in range(one + apart, last + 1):
            found = _lee_strazicich_at(y, model, (one, two), max_lags)
            if found is not None and (best is None or found[0] < best[0]):
                best = (found[0], (one, two), found[1])
    if best is None:
        raise CannotEstimateError("no pair of break dates leaves the regression identified")
    shares = (best[1][0] / n, best[1][1] / n)
    return UnitRootTest(
        best[0],
        best[1],
        best[2],
        LEE_STRAZICICH_A if model == "A" else _nearest_cell(shares),
        "a unit root, with two breaks",
        "stationary around a trend with two breaks",
    )


def _nearest_cell(shares: tuple[float, float]) -> dict[str, float]:
    cell = min(LEE_STRAZICICH_C, key=lambda c: ((c[0] - shares[0]) ** 2 + (c[1] - shares[1]) ** 2, c))
    return dict(zip(("0.01", "0.05", "0.10"), LEE_STRAZICICH_C[cell], strict=True))


def _lee_strazicich_at(
    y: FloatArray, model: LeeStrazicichModel, positions: tuple[int, int], max_lags: int
) -> tuple[float, int] | None:
    n = y.shape[0]
    time = np.arange(1.0, n + 1)
    columns = [time]
    for position in positions:
        level = (time > position).astype(float)
        columns.append(level)
        if model == "C":
            columns.append(level * (time - position))
    trend = np.column_stack(columns)
    steps = np.diff(trend, axis=0)
    change = np.diff(y)
    fit = least_squares(change, steps)
    if fit.dropped:
        return None
    detrended = y - trend @ fit.params
    detrended = detrended - detrended[0]
    moved = np.diff(detrended)
    for lag in range(max_lags, -1, -1):
        lagged = [moved[lag - j : moved.size - j] for j in range(1, lag + 1)]
        design = np.column_stack([detrended[lag : n - 1], steps[lag:], *lagged])
        if lag:
            last = _t_statistic(change[lag:], design, design.shape[1] - 1)
            if last is None or abs(last) < SIGNIFICANT:
                continue
        statistic = _t_statistic(change[lag:], design, 0)
        if statistic is not None:
            return statistic, lag
    return None
