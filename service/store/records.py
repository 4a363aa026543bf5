"""The store of records: written once, read for ever."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal

from sqlalchemy import RowMapping, Select, func, insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from analysis import __version__
from analysis.errors import InputError, NotFoundError
from service.errors import StoreUnavailableError, WithdrawnError
from service.questions import canonical, record_id
from service.store.database import Database
from service.store.tables import ESTIMATES, WITHDRAWALS

ADDRESS = "/v1/estimates/{id}"
"""Where a record is found; the address never changes."""

PAGE = 200
"""Records read at a time by an export."""


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
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._ready = False
        self._lock = threading.Lock()

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
                .order_by(ESTIMATES.c.created_at.desc(), ESTIMATES.c.id)
                .limit(1)
            ).scalar()
        record = Record(
            id=key,
            kind=str(inputs["kind"]),
            engine=int(inputs["engine"]),
            created_at=now(),
            software=__version__,
            question_key=question_key,
            supersedes=earlier,
            inputs=canonical(inputs),
            answer=body,
            answer_sha256=sha256(body),
        )
        if self._insert(record):
            return record, True
        return self.find(key), False

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
        return _sound(row)

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
            .order_by(ESTIMATES.c.created_at.desc())
            .limit(1)
        )
        with self.database.reading() as connection:
            return connection.execute(query).scalar()

    def count(self) -> int:
        """Return the number of records, withdrawn ones included."""
        with self.database.reading() as connection:
            return int(connection.execute(select(func.count()).select_from(ESTIMATES)).scalar_one())

    def page(self, after: tuple[str, str] | None, limit: int) -> list[Record]:
        """Return records not withdrawn, oldest first, after the time and id `after` of the last one."""
        query: Select[Any] = (
            select(ESTIMATES)
            .where(~select(WITHDRAWALS.c.record_id).where(WITHDRAWALS.c.record_id == ESTIMATES.c.id).exists())
            .order_by(ESTIMATES.c.created_at, ESTIMATES.c.id)
            .limit(limit)
        )
        if after is not None:
            at, key = after
            query = query.where(
                (ESTIMATES.c.created_at > at) | ((ESTIMATES.c.created_at == at) & (ESTIMATES.c.id > key))
            )
        with self.database.reading() as connection:
            return [_sound(row) for row in connection.execute(query).mappings()]

    def export(self) -> Iterator[str]:
        """Yield every record and withdrawal as one line of JSON each, withdrawals last.

        They are read first: a record stored and withdrawn meanwhile would leave one without its record.
        """
        with self.database.reading() as connection:
            found = connection.execute(select(WITHDRAWALS).order_by(WITHDRAWALS.c.record_id)).mappings().all()
        last: tuple[str, str] | None = None
        while rows := self._all(last):
            for record in rows:
                yield _line("estimate", asdict(record))
            last = (rows[-1].created_at, rows[-1].id)
        for row in found:
            yield _line("withdrawal", dict(row))

    def load(self, lines: Iterable[str]) -> tuple[int, int]:
        """Store what `export` wrote; what is there already is left as it is.

        Returns
        -------
        int, int
            Number of lines stored, and of those that were there.

        Raises
        ------
        InputError
            Naming the first line that cannot be read, or whose hashes do not hold.
        """
        new = known = 0
        for number, line in enumerate(lines, start=1):
            if line.strip():
                stored = self._load_line(line, number)
                new, known = new + stored, known + (not stored)
        return new, known

    def _load_line(self, line: str, number: int) -> bool:
        try:
            row = json.loads(line)
            kind = row.pop("type")
            if kind == "withdrawal":
                return self._load_withdrawal(Withdrawal(**row))
            if kind != "estimate":
                raise InputError(f"line {number} is of an unknown type")
            record = Record(**row)
            inputs = json.loads(record.inputs)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise InputError(f"line {number} is no line of an export") from None
        if record_id(inputs) != record.id or canonical(inputs) != record.inputs:
            raise InputError(f"line {number}: the id of record {record.id} is not the hash of its inputs")
        if sha256(record.answer) != record.answer_sha256:
            raise InputError(
                f"line {number}: the answer of record {record.id} is not the one that was hashed"
            )
        if self._insert(record):
            return True
        if self.find(record.id).answer != record.answer:
            raise InputError(f"line {number}: another answer is stored as record {record.id}")
        return False

    def _load_withdrawal(self, withdrawal: Withdrawal) -> bool:
        if self.withdrawal(withdrawal.record_id) is not None:
            return False
        with self.database.writing() as connection:
            connection.execute(insert(WITHDRAWALS).values(**asdict(withdrawal)))
        return True

    def _all(self, after: tuple[str, str] | None) -> list[Record]:
        query = select(ESTIMATES).order_by(ESTIMATES.c.created_at, ESTIMATES.c.id).limit(PAGE)
        if after is not None:
            at, key = after
            query = query.where(
                (ESTIMATES.c.created_at > at) | ((ESTIMATES.c.created_at == at) & (ESTIMATES.c.id > key))
            )
        with self.database.reading() as connection:
            return [_sound(row) for row in connection.execute(query).mappings()]

    def _insert(self, record: Record) -> bool:
        """Insert a record and return True, or return False if its id is taken."""
        try:
            with self.database.writing() as connection:
                connection.execute(insert(ESTIMATES).values(**asdict(record)))
        except (IntegrityError, DBAPIError):
            if self.has(record.id):
                return False
            raise
        return True


def now() -> str:
    """Return the time as UTC ISO text with microseconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def sha256(text: str) -> str:
    """Return the SHA-256 of `text` as UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _sound(row: RowMapping) -> Record:
    record = Record(**row)
    if sha256(record.answer) != record.answer_sha256:
        raise StoreUnavailableError(f"the record {record.id} is damaged: restore the database from a back-up")
    return record


def _line(kind: Literal["estimate", "withdrawal"], row: dict[str, Any]) -> str:
    return json.dumps({"type": kind, **row}, ensure_ascii=False, sort_keys=True)
