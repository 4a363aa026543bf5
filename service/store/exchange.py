"""Export and import: every record and withdrawal as one line of JSON, each chained to the lines before it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Connection, insert, select

from analysis.errors import InputError
from service.errors import StoreUnavailableError
from service.questions import KINDS
from service.store.records import Damaged, Record, Store, Withdrawal, insert_record, sha256, what_differs
from service.store.tables import ESTIMATES, WITHDRAWALS

END = "end"
START = "0" * 64
"""What the first line is chained to."""


def export(store: Store) -> Iterator[str]:
    """Yield every record, then every withdrawal, then one line that says how many lines there were.

    Withdrawals are read first: a record stored and withdrawn meanwhile would leave one without its record.

    Raises
    ------
    StoreUnavailableError
        After the last line, naming the records that are damaged; all others were exported.
    """
    with store.database.reading() as connection:
        gone = connection.execute(select(WITHDRAWALS).order_by(WITHDRAWALS.c.record_id)).mappings().all()
    chain = _Chain()
    damaged: list[str] = []
    for record in store.every():
        if isinstance(record, Damaged):
            damaged.append(f"{record.id} ({record.why})")
        else:
            yield chain.line("estimate", asdict(record))
    for row in gone:
        if row["record_id"] not in store.damaged:
            yield chain.line("withdrawal", dict(row))
    yield chain.line(END, {"lines": chain.count})
    if damaged:
        raise StoreUnavailableError(
            f"everything was exported but the damaged: {', '.join(damaged)}; restore them from a back-up"
        )


def load(store: Store, lines: Iterable[str]) -> tuple[int, int]:
    """Store what `export` wrote in one transaction; what is there already is left as it is.

    Returns
    -------
    int, int
        Number of records and withdrawals stored, and of those that were there.

    Raises
    ------
    InputError
        Naming the first line that is wrong; then nothing was stored.
    """
    with store.database.writing() as connection:
        reading = _Reading(connection)
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    reading.take(line)
                except InputError as error:
                    raise InputError(f"line {number}: {error.message}") from None
        if not reading.ended:
            raise InputError("the export ends before its last line: it was cut off")
    return reading.new, reading.known


class _Chain:
    """The hash of everything written so far."""

    def __init__(self) -> None:
        self.last = START
        self.count = 0

    def line(self, kind: str, row: dict[str, Any]) -> str:
        """Return one line; the next one depends on it."""
        self.last = self.over(kind, row)
        self.count += 1
        return json.dumps({"type": kind, **row, "chain": self.last}, ensure_ascii=False, sort_keys=True)

    def over(self, kind: str, row: dict[str, Any]) -> str:
        """Return the hash of a line after those before it."""
        return sha256(self.last + json.dumps({"type": kind, **row}, ensure_ascii=False, sort_keys=True))


class _Reading:
    """What an import has read so far."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._chain = _Chain()
        self._seen: set[tuple[str, str]] = set()
        self.new = self.known = 0
        self.ended = False

    def take(self, line: str) -> None:
        """Check one line and store what it holds.

        Raises
        ------
        InputError
            If it is wrong.
        """
        try:
            row = json.loads(line)
            kind, chain = row.pop("type"), row.pop("chain")
        except (ValueError, TypeError, KeyError, AttributeError):
            raise InputError("this is no line of an export") from None
        if self.ended:
            raise InputError("something stands after the end of the export")
        take = {"estimate": self._record, "withdrawal": self._withdrawal, END: self._end}.get(str(kind))
        if take is None:
            raise InputError("the line is of an unknown type")
        if self._chain.over(kind, row) != chain:
            raise InputError("this line, or one before it, was changed, moved or taken out")
        take(row)
        self._chain.last = chain
        self._chain.count += 1

    def _record(self, row: dict[str, Any]) -> None:
        record = Record(**_texts(row, Record))
        self._once("estimate", record.id)
        wrong = what_differs(record)
        inputs = json.loads(record.inputs) if wrong is None else {}
        if wrong is None and (record.kind not in KINDS or record.kind != inputs["kind"]):
            wrong = f"'{record.kind}' is no kind of record"
        if wrong is None and record.engine != inputs["engine"]:
            wrong = "its engine is not that of its inputs"
        if wrong is not None:
            raise InputError(f"the record {record.id}: {wrong}")
        query = select(ESTIMATES.c.answer_sha256).where(ESTIMATES.c.id == record.id)
        there = self._connection.execute(query).scalar()
        if there is None:
            insert_record(self._connection, record)
            self.new += 1
        elif there != record.answer_sha256:
            raise InputError(f"another answer is stored as record {record.id}")
        else:
            self.known += 1

    def _withdrawal(self, row: dict[str, Any]) -> None:
        withdrawal = Withdrawal(**_texts(row, Withdrawal))
        self._once("withdrawal", withdrawal.record_id)
        key = withdrawal.record_id
        query = select(ESTIMATES.c.id).where(ESTIMATES.c.id == key)
        if self._connection.execute(query).first() is None:
            raise InputError(f"the record {key} is withdrawn, but there is no such record")
        query = select(WITHDRAWALS.c.record_id).where(WITHDRAWALS.c.record_id == key)
        if self._connection.execute(query).first() is None:
            self._connection.execute(insert(WITHDRAWALS).values(**asdict(withdrawal)))
            self.new += 1
        else:
            self.known += 1

    def _end(self, row: dict[str, Any]) -> None:
        if row != {"lines": self._chain.count}:
            raise InputError("the export has another number of lines than its last one says")
        self.ended = True

    def _once(self, kind: str, key: str) -> None:
        if (kind, key) in self._seen:
            raise InputError(f"the {kind} of {key} stands twice in the file")
        self._seen.add((kind, key))


def _texts(row: dict[str, Any], form: type[Record] | type[Withdrawal]) -> dict[str, Any]:
    """Return a row whose fields are those of `form`, with values of their types."""
    wanted = {field.name: field.type for field in fields(form)}
    kinds: dict[object, tuple[type, ...]] = {"str": (str,), "int": (int,), "str | None": (str, type(None))}
    if row.keys() != wanted.keys() or not all(isinstance(row[k], kinds[t]) for k, t in wanted.items()):
        raise InputError("this is no line of an export of this version")
    return row
