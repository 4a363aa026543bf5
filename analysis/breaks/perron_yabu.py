"""Breaks in level and slope of a trend whose noise may be stationary or have a unit root.

Perron and Yabu (2009, Journal of Business and Economic Statistics 27:369-396): at each date the sum of the
autoregressive coefficients is estimated, corrected upwards, set to one within T^(-1/2) of it, and the break
tested by feasible generalised least squares; the statistic is Exp-W. Kejriwal and Perron (2010, Journal of
Time Series Analysis 31:305-328): one break more in any segment of the fit with l breaks, by the largest of
the segments' statistics.

Critical values: the limit's, as in the papers, and for up to 200 observations those of the feasible
statistic in series of that length (each segment its own), simulated over autoregressive roots up to one.
Between, they are interpolated in 1/n. In short series the limit's reject in 10 to 17 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from analysis.errors import CannotEstimateError
from analysis.numerics.critical_values import LEVELS, table
from analysis.numerics.least_squares import FloatArray
from analysis.numerics.partitions import pure_partitions
from analysis.numerics.sized_quantiles import NullDistribution, joint_quantile
from analysis.numerics.trend_break import TrendModel, exp_w

FEWEST_FOR_ONE = 60
"""Observations below which the search takes the bootstrap instead: the statistic's tail is too heavy."""

FEWEST_FOR_TWO = 80
"""Observations below which the test of a second break is not used: its segments are too short."""


@dataclass(frozen=True, slots=True)
class TrendBreakTest:
    """Test of a trend break at an unknown date.

    Attributes
    ----------
    statistic : float
        Exp-W, or the largest of the segments'.
    critical : dict
        By level, ``"0.10" "0.05" "0.01"``; None outside the table.
    pvalue : float or None
        Interpolated in the simulated distribution; None outside the table.
    position : int
        Observations before the break with the smallest sum of squares.
    """

    statistic: float
    critical: dict[str, float | None]
    pvalue: float | None
    position: int


def perron_yabu(
    y: FloatArray, model: TrendModel = "both", trimming: float = 0.15, max_lag: int | None = None
) -> TrendBreakTest:
    """Test one break in the trend; null: one linear trend throughout.

    Parameters
    ----------
    y : FloatArray
        Consecutive observations, shape (T,).
    model : {"level", "slope", "both"}
        What breaks. (With ``slope`` the two lines meet.)
    trimming : float
        Share left out at either end; critical values for 0.05, 0.10, 0.15, 0.20 and 0.25.
    max_lag : int, optional
        Longest autoregression; default 12 (T/100)^¼, chosen by BIC.

    Raises
    ------
    CannotEstimateError
        If the sample is too short.
    """
    statistic, position = exp_w(y, model, trimming, max_lag)
    return _judged(statistic, position, [null_of(model, trimming, y.shape[0])])


def kejriwal_perron(
    y: FloatArray, model: TrendModel = "both", trimming: float = 0.15, breaks: int = 1
) -> TrendBreakTest:
    """Test l + 1 trend breaks against l = `breaks`, at the dates of the smallest sum of squares.

    Raises
    ------
    CannotEstimateError
        If there are fewer than 80 observations or a segment cannot be tested.
    """
    n = y.shape[0]
    if n < FEWEST_FOR_TWO:
        raise CannotEstimateError(
            f"the test of a further trend break needs {FEWEST_FOR_TWO} observations, there are {n}"
        )
    time = np.arange(n) / n
    h = max(int(np.floor(trimming * n + 1e-9)), 3)
    dates = pure_partitions(y, np.column_stack([np.ones(n), time]), h, breaks).breaks[breaks]
    edges = (0, *dates, n)
    found: list[tuple[float, int]] = []
    nulls = []
    for s in range(len(edges) - 1):
        segment = y[edges[s] : edges[s + 1]]
        try:
            statistic, position = exp_w(segment, model, trimming, None)
        except CannotEstimateError:
            continue
        found.append((statistic, edges[s] + position))
        nulls.append(null_of(model, trimming, segment.size))
    if not found:
        raise CannotEstimateError("no segment is long enough for a further trend break")
    statistic, position = max(found)
    return _judged(statistic, position, nulls)


def _judged(statistic: float, position: int, nulls: Sequence[NullDistribution | None]) -> TrendBreakTest:
    known = [null for null in nulls if null is not None]
    if len(known) < len(nulls):
        return TrendBreakTest(statistic, {f"{level:.2f}": None for level in LEVELS}, None, position)
    critical: dict[str, float | None] = {f"{level:.2f}": joint_quantile(known, 1 - level) for level in LEVELS}
    below = float(np.prod([null.cdf(statistic) for null in known]))
    return TrendBreakTest(statistic, critical, 1 - below, position)


def limit_critical(model: TrendModel, trimming: float, segments: int) -> dict[str, float | None]:
    """Return the limit's critical values of the largest of `segments` statistics, as the papers print them.

    Parameters
    ----------
    model : {"level", "slope", "both"}
    trimming : float
    segments : int
        1 for Perron and Yabu, l + 1 for Kejriwal and Perron.
    """
    return _judged(0.0, 0, [null_of(model, trimming, None)] * segments).critical


@cache
def null_of(model: TrendModel, trimming: float, n: int | None) -> NullDistribution | None:
    """Return the null distribution of Exp-W for `n` observations, or of its limit; None outside the table."""
    limit = _rows("trend_break", model, trimming, at=1)
    if limit is None:
        return None
    levels, values = limit
    if n is None:
        return NullDistribution(levels, np.maximum(values[0], 0.0), "")
    short = _rows("trend_break_short", model, trimming, at=2)
    if short is None:
        return None
    common = np.isin(levels, short[0])
    sizes = table("trend_break_short")[1][:, 1]
    inverse = np.concatenate([[0.0], 1 / np.unique(sizes)[::-1]])
    stacked = np.vstack([values[0, common], short[1][::-1]])
    blended = np.array([np.interp(1 / n, inverse, column) for column in stacked.T])
    return NullDistribution(short[0], np.maximum.accumulate(np.maximum(blended, 0.0)), "")


def _rows(name: str, model: TrendModel, trimming: float, at: int) -> tuple[FloatArray, FloatArray] | None:
    """Return probabilities, and quantiles by row; `at` is the column of the trimming."""
    header, numbers = table(name)
    code = {"level": 1.0, "slope": 2.0, "both": 3.0}[model]
    rows = numbers[(numbers[:, 0] == code) & (np.abs(numbers[:, at] - trimming) < 1e-9)]
    if rows.size == 0:
        return None
    return np.array([float(text[1:]) for text in header[at + 1 :]]), rows[:, at + 1 :]
