"""What one batch is asked to do, and the bytes in which a chunk of it travels."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from analysis.domain import Event, EventTable, Period, Window
from analysis.domain.engine import ENGINE
from analysis.domain.observations import Gaps
from analysis.domain.periods import parse_day
from analysis.errors import UsageError
from analysis.interventions.panel import PanelOptions

Lens = Literal["effects", "breaks", "attribution"]
Columns = Literal["contract", "all"]
MODEL_CHOICES = ("scale", "seasonal", "trend", "clock", "method", "level", "regime")
CHOICES: dict[str, tuple[str, ...]] = {
    "effects": (*MODEL_CHOICES, "outliers", "sums"),
    "breaks": ("model", "scale", "seasonal", "max_breaks", "min_segment", "trimming", "errors", "level"),
    "attribution": (*MODEL_CHOICES, "outliers", "start", "end", "evidence"),
}
"""Options by lens."""
ALL_SERIES = ""
"""Key of the events of every series, where no column chooses."""


@dataclass(frozen=True)
class BatchOptions:
    """Options of a batch, the same for every series.

    Attributes
    ----------
    lens : {"effects", "breaks", "attribution"}
        What is estimated: the joint effects, breaks at unknown dates, or a change attributed.
    by : str or None
        Column of the input and of the event file that says which events belong to which series.
    gaps : {"refuse", "missing"}
        What a period without a row inside a sample is.
    columns : {"contract", "all"}
        Columns of the output of the effects.
    choices : mapping
        Options of `fit_interventions`, `find_breaks` or `attribute`.
    """

    lens: Lens = "effects"
    by: str | None = None
    gaps: Gaps = "refuse"
    columns: Columns = "contract"
    choices: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("lens", self.lens, get_args(Lens)),
            ("gaps", self.gaps, get_args(Gaps)),
            ("columns", self.columns, get_args(Columns)),
        ):
            if value not in allowed:
                raise UsageError(
                    f"{name} is one of {', '.join(allowed)}, not '{value}'", pointer=f"/options/{name}"
                )

    def check(self) -> None:
        """Refuse options that no series can be estimated with.

        Raises
        ------
        UsageError
            Naming the option.
        """
        allowed = CHOICES[self.lens]
        for name in self.choices:
            if name not in allowed:
                raise UsageError(
                    f"the lens {self.lens} has no option '{name}'; it knows {', '.join(allowed)}",
                    pointer=f"/options/{name}",
                )
        if self.lens == "effects":
            PanelOptions(**self.choices).check()
        if self.lens == "attribution":
            for name in ("start", "end"):
                if name not in self.choices:
                    raise UsageError(f"an attribution needs the window '{name}'", pointer=f"/{name}")
                Window.parse(self.choices[name])

    def to_record(self) -> dict[str, Any]:
        """Return the options as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RawSeries:
    """One series as it stands in the input, unread.

    Attributes
    ----------
    id : str
    key : str
        Value of the column that chooses the events.
    periods : list of str
    values : list of (str, float or None)
        Cells as they stand; text is read by the worker.
    rse : list or None
        None if the input has no such column.
    problem : str
        Why its rows cannot be read; empty otherwise.
    """

    id: str
    key: str
    periods: list[str]
    values: list[Any]
    rse: list[Any] | None = None
    problem: str = ""


@dataclass(frozen=True)
class Chunk:
    """Up to 64 series with all that a worker needs.

    Attributes
    ----------
    options : BatchOptions
    events : mapping of str to EventTable
        By the value of the column that chooses; `ALL_SERIES` where none does.
    series : sequence of RawSeries
    """

    options: BatchOptions
    events: Mapping[str, EventTable]
    series: Sequence[RawSeries]

    def to_bytes(self) -> bytes:
        """Return the chunk as UTF-8 JSON."""
        record = {
            "engine": ENGINE,
            "options": self.options.to_record(),
            "events": {key: [event_record(e) for e in table] for key, table in self.events.items()},
            "series": [[s.id, s.key, s.periods, s.values, s.rse, s.problem] for s in self.series],
        }
        return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8")

    @classmethod
    def from_bytes(cls, payload: bytes) -> Chunk:
        """Read what `to_bytes` wrote.

        Raises
        ------
        UsageError
            If it was written by another engine than this one.
        """
        record = json.loads(payload)
        if record["engine"] != ENGINE:
            raise UsageError(
                f"a worker has engine {ENGINE} and the caller engine {record['engine']}: "
                "install the same version"
            )
        return cls(
            BatchOptions(**record["options"]),
            {
                key: EventTable(tuple(event_from_record(row) for row in rows))
                for key, rows in record["events"].items()
            },
            [RawSeries(*row) for row in record["series"]],
        )


def event_record(event: Event) -> dict[str, Any]:
    """Return every field of an event as JSON values."""
    record = {one.name: getattr(event, one.name) for one in fields(event)}
    for name in ("effective", "adopted", "end"):
        record[name] = record[name].isoformat() if record[name] else None
    for name in ("partial", "full"):
        record[name] = str(record[name]) if record[name] else None
    record["details"], record["provenance"] = dict(event.details), {}
    return record


def event_from_record(record: Mapping[str, Any]) -> Event:
    """Read what `event_record` wrote."""
    values = dict(record)
    for name in ("effective", "adopted", "end"):
        values[name] = parse_day(values[name], name) if values[name] else None
    for name in ("partial", "full"):
        values[name] = Period.parse(values[name]) if values[name] else None
    values["applies_to"] = tuple(values["applies_to"])
    return Event(**values)
