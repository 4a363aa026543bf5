"""A question in canonical form: defaults filled in, the caller's rows in order; and its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

from analysis.domain import Event, EventTable, Result, TradeSeries, Window, canonical_json, digest, rounded
from analysis.domain.engine import ENGINE
from analysis.errors import InputError, UsageError
from service.schemas import (
    AttributionRequest,
    BreaksRequest,
    DesignedTarget,
    InterventionsRequest,
    TargetIn,
)
from service.validation import read_model

Kind = Literal["breaks", "interventions", "attribution"]
KINDS: tuple[Kind, ...] = get_args(Kind)

REQUESTS: dict[Kind, type[TargetIn]] = {
    "breaks": BreaksRequest,
    "interventions": InterventionsRequest,
    "attribution": AttributionRequest,
}

_MODEL = {"trend": "local", "method": "structural", "level": 0.95}
DEFAULTS: dict[Kind, dict[str, Any]] = {
    "breaks": {"model": "auto", "max_breaks": 8, "errors": "ar", "level": 0.95},
    "interventions": {**_MODEL, "clock": "full"},
    "attribution": {**_MODEL, "clock": "all", "evidence": "basic"},
}
"""Options that do not depend on the series; a question that names one is the same as one that does not."""

OWN_SERIES = "observations"
"""Id of a series that a caller sent."""

ID_LENGTH = 32
"""Hexadecimal digits of a record id: 128 bits of a SHA-256."""


@dataclass(frozen=True)
class Question:
    """One question to the library.

    Attributes
    ----------
    kind : Kind
    body : dict
        Canonical request: keys of the wire, every static default filled in, no null, a caller's
        observations by period and events by date.
    """

    kind: Kind
    body: dict[str, Any]

    @classmethod
    def of(cls, kind: Kind, request: TargetIn) -> Question:
        """Bring `request` into canonical form.

        Raises
        ------
        UsageError
            If not exactly one of series and observations is given, or a field has no meaning.
        NotFoundError, InputError, CannotEstimateError
            If the series, the caller's data or a window cannot be read.
        """
        _check_target(request)
        body: dict[str, Any] = rounded(
            request.model_dump(by_alias=True, exclude_none=True, exclude={"store", "gaps", "observations"})
        )
        body["options"] = dict(sorted({**DEFAULTS[kind], **body.get("options", {})}.items()))
        if request.observations is not None:
            body["observations"] = _observations(request)
        else:
            body.setdefault("vintage", "first")
        if not body.get("without"):
            body.pop("without", None)
        if "events" in body:
            body["events"] = [event_row(event) for event in _table(body["events"]).chronological()]
        question = cls(kind, body)
        if "without" in body:
            # Any order and any repetition ask the same.
            body["without"] = sorted(set(body["without"]))
            _design_without(question.series, body["without"])
        return cls(kind, {**body, **question._windows(), **question._address()})

    @classmethod
    def from_record(cls, kind: str, body: Mapping[str, Any]) -> Question:
        """Take a question that is in canonical form already, as a record keeps it."""
        known = next((k for k in KINDS if k == kind), None)
        if known is None:
            raise UsageError(f"a question is one of {', '.join(KINDS)}, not '{kind}'")
        return cls(known, dict(body))

    @cached_property
    def request(self) -> TargetIn:
        """The question as a request; a number at a limit may have been rounded beyond it."""
        return read_model(REQUESTS[self.kind], self.body)

    @property
    def own(self) -> bool:
        """Whether it is asked of the caller's own observations."""
        return "observations" in self.body

    @cached_property
    def series(self) -> TradeSeries:
        """The series that it is asked of."""
        return _own_series(self.body) if self.own else _catalogue_series(self.body)

    @cached_property
    def events(self) -> EventTable | None:
        """The events in canonical order, if they are others than the recipe's; None means those."""
        if "without" in self.body:
            return _design_without(self.series, self.body["without"])
        return _table(self.body["events"]).chronological() if "events" in self.body else None

    @cached_property
    def key(self) -> str:
        """SHA-256 of the question alone: what a newer vintage of the same question shares."""
        return digest({"kind": self.kind, "question": self.body})

    @cached_property
    def inputs(self) -> dict[str, Any]:
        """Everything that the answer depends on: engine, question and the digests of what is read."""
        from analysis import catalogue

        digests: dict[str, Any] = {"series": self.series.digest(), "events": None}
        table = self.events
        if self.own:
            digests |= {"data": None, "corrections": None}
        else:
            table = table or catalogue.events(self.series)
            digests |= {"data": catalogue.data_digest(), "corrections": _corrections_digest()}
        if table is not None:
            digests["events"] = digest(table.chronological().to_record())
        return {"kind": self.kind, "engine": ENGINE, "question": self.body, "digests": digests}

    @cached_property
    def record_id(self) -> str:
        """Id of the record that holds the answer."""
        return record_id(self.inputs)

    def answer(self) -> dict[str, Any]:
        """Ask the library.

        Raises
        ------
        TradebreaksError
            As the library does.
        """
        return self._result().to_record()

    def _result(self) -> Result:
        request, options = self.request, dict(self.body["options"])
        assert isinstance(request, DesignedTarget)
        declared = _declared(request)
        if self.kind == "breaks":
            from analysis.breaks.find import breaks_once

            return breaks_once(self.series, events=self.events, **options, **declared)
        if self.kind == "interventions":
            from analysis.interventions.fit import fit_once

            return fit_once(self.series, self.events, **options, **declared)
        from analysis.attribution import attribute

        windows = {"start": self.body["from"], "end": self.body["to"]}
        return attribute(self.series, self.events, **windows, **options, **declared)

    def _windows(self) -> dict[str, str]:
        """Return the windows in periods of the series, so that 2016 is 2016-01..2016-12 of a monthly one."""
        found: dict[str, str] = {}
        for name in ("from", "to"):
            if name in self.body:
                try:
                    found[name] = str(self.series.window(self.body[name])[0])
                except InputError as problem:
                    raise InputError(f"'{name}': {problem.message}", pointer=f"/{name}") from None
        return found

    def _address(self) -> dict[str, str]:
        return {} if self.own else {"series": self.series.id}


def record_id(inputs: Mapping[str, Any]) -> str:
    """Return the id of a record: the first digits of the SHA-256 of its canonical inputs."""
    return digest(inputs)[:ID_LENGTH]


def is_record_id(text: str) -> bool:
    """Tell whether `text` has the form of a record id."""
    return len(text) == ID_LENGTH and all(c in "0123456789abcdef" for c in text)


def canonical(record: Mapping[str, Any]) -> str:
    """Return the bytes that are hashed and stored, as text."""
    return canonical_json(record)


def _check_target(request: TargetIn) -> None:
    if (request.series is None) == (request.observations is None):
        raise UsageError("give either 'series' or 'observations', not both", pointer="")
    if request.observations is not None and request.vintage is not None:
        raise UsageError("'vintage' belongs to a catalogue series", pointer="/vintage")
    if request.without and (request.observations is not None or request.events is not None):
        raise UsageError(
            "'without' leaves events of a catalogue series out of its own list", pointer="/without"
        )
    for name in ("gaps", "title", "unit", "rate"):
        if request.observations is None and getattr(request, name) is not None:
            raise UsageError(f"'{name}' belongs to 'observations'", pointer=f"/{name}")


def _observations(request: TargetIn) -> list[dict[str, Any]]:
    """Return the caller's observations on a dense calendar, in order, every field written out.

    Raises
    ------
    InputError
        Naming the observation by its place in the request.
    """
    rows = request.observations or []
    try:
        series = TradeSeries.from_values(
            [row.period for row in rows],
            [rounded(row.value) for row in rows],
            id=OWN_SERIES,
            rse=[rounded(row.rse) for row in rows],
            status=[row.status for row in rows],
            gaps=request.gaps or "refuse",
            places=[f"observation {number}" for number in range(1, len(rows) + 1)],
        )
    except InputError as error:
        raise InputError(error.message, pointer="/observations") from None
    return observation_rows(series)


def observation_rows(series: TradeSeries) -> list[dict[str, Any]]:
    """Return the observations of a series as the canonical question holds them, then sums over spans."""
    rows: list[dict[str, Any]] = [
        {"period": str(o.period), "value": o.value, "status": o.status, "rse": o.rse}
        for o in series.observations
    ]
    sums = [{"period": str(t.window), "value": t.value, "status": "A", "rse": t.rse} for t in series.totals]
    return rows + sums


def _design_without(series: TradeSeries, names: Sequence[str]) -> EventTable:
    """Return the events of a catalogue series' recipe less those named.

    Raises
    ------
    InputError
        If one of them is no event of the recipe.
    """
    from analysis import catalogue

    table = catalogue.events(series)
    for name in names:
        if name not in table:
            raise InputError(
                f"'{name}' is no event of the design of '{series.id}', which has {', '.join(table.ids)}",
                pointer="/without",
            )
    return EventTable(tuple(event for event in table if event.id not in names))


def event_row(event: Event) -> dict[str, Any]:
    """Return an event of a caller's table as the canonical question holds it."""
    row = {
        "id": event.id,
        "title": event.title,
        "effective": event.effective.isoformat(),
        "shape": event.shape,
        "lead": event.lead,
    }
    end = {"end": event.end.isoformat()} if event.end else {}
    return {**row, **end, **({"group": event.group} if event.group else {})}


def _own_series(body: Mapping[str, Any]) -> TradeSeries:
    rows = body["observations"]
    return TradeSeries.from_values(
        [row["period"] for row in rows],
        [row["value"] for row in rows],
        id=OWN_SERIES,
        rse=[row["rse"] for row in rows],
        status=[row["status"] for row in rows],
        title=body.get("title", ""),
        unit=body.get("unit", ""),
        rate=body.get("rate", False),
    )


def _catalogue_series(body: Mapping[str, Any]) -> TradeSeries:
    from analysis import catalogue

    return catalogue.series(body["series"], vintage=body.get("vintage", "first"))


def _table(rows: list[dict[str, Any]]) -> EventTable:
    try:
        return EventTable.from_rows(rows)
    except InputError as error:
        raise InputError(error.message, pointer="/events") from None


def _declared(request: DesignedTarget) -> dict[str, Any]:
    declared: dict[str, Any] = {}
    if request.regime is not None:
        declared["regime"] = tuple(Window.parse(text) for text in request.regime)
    if request.controls is not None:
        declared["controls"] = request.controls
    return declared


def _corrections_digest() -> str | None:
    from analysis import catalogue

    package = catalogue.catalogue().package
    listed = {str(r.get("path")): str(r.get("hash")) for r in package.descriptor["resources"]}
    return listed.get("corrections.yaml")
