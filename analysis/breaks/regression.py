"""Bai and Perron's method on any regression: breaks, tests, intervals, coefficients of every segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from analysis.breaks.bai_intervals import BaiInterval, Convention, bai_intervals
from analysis.breaks.bai_perron import BreakRegression, Covariance, Hac, segment_coefficients
from analysis.breaks.classical import ClassicalTests, tests_of
from analysis.breaks.sample import check_shortest
from analysis.domain import Cell, FloatArray, Result
from analysis.errors import CannotEstimateError, InputError, UsageError
from analysis.numerics.least_squares import least_squares
from analysis.numerics.long_run_variance import Kernel
from analysis.numerics.partitions import admissible_breaks

Rule = Literal["sequential", "bic", "lwz", "kt"]
Intercept = Literal["none", "changing", "common"]

TRENDING = 1e-8
"""A linear trend whose part outside the regressors is below this share of it lies in them."""

_WORDS: dict[Covariance, str] = {
    "iid": "independent errors of one variance",
    "hc": "independent errors, another variance in every segment",
    "hac": "heteroskedastic and autocorrelated errors (quadratic spectral kernel, Andrews' bandwidth, "
    "prewhitened)",
}


@dataclass(frozen=True)
class RegressionBreaks(Result):
    """Breaks of a regression.

    Attributes
    ----------
    model : BreakRegression
    labels : tuple of str
        Name of every observation, shape (n,).
    covariance : Covariance
    level : float
        Of the intervals.
    rule : str
        What chose the number of breaks.
    tests : ClassicalTests
        Statistics, critical values and criteria for every number of breaks.
    breaks : tuple of int
        Observations before each break.
    intervals : mapping of convention to tuple of BaiInterval
    params, bse : FloatArray
        Coefficients of the changing columns and their standard errors, shape (m + 1, q).
    """

    model: BreakRegression
    labels: tuple[str, ...]
    covariance: Covariance
    level: float
    rule: str
    tests: ClassicalTests
    breaks: tuple[int, ...]
    intervals: dict[Convention, tuple[BaiInterval, ...]]
    params: FloatArray
    bse: FloatArray

    @property
    def null_hypothesis(self) -> str:
        """The null in words."""
        return f"the coefficients are the same throughout; {_WORDS[self.covariance]}"

    def to_record(self) -> dict[str, Any]:
        """Return the contract's keys that have a meaning for a regression."""
        return {
            "n_breaks": len(self.breaks),
            "breaks": [self._break(k) for k in range(len(self.breaks))],
            "coefficients": [
                {"first": self.labels[first], "last": self.labels[last - 1], "params": p, "bse": e}
                for first, last, p, e in zip(
                    (0, *self.breaks),
                    (*self.breaks, self.model.n),
                    self.params.tolist(),
                    self.bse.tolist(),
                    strict=True,
                )
            ],
            "tests": self.tests.to_record(),
            "selection": self.tests.selection,
            "null_hypothesis": self.null_hypothesis,
            "model": {
                "changing": self.model.changing.shape[1],
                "common": self.model.common.shape[1],
                "covariance": self.covariance,
                "trimming": self.tests.trimming,
                "min_segment": self.model.min_length,
                "chosen_by": self.rule,
            },
            "sample": {"first": self.labels[0], "last": self.labels[-1], "n": self.model.n},
            "convention": {
                "period": "last_before",
                "words": "a break is named by the last observation before it (as R's strucchange); "
                "first_after is the first observation after it (as EViews, Stata)",
            },
            "level": self.level,
        }

    def _break(self, k: int) -> dict[str, Any]:
        position = self.breaks[k]
        limits = {
            f"bai1997_{name}": {
                "lower": self.labels[found[k].lower - 1],
                "upper": self.labels[found[k].upper - 1],
                "clipped": found[k].clipped,
            }
            for name, found in self.intervals.items()
        }
        return {
            "period": self.labels[position - 1],
            "index": position - 1,
            "last_before": self.labels[position - 1],
            "first_after": self.labels[position],
            "intervals": limits,
        }

    def heading(self) -> str:
        """Return one line above the table."""
        count = len(self.breaks)
        return (
            f"{count or 'no'} break{'s' * (count != 1)} in {self.labels[0]}..{self.labels[-1]} "
            f"(n = {self.model.n}), chosen by {self.rule}"
        )

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return one row per break."""
        rows: list[list[Cell]] = []
        for k in range(len(self.breaks)):
            found = self._break(k)
            limits = [f"{i['lower']}..{i['upper']}" for i in found["intervals"].values()]
            rows.append([found["last_before"], found["first_after"], *limits])
        return ("last before", "first after", *(f"interval ({name})" for name in self.intervals)), rows

    def _coefficients(self) -> list[str]:
        """Return the changing coefficients of every segment with their standard errors, as sentences."""
        edges = (0, *self.breaks, self.model.n)
        return [
            f"{self.labels[edges[s]]} to {self.labels[edges[s + 1] - 1]}: "
            + ", ".join(f"{p:.4g} ({e:.2g})" for p, e in zip(self.params[s], self.bse[s], strict=True))
            for s in range(len(edges) - 1)
        ]

    def notes(self) -> Sequence[str]:
        """Return null, tests, other rules and refusals as sentences."""
        record = self.tests.to_record()
        named = [
            *((f"supF({row['m']})", row) for row in record["supF"]),
            *((f"supF({row['l'] + 1} given {row['l']})", row) for row in record["sequential"]),
            *((name, record[name]) for name in ("UDmax", "WDmax")),
        ]
        lines = [
            f"{name} {row['stat']:.3f}{_against(row['critical'])}"
            for name, row in named
            if row["stat"] is not None
        ]
        chosen = {key: self.tests.selection[key] for key in get_args(Rule)}
        words = ", ".join(f"{key} {'none' if count is None else count}" for key, count in chosen.items())
        return (
            f"Null hypothesis: {self.null_hypothesis}.",
            *self._coefficients(),
            *lines,
            f"Number of breaks by each rule: {words}",
            *(f"{reason}." for reason in self.tests.reasons),
        )


def _against(critical: dict[str, float | None]) -> str:
    value = critical["0.05"]
    return "" if value is None else f" (5 % critical value {value:g})"


def break_regression(
    y: Sequence[float] | FloatArray,
    changing: Sequence[Sequence[float]] | FloatArray,
    common: Sequence[Sequence[float]] | FloatArray | None = None,
    *,
    intercept: Intercept = "none",
    max_breaks: int = 5,
    min_segment: int | None = None,
    trimming: float = 0.15,
    covariance: Covariance = "hac",
    number: Rule | int = "sequential",
    level: float = 0.95,
    labels: Sequence[object] | None = None,
    prewhiten: bool = True,
    kernel: Kernel = "qs",
    bandwidth: float | None = None,
) -> RegressionBreaks:
    """Find breaks in the coefficients of a regression (Bai and Perron 1998, 2003).

    Parameters
    ----------
    y : array of shape (n,)
    changing : array of shape (n, q)
        Columns whose coefficients change at every break, the intercept among them if it does.
    common : array of shape (n, p), optional
        Columns with the same coefficients throughout (partial structural change).
    intercept : {"none", "changing", "common"}
        Whether a column of ones is put before those that change, or before those in common.
    max_breaks : int
    min_segment : int, optional
        Fewest observations in a segment; the tables are still read at `trimming`.
    trimming : float
        Shortest segment as a share of n; the tables have 0.05, 0.10, 0.15, 0.20 and 0.25.
    covariance : {"iid", "hc", "hac"}
        Homoskedastic; heteroskedastic across regimes; heteroskedastic and autocorrelated.
    number : {"sequential", "bic", "lwz", "kt"} or int
        Rule for the number of breaks, or the number itself.
    level : float
        Of the intervals of dates.
    labels : sequence of length n, optional
        Names of the observations; default: 1, 2, ...
    prewhiten : bool
    kernel : {"qs", "bartlett"}
    bandwidth : float, optional
        Of the long-run variances of ``hac``: whether a first-order vector autoregression is taken out first,
        the kernel, and its bandwidth in observations (default: Andrews' automatic one).

    Returns
    -------
    RegressionBreaks

    Raises
    ------
    UsageError
        If an option has no meaning, or the sequential rule is asked for where no table holds: with a
        trend among the regressors, more than ten changing coefficients, or another trimming.
    InputError
        If an array has the wrong shape, or holds anything but finite numbers.
    CannotEstimateError
        If the breaks do not fit or the coefficients are not identified.

    Examples
    --------
    >>> from analysis.breaks import break_regression
    >>> found = break_regression([0.1, -0.2, 0.1, 0.0] * 6 + [2.1, 1.8, 2.0, 2.1] * 6, [[1.0]] * 48)
    >>> found.breaks
    (24,)
    """
    outcome, moving, fixed = _with_intercept(*_arrays(y, changing, common), intercept)
    hac = _checked_hac(prewhiten, kernel, bandwidth)
    n, q = moving.shape
    if covariance not in get_args(Covariance):
        raise UsageError(f"covariance is 'iid', 'hc' or 'hac', not '{covariance}'")
    check_shortest(min_segment, trimming)
    if isinstance(max_breaks, bool) or not isinstance(max_breaks, (int, np.integer)) or max_breaks < 1:
        raise UsageError(f"max_breaks is a whole number of at least 1, not {max_breaks!r}")
    if isinstance(level, bool) or not isinstance(level, (int, float)) or not 0.5 <= level < 1:
        raise UsageError(f"level is a fraction from 0.5 to below 1, not {level!r}")
    names = tuple(str(label) for label in (range(1, n + 1) if labels is None else labels))
    if len(names) != n:
        raise InputError(f"there are {len(names)} labels for {n} observations")
    shortest = int(np.floor(trimming * n + 1e-9)) if min_segment is None else int(min_segment)
    min_length = max(shortest, q + 1)
    most = admissible_breaks(n, min_length, int(max_breaks))
    if most < 1:
        raise CannotEstimateError(f"{n} observations hold no break with segments of {min_length}")
    if least_squares(outcome, np.column_stack([moving, fixed])).dropped:
        raise CannotEstimateError("the regressors are collinear: leave out those that the others span")
    model = BreakRegression(outcome, moving, fixed, min_length, hac)
    tests = tests_of(
        model, covariance, trimming=trimming, max_breaks=most, trending=_has_trend(moving, fixed)
    )
    rule, breaks = _chosen(tests, number, most)
    params, spread = segment_coefficients(model, breaks, covariance)
    shape = (len(breaks) + 1, q)
    conventions: tuple[Convention, ...] = ("strucchange", "mbreaks")
    return RegressionBreaks(
        model,
        names,
        covariance,
        float(level),
        rule,
        tests,
        breaks,
        {
            name: bai_intervals(model, breaks, level=level, covariance=covariance, convention=name)
            for name in conventions
        },
        params.reshape(shape),
        np.sqrt(np.diag(spread)).reshape(shape),
    )


def _with_intercept(
    y: FloatArray, changing: FloatArray, common: FloatArray, intercept: Intercept
) -> tuple[FloatArray, FloatArray, FloatArray]:
    if intercept not in get_args(Intercept):
        raise UsageError(f"intercept is 'none', 'changing' or 'common', not '{intercept}'")
    ones = np.ones((y.shape[0], 1))
    if intercept == "changing":
        return y, np.column_stack([ones, changing]), common
    return y, changing, np.column_stack([ones, common]) if intercept == "common" else common


def _checked_hac(prewhiten: bool, kernel: Kernel, bandwidth: float | None) -> Hac:
    if not isinstance(prewhiten, bool):
        raise UsageError(f"prewhiten is true or false, not {prewhiten!r}")
    if kernel not in get_args(Kernel):
        raise UsageError(f"kernel is 'qs' or 'bartlett', not '{kernel}'")
    if bandwidth is not None and (
        isinstance(bandwidth, bool) or not isinstance(bandwidth, (int, float)) or not 0 <= bandwidth < np.inf
    ):
        raise UsageError(f"bandwidth is a number of observations from 0, not {bandwidth!r}")
    return Hac(prewhiten, kernel, None if bandwidth is None else float(bandwidth))


def _arrays(y: object, changing: object, common: object) -> tuple[FloatArray, FloatArray, FloatArray]:
    found: list[FloatArray] = []
    for name, given, dimensions in (("y", y, 1), ("changing", changing, 2), ("common", common, 2)):
        if given is None:
            found.append(np.empty((found[0].shape[0], 0)))
            continue
        try:
            values = np.array(given, dtype=float)
        except (TypeError, ValueError):
            raise InputError(f"{name} holds something that is not a number") from None
        if values.ndim != dimensions or (found and values.shape[0] != found[0].shape[0]):
            rows = f"{found[0].shape[0]} rows" if found else "one dimension"
            raise InputError(f"{name} has the shape {values.shape}; it needs {rows}")
        if not np.all(np.isfinite(values)):
            raise InputError(f"{name} holds a missing or infinite value: leave those observations out")
        found.append(values)
    return found[0], found[1], found[2]


def _has_trend(changing: FloatArray, common: FloatArray) -> bool:
    """Return whether a linear trend lies in the span of the regressors."""
    time = np.arange(changing.shape[0], dtype=float)
    time -= time.mean()
    left = least_squares(time, np.column_stack([changing, common])).ssr
    return bool(left <= TRENDING * float(time @ time))


def _chosen(tests: ClassicalTests, number: Rule | int, most: int) -> tuple[str, tuple[int, ...]]:
    if not isinstance(number, str):
        if isinstance(number, bool) or not 0 <= number <= most:
            raise UsageError(f"number is from 0 to {most}, not {number}")
        return "the caller", tests.partitions.breaks[int(number)]
    if number not in get_args(Rule):
        raise UsageError(f"number is a whole number or one of {', '.join(get_args(Rule))}, not '{number}'")
    if number != "sequential":
        return number, tests.partitions.breaks[tests.selection[number]]
    if tests.critical_sup_f(1)["0.05"] is None:
        reason = tests.reasons[0]
        raise UsageError(f"the sequential rule has no critical values: {reason}; choose another number")
    return number, tests.chosen
