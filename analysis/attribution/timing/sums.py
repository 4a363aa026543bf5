"""Sums over events, which are asked for first: all resolutions, closures and reopenings, all events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.attribution.timing.divided import Divided, Interval, weighted_quantiles
from analysis.attribution.timing.missing import flow_without
from analysis.attribution.timing.rows import Row
from analysis.domain import DATA_BREAK, UN_RESOLUTION, Event, FloatArray

Grade = Literal["exact", "A", "B", "C", "D"]
GRADE_WORDS: dict[Grade, str] = {
    "exact": "exact",
    "A": "precise",
    "B": "fair",
    "C": "rough",
    "D": "sign not known",
}
PRECISE, FAIR = 0.15, 0.40
"""Half-widths up to which a contribution of one sign is precise or fair, over the largest window or node."""
FAMILIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("All UN resolutions", (UN_RESOLUTION,)),
    ("Closures and reopenings", ("border_closure", "easing")),
)
"""Kinds of the event table that are summed together."""
ALL_EVENTS = "All events"
SMALL_CHANGE = 0.05
"""A change of less than this share of the larger window has no per cent."""
LIKELY = 0.02
"""A dating of less weight is left out of what the flow would be without the events."""


@dataclass(frozen=True, slots=True)
class EventSum:
    """What some events add up to.

    Attributes
    ----------
    label : str
    event_ids : tuple of str
    rows : tuple of int
        Positions of the rows that it sums.
    with_others : tuple of str
        Events of other kinds that the data cannot tell from these.
    interval : Interval
        Per period of the target.
    percent : Interval or None
        Of the change.
    missing_now : Interval or None
        The target in ``to`` without the events.
    grade : Grade
    """

    label: str
    event_ids: tuple[str, ...]
    rows: tuple[int, ...]
    with_others: tuple[str, ...]
    interval: Interval
    percent: Interval | None
    missing_now: Interval | None
    grade: Grade


def grade_of(interval: Interval, largest: float, *, exact: bool = False, known: bool = True) -> Grade:
    """Return how precise a contribution is.

    Parameters
    ----------
    interval : Interval
    largest : float
        The largest window or node of its parts; of the target for a sum.
    exact : bool
        Whether it is known from the figures alone.
    known : bool
        Whether the data identify it.
    """
    _, low, high = interval
    if exact:
        return "exact"
    if not known or low <= 0 <= high:
        return "D"
    half = 0.5 * (high - low)
    if half <= PRECISE * largest:
        return "A"
    return "B" if half <= FAIR * largest else "C"


def percent_of(interval: Interval, change: float, larger: float) -> Interval | None:
    """Return an interval in per cent of a change, positive the same way; None if the change is small."""
    if abs(change) < SMALL_CHANGE * larger or change == 0:
        return None
    estimate, low, high = (100 * value / change for value in interval)
    return estimate, min(low, high), max(low, high)


def event_sums(
    divided: Divided, kinds: dict[str, str], *, larger: float, to: float | None, unidentified: frozenset[int]
) -> tuple[EventSum, ...]:
    """Return the sums, those of one kind first.

    Parameters
    ----------
    divided : Divided
    kinds : dict of str to str
        Kind of every event by id.
    larger : float
        The larger of the target's windows.
    to : float or None
        The target in ``to``; None where the change asked for is the one back in time.
    unidentified : frozenset of int
        Rows that the data do not identify.
    """
    shown = [r for r, row in enumerate(divided.rows) if row.event_ids and row.kind == "event"]
    found: list[EventSum] = []
    for label, family in FAMILIES:
        own = [r for r in shown if _belongs(divided.rows[r], kinds, family)]
        if own:
            found.append(_sum(divided, label, own, kinds, family, larger, to, unidentified))
    policy = [r for r in shown if any(kinds[i] != DATA_BREAK for i in divided.rows[r].event_ids)]
    if policy and not any(list(item.rows) == policy for item in found):
        found.append(_sum(divided, ALL_EVENTS, policy, kinds, (), larger, to, unidentified))
    return tuple(found)


def _belongs(row: Row, kinds: dict[str, str], family: Sequence[str]) -> bool:
    return not row.exact and any(kinds[i] in family for i in row.event_ids)


def _sum(
    divided: Divided,
    label: str,
    rows: Sequence[int],
    kinds: dict[str, str],
    family: Sequence[str],
    larger: float,
    to: float | None,
    unidentified: frozenset[int],
) -> EventSum:
    own = [divided.rows[r] for r in rows]
    ids = tuple(dict.fromkeys(i for row in own for i in row.event_ids))
    others = tuple(i for i in ids if family and kinds[i] not in family)
    interval = divided.combined(lambda row: row in own)
    exact = all(row.exact for row in own)
    known = not unidentified & set(rows)
    return EventSum(
        label,
        ids,
        tuple(rows),
        others,
        interval,
        percent_of(interval, divided.change, larger),
        None if to is None else _missing(divided, own, to),
        grade_of(interval, larger, exact=exact, known=known),
    )


def _missing(divided: Divided, rows: Sequence[Row], to: float) -> Interval | None:
    """Return what the target would be in ``to`` without the events of some rows."""
    terms: dict[int, set[str]] = {}
    for row in rows:
        for k, name in row.members:
            terms.setdefault(k, set()).add(name)
    if not terms:
        return None
    draws: list[FloatArray] = []
    weights: list[float] = []
    for dating, weight in zip(divided.datings, divided.weights, strict=True):
        if weight < LIKELY:
            continue
        total = np.full(1, to)
        for k, names in terms.items():
            part = divided.parts[k]
            assert part.way is not None
            without = flow_without(part, dating, names)
            total = total + part.sign * (without - part.factor * part.way.destination.mean)
        draws.append(total[None, :])
        weights.append(float(weight))
    tail = 0.5 * (1 - divided.level)
    share = np.array(weights) / sum(weights)
    estimate, low, high = weighted_quantiles(draws, list(share), (0.5, tail, 1 - tail))[0]
    return float(estimate), float(low), float(high)


def kinds_of(events: Sequence[Event]) -> dict[str, str]:
    """Return the kind of every event by id."""
    return {event.id: event.kind for event in events}
