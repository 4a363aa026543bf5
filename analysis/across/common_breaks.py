"""Dates at which many series break together, without naming a date beforehand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from scipy import special

from analysis.across.discoveries import adjusted_pvalues
from analysis.breaks.matching import event_windows, meets
from analysis.domain import Cell, EventTable, FloatArray, Period, Result, TradeSeries
from analysis.domain.seasons import HARMONIC, season_columns, seasonal_by_default
from analysis.errors import CannotEstimateError, UsageError
from analysis.interventions.design import Scale
from analysis.numerics.common_break import Whitened, compare_dates, date_set, whiten_series
from analysis.numerics.least_squares import IntArray

FEWEST_SERIES = 5
SPARE = 8
"""Observations a series needs beyond its coefficients."""
SIGNIFICANCE = 0.05
NULL = (
    "no date is shared: each series is a season and a stationary AR(1) around one level, with at most one "
    "break of its own, of the size found, at a date of its own"
)
ASSUMPTIONS = (
    "a date's evidence is the mean over series of the probability of a break there: none carries it",
    "innovations are permuted over time, the same for all series, which keeps their dependence across series",
    "a slowly wandering level is outside the null: it makes breaks too, though seldom in all series at once",
)


@dataclass(frozen=True)
class CommonBreak:
    """One date at which series break together.

    Attributes
    ----------
    first_after : Period
        First period after the break.
    inside : tuple of Period
        First periods that the confidence set holds.
    statistic, pvalue : float
    shifts, errors : ndarray, shape (N,)
        Size of the break in each series, on its scale, and standard errors.
    moved : ndarray of bool, shape (N,)
        Series that break there, at a false-discovery rate of 5 %.
    event_ids : tuple of str
        Events whose window the set meets.
    """

    first_after: Period
    inside: tuple[Period, ...]
    statistic: float
    pvalue: float
    shifts: FloatArray
    errors: FloatArray
    moved: np.ndarray[Any, np.dtype[np.bool_]]
    event_ids: tuple[str, ...]


@dataclass(frozen=True)
class CommonBreaks(Result):
    """Breaks that series share.

    Attributes
    ----------
    series_ids : tuple of str
    breaks : tuple of CommonBreak
        In order of date.
    last_test : (float, float) or None
        Statistic and p-value of the search for one more, which ended it; None if no date was left.
    level : float
    scale : str
    first, last : Period
    left_out : tuple of (str, str)
        Series and reason.
    """

    series_ids: tuple[str, ...]
    breaks: tuple[CommonBreak, ...]
    last_test: tuple[float, float] | None
    level: float
    scale: str
    first: Period
    last: Period
    left_out: tuple[tuple[str, str], ...]

    def to_record(self) -> dict[str, Any]:
        """Return breaks, tests, null and assumptions."""
        return {
            "n_series": len(self.series_ids),
            "sample": {"first": str(self.first), "last": str(self.last)},
            "scale": self.scale,
            "level": self.level,
            "breaks": [
                {
                    "first_after": str(b.first_after),
                    "lower": str(b.inside[0]),
                    "upper": str(b.inside[-1]),
                    "set": [str(p) for p in b.inside],
                    "statistic": b.statistic,
                    "pvalue": b.pvalue,
                    "n_moved": int(b.moved.sum()),
                    "median_shift": float(np.median(b.shifts)),
                    "events": list(b.event_ids),
                    "series": [
                        {"series_id": name, "shift": float(s), "se": float(e), "moved": bool(m)}
                        for name, s, e, m in zip(self.series_ids, b.shifts, b.errors, b.moved, strict=True)
                    ],
                }
                for b in self.breaks
            ],
            "no_further": None
            if self.last_test is None
            else {"statistic": self.last_test[0], "pvalue": self.last_test[1]},
            "null_hypothesis": NULL,
            "assumptions": list(ASSUMPTIONS),
            "left_out": [list(one) for one in self.left_out],
        }

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return one row per common break."""
        columns = ("first_after", "lower", "upper", "pvalue", "n_moved", "n_series", "median_shift", "events")
        rows = [
            (
                str(b.first_after),
                str(b.inside[0]),
                str(b.inside[-1]),
                b.pvalue,
                int(b.moved.sum()),
                len(self.series_ids),
                float(np.median(b.shifts)),
                "+".join(b.event_ids),
            )
            for b in self.breaks
        ]
        return columns, rows

    def heading(self) -> str:
        """Return one line above the table."""
        return (
            f"{len(self.breaks)} breaks that {len(self.series_ids)} series share, {self.first}..{self.last}"
        )

    def notes(self) -> Sequence[str]:
        """Return null, assumptions and what was left out."""
        lines = [f"Null: {NULL}.", *(f"Assumed: {text}." for text in ASSUMPTIONS)]
        if self.last_test is not None:
            lines.append(f"One more was not found (p = {self.last_test[1]:.3g}).")
        return (*lines, *(f"Left out: {name}: {why}." for name, why in self.left_out[:5]))


def find_common_breaks(
    series: Sequence[TradeSeries],
    *,
    events: EventTable | None = None,
    scale: str = "log",
    seasonal: bool | None = None,
    trimming: float = 0.15,
    max_breaks: int = 3,
    level: float = 0.95,
    unread: Sequence[tuple[str, str]] = (),
) -> CommonBreaks:
    """Find the dates at which series break together, one at a time, and test each.

    Parameters
    ----------
    series : sequence of TradeSeries
        The most common calendar is used, series on another are left out; gaps are allowed.
    events : EventTable, optional
        Whose windows the date sets are compared with.
    scale : {"log", "level"}
    seasonal : bool, optional
        On for monthly and quarterly series.
    trimming : float
        Share of the sample before the first, after the last and between two dates.
    max_breaks : int
    level : float
        Of the date sets.
    unread : sequence of (str, str)
        Series that could not be read, and the reason: listed with those that are left out.

    Raises
    ------
    CannotEstimateError
        If fewer than five series are left.
    UsageError
        An option out of range.

    References
    ----------
    Bai (2010) for the estimator; the test and the set are described in `analysis.numerics.common_break`.
    """
    _check(scale, trimming, max_breaks, level)
    first, length, chosen, left_out = _same_calendar(series)
    left_out = [*unread, *left_out]
    periods = [first + k for k in range(length)]
    on = seasonal_by_default(periods) if seasonal is None else seasonal
    base = _base(periods, on)
    h = max(int(np.ceil(trimming * length)), 2)
    names, columns = [], []
    for one in chosen:
        y = _values(one, scale, base.shape[1], h, left_out)
        if y is not None:
            names.append(one.id)
            columns.append(y)
    if len(columns) < FEWEST_SERIES:
        raise CannotEstimateError(
            f"{len(columns)} series can be compared on {first}..{periods[-1]}: {FEWEST_SERIES} are needed"
        )
    search = _Search(np.array(columns), base, h, level)
    found, last_test = search.run(max_breaks)
    windows = event_windows(events, first, periods[-1], "") if events is not None else ()
    breaks = []
    for position, statistic, pvalue in sorted(found):
        inside, shifts, errors, moved = search.describe(position, [p for p, _, _ in found])
        dates = tuple(periods[k] for k in inside)
        ranges = [(p, p) for p in dates]
        met = tuple(w.event.id for w in windows if meets(w, ranges))
        breaks.append(CommonBreak(periods[position], dates, statistic, pvalue, shifts, errors, moved, met))
    return CommonBreaks(
        tuple(names), tuple(breaks), last_test, level, scale, first, periods[-1], tuple(left_out)
    )


def _check(scale: str, trimming: float, max_breaks: int, level: float) -> None:
    if scale not in get_args(Scale):
        raise UsageError(f"scale is one of {', '.join(get_args(Scale))}, not '{scale}'")
    if not 0.05 <= trimming <= 0.3:
        raise UsageError(f"trimming is a share between 0.05 and 0.3, not {trimming}")
    if isinstance(max_breaks, bool) or not 1 <= max_breaks <= 10:
        raise UsageError(f"max_breaks is a number from 1 to 10, not {max_breaks}")
    if not 0.5 <= level <= 0.99:
        raise UsageError(f"level is a probability between 0.5 and 0.99, not {level}")


def _same_calendar(
    series: Sequence[TradeSeries],
) -> tuple[Period, int, list[TradeSeries], list[tuple[str, str]]]:
    if not series:
        raise CannotEstimateError(f"no series can be read: {FEWEST_SERIES} are needed")
    counts = Counter((one.first, len(one)) for one in series)
    (first, length), _ = counts.most_common(1)[0]
    chosen = [one for one in series if (one.first, len(one)) == (first, length)]
    span = f"{first}..{first + (length - 1)}"
    left_out = [
        (one.id, f"it spans {one.first}..{one.last} and not {span}")
        for one in series
        if (one.first, len(one)) != (first, length)
    ]
    return first, length, chosen, left_out


def _base(periods: Sequence[Period], seasonal: bool) -> FloatArray:
    columns = [np.ones(len(periods))]
    if seasonal and periods[0].frequency in HARMONIC:
        columns += list(season_columns(periods).T)
    elif seasonal:
        seasons = np.array([period.season for period in periods])
        columns += [(seasons == k).astype(np.float64) for k in range(1, periods[0].per_year)]
    return np.column_stack(columns)


def _values(
    one: TradeSeries, scale: str, coefficients: int, h: int, left_out: list[tuple[str, str]]
) -> FloatArray | None:
    """Return the series on its scale; None, with the reason noted, if it cannot be compared."""
    values = one.values
    seen = np.isfinite(values)
    reason = ""
    if scale == "log" and (values[seen] <= 0).any():
        reason = "it has a value of zero or less, which has no logarithm"
    elif seen.sum() < coefficients + SPARE:
        reason = f"it is observed {int(seen.sum())} times: {coefficients + SPARE} are needed"
    elif not (seen[:h].any() and seen[-h:].any()):
        reason = "it is not observed on both sides of every date"
    elif np.ptp(values[seen]) <= 1e-12 * np.abs(values[seen]).max():
        reason = "it is constant"
    if reason:
        left_out.append((one.id, reason))
        return None
    return np.log(np.where(seen, values, 1.0)) + np.where(seen, 0.0, np.nan) if scale == "log" else values


@dataclass(frozen=True)
class _Search:
    values: FloatArray
    base: FloatArray
    h: int
    level: float

    def run(self, most: int) -> tuple[list[tuple[int, float, float]], tuple[float, float] | None]:
        """Add dates while the test rejects; return (position, statistic, p-value) and the last test."""
        found: list[tuple[int, float, float]] = []
        while len(found) < most:
            known = [position for position, _, _ in found]
            positions = self.candidates(known)
            if not len(positions):
                return found, None
            test = compare_dates(self.whitened(positions, known), self.values.shape[1])
            if test.pvalue > SIGNIFICANCE:
                return found, (test.statistic, test.pvalue)
            found.append((int(positions[test.best]), test.statistic, test.pvalue))
        return found, None

    def candidates(self, known: Sequence[int]) -> IntArray:
        """Return the admissible first periods after a break, away from those that are known."""
        positions = np.arange(self.h, self.values.shape[1] - self.h + 1)
        for other in known:
            positions = positions[np.abs(positions - other) >= self.h]
        return positions

    def whitened(self, positions: IntArray, known: Sequence[int]) -> list[Whitened]:
        """Return the series less base and known breaks."""
        steps = [(np.arange(len(self.base)) >= other).astype(np.float64) for other in known]
        base = np.column_stack([self.base, *steps])
        return [whiten_series(y, base, positions) for y in self.values]

    def describe(
        self, position: int, all_known: Sequence[int]
    ) -> tuple[list[int], FloatArray, FloatArray, np.ndarray[Any, np.dtype[np.bool_]]]:
        """Return the date set of one break given the others, and its size in every series."""
        others = [other for other in all_known if other != position]
        positions = self.candidates(others)
        series = self.whitened(positions, others)
        best = int(np.flatnonzero(positions == position)[0])
        inside = positions[date_set(series, best, self.values.shape[1], self.level)]
        shifts, errors, tails = [], [], []
        for y, one in zip(self.values, series, strict=True):
            shift, error = _size(y, one, position, self.base, others)
            shifts.append(shift)
            errors.append(error)
            tails.append(2 * special.stdtr(one.dof - 1, -abs(shift / error)))
        adjusted = adjusted_pvalues(np.array(tails), "bh")
        return list(inside), np.array(shifts), np.array(errors), adjusted <= SIGNIFICANCE


def _size(
    y: FloatArray, one: Whitened, position: int, base: FloatArray, others: Sequence[int]
) -> tuple[float, float]:
    """Return the generalised least squares size of a break in one series, and its standard error."""
    from analysis.numerics.break_likelihood import Whitening

    steps = [(np.arange(len(base)) >= other).astype(np.float64) for other in (*others, position)]
    white = Whitening.of(one.rho, one.calendar)
    x = white.apply(np.column_stack([base, *steps])[one.calendar])
    q, r = np.linalg.qr(x)
    z = white.apply(y[one.calendar])
    coefficients = np.linalg.solve(r, q.T @ z)
    left = z - x @ coefficients
    variance = float(left @ left) / (len(z) - x.shape[1])
    last = np.linalg.solve(r.T, np.eye(x.shape[1])[:, -1])
    return float(coefficients[-1]), float(np.sqrt(variance * (last @ last)))
