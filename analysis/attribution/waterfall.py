"""Year by year: the change of a series from each calendar year to the next, in the rows of one table.

Every step is a decomposition of its own (`analysis.attribution.decomposition`) under the posterior of one
fit. Events are grouped once, over all the years shown, so that a group is one row in every step. The steps
of a row add up along the way; they do not repeat its contribution to the change from the first year to the
last, because a Shapley value depends on the two windows compared. Observed changes do add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.attribution.decomposition import (
    coefficient_draws,
    divide_coefficients,
    unmoved,
    weighted_quantiles,
)
from analysis.attribution.limits import cannot_say
from analysis.attribution.result import PER, AttributionResult, annualise
from analysis.attribution.rows import UNEXPLAINED, Row, active_terms, build_rows
from analysis.attribution.windows import WindowMeans
from analysis.domain import Cell, FloatArray, Period, Result, Window
from analysis.errors import CannotEstimateError, InputError
from analysis.interventions.identification import find_groups

LOG2_POINTS = 11
"""2,048 points of the fixed sequence for each dating and step."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of one step, per period and in the unit of the series.

    Attributes
    ----------
    kind : str
        As in the table of contributions; ``residual`` for what no named part explains.
    event_ids : tuple of str
    label : str
    estimate, lower, upper : float
    """

    kind: str
    event_ids: tuple[str, ...]
    label: str
    estimate: float
    lower: float
    upper: float

    def to_record(self) -> dict[str, Any]:
        """Return the bar as JSON-ready values."""
        return {
            "kind": self.kind,
            "event_ids": list(self.event_ids),
            "label": self.label,
            "estimate": self.estimate,
            "lower": self.lower,
            "upper": self.upper,
        }


@dataclass(frozen=True, slots=True)
class Step:
    """The change from one window to the next; the bars, residual last, add up to it."""

    before: Window
    after: Window
    windows: WindowMeans
    bars: tuple[Bar, ...]

    def to_record(self) -> dict[str, Any]:
        """Return the observed change and its bars."""
        return {
            "from_window": str(self.before),
            "to_window": str(self.after),
            "from": self.windows.observed_before,
            "to": self.windows.observed_after,
            "absolute": self.windows.change,
            "n_from": len(self.windows.before),
            "n_to": len(self.windows.after),
            "bars": [bar.to_record() for bar in self.bars],
        }


@dataclass(frozen=True)
class Waterfall(Result):
    """Changes from year to year, in the rows of one table.

    Attributes
    ----------
    answer : AttributionResult
        Whose fit and datings are used.
    steps : tuple of Step
    skipped : tuple of str
        Years observed in fewer than half of their periods.
    """

    answer: AttributionResult
    steps: tuple[Step, ...]
    skipped: tuple[str, ...]

    def to_record(self) -> dict[str, Any]:
        """Return the steps with their bars."""
        fit = self.answer.fit
        return {
            "series": fit.series.id,
            "unit": fit.series.unit,
            "per": PER[fit.series.frequency],
            "level": fit.level,
            "steps": [step.to_record() for step in self.steps],
            "skipped": list(self.skipped),
            "method": "Shapley values of each step under one posterior; groups are formed over all the years",
            "caveats": list(cannot_say(self.answer.fit.series)),
        }

    def heading(self) -> str:
        """Return the years and the unit."""
        series = self.answer.fit.series
        first, last = self.steps[0].before, self.steps[-1].after
        per = "" if series.rate else " a year"
        return f"{series.title}: year by year, {first} to {last}, {series.unit}{per}"

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return the observed changes and every row, annualised; one column a step, named by its year."""
        factor = annualise(self.answer.fit.series)
        columns = ("dated to", *(str(step.after.first.year) for step in self.steps))
        rows: list[list[Cell]] = [["observed change", *(factor * step.windows.change for step in self.steps)]]
        for k, bar in enumerate(self.steps[0].bars):
            rows.append([bar.label, *(factor * step.bars[k].estimate for step in self.steps)])
        return columns, rows

    def notes(self) -> Sequence[str]:
        """Return what the steps are and are not."""
        lines = [
            "Each bar is dated to its row; the bars of a row do not add up to its contribution between the "
            "first year and the last, which compares those two years alone.",
        ]
        if self.skipped:
            lines.append(
                f"Observed in fewer than half of their periods and skipped: {', '.join(self.skipped)}."
            )
        return [*lines, *cannot_say(self.answer.fit.series)]


def waterfall(answer: AttributionResult, *, first: int | None = None, last: int | None = None) -> Waterfall:
    """Divide the change from each year to the next.

    Parameters
    ----------
    answer : AttributionResult
        Its fit, datings and their weights are used.
    first, last : int, optional
        Years, both inclusive; by default from the first year of the answer's windows to their last.

    Raises
    ------
    InputError
        If the years lie outside the sample or are in the wrong order.
    CannotEstimateError
        If fewer than two years are observed in half of their periods, or a mean in logs is not above zero.
    """
    windows, skipped = _years(answer, first, last)
    series = answer.fit.series
    values = series.values
    means = []
    for (_, before), (_, after) in pairwise(windows):
        means.append(WindowMeans(before, after, float(values[before].mean()), float(values[after].mean())))
    if answer.fit.logs and any(m.observed_before <= 0 for m in means):
        raise CannotEstimateError("the mean of a year is not above zero: use the level scale")
    rows = _rows(answer, np.concatenate([where for _, where in windows]), means)
    divided = _divide(answer, rows, means)
    steps = [
        Step(windows[k][0], windows[k + 1][0], mean, _bars(answer, rows, mean, divided[k]))
        for k, mean in enumerate(means)
    ]
    return Waterfall(answer, tuple(steps), skipped)


def _years(
    answer: AttributionResult, first: int | None, last: int | None
) -> tuple[list[tuple[Window, NDArray[np.intp]]], tuple[str, ...]]:
    series = answer.fit.series
    span = sorted(
        [answer.before.first.year, answer.before.last.year, answer.after.first.year, answer.after.last.year]
    )
    begin, end = span[0] if first is None else first, span[-1] if last is None else last
    if not series.first.year <= begin < end <= series.last.year:
        raise InputError(
            f"the years {begin} to {end} are not two or more years of the sample "
            f"{series.first}..{series.last} of '{series.id}'"
        )
    found, skipped = [], []
    for year in range(begin, end + 1):
        inside = np.array([p.year == year for p in series.periods])
        seen = np.flatnonzero(inside & np.isfinite(series.values))
        whole = Window(Period("A", year), Period("A", year)).on(series.frequency)
        if 2 * len(seen) < len(whole):
            skipped.append(str(year))
        else:
            where = np.flatnonzero(inside)
            found.append((Window(series.periods[where[0]], series.periods[where[-1]]), seen))
    if len(found) < 2:
        raise CannotEstimateError(
            f"fewer than two of the years {begin} to {end} of '{series.id}' are observed in half of their "
            "periods"
        )
    return found, tuple(skipped)


def _rows(
    answer: AttributionResult, periods: NDArray[np.intp], means: Sequence[WindowMeans]
) -> tuple[Row, ...]:
    """Return the rows of all steps; a part that moves in no step has none."""
    fit = answer.fit
    active = active_terms(fit.posterior.design, periods)
    groups = find_groups(
        fit.posterior, fit.events, fit.aliasing, active=active, size=fit.size, bounds=fit.bounds
    )
    players = answer.datings[0].parts.players
    still = np.all([unmoved(fit.posterior.design, players, mean) for mean in means], axis=0)
    rows = build_rows(players, active, groups, fit.events, answer.grade)
    return tuple(row for row in rows if not still[list(row.members)].all())


def _divide(
    answer: AttributionResult, rows: Sequence[Row], means: Sequence[WindowMeans]
) -> list[list[tuple[FloatArray, FloatArray]]]:
    """Return for each step and dating the rows' estimates, shape (r,), and draws, shape (r, N)."""
    posterior, logs = answer.fit.posterior, answer.fit.logs
    players = answer.datings[0].parts.players
    found: list[list[tuple[FloatArray, FloatArray]]] = [[] for _ in means]
    for dated in answer.datings:
        dating = posterior.dating(dated.dating)
        beta, variant = coefficient_draws(posterior, dating, LOG2_POINTS)
        for k, mean in enumerate(means):
            parts = divide_coefficients(posterior, dating, players, mean, beta, variant, logs=logs)
            estimate = np.array([parts.estimate[list(row.members)].sum() for row in rows])
            draws = np.array([parts.draws[list(row.members)].sum(axis=0) for row in rows])
            found[k].append((estimate, draws.reshape(len(rows), len(beta))))
    return found


def _bars(
    answer: AttributionResult,
    rows: Sequence[Row],
    mean: WindowMeans,
    parts: Sequence[tuple[FloatArray, FloatArray]],
) -> tuple[Bar, ...]:
    weights = [dated.weight for dated in answer.datings]
    tail = 0.5 * (1 - answer.fit.level)
    estimate = np.asarray(sum(w * e for w, (e, _) in zip(weights, parts, strict=True)))
    draws = [np.vstack([d, mean.change - d.sum(axis=0)]) for _, d in parts]
    limits = weighted_quantiles(draws, weights, (tail, 1 - tail))
    bars = [
        Bar(row.kind, row.event_ids, row.label, float(estimate[r]), float(limits[r, 0]), float(limits[r, 1]))
        for r, row in enumerate(rows)
    ]
    rest = mean.change - float(estimate.sum())
    bars.append(Bar("residual", (), UNEXPLAINED, rest, float(limits[-1, 0]), float(limits[-1, 1])))
    return tuple(bars)
