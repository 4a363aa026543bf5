"""Doubts beside the number: what speaks against an answer, in one short sentence each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.attribution.timing.parts import Part
from analysis.domain import Period, TradeSeries, Window
from analysis.interventions.doubts import Doubt

if TYPE_CHECKING:
    from analysis.attribution.result import AttributionResult

DISCOUNTED = 0.5
"""Probability of more variance from which a month counts as discounted."""
UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class AnswerDoubt:
    """A doubt about an answer.

    Attributes
    ----------
    kind : str
        That of a check of the model, or ``lenses``, ``discounted``, ``figures`` or ``specifications``.
    text : str
    event_ids : tuple of str
    numbers : dict
    """

    kind: str
    text: str
    event_ids: tuple[str, ...]
    numbers: dict[str, Any]

    def to_record(self) -> dict[str, Any]:
        """Return the doubt as JSON-ready values."""
        return {
            "kind": self.kind,
            "text": self.text,
            "event_ids": list(self.event_ids),
            "numbers": self.numbers,
        }


def doubts_of(answer: AttributionResult) -> tuple[AnswerDoubt, ...]:
    """Return the doubts about an answer, those of its models first.

    Parameters
    ----------
    answer : AttributionResult
    """
    found: list[AnswerDoubt] = []
    for part in answer.parts:
        if part.fit is not None and part.way is not None and part.way.active:
            found += _of_model(answer, part)
            found += _discounted(answer, part)
    found += _lenses(answer)
    found += _figures(answer)
    found += _specifications(answer)
    return tuple(found)


def _of_model(answer: AttributionResult, part: Part) -> Iterator[AnswerDoubt]:
    assert part.fit is not None
    assert part.way is not None
    series, terms = part.fit.series, part.fit.posterior.design.event_terms
    active = {name for k in part.way.active for name in terms[k].event_ids}
    first, last = _span(part)
    for doubt in part.fit.checks.doubts:
        if doubt.event_ids and not active & set(doubt.event_ids):
            continue
        date = doubt.numbers.get("date")
        if date is not None and not first <= series.index(Period.parse(date)) <= last:
            continue
        yield _named(answer, part, doubt)


def _named(answer: AttributionResult, part: Part, doubt: Doubt) -> AnswerDoubt:
    text = doubt.text if answer.single else f"{part.title[:1].upper()}{part.title[1:]}: {doubt.text}"
    return AnswerDoubt(doubt.kind, text, doubt.event_ids, {**doubt.numbers, "part": part.id})


def _span(part: Part) -> tuple[int, int]:
    """Return the calendar positions from the first window or node of a part to its last."""
    assert part.way is not None
    windows = [part.way.origin, part.way.destination, *(c.node for c in part.way.clusters if c.node.enough)]
    return min(int(w.positions[0]) for w in windows), max(int(w.positions[-1]) for w in windows)


def _discounted(answer: AttributionResult, part: Part) -> Iterator[AnswerDoubt]:
    """Yield the months of the windows and nodes that the model takes for outliers."""
    assert part.fit is not None
    assert part.way is not None
    posterior = part.fit.posterior
    own = posterior.dating(answer.divided.datings[int(np.argmax(answer.divided.weights))])
    windows = [part.way.origin, part.way.destination, *(c.node for c in part.way.clusters)]
    used = {int(t) for window in windows for t in window.positions}
    for j, t in enumerate(posterior.outliers):
        more = float(own.weight[posterior.factors[own.factor, j] > 1].sum())
        if t in used and more >= DISCOUNTED:
            period = str(part.fit.series.periods[t])
            text = f"{period} counts less in the model of {part.title}: it departs far from its neighbours."
            yield AnswerDoubt("discounted", text, (), {"period": period, "probability": more})


def _lenses(answer: AttributionResult) -> Iterator[AnswerDoubt]:
    from analysis.attribution.triangulation import DISAGREE

    for row in answer.triangulation.rows:
        if row.kind == "event" and row.agreement == DISAGREE:
            text = f"The lenses disagree on {row.label}. {row.words}"
            yield AnswerDoubt("lenses", text, row.event_ids, {})


def _figures(answer: AttributionResult) -> Iterator[AnswerDoubt]:
    """Yield how many periods of the windows rest on figures that nobody has verified."""
    count = sum(_unverified(answer.series, window) for window in (answer.before, answer.after))
    if count:
        text = f"{count} of the periods compared rest on third-party copies that no printed figure confirms."
        yield AnswerDoubt("figures", text, (), {"periods": count})


def _unverified(series: TradeSeries, window: Window) -> int:
    return sum(o.period in window and UNVERIFIED in o.note for o in series.observations)


def _specifications(answer: AttributionResult) -> Iterator[AnswerDoubt]:
    """Yield rows of which other specifications have the other sign, where they were asked for."""
    record = None if answer.evidence is None else answer.evidence.to_record()
    if record is None:
        return
    for own in record.get("parts") or [record]:
        curve = own.get("specification_curve") or {}
        for row in curve.get("rows", ()):
            same = row.get("share_of_the_same_sign")
            if row["event_ids"] and same is not None and same < 1:
                share = 100 * (1 - same)
                text = f"{share:.0f} % of the other specifications give {row['label']} the other sign."
                yield AnswerDoubt("specifications", text, tuple(row["event_ids"]), {"same_sign": same})
