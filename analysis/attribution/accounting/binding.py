"""Which provision binds a product first, and which is the newest in force in a year.

The enforcement calendar decides; where it has no row for a code, the earliest ``ban`` or ``cap`` of a UN
resolution does. Rows of the calendar that did not bind are left out, and so are national orders: they
date a resolution and are no measure of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from analysis import catalogue
from analysis.attribution.accounting.codes import EVERYTHING, NamedCode, Scope, parse_codes
from analysis.catalogue import EnforcementRow, Provision
from analysis.catalogue.measures import resolved_clocks
from analysis.domain import UN_RESOLUTION, Event, Period

FLOW_NAMES = {"exports": "dprk_exports", "imports": "dprk_imports"}
"""Flows of the figure tables and of the event tables, both as seen from North Korea."""
BINDING_MEASURES = ("ban", "cap")
HALF = 0.5
"""Share of a year's days from which a provision counts as in force in that year."""

REOPENED_BY = {"covid_border_closure": "rail_resumed_2022_09"}
"""A closure without a last day of its own counts until the day before the event that reopened the way."""

NOT_NAMED = "not_named"
PARTLY_NAMED = "partly_named"
NONE_IN_FORCE = "none_in_force"


@dataclass(frozen=True, slots=True)
class Naming:
    """One calendar row or provision that names codes of a flow.

    Attributes
    ----------
    event_id : str
    codes : tuple of NamedCode
        Empty where it binds all trade and names no product.
    partial, full : Period
        First partial and first full month.
    end : date or None
        Last day in force.
    from_calendar : bool
    label : str
        Product group of the calendar, or the id of the provision.
    """

    event_id: str
    codes: tuple[NamedCode, ...]
    partial: Period
    full: Period
    end: date | None
    from_calendar: bool
    label: str

    def in_force(self, year: int) -> bool:
        """Tell whether it is in force, from its first full month, for at least half of a year."""
        first, last = date(year, 1, 1), date(year, 12, 31)
        begin = max(self.full.start, first)
        stop = min(self.end or last, last)
        return (stop - begin).days + 1 >= HALF * ((last - first).days + 1)


@dataclass(frozen=True, slots=True)
class Binding:
    """Who binds a row of goods first.

    Attributes
    ----------
    key : str
        An event id, ``not_named`` or ``partly_named``.
    naming : Naming or None
        The row that decides, of the leaf bound first; None unless an event binds all.
    provisions : tuple of Provision
        Every ban or cap that names the goods or a part of them, national orders included, in order of date.
    """

    key: str
    naming: Naming | None
    provisions: tuple[Provision, ...]


def _date(naming: Naming) -> tuple[Period, Period]:
    return naming.partial, naming.full


def binder_of(flow: str) -> Binder:
    """Return the binder of one flow in the data package in use; what it has answered, it remembers."""
    return _binder(flow, catalogue.data_digest())


@lru_cache(maxsize=8)
def _binder(flow: str, _data_digest: str) -> Binder:
    return Binder(flow)


class Binder:
    """The provisions of one flow, ready to be asked.

    Parameters
    ----------
    flow : str
        ``exports`` or ``imports``.
    """

    def __init__(self, flow: str) -> None:
        self.flow = FLOW_NAMES[flow]
        self.events = {event.id: event for event in catalogue.events()}
        self.calendar = tuple(
            self._of_calendar(row)
            for row in catalogue.enforcement_calendar()
            if row.binding and self.flow in row.flow.split(";")
        )
        self.named: tuple[tuple[Provision, tuple[NamedCode, ...]], ...] = tuple(
            (p, parse_codes(p.hs_codes))
            for p in catalogue.provisions()
            if self.flow in p.flow.split(";") and p.measure in BINDING_MEASURES and p.hs_codes
        )
        self.fallback = tuple(
            self._of_provision(p, codes) for p, codes in self.named if self._is_resolution(p.event_id)
        )
        self._known: dict[tuple[Scope, str], tuple[Sequence[Naming], Sequence[Naming]]] = {}
        self._provisions: dict[Scope, tuple[Provision, ...]] = {}

    def _of_calendar(self, row: EnforcementRow) -> Naming:
        everything = EVERYTHING in row.hs_codes
        codes = () if everything else parse_codes(row.hs_codes)
        return Naming(
            row.event_id, codes, row.partial, row.full, self._end(row.event_id), True, row.product_group
        )

    def _of_provision(self, provision: Provision, codes: tuple[NamedCode, ...]) -> Naming:
        partial, full = resolved_clocks(provision.effective, "", "")
        end = self._end(provision.event_id)
        return Naming(provision.event_id, codes, partial, full, end, False, provision.id)

    def _end(self, event_id: str) -> date | None:
        end = self.events[event_id].end
        if end is None and event_id in REOPENED_BY:
            end = self.events[REOPENED_BY[event_id]].effective - timedelta(days=1)
        return end

    def _is_resolution(self, event_id: str) -> bool:
        event: Event = self.events[event_id]
        return event.kind == UN_RESOLUTION

    def first(self, scope: Scope) -> Binding:
        """Return what binds the goods first; ``partly_named`` where their parts differ."""
        keys: set[str] = set()
        deciding: list[Naming] = []
        for leaf in scope.leaves:
            namings = self._whole(scope, leaf)
            if namings:
                deciding.append(min(namings, key=_date))
                keys.add(deciding[-1].event_id)
            else:
                keys.add(PARTLY_NAMED if self._touched(scope, leaf) else NOT_NAMED)
        key = keys.pop() if len(keys) == 1 else PARTLY_NAMED
        naming = None if key in (NOT_NAMED, PARTLY_NAMED) else min(deciding, key=_date)
        return Binding(key, naming, self.provisions(scope))

    def in_force(self, scope: Scope, year: int) -> str:
        """Return the event whose provision is the newest in force for at least half of a year."""
        keys: set[str] = set()
        for leaf in scope.leaves:
            active = [n for n in (*self._whole(scope, leaf), *self._on_everything()) if n.in_force(year)]
            if active:
                keys.add(max(active, key=lambda n: (n.full, n.partial)).event_id)
            elif self._touched(scope, leaf, lambda n: n.in_force(year)):
                keys.add(PARTLY_NAMED)
            else:
                keys.add(NONE_IN_FORCE)
        return keys.pop() if len(keys) == 1 else PARTLY_NAMED

    def provisions(self, scope: Scope) -> tuple[Provision, ...]:
        """Return every ban or cap that names the goods or a part of them."""
        if scope not in self._provisions:
            found = [
                p for p, codes in self.named if any(scope.named(codes, leaf) != "no" for leaf in scope.leaves)
            ]
            self._provisions[scope] = tuple(sorted(found, key=lambda p: (p.effective, p.id)))
        return self._provisions[scope]

    def _whole(self, scope: Scope, leaf: str) -> Sequence[Naming]:
        """Return the calendar's rows that name a leaf wholly; without any, the provisions that do."""
        return self._namings(scope, leaf)[0]

    def _touched(self, scope: Scope, leaf: str, when: Callable[[Naming], bool] = lambda _: True) -> bool:
        return any(when(naming) for naming in self._namings(scope, leaf)[1])

    def _namings(self, scope: Scope, leaf: str) -> tuple[Sequence[Naming], Sequence[Naming]]:
        """Return who names a leaf wholly, and who a part of it; asked anew for each year of a row."""
        if (scope, leaf) not in self._known:
            named = [(n, scope.named(n.codes, leaf)) for n in (*self.calendar, *self.fallback)]
            whole = [n for n, how in named if how == "whole"]
            by_calendar = [n for n in whole if n.from_calendar]
            self._known[scope, leaf] = by_calendar or whole, [n for n, how in named if how == "part"]
        return self._known[scope, leaf]

    def _on_everything(self) -> Sequence[Naming]:
        return [n for n in self.calendar if not n.codes]
