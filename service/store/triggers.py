"""What makes a table append-only: triggers in the database itself, whoever writes to it.

A migration that rebuilds such a table loses its triggers (SQLite) and must put them back: it works inside
:func:`rebuilding`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

SQLITE = "sqlite"
POSTGRESQL = "postgresql"

_FUNCTION = "tradebreaks_append_only"

_SQLITE = {
    "update": "CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
    "BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
    "delete": "CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
    "BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
    "replace": "CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
    "WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key}) "
    "BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
}
_POSTGRESQL = {
    "change": f"CREATE TRIGGER {{table}}_no_change BEFORE UPDATE OR DELETE ON {{table}} "
    f"FOR EACH ROW EXECUTE FUNCTION {_FUNCTION}()",
    "truncate": f"CREATE TRIGGER {{table}}_no_truncate BEFORE TRUNCATE ON {{table}} "
    f"FOR EACH STATEMENT EXECUTE FUNCTION {_FUNCTION}()",
}
_POSTGRESQL_FUNCTION = (
    f"CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
)

KEYS = {"estimates": "id", "withdrawals": "record_id"}
"""Primary key of each append-only table."""


def expected(dialect: str, table: str) -> set[str]:
    """Return the names of the triggers that guard `table`."""
    return {f"{table}_no_{name}" for name in (_SQLITE if dialect == SQLITE else _POSTGRESQL)}


def present(connection: Connection) -> set[str]:
    """Return the names of the triggers in the database."""
    if connection.dialect.name == SQLITE:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = (
            "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
            "JOIN pg_namespace ON pg_namespace.oid = relnamespace "
            "WHERE NOT tgisinternal AND tgenabled <> 'D' AND nspname = current_schema()"
        )
    return {str(name) for name in connection.execute(text(query)).scalars()}


def create(connection: Connection, table: str) -> None:
    """Make `table` append-only."""
    dialect = connection.dialect.name
    if dialect != SQLITE:
        connection.execute(text(_POSTGRESQL_FUNCTION))
    for statement in (_SQLITE if dialect == SQLITE else _POSTGRESQL).values():
        connection.execute(text(statement.format(table=table, key=KEYS[table])))


def drop(connection: Connection, table: str) -> None:
    """Take the triggers of `table` away, for a migration."""
    dialect = connection.dialect.name
    for name in sorted(expected(dialect, table)):
        on = "" if dialect == SQLITE else f" ON {table}"
        connection.execute(text(f"DROP TRIGGER IF EXISTS {name}{on}"))


def drop_function(connection: Connection) -> None:
    """Take away what the triggers of all tables share, after the last table is gone."""
    if connection.dialect.name != SQLITE:
        connection.execute(text(f"DROP FUNCTION IF EXISTS {_FUNCTION}()"))


@contextmanager
def rebuilding(connection: Connection, table: str) -> Iterator[None]:
    """Alter an append-only table inside this block; its triggers are put back afterwards."""
    drop(connection, table)
    yield
    create(connection, table)
