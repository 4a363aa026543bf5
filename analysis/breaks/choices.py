"""Which model a series gets where the caller leaves it open: seasonal means or none, mean or trend.

Seasonal means are left out where the recorded figures show no season: Kruskal and Wallis' test of the
calendar months (or quarters) on the series less its centred moving average of one year does not reject at
5 %. Mean or trend: Harvey, Leybourne and Taylor's (2007) test of a linear trend, valid with stationary errors
and with a unit root alike. Unless it rejects at 5 % the model is a mean; if it rejects both are searched and
the one with the lower BIC is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import chdtrc

from analysis.breaks.sample import Model, Sample, build_sample
from analysis.breaks.sensitivity import bic
from analysis.breaks.sized import SizedSearch, sized_search
from analysis.breaks.trend_steps import trend_search
from analysis.domain import TradeSeries
from analysis.domain.seasons import CLASSES, class_of
from analysis.errors import CannotEstimateError
from analysis.numerics.least_squares import FloatArray, least_squares
from analysis.numerics.long_run_variance import long_run_variance

ModelChoice = Literal["auto", "mean", "trend"]

SEASON_LEVEL = 0.05
TREND_CRITICAL = 1.959964
"""Two-sided 5 % point of the standard normal."""

KAPPA = 0.00025
"""Harvey, Leybourne and Taylor (2007), section 4."""

GLS_TREND = -13.5
"""Local alternative of the Dickey-Fuller test with a trend (Elliott, Rothenberg and Stock 1996)."""

FEWEST_FOR_TREND = 20


@dataclass(frozen=True, slots=True)
class Decision:
    """The sample that was searched, and what was found.

    Attributes
    ----------
    sample : Sample
    search : SizedSearch
    reason : str
        Why this model, in words; empty where the caller chose it.
    """

    sample: Sample
    search: SizedSearch
    reason: str


def decide(
    series: TradeSeries,
    model: ModelChoice,
    seasonal: bool | None,
    rule: str,
    guard: bool,
    **options: Any,
) -> tuple[Decision, str]:
    """Settle seasons and model, and search.

    Parameters
    ----------
    series : TradeSeries
    model : {"auto", "mean", "trend"}
    seasonal : bool or None
    rule : str
        ``ar``; with ``hac`` or ``iid`` nothing is searched here.
    guard : bool
    **options
        Of `build_sample`.

    Returns
    -------
    Decision and str
        The second says why there are no seasonal means; empty if there are or nobody left it open.
    """
    first: Model = "trend" if model == "trend" else "mean"
    sample = build_sample(series, model=first, seasonal=seasonal, **options)
    season = ""
    on = seasonal
    if seasonal is None and sample.seasons > 1:
        pvalue = season_pvalue(sample)
        on = pvalue <= SEASON_LEVEL
        if not on:
            sample = build_sample(series, model=first, seasonal=False, **options)
            season = f"no seasonal means: the test of Kruskal and Wallis sees no season (p {pvalue:.2f})"
    if sample.model == "trend":
        sample = sample.by_share()
    if model != "auto":
        return Decision(sample, search(sample, guard) if rule == "ar" else SizedSearch((), ()), ""), season
    if rule != "ar":
        reason = "mean: the tests of Bai and Perron hold without a trend only"
        return Decision(sample, SizedSearch((), ()), reason), season
    return mean_or_trend(sample, lambda: _trending(series, on, options), guard), season


def _trending(series: TradeSeries, seasonal: bool | None, options: dict[str, Any]) -> Sample | None:
    try:
        return build_sample(series, model="trend", seasonal=seasonal, **options).by_share()
    except CannotEstimateError:
        return None


def search(sample: Sample, guard: bool) -> SizedSearch:
    """Return breaks and tests of the procedure that holds its size for the sample's model."""
    return sized_search(sample, guard=guard) if sample.model == "mean" else trend_search(sample)


def mean_or_trend(mean: Sample, with_trend: Callable[[], Sample | None], guard: bool) -> Decision:
    """Search with a mean, and with a trend too where the series has one.

    Parameters
    ----------
    mean : Sample
    with_trend : callable
        Lays the same observations out with a trend; None if they are too few.
    guard : bool
    """
    found = search(mean, guard)
    statistic = trend_statistic(mean)
    if statistic is None or abs(statistic) <= TREND_CRITICAL:
        shown = "too few observations" if statistic is None else f"{statistic:.2f}"
        return Decision(mean, found, f"mean: a trend test valid with and without a unit root says {shown}")
    trend = with_trend()
    if trend is None:
        return Decision(mean, found, "mean: too few observations for a trend with breaks")
    other = search(trend, guard)
    gain = bic(mean, found) - bic(trend, other)
    rejects = f"a trend test valid with and without a unit root rejects ({statistic:.2f})"
    if gain > 0:
        return Decision(trend, other, f"trend: {rejects}, and BIC is {gain:.1f} lower than with a mean")
    return Decision(mean, found, f"mean: {rejects}, but BIC is {-gain:.1f} lower than with a trend")


def season_pvalue(sample: Sample) -> float:
    """Return the p-value of Kruskal and Wallis' test of the seasons; weeks are taken by their months.

    Parameters
    ----------
    sample : Sample
        With seasonal means.
    """
    length = len(sample.series)
    values = np.full(length, np.nan)
    values[sample.calendar] = sample.y
    cycle, frequency = sample.series.first.per_year, sample.series.frequency
    half = cycle // 2
    padded = np.concatenate([np.full(half, np.nan), values, np.full(half, np.nan)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)
    weights = np.ones(2 * half + 1)
    weights[[0, -1]] = 0.5
    known = np.isfinite(windows)
    weight = np.sum(known * weights, axis=1)
    level = np.nansum(np.where(known, windows, 0.0) * weights, axis=1) / np.maximum(weight, 0.5)
    usable = np.isfinite(values) & (weight >= 0.75 * cycle)
    classes = CLASSES[frequency]
    season = np.array([class_of(period) for period in sample.series.periods])
    left, group = (values - level)[usable], season[usable]
    ranks = _ranks(left)
    total = left.size
    counts = np.bincount(group, minlength=classes)
    sums = np.bincount(group, ranks, minlength=classes)
    inside = counts > 0
    spread = np.sum((ranks - (total + 1) / 2) ** 2) / max(total - 1, 1)
    if total <= 2 * classes or spread == 0:
        return 0.0
    statistic = np.sum(counts[inside] * (sums[inside] / counts[inside] - (total + 1) / 2) ** 2) / spread
    return float(chdtrc(np.count_nonzero(inside) - 1, statistic))


def _ranks(values: FloatArray) -> FloatArray:
    """Return ranks from 1, equal values sharing their mean rank."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: FloatArray = (last - (counts - 1) / 2)[place]
    return ranks


def trend_statistic(sample: Sample) -> float | None:
    """Return Harvey, Leybourne and Taylor's statistic, standard normal without a trend; None if too short.

    The weighted mean of two t statistics of the trend, one from levels and one from differences, each with a
    long-run variance; the weight exp(-κ (U/S)²) goes to the second where Dickey and Fuller's statistic U is
    small beside Kwiatkowski and others' S, so that neither a unit root nor its absence matters. Missing
    periods are interpolated.

    Parameters
    ----------
    sample : Sample
        Of a mean.
    """
    if sample.n < FEWEST_FOR_TREND:
        return None
    base = np.column_stack([sample.changing, sample.common])
    found = least_squares(sample.y, base)
    p = sample.common.shape[1]
    adjusted = sample.y - (sample.common @ found.params[-p:] if p else 0.0)
    time = np.arange(int(sample.calendar[-1]) + 1, dtype=float)
    y = np.interp(time, sample.calendar, adjusted)
    n = y.size
    centred = time - time.mean()
    size = float(centred @ centred)
    slope = float(centred @ y) / size
    left = y - y.mean() - slope * centred
    levels = _long_run(left)
    change = np.diff(y)
    drift = float(change.mean())
    differences = _long_run(change - drift)
    if min(levels, differences) <= 0:
        return None
    first = slope / np.sqrt(levels / size)
    second = drift / np.sqrt(differences / (n - 1))
    stationarity = float(np.sum(np.cumsum(left) ** 2)) / n**2 / levels
    weight = np.exp(-KAPPA * (_dickey_fuller_gls(y) / stationarity) ** 2)
    return float((1 - weight) * first + weight * second)


def _long_run(values: FloatArray) -> float:
    return float(long_run_variance(values[:, None], prewhiten=False).matrix[0, 0])


def _dickey_fuller_gls(y: FloatArray) -> float:
    """Return the Dickey-Fuller statistic on the series less its trend by local generalised least squares."""
    n = y.size
    design = np.column_stack([np.ones(n), np.arange(1.0, n + 1)])
    root = 1 + GLS_TREND / n
    quasi = np.concatenate([design[:1], design[1:] - root * design[:-1]])
    outcome = np.concatenate([y[:1], y[1:] - root * y[:-1]])
    left = y - design @ least_squares(outcome, quasi).params
    lags = int(4 * (n / 100) ** 0.25)
    change = np.diff(left)
    rows = np.arange(lags, change.size)
    regressors = np.column_stack([left[rows], *(change[rows - k] for k in range(1, lags + 1))])
    fit = least_squares(change[rows], regressors)
    if fit.dropped or fit.ssr <= 0:
        return 0.0
    variance = fit.ssr / max(rows.size - fit.rank, 1)
    spread = np.linalg.inv(regressors.T @ regressors)[0, 0]
    return float(fit.params[0] / np.sqrt(variance * spread))
