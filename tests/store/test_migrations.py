"""Migrations run up and down on both databases; the store stays append-only through them."""

from __future__ import annotations

from dataclasses import asdict

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.exc import DBAPIError

from analysis.errors import UsageError
from service.errors import StoreUnavailableError
from service.questions import canonical, record_id
from service.store import Database, Store, triggers
from service.store.database import head
from service.store.records import sealed
from service.store.tables import APPEND_ONLY, METADATA
from tests.store.test_records import inputs, put


def names(database: Database) -> set[str]:
    with database.reading() as connection:
        return triggers.present(connection)


def guarded(database: Database) -> set[str]:
    dialect = "sqlite" if database.is_sqlite else "postgresql"
    return set().union(*(triggers.expected(dialect, table) for table in APPEND_ONLY))


def test_up_and_down_and_up_again(database: Database) -> None:
    database.migrate_or_create()
    assert database.revision() == head()
    assert names(database) == guarded(database)
    database.migrate("0001", down=True)
    assert database.revision() == "0001"
    assert names(database) == guarded(database), "a step down keeps the triggers"
    database.migrate("base", down=True)
    assert database.revision() is None
    assert names(database) == set()
    database.migrate()
    assert names(database) == guarded(database)


def old_record(database: Database, number: int, moment: str) -> str:
    """Write a record as software before migration 0003 did."""
    record = sealed(
        id=record_id(inputs(number)),
        kind="breaks",
        engine=1,
        created_at=moment,
        software="0.0",
        question_key=f"question {number}",
        supersedes=None,
        inputs=canonical(inputs(number)),
        answer="{}",
    )
    row = {key: value for key, value in asdict(record).items() if key != "record_sha256"}
    with database.writing() as connection:
        connection.execute(sa.table("estimates", *map(sa.column, row)).insert(), row)
    return record.id


def test_a_step_up_keeps_the_records_and_gives_them_hash_and_order(database: Database) -> None:
    database.migrate_or_create("0001")
    late = old_record(database, 0, "2026-02-01T00:00:00.000000Z")
    early = old_record(database, 1, "2026-01-01T00:00:00.000000Z")
    with database.writing() as connection:
        connection.execute(
            sa.text("INSERT INTO withdrawals VALUES (:id, '2026-03-01', 'test')"), {"id": late}
        )
    database.migrate()
    store = Store(database).ready()
    assert [row.record.id for row in store.page(0, 10, withdrawn=True)] == [early, late]
    assert store.check() == (2, [])
    assert store.withdrawal(late) is not None
    assert put(store, 2).id
    assert store.page(0, 10)[-1].sequence == 3


def test_going_back_destroys_nothing_unless_it_is_said(database: Database) -> None:
    database.migrate_or_create()
    put(Store(database))
    for older in ("base", "0001", "0002"):
        with pytest.raises(UsageError, match="destroys"):
            database.migrate(older)
    assert Store(database).count() == 1


def test_the_migrations_lead_to_the_tables_that_the_code_uses(database: Database) -> None:
    database.prepare()
    with database.reading() as connection:
        found = compare_metadata(MigrationContext.configure(connection), METADATA)
    assert found == []


def test_a_migration_that_rebuilds_a_table_puts_the_triggers_back(store: Store) -> None:
    record = put(store)
    with store.database.writing() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with (
            triggers.rebuilding(connection, "estimates"),
            operations.batch_alter_table(
                "estimates", recreate="always" if store.database.is_sqlite else "auto"
            ) as table,
        ):
            table.add_column(sa.Column("note", sa.Text, nullable=False, server_default=""))
    assert names(store.database) == guarded(store.database)
    with pytest.raises(DBAPIError, match="append-only"), store.database.writing() as connection:
        connection.execute(sa.text("DELETE FROM estimates"))
    with store.database.reading() as connection:
        assert connection.execute(sa.text("SELECT id FROM estimates")).scalars().all() == [record.id]


def test_an_older_database_is_not_used_and_the_command_is_named(database: Database) -> None:
    database.migrate_or_create("0001")
    with pytest.raises(StoreUnavailableError, match="tradebreaks records migrate"):
        Store(database).ready()


def test_a_lost_trigger_is_noticed(store: Store) -> None:
    with store.database.writing() as connection:
        triggers.drop(connection, "estimates")
    with pytest.raises(StoreUnavailableError, match="not append-only"):
        store.database.require_current()
