"""Callers that send or read as they like, on real sockets: they hold no thread and get what HTTP says."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.conftest import Service, Start, starting
from tests.faults.test_faults import PROMPT_SECONDS, question

FEW: dict[str, object] = {"threads": 4, "max_waiting": 2}
"""Settings with fewer threads than the callers that try to take them."""

PATIENCE = 40.0


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service for tests that leave it as it was."""
    with starting(tmp_path_factory.mktemp("service")) as start:
        yield start(**FEW)


def exchange(service: Service, sent: bytes, seconds: float = 30.0) -> bytes:
    """Send bytes, and return everything that comes back until the connection ends or falls silent."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=seconds) as connection:
        connection.sendall(sent)
        got = bytearray()
        while part := connection.recv(65_536):
            got += part
    return bytes(got)


def test_callers_that_read_nothing_hold_no_thread_and_are_cut_off(start: Start) -> None:
    service = start(**FEW)
    size = len(json.dumps(service.get("/v1/events")[1]))
    rounds = 40_000_000 // size
    deaf = []
    for _ in range(8):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", service.port))
        connection.setblocking(False)
        # Nobody would read so much into the buffers of a socket: the answers pile up before the caller.
        connection.send(b"GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n" * rounds)
        deaf.append(connection)
    longest = 0.0
    until = time.monotonic() + 15
    while time.monotonic() < until:
        begun = time.monotonic()
        assert service.get("/v1/series")[0] == 200
        longest = max(longest, time.monotonic() - begun)
        time.sleep(0.3)
    assert longest < PROMPT_SECONDS
    for connection in deaf:
        assert _ends(connection), "a caller that reads nothing is cut off"
        connection.close()


def _ends(connection: socket.socket) -> bool:
    """Read what is on its way, and tell whether the other side then ends the connection."""
    connection.settimeout(PATIENCE)
    try:
        while connection.recv(1 << 20):
            continue
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True
    return True


def test_questions_that_wait_leave_threads_for_reading(start: Start) -> None:
    service = start(threads=6, max_waiting=4)
    service.post("/v1/interventions", question(0))
    hard = {"series": "dprk.exports.china.m", "from": "2016", "options": {"evidence": "none"}}
    with ThreadPoolExecutor(12) as clients:
        asked = [
            clients.submit(
                service.post, "/v1/attributions", {**hard, "to": f"201{7 + k // 6}-{k % 6 + 1:02d}"}
            )
            for k in range(12)
        ]
        longest = 0.0
        while not all(call.done() for call in asked):
            begun = time.monotonic()
            assert service.get("/v1/series")[0] == 200
            longest = max(longest, time.monotonic() - begun)
            time.sleep(0.1)
        answers = [call.result() for call in asked]
    assert longest < PROMPT_SECONDS
    refused = [document for status, document in answers if status == 503]
    assert {status for status, _ in answers} == {201, 503}
    assert all(document["type"] == "/docs#problem-busy" for document in refused)
    assert "your address" in refused[0]["detail"]


def test_requests_sent_at_once_are_answered_one_after_the_other(service: Service) -> None:
    body = json.dumps({"series": "nothing"}).encode()
    got = exchange(
        service,
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        b"POST /v1/breaks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        + f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
        + b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    assert re.findall(rb"HTTP/1\.1 (\d+) ", got) == [b"200", b"404", b"200"]


def test_a_caller_that_asks_before_it_sends_is_told_to_go_on(service: Service) -> None:
    body = json.dumps({"series": "nothing"}).encode()
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as connection:
        connection.sendall(
            b"POST /v1/breaks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
            + f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        assert connection.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert connection.recv(4096).startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n", 400),
        (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 70_000 + b"\r\n", 431),
        (b"POST /v1/breaks HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (b"POST /v1/breaks HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (
            b"POST /v1/breaks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
            411,
        ),
        (
            b"POST /v1/breaks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 2000000\r\n\r\n{",
            413,
        ),
    ],
    ids=["no-http", "bad-header", "long-line", "long-head", "two-lengths", "negative", "chunks", "large"],
)
def test_what_cannot_be_read_is_one_problem_and_the_connection_ends(
    service: Service, sent: bytes, status: int
) -> None:
    got = exchange(service, sent)
    head, _, body = got.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode()), got
    assert b"content-type: application/problem+json" in head.lower()
    assert b"connection: close" in head.lower()
    assert json.loads(body)["status"] == status, "nothing follows the problem"
