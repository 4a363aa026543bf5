"""What goes wrong in a service's life, with real processes: nothing acknowledged is lost, nothing lies."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import ROOT, START_SECONDS, Service, Start

ANNUAL, QUICK = "dprk.total.a", "interkorean.total.a"
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


def test_no_process_is_left_behind(start: Start) -> None:
    service = start()
    service.post("/v1/interventions", question(0))
    assert service.processes("spawn_main")
    assert service.stop() == 0
    until = time.monotonic() + 10
    while service.processes() and time.monotonic() < until:
        time.sleep(0.1)
    assert service.processes() == []
    killed = start()
    killed.post("/v1/interventions", question(1))
    (main,) = killed.processes("spawn_main")
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
        body = {"series": QUICK, "from": str(year), "to": "2015", "options": {"evidence": "none"}}
        return service.post("/v1/attributions", body)

    with ThreadPoolExecutor(1) as client:
        for year in range(2013, 2003, -1):
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


def test_a_process_killed_while_it_computes_is_replaced_and_the_question_answered(start: Start) -> None:
    service = start()
    service.post("/v1/interventions", question(0))
    (first,) = service.processes("spawn_main")
    with ThreadPoolExecutor(1) as client:
        answer = client.submit(service.get, "/v1/breaks?series=dprk.exports.china.m")
        time.sleep(1.0)
        os.kill(first, signal.SIGKILL)
        status, record = answer.result(120)
    assert status == 200
    assert record["n_breaks"] >= 1
    (second,) = service.processes("spawn_main")
    assert second != first


def test_a_computation_beyond_its_time_is_stopped(start: Start) -> None:
    service = start(compute_seconds=1)
    begun = time.monotonic()
    body = {"series": "dprk.exports.china.m", "from": "2016", "to": "2018", "options": {"evidence": "full"}}
    status, problem = service.post("/v1/attributions", body)
    assert (status, problem["type"]) == (503, "/docs#problem-time-budget")
    assert time.monotonic() - begun < 30
    assert service.get("/healthz")[0] == 200


def test_nobody_waits_for_the_work_of_a_caller_that_is_gone(start: Start) -> None:
    service = start(workers=1)
    service.post("/v1/interventions", question(0))
    days = [
        {"period": f"{date(2000, 1, 1) + timedelta(k)}", "value": 100.0 + (37 * k) % 11} for k in range(1_000)
    ]
    events = [{"id": f"e{k}", "title": "E", "effective": f"2001-{k + 1:02}-01"} for k in range(12)]
    body: dict[str, Any] = {"observations": days, "events": events, "from": "2000-03", "to": "2002-03"}
    body["options"] = {"evidence": "full"}
    sent = json.dumps(body).encode()
    head = "POST /v1/attributions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(sent)}"
    caller = socket.create_connection(("127.0.0.1", service.port))
    caller.sendall(head.encode() + b"\r\n\r\n" + sent)
    until = time.monotonic() + 30
    while _computing(service) == 0 and time.monotonic() < until:
        time.sleep(0.05)
    assert _computing(service) == 1
    caller.close()
    gone = time.monotonic()
    while _computing(service) and time.monotonic() < gone + PROMPT_SECONDS:
        time.sleep(0.05)
    assert _computing(service) == 0, "the work is dropped"
    assert service.post("/v1/interventions", question(1))[0] == 201


def _computing(service: Service) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    (found,) = [line for line in text.splitlines() if line.startswith("tradebreaks_computing ")]
    return float(found.split()[1])
