"""The store keeps what it was given, once, and lets nobody change it: on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from analysis.errors import InputError, NotFoundError
from service.errors import WithdrawnError
from service.questions import record_id
from service.store import Record, Store
from service.store.records import now


def inputs(number: int = 0, engine: int = 1) -> dict[str, Any]:
    """Return what a record is identified by; `number` makes it another question."""
    return {
        "kind": "breaks",
        "engine": engine,
        "question": {"series": "x", "options": {"max_breaks": number}},
        "digests": {"series": "s", "events": None, "data": "d", "corrections": None},
    }


ANSWER = {"series": "x", "n_breaks": 1, "note": "Kaesŏng — ‘ban’", "value": 1 / 3, "tiny": 1e-300}


def put(store: Store, number: int = 0, engine: int = 1) -> Record:
    return store.add(inputs(number, engine), ANSWER, f"question {number}")[0]


def test_what_was_stored_comes_back(store: Store) -> None:
    record, new = store.add(inputs(), ANSWER, "question")
    assert new
    found = store.get(record.id)
    assert found == record
    assert found.id == record_id(inputs())
    assert found.document["value"] == 0.333333333333
    assert found.document["note"] == ANSWER["note"]
    assert found.document["record"]["question"] == inputs()["question"]
    assert found.created_at.endswith("Z")
    assert found.created_at <= now()


def test_the_same_question_is_stored_once(store: Store) -> None:
    first, _ = store.add(inputs(), ANSWER, "question")
    again, new = store.add(inputs(), {**ANSWER, "value": 2.0}, "question")
    assert not new
    assert again == first
    assert store.count() == 1


def test_concurrent_writers_of_one_question_store_it_once(store: Store) -> None:
    seen: list[bool] = []
    gate = threading.Barrier(8)

    def write() -> None:
        gate.wait()
        seen.append(store.add(inputs(), ANSWER, "question")[1])

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [False] * 7 + [True]
    assert store.count() == 1


def test_what_is_not_there_is_not_found(store: Store) -> None:
    with pytest.raises(NotFoundError, match="f" * 32):
        store.get("f" * 32)


def test_a_newer_answer_names_the_one_it_supersedes(store: Store) -> None:
    first, second, third = (put(store, 0, engine) for engine in (1, 2, 3))
    assert [r.supersedes for r in (first, second, third)] == [None, first.id, second.id]
    assert store.superseded_by(first.id) == second.id
    assert store.superseded_by(third.id) is None
    assert put(store, 1).supersedes is None, "another question supersedes nothing"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE estimates SET answer = '{}'",
        "UPDATE estimates SET created_at = created_at WHERE id = :id",
        "DELETE FROM estimates",
        "DELETE FROM withdrawals",
        "UPDATE withdrawals SET reason = 'nothing happened'",
        "INSERT INTO estimates SELECT * FROM estimates WHERE id = :id",
        "INSERT INTO withdrawals SELECT * FROM withdrawals",
    ],
)
def test_the_database_refuses_every_change(store: Store, statement: str) -> None:
    record = put(store)
    store.withdraw(record.id, "test")
    before = list(store.export())
    with pytest.raises(DBAPIError), store.database.writing() as connection:
        connection.execute(text(statement), {"id": record.id} if ":id" in statement else {})
    assert list(store.export()) == before


@pytest.mark.parametrize(
    ("dialect", "statement"),
    [
        ("sqlite", "INSERT OR REPLACE INTO estimates SELECT * FROM estimates"),
        ("sqlite", "REPLACE INTO withdrawals SELECT record_id, withdrawn_at, 'x' FROM withdrawals"),
        ("sqlite", "UPDATE OR REPLACE estimates SET kind = 'x'"),
        (
            "sqlite",
            "INSERT INTO estimates SELECT * FROM estimates WHERE true "
            "ON CONFLICT (id) DO UPDATE SET kind = 'x'",
        ),
        ("postgresql", "TRUNCATE estimates CASCADE"),
        ("postgresql", "TRUNCATE withdrawals"),
        (
            "postgresql",
            "INSERT INTO estimates SELECT * FROM estimates ON CONFLICT (id) DO UPDATE SET kind = 'x'",
        ),
    ],
)
def test_no_way_around(store: Store, url: str, dialect: str, statement: str) -> None:
    if not url.startswith(dialect):
        return
    store.withdraw(put(store).id, "test")
    before = list(store.export())
    with pytest.raises(DBAPIError, match="append-only"), store.database.writing() as connection:
        connection.execute(text(statement))
    assert list(store.export()) == before


def test_a_foreign_client_that_sets_no_pragma_is_refused_too(tmp_path) -> None:
    import sqlite3

    from service.store import Database

    path = tmp_path / "records.sqlite"
    store = Store(Database(f"sqlite:///{path}")).ready()
    put(store)
    foreign = sqlite3.connect(path, isolation_level=None)
    for statement in (
        "INSERT OR REPLACE INTO estimates SELECT * FROM estimates",
        "DELETE FROM estimates",
        "UPDATE estimates SET kind = 'x'",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            foreign.execute(statement)
    foreign.close()


def test_every_commit_is_on_disk_before_it_is_acknowledged(tmp_path) -> None:
    from service.store import Database

    database = Database(f"sqlite:///{tmp_path / 'records.sqlite'}")
    database.prepare()
    with database.reading() as connection:
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "recursive_triggers", "foreign_keys")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "recursive_triggers": 1, "foreign_keys": 1}


def test_a_withdrawal_says_when_and_why_and_the_row_stays(store: Store) -> None:
    record = put(store)
    store.withdraw(record.id, "  the source\nwas wrong ")
    with pytest.raises(WithdrawnError, match=r"withdrawn on 20\d\d-\d\d-\d\d: the source was wrong"):
        store.get(record.id)
    assert store.find(record.id) == record
    assert store.page(None, 10) == []
    with pytest.raises(InputError, match="already"):
        store.withdraw(record.id, "again")
    with pytest.raises(InputError, match="reason"):
        store.withdraw(put(store, 1).id, "   ")
    with pytest.raises(NotFoundError):
        store.withdraw("0" * 32, "x")


def test_an_export_can_be_imported_elsewhere_and_changes_nothing_when_repeated(
    store: Store, tmp_path
) -> None:
    from service.store import Database

    records = [put(store, number) for number in range(5)]
    store.withdraw(records[2].id, "test")
    lines = list(store.export())
    assert len(lines) == 6
    other = Store(Database(f"sqlite:///{tmp_path / 'other.sqlite'}")).ready()
    assert other.load(lines) == (6, 0)
    assert other.load(lines) == (0, 6)
    assert list(other.export()) == lines
    assert store.load(lines) == (0, 6)


def test_what_is_withdrawn_during_an_export_can_still_be_imported(store: Store, tmp_path) -> None:
    from service.store import Database

    put(store)
    export = store.export()
    lines = [next(export)]
    store.withdraw(put(store, 1).id, "test")
    lines += export
    other = Store(Database(f"sqlite:///{tmp_path / 'other.sqlite'}")).ready()
    assert other.load(lines) == (len(lines), 0)
    assert other.load(store.export())[1] == len(lines)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda row: row | {"answer": '{"n_breaks":7}'}, "not the one that was hashed"),
        (lambda row: row | {"inputs": row["inputs"].replace('"engine":1', '"engine":2')}, "not the hash"),
        (lambda row: row | {"type": "table"}, "unknown type"),
        (lambda row: {"type": "estimate"}, "no line of an export"),
        (lambda row: ["estimate"], "no line of an export"),
    ],
)
def test_a_line_that_was_tampered_with_is_refused(store: Store, damage, words: str) -> None:
    put(store)
    row = damage(json.loads(next(iter(store.export()))))
    with pytest.raises(InputError, match=f"line 2.*{words}"):
        store.load(["", json.dumps(row)])


def test_pages_hold_every_record_once(store: Store) -> None:
    ids = [put(store, number).id for number in range(7)]
    seen: list[str] = []
    after = None
    while rows := store.page(after, 3):
        seen += [row.id for row in rows]
        after = (rows[-1].created_at, rows[-1].id)
    assert seen == ids
