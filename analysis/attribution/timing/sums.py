"""Sums over events, which are asked for first: all resolutions, closures and reopenings, all events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.attribution.timing.divided import Divided, Interval, weighted_quantiles
from analysis.attribution.timing.missing import flows_without
from analysis.attribution.timing.rows import Row
from analysis.domain import DATA_BREAK, UN_RESOLUTION, FloatArray

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
    chosen: list[tuple[str, tuple[str, ...], list[int]]] = []
    for label, family in FAMILIES:
        own = [r for r in shown if _belongs(divided.rows[r], kinds, family)]
        if own:
            chosen.append((label, family, own))
    policy = [r for r in shown if any(kinds[i] != DATA_BREAK for i in divided.rows[r].event_ids)]
    if policy and not any(own == policy for _, _, own in chosen):
        chosen.append((ALL_EVENTS, (), policy))
    sets = [[divided.rows[r] for r in own] for _, _, own in chosen]
    missing = [None] * len(sets) if to is None else missing_now(divided, sets, to)
    found = []
    for (label, family, own), rows, without in zip(chosen, sets, missing, strict=True):
        ids = tuple(dict.fromkeys(i for row in rows for i in row.event_ids))
        interval = divided.combined(rows.__contains__)
        exact, known = all(row.exact for row in rows), not unidentified & set(own)
        found.append(
            EventSum(
                label,
                ids,
                tuple(own),
                tuple(i for i in ids if family and kinds[i] not in family),
                interval,
                percent_of(interval, divided.change, larger),
                without,
                grade_of(interval, larger, exact=exact, known=known),
            )
        )
    return tuple(found)


def _belongs(row: Row, kinds: dict[str, str], family: Sequence[str]) -> bool:
    return not row.exact and any(kinds[i] in family for i in row.event_ids)


def missing_now(divided: Divided, sets: Sequence[Sequence[Row]], to: float) -> list[Interval | None]:
    """Return what the target would be in ``to`` without the events of each set of rows.

    Parameters
    ----------
    divided : Divided
    sets : sequence of sequence of Row
    to : float
        The target in ``to``.

    Returns
    -------
    list of Interval or None
        None where no model has an event of the set.
    """
    terms = [
        [{name for j, name in _members(rows) if j == k} for rows in sets] for k in range(len(divided.parts))
    ]
    draws: list[list[FloatArray]] = [[] for _ in sets]
    weights: list[float] = []
    for dating, weight in zip(divided.datings, divided.weights, strict=True):
        if weight < LIKELY:
            continue
        weights.append(float(weight))
        totals = [np.full(1, to - sum(row.value or 0.0 for row in rows)) for rows in sets]
        for k, part in enumerate(divided.parts):
            wanted = [s for s in range(len(sets)) if terms[k][s]]
            if part.way is None or not wanted:
                continue
            found = flows_without(part, dating, [terms[k][s] for s in wanted])
            for s, without in zip(wanted, found, strict=True):
                totals[s] = totals[s] + part.sign * (without - part.factor * part.way.destination.mean)
        for s, total in enumerate(totals):
            draws[s].append(total[None, :])
    tail = 0.5 * (1 - divided.level)
    share = list(np.array(weights) / sum(weights))
    result: list[Interval | None] = []
    for s in range(len(sets)):
        if not any(own[s] for own in terms):
            result.append(None)
            continue
        estimate, low, high = weighted_quantiles(draws[s], share, (0.5, tail, 1 - tail))[0]
        result.append((float(estimate), float(low), float(high)))
    return result


def _members(rows: Sequence[Row]) -> list[tuple[int, str]]:
    return [member for row in rows for member in row.members]
