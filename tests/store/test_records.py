"""The store keeps what it was given, once, and lets nobody change it: on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import threading
from dataclasses import fields, replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from analysis.errors import InputError, NotFoundError
from service.errors import StoreUnavailableError, WithdrawnError
from service.questions import record_id
from service.store import Damaged, Record, Store, triggers
from service.store.exchange import export, load
from service.store.records import now, record_hash, sha256, what_differs


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
    before = list(export(store))
    with pytest.raises(DBAPIError), store.database.writing() as connection:
        connection.execute(text(statement), {"id": record.id} if ":id" in statement else {})
    assert list(export(store)) == before


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
    before = list(export(store))
    with pytest.raises(DBAPIError, match="append-only"), store.database.writing() as connection:
        connection.execute(text(statement))
    assert list(export(store)) == before


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
    assert store.page(0, 10) == []
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
    lines = list(export(store))
    assert len(lines) == 7, "the last one says how many there are"
    other = Store(Database(f"sqlite:///{tmp_path / 'other.sqlite'}")).ready()
    assert load(other, lines) == (6, 0)
    assert load(other, lines) == (0, 6)
    assert list(export(other)) == lines
    assert load(store, lines) == (0, 6)


def test_what_is_withdrawn_during_an_export_can_still_be_imported(store: Store, tmp_path) -> None:
    from service.store import Database

    put(store)
    exported = export(store)
    lines = [next(exported)]
    store.withdraw(put(store, 1).id, "test")
    lines += exported
    other = Store(Database(f"sqlite:///{tmp_path / 'other.sqlite'}")).ready()
    assert load(other, lines) == (len(lines) - 1, 0)
    assert load(other, export(store))[1] == len(lines) - 1


def rechained(lines: list[dict[str, Any]]) -> list[str]:
    """Return lines with a chain that holds, as somebody would make it who knows how."""
    last, done = "0" * 64, []
    for line in lines:
        row = {key: value for key, value in line.items() if key != "chain"}
        last = sha256(last + json.dumps(row, ensure_ascii=False, sort_keys=True))
        done.append(json.dumps({**row, "chain": last}, ensure_ascii=False, sort_keys=True))
    return done


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda row: row | {"answer": '{"n_breaks":7}'}, "not the one that was hashed"),
        (lambda row: row | {"inputs": row["inputs"].replace('"engine":1', '"engine":2')}, "not the hash"),
        (lambda row: row | {"created_at": "2001-01-01T00:00:00.000000Z"}, "its time, software"),
        (lambda row: row | {"software": "9"}, "its time, software"),
        (lambda row: row | {"supersedes": "0" * 32}, "its time, software"),
        (lambda row: row | {"engine": 7}, "its time, software"),
        (lambda row: row | {"engine": "1"}, "no line of an export"),
        (lambda row: row | {"kind": "forecast", "resealed": True}, "no kind of record"),
        (lambda row: row | {"more": 1}, "no line of an export"),
        (lambda row: row | {"type": "table"}, "unknown type"),
        (lambda row: {"type": "estimate"}, "no line of an export"),
    ],
)
def test_a_line_that_was_tampered_with_is_refused(store: Store, damage, words: str) -> None:
    put(store)
    lines = [json.loads(line) for line in export(store)]
    row = damage(lines[0])
    if row.pop("resealed", False):
        plain = {key: value for key, value in row.items() if key not in ("type", "chain")}
        row["record_sha256"] = record_hash(Record(**plain))
    with pytest.raises(InputError, match=f"line 1.*{words}"):
        load(store, rechained([row, *lines[1:]]))


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda lines: [lines[0], *lines[2:]], "line 2: this line, or one before it"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "line 1: this line"),
        (lambda lines: [lines[0].replace("breaks", "brakes"), *lines[1:]], "line 1: this line"),
        (lambda lines: lines[:-1], "cut off"),
        (lambda lines: [*lines, lines[0]], "line 5: something stands after"),
        (lambda lines: ["[]"], "line 1: this is no line"),
        (
            lambda lines: rechained([json.loads(lines[k]) for k in (0, 1, 1, 2, 3)]),
            "line 3: the estimate of [0-9a-f]{32} stands twice",
        ),
        (
            lambda lines: rechained([json.loads(lines[k]) for k in (1, 2, 3)]),
            "line 2: the record [0-9a-f]{32} is withdrawn, but there is no such record",
        ),
    ],
    ids=["taken-out", "moved", "changed", "cut", "after-end", "list", "doubled", "orphan"],
)
def test_an_export_edited_by_hand_is_refused_whole(store: Store, tmp_path, edit, words: str) -> None:
    from service.store import Database

    store.withdraw(put(store).id, "test")
    put(store, 1)
    other = Store(Database(f"sqlite:///{tmp_path / 'other.sqlite'}")).ready()
    with pytest.raises(InputError, match=words):
        load(other, edit(list(export(store))))
    assert other.count() == 0, "an import is one transaction"


def test_a_hash_is_over_everything_but_the_withdrawal(store: Store) -> None:
    record = put(store)
    assert what_differs(record) is None
    for name in (f.name for f in fields(Record)):
        value = getattr(record, name)
        other = replace(record, **{name: value + 1 if isinstance(value, int) else f"{value}x"})
        assert what_differs(other) is not None, name


def test_pages_hold_every_record_once(store: Store) -> None:
    ids = [put(store, number).id for number in range(7)]
    seen: list[str] = []
    after = 0
    while rows := store.page(after, 3):
        seen += [row.record.id for row in rows]
        after = rows[-1].sequence
    assert seen == ids


def test_a_reader_that_follows_pages_while_six_write_misses_nothing(store: Store) -> None:
    def write(writer: int) -> None:
        for number in range(12):
            put(store, 100 * writer + number)

    writers = [threading.Thread(target=write, args=(k,)) for k in range(6)]
    seen: list[str] = []
    after = 0
    for writer in writers:
        writer.start()
    while True:
        running = any(writer.is_alive() for writer in writers)
        rows = store.page(after, 5)
        seen += [row.record.id for row in rows]
        after = rows[-1].sequence if rows else after
        if not rows and not running:
            break
    for writer in writers:
        writer.join()
    assert len(seen) == len(set(seen)) == store.count() == 72


def test_one_damaged_record_is_named_and_the_rest_is_listed_and_exported(store: Store) -> None:
    records = [put(store, number) for number in range(3)]
    with store.database.writing() as connection:
        triggers.drop(connection, "estimates")
        connection.execute(text("UPDATE estimates SET software = '9' WHERE id = :id"), {"id": records[1].id})
        triggers.create(connection, "estimates")
    rows = [row.record for row in store.page(0, 10)]
    assert [row.id for row in rows] == [record.id for record in records]
    assert [isinstance(row, Damaged) for row in rows] == [False, True, False]
    lines: list[str] = []
    with pytest.raises(StoreUnavailableError, match=records[1].id):
        lines.extend(export(store))
    assert [json.loads(line)["type"] for line in lines] == ["estimate", "estimate", "end"]
    assert store.check() == (3, [rows[1]])
    assert list(store.damaged) == [records[1].id]
