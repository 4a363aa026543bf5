"""The years before and after an event, and the series on which it is shown."""

from __future__ import annotations

from analysis import catalogue
from analysis.domain import Event, Period

LATEST_TOUCHED = 12
"""A year that an event touches in its December alone still counts as one before it."""
HALF = 0.5
SHOWN = (
    "dprk.exports.china.m",
    "dprk.imports.china.m",
    "dprk.total.a",
    "interkorean.total.a",
)
"""Series on which dossiers show an event, as far as their designs hold it."""


def years_around(event: Event) -> tuple[int, int]:
    """Return the last year before an event and the first in which it is in force for half of the days.

    Parameters
    ----------
    event : Event
        Of the catalogue: it has a first partial and a first full month.
    """
    partial = event.partial or Period.containing(event.effective, "M")
    full = event.full or partial
    before = partial.year if partial.start.month == LATEST_TOUCHED else partial.year - 1
    year = Period("A", full.year)
    in_force = (year.end - full.start).days + 1
    after = full.year if in_force >= HALF * year.days else full.year + 1
    return before, after


def series_of(event_id: str) -> tuple[str, ...]:
    """Return the series shown whose design holds an event."""
    return tuple(name for name in SHOWN if event_id in catalogue.recipe(name).design.events)
