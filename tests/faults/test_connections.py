"""Callers that send or read as they like, on real sockets: before the service, and before nginx."""

from __future__ import annotations

import http.client
import json
import re
import resource
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.conftest import Service, Start, starting
from tests.faults.malformed import MALFORMED, REFUSED, STATUS
from tests.faults.proxy import Proxy, nginx
from tests.faults.test_faults import PROMPT_SECONDS, question

FEW: dict[str, object] = {"threads": 4, "max_waiting": 2, "read_seconds": 4, "idle_seconds": 4}
"""Settings with fewer threads than the callers that try to take them, and little patience."""

PATIENCE = 40.0

STANDS = 200
"""Slow callers of each kind at the same time."""

IDLE = 1_100
"""Connections that lie still: more than select() could hold."""

LEAST_MALFORMED = 106

REWRITTEN = ("line-two-spaces", "line-two-spaces-after", "head-no-colon")
"""What nginx puts right before it goes on: spaces, and a field without a value, which it leaves out."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service for tests that leave it as it was."""
    with starting(tmp_path_factory.mktemp("service")) as start:
        yield start(**{**FEW, "trusted_proxies": 1})


@pytest.fixture(scope="module")
def proxy(
    nginx_installed: None, service: Service, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    """nginx before that service."""
    place = tmp_path_factory.mktemp("nginx")
    patience = {"client_header_timeout": "3s", "client_body_timeout": "3s", "send_timeout": "3s"}
    many = {"limit_conn": "tradebreaks_connections 4000", "keepalive_timeout": "300ms"}
    with nginx(place, [service.port], **patience, **many) as found:
        yield found


def exchange(port: int, sent: bytes, seconds: float = 30.0) -> bytes:
    """Send bytes, and return everything that comes back until the connection ends or falls silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        got = bytearray()
        try:
            connection.sendall(sent)
            while part := connection.recv(65_536):
                got += part
        except (ConnectionError, TimeoutError):
            # The other side ended the connection before it had read everything, or waits for another request.
            pass
    return bytes(got)


def statuses(got: bytes) -> list[int]:
    """Return the status of every answer in what came back."""
    return [int(code) for code in re.findall(rb"HTTP/1\.[01] (\d+) ", got)]


def test_malformed_requests_are_refused_and_nothing_follows(service: Service) -> None:
    assert len(MALFORMED) >= LEAST_MALFORMED
    for name, sent in MALFORMED.items():
        got = exchange(service.port, sent)
        head, _, body = got.partition(b"\r\n\r\n")
        found = statuses(got)
        assert len(found) == 1, (name, got)
        assert found[0] in ((STATUS[name],) if name in STATUS else REFUSED), (name, got)
        if found[0] != 404:
            assert b"content-type: application/problem+json" in head.lower(), name
            assert b"connection: close" in head.lower(), name
            assert json.loads(body)["status"] == found[0], name
    assert service.get("/healthz")[0] == 200


def test_malformed_requests_are_refused_behind_nginx_and_none_is_smuggled(
    service: Service, proxy: Proxy
) -> None:
    wrong = {}
    for name, sent in MALFORMED.items():
        got = exchange(proxy.port, sent)
        found = statuses(got)
        # nginx reads chunks, refuses them, and goes on to the request that follows.
        wanted = [200] if name in REWRITTEN else {"body-chunks": [411, 404]}.get(name)
        # nginx closes without a word on what is no request at all.
        fine = found == wanted if wanted else all(code in REFUSED for code in found)
        if not fine or (wanted is None and b"/v1/smuggled" in got):
            wrong[name] = (found, got[:80])
    assert not wrong
    assert service.get("/healthz")[0] == 200


def _slow_heads(number: int) -> bytes:
    return b"GET /v1/series HTTP/1.1\r\nHost: x\r\nX: " + b"a" * (number % 50)


def _slow_bodies(number: int) -> bytes:
    return (
        b"POST /v1/breaks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: 900\r\n\r\n" + b" " * (number % 50)
    )


@pytest.mark.parametrize("before", ["alone", "nginx"])
@pytest.mark.parametrize("kind", [_slow_heads, _slow_bodies], ids=["heads", "bodies"])
def test_slow_callers_keep_nobody_waiting_and_are_cut_off(
    service: Service, proxy: Proxy, kind: Callable[[int], bytes], before: str
) -> None:
    port = service.port if before == "alone" else proxy.port
    _room_for(3 * STANDS)
    slow = []
    for number in range(STANDS):
        connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        connection.sendall(kind(number))
        slow.append(connection)
    longest, until, left = 0.0, time.monotonic() + PATIENCE, slow
    while left and time.monotonic() < until:
        begun = time.monotonic()
        assert _status(port, "/v1/series") == 200
        longest = max(longest, time.monotonic() - begun)
        time.sleep(0.5)
        # A body that pauses is nginx's to cut off; one that drips without a pause is the service's.
        drips = before == "alone" or kind is _slow_heads
        left = [connection for connection in left if not _closed(connection, drip=drips)]
    for connection in slow:
        connection.close()
    assert longest < PROMPT_SECONDS
    assert not left, "every slow caller is cut off"


def _closed(connection: socket.socket, *, drip: bool) -> bool:
    """Tell whether the other side has closed the connection; send one byte more if it shall drip."""
    try:
        if drip:
            connection.send(b"x")
        connection.setblocking(False)
        return connection.recv(4096) is not None
    except BlockingIOError:
        connection.setblocking(True)
        return False
    except OSError:
        return True


def _status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    status = connection.getresponse().status
    connection.close()
    return status


def _room_for(files: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < files + 500:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(files + 500, hard), hard))


def test_more_idle_connections_than_select_could_hold(service: Service) -> None:
    _room_for(IDLE)
    idle = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(IDLE)]
    assert service.get("/healthz")[0] == 200
    deadline = time.monotonic() + PATIENCE
    ended = 0
    for connection in idle:
        connection.settimeout(max(deadline - time.monotonic(), 0.1))
        ended += connection.recv(1) == b""
        connection.close()
    assert ended == IDLE, "idle connections are ended"


@pytest.mark.parametrize("before", ["alone", "nginx"])
def test_callers_that_read_nothing_hold_no_thread_and_are_cut_off(
    service: Service, proxy: Proxy, before: str
) -> None:
    port = service.port if before == "alone" else proxy.port
    deaf = []
    for _ in range(8):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", port))
        connection.setblocking(False)
        # Nobody would read so much into the buffers of a socket: the answers pile up before the caller.
        connection.send(b"GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n" * 200)
        deaf.append(connection)
    longest = 0.0
    until = time.monotonic() + 6
    while time.monotonic() < until:
        begun = time.monotonic()
        assert _status(port, "/v1/series") == 200
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


def test_unfinished_bodies_take_a_bounded_memory(start: Start) -> None:
    service = start(max_bytes_in_flight=10_000_000, read_seconds=60, connections=300)
    before = _resident(service.process.pid)
    part = (
        b"POST /v1/breaks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: 900000\r\n\r\n" + b" " * 400_000
    )
    unfinished, refused = [], 0
    for _ in range(100):
        connection = socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE)
        try:
            connection.sendall(part)
        except ConnectionError:
            refused += 1
        unfinished.append(connection)
    assert service.get("/healthz")[0] == 200
    grown = _resident(service.process.pid) - before
    assert grown < 60_000_000, f"40 MB were sent, 10 MB may be kept; the process grew by {grown / 1e6:.0f} MB"
    for connection in unfinished:
        connection.setblocking(False)
        try:
            refused += connection.recv(4096).startswith(b"HTTP/1.1 503")
        except BlockingIOError:
            continue
        except ConnectionError:
            refused += 1
    assert refused >= 60, "what does not fit is refused"
    for connection in unfinished:
        connection.close()
    time.sleep(0.5)
    assert service.post("/v1/breaks", {"series": "nothing"})[0] == 404, "the memory was given back"


def _resident(pid: int) -> int:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return 1000 * int(found[1])


def test_a_caller_whose_body_is_too_large_reads_why(service: Service, proxy: Proxy) -> None:
    for port in (service.port, proxy.port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("POST", "/v1/breaks", b" " * 1_100_000, {"Content-Type": "application/json"})
        assert connection.getresponse().status == 413
        connection.close()


def test_questions_that_wait_leave_threads_for_reading(start: Start) -> None:
    service = start(threads=6, max_waiting=4)
    service.post("/v1/interventions", question(0))
    hard = {"series": "dprk.exports.china.m", "from": "2016", "options": {"evidence": "none"}}
    with ThreadPoolExecutor(12) as clients:
        asked = [
            clients.submit(
                service.request,
                "POST",
                "/v1/attributions",
                {**hard, "to": f"201{7 + k // 6}-{k % 6 + 1:02d}"},
                3 * PATIENCE,
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
        service.port,
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        b"POST /v1/breaks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        + f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
        + b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    assert statuses(got) == [200, 404, 200]


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


def test_nginx_speaks_tls_and_hides_the_metrics(proxy: Proxy) -> None:
    trusted = ssl.create_default_context(cafile=str(proxy.certificate))
    connection = http.client.HTTPSConnection("127.0.0.1", proxy.tls_port, timeout=30, context=trusted)
    connection.request("GET", "/v1/series")
    assert connection.getresponse().status == 200
    connection.close()
    assert _status(proxy.port, "/metrics") == 404


def test_the_log_names_the_caller_and_not_the_proxy(start: Start, tmp_path: Path) -> None:
    service = start(trusted_proxies=1, log_requests=1)
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    connection.request("GET", "/v1/series", headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})
    connection.getresponse().read()
    connection.close()
    lines = [
        json.loads(line) for line in (tmp_path / "service.log").read_text().splitlines() if line[:1] == "{"
    ]
    assert [line["address"] for line in lines if line.get("path") == "/v1/series"] == ["198.51.100.7"]
