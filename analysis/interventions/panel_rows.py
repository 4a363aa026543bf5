"""Rows of a panel: one event of one series each, in the contract's columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.domain import Cell, FloatArray, Result
from analysis.interventions.design import Term
from analysis.interventions.effects import EffectResult
from analysis.interventions.identification import Bounds, grade
from analysis.interventions.panel_block import Frame

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
        `event_id` is empty in a row of status ``error``, and joined by ``+`` where the effects of several
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


def rows_of(result: EffectResult, sums: Sequence[Sequence[str]] = ()) -> tuple[PanelRow, ...]:
    """Return the rows of a series that was fitted by itself: its events, then the sums asked for."""
    name, scale = result.series.id, result.scale
    terms = {t.event_ids[0]: t.name for t in result.posterior.design.event_terms if len(t.event_ids) == 1}
    rows = []
    for e in result.effects:
        tail = None if e.se is None else _two_sided(result, [terms[e.event_id]])
        rows.append(
            PanelRow(
                name,
                e.event_id,
                e.estimate,
                e.se,
                e.lower,
                e.upper,
                e.group,
                scale,
                e.p_sign,
                e.grade,
                pvalue=tail,
            )
        )
    for members in sums:
        within = terms_within(result.posterior.design.event_terms, members)
        found = result.summarise(within) if within else None
        if found is None or "se" not in found:
            rows.append(PanelRow(name, SUM.join(members), scale=scale, grade="D"))
            continue
        rows.append(
            PanelRow(
                name,
                SUM.join(members),
                found["estimate"],
                found["se"],
                found["lower"],
                found["upper"],
                None,
                scale,
                found["p_sign"],
                grade(found["half_width"], result.size, result.bounds),
                pvalue=_two_sided(result, within),
            )
        )
    return tuple(rows)


def terms_within(terms: Sequence[Term], members: Sequence[str]) -> list[str]:
    """Return the names of the terms that make up the events `members`; none if a term has others too."""
    touched = [t for t in terms if set(t.event_ids) & set(members)]
    covered = {event_id for t in touched for event_id in t.event_ids}
    return [t.name for t in touched] if covered == set(members) else []


def _two_sided(result: EffectResult, terms: Sequence[str]) -> float:
    marginal = result.reported.combination(result.weights(terms))
    return float(min(1.0, 2 * min(marginal.cdf(0.0), marginal.survival(0.0))))


@dataclass(frozen=True)
class PanelSummaries:
    """What is reported of the series of a block.

    Attributes
    ----------
    frame : Frame
    sums : sequence of sequence of str
        Events whose effects are summed.
    numbers : ndarray, shape (S, E + Z, 6)
        Mean, sd, limits, sign probability and two-sided tail of each term's effect, then of the sums that are
        identified.
    half_width : ndarray, shape (S, E + Z)
        Of the 95 % interval over the size of the series.
    groups : list of tuple
        Group of each event of each series.
    logs : ndarray of bool, shape (S,)
    bounds : Bounds
    """

    frame: Frame
    sums: Sequence[Sequence[str]]
    numbers: FloatArray
    half_width: FloatArray
    groups: list[tuple[str | None, ...]]
    logs: NDArray[np.bool_]
    bounds: Bounds

    def rows(self, series_id: str, s: int) -> tuple[PanelRow, ...]:
        """Return the rows of series number `s`."""
        scale = "log" if self.logs[s] else "level"
        terms = self.frame.design.event_terms
        rows: list[PanelRow] = []
        for e, term in enumerate(terms):
            for event_id in term.event_ids:
                group = self.groups[s][len(rows)]
                if len(term.event_ids) > 1:
                    rows.append(PanelRow(series_id, event_id, group=group, scale=scale, grade="D"))
                    continue
                rows.append(self._row(series_id, event_id, s, e, group))
        position = len(terms)
        for members in self.sums:
            if terms_within(terms, members):
                rows.append(self._row(series_id, SUM.join(members), s, position, None))
                position += 1
            else:
                rows.append(PanelRow(series_id, SUM.join(members), scale=scale, grade="D"))
        return tuple(rows)

    def _row(self, series_id: str, event_id: str, s: int, position: int, group: str | None) -> PanelRow:
        mean, sd, lower, upper, sign, tail = map(float, self.numbers[s, position])
        letter = "D" if group else grade(float(self.half_width[s, position]), bounds=self.bounds)
        scale = "log" if self.logs[s] else "level"
        return PanelRow(series_id, event_id, mean, sd, lower, upper, group, scale, sign, letter, pvalue=tail)
