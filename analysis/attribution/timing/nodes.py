"""Clusters of events, the nodes in front of them, and the walk of a change from node to node.

Events of a design less than a year apart form a cluster. Its node is the year just before its first partial
period: what was there when the events began. From one window to another the walk goes through the nodes of
the clusters on the way; what changes in front of the first node is observed and belongs to no event.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.attribution.timing.observed import Observed, observe
from analysis.domain import UN_RESOLUTION, Event, EventTable, Period, TradeSeries
from analysis.domain.periods import PERIODS_PER_YEAR
from analysis.interventions.dating import COARSE, first_period
from analysis.interventions.design import Design

YEAR = PERIODS_PER_YEAR
"""Periods of a node, and the distance from which events belong to different clusters."""
FULL_SHARE, SETTLED = 0.9, 0.95
"""Mean shares in force, in every dating and in one, from which an event counts as in force throughout."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Events of a design that begin less than a year after one another.

    Attributes
    ----------
    terms : tuple of int
        Positions among the design's event terms.
    start : int
        Calendar position of the first partial period.
    node : Observed
    note : str
        Why the node is another window than the year before, if it is.
    """

    terms: tuple[int, ...]
    start: int
    node: Observed
    note: str = ""


@dataclass(frozen=True, slots=True)
class Leg:
    """One application of the formula: from a node to a window.

    Attributes
    ----------
    start, end : Observed
    sign : float
        -1 where the answer of the leg is taken off: the way from the node to a ``from`` inside the cluster.
    cluster : int
        Position among the clusters on the way.
    """

    start: Observed
    end: Observed
    sign: float
    cluster: int

    @property
    def change(self) -> float:
        """What was observed on the way."""
        return self.sign * (self.end.mean - self.start.mean)


@dataclass(frozen=True, slots=True)
class Walk:
    """How a change is reached.

    Attributes
    ----------
    origin, destination : Observed
        The windows ``from`` and ``to``.
    before : float
        Observed change in front of the first node, in no event.
    legs : tuple of Leg
    clusters : tuple of Cluster
        Those on the way.
    active : tuple of int
        Event terms whose share in force differs between the two windows.
    largest : float
        The largest mean among windows and nodes on the way.
    undivided : tuple of (tuple of int, float)
        Event terms of clusters whose legs the model cannot divide, and what was observed on them.
    """

    origin: Observed
    destination: Observed
    before: float
    legs: tuple[Leg, ...]
    clusters: tuple[Cluster, ...]
    active: tuple[int, ...]
    largest: float
    undivided: tuple[tuple[tuple[int, ...], float], ...] = ()

    def without(self, clusters: Collection[int]) -> Walk:
        """Return the walk with the legs of some clusters undivided."""
        shut = []
        for c in sorted(clusters):
            terms = tuple(k for k in self.clusters[c].terms if k in self.active)
            shut.append((terms, sum(leg.change for leg in self.legs if leg.cluster == c)))
        gone = {k for terms, _ in shut for k in terms}
        return replace(
            self,
            legs=tuple(leg for leg in self.legs if leg.cluster not in clusters),
            active=tuple(k for k in self.active if k not in gone),
            undivided=(*self.undivided, *shut),
        )


def first_partial(series: TradeSeries, events: EventTable | None, design: Design) -> NDArray[np.intp]:
    """Return the calendar position of the first partial period of each event term, -1 if never, shape (E,).

    The month of adoption counts for a UN resolution: nothing of the year in front of it is touched by any
    dating, and by no date that a fit integrates over. Without a table of events the columns decide.
    """
    if events is None:
        on = np.any([variant.shares > 0 for variant in design.variants], axis=0)
        return np.where(on.any(axis=0), on.argmax(axis=0), -1)
    found = []
    for term in design.event_terms:
        places = [_begins(series, events[name]) for name in term.event_ids]
        known = [place for place in places if place is not None]
        found.append(min(known) if known else -1)
    for variant in design.variants:
        if variant.dating == "full":
            on = variant.shares > 0
            early = np.where(on.any(axis=0), on.argmax(axis=0), len(on))
            found = [min(f, int(e)) if f >= 0 else f for f, e in zip(found, early, strict=True)]
    return np.array(found, dtype=np.intp)


def _begins(series: TradeSeries, event: Event) -> int | None:
    if series.frequency in COARSE:
        return first_period(event, series.periods)
    day = event.partial.start if event.partial else event.effective
    if event.kind == UN_RESOLUTION and event.adopted:
        day = min(day, event.adopted)
    place = Period.containing(day, series.frequency) - series.first - event.lead
    return max(int(place), 0) if place < len(series) else None


def find_clusters(series: TradeSeries, events: EventTable | None, design: Design) -> tuple[Cluster, ...]:
    """Return the clusters of a design in time, each with its node.

    Parameters
    ----------
    series : TradeSeries
    events : EventTable or None
    design : Design
        On the calendar of the series.
    """
    starts = first_partial(series, events, design)
    order = [int(k) for k in np.argsort(starts, kind="stable") if starts[k] >= 0]
    apart = YEAR[series.frequency] + (series.frequency == "A")
    groups: list[list[int]] = []
    for k in order:
        if groups and starts[k] - starts[groups[-1][-1]] < apart:
            groups[-1].append(k)
        else:
            groups.append([k])
    return tuple(_cluster(series, members, int(starts[members[0]])) for members in groups)


def _cluster(series: TradeSeries, members: Sequence[int], start: int) -> Cluster:
    length = YEAR[series.frequency]
    own = np.arange(max(start - length, 0), start)
    node = observe(series, own) if len(own) else None
    if len(own) == length and node is not None and node.enough:
        return Cluster(tuple(members), start, node)
    seen = np.flatnonzero(np.isfinite(series.values[:start]))
    if len(seen) >= length:
        nearest = observe(series, seen[-length:])
        periods = series.periods
        note = (
            f"the year before {periods[start]} is not observed in half of its periods: the nearest {length} "
            f"observed ones before it, {periods[seen[-length]]} to {periods[seen[-1]]}, stand for it"
        )
        return Cluster(tuple(members), start, nearest, note)
    empty = Observed(own, np.nan, 0.0, 0, 0)
    note = f"no {length} periods before {series.periods[start]} are observed: 'from' itself is the base"
    return Cluster(tuple(members), start, empty, note)


def active_terms(design: Design, before: NDArray[np.intp], after: NDArray[np.intp]) -> tuple[int, ...]:
    """Return the event terms whose share in force differs between two windows, in any variant.

    An event that every dating has in force for `FULL_SHARE` of both windows, and one for `SETTLED` of them,
    counts as in force throughout both.
    """
    both = np.concatenate([before, after])
    found = []
    for k, term in enumerate(design.event_terms):
        changed, steady = False, True
        shares = []
        for variant in design.variants:
            share, columns = variant.shares[:, k], variant.columns[both][:, term.columns]
            changed |= bool(np.ptp(share[both]) > 0 or np.ptp(columns, axis=0).max() > 0)
            whole = share[both] >= 1
            steady &= bool(whole.any() and np.ptp(columns[whole], axis=0).max() == 0)
            shares.append(min(share[before].mean(), share[after].mean()))
        if changed and not (steady and min(shares) >= FULL_SHARE and max(shares) >= SETTLED):
            found.append(k)
    return tuple(found)


def walk(design: Design, clusters: Sequence[Cluster], before: Observed, after: Observed) -> Walk:
    """Return how the change from one window to another is reached.

    Parameters
    ----------
    design : Design
    clusters : sequence of Cluster
        Of `find_clusters`.
    before, after : Observed
        The windows ``from`` and ``to``; `after` lies later.
    """
    active = active_terms(design, before.positions, after.positions)
    ways = [c for c in clusters if set(c.terms) & set(active)]
    means = [before.mean, after.mean]
    if not ways:
        return Walk(before, after, after.mean - before.mean, (), (), active, max(means))
    nodes = [c.node if c.node.enough else before for c in ways]
    legs: list[Leg] = []
    gone = 0.0
    reach = [*nodes[1:], after]
    if before.positions[-1] >= ways[0].start and nodes[0] is not before:
        legs.append(Leg(nodes[0], before, -1.0, 0))
    elif nodes[0] is not before:
        gone = nodes[0].mean - before.mean
    legs += [Leg(node, end, 1.0, c) for c, (node, end) in enumerate(zip(nodes, reach, strict=True))]
    means += [node.mean for node in nodes]
    return Walk(before, after, gone, tuple(legs), tuple(ways), active, max(means))
