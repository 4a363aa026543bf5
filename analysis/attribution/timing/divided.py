"""A change divided: rows, their draws under every dating, estimates and limits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from analysis.attribution.timing.contributions import Order
from analysis.attribution.timing.draws import LOG2_POINTS, Dependence, PartDraws, dating_weights, joint_draws
from analysis.attribution.timing.parts import Part
from analysis.attribution.timing.rows import (
    Row,
    Title,
    build_rows,
    cluster_events,
    draw_rows,
    too_wide,
)
from analysis.domain import FloatArray
from analysis.interventions.dating import DATINGS, Dating

UNDIVIDED = (
    "the model cannot bound what some events moved by what was ever there, so the change around them is "
    "shown whole"
)
NOTHING = 1e-9
"""Share of the largest window up to which a row is rounding."""
LITTLE = 0.02
FEW_POINTS = 10
"""A dating of less weight has so many points (as a power of two): it moves no limit of the mixture."""
Interval = tuple[float, float, float]
"""Estimate, lower and upper limit."""


@dataclass(frozen=True)
class Divided:
    """A change divided among rows.

    Attributes
    ----------
    parts : tuple of Part
    rows : tuple of Row
    datings : tuple of Dating
    weights : ndarray, shape (D,)
        Posterior probability of each dating for all parts together.
    draws : tuple of ndarray, each of shape (R, N)
        Of the rows under each dating, per period of the target.
    change : float
        Observed, per period of the target.
    level : float
        Probability of the intervals.
    """

    parts: tuple[Part, ...]
    rows: tuple[Row, ...]
    datings: tuple[Dating, ...]
    weights: FloatArray
    draws: tuple[FloatArray, ...]
    change: float
    level: float

    @cached_property
    def intervals(self) -> tuple[Interval, ...]:
        """Estimate and limits of every row; an exact row's estimate is its value."""
        found = self._quantiles(list(self.draws))
        return tuple(
            (row.value if row.value is not None else float(e), float(low), float(high))
            for row, (e, low, high) in zip(self.rows, found, strict=True)
        )

    @cached_property
    def residual(self) -> Interval:
        """What no row explains: it closes the estimates, and has limits of its own."""
        estimate = self.change - float(sum(estimate for estimate, _, _ in self.intervals))
        _, low, high = self._quantiles([self.change - d.sum(axis=0, keepdims=True) for d in self.draws])[0]
        return estimate, min(float(low), estimate), max(float(high), estimate)

    def combined(self, chosen: Callable[[Row], bool]) -> Interval:
        """Return estimate and limits of the sum of the rows chosen, draw by draw; zeros if there is none."""
        picked = [k for k, row in enumerate(self.rows) if chosen(row)]
        if not picked:
            return 0.0, 0.0, 0.0
        if len(picked) == 1:
            return self.intervals[picked[0]]
        sums = [d[picked].sum(axis=0, keepdims=True) for d in self.draws]
        estimate, low, high = self._quantiles(sums)[0]
        return float(estimate), float(low), float(high)

    def under(self, dating: int) -> tuple[Interval, ...]:
        """Return estimate and limits of every row under one dating."""
        found = weighted_quantiles([self.draws[dating]], [1.0], self._probabilities)
        return tuple((float(e), float(low), float(high)) for e, low, high in found)

    def combined_under(self, dating: int, chosen: Callable[[Row], bool]) -> Interval:
        """Return estimate and limits of a sum of rows under one dating."""
        picked = [k for k, row in enumerate(self.rows) if chosen(row)]
        values = self.draws[dating][picked].sum(axis=0, keepdims=True)
        estimate, low, high = weighted_quantiles([values], [1.0], self._probabilities)[0]
        return float(estimate), float(low), float(high)

    @property
    def _probabilities(self) -> tuple[float, float, float]:
        tail = 0.5 * (1 - self.level)
        return 0.5, tail, 1 - tail

    def _quantiles(self, draws: Sequence[FloatArray]) -> FloatArray:
        return weighted_quantiles(draws, list(self.weights), self._probabilities)


def divide_change(
    parts: Sequence[Part],
    *,
    title: Title,
    change: float,
    level: float,
    clock: str = "all",
    order: Order = "time",
    dependence: Dependence = "estimated",
    log2_points: int = LOG2_POINTS,
    joined: Iterable[frozenset[str]] = (),
) -> Divided:
    """Divide a change among events and everything else.

    Parameters
    ----------
    parts : sequence of Part
        Of `Resolver.resolve`.
    title : callable
        Returns the label of events by their ids.
    change : float
        Observed, per period of the target.
    level : float
        Probability of the intervals.
    clock : {"all", "full", "ramp", "adopted"}
    order, dependence, log2_points
        As `contributions` and `joint_draws`; a dating of little weight has fewer draws.
    joined : iterable of frozenset of str
        Events that share a row whatever this change says.

    Returns
    -------
    Divided
        No limit of an event's row exceeds the largest window or node by more than the factor `BOUND`: its
        cluster becomes one row, and if that still does, the change around it is shown whole.
    """
    parts = tuple(parts)
    fits = [part.fit for part in parts if part.fit is not None]
    fitted = {d.dating for fit in fits for d in fit.posterior.datings}
    datings = tuple(d for d in DATINGS if clock in ("all", d) and d in fitted) or DATINGS[:1]
    weights = dating_weights(fits, datings)
    noise = sum(1 for part in parts if part.sd or part.taken_sd) + 1
    drawn = [
        joint_draws(
            fits,
            dating,
            log2_points=log2_points if weight >= LITTLE else min(log2_points, FEW_POINTS),
            dependence=dependence,
            extra=noise,
        )
        for dating, weight in zip(datings, weights, strict=True)
    ]
    together = set(joined)
    while True:
        rows = build_rows(parts, title, joined=sorted(together, key=sorted))
        found, ties = _drawn(parts, rows, drawn, order)
        tied = {_tied_events(parts, names) for names in ties} - together
        tied = {ids for ids in tied if not any(ids <= set(row.event_ids) for row in rows)}
        if tied:
            together |= tied
            continue
        result = Divided(parts, rows, datings, weights, tuple(found), change, level)
        limits = np.array([interval[1:] for interval in result.intervals]).reshape(len(rows), 2)
        wide = too_wide(rows, limits)
        if not wide:
            return _without_empty(result)
        grown = {r: cluster_events(parts, rows[r]) for r in wide}
        stuck = [r for r in wide if grown[r] == set(rows[r].event_ids)]
        if stuck:
            parts = _undivided(parts, [rows[r] for r in stuck])
            continue
        together |= set(grown.values())


def _without_empty(result: Divided) -> Divided:
    """Leave out rows of the models that are nothing in every draw that counts, of events and others alike."""
    kept = [
        r
        for r, (row, interval) in enumerate(zip(result.rows, result.intervals, strict=True))
        if row.exact or max(map(abs, interval)) > NOTHING * max(row.largest, abs(result.change))
    ]
    return replace(
        result,
        rows=tuple(result.rows[r] for r in kept),
        draws=tuple(draws[kept] for draws in result.draws),
    )


def _drawn(
    parts: Sequence[Part],
    rows: Sequence[Row],
    drawn: Sequence[tuple[Sequence[PartDraws], FloatArray]],
    order: Order,
) -> tuple[list[FloatArray], list[tuple[str, ...]]]:
    found, ties = [], []
    for draws, errors in drawn:
        values, together = draw_rows(parts, rows, draws, errors, order=order)
        found.append(values)
        ties += together
    return found, ties


def _undivided(parts: Sequence[Part], rows: Sequence[Row]) -> tuple[Part, ...]:
    """Return the parts with the legs of the rows' clusters undivided."""
    found = list(parts)
    for k in {k for row in rows for k, _ in row.members}:
        part = found[k]
        assert part.fit is not None
        assert part.way is not None
        names = {name for row in rows for j, name in row.members if j == k}
        terms = part.fit.posterior.design.event_terms
        shut = {c for c, own in enumerate(part.way.clusters) if names & {terms[t].name for t in own.terms}}
        found[k] = replace(part, way=part.way.without(shut), note=UNDIVIDED)
    return tuple(found)


def _tied_events(parts: Sequence[Part], names: Sequence[str]) -> frozenset[str]:
    ids: set[str] = set()
    for part in parts:
        if part.fit is not None:
            terms = part.fit.posterior.design.event_terms
            ids |= {name for t in terms if t.name in names for name in t.event_ids}
    return frozenset(ids)


def weighted_quantiles(
    draws: Sequence[FloatArray], weights: Sequence[float], probabilities: Sequence[float]
) -> FloatArray:
    """Return quantiles of a weighted mixture of samples.

    Parameters
    ----------
    draws : sequence of ndarray, each of shape (r, N)
    weights : sequence of float
        One for each sample; they sum to one.
    probabilities : sequence of float

    Returns
    -------
    ndarray, shape (r, len(probabilities))
    """
    values = np.concatenate(draws, axis=1)
    mass = np.concatenate([np.full(d.shape[1], w / d.shape[1]) for d, w in zip(draws, weights, strict=True)])
    order = np.argsort(values, axis=1, kind="stable")
    ordered = np.take_along_axis(values, order, axis=1)
    middle = np.cumsum(mass[order], axis=1) - 0.5 * mass[order]
    return np.array([np.interp(probabilities, m, v) for m, v in zip(middle, ordered, strict=True)]).reshape(
        len(values), len(probabilities)
    )


BRANCH_POINTS = 10
BRANCHES: tuple[tuple[str, Order, Dependence], ...] = (
    ("the window from as the base of every event", "base_from", "estimated"),
    ("growth before the events", "growth_first", "estimated"),
    ("every order alike (Shapley value)", "shapley", "estimated"),
    ("parts independent of one another", "time", "independent"),
    ("parts that move as one", "time", "perfect"),
)
"""Other ways to divide the same change: name, order of play, and how the parts hang together."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A sum of rows under another way to divide the change.

    Attributes
    ----------
    name : str
    interval : Interval
        Per period of the target.
    moved : float
        Its estimate less that of the answer.
    """

    name: str
    interval: Interval
    moved: float


def branches(divided: Divided, event_ids: Collection[str], clock: str = "all") -> tuple[Branch, ...]:
    """Return how far a sum of events moves where the change is divided in another way.

    Parameters
    ----------
    divided : Divided
        The answer.
    event_ids : collection of str
        The events of the sum.
    clock : str
        As in `divide_change`.
    """
    asked = set(event_ids)

    def chosen(row: Row) -> bool:
        return bool(asked & set(row.event_ids)) and not row.exact

    own = divided.combined(chosen)
    modelled = sum(part.fit is not None for part in divided.parts)
    found = []
    for name, order, dependence in BRANCHES:
        if order == "time" and modelled < 2:
            continue
        other = divide_change(
            divided.parts,
            title=" + ".join,
            change=divided.change,
            level=divided.level,
            clock=clock,
            order=order,
            dependence=dependence,
            log2_points=BRANCH_POINTS,
            joined=[frozenset(row.event_ids) for row in divided.rows if len(row.event_ids) > 1],
        ).combined(chosen)
        found.append(Branch(name, other, other[0] - own[0]))
    return tuple(found)
