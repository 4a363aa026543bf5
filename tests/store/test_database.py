"""What the store says when its database is not what it should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.errors import UsageError
from service.errors import StoreUnavailableError
from service.store import Database, Store, default_url
from tests.store.test_records import put


@pytest.mark.parametrize(
    ("url", "words"),
    [("nonsense", "no database address"), ("mysql://x/y", "mysql"), ("sqlite://", "names no file")],
)
def test_an_address_that_is_none(url: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Database(url)


def test_the_place_of_records_follows_the_user(monkeypatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/srv/data")
    assert default_url() == "sqlite:////srv/data/tradebreaks/records.sqlite"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", "/home/someone")
    assert default_url() == "sqlite:////home/someone/.local/share/tradebreaks/records.sqlite"


def test_a_file_that_is_gone_is_an_error_and_not_a_new_store(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    store = Store(Database(f"sqlite:///{path}")).ready()
    record = put(store)
    away = path.rename(tmp_path / "away.sqlite")
    with pytest.raises(StoreUnavailableError):
        put(store, 1)
    with pytest.raises(StoreUnavailableError):
        store.get(record.id)
    assert not path.exists()
    away.rename(path)
    assert store.get(record.id) == record


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    path.write_bytes(b"nothing of the kind" * 100)
    with pytest.raises(StoreUnavailableError, match="not a database"):
        Store(Database(f"sqlite:///{path}")).ready()


def test_a_damaged_record_is_never_shown(tmp_path: Path) -> None:
    from sqlalchemy import text

    from service.store import triggers

    store = Store(Database(f"sqlite:///{tmp_path / 'records.sqlite'}")).ready()
    record = put(store)
    with store.database.writing() as connection:
        triggers.drop(connection, "estimates")
        connection.execute(text("UPDATE estimates SET answer = replace(answer, 'n_breaks', 'n_broken')"))
    with pytest.raises(StoreUnavailableError, match="damaged"):
        store.get(record.id)


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(StoreUnavailableError, match="does not answer"):
        Store(Database("postgresql://nobody@127.0.0.1:1/none")).ready()
