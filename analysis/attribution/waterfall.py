"""Year by year: the change of a series from each calendar year to the next, in the rows of one table.

Every step is an answer of its own under the same joint models. Events are grouped over all the years shown,
so that a group is one row in every step. Outside clusters of events the steps of a row add up to its
contribution between the first year and the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from analysis.attribution.change import FitSeries, attribute_by
from analysis.attribution.limits import cannot_say
from analysis.attribution.result import PER, AttributionResult, annualise
from analysis.attribution.timing.observed import observe
from analysis.attribution.timing.rows import UNEXPLAINED, Row, RowKind, connected
from analysis.domain import Cell, Period, Result, TradeSeries, Window
from analysis.errors import CannotEstimateError, InputError
from analysis.interventions import InterventionResult
from analysis.interventions.fit import fit_once

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
    answer: AttributionResult
    bars: tuple[Bar, ...]

    def to_record(self) -> dict[str, Any]:
        """Return the observed change and its bars."""
        change = self.answer.change()
        keys = ("from_window", "to_window", "from", "to", "absolute", "n_from", "n_to")
        return {**{key: change[key] for key in keys}, "bars": [bar.to_record() for bar in self.bars]}


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
        series = self.answer.series
        return {
            "series": series.id,
            "unit": series.unit,
            "per": PER[series.frequency],
            "level": self.answer.level,
            "steps": [step.to_record() for step in self.steps],
            "skipped": list(self.skipped),
            "method": "each step from node to node under one posterior; groups are formed over all the years",
            "caveats": list(cannot_say(series)),
        }

    def heading(self) -> str:
        """Return the years and the unit."""
        series = self.answer.series
        first, last = self.steps[0].before, self.steps[-1].after
        per = "" if series.rate else " a year"
        return f"{series.title}: year by year, {first} to {last}, {series.unit}{per}"

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return the observed changes and every row, annualised; one column a step, named by its year."""
        factor = annualise(self.answer.series)
        columns = ("dated to", *(str(step.after.first.year) for step in self.steps))
        rows: list[list[Cell]] = [
            ["observed change", *(factor * step.answer.absolute for step in self.steps)]
        ]
        for k, bar in enumerate(self.steps[0].bars):
            rows.append([bar.label, *(factor * step.bars[k].estimate for step in self.steps)])
        return columns, rows

    def notes(self) -> Sequence[str]:
        """Return what the steps are and are not."""
        lines = [
            "Each bar is dated to its row. Outside the years in which events come into force the bars of a "
            "row add up to its contribution between the first year and the last.",
        ]
        if self.skipped:
            lines.append(
                f"Observed in fewer than half of their periods and skipped: {', '.join(self.skipped)}."
            )
        return [*lines, *cannot_say(self.answer.series)]


def waterfall(answer: AttributionResult, *, first: int | None = None, last: int | None = None) -> Waterfall:
    """Divide the change from each year to the next.

    Parameters
    ----------
    answer : AttributionResult
        Its joint models are used.
    first, last : int, optional
        Years, both inclusive; by default from the first year of the answer's windows to their last.

    Raises
    ------
    InputError
        If the years lie outside the sample or are in the wrong order.
    CannotEstimateError
        If fewer than two years are covered in half of their periods.
    """
    windows, skipped = _years(answer, first, last)
    fit = _fitter(answer)
    answers = [_step(answer, fit, pair, ()) for pair in pairwise(windows)]
    rows = [row for step in answers for row in step.rows if row.event_ids]
    names = list(dict.fromkeys(i for row in rows for i in row.event_ids))
    groups = [g for g in connected(names, [frozenset(row.event_ids) for row in rows]) if len(g) > 1]
    if groups:
        answers = [_step(answer, fit, pair, groups) for pair in pairwise(windows)]
    widest = {i: row for row in sorted(rows, key=_members) for i in row.event_ids}
    keys = list(dict.fromkeys(_key(row, widest) for step in answers for row in step.rows))
    kept = sorted(keys, key=lambda key: (not key[1], key[0] == "before_events"))
    steps = [
        Step(before, after, step, _bars(step, kept, widest))
        for (before, after), step in zip(pairwise(windows), answers, strict=True)
    ]
    return Waterfall(answer, tuple(steps), skipped)


def _fitter(answer: AttributionResult) -> FitSeries:
    known = {fit.series.id: fit for fit in answer.fits}

    def fit(series: TradeSeries) -> InterventionResult:
        if series.id not in known:
            example = answer.fits[0] if answer.fits else None
            known[series.id] = fit_once(series, trend=example.trend if example else "local")
        return known[series.id]

    return fit


def _step(
    answer: AttributionResult,
    fit: FitSeries,
    pair: tuple[Window, Window],
    groups: Sequence[frozenset[str]],
) -> AttributionResult:
    series = answer.series
    return attribute_by(
        series,
        fit,
        start=pair[0],
        end=pair[1],
        clock=answer.clock,
        level=answer.level,
        log2_points=LOG2_POINTS,
        joined=groups,
    )


def _years(
    answer: AttributionResult, first: int | None, last: int | None
) -> tuple[list[Window], tuple[str, ...]]:
    series = answer.series
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
        inside = np.flatnonzero([p.year == year for p in series.periods])
        whole = Window(Period("A", year), Period("A", year)).on(series.frequency)
        if 2 * observe(series, inside).covered < len(whole):
            skipped.append(str(year))
        else:
            found.append(Window(series.periods[inside[0]], series.periods[inside[-1]]))
    if len(found) < 2:
        raise CannotEstimateError(
            f"fewer than two of the years {begin} to {end} of '{series.id}' are observed in half of their "
            "periods"
        )
    return found, tuple(skipped)


Key = tuple[RowKind, tuple[str, ...], str]


def _members(row: Row) -> int:
    return len(row.event_ids)


def _key(row: Row, widest: dict[str, Row]) -> Key:
    """Return the bar that a row belongs to: that of its group, even where a member moves alone."""
    whole = widest[row.event_ids[0]] if row.event_ids else row
    return whole.kind, whole.event_ids, whole.label


def _bars(step: AttributionResult, keys: Sequence[Key], widest: dict[str, Row]) -> tuple[Bar, ...]:
    found = {_key(c.row, widest): c.interval for c in step.contributions}
    bars = [Bar(*key, *found.get(key, (0.0, 0.0, 0.0))) for key in keys]
    return (*bars, Bar("residual", (), UNEXPLAINED, *step.residual))
