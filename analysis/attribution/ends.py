"""What a caller's events end: parts of role ``ended_by``, and the events that are left for the models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from analysis.domain import EventTable, TradeSeries
from analysis.errors import InputError


def declare_ends(
    series: TradeSeries, parts: Mapping[str, TradeSeries], events: EventTable
) -> tuple[TradeSeries, dict[str, TradeSeries], EventTable]:
    """Give the parts that an event ended their role, and return the events that the other parts may feel.

    Parameters
    ----------
    series : TradeSeries
        The whole, with its parts declared.
    parts : mapping of str to TradeSeries
        By id; they may have parts of their own.
    events : EventTable
        An event with `ended` is that of those parts alone.

    Raises
    ------
    InputError
        If an event ends what is no part, or two events end the same part.
    """
    by_part: dict[str, str] = {}
    for event in events:
        for name in event.ended:
            if by_part.setdefault(name, event.id) != event.id:
                raise InputError(f"'{by_part[name]}' and '{event.id}' both end '{name}': keep one of them")
    declared = [part.series for own in (series, *parts.values()) for part in own.design.parts if part.series]
    for name, event_id in by_part.items():
        if name not in declared:
            raise InputError(
                f"the event '{event_id}' ends '{name}', which is no part of '{series.id}': its parts are "
                f"{', '.join(declared) or 'none (column part_of)'}",
                pointer="/events",
            )

    def ended(own: TradeSeries) -> TradeSeries:
        given = tuple(
            replace(part, role="ended_by", event=by_part[part.series]) if part.series in by_part else part
            for part in own.design.parts
        )
        return replace(own, design=replace(own.design, parts=given))

    left = EventTable(tuple(event for event in events if not event.ended))
    return ended(series), {name: ended(own) for name, own in parts.items()}, left
