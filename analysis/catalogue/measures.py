"""Events, provisions, enforcement calendar and published estimates of the package."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from analysis.catalogue.package import Package
from analysis.catalogue.tables import Line
from analysis.domain import Event, EventTable, Period, parse_day, parse_end
from analysis.errors import InputError

EVENT_FILE = "events/events.csv"
PROVENANCE_FILE = "events/provenance.csv"
PROVISION_FILE = "events/provisions.csv"
CALENDAR_FILE = "events/enforcement_calendar.csv"
ESTIMATE_FILE = "events/published_estimates.csv"

_CLOCKS = ("id", "title", "kind", "adopted", "effective", "end", "partial", "full", "applies_to")
_LISTS = ("flows", "implements", "implemented_by", "related", "hs_chapters")


@dataclass(frozen=True, slots=True)
class Provision:
    """One dated paragraph of a measure.

    Attributes
    ----------
    id, event_id : str
    effective : str
        ISO date.
    flow, measure : str
    hs_codes : tuple of str
    unverified : tuple of str
        Fields that were recalled and not read in a text.
    sources : tuple of str
    fields : dict
        Every field as the table states it.
    """

    id: str
    event_id: str
    effective: str
    flow: str
    measure: str
    hs_codes: tuple[str, ...]
    unverified: tuple[str, ...]
    sources: tuple[str, ...]
    fields: dict[str, str]

    def to_record(self) -> dict[str, Any]:
        """Return the non-empty fields, with lists as lists."""
        record: dict[str, Any] = {k: v for k, v in self.fields.items() if v}
        return record | {
            "hs_codes": list(self.hs_codes),
            "sources": list(self.sources),
            "unverified": list(self.unverified),
        }


@dataclass(frozen=True, slots=True)
class EnforcementRow:
    """When a measure began to bind for a product group.

    Attributes
    ----------
    product_group, flow, event_id : str
    hs_codes : tuple of str
    partial, full : Period
        First partial and first full month.
    masks : tuple of Period
        Months in which cleared stocks or front-loading distort the record.
    binding : bool
        False where the measure did not bind.
    status : str
        ``verified`` or ``recalled``.
    sources : tuple of str
    fields : dict
    """

    product_group: str
    flow: str
    event_id: str
    hs_codes: tuple[str, ...]
    partial: Period
    full: Period
    masks: tuple[Period, ...]
    binding: bool
    status: str
    sources: tuple[str, ...]
    fields: dict[str, str]

    def to_record(self) -> dict[str, Any]:
        """Return the non-empty fields, with lists as lists."""
        record: dict[str, Any] = {k: v for k, v in self.fields.items() if v}
        return record | {
            "hs_codes": list(self.hs_codes),
            "masks": [str(p) for p in self.masks],
            "binding": self.binding,
            "sources": list(self.sources),
        }


@dataclass(frozen=True, slots=True)
class PublishedEstimate:
    """A result of the literature or of an official body, as published.

    Attributes
    ----------
    id, paper, year, method, data, period, quantity, estimate, interval, dating, comparability : str
    status : str
    sources : tuple of str
    """

    id: str
    paper: str
    year: str
    method: str
    data: str
    period: str
    quantity: str
    estimate: str
    interval: str
    dating: str
    comparability: str
    status: str
    sources: tuple[str, ...]

    def to_record(self) -> dict[str, Any]:
        """Return the fields by name."""
        record = {name: getattr(self, name) for name in self.__slots__}
        return record | {"sources": list(self.sources)}


class Measures:
    """The event tables of one package.

    Parameters
    ----------
    package : Package
    """

    def __init__(self, package: Package) -> None:
        self.package = package

    @cached_property
    def events(self) -> EventTable:
        """Every event, with A, P and F resolved."""
        provenance: dict[str, dict[str, Any]] = {}
        for line in self.package.lines(PROVENANCE_FILE):
            entry = {"status": line["status"], "sources": list(line.listed("sources"))}
            if line["note"]:
                entry["note"] = line["note"]
            provenance.setdefault(line["event_id"], {})[line["field"]] = entry
        return EventTable(
            tuple(_event(line, provenance.get(line["id"], {})) for line in self.package.lines(EVENT_FILE))
        )

    @cached_property
    def provisions(self) -> tuple[Provision, ...]:
        """Every provision in table order."""
        return tuple(_provision(line) for line in self.package.lines(PROVISION_FILE))

    @cached_property
    def calendar(self) -> tuple[EnforcementRow, ...]:
        """The enforcement calendar in table order."""
        return tuple(_enforcement(line) for line in self.package.lines(CALENDAR_FILE))

    @cached_property
    def estimates(self) -> tuple[PublishedEstimate, ...]:
        """Published results in table order."""
        return tuple(
            PublishedEstimate(
                **{name: cell for name, cell in line.cells.items() if name != "sources"},
                sources=line.listed("sources"),
            )
            for line in self.package.lines(ESTIMATE_FILE)
        )


def resolved_clocks(effective: str, partial: str, full: str) -> tuple[Period, Period]:
    """Return first partial and first full month.

    Where the table names none, P is the month of the effective date and F the next one, or P itself
    if the measure takes effect on a first of the month; a month or a year means its first day.

    Parameters
    ----------
    effective, partial, full : str
        ISO date, month or year; ISO month or empty.
    """
    day = parse_day(effective)
    month = Period.containing(day, "M")
    first_partial = Period.parse(partial) if partial else month
    if full:
        return first_partial, Period.parse(full)
    return first_partial, first_partial if day.day == 1 else first_partial + 1


def _event(line: Line, provenance: dict[str, Any]) -> Event:
    try:
        partial, full = resolved_clocks(line["effective"], line["partial"], line["full"])
        end = parse_end(line["end"]) if line["end"] else None
        details: dict[str, Any] = {
            key: list(line.listed(key)) if key in _LISTS else value
            for key, value in line.cells.items()
            if value and key not in _CLOCKS
        }
        return Event(
            id=line["id"],
            title=line["title"],
            effective=parse_day(line["effective"]),
            kind=line["kind"],
            adopted=parse_day(line["adopted"], "adopted") if line["adopted"] else None,
            partial=partial,
            full=full,
            end=end,
            applies_to=line.listed("applies_to"),
            details=details,
            provenance=provenance,
            catalogue=True,
        )
    except InputError as problem:
        raise line.wrong(problem.message) from None


def _provision(line: Line) -> Provision:
    unverified = [
        name.removesuffix("_status")
        for name, value in line.cells.items()
        if name.endswith("_status") and value == "recalled"
    ]
    if line["status"] == "recalled":
        unverified.append("provision")
    return Provision(
        id=line["id"],
        event_id=line["event_id"],
        effective=line["effective"],
        flow=line["flow"],
        measure=line["measure"],
        hs_codes=line.listed("hs_codes"),
        unverified=tuple(unverified),
        sources=line.listed("sources"),
        fields=dict(line.cells),
    )


def _enforcement(line: Line) -> EnforcementRow:
    try:
        return EnforcementRow(
            product_group=line["product_group"],
            flow=line["flow"],
            event_id=line["event_id"],
            hs_codes=line.listed("hs_codes"),
            partial=Period.parse(line["partial"]),
            full=Period.parse(line["full"]),
            masks=tuple(Period.parse(p) for p in line.listed("masks")),
            binding=line["binding"] == "yes",
            status=line["status"],
            sources=line.listed("sources"),
            fields=dict(line.cells),
        )
    except InputError as problem:
        raise line.wrong(problem.message) from None
