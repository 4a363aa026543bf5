"""What goes wrong in a service's life, with real processes: nothing acknowledged is lost, nothing lies."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import ROOT, START_SECONDS, Start

ANNUAL = "dprk.total.a"
WRITES = 200
"""Concurrent record writes, each from a connection of its own, that the service is killed during."""

ACKNOWLEDGED = 40
"""Of which so many are acknowledged before the kill."""

SMALL_DISK_KB = 400

PROMPT_SECONDS = 5.0
"""Within which a caller is answered while others are slow, on a busy machine."""


def question(number: int) -> dict[str, Any]:
    """Return a small question on own data that nobody else asks."""
    values = [(100.0 if k < 8 else 60.0) + (37 * k) % 11 + number / 1000 for k in range(16)]
    return {
        "observations": [{"period": str(1990 + k), "value": value} for k, value in enumerate(values)],
        "events": [{"id": "ban", "title": "Ban", "effective": "1998-01-01"}],
        "store": True,
    }


def test_a_kill_during_concurrent_writes_loses_nothing_acknowledged(start: Start, tmp_path: Path) -> None:
    service = start(threads=2 * WRITES + 1, max_waiting=2 * WRITES)
    acknowledged: dict[str, dict[str, Any]] = {}
    enough = threading.Event()

    def write(number: int) -> None:
        try:
            status, record = service.post("/v1/interventions", question(number))
        except (OSError, ValueError):
            return
        if status == 201:
            acknowledged[record["record_id"]] = record
            if len(acknowledged) >= ACKNOWLEDGED:
                enough.set()

    with ThreadPoolExecutor(WRITES) as clients:
        for number in range(WRITES):
            clients.submit(write, number)
        assert enough.wait(120), "no write was acknowledged"
        service.kill()
    assert ACKNOWLEDGED <= len(acknowledged) < WRITES
    check = sqlite3.connect(tmp_path / "records.sqlite")
    assert check.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    check.close()
    again = start()
    for record_id, record in acknowledged.items():
        assert again.get(f"/v1/estimates/{record_id}") == (200, record)
    for record_id in list(acknowledged)[::10]:
        assert again.get(f"/v1/estimates/{record_id}/verify")[1]["verdict"] == "identical"


def test_no_process_is_left_behind(start: Start) -> None:
    service = start()
    service.post("/v1/interventions", question(0))
    assert service.processes("service.compute.worker")
    assert service.stop() == 0
    assert service.processes() == []
    killed = start()
    killed.post("/v1/interventions", question(1))
    (main,) = killed.processes("service.compute.worker")
    for pid in killed.processes("service.cli"):
        os.kill(pid, signal.SIGKILL)
    until = time.monotonic() + 10
    while Path(f"/proc/{main}").exists() and time.monotonic() < until:
        time.sleep(0.1)
    assert not Path(f"/proc/{main}").exists() or "Z" in Path(f"/proc/{main}/stat").read_text().split()[2]


def test_a_request_in_hand_is_answered_before_a_stop(start: Start) -> None:
    service = start()
    service.post("/v1/interventions", question(0))

    def ask(year: int) -> tuple[int, dict[str, Any]]:
        body = {"series": ANNUAL, "from": str(year), "to": "2018", "options": {"evidence": "none"}}
        return service.post("/v1/attributions", body)

    with ThreadPoolExecutor(1) as client:
        for year in range(2014, 2004, -1):
            answer = client.submit(ask, year)
            while not (computing := service.metric("computing")) and not answer.done():
                pass
            if computing and not answer.done():
                break
        assert not answer.done(), "no question was seen while it was computed"
        service.process.terminate()
        assert answer.result(60)[0] == 201
    assert service.process.wait(30) == 0


def test_the_service_goes_on_when_nobody_reads_its_headline(start: Start, tmp_path: Path) -> None:
    service = start(warm_up=1)
    assert service.process.stdout is not None
    service.process.stdout.close()
    log = tmp_path / "service.log"
    until = time.monotonic() + START_SECONDS
    while "obody reads the headline" not in log.read_text() and time.monotonic() < until:
        time.sleep(0.1)
    assert "Nobody reads the headline: the service goes on." in log.read_text()
    assert "Traceback" not in log.read_text()
    assert service.get("/v1/series")[0] == 200
    assert service.stop() == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[tuple[Path, int | None]]:
    """A file system of 400 kB if one can be mounted here, else a directory where files end at 400 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK_KB}k", "tmpfs", str(place)],
        capture_output=True,
        check=False,
    )
    mounted = done.returncode == 0
    yield place, None if mounted else SMALL_DISK_KB * 2
    if mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_refuses_writes_and_keeps_what_is_there(
    start: Start, small_disk: tuple[Path, int | None]
) -> None:
    place, file_blocks = small_disk
    url = f"sqlite:///{place / 'records.sqlite'}"
    service = start(database_url=url, file_blocks=file_blocks)
    stored, refused = [], None
    for number in range(60):
        status, record = service.post("/v1/interventions", question(number))
        if status != 201:
            refused = (status, record)
            break
        stored.append(record)
    assert refused is not None, "the disk never filled"
    assert refused[0] == 503
    assert refused[1]["type"] == "/docs#problem-store"
    assert stored
    for record in stored:
        assert service.get(record["url"]) == (200, record)
    assert service.get("/healthz")[0] == 200


def test_a_database_that_is_gone_and_comes_back(start: Start, tmp_path: Path) -> None:
    service = start()
    record = service.post("/v1/breaks", {"series": ANNUAL})[1]
    place = tmp_path / "records.sqlite"
    place.rename(tmp_path / "away.sqlite")
    time.sleep(1.1)
    for status, problem in (
        service.post("/v1/breaks", {"series": ANNUAL, "options": {"max_breaks": 1}}),
        service.get(record["url"]),
        service.get("/readyz"),
    ):
        assert (status, problem["type"]) == (503, "/docs#problem-store")
    assert service.get(f"/v1/breaks?series={ANNUAL}")[0] == 200
    (tmp_path / "away.sqlite").rename(place)
    assert service.get(record["url"]) == (200, record)
    assert service.get("/readyz")[0] == 200


def test_a_corrupt_database_file_is_named_and_nothing_wrong_is_shown(start: Start, tmp_path: Path) -> None:
    service = start()
    records = [service.post("/v1/interventions", question(n))[1] for n in range(6)]
    assert service.stop() == 0
    place = tmp_path / "records.sqlite"
    damaged = bytearray(place.read_bytes())
    for at in range(8192, len(damaged) - 4096, 4096):
        damaged[at : at + 600] = b"\xa5" * 600
    place.write_bytes(damaged)
    again = start()
    status, problem = again.get("/readyz")
    assert status == 503
    assert "database of records" in problem["detail"]
    assert again.get("/healthz")[0] == 200
    for record in records:
        assert again.get(record["url"]) == (200, record) or again.get(record["url"])[0] == 503
    assert again.get("/v1/series")[0] == 200


def test_a_damaged_data_package_gives_no_number_at_all(start: Start, tmp_path: Path) -> None:
    copy = shutil.copytree(ROOT / "data", tmp_path / "data")
    table = copy / "figures" / "kotra.csv"
    table.write_bytes(table.read_bytes().replace(b"1", b"2", 1))
    service = start(data=copy)
    status, problem = service.get("/readyz")
    assert (status, problem["type"]) == (503, "/docs#problem-data-package")
    assert "kotra.csv" in problem["detail"]
    for address in (f"/v1/series/{ANNUAL}", f"/v1/breaks?series={ANNUAL}", "/v1/events", "/v1/series"):
        assert service.get(address)[0] == 503, address
    assert service.post("/v1/breaks", {"series": ANNUAL})[0] == 503
    assert service.get("/healthz")[0] == 200


def test_slow_callers_do_not_keep_others_waiting_and_are_cut_off(start: Start) -> None:
    service = start(threads=4, max_waiting=2)
    service.get("/v1/series")
    slow = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(20)]
    for number, connection in enumerate(slow):
        head = b"GET /v1/series HTTP/1.1\r\n" if number % 2 else b"POST /v1/breaks HTTP/1.1\r\n"
        connection.sendall(head + b"Content-Type: application/json\r\nContent-Length: 100\r\n")
        if number % 4 == 0:
            connection.sendall(b"\r\n{")
    until = time.monotonic() + 40
    longest = 0.0
    closed = 0
    while closed < len(slow) and time.monotonic() < until:
        begun = time.monotonic()
        assert service.get("/v1/series")[0] == 200
        longest = max(longest, time.monotonic() - begun)
        time.sleep(0.5)
        closed = sum(_closed(connection) for connection in slow)
    for connection in slow:
        connection.close()
    assert longest < PROMPT_SECONDS
    assert closed == len(slow), "every slow caller is cut off"


def _closed(connection: socket.socket) -> bool:
    """Send one byte more, and tell whether the other side has closed the connection."""
    try:
        connection.send(b"x")
        connection.setblocking(False)
        return connection.recv(4096) is not None
    except BlockingIOError:
        connection.setblocking(True)
        return False
    except OSError:
        return True


def test_a_process_killed_while_it_computes_is_replaced_and_the_question_answered(start: Start) -> None:
    service = start()
    service.post("/v1/interventions", question(0))
    (first,) = service.processes("service.compute.worker")
    with ThreadPoolExecutor(1) as client:
        answer = client.submit(service.get, "/v1/breaks?series=dprk.exports.china.m")
        time.sleep(1.0)
        os.kill(first, signal.SIGKILL)
        status, record = answer.result(120)
    assert status == 200
    assert record["n_breaks"] >= 1
    (second,) = service.processes("service.compute.worker")
    assert second != first


def test_a_computation_beyond_its_time_is_stopped(start: Start) -> None:
    service = start(compute_seconds=1)
    begun = time.monotonic()
    body = {"series": "dprk.exports.china.m", "from": "2016", "to": "2018", "options": {"evidence": "full"}}
    status, problem = service.post("/v1/attributions", body)
    assert (status, problem["type"]) == (503, "/docs#problem-time-budget")
    assert time.monotonic() - begun < 30
    assert service.get("/healthz")[0] == 200
