"""Answers: each question is computed once, kept in memory, and stored as a record when that is asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from analysis import __version__
from analysis.domain import Period, canonical_json, rounded
from analysis.domain.series import as_period
from analysis.domain.spacing import on_spacing
from analysis.errors import InputError, NotFoundError
from service.compute import Pool
from service.errors import GoneError, StoreUnavailableError, WithdrawnError
from service.kept import Kept
from service.places import Places
from service.questions import Kind, Question
from service.schemas import AttributionRequest, BreaksRequest, InterventionsRequest, TargetIn
from service.settings import Settings
from service.store import Record, Store

EVIDENCE_WEIGHT = {"none": 1, "basic": 2, "full": 20}
"""How many times as long as a fit an answer with this evidence takes, measured and rounded."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One computed answer.

    Attributes
    ----------
    record : dict
        JSON-ready values with the contract's keys.
    body : bytes
        The same as UTF-8 JSON with 12 significant digits.
    etag : str
        Hash of `body`.
    """

    record: dict[str, Any]
    body: bytes
    etag: str

    @classmethod
    def of(cls, record: dict[str, Any]) -> Answer:
        """Serialise `record`."""
        kept = rounded(record)
        body = json.dumps(kept, ensure_ascii=False, allow_nan=False).encode("utf-8")
        return cls(kept, body, hashlib.sha256(body).hexdigest()[:32])


class Answers:
    """Computes, keeps and stores answers; safe to call from many threads.

    Parameters
    ----------
    settings : Settings
        Limits on a caller's own data, and how many answers are kept.
    pool : Pool
        Where questions are computed.
    drawing : Pool
        Where charts and documents are drawn: never in the process that serves.
    store : Store
        Where records are kept.
    places : Places
        Held by every request that waits for a computation.
    """

    def __init__(self, settings: Settings, pool: Pool, drawing: Pool, store: Store, places: Places) -> None:
        self._settings = settings
        self._pool = pool
        self._drawing = drawing
        self._places = places
        self.store = store
        share = settings.cache_bytes // 3
        self._kept: Kept[Answer] = Kept(share, lambda answer: len(answer.body), GoneError)
        self._rendered: Kept[bytes] = Kept(share, len, GoneError)

    def breaks(self, request: BreaksRequest) -> Answer:
        """Find breaks at unknown dates."""
        return self.answer("breaks", request)

    def interventions(self, request: InterventionsRequest) -> Answer:
        """Estimate the joint effects of the events."""
        return self.answer("interventions", request)

    def attribution(self, request: AttributionRequest) -> Answer:
        """Attribute the change between two windows."""
        return self.answer("attribution", request)

    def question(self, kind: Kind, request: TargetIn) -> Question:
        """Return `request` as a question within the limits of the service.

        Raises
        ------
        UsageError, InputError, NotFoundError
            If it is no question, or one beyond the limits.
        """
        most = self._settings.max_observations
        _check_count(len(request.observations or ()), most, "observations", "/observations")
        _check_count(_span(request), most, "periods from first to last", "/observations")
        _check_count(len(request.events or ()), self._settings.max_events, "events", "/events")
        _check_cost(request, self._settings.max_cost)
        return Question.of(kind, request)

    def answer(self, kind: Kind, request: TargetIn) -> Answer:
        """Answer without storing; a question that is stored already is answered from its record."""
        question = self.question(kind, request)
        if question.own:
            return Answer.of(self._unstored(question))
        stored = self.stored(question.record_id)
        if stored is not None:
            return self.once(f"record {stored.id}", lambda: stored.document)
        return self._computed(question)

    def record(self, kind: Kind, request: TargetIn) -> tuple[Record, bool]:
        """Answer and store; return the record and whether it is new.

        Raises
        ------
        WithdrawnError
            If the record of this question was withdrawn.
        StoreUnavailableError
            If nothing can be stored; then nothing was.
        """
        return self.keep(self.question(kind, request))

    def keep(
        self, question: Question, compute: Callable[[Question], dict[str, Any]] | None = None
    ) -> tuple[Record, bool]:
        """Store the answer to `question` unless it is stored; `compute` may take the place of the pool."""
        store = self.store.ready()
        try:
            return store.get(question.record_id), False
        except NotFoundError:
            kept = None if question.own else self._kept.get(self.key(question.kind, question.body))
        if kept is not None:
            answer = kept.record
        elif compute is not None:
            answer = compute(question)
        elif question.own:
            answer = self.compute(question)
        else:
            answer = self._computed(question).record
        return store.add(question.inputs, _unmarked(answer), question.key)

    def compute(self, question: Question, *, anew: bool = False) -> dict[str, Any]:
        """Compute the answer to `question` in the pool; `anew` from the figures on, for a verification.

        Raises
        ------
        BusyError
            If too many requests wait already.
        TradebreaksError
            As the library does.
        """
        with self._places.one() as caller:
            return self._pool.compute(question, caller, anew=anew).answer

    def claims(self) -> Answer:
        """Test the statements of the note behind the chart; computed once for a data package."""

        def compute() -> dict[str, Any]:
            with self._places.one() as caller:
                return self._pool.claims(caller)

        return self.slowly(self.key("claims", {}), compute)

    def stored(self, record_id: str) -> Record | None:
        """Return the record of that id; None if there is none, or the store does not answer."""
        try:
            return self.store.ready().get(record_id)
        except (NotFoundError, StoreUnavailableError, WithdrawnError):
            return None

    def once(self, key: str, compute: Callable[[], dict[str, Any]]) -> Answer:
        """Return the answer kept under `key`, computing it first if there is none, which must be quick.

        Callers that ask for the same key at the same time wait for one computation.
        """
        return self._kept.once(key, lambda: Answer.of(compute()))

    def slowly(self, key: str, compute: Callable[[], dict[str, Any]]) -> Answer:
        """Return the same of what may take long: a caller that waits for another one holds a place.

        Raises
        ------
        BusyError
            If too many requests wait already.
        """
        return self._kept.once(key, lambda: Answer.of(compute()), self._places.one)

    def rendered(self, key: str, render: Callable[[], bytes]) -> bytes:
        """Return the rendering kept under `key`, made first if there is none."""
        return self._rendered.once(key, render, self._places.one)

    def drawn(self, task: Callable[..., str], *arguments: str) -> bytes:
        """Return what a function of a module draws from texts, in the process that draws.

        Raises
        ------
        BusyError, TimeBudgetError, FailedError
            If it cannot be drawn.
        TradebreaksError
            As the function does.
        """
        with self._places.one() as caller:
            return self._drawing.draw(task, *arguments, caller=caller)

    @property
    def kept(self) -> int:
        """Number of answers kept in memory."""
        return len(self._kept)

    def forget(self) -> None:
        """Forget every answer that was kept."""
        self._kept.clear()
        self._rendered.clear()

    def key(self, kind: str, question: dict[str, Any]) -> str:
        """Return the cache key of a question on the catalogue as it stands."""
        from analysis import catalogue

        return f"{kind} {__version__} {catalogue.data_digest()} {canonical_json(question)}"

    def _computed(self, question: Question) -> Answer:
        return self.slowly(self.key(question.kind, question.body), lambda: self._unstored(question))

    def _unstored(self, question: Question) -> dict[str, Any]:
        return {**self.compute(question), "record_id": question.record_id, "stored": False, "url": None}


def _unmarked(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer as the library gives it: where it is kept is no part of it."""
    return {**answer, "record_id": None, "stored": False, "url": None}


def _check_count(count: int, most: int, name: str, pointer: str) -> None:
    if count > most:
        raise InputError(
            f"{count} {name} are more than the {most} this service takes; "
            "use the command line or the Python package for more",
            pointer=pointer,
        )


def _check_cost(request: TargetIn, most: int) -> None:
    """Refuse a question on own data that would keep a process busy for minutes, before it begins."""
    asked = (request.options.evidence or "basic") if isinstance(request, AttributionRequest) else "none"
    weight = EVIDENCE_WEIGHT[asked]
    periods, events = _span(request), len(request.events or ()) + 1
    if periods * events * weight > most:
        raise InputError(
            f"{periods} periods with {events - 1} events and this evidence are more than this service takes"
            f" ({periods} × {events} × {weight} is above {most}): ask for less evidence, fewer events or a "
            "coarser series, or use the command line or the Python package",
            pointer="/observations",
        )


def _span(request: TargetIn) -> int:
    """Return how many periods the calendar of the caller's observations has, 0 if they cannot be read."""
    try:
        rows = [as_period(row.period) for row in request.observations or ()]
        periods = [
            end for row in rows for end in ((row,) if isinstance(row, Period) else (row.first, row.last))
        ]
        periods = on_spacing(periods, None)
        return max(periods) - min(periods) + 1 if periods else 0
    except InputError:
        return 0
