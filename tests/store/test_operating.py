"""docs/operating.md is done as it is written: back-up and restore, roles of PostgreSQL, withdrawal."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from analysis.errors import NotFoundError
from service.errors import WithdrawnError
from service.store import Database, Store
from service.store.exchange import export
from tests.store.test_records import put

ROOT = Path(__file__).parents[2]


def blocks(heading: str, language: str) -> list[str]:
    """Return the blocks of a language under a heading; of a console, its commands."""
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    section = page.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    found = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found
    if language == "console":
        return ["\n".join(re.findall(r"^\$ (.*)$", block, re.MULTILINE)) for block in found]
    return found


class Shell:
    """A shell with `tradebreaks` on its path, as on the operator's machine."""

    def __init__(self, place: Path) -> None:
        self.place = place
        program = place / "tradebreaks"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m service.cli "$@"\n')
        program.chmod(0o755)

    def run(self, commands: str, url: str, record: str = "") -> str:
        """Run commands on the store at `url`, and return what they print."""
        done = subprocess.run(
            ["sh", "-e", "-c", commands],
            cwd=self.place,
            env={
                **os.environ,
                "PATH": f"{self.place}:{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT),
                "TRADEBREAKS_DATABASE_URL": url,
                "RECORD": record,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_back_up_and_restore(shell: Shell, url: str, store: Store) -> None:
    backup, restore = blocks("Back-up and restore", "console")
    record = json.loads(shell.run("tradebreaks record breaks dprk.total.a --json", url))
    withdrawn = put(store)
    store.withdraw(withdrawn.id, "the source was wrong")
    shell.run(backup, url)
    new = f"sqlite:///{shell.place / 'restored.sqlite'}"
    assert "3 lines stored" in (said := shell.run(restore, new, record["record_id"])), said
    assert "identical" in said
    restored = Store(Database(new)).ready()
    assert restored.get(record["record_id"]).document == record
    with pytest.raises(WithdrawnError, match="the source was wrong"):
        restored.get(withdrawn.id)
    assert list(export(restored)) == list(export(store))


def test_withdrawal(shell: Shell, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'records.sqlite'}"
    record = put(Store(Database(url)).ready())
    (command,) = blocks("Withdraw a record", "console")
    shell.run(command, url, record.id)
    with pytest.raises(WithdrawnError, match="the source was wrong"):
        Store(Database(url)).ready().get(record.id)


@pytest.fixture
def granted(postgres: str) -> Iterator[str]:
    """What the page grants, on a server that has its roles and its database while the test runs."""
    roles, grants = blocks("PostgreSQL", "sql")
    server = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        for statement in roles.strip().rstrip(";").split(";"):
            connection.execute(text(statement))
    yield grants
    with server.connect() as connection:
        connection.execute(text("DROP DATABASE tradebreaks WITH (FORCE)"))
        for role in ("tradebreaks_service", "tradebreaks_owner"):
            connection.execute(text(f"DROP ROLE {role}"))
    server.dispose()


def test_the_role_of_the_service_can_add_and_change_nothing(
    shell: Shell, postgres: str, granted: str
) -> None:
    (migrate,) = blocks("PostgreSQL", "console")
    base = create_engine(postgres).url.set(database="tradebreaks")
    owner, service = (base.set(username=f"tradebreaks_{name}") for name in ("owner", "service"))
    shell.run(migrate, owner.render_as_string(hide_password=False))
    granting = create_engine(owner)
    with granting.begin() as connection:
        connection.execute(text(granted))
    granting.dispose()
    database = Database(service.render_as_string(hide_password=False))
    store = Store(database).ready()
    record = put(store)
    store.withdraw(record.id, "test")
    for statement in (
        "DELETE FROM estimates",
        "UPDATE estimates SET kind = 'x'",
        "TRUNCATE withdrawals CASCADE",
        "ALTER TABLE estimates DISABLE TRIGGER ALL",
        "DROP TRIGGER estimates_no_change ON estimates",
        "DROP TABLE batches",
    ):
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"), database.writing() as other:
            other.execute(text(statement))
    assert store.find(record.id) == record
    with pytest.raises(NotFoundError):
        store.get("0" * 32)
    database.close()
