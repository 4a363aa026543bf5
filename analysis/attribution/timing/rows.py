"""Rows of a divided change: events that cannot be told apart share one, in every part of the target."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.attribution.timing.contributions import Order, contributions, played_together
from analysis.attribution.timing.draws import PartDraws
from analysis.attribution.timing.parts import Part
from analysis.domain import FloatArray
from analysis.interventions.design import Term
from analysis.interventions.identification import Group, find_groups

RowKind = Literal["event", "measurement", "part", "covariate", "growth", "before_events", "seasonal"]
LABELS = {"seasonal": "Season", "lunar_new_year": "Chinese New Year"}
GROWTH, BEFORE = "Growth", "Before any event"
UNEXPLAINED = "not explained by a named part"
"""Label of the residual."""
EVERYTHING_ELSE = "Everything else (growth, prices, noise)"
"""What readers see for growth, the change before any event and the residual together."""
SAME_PERIOD = "they come into force in the same period of the series"
BOUND = 1.5
"""A limit of a row may not exceed the largest window or node of its parts by more than this factor."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes
    ----------
    kind : RowKind
    event_ids : tuple of str
    label : str
    parts : tuple of str
        Ids of the parts that it comes from.
    members : tuple of (int, str)
        Part (its position) and name of each term of a model.
    value : float or None
        Of an exact row, per period of the target.
    sd : float
        Of an exact row: what the figures' errors leave.
    largest : float
        The largest window or node of its parts, per period of the target.
    reason : str
        Why events share the row.
    """

    kind: RowKind
    event_ids: tuple[str, ...]
    label: str
    parts: tuple[str, ...]
    members: tuple[tuple[int, str], ...] = ()
    value: float | None = None
    sd: float = 0.0
    largest: float = 0.0
    reason: str = ""

    @property
    def exact(self) -> bool:
        """Whether it is known from the figures alone."""
        return self.value is not None

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of its terms."""
        return tuple(dict.fromkeys(name for _, name in self.members))

    @property
    def group(self) -> str | None:
        """Id of the group, if events share the row."""
        return "+".join(self.event_ids) if len(self.event_ids) > 1 else None


Title = Callable[[Sequence[str]], str]
"""Returns the label of events by their ids."""


def build_rows(
    parts: Sequence[Part], title: Title, *, joined: Iterable[frozenset[str]] = ()
) -> tuple[Row, ...]:
    """Return the rows of a change in the order in which they are shown.

    Parameters
    ----------
    parts : sequence of Part
    title : callable
    joined : iterable of frozenset of str
        Events that share a row for another reason than identification.
    """
    return (
        *_ended(parts, title),
        *_events(parts, title, joined),
        *_others(parts),
    )


def _ended(parts: Sequence[Part], title: Title) -> list[Row]:
    rows = []
    for part in parts:
        if part.event is not None and part.taken:
            kind: RowKind = "measurement" if part.event.kind == "data_break" else "event"
            own = (part.event.id,)
            rows.append(Row(kind, own, title(own), (part.id,), (), part.taken, part.taken_sd, part.largest))
    return rows


def _events(parts: Sequence[Part], title: Title, joined: Iterable[frozenset[str]]) -> list[Row]:
    reasons: list[tuple[frozenset[str], str]] = [
        (ids, "a row alone would exceed what was there") for ids in joined
    ]
    terms: dict[str, list[tuple[int, Term]]] = {}
    order: dict[str, tuple[float, int]] = {}
    for k, part in enumerate(parts):
        if part.fit is None or part.way is None:
            continue
        shown = part.fit.posterior.design.event_terms
        active = [shown[j] for j in part.way.active if any(j in c.terms for c in part.way.clusters)]
        reasons += [(frozenset(g.event_ids), g.reason) for g in part_groups(part, active)]
        for place, term in enumerate(active):
            for name in term.event_ids:
                terms.setdefault(name, []).append((k, term))
                order.setdefault(name, (part.fit.events[name].effective.toordinal(), place))
            if len(term.event_ids) > 1:
                reasons.append((frozenset(term.event_ids), SAME_PERIOD))
    rows = []
    for component in connected(list(terms), [ids for ids, _ in reasons]):
        ids = tuple(sorted(component, key=lambda name: (order[name], name)))
        own = list(dict.fromkeys((k, term.name) for name in ids for k, term in terms[name]))
        members = [term for name in ids for _, term in terms[name]]
        kind: RowKind = "measurement" if all(t.kind == "measurement" for t in members) else "event"
        used = sorted({k for k, _ in own})
        why = "; ".join(dict.fromkeys(text for group, text in reasons if len(ids) > 1 and group & component))
        rows.append(
            Row(
                kind,
                ids,
                title(ids),
                tuple(parts[k].id for k in used),
                tuple(own),
                largest=sum(parts[k].largest for k in used),
                reason=why,
            )
        )
    return sorted(rows, key=lambda row: min(order[name] for name in row.event_ids))


def part_groups(part: Part, active: Sequence[Term]) -> tuple[Group, ...]:
    """Return the groups among the events of one part that differ between its windows."""
    fit = part.fit
    assert fit is not None
    return find_groups(
        fit.posterior,
        fit.events,
        fit.aliasing,
        active=[term.name for term in active],
        size=fit.size,
        bounds=fit.bounds,
    )


def _others(parts: Sequence[Part]) -> list[Row]:
    rows = [
        Row("part", (), part.title, (part.id,), (), part.change, part.sd, part.largest)
        for part in parts
        if part.role in ("stated", "open")
    ]
    rows += [row for part in parts for row in _whole(part)]
    shared: dict[str, list[tuple[int, Term]]] = {}
    for k, part in enumerate(parts):
        if part.fit is not None and part.way is not None and part.way.legs:
            for term in part.fit.posterior.design.terms:
                if not term.event_ids and term.kind not in ("intercept", "trend"):
                    shared.setdefault(term.name, []).append((k, term))
    for name, members in shared.items():
        kind: RowKind = "seasonal" if members[0][1].kind == "seasonal" else "covariate"
        used = [k for k, _ in members]
        rows.append(
            Row(
                kind,
                (),
                LABELS.get(name, name),
                tuple(parts[k].id for k in used),
                tuple((k, name) for k in used),
                largest=sum(parts[k].largest for k in used),
            )
        )
    grown = [k for k, p in enumerate(parts) if p.fit is not None and _trend(p) and p.way and p.way.legs]
    if grown:
        ids = tuple(parts[k].id for k in grown)
        rows.append(Row("growth", (), GROWTH, ids, tuple((k, "trend") for k in grown)))
    before = sum(p.sign * p.factor * p.way.before for p in parts if p.way is not None)
    before += sum(p.change - p.taken for p in parts if p.event is not None)
    if before or any(p.way is not None or p.event is not None for p in parts):
        ids = tuple(p.id for p in parts if p.way is not None or p.event is not None)
        rows.append(Row("before_events", (), BEFORE, ids, (), before))
    return rows


def _whole(part: Part) -> list[Row]:
    """Return a row for each stretch that the model of a part cannot divide."""
    if part.fit is None or part.way is None:
        return []
    rows = []
    for terms, amount in part.way.undivided:
        shown = part.fit.posterior.design.event_terms
        names = " + ".join(part.fit.events[i].noun for k in terms for i in shown[k].event_ids)
        label = f"{part.title} around {names}, not divided"
        rows.append(
            Row("part", (), label, (part.id,), (), part.sign * part.factor * amount, 0.0, part.largest)
        )
    return rows


def _trend(part: Part) -> bool:
    assert part.fit is not None
    return any(term.kind == "trend" for term in part.fit.posterior.design.terms)


def connected(names: Sequence[str], links: Sequence[frozenset[str]]) -> list[frozenset[str]]:
    """Return the connected components of events of which some are linked."""
    components: list[frozenset[str]] = [frozenset([name]) for name in names]
    for link in links:
        touched = [c for c in components if c & link]
        if len(touched) > 1:
            merged = frozenset().union(*touched)
            components = [c for c in components if not c & link] + [merged]
    return components


def draw_rows(
    parts: Sequence[Part],
    rows: Sequence[Row],
    draws: Sequence[PartDraws],
    errors: FloatArray,
    *,
    order: Order = "time",
) -> tuple[FloatArray, list[tuple[str, ...]]]:
    """Return the draws of every row, and the terms that play together and so share a contribution.

    Parameters
    ----------
    parts : sequence of Part
    rows : sequence of Row
    draws : sequence of PartDraws
        Of the modelled parts, in order.
    errors : ndarray, shape (N, number of exact rows with an error)
        Standard normal coordinates.
    order : Order

    Returns
    -------
    ndarray, shape (len(rows), N)
        Per period of the target.
    list of tuple of str
        Names of event terms.
    """
    modelled = [k for k, part in enumerate(parts) if part.fit is not None]
    values: dict[tuple[int, str], FloatArray] = {}
    ties: list[tuple[str, ...]] = []
    for k, own in zip(modelled, draws, strict=True):
        found = contributions(parts[k], own, order=order)
        ties += played_together(list(found))
        for name, value in found.items():
            first, *others = name.split("|")
            values[k, first] = value
            for other in others:
                values[k, other] = np.zeros_like(value)
    count = len(errors)
    result = np.zeros((len(rows), count))
    noisy = 0
    for r, row in enumerate(rows):
        if row.value is not None:
            result[r] = row.value
            if row.sd:
                result[r] += row.sd * errors[:, noisy]
                noisy += 1
            continue
        for key in row.members:
            if key in values:
                result[r] += values[key]
    return result, ties


def too_wide(rows: Sequence[Row], limits: FloatArray) -> list[int]:
    """Return the rows of events of which a limit exceeds what was ever there by more than `BOUND`."""
    return [
        r
        for r, row in enumerate(rows)
        if row.event_ids and not row.exact and np.abs(limits[r]).max() > BOUND * row.largest > 0
    ]


def cluster_events(parts: Sequence[Part], row: Row) -> frozenset[str]:
    """Return all active events of the clusters that a row's events belong to, over its parts."""
    found = set(row.event_ids)
    for k, _ in row.members:
        part = parts[k]
        assert part.fit is not None
        assert part.way is not None
        terms = part.fit.posterior.design.event_terms
        for cluster in part.way.clusters:
            ids = {name for j in cluster.terms if j in part.way.active for name in terms[j].event_ids}
            if ids & found:
                found |= ids
    return frozenset(found)
