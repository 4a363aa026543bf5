"""Long work: questions that are computed one after the other, survive a restart and can be cancelled."""

from __future__ import annotations

import json
import logging
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from analysis.errors import NotFoundError, TradebreaksError
from service.answers import Answers
from service.compute import Pool
from service.errors import BusyError, GoneError, StoreUnavailableError
from service.places import Caller
from service.questions import Question, canonical
from service.settings import Settings
from service.store import Store
from service.store.records import ADDRESS, now
from service.store.tables import BATCH_ITEMS, BATCHES

LOGGER = logging.getLogger("tradebreaks.batches")

LEASE_SECONDS = 10
"""How long a batch belongs to the service that computes it, unless that service says it is alive."""

HEARTBEAT_SECONDS = 2.0
"""How often the service that computes looks whether a batch was cancelled, and says that it is alive."""

IDLE_SECONDS = 5.0
"""How often an idle service looks for a batch that another one left behind."""

NICENESS = 19
"""Batches stand back behind every request."""

MOST_QUEUED = 10
"""Full batches whose questions may wait at one time."""

OPEN = ("queued", "running")
BATCH_ADDRESS = "/v1/batches/{id}"


@dataclass(frozen=True, slots=True)
class _Item:
    batch_id: str
    position: int
    kind: str
    question: str


class Batches:
    """Batches in the store, and the thread that works on them.

    Parameters
    ----------
    settings : Settings
    answers : Answers
        Keeps what is computed as records.
    """

    def __init__(self, settings: Settings, answers: Answers) -> None:
        self._answers = answers
        self._most = MOST_QUEUED * settings.max_batch
        self._owner = secrets.token_hex(8)
        self._pool = Pool(size=min(settings.workers, 1), seconds=settings.batch_seconds, niceness=NICENESS)
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def create(self, questions: Sequence[Question]) -> str:
        """Write down a batch and return its id.

        Raises
        ------
        BusyError
            If too many questions wait already.
        StoreUnavailableError
            If it cannot be written; then nothing was.
        """
        batch_id = secrets.token_hex(16)
        with self._store().database.writing() as connection:
            waiting = connection.execute(
                select(func.count()).select_from(BATCH_ITEMS).where(BATCH_ITEMS.c.state == "waiting")
            ).scalar_one()
            if waiting + len(questions) > self._most:
                raise BusyError(f"{waiting} questions of batches are waiting already: send this one later")
            connection.execute(
                insert(BATCHES).values(
                    id=batch_id, created_at=now(), state="queued", leased_until="", owner=""
                )
            )
            connection.execute(
                insert(BATCH_ITEMS),
                [
                    {
                        "batch_id": batch_id,
                        "position": position,
                        "kind": question.kind,
                        "question": canonical(question.body),
                        "state": "waiting",
                        "record_id": None,
                        "problem": None,
                    }
                    for position, question in enumerate(questions)
                ],
            )
        self.wake()
        return batch_id

    def status(self, batch_id: str) -> dict[str, Any]:
        """Return state, counts and items of a batch.

        Raises
        ------
        NotFoundError
            If there is none.
        """
        with self._store().database.reading() as connection:
            batch = connection.execute(select(BATCHES).where(BATCHES.c.id == batch_id)).mappings().first()
            if batch is None:
                raise NotFoundError(f"no batch '{batch_id}'")
            query = select(BATCH_ITEMS).where(BATCH_ITEMS.c.batch_id == batch_id)
            rows = connection.execute(query.order_by(BATCH_ITEMS.c.position)).mappings().all()
        items = [
            {
                "position": row["position"],
                "kind": row["kind"],
                "state": row["state"],
                "record_id": row["record_id"],
                "url": ADDRESS.format(id=row["record_id"]) if row["record_id"] else None,
                "problem": json.loads(row["problem"]) if row["problem"] else None,
            }
            for row in rows
        ]
        return {
            "id": batch_id,
            "url": BATCH_ADDRESS.format(id=batch_id),
            "state": batch["state"],
            "created_at": batch["created_at"],
            "total": len(items),
            "finished": sum(item["state"] != "waiting" for item in items),
            "items": items,
        }

    def cancel(self, batch_id: str) -> dict[str, Any]:
        """Cancel what is not finished yet, and return the status.

        Raises
        ------
        NotFoundError
            If there is none.
        """
        with self._store().database.writing() as connection:
            done = connection.execute(
                update(BATCHES)
                .where(BATCHES.c.id == batch_id, BATCHES.c.state.in_(OPEN))
                .values(state="cancelled")
            )
            if done.rowcount:
                connection.execute(
                    update(BATCH_ITEMS)
                    .where(BATCH_ITEMS.c.batch_id == batch_id, BATCH_ITEMS.c.state == "waiting")
                    .values(state="cancelled", question="")
                )
        return self.status(batch_id)

    def wake(self) -> None:
        """See to it that somebody works on the batches."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._stop.clear()
                self._thread = threading.Thread(target=self._work, name="batches", daemon=True)
                self._thread.start()
        self._wake.set()

    def close(self) -> None:
        """Stop working; what is not finished is taken up by the next start."""
        self._stop.set()
        self._wake.set()
        self._pool.close()
        thread = self._thread
        if thread is None:
            return
        thread.join(HEARTBEAT_SECONDS)
        try:
            with self._store().database.writing() as connection:
                connection.execute(
                    update(BATCHES).where(BATCHES.c.owner == self._owner).values(leased_until="")
                )
        except StoreUnavailableError as error:
            LOGGER.error("%s", error.message)

    @property
    def computing(self) -> int:
        """Questions of batches that are computed now."""
        return self._pool.busy

    def _store(self) -> Store:
        return self._answers.store.ready()

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                item = self._next()
                if item is not None:
                    self._compute(item)
                    continue
            except StoreUnavailableError as error:
                LOGGER.error("%s", error.message)
            self._wake.wait(IDLE_SECONDS)
            self._wake.clear()

    def _next(self) -> _Item | None:
        """Claim the oldest open batch and return its next question; a batch without one is done."""
        with self._store().database.writing() as connection:
            moment = now()
            batch = (
                connection.execute(
                    select(BATCHES.c.id)
                    .where(BATCHES.c.state.in_(OPEN))
                    .where((BATCHES.c.owner == self._owner) | (BATCHES.c.leased_until < moment))
                    .order_by(BATCHES.c.created_at)
                    .limit(1)
                    .with_for_update(skip_locked=True)
                )
                .scalars()
                .first()
            )
            if batch is None:
                return None
            row = connection.execute(
                select(
                    BATCH_ITEMS.c.batch_id, BATCH_ITEMS.c.position, BATCH_ITEMS.c.kind, BATCH_ITEMS.c.question
                )
                .where(BATCH_ITEMS.c.batch_id == batch, BATCH_ITEMS.c.state == "waiting")
                .order_by(BATCH_ITEMS.c.position)
                .limit(1)
            ).first()
            self._lease(connection, batch, "done" if row is None else "running")
        return None if row is None else _Item(*row)

    def _lease(self, connection: Connection, batch_id: str, state: str) -> None:
        until = datetime.now(UTC) + timedelta(seconds=LEASE_SECONDS)
        connection.execute(
            update(BATCHES)
            .where(BATCHES.c.id == batch_id, BATCHES.c.state.in_(OPEN))
            .values(state=state, owner=self._owner, leased_until=until.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
        )

    def _compute(self, item: _Item) -> None:
        question = Question.from_record(item.kind, json.loads(item.question))
        outcome: dict[str, Any]
        try:
            record, _ = self._answers.keep(
                question, lambda q: self._pool.compute(q, Caller(gone=_Heartbeat(self, item))).answer
            )
            outcome = {"state": "done", "record_id": record.id}
        except GoneError:
            return
        except StoreUnavailableError:
            raise
        except TradebreaksError as error:
            if self._stop.is_set():
                return
            problem = {"type": f"/docs#problem-{error.slug}", "title": error.title, "detail": error.message}
            outcome = {"state": "failed", "problem": json.dumps(problem, ensure_ascii=False)}
        with self._store().database.writing() as connection:
            connection.execute(
                update(BATCH_ITEMS)
                .where(BATCH_ITEMS.c.batch_id == item.batch_id, BATCH_ITEMS.c.position == item.position)
                .where(BATCH_ITEMS.c.state == "waiting")
                .values(question="", **outcome)
            )

    def _beat(self, batch_id: str) -> bool:
        """Say that this service still works on a batch, and tell whether it need not."""
        if self._stop.is_set():
            return True
        with self._store().database.writing() as connection:
            self._lease(connection, batch_id, "running")
            state = connection.execute(select(BATCHES.c.state).where(BATCHES.c.id == batch_id)).scalar()
        return state != "running"


class _Heartbeat:
    """Asked often whether the work was cancelled; looks into the store only now and then."""

    def __init__(self, batches: Batches, item: _Item) -> None:
        self._batches = batches
        self._item = item
        self._last = time.monotonic()
        self._cancelled = False

    def __call__(self) -> bool:
        if time.monotonic() - self._last >= HEARTBEAT_SECONDS:
            self._last = time.monotonic()
            self._cancelled = self._batches._beat(self._item.batch_id)
        return self._cancelled
