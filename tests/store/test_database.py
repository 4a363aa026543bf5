"""What the store says when its database is not what it should be."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from analysis.errors import UsageError
from service.app import create_app
from service.errors import StoreUnavailableError
from service.settings import Settings
from service.store import Database, Store, default_url
from service.store import database as database_module
from service.store.database import BUSY_SECONDS
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


def test_a_store_that_is_locked_is_given_up_soon_and_health_needs_none(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    app = create_app(Settings(workers=0, database_url=f"sqlite:///{path}"))
    client = app.test_client()
    record = client.post("/v1/breaks", json={"series": "dprk.total.a"}).get_json()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    for method, address in (("POST", "/v1/breaks"), ("GET", "/readyz")):
        begun = time.monotonic()
        body = {"series": "dprk.total.a", "options": {"max_breaks": 1}} if method == "POST" else None
        refused = client.open(address, method=method, json=body)
        assert time.monotonic() - begun < 2 * BUSY_SECONDS + 3
        assert refused.status_code == 503, refused.text
        assert refused.get_json()["type"] == "/docs#problem-store"
        assert int(refused.headers["Retry-After"]) > 0
    begun = time.monotonic()
    assert client.get("/healthz").status_code == 200
    assert time.monotonic() - begun < 1
    assert client.get(record["url"]).status_code == 200, "what is stored is read meanwhile"
    other.execute("ROLLBACK")
    other.close()
    assert client.get("/readyz").status_code == 200


def test_readiness_tries_to_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(f"sqlite:///{tmp_path / 'records.sqlite'}")
    database.prepare()
    for _ in range(3):
        database.probe()
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM probes")).scalar() == 1
        most = connection.execute(text("PRAGMA page_count")).scalar()
    with database.writing() as connection:
        connection.execute(text(f"PRAGMA max_page_count = {most}"))
        connection.execute(text("DROP TABLE probes"))
    with pytest.raises(StoreUnavailableError):
        database.probe()


@pytest.fixture
def only_read(tmp_path: Path) -> Iterator[Callable[[Path], None]]:
    """Make a directory one that can only be read: by a mount where that is allowed, else by its mode."""
    mounted: list[Path] = []

    def make(place: Path) -> None:
        if os.geteuid():
            for path in (*place.iterdir(), place):
                path.chmod(0o500 if path.is_dir() else 0o400)
            return
        for command in (["mount", "--bind", place, place], ["mount", "-o", "remount,ro,bind", place]):
            done = subprocess.run(command, capture_output=True, check=False)
            mounted.extend([place] if done.returncode == 0 else [])

    yield make
    for place in mounted:
        subprocess.run(["umount", "-l", place], check=False, capture_output=True)
    for path in tmp_path.rglob("*"):
        path.chmod(0o700)


def test_a_store_on_a_disk_that_can_only_be_read_is_read(
    tmp_path: Path, only_read: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    path = place / "records.sqlite"
    store = Store(Database(f"sqlite:///{path}")).ready()
    record = put(store)
    store.database.close()
    only_read(place)
    if database_module._writable(path):
        # Root, where nothing can be mounted: what the system would answer is said in its place.
        monkeypatch.setattr(database_module, "_writable", lambda _: False)
    app = create_app(Settings(workers=0, database_url=f"sqlite:///{path}"))
    client = app.test_client()
    assert client.get(record.url).get_json() == record.document
    assert [row["id"] for row in client.get("/v1/estimates").get_json()["estimates"]] == [record.id]
    assert client.get("/readyz").get_json()["store"] == "read-only"
    refused = client.post("/v1/breaks", json={"series": "dprk.total.a"})
    assert refused.status_code == 503
    assert "read-only" in refused.get_json()["detail"]
    assert client.get("/v1/breaks?series=dprk.total.a").status_code == 200, "answers still come"


def test_records_that_only_the_log_beside_the_file_holds_are_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "records.sqlite"
    writing = Store(Database(f"sqlite:///{path}")).ready()
    put(writing)
    assert path.with_name("records.sqlite-wal").stat().st_size > 0
    monkeypatch.setattr(database_module, "_writable", lambda _: False)
    with pytest.raises(StoreUnavailableError, match="-wal"):
        Store(Database(f"sqlite:///{path}")).ready()
    monkeypatch.undo()
    writing.database.close()
