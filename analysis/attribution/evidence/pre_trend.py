"""Pre-trend: whether there is an effect just before an event, where there should be none.

Each event or group of the answer gets one more column, 1 in the periods just before any member is in
force under any dating, in the joint model with all events. A group has one column, before its earliest
member.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.attribution.evidence.check import discounted
from analysis.attribution.evidence.contributions import NO_EVENT, Interval, mixed, policy_rows
from analysis.attribution.evidence.kernel import Kernel
from analysis.attribution.evidence.layout import Part, assemble, own_share, parts_of
from analysis.attribution.result import AttributionResult
from analysis.attribution.timing.rows import Row
from analysis.domain import FloatArray, Frequency, Window
from analysis.errors import UsageError

LEADS: Mapping[Frequency, int] = {"A": 2, "Q": 2, "M": 6, "W": 13, "D": 30}
"""Periods before an event that are examined: two years, two quarters, six months or thirty days."""
FEWEST = 2
"""Observed periods that a lead needs; one period alone cannot be told from its noise."""
LEAST_OWN_SHARE = 0.05
"""Share of the lead's sum of squares that the rest of the model may not carry."""


@dataclass(frozen=True, slots=True)
class Lead:
    """The effect in the periods before one event or group.

    Attributes
    ----------
    event_ids : tuple of str
    label : str
    window : Window or None
        The periods examined; None where the event is in force from the start of the sample.
    n : int
        Observed periods among them.
    effect : Interval or None
        On the model's scale.
    p_sign : float or None
        Probability that the effect has the sign of its estimate.
    reason : str or None
        Why it cannot speak.
    """

    event_ids: tuple[str, ...]
    label: str
    window: Window | None
    n: int
    effect: Interval | None
    p_sign: float | None
    reason: str | None

    @property
    def verdict(self) -> str:
        """The finding in three words or so."""
        if self.effect is None:
            return "cannot speak"
        return "a change before the date" if self.effect.excludes_zero else "no change seen before the date"

    def to_record(self, *, logs: bool) -> dict[str, Any]:
        """Return the lead; per cent where the model is in logs."""
        effect = self.effect
        percent = effect is not None and logs
        return {
            "event_ids": list(self.event_ids),
            "label": self.label,
            "window": None if self.window is None else str(self.window),
            "n": self.n,
            "effect": None if effect is None else effect.to_record(),
            "percent": {k: 100 * float(np.expm1(v)) for k, v in effect.to_record().items()}
            if effect is not None and percent
            else None,
            "p_sign": self.p_sign,
            "verdict": self.verdict,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class PreTrendFinding:
    """Leads of every event or group of the answer."""

    leads: tuple[Lead, ...]
    length: int
    logs: bool

    def words(self) -> str:
        """Return which events have a change before them."""
        seen = [lead for lead in self.leads if lead.effect is not None]
        if not seen:
            return "No event has observed periods before it that could be examined."
        moved = [lead.label for lead in seen if lead.effect is not None and lead.effect.excludes_zero]
        if not moved:
            return f"No change is seen in the {self.length} periods before a date ({len(seen)} examined)."
        return (
            f"In {len(moved)} of {len(seen)} cases there is a change in the {self.length} periods before the "
            f"date: {'; '.join(moved)}. What is dated to them may have begun earlier."
        )

    def to_record(self) -> dict[str, Any]:
        """Return every lead."""
        return {
            "length": self.length,
            "leads": [lead.to_record(logs=self.logs) for lead in self.leads],
            "words": self.words(),
        }


@dataclass(frozen=True, slots=True)
class PreTrend:
    """Estimate an effect before each event of the answer.

    Attributes
    ----------
    length : int or None
        Periods before the event; by default `LEADS` of the frequency.
    """

    length: int | None = None

    @property
    def name(self) -> str:
        """Key in the record."""
        return "pre_trend"

    def validate(self, answer: AttributionResult) -> str | None:
        """Return why there is nothing to examine, or None.

        Raises
        ------
        UsageError
            If the length is not at least 1.
        """
        if self.length is not None and self.length < 1:
            raise UsageError(f"the lead has at least one period, not {self.length}")
        return None if policy_rows(answer) else NO_EVENT

    def run(self, answer: AttributionResult) -> PreTrendFinding:
        """Refit with one lead at a time."""
        length = self.length or LEADS[answer.fit.series.frequency]
        parts = parts_of(answer)
        rows = policy_rows(answer)
        columns = [_column(answer, row, length) for row in rows]
        extra = [
            Part.flat(f"before {row.label}", "event", dict.fromkeys(parts[0].columns, column[:, None]))
            for row, column in zip(rows, columns, strict=True)
        ]
        kernel = Kernel.build(answer.fit.posterior, [*parts, *extra], discounted(answer))
        leads = [
            _lead(answer, kernel, parts, row, part, column)
            for row, part, column in zip(rows, extra, columns, strict=True)
        ]
        return PreTrendFinding(tuple(leads), length, answer.fit.logs)


def _column(answer: AttributionResult, row: Row, length: int) -> FloatArray:
    design = answer.fit.posterior.design
    own = [k for k, term in enumerate(design.event_terms) if term.name in row.terms]
    in_force = np.any([(v.shares[:, own] != 0).any(axis=1) for v in design.variants], axis=0)
    start = int(np.flatnonzero(in_force)[0])
    column = np.zeros(len(in_force))
    column[max(start - length, 0) : start] = 1.0
    return column


def _lead(
    answer: AttributionResult,
    kernel: Kernel,
    parts: tuple[Part, ...],
    row: Row,
    part: Part,
    column: FloatArray,
) -> Lead:
    periods = answer.fit.series.periods
    where = np.flatnonzero(column)
    window = Window(periods[where[0]], periods[where[-1]]) if len(where) else None
    observed = answer.fit.posterior.evidence.observed
    n = int(observed[where].sum())

    def silent(reason: str) -> Lead:
        return Lead(row.event_ids, row.label, window, n, None, None, reason)

    if n < FEWEST:
        return silent(f"{n} of the periods before it are observed; {FEWEST} are needed")
    datings = [dated.dating for dated in answer.datings]
    design = assemble([*parts, part], datings)
    if own_share(design, observed, len(design.precision) - 1) < LEAST_OWN_SHARE:
        return silent("the periods before it cannot be told from another event or part of the model")
    posterior = kernel.refit([*parts, part], datings)
    contrast = np.zeros(len(design.precision))
    contrast[-1] = 1.0
    mixture = mixed(posterior, contrast)
    mean = mixture.mean()
    effect = Interval(mean, *mixture.interval(answer.fit.level))
    sign = mixture.survival(0.0) if mean > 0 else mixture.cdf(0.0)
    return Lead(row.event_ids, row.label, window, n, effect, sign, None)
