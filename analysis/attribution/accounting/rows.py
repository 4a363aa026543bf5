"""Rows of the accounting lens, in whole dollars a year."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.attribution.accounting.assignment import NOT_SEPARABLE, AssignedGoods, Step
from analysis.attribution.accounting.binding import NONE_IN_FORCE, NOT_NAMED, PARTLY_NAMED, Binding
from analysis.attribution.accounting.goods import MILLION

LABELS = {
    PARTLY_NAMED: "Rest of sections that provisions name in part or at different dates",
    NOT_NAMED: "Products no provision names",
    "unspecified": "Recorded without a product (HS 99)",
    "not_covered": "Not covered by figures on products",
    NONE_IN_FORCE: "None in force",
    NOT_SEPARABLE: "Years that the figures do not separate",
    "crude_estimate": "Crude oil that KOTRA adds",
    "other_partners": "Other partners than China",
    "kaesong": "Inter-Korean trade: Kaesong zone",
    "interkorean": "Inter-Korean trade outside the zone",
    "vintage_difference": "Vintage difference",
}
"""Rows that are of no event, in the order in which they stand."""


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One row: goods or partners, with its change and who names it.

    Attributes
    ----------
    kind : str
        ``product``, ``section``, ``rest_of_section``, ``unspecified``, ``not_covered``,
        ``crude_estimate``, ``other_partners``, ``kaesong``, ``interkorean`` or ``vintage_difference``.
    label : str
    start, end : int
        Dollars a year in the two windows, with the sign that they have in the series.
    flow, code, section, scope : str
        Of goods; empty otherwise.
    binding : Binding or None
        Of goods.
    steps : tuple of Step
        The change by the newest provision in force; of goods.
    figures : tuple of str
        Ids.
    unverified : tuple of int
        Years that rest on an unconfirmed copy.
    note : str
    """

    kind: str
    label: str
    start: int
    end: int
    flow: str = ""
    code: str = ""
    section: str = ""
    scope: str = ""
    binding: Binding | None = None
    steps: tuple[Step, ...] = ()
    figures: tuple[str, ...] = ()
    unverified: tuple[int, ...] = ()
    note: str = ""

    @property
    def change(self) -> int:
        """Dollars a year."""
        return self.end - self.start

    @property
    def key(self) -> str:
        """What the row counts under when each product goes to the provision that binds it first."""
        return self.binding.key if self.binding else self.kind

    @classmethod
    def of_goods(cls, assigned: AssignedGoods, sign: int) -> AccountRow:
        """Return the row of goods with its sign in the series."""
        goods = assigned.goods
        below = [year for year, value in goods.values.items() if value < 0]
        note = (
            f"below zero in {', '.join(map(str, below))}: the finer figures are of another vintage"
            if below
            else ""
        )
        return cls(
            goods.kind,
            goods.label,
            sign * assigned.start,
            sign * assigned.end,
            goods.flow,
            goods.code,
            goods.section,
            goods.scope.text if goods.scope.leaves else "",
            assigned.binding,
            tuple(Step(s.first, s.last, s.key, sign * s.amount) for s in assigned.steps),
            tuple(dict.fromkeys(f for ids in goods.figures.values() for f in ids)),
            goods.unverified,
            note,
        )

    def to_record(self) -> dict[str, Any]:
        """Return the row in USD million."""
        record: dict[str, Any] = {
            "kind": self.kind,
            "label": self.label,
            "from": millions(self.start),
            "to": millions(self.end),
            "change": millions(self.change),
            "first_bound_by": self.key,
        }
        if self.binding is not None:
            naming = self.binding.naming
            record |= {
                "flow": self.flow,
                "product": self.code,
                "section": self.section,
                "hs": self.scope,
                "product_group": naming.label if naming else None,
                "first_partial": str(naming.partial) if naming else None,
                "first_full": str(naming.full) if naming else None,
                "decided_by": None if naming is None else "calendar" if naming.from_calendar else "provision",
                "provisions": [p.id for p in self.binding.provisions],
                "hs_basis": sorted(
                    {p.fields["hs_basis"] for p in self.binding.provisions if p.fields["hs_basis"]}
                ),
                "in_force_by_year": [
                    {"years": s.years, "key": s.key, "change": millions(s.amount)} for s in self.steps
                ],
            }
        record |= {"figures": list(self.figures), "unverified_years": list(self.unverified)}
        return record | ({"note": self.note} if self.note else {})


@dataclass(frozen=True, slots=True)
class KeyTotal:
    """The rows of one event, or of one kind of what is of no event.

    Attributes
    ----------
    key, label : str
    event_id : str or None
    change : int
        Dollars a year.
    by_year : tuple of (str, int)
        Steps of the by-year assignment.
    """

    key: str
    label: str
    event_id: str | None
    change: int
    by_year: tuple[tuple[str, int], ...] = ()


def first_binding(rows: Iterable[AccountRow], titles: dict[str, str]) -> tuple[KeyTotal, ...]:
    """Return the change by the provision that binds each product first, events in order of `titles`."""
    sums: dict[str, int] = {}
    for row in rows:
        sums[row.key] = sums.get(row.key, 0) + row.change
    return tuple(
        KeyTotal(key, f"Products first bound by {titles[key]}", key, sums[key])
        if key in titles
        else KeyTotal(key, LABELS[key], None, sums[key])
        for key in _ordered(sums, titles)
    )


def in_force_by_year(rows: Iterable[AccountRow], titles: dict[str, str]) -> tuple[KeyTotal, ...]:
    """Return each year's change by the provision newest in force; rows without goods keep their own."""
    sums: dict[str, int] = {}
    years: dict[str, dict[str, int]] = {}
    for row in rows:
        steps = row.steps if row.binding else (Step(0, 0, row.kind, row.change),)
        for step in steps:
            # A product that no provision names stays a row of its own unless a closure binds all trade.
            key = row.key if step.key == NONE_IN_FORCE and row.key == NOT_NAMED else step.key
            sums[key] = sums.get(key, 0) + step.amount
            if row.binding:
                column = years.setdefault(key, {})
                column[step.years] = column.get(step.years, 0) + step.amount
    return tuple(
        KeyTotal(
            key,
            f"In years when {titles[key]} was the newest in force" if key in titles else LABELS[key],
            key if key in titles else None,
            sums[key],
            tuple(sorted(years.get(key, {}).items())),
        )
        for key in _ordered(sums, titles)
    )


def _ordered(keys: Iterable[str], titles: dict[str, str]) -> Sequence[str]:
    rank = {key: k for k, key in enumerate((*titles, *LABELS))}
    return sorted(keys, key=rank.__getitem__)


def millions(dollars: int) -> float:
    """Return whole dollars as USD million; the decimal is exact at 12 significant digits."""
    return dollars / MILLION
