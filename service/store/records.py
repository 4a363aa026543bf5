"""The store of records: written once, read for ever; what was damaged is named, and the rest is served."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from analysis import __version__
from analysis.errors import InputError, NotFoundError
from service.errors import StoreUnavailableError, WithdrawnError
from service.questions import ID_LENGTH, canonical, record_id
from service.store import triggers
from service.store.database import Database
from service.store.tables import ESTIMATES, WITHDRAWALS

ADDRESS = "/v1/estimates/{id}"
"""Where a record is found; the address never changes."""

PAGE = 200
"""Records read at a time."""

CHECKED_AT_ONCE = 500
"""Records read by one look at readiness."""

ORDER_LOCK = 7_402_018_061
"""Lock of PostgreSQL that writers of records hold until they have committed."""


@dataclass(frozen=True)
class Record:
    """One stored estimate.

    Attributes
    ----------
    id : str
        Hash of `inputs`.
    kind : str
    engine : int
    created_at : str
        UTC, ISO 8601.
    software : str
        Version that computed it.
    question_key : str
        Hash of the question alone.
    supersedes : str or None
        Record that answered the same question before, on other data or with another engine.
    inputs, answer : str
        Canonical JSON.
    answer_sha256 : str
    record_sha256 : str
        Hash over all of the above but `answer`, whose hash is in it.
    """

    id: str
    kind: str
    engine: int
    created_at: str
    software: str
    question_key: str
    supersedes: str | None
    inputs: str
    answer: str
    answer_sha256: str
    record_sha256: str

    @property
    def url(self) -> str:
        """Address of the record on its service."""
        return ADDRESS.format(id=self.id)

    @cached_property
    def document(self) -> dict[str, Any]:
        """The stored answer, with what identifies the record."""
        inputs = json.loads(self.inputs)
        return {
            **json.loads(self.answer),
            "record_id": self.id,
            "stored": True,
            "url": self.url,
            "record": {
                "kind": self.kind,
                "engine": self.engine,
                "created_at": self.created_at,
                "software": self.software,
                "supersedes": self.supersedes,
                "answer_sha256": self.answer_sha256,
                "digests": inputs["digests"],
                "question": inputs["question"],
            },
        }


@dataclass(frozen=True, slots=True)
class Damaged:
    """A row of the store that is no record any more.

    Attributes
    ----------
    id : str
        As it stands in the row.
    why : str
    """

    id: str
    why: str


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of the store in the order of commits."""

    sequence: int
    record: Record | Damaged


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Why a record is no longer shown."""

    record_id: str
    withdrawn_at: str
    reason: str


class Store:
    """Records in a database.

    Parameters
    ----------
    database : Database

    Attributes
    ----------
    damaged : dict
        Ids of the records that were found damaged, and why.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._ready = False
        self._lock = threading.Lock()
        self._checked = 0
        self.damaged: dict[str, str] = {}

    def ready(self) -> Store:
        """Return the store with its tables in place; an empty database gets them now.

        Raises
        ------
        StoreUnavailableError
            If the database cannot be reached, or stands at another migration.
        """
        if not self._ready:
            with self._lock:
                if not self._ready:
                    self.database.prepare()
                    self._ready = True
        return self

    def add(
        self, inputs: Mapping[str, Any], answer: Mapping[str, Any], question_key: str
    ) -> tuple[Record, bool]:
        """Store an answer unless its question is answered already.

        Parameters
        ----------
        inputs : mapping
            What the answer depends on; its hash is the id.
        answer : mapping
        question_key : str

        Returns
        -------
        Record
            As stored now or before.
        bool
            Whether it is new.

        Raises
        ------
        StoreUnavailableError
            If it cannot be written; then nothing was.
        """
        body = canonical(answer)
        key = record_id(inputs)
        with self.database.reading() as connection:
            earlier = connection.execute(
                select(ESTIMATES.c.id)
                .where(ESTIMATES.c.question_key == question_key, ESTIMATES.c.id != key)
                .order_by(ESTIMATES.c.sequence.desc())
                .limit(1)
            ).scalar()
        record = sealed(
            id=key,
            kind=str(inputs["kind"]),
            engine=int(inputs["engine"]),
            created_at=now(),
            software=__version__,
            question_key=question_key,
            supersedes=earlier,
            inputs=canonical(inputs),
            answer=body,
        )
        try:
            with self.database.writing() as connection:
                insert_record(connection, record)
        except DBAPIError:
            if self.has(record.id):
                return self.find(key), False
            raise
        return record, True

    def find(self, key: str) -> Record:
        """Return a record, withdrawn or not.

        Raises
        ------
        NotFoundError
            If there is none.
        StoreUnavailableError
            If it cannot be read, or its bytes are not those that were written.
        """
        with self.database.reading() as connection:
            row = connection.execute(select(ESTIMATES).where(ESTIMATES.c.id == key)).mappings().first()
        if row is None:
            raise NotFoundError(f"no record '{key}'")
        record = self._read(row).record
        if isinstance(record, Damaged):
            raise StoreUnavailableError(
                f"the record {key} is damaged ({record.why}): restore the database from a back-up"
            )
        return record

    def get(self, key: str) -> Record:
        """Return a record that is not withdrawn.

        Raises
        ------
        NotFoundError
            If there is none.
        WithdrawnError
            With date and reason.
        StoreUnavailableError
            As `find`.
        """
        record = self.find(key)
        withdrawal = self.withdrawal(key)
        if withdrawal is not None:
            raise WithdrawnError(
                f"the record {key} was withdrawn on {withdrawal.withdrawn_at[:10]}: {withdrawal.reason}"
            )
        return record

    def has(self, key: str) -> bool:
        """Tell whether a record is stored."""
        with self.database.reading() as connection:
            found = connection.execute(select(ESTIMATES.c.id).where(ESTIMATES.c.id == key)).first()
        return found is not None

    def withdrawal(self, key: str) -> Withdrawal | None:
        """Return the withdrawal of a record, if there is one."""
        with self.database.reading() as connection:
            row = (
                connection.execute(select(WITHDRAWALS).where(WITHDRAWALS.c.record_id == key))
                .mappings()
                .first()
            )
        return None if row is None else Withdrawal(**row)

    def withdraw(self, key: str, reason: str) -> Withdrawal:
        """Withdraw a record: its address answers 410 from now on; the row stays.

        Raises
        ------
        NotFoundError
            If there is no such record.
        InputError
            If it is withdrawn already, or no reason is given.
        """
        self.find(key)
        text = " ".join(reason.split())
        if not text:
            raise InputError("give the reason of the withdrawal", pointer="/reason")
        withdrawal = Withdrawal(key, now(), text)
        try:
            with self.database.writing() as connection:
                connection.execute(insert(WITHDRAWALS).values(**asdict(withdrawal)))
        except IntegrityError:
            raise InputError(f"the record {key} is withdrawn already") from None
        return withdrawal

    def superseded_by(self, key: str) -> str | None:
        """Return the newest record that names `key` as the one it supersedes."""
        query = (
            select(ESTIMATES.c.id)
            .where(ESTIMATES.c.supersedes == key)
            .order_by(ESTIMATES.c.sequence.desc())
            .limit(1)
        )
        with self.database.reading() as connection:
            return connection.execute(query).scalar()

    def count(self) -> int:
        """Return the number of records, withdrawn ones included."""
        with self.database.reading() as connection:
            return int(connection.execute(select(func.count()).select_from(ESTIMATES)).scalar_one())

    def page(self, after: int, limit: int, *, withdrawn: bool = False) -> list[Listed]:
        """Return rows in the order in which they became visible, after the one of sequence `after`.

        Parameters
        ----------
        after : int
            0 begins.
        limit : int
        withdrawn : bool
            Whether those withdrawn are among them.
        """
        query: Select[Any] = (
            select(ESTIMATES).where(ESTIMATES.c.sequence > after).order_by(ESTIMATES.c.sequence).limit(limit)
        )
        if not withdrawn:
            gone = select(WITHDRAWALS.c.record_id).where(WITHDRAWALS.c.record_id == ESTIMATES.c.id)
            query = query.where(~gone.exists())
        with self.database.reading() as connection:
            return [self._read(row) for row in connection.execute(query).mappings()]

    def every(self) -> Iterator[Record | Damaged]:
        """Yield every row, withdrawn or not."""
        last = 0
        while rows := self.page(last, PAGE, withdrawn=True):
            yield from (row.record for row in rows)
            last = rows[-1].sequence

    def check(self) -> tuple[int, list[Damaged]]:
        """Read every record; return how many there are, and those that are damaged."""
        rows = list(self.every())
        return len(rows), [row for row in rows if isinstance(row, Damaged)]

    def check_some(self) -> None:
        """Read the next records, and begin anew after the last: called often, it reads all in turn."""
        rows = self.page(self._checked, CHECKED_AT_ONCE, withdrawn=True)
        self._checked = rows[-1].sequence if len(rows) == CHECKED_AT_ONCE else 0

    def _read(self, row: RowMapping) -> Listed:
        values = dict(row)
        sequence = values.pop("sequence")
        record = Record(**values)
        wrong = what_differs(record)
        if wrong is None:
            self.damaged.pop(record.id, None)
            return Listed(sequence, record)
        self.damaged[record.id] = wrong
        return Listed(sequence, Damaged(record.id, wrong))


def insert_record(connection: Connection, record: Record) -> None:
    """Insert a record at the end of the order of commits, inside a transaction that writes.

    Writers wait for each other until they have committed: no smaller number becomes visible later.
    """
    if connection.dialect.name == triggers.POSTGRESQL:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ORDER_LOCK})
    last = select(func.coalesce(func.max(ESTIMATES.c.sequence), 0) + 1).scalar_subquery()
    connection.execute(insert(ESTIMATES).values(**asdict(record), sequence=last))


def sealed(**fields: Any) -> Record:
    """Return a record with its hashes."""
    record = Record(**fields, answer_sha256=sha256(fields["answer"]), record_sha256="")
    return replace(record, record_sha256=record_hash(record))


def record_hash(record: Record) -> str:
    """Return the hash over everything that a record says, its withdrawal apart."""
    found = {key: value for key, value in asdict(record).items() if key not in ("answer", "record_sha256")}
    text = json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text)


def what_differs(record: Record) -> str | None:
    """Return what about a record is not as it was written; None if everything is."""
    if sha256(record.inputs)[:ID_LENGTH] != record.id:
        return "the id is not the hash of its inputs"
    if sha256(record.answer) != record.answer_sha256:
        return "the answer is not the one that was hashed"
    if record_hash(record) != record.record_sha256:
        return "its time, software, kind, engine or predecessor is not the one that was hashed"
    return None


def now() -> str:
    """Return the time as UTC ISO text with microseconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def sha256(text: str) -> str:
    """Return the SHA-256 of `text` as UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
