"""Events: dated measures that the models test the series against."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, get_args

from analysis.domain.hashing import digest
from analysis.domain.periods import Period, parse_day, parse_end
from analysis.domain.text import require_text
from analysis.errors import InputError, NotFoundError

if TYPE_CHECKING:
    import pandas as pd

Shape = Literal["pulse", "step", "ramp", "gradual", "temporary", "level_slope", "rush"]
SHAPES: tuple[Shape, ...] = get_args(Shape)
DATA_BREAK = "data_break"
UN_RESOLUTION = "un_resolution"
CALLER_KIND = "event"

_ROW_KEYS = ("id", "title", "effective", "shape", "end", "lead", "group", "ended_by")


@dataclass(frozen=True)
class Event:
    """One measure or change of record, with its clocks.

    Attributes
    ----------
    id, title : str
    effective : date
        Day it takes effect; a date given as month or year means its first day.
    kind : str
        Kind of the catalogue (``un_resolution``, ``border_closure``, ...) or ``event`` for a caller's.
    adopted : date or None
        Day of adoption (A).
    partial, full : Period or None
        First partial (P) and first full month (F) in force; None in a caller's table.
    end : date or None
        Last day in force, INCLUSIVE; given as a year, quarter or month, its last day.
    shape : Shape
        Response shape.
    lead : int
        Periods of anticipation by which the effect begins before its date; of the shape ``rush`` the length
        of the rush before the date, one period if none is given.
    group : str or None
        Name of a declared group.
    applies_to : tuple of str
        Series whose record a data break changes.
    ended : tuple of str
        Parts of a caller's target whose trade it ended (column ``ended_by``).
    details : mapping
        Further fields of the event table as they stand there (issuer, summary, flows, ...).
    provenance : mapping
        For each field ``{"status": "verified" | "recalled", "sources": [...]}``.
    catalogue : bool
        Whether it comes from the curated event table.
    """

    id: str
    title: str
    effective: date
    kind: str = CALLER_KIND
    adopted: date | None = None
    partial: Period | None = None
    full: Period | None = None
    end: date | None = None
    shape: Shape = "step"
    lead: int = 0
    group: str | None = None
    applies_to: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    catalogue: bool = False

    def __post_init__(self) -> None:
        if self.shape == "rush" and self.lead == 0:
            object.__setattr__(self, "lead", 1)

    @property
    def unverified(self) -> tuple[str, ...]:
        """Fields whose provenance is not verified."""
        return tuple(sorted(k for k, v in self.provenance.items() if v.get("status") != "verified"))

    @property
    def noun(self) -> str:
        """The event as it stands in a sentence; its title where the table has nothing better."""
        return str(self.details.get("noun") or self.title)

    def to_record(self) -> dict[str, Any]:
        """Return the event with ISO dates; details and provenance are merged in."""
        return {
            **dict(self.details),
            "id": self.id,
            "title": self.title,
            "kind": self.kind,
            "effective": self.effective.isoformat(),
            "adopted": self.adopted.isoformat() if self.adopted else None,
            "first_partial": str(self.partial) if self.partial else None,
            "first_full": str(self.full) if self.full else None,
            "end": self.end.isoformat() if self.end else None,
            "shape": self.shape,
            "lead": self.lead,
            "group": self.group,
            "applies_to": list(self.applies_to),
            **({"ended_by": list(self.ended)} if self.ended else {}),
            "unverified": list(self.unverified),
            "provenance": dict(self.provenance),
        }

    def design_record(self) -> dict[str, Any]:
        """Return what the models read of the event: identity, clocks, shape, group."""
        keys = (
            "id",
            "kind",
            "effective",
            "adopted",
            "first_partial",
            "first_full",
            "end",
            "shape",
            "lead",
            "group",
            "applies_to",
            *(("ended_by",) if self.ended else ()),
        )
        record = self.to_record()
        return {key: record[key] for key in keys}


@dataclass(frozen=True)
class EventTable:
    """An ordered table of events with unique ids.

    Raises
    ------
    InputError
        If an id appears twice.
    """

    events: tuple[Event, ...]

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for event in self.events:
            if event.id in seen:
                raise InputError(f"the event id '{event.id}' appears twice; ids must differ")
            seen.add(event.id)

    @classmethod
    def from_rows(
        cls, rows: Iterable[Mapping[str, Any]], *, places: Sequence[str] | None = None
    ) -> EventTable:
        """Build a table from mappings with the keys of the contract's events file.

        ``id``, ``title`` and ``effective`` are required; ``shape, end, lead, group, ended_by`` are optional.

        Raises
        ------
        InputError
            Naming row and field of the first thing that cannot be read.
        """
        return cls(
            tuple(
                _event(row, places[number] if places else f"event {number + 1}")
                for number, row in enumerate(rows)
            )
        )

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> EventTable:
        """Build a table from a frame with the columns of `from_rows`."""
        import pandas as pd

        rows = [
            {str(key): value for key, value in row.items() if not pd.isna(value)}
            for row in frame.to_dict(orient="records")
        ]
        return cls.from_rows(rows)

    @property
    def ids(self) -> tuple[str, ...]:
        """Event ids in table order."""
        return tuple(event.id for event in self.events)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)

    def __getitem__(self, event_id: str) -> Event:
        for event in self.events:
            if event.id == event_id:
                return event
        raise NotFoundError(
            f"no event '{event_id}' in the table; it holds {', '.join(self.ids) or 'nothing'}"
        )

    def __contains__(self, event_id: object) -> bool:
        return event_id in self.ids

    def chronological(self) -> EventTable:
        """Return the events in canonical order: by first full month or effective day, then id."""
        return EventTable(
            tuple(sorted(self.events, key=lambda e: (e.full.start if e.full else e.effective, e.id)))
        )

    def to_record(self) -> dict[str, Any]:
        """Return ``{"events": [...]}``."""
        return {"events": [event.to_record() for event in self.events]}

    def digest(self) -> str:
        """Return the SHA-256 of what the models read, independent of the order of the events."""
        return digest([event.design_record() for event in self.chronological()])

    def to_frame(self) -> pd.DataFrame:
        """Return a frame with one row per event: id, title, kind, clocks, shape, group."""
        import pandas as pd

        columns = (
            "id",
            "title",
            "kind",
            "adopted",
            "effective",
            "first_partial",
            "first_full",
            "end",
            "shape",
            "lead",
            "group",
        )
        records = [event.to_record() for event in self.events]
        return pd.DataFrame([[record[c] for c in columns] for record in records], columns=list(columns))

    def _repr_html_(self) -> str:
        return self.to_frame().to_html(index=False)


def _event(row: Mapping[str, Any], place: str) -> Event:
    unknown = [key for key in row if key not in _ROW_KEYS]
    if unknown:
        raise InputError(f"{place}: unknown field '{unknown[0]}'; known are {', '.join(_ROW_KEYS)}")
    for key in ("id", "title", "effective"):
        if not str(row.get(key) or "").strip():
            raise InputError(f"{place}: '{key}' is missing; give id, title and effective")
    for key in ("id", "title", "group"):
        require_text(str(row.get(key) or "").strip(), f"{place}: '{key}'")
    shape = str(row.get("shape") or "step").strip()
    if shape not in SHAPES:
        raise InputError(f"{place}: shape '{shape}' is none of {', '.join(SHAPES)}")
    try:
        effective = parse_day(row["effective"])
        end = parse_end(row["end"]) if row.get("end") else None
    except InputError as problem:
        raise InputError(f"{place}: {problem.message}") from None
    if end is not None and end < effective:
        raise InputError(f"{place}: 'end' {end} lies before 'effective' {effective}")
    return Event(
        id=str(row["id"]).strip(),
        title=str(row["title"]).strip(),
        effective=effective,
        end=end,
        shape=shape,
        lead=_lead(row.get("lead"), place),
        group=str(row["group"]).strip() if row.get("group") else None,
        ended=_names(row.get("ended_by"), place),
    )


def _names(value: object, place: str) -> tuple[str, ...]:
    """Return ids of series, of text those between semicolons."""
    given = value.split(";") if isinstance(value, str) else value or ()
    if not isinstance(given, Iterable) or not all(isinstance(name, str) for name in given):
        raise InputError(f"{place}: 'ended_by' is '{value}'; give ids of series, separated by semicolons")
    return tuple(require_text(name.strip(), f"{place}: 'ended_by'") for name in given if name.strip())


def _lead(value: object, place: str) -> int:
    if value is None or value == "":
        return 0
    try:
        lead = float(str(value))
    except ValueError:
        lead = -1.0
    if isinstance(value, bool) or lead < 0 or lead != int(lead) or lead > 1000:
        raise InputError(f"{place}: 'lead' is '{value}'; give a whole number of periods, 0 or more")
    return int(lead)
