"""What a search for breaks sees: transformed observations, their calendar, the columns that may change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.breaks.bai_perron import BreakRegression
from analysis.domain import FREQUENCY_NAMES, FloatArray, Period, TradeSeries, Window
from analysis.domain.declared import RegimeChoice, read_regimes, standardise_controls
from analysis.domain.seasons import (
    HARMONIC,
    season_columns,
    season_words,
    seasonal_by_default,
    seen_once,
)
from analysis.errors import CannotEstimateError, InputError, UsageError
from analysis.numerics.least_squares import IntArray, least_squares
from analysis.numerics.partitions import admissible_breaks

Model = Literal["mean", "trend"]
Scale = Literal["log", "level"]

FEWEST_DEGREES = 8
"""Observations left after the regressors, by the contract."""

MIN_SEGMENT = {"A": 3, "Q": 6, "M": 8, "W": 26, "D": 60}
"""Fewest observed periods between two lasting breaks: closures last one to three years, and a change that
returns sooner is a dip."""

TRIMMING = 0.15
"""Shortest segment of Bai and Perron's tests and of trend breaks, as a share, if a caller gives none."""

MOST_CLASSICAL = 5
"""Breaks up to which Bai and Perron tabulate their tests."""

CONSTANT_SHARE = 1e-12
"""A series whose variation, net of seasons and trend, is below this share of its size is constant."""


@dataclass(frozen=True)
class Sample:
    """Observed periods of a series, ready for the tests.

    Attributes
    ----------
    series : TradeSeries
        Where it comes from.
    y : FloatArray
        Observed values on the model's scale, shape (n,).
    calendar : IntArray
        Calendar position of each, shape (n,).
    changing, common : FloatArray
        Columns whose coefficients may break (intercept; and trend per year), shape (n, q), and those that
        all segments share: seasonal dummies, then controls, shape (n, p).
    seasons : int
        Coefficients of the season and the mean: 1, 4 or 12, of weeks 9.
    controls : tuple of str
        Names of the controls.
    loud : ndarray of bool
        Whether a period belongs to a declared stretch of other variance, shape (n,).
    regimes : tuple of Window
        Those stretches, both ends INCLUSIVE.
    model : Model
    scale : Scale
    scale_given : bool
        Whether the caller chose the scale.
    trimming : float
        Of the tests of Bai and Perron and of trend breaks.
    min_length : int
        Fewest observations in a segment.
    max_breaks : int
        As many of the wanted breaks as fit.
    """

    series: TradeSeries
    y: FloatArray
    calendar: IntArray
    changing: FloatArray
    common: FloatArray
    seasons: int
    controls: tuple[str, ...]
    loud: NDArray[np.bool_]
    regimes: tuple[Window, ...]
    model: Model
    scale: Scale
    scale_given: bool
    trimming: float
    min_length: int
    max_breaks: int

    @property
    def n(self) -> int:
        """Number of observed periods."""
        return int(self.y.shape[0])

    @property
    def missing(self) -> int:
        """Number of calendar periods without a value."""
        return len(self.series) - self.n

    @property
    def regression(self) -> BreakRegression:
        """The regression whose coefficients may change."""
        return BreakRegression(self.y, self.changing, self.common, self.min_length)

    def by_share(self) -> Sample:
        """Return the sample laid out for tests whose tables know the shortest segment as a share.

        Raises
        ------
        CannotEstimateError
            If no break fits.
        """
        shortest = max(int(np.floor(self.trimming * self.n + 1e-9)), self.changing.shape[1] + 1, 2)
        most = admissible_breaks(self.n, shortest, min(self.max_breaks, MOST_CLASSICAL))
        if most < 1:
            raise CannotEstimateError(
                f"the series '{self.series.id}' has {self.n} observed periods: with trimming "
                f"{self.trimming:g} no break fits"
            )
        return replace(self, min_length=shortest, max_breaks=most)

    def with_columns(self, columns: FloatArray) -> Sample:
        """Return the sample with further columns that all segments share, shape (n, k)."""
        return replace(self, common=np.column_stack([self.common, columns]))

    def period(self, observation: int) -> Period:
        """Return the period of an observation, counted from 0."""
        return self.series.first + int(self.calendar[observation])

    def last_before(self, position: int) -> Period:
        """Return the last observed period before a break."""
        return self.period(position - 1)

    def first_after(self, position: int) -> Period:
        """Return the first observed period after a break."""
        return self.period(position)

    @property
    def words(self) -> str:
        """The model in words."""
        what = "one mean" if self.model == "mean" else "one level and one linear trend"
        unit = "logarithms of the values" if self.scale == "log" else "values"
        means = season_words(self.series.frequency, self.seasons - 1)
        season = f", {means} common to all segments" if self.seasons > 1 else ""
        given = "" if self.scale_given else " (scale chosen by the rule: log if every value is above zero)"
        controls = f", {', '.join(self.controls)} as controls common to all segments" if self.controls else ""
        return f"{unit}{given}: {what} per segment{season}{controls}"


def build_sample(
    series: TradeSeries,
    *,
    model: Model,
    scale: Scale | None,
    seasonal: bool | None,
    max_breaks: int,
    min_segment: int | None = None,
    trimming: float | None = None,
    regime: RegimeChoice = None,
    controls: object = None,
) -> Sample:
    """Check the request and lay out the regression.

    Raises
    ------
    UsageError
        If an option has no meaning.
    InputError
        If the log of a value at or below zero is asked for; the first such period is named. If regime or
        controls do not fit the series.
    CannotEstimateError
        If the observations are too few, or do not vary.
    """
    if model not in ("mean", "trend"):
        raise UsageError(f"model is 'mean' or 'trend', not '{model}'", pointer="/options/model")
    if scale not in (None, "log", "level"):
        raise UsageError(f"scale is 'log' or 'level', not '{scale}'", pointer="/options/scale")
    if isinstance(max_breaks, bool) or not isinstance(max_breaks, (int, np.integer)) or max_breaks < 1:
        raise UsageError(
            f"max_breaks is a whole number of at least 1, not {max_breaks!r}", pointer="/options/max_breaks"
        )
    check_shortest(min_segment, trimming)
    observed = np.flatnonzero(np.isfinite(series.values))
    values = series.values[observed]
    chosen = _scale(series, scale)
    season = _season(series, observed, seasonal)
    seasons = season.shape[1] + 1
    given = standardise_controls(series, controls)
    windows, stretch = read_regimes(series, regime)
    _require_enough(series, observed, seasons, (1 if model == "trend" else 0) + len(given))
    y = np.log(values) if chosen == "log" else values.astype(float)
    intercept = np.ones((observed.size, 1))
    years = (observed - observed.mean()) / series.first.per_year
    changing = intercept if model == "mean" else np.column_stack([intercept, years])
    common = np.column_stack([season, *(values[observed] for values in given.values())])
    fit = least_squares(y - y.mean(), np.column_stack([changing, common]))
    if given and fit.dropped:
        raise InputError(
            f"the controls {', '.join(given)} are spanned by the other regressors", pointer="/controls"
        )
    size = float(np.max(np.abs(y))) if np.any(y) else 1.0
    if np.sqrt(fit.ssr / y.size) <= CONSTANT_SHARE * size:
        net = " apart from its seasons" if seasons > 1 else ""
        kind = "does not depart from its trend" if model == "trend" else "is constant"
        raise CannotEstimateError(
            f"the series '{series.id}' {kind}{net}: without variation nothing can be tested"
        )
    min_length = _shortest(series, observed.size, changing.shape[1], min_segment, trimming)
    most = admissible_breaks(observed.size, min_length, int(max_breaks))
    if most < 1:
        raise CannotEstimateError(
            f"the series '{series.id}' has {observed.size} observed periods: with segments of at least "
            f"{min_length} no break fits"
        )
    return Sample(
        series,
        y,
        observed.astype(np.intp),
        changing,
        common,
        seasons,
        tuple(given),
        stretch[observed] > 0,
        windows,
        model,
        chosen,
        scale is not None,
        TRIMMING if trimming is None else float(trimming),
        min_length,
        most,
    )


def check_shortest(min_segment: object, trimming: object) -> None:
    """Refuse a shortest segment or a trimming that has no meaning.

    Raises
    ------
    UsageError
    """
    if trimming is not None and (
        isinstance(trimming, bool) or not isinstance(trimming, (int, float)) or not 0 < trimming < 0.5
    ):
        raise UsageError(
            f"trimming is a share between 0 and 0.5, not {trimming!r}", pointer="/options/trimming"
        )
    if min_segment is not None and (
        isinstance(min_segment, bool) or not isinstance(min_segment, (int, np.integer)) or min_segment < 2
    ):
        raise UsageError(
            f"min_segment is a whole number of at least 2 periods, not {min_segment!r}",
            pointer="/options/min_segment",
        )


def _shortest(
    series: TradeSeries, n: int, changing: int, min_segment: int | None, trimming: float | None
) -> int:
    """Return the fewest observations of a segment: a trimming that was given decides."""
    if trimming is not None:
        wanted = int(np.floor(trimming * n + 1e-9))
    else:
        wanted = MIN_SEGMENT[series.frequency] if min_segment is None else int(min_segment)
    return max(wanted, changing + 1, 2)


def _scale(series: TradeSeries, scale: Scale | None) -> Scale:
    low = [o for o in series.observations if o.value is not None and o.value <= 0]
    if scale == "log" and low:
        raise InputError(
            f"the series '{series.id}' is {low[0].value:g} in {low[0].period}, which has no logarithm: "
            "use scale 'level'",
            pointer="/options/scale",
        )
    return scale or ("level" if low else "log")


def _season(series: TradeSeries, observed: IntArray, seasonal: bool | None) -> FloatArray:
    """Return the season's columns beside the intercept, shape (n, k)."""
    seen = [series.first + int(k) for k in observed]
    on = seasonal_by_default(seen) if seasonal is None else bool(seasonal)
    if not on or series.frequency == "A":
        return np.empty((observed.size, 0))
    if series.frequency in HARMONIC:
        return season_columns(series.periods)[observed]
    cycle = series.first.per_year
    labels = (series.first.season + observed) % cycle
    return np.asarray(labels[:, None] == np.arange(1, cycle)[None, :], dtype=np.float64)


def _require_enough(series: TradeSeries, observed: IntArray, seasons: int, further: int) -> None:
    k, n = seasons + further, observed.size
    if n - k < FEWEST_DEGREES:
        raise CannotEstimateError(
            f"the {FREQUENCY_NAMES[series.frequency]} series '{series.id}' has {n} observed periods and the "
            f"model {k} coefficients: at least {k + FEWEST_DEGREES} are needed"
        )
    absent = seen_once(series.first + int(k) for k in observed) if seasons > 1 else None
    if absent is not None and series.frequency != "D":
        name = "quarter" if series.frequency == "Q" else "month"
        times = "in less than two years" if series.frequency == "W" else "less than twice"
        raise CannotEstimateError(
            f"the series '{series.id}' observes {name} {absent + 1} {times}: "
            "its seasonal mean cannot be told from the rest; use --no-seasonal"
        )
