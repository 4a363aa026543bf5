"""Rows of a panel: one event of one series each, in the contract's columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from analysis.domain import Cell, EventTable, Result
from analysis.interventions.design import Term
from analysis.interventions.effects import GRADE_LEVEL, EffectResult
from analysis.interventions.identification import Bounds, grade, group_names
from analysis.interventions.joint.fit import BlockPosterior

COLUMNS = ("series_id", "event_id", "log_effect", "se", "lower", "upper", "group", "status", "error")
"""Columns of the contract."""
MORE_COLUMNS = ("scale", "effect", "p_sign", "grade", "pvalue")
"""Columns beside them: the estimate on either scale, its sign's probability, its grade, and the two-sided
tail probability of no effect."""
OK, ERROR = "ok", "error"
SUM = "+"
"""Joins the ids of events whose effects are summed."""


@dataclass(frozen=True, slots=True)
class PanelRow:
    """One event of one series, or one series that could not be fitted.

    Attributes
    ----------
    series_id, event_id : str
        `event_id` is empty in a row of status ``error`` or of a series without events, and joined by ``+``
        where the effects of several
        events are summed.
    estimate, se, lower, upper : float or None
        On the scale of the series.
    group : str or None
    scale : str
        ``log``, ``level`` or empty.
    p_sign : float or None
        Probability that the effect has the sign of `estimate`.
    grade : str
        ``A`` to ``D``; empty in a row of status ``error``.
    error : str
        The reason in one sentence.
    pvalue : float or None
        Twice the probability that the effect has not the sign of `estimate`.
    """

    series_id: str
    event_id: str
    estimate: float | None = None
    se: float | None = None
    lower: float | None = None
    upper: float | None = None
    group: str | None = None
    scale: str = ""
    p_sign: float | None = None
    grade: str = ""
    error: str = ""
    pvalue: float | None = None

    @property
    def status(self) -> str:
        """``ok`` or ``error``."""
        return ERROR if self.error else OK

    def cells(self) -> tuple[Cell, ...]:
        """Return the values of the contract's columns; ``log_effect`` is null on the level scale."""
        effect = self.estimate if self.scale == "log" else None
        numbers = (effect, self.se, self.lower, self.upper)
        return (self.series_id, self.event_id, *numbers, self.group, self.status, self.error)

    def more_cells(self) -> tuple[Cell, ...]:
        """Return the values of the columns beside them."""
        return (self.scale, self.estimate, self.p_sign, self.grade, self.pvalue)


@dataclass(frozen=True)
class PanelResult(Result):
    """Effects of all events on all series.

    Attributes
    ----------
    series : tuple of tuple of PanelRow
        For each series in input order its events in canonical order.
    level : float
        Probability of the intervals.
    """

    series: tuple[tuple[PanelRow, ...], ...]
    level: float

    @property
    def rows(self) -> tuple[PanelRow, ...]:
        """Rows of all series."""
        return tuple(row for rows in self.series for row in rows)

    def to_record(self) -> dict[str, Any]:
        """Return ``{"level", "effects": [...]}`` with the contract's keys."""
        columns, rows = self.table()
        return {"level": self.level, "effects": [dict(zip(columns, row, strict=True)) for row in rows]}

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return one row per series and event."""
        return (*COLUMNS, *MORE_COLUMNS), [(*row.cells(), *row.more_cells()) for row in self.rows]

    def heading(self) -> str:
        """Return one line above the table."""
        return f"Effects dated to events in {len(self.series)} series ({100 * self.level:g} % intervals)"


class RowOptions(Protocol):
    """What the rows of a panel are asked to hold."""

    @property
    def level(self) -> float:
        """Probability of the intervals."""

    @property
    def bounds(self) -> Bounds:
        """The constants of the rule of groups and grades."""

    @property
    def members(self) -> tuple[tuple[str, ...], ...]:
        """The events of each sum."""


def rows_of(result: EffectResult, sums: Sequence[Sequence[str]] = ()) -> tuple[PanelRow, ...]:
    """Return the rows of a series that was fitted by itself: its events, then the sums asked for."""
    name, scale, rows = result.series.id, result.scale, []
    terms = {t.event_ids[0]: t.name for t in result.posterior.design.event_terms if len(t.event_ids) == 1}
    for e in result.effects:
        tail = None if e.se is None else _two_sided(result, [terms[e.event_id]])
        values = (e.estimate, e.se, e.lower, e.upper)
        rows.append(PanelRow(name, e.event_id, *values, e.group, scale, e.p_sign, e.grade, pvalue=tail))
    for members in sums:
        within = terms_within(result.posterior.design.event_terms, members)
        found = result.summarise(within) if within else None
        if found is None or "se" not in found:
            rows.append(PanelRow(name, SUM.join(members), scale=scale, grade="D"))
            continue
        values = (found["estimate"], found["se"], found["lower"], found["upper"])
        letter = grade(found["half_width"], result.size, result.bounds)
        tail = _two_sided(result, within)
        joined = SUM.join(members)
        rows.append(PanelRow(name, joined, *values, None, scale, found["p_sign"], letter, pvalue=tail))
    return tuple(rows) or (PanelRow(name, "", scale=scale),)


def terms_within(terms: Sequence[Term], members: Sequence[str]) -> list[str]:
    """Return the names of the terms that make up the events `members`; none if a term has others too."""
    touched = [t for t in terms if set(t.event_ids) & set(members)]
    covered = {event_id for t in touched for event_id in t.event_ids}
    return [t.name for t in touched] if covered == set(members) else []


def _two_sided(result: EffectResult, terms: Sequence[str]) -> float:
    marginal = result.reported.combination(result.weights(terms))
    return float(min(1.0, 2 * min(marginal.cdf(0.0), marginal.survival(0.0))))


def rows_of_block(
    ids: Sequence[str], posterior: BlockPosterior, events: EventTable, options: RowOptions
) -> list[tuple[PanelRow, ...]]:
    """Return the rows of the series that were fitted together; none where the arithmetic failed.

    Parameters
    ----------
    ids : sequence of str
        S series.
    posterior : BlockPosterior
        With one dating.
    events : EventTable
    options : RowOptions
    """
    points, size = posterior.points, posterior.block.size
    terms = posterior.frame.design.event_terms
    left = len(posterior.frame.design.precision) - points.mean.shape[1]
    starts = [term.columns.start - left for term in terms]
    single = np.eye(points.mean.shape[1])[starts]
    within = [terms_within(terms, members) for members in options.members]
    added = [single[[term.name in names for term in terms]].sum(axis=0) for names in within if names]
    marginals = points.contrast(np.vstack([single, *added]))
    mean, sd = marginals.moments()
    lower, upper = marginals.interval(options.level)
    low, high = (lower, upper) if options.level == GRADE_LEVEL else marginals.interval(GRADE_LEVEL)
    wrong = marginals.opposite_sign()
    half = 0.5 * (high - low) / size[:, None]
    covariance = points.covariance()[:, starts][:, :, starts]
    groups = group_names(terms, events, covariance, size, options.bounds)
    scale = "log" if posterior.block.logs else "level"
    numbers = np.stack([mean, sd, lower, upper, 1 - wrong, np.minimum(2 * wrong, 1.0)], axis=2)

    def row(s: int, event_id: str, position: int, group: str | None) -> PanelRow:
        a, b, c, d, sign, tail = map(float, numbers[s, position])
        letter = "D" if group else grade(float(half[s, position]), bounds=options.bounds)
        return PanelRow(ids[s], event_id, a, b, c, d, group, scale, sign, letter, pvalue=tail)

    found = []
    for s in range(len(ids)):
        rows = []
        for e, term in enumerate(terms):
            group = groups[s][e]
            alone = len(term.event_ids) == 1
            rows += [
                row(s, event_id, e, group)
                if alone
                else PanelRow(ids[s], event_id, group=group, scale=scale, grade="D")
                for event_id in term.event_ids
            ]
        position = len(terms)
        for members, names in zip(options.members, within, strict=True):
            if names:
                rows.append(row(s, SUM.join(members), position, None))
                position += 1
            else:
                rows.append(PanelRow(ids[s], SUM.join(members), scale=scale, grade="D"))
        found.append(tuple(rows) if points.sound[s] else ())
    return found
