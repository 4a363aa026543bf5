"""The parts of a target: which series observe its change, and what each of them is in the answer.

A target may declare series that add up to it, period by period. Each part is answered by the finest series
that observes it. A part that is not observed in both windows joins its siblings in the rest of the smallest
observed sum, which is open. If nothing modelled is left, the target's own model answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.attribution.timing.nodes import YEAR, Cluster, Walk, find_clusters, walk
from analysis.attribution.timing.observed import Observed, observe
from analysis.domain import Event, Period, TradeSeries, Window
from analysis.domain.observations import DeclaredPart, PartRole
from analysis.domain.periods import PERIODS_PER_YEAR
from analysis.errors import CannotEstimateError, InputError
from analysis.interventions.result import InterventionResult

NEGLIGIBLE = 0.01
"""Share of the target's base up to which a missing period of a part is answered from its bounds."""


@dataclass(frozen=True)
class Part:
    """One part of a change, per period of the target.

    Attributes
    ----------
    id, title : str
    role : PartRole
    sign : float
        Of the part in the target.
    start, end : float
        What was observed in the two windows, without the sign.
    sd : float
        Standard error of the change that the figures' errors leave.
    factor : float
        Periods of the part in one period of the target.
    fit : InterventionResult or None
        Of a modelled part.
    clusters : tuple of Cluster
    way : Walk or None
    event : Event or None
        That ends a part of role ``ended_by``.
    taken : float
        What that event took away, with the sign of the target.
    taken_sd : float
    taken_from : Observed or None
        Its node.
    merged : tuple of str
        Titles of the parts that this one stands for as well.
    note : str
        Why the part is open, if it is not declared so.
    """

    id: str
    title: str
    role: PartRole
    sign: float
    start: float
    end: float
    sd: float
    factor: float = 1.0
    fit: InterventionResult | None = None
    clusters: tuple[Cluster, ...] = ()
    way: Walk | None = None
    event: Event | None = None
    taken: float = 0.0
    taken_sd: float = 0.0
    taken_from: Observed | None = None
    merged: tuple[str, ...] = ()
    note: str = ""

    @property
    def change(self) -> float:
        """The part's share of the change of the target, per period of the target."""
        return self.sign * (self.end - self.start)

    @property
    def largest(self) -> float:
        """The largest window or node of the part, per period of the target."""
        means = [abs(self.start), abs(self.end)]
        if self.way is not None:
            means.append(abs(self.factor * self.way.largest))
        if self.taken_from is not None:
            means.append(abs(self.factor * self.taken_from.mean))
        return max(means)


Fitter = Callable[[TradeSeries], InterventionResult]
Finder = Callable[[str, str], TradeSeries]
"""Returns the series of an id in a vintage."""


@dataclass(frozen=True, slots=True)
class Resolver:
    """Finds the parts of a target between two windows.

    Attributes
    ----------
    before, after : Window
        In periods of the target; `after` lies later.
    fit : callable
        Returns the joint model of a series.
    find : callable
        Returns a series by id and vintage.
    events : callable
        Returns an event of the catalogue by id.
    """

    before: Window
    after: Window
    fit: Fitter
    find: Finder
    events: Callable[[str], Event]

    def resolve(self, target: TradeSeries, sign: float = 1.0) -> tuple[Part, ...]:
        """Return the parts of a target, or the target itself as the only one.

        Parameters
        ----------
        target : TradeSeries
        sign : float
            -1 where the change asked for is the one back in time.

        Raises
        ------
        CannotEstimateError
            If the target is not observed in both windows, or neither a part nor the target can be modelled.
        """
        whole = self._windows(target, target, 0.0)
        base = max((abs(w.mean) for w in whole), default=0.0) if whole else 0.0
        parts = self._declared(target, target, sign, NEGLIGIBLE * base)
        if any(part.role == "modelled" for part in parts):
            return parts
        if whole is None:
            raise CannotEstimateError(self._unobserved(target))
        return (self._modelled(target, target, sign, whole, target.title),)

    def whole(self, target: TradeSeries, note: str, sign: float = 1.0) -> Part:
        """Return a target as one open part.

        Raises
        ------
        CannotEstimateError
            If it is not observed in both windows.
        """
        seen = self._windows(target, target, 0.0)
        if seen is None:
            raise CannotEstimateError(self._unobserved(target))
        return self._plain(target, target, sign, "open", seen, target.title, note)

    def _declared(
        self, series: TradeSeries, target: TradeSeries, sign: float, negligible: float
    ) -> tuple[Part, ...]:
        found: list[Part] = []
        missing: list[str] = []
        rest: DeclaredPart | None = None
        for declared in series.design.parts:
            if not declared.series:
                rest = declared
                continue
            own = self.find(declared.series, series.vintage)
            title = declared.title or own.title
            seen = self._windows(own, target, negligible)
            if seen is None:
                missing.append(title)
            else:
                found += self._part(own, target, sign * declared.sign, declared, seen, title, negligible)
        whole = self._windows(series, target, negligible)
        if not series.design.parts or ((missing or rest) and whole is None):
            return ()
        if missing or rest is not None:
            assert whole is not None
            found.append(self._rest(series, target, sign, rest, whole, found, missing))
        return tuple(found)

    def _part(
        self,
        own: TradeSeries,
        target: TradeSeries,
        sign: float,
        declared: DeclaredPart,
        seen: tuple[Observed, Observed],
        title: str,
        negligible: float,
    ) -> list[Part]:
        if declared.role == "modelled":
            inner = self._declared(own, target, sign, negligible)
            if any(part.role in ("modelled", "ended_by") for part in inner):
                return list(inner)
            try:
                return [self._modelled(own, target, sign, seen, title)]
            except CannotEstimateError as problem:
                return [self._plain(own, target, sign, "open", seen, title, problem.message)]
        if declared.role == "ended_by":
            assert declared.event is not None
            return [self._ended(own, target, sign, self.events(declared.event), seen, title)]
        return [self._plain(own, target, sign, declared.role, seen, title)]

    def _plain(
        self,
        own: TradeSeries,
        target: TradeSeries,
        sign: float,
        role: PartRole,
        seen: tuple[Observed, Observed],
        title: str,
        note: str = "",
    ) -> Part:
        factor = _factor(own, target)
        start, end = (factor * window.mean for window in seen)
        sd = factor * float(np.hypot(seen[0].sd, seen[1].sd))
        return Part(own.id, title, role, sign, start, end, sd, factor, note=note)

    def _modelled(
        self,
        own: TradeSeries,
        target: TradeSeries,
        sign: float,
        seen: tuple[Observed, Observed],
        title: str,
        without: Sequence[Event] = (),
        less: tuple[float, float] = (0.0, 0.0),
    ) -> Part:
        """Return a modelled part; `without` are events that took away what `less` says, per own period."""
        fit = self.fit(own)
        design = fit.posterior.design
        names = {event.id for event in without}
        clusters = tuple(
            replace(c, terms=kept)
            for c in find_clusters(own, fit.events, design)
            if (kept := tuple(k for k in c.terms if not names & set(design.event_terms[k].event_ids)))
        )
        before, after = (replace(w, mean=w.mean - gone) for w, gone in zip(seen, less, strict=True))
        way = walk(design, clusters, before, after)
        part = self._plain(own, target, sign, "modelled", (before, after), title)
        return replace(part, fit=fit, clusters=clusters, way=way)

    def _ended(
        self,
        own: TradeSeries,
        target: TradeSeries,
        sign: float,
        event: Event,
        seen: tuple[Observed, Observed],
        title: str,
    ) -> Part:
        part = self._plain(own, target, sign, "ended_by", seen, title)
        begin = Period.containing(event.partial.start if event.partial else event.effective, own.frequency)
        place = begin - own.first
        length = YEAR[own.frequency]
        node = observe(own, np.arange(max(place - length, 0), max(place, 0)))
        if not node.enough:
            return replace(part, role="open", note=f"nothing is recorded of the year before {begin}")
        taken = [_taken(own, window, place, node.mean) for window in seen]
        amount = sign * part.factor * (taken[1] - taken[0])
        share = abs(taken[1] - taken[0]) / node.mean if node.mean else 0.0
        sd = part.factor * node.sd * min(share, 1.0)
        return replace(part, event=event, taken=amount, taken_sd=sd, taken_from=node)

    def _rest(
        self,
        series: TradeSeries,
        target: TradeSeries,
        sign: float,
        rest: DeclaredPart | None,
        whole: tuple[Observed, Observed],
        found: Sequence[Part],
        missing: Sequence[str],
    ) -> Part:
        factor = _factor(series, target)
        start = factor * whole[0].mean - sum(sign * part.sign * part.start for part in found)
        end = factor * whole[1].mean - sum(sign * part.sign * part.end for part in found)
        errors = [part.sd for part in found] + [factor * window.sd for window in whole]
        sd = float(np.linalg.norm(errors))
        own = rest.title if rest is not None else ""
        if rest is not None and rest.role == "modelled":
            ended = [part for part in found if part.event is not None]
            less = (
                sum(sign * part.sign * part.start for part in found) / factor,
                sum(sign * part.sign * part.end for part in found) / factor,
            )
            events = [part.event for part in ended if part.event is not None]
            return self._modelled(series, target, sign, whole, own or series.title, events, less)
        titles = (*([own] if own else []), *missing)
        title = own if own and not missing else " and ".join(dict.fromkeys(titles)) or series.title
        return Part(
            f"{series.id}:rest",
            title,
            "open",
            sign,
            start,
            end,
            sd,
            merged=tuple(missing) if own else titles[1:],
        )

    def _windows(
        self, own: TradeSeries, target: TradeSeries, negligible: float
    ) -> tuple[Observed, Observed] | None:
        """Return what both windows observed in a series, or None if one is not covered by half."""
        found = []
        for window in (self.before, self.after):
            fitted = on_frequency(window, own)
            if fitted is None or fitted.first < own.first or fitted.last > own.last:
                return None
            start = fitted.first - own.first
            places = np.arange(start, start + len(fitted), dtype=np.intp)
            known = observe(own, places, negligible=negligible / _factor(own, target))
            if not known.enough:
                return None
            found.append(known)
        return found[0], found[1]

    def _unobserved(self, target: TradeSeries) -> str:
        for window in (self.before, self.after):
            _, where = target.window(window)
            known = observe(target, np.arange(where.start, where.stop))
            if not known.enough:
                return (
                    f"the window {window} of '{target.id}' has {known.covered} of {len(window)} periods "
                    "observed: at least half are needed"
                )
        return f"'{target.id}' is not observed in {self.before} and {self.after}"


def _taken(own: TradeSeries, window: Observed, place: int, node: float) -> float:
    """Return what an end took from a window: the node less what a period after it kept, 0 in front of it."""
    after = window.positions[window.positions >= place]
    if not len(after):
        return 0.0
    kept = observe(own, after)
    left = kept.mean if kept.covered else 0.0
    return -(node - left) * len(after) / len(window.positions)


def _factor(own: TradeSeries, target: TradeSeries) -> float:
    return PERIODS_PER_YEAR[own.frequency] / PERIODS_PER_YEAR[target.frequency]


def on_frequency(window: Window, series: TradeSeries) -> Window | None:
    """Return a window in periods of a series; None if it is finer and cuts one of them."""
    try:
        return window.on(series.frequency)
    except InputError:
        first = Period.containing(window.first.start, series.frequency)
        last = Period.containing(window.last.end, series.frequency)
        whole = first.start == window.first.start and last.end == window.last.end
        return Window(first, last) if whole else None
