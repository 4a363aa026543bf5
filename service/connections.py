"""What waitress leaves to its user: heads that two servers could read differently, and callers too slow.

waitress reads requests and writes answers without a thread. Written here, because it has no setting for it:
the checks of a head that was parsed, the time and memory that callers may take together, problems as JSON,
and whether a caller is still there.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from http import HTTPStatus

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.task import ErrorTask
from waitress.utilities import Error

HOST = re.compile(r"[A-Za-z0-9._:\[\]-]+")
ONCE = (b"host", b"content-length", b"transfer-encoding")
"""Names that a head may hold once: of two, each reader takes the one it likes."""

RETRY_SECONDS = 10
"""When to come back if the bodies of others fill the memory set aside for them."""


class Refused(Error):  # type: ignore[misc]  # noqa: N818  # waitress publishes no types, and no exception
    """A request that never reaches the application."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.code, self.reason = status.value, status.phrase


class Memory:
    """Bytes that the bodies of all callers may take together.

    Parameters
    ----------
    most : int
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0
        self._lock = threading.Lock()

    @property
    def taken(self) -> int:
        """Bytes in flight."""
        return self._taken

    def take(self, count: int) -> bool:
        """Take so many bytes (give them back if negative), and tell whether they were there."""
        with self._lock:
            if count > 0 and self._taken + count > self._most:
                return False
            self._taken += count
            return True


class Request(HTTPRequestParser):  # type: ignore[misc]  # waitress publishes no types
    """A request whose head every reader understands alike, and whose body fits."""

    memory: Memory
    taken = 0
    error: Error | None = None

    def parse_header(self, header_plus: bytes) -> None:
        """Parse the head, then refuse what another server could read as another request."""
        super().parse_header(header_plus)
        refused = self._refusal(header_plus)
        if refused is not None:
            self.error = refused
            # The body is left alone: nobody can say where the next request would begin.
            self.body_rcv, self.content_length, self.chunked = None, 0, False

    def received(self, data: bytes) -> int:
        """Take in a part, unless the bodies of all callers are too much."""
        in_body = self.body_rcv is not None
        consumed = int(super().received(data))
        if in_body and self.error is None:
            if self.memory.take(consumed):
                self.taken += consumed
            else:
                self.error = Refused(HTTPStatus.SERVICE_UNAVAILABLE, "others send too much: ask again")
                self.completed = True
        if self.error is not None:
            # Who asks whether to go on is told why not.
            self.expect_continue = False
        return consumed

    def close(self) -> None:
        """Give back what the body took."""
        self.memory.take(-self.taken)
        self.taken = 0
        super().close()

    def _refusal(self, head: bytes) -> Refused | None:
        lines = head.split(b"\r\n")[1:]
        names = [line.partition(b":")[0].lower() for line in lines]
        host = self.headers.get("HOST")
        if self.version not in ("1.0", "1.1"):
            return Refused(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "send HTTP/1.1")
        if any(line.startswith((b" ", b"\t")) for line in lines):
            return Refused(HTTPStatus.BAD_REQUEST, "a field of the head is folded over two lines")
        for name in ONCE:
            if names.count(name) > 1:
                return Refused(HTTPStatus.BAD_REQUEST, f"the head names {name.decode()} twice")
        if (host is None and self.version == "1.1") or (host is not None and not HOST.fullmatch(host)):
            return Refused(HTTPStatus.BAD_REQUEST, "the head names no Host that can be read")
        if b"transfer-encoding" in names:
            if b"content-length" in names or self.version == "1.0":
                return Refused(HTTPStatus.BAD_REQUEST, "the head does not say how long the body is")
            return Refused(HTTPStatus.LENGTH_REQUIRED, "send the body with its Content-Length, not in chunks")
        return None


class Problem(ErrorTask):  # type: ignore[misc]  # waitress publishes no types
    """The answer to what never reached the application: a problem, after which nothing follows."""

    def execute(self) -> None:
        """Send it; the connection ends."""
        error = self.request.error
        status = HTTPStatus(error.code)
        detail = error.body if isinstance(error, Refused) or error.code < 500 else "the request was logged"
        problem = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
        body = json.dumps(problem).encode()
        self.status = f"{status.value} {status.phrase}"
        self.response_headers += [
            ("Content-Type", "application/problem+json"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            self.response_headers.append(("Retry-After", str(RETRY_SECONDS)))
        self.channel.refused = True
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):  # type: ignore[misc]  # waitress publishes no types
    """One connection."""

    parser_class = Request
    error_task_class = Problem
    read_seconds: float
    """How long a caller may take to send a request, from its first byte to its last."""

    begun = 0.0
    refused = False
    lingering = False

    def received(self, data: bytes) -> bool:
        """Take in what arrived, unless the caller has dripped for too long."""
        moment, before = time.monotonic(), self.request
        if before is None:
            self.begun = moment
        elif moment - self.begun > self.read_seconds:
            self.will_close = True
            return False
        found = bool(super().received(data))
        if self.request is not before:
            self.begun = moment
        return found

    def check_client_disconnected(self) -> bool:
        """Tell whether the caller has gone, without reading what it sent."""
        if not self.connected:
            return True
        try:
            return not self.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except (OSError, AttributeError):
            return True

    def readable(self) -> bool:
        """Tell whether to read: a refused caller is heard out, else it would not see its answer."""
        return self.lingering or bool(super().readable())

    def handle_read(self) -> None:
        """Read; what a refused caller still sends is thrown away."""
        if not self.lingering:
            super().handle_read()
            return
        try:
            if not self.socket.recv(65_536):
                self.handle_close()
        except BlockingIOError:
            return
        except OSError:
            self.handle_close()

    def handle_close(self) -> None:
        """End the connection; a refused caller first gets the end of its answer."""
        if self.refused and not self.lingering and self.connected:
            self.lingering, self.will_close = True, False
            try:
                self.socket.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            else:
                return
        with self.requests_lock:
            for request in (self.request, *self.requests[1:]):
                if request is not None:
                    request.close()
        super().handle_close()

    def _flush_outbufs_below_high_watermark(self) -> None:
        """Cut off a caller that asks on without reading; waitress would let a thread wait for it."""
        if self.total_outbufs_len > self.adj.outbuf_high_watermark:
            self.will_close, self.connected = True, False
            self.server.pull_trigger()
