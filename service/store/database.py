"""One database, SQLite or PostgreSQL: connections, faults in words, migrations."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, make_url, text, update
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    DisconnectionError,
    OperationalError,
    SQLAlchemyError,
    StatementError,
)
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from analysis.errors import MissingExtraError, UsageError
from service.errors import StoreUnavailableError
from service.store import triggers
from service.store.tables import APPEND_ONLY, PROBES

MIGRATIONS = Path(__file__).parents[1] / "migrations"

BUSY_SECONDS = 2.0
"""How long a writer waits for another one, or for a connection, before it gives up."""

CONNECT_SECONDS = 3
"""How long a database server may take to answer."""

MOST_CONNECTIONS = 16
"""Connections of one process: a store that does not answer holds so many threads at most."""

READ = "BEGIN"
WRITE = "BEGIN IMMEDIATE"


def default_url() -> str:
    """Return the address of the SQLite file that is used if none is named.

    It is ``tradebreaks/records.sqlite`` in ``XDG_DATA_HOME``, or in ``~/.local/share``.
    """
    base = os.environ.get("XDG_DATA_HOME") or str(Path("~").expanduser() / ".local" / "share")
    return f"sqlite:///{Path(base) / 'tradebreaks' / 'records.sqlite'}"


class Database:
    """Connections to one database; every fault of it is one error.

    Parameters
    ----------
    url : str
        ``sqlite:///PATH`` or ``postgresql://...``; empty means `default_url`.

    Raises
    ------
    UsageError
        If the address cannot be read.
    MissingExtraError
        If the driver for PostgreSQL is not installed.
    """

    def __init__(self, url: str = "") -> None:
        try:
            self.url = make_url(url or default_url())
        except ArgumentError:
            raise UsageError("TRADEBREAKS_DATABASE_URL is no database address") from None
        backend = self.url.get_backend_name()
        if backend not in (triggers.SQLITE, triggers.POSTGRESQL):
            raise UsageError(f"TRADEBREAKS_DATABASE_URL names {backend}; sqlite and postgresql are known")
        self.is_sqlite = backend == triggers.SQLITE
        if self.is_sqlite and not self.url.database:
            raise UsageError(
                "TRADEBREAKS_DATABASE_URL names no file: sqlite:////var/lib/tradebreaks/x.sqlite"
            )
        self._engine = self._sqlite() if self.is_sqlite else self._postgresql()

    @property
    def read_only(self) -> bool:
        """Whether the file, or the place where it lies, cannot be written."""
        return self.is_sqlite and self.path.exists() and not _writable(self.path)

    @property
    def path(self) -> Path:
        """File of an SQLite database."""
        return Path(str(self.url.database))

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection inside a transaction that only reads.

        Raises
        ------
        StoreUnavailableError
            If the database cannot be reached or read.
        """
        with self._transaction(READ) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection inside a transaction that writes; it is on disk when the block ends.

        Raises
        ------
        StoreUnavailableError
            If the database cannot be reached or written, or the disk is full.
        """
        if self.read_only:
            raise StoreUnavailableError(
                "the database of records is read-only here: its place cannot be written, so nothing is stored"
            )
        with self._transaction(WRITE) as connection:
            yield connection

    def probe(self) -> None:
        """Write one row, as a record would be written.

        Raises
        ------
        StoreUnavailableError
            If nothing can be stored.
        """
        moment = {"at": datetime.now(UTC).isoformat()}
        with self.writing() as connection:
            if not connection.execute(update(PROBES).where(PROBES.c.name == "ready").values(moment)).rowcount:
                connection.execute(insert(PROBES).values(name="ready", **moment))

    def revision(self) -> str | None:
        """Return the migration that the database stands at; None if it is empty."""
        with self.reading() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()

    def prepare(self) -> None:
        """Create the tables of an empty database; an older one is left for `migrate`.

        Raises
        ------
        StoreUnavailableError
            If the database is not reachable, or stands at another migration than this software.
        """
        if self.is_sqlite and not self.path.exists():
            self._create_file()
        if self.revision() is None:
            try:
                self.migrate()
            except StoreUnavailableError:
                # Another process may have created the tables in the same moment.
                if self.revision() is None:
                    raise
        self.require_current()

    def require_current(self) -> None:
        """Check migration and triggers.

        Raises
        ------
        StoreUnavailableError
            Naming what is wrong and the command that mends it.
        """
        found, wanted = self.revision(), head()
        if found != wanted:
            raise StoreUnavailableError(
                f"the database of records stands at migration {found or 'none'}, "
                f"this software needs {wanted}: make a back-up and run tradebreaks records migrate"
            )
        with self.reading() as connection:
            there = triggers.present(connection)
        for table in APPEND_ONLY:
            lost = triggers.expected(self._engine.dialect.name, table) - there
            if lost:
                raise StoreUnavailableError(
                    f"the table {table} is not append-only: the trigger {sorted(lost)[0]} is missing"
                )

    def check_file(self) -> None:
        """Let SQLite check its file; PostgreSQL keeps watch over its own.

        Raises
        ------
        StoreUnavailableError
            If the file is damaged.
        """
        if self.is_sqlite:
            with self.reading() as connection:
                found = connection.execute(text("PRAGMA quick_check(1)")).scalar()
            if found != "ok":
                raise StoreUnavailableError(
                    f"the database of records is damaged ({found}): restore it from a back-up"
                )

    def destroys(self, revision: str) -> bool:
        """Tell whether going to `revision` takes away tables or columns that hold something."""
        if self.is_sqlite and not self.path.exists():
            return False
        with self.reading() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return False
            return revision == "base" or _is_older(connection, revision)

    def migrate_or_create(self, revision: str = "head", *, down: bool = False) -> None:
        """Migrate to `revision`; an SQLite file that is not there is created first."""
        if self.is_sqlite and not self.path.exists():
            self._create_file()
        self.migrate(revision, down=down)

    def close(self) -> None:
        """Close every connection; the next use opens another."""
        self._engine.dispose()

    def migrate(self, revision: str = "head", *, down: bool = False) -> None:
        """Run the migrations up to `revision`, or down to it if `down` says so: that destroys.

        Raises
        ------
        UsageError
            If there is no such migration, or it is an older one and `down` does not say so.
        StoreUnavailableError
            If the database is not reachable or a migration fails; nothing is changed then.
        """
        from alembic import command

        if revision not in ("head", "base", *_known()):
            raise UsageError(f"no such migration '{revision}'; there are {', '.join(reversed(_known()))}")
        if not down and self.destroys(revision):
            raise UsageError(
                f"migration {revision} is older than the store: going back destroys what it lacks"
            )
        with self.writing() as connection:
            config = _alembic()
            config.attributes["connection"] = connection
            current = inspect(connection).has_table("alembic_version")
            if revision == "base" or (current and _is_older(connection, revision)):
                command.downgrade(config, revision)
            else:
                command.upgrade(config, revision)

    def _sqlite(self) -> Engine:
        address = self.path.absolute().as_uri()

        def connect() -> sqlite3.Connection:
            # mode=rw: a file that is gone is an error, never a new and empty store.
            how = "?mode=ro&immutable=1" if self.read_only else "?mode=rw"
            if self.read_only and _unsettled(self.path):
                raise StoreUnavailableError(
                    f"the newest records are in {self.path.name}-wal, which cannot be read without writing: "
                    "open the store once where it can be written"
                )
            return sqlite3.connect(
                address + how, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )

        def remember(connection: Any, record: ConnectionPoolEntry) -> None:
            record.info["file"] = _identity(self.path)
            _set_pragmas(connection, writable=not self.read_only)

        def still_the_same(_connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
            # A connection to a file that was moved or deleted would go on writing to nowhere.
            if record.info["file"] != _identity(self.path):
                raise DisconnectionError

        engine = create_engine(
            "sqlite://",
            creator=connect,
            poolclass=QueuePool,
            pool_size=4,
            max_overflow=MOST_CONNECTIONS - 4,
            pool_timeout=BUSY_SECONDS,
        )
        event.listen(engine, "connect", remember)
        event.listen(engine, "checkout", still_the_same)
        event.listen(engine, "begin", _begin)
        return engine

    def _postgresql(self) -> Engine:
        try:
            return create_engine(
                self.url.set(drivername="postgresql+psycopg"),
                pool_pre_ping=True,
                pool_size=4,
                max_overflow=MOST_CONNECTIONS - 4,
                pool_timeout=BUSY_SECONDS,
                connect_args={
                    "connect_timeout": CONNECT_SECONDS,
                    "options": f"-c lock_timeout={int(1000 * BUSY_SECONDS)}",
                },
            )
        except ModuleNotFoundError:
            raise MissingExtraError.naming("a PostgreSQL store", "postgres") from None

    def _create_file(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch(mode=0o600)
        except OSError as error:
            raise StoreUnavailableError(
                f"the database of records cannot be created at {self.path} ({error.strerror}): "
                "set TRADEBREAKS_DATABASE_URL to a place that can be written"
            ) from None

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Connection]:
        with self._faults(), self._engine.connect() as opened:
            connection = opened.execution_options(begin=begin)
            with connection.begin():
                yield connection

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            damaged = any(words in str(error.orig) for words in ("malformed", "not a database"))
            if error.connection_invalidated or isinstance(error, OperationalError) or damaged:
                raise StoreUnavailableError(_sentence(error)) from error
            raise
        except StatementError:
            raise
        except (SQLAlchemyError, sqlite3.DatabaseError) as error:
            raise StoreUnavailableError(
                f"the database of records does not answer: {_first_line(error)}"
            ) from error


def head() -> str:
    """Return the newest migration."""
    from alembic.script import ScriptDirectory

    return str(ScriptDirectory.from_config(_alembic()).get_current_head())


def _alembic() -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _known() -> list[str]:
    """Return every migration, the newest first."""
    from alembic.script import ScriptDirectory

    return [script.revision for script in ScriptDirectory.from_config(_alembic()).walk_revisions()]


def _is_older(connection: Connection, revision: str) -> bool:
    current = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    known = _known()
    return current in known and revision in known and known.index(revision) > known.index(str(current))


def _writable(path: Path) -> bool:
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _unsettled(path: Path) -> bool:
    """Tell whether records lie beside the file that are not in it yet."""
    beside = path.with_name(f"{path.name}-wal")
    return beside.exists() and beside.stat().st_size > 0


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _set_pragmas(connection: Any, *, writable: bool) -> None:
    cursor = connection.cursor()
    for pragma in (
        *(("journal_mode = WAL", "synchronous = FULL") if writable else ()),
        "recursive_triggers = ON",
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", READ))


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", maxsplit=1)[0]


def _sentence(error: DBAPIError) -> str:
    return f"the database of records does not answer: {_first_line(error.orig or error)}"
