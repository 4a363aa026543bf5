"""Connections on which nobody waits: a thread gets a request when all of it is there, and leaves the answer.

gunicorn's threaded worker reads requests, and writes answers, in the threads that answer them: a few callers
that send or read slowly hold them all. Here the loop of the worker does both without blocking.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import time
from functools import partial
from http import HTTPStatus
from typing import Any

from gunicorn.http import errors as http_errors
from gunicorn.workers.gthread import TConn, ThreadWorker

READ_SECONDS = 10.0
"""How long a caller may take to send a request, from its first byte to its last."""

IDLE_SECONDS = 30.0
"""How long a connection may lie without a request."""

STALL_SECONDS = 10.0
"""How long a caller may read nothing of an answer."""

SEND_SECONDS = 120.0
"""How long a caller may take to read an answer."""

LINGER_SECONDS = 2.0
"""How long a connection that is over is kept for a caller that still sends."""

SWEEP_SECONDS = 0.5
"""How often the loop looks for callers that are too slow."""

MOST_HEAD = 65_536
MOST_UNSENT = 64_000_000
"""Bytes of answers that may wait for their callers, all together."""

CHUNK = 65_536

HEAD_END = b"\r\n\r\n"
LENGTH = re.compile(rb"(?im)^content-length:[ \t]*([0-9]{1,15})[ \t]*\r?$")
LENGTH_NAMED = re.compile(rb"(?im)^content-length[ \t]*:")
ENCODED = re.compile(rb"(?im)^transfer-encoding[ \t]*:")
EXPECTING = re.compile(rb"(?im)^expect:[ \t]*100-continue[ \t]*\r?$")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

REFUSALS: dict[type[Exception], HTTPStatus] = {
    http_errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    http_errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    http_errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
}
"""Status of what gunicorn cannot read; everything else of that kind is 400."""


def refusal(status: HTTPStatus) -> bytes:
    """Return an answer to what never reached the application: a problem, after which nothing follows."""
    what = "the request was logged" if status >= 500 else "it is no HTTP/1.1 that this service reads"
    problem = {"type": "about:blank", "title": status.phrase, "status": status, "detail": what}
    body = json.dumps(problem).encode()
    lines = (
        f"HTTP/1.1 {status.value} {status.phrase}",
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
    )
    return "\r\n".join(lines).encode() + HEAD_END + body


class Outlet:
    """The socket as a thread sees it: an answer is left to the loop, whole; nothing is read."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.left = bytearray()

    def sendall(self, data: bytes) -> None:
        """Leave it to the loop, which sends head and body at once.

        Sent apart, the second would wait until the caller has acknowledged the first (Nagle's algorithm).
        """
        self.left += data

    def send(self, data: bytes) -> int:
        """Drop an interim answer: the loop has sent it."""
        return len(data)

    def recv(self, _size: int) -> bytes:
        """Say that there is no more: the loop has read the whole request."""
        return b""

    def setblocking(self, _flag: bool) -> None:
        """Stay as it is: the loop never blocks."""

    def shutdown(self, _how: int) -> None:
        """Refuse: the loop ends the connection when everything is sent."""
        raise OSError("the loop ends the connection")

    def close(self) -> None:
        """Leave that to the loop."""

    def gettimeout(self) -> float:
        """Return 0, the timeout of a socket that never blocks."""
        return 0.0

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._sock.fileno()


class Connection(TConn):  # type: ignore[misc]  # gunicorn publishes no types
    """One connection.

    Attributes
    ----------
    raw : socket
    sock : Outlet
    incoming : bytearray
        What has arrived of the next request.
    needed : int or None
        Length of the next request, once its head is there.
    last : bool
        Whether no other request can follow.
    until : float
        When the loop gives up what it waits for.
    over : float
        When it gives up an answer, however steadily it is read.
    """

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any) -> None:
        super().__init__(cfg, sock, client, server)
        self.raw = sock
        self.sock = Outlet(sock)
        self.data_ready = True
        self.incoming = bytearray()
        self.needed: int | None = None
        self.told = False
        self.last = False
        self.keep = False
        self.watched = False
        self.until = 0.0
        self.over = 0.0
        self.init()

    def whole(self, most_body: int) -> bool:
        """Tell whether a thread can answer what has arrived."""
        if self.needed is None:
            end = self.incoming.find(HEAD_END)
            if end < 0:
                return False
            self._read_head(bytes(self.incoming[: end + 2]), end + len(HEAD_END), most_body)
        assert self.needed is not None
        return len(self.incoming) >= self.needed

    def _read_head(self, head: bytes, size: int, most_body: int) -> None:
        self.needed = size
        named = len(LENGTH_NAMED.findall(head))
        lengths = LENGTH.findall(head)
        length = int(lengths[0]) if lengths else 0
        if ENCODED.search(head) or named != len(lengths) or named > 1 or length > most_body:
            # The body is left alone: nobody can say where the next request would begin.
            self.last = True
        else:
            self.needed += length


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn publishes no types
    """gunicorn's threaded worker with connections that hold no thread."""

    most_body = 1_000_000
    """Largest body that is read; a longer one is left to the application to refuse."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting: dict[Connection, None] = {}
        self._unsent = 0
        self._swept = 0.0

    def accept(self, listener: socket.socket) -> None:
        """Take a new connection; where there are too many, the one that waited longest gives way."""
        if self.nr_conns >= self.worker_connections - 1 and self._waiting:
            self._drop(next(iter(self._waiting)))
        try:
            sock, client = listener.accept()
        except OSError:
            return
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.nr_conns += 1
        self._begin(Connection(self.cfg, sock, client, listener.getsockname()), b"")

    def murder_pending(self) -> None:
        """Cut off the callers that are too slow."""
        moment = time.monotonic()
        if moment < self._swept + SWEEP_SECONDS:
            return
        self._swept = moment
        if not self.alive:
            for connection in self._waiting:
                connection.until = min(connection.until, moment + LINGER_SECONDS)
        for connection in [c for c in self._waiting if min(c.until, c.over or c.until) < moment]:
            self._drop(connection)

    def handle_request(self, req: Any, conn: Connection) -> Any:
        """Answer one request; the caller is told when no other can follow."""
        if conn.last:
            req.force_close()
        return super().handle_request(req, conn)

    def finish_request(self, conn: Connection, fs: Any) -> None:
        """Send what a thread has left, then go on to the next request."""
        conn.keep = bool(not fs.cancelled() and fs.exception() is None and fs.result()) and not conn.last
        conn.over = time.monotonic() + SEND_SECONDS
        self._unsent += len(conn.sock.left)
        if self._unsent > MOST_UNSENT:
            self._drop(conn)
        else:
            self._send(conn)

    def handle_error(self, _req: Any, client: Any, _addr: Any, exc: Exception) -> None:
        """Answer what is no HTTP with a problem; what is our own fault is logged."""
        if isinstance(exc, http_errors.ParseException):
            status = next(
                (s for kind, s in REFUSALS.items() if isinstance(exc, kind)), HTTPStatus.BAD_REQUEST
            )
        else:
            self.log.exception("the request failed", exc_info=exc)
            status = HTTPStatus.INTERNAL_SERVER_ERROR
        client.sendall(refusal(status))

    def _begin(self, conn: Connection, arrived: bytes) -> None:
        """Wait for the next request of a connection."""
        conn.incoming = bytearray(arrived)
        conn.needed, conn.told, conn.over = None, False, 0.0
        conn.until = time.monotonic() + (READ_SECONDS if arrived else IDLE_SECONDS)
        if arrived and self._hand_over(conn):
            return
        self._watch(conn, selectors.EVENT_READ, self._read)

    def _read(self, conn: Connection) -> None:
        try:
            part = conn.raw.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        if not part:
            self._drop(conn)
            return
        if not conn.incoming:
            conn.until = time.monotonic() + READ_SECONDS
        conn.incoming += part
        if not self._hand_over(conn) and conn.needed is None and len(conn.incoming) > MOST_HEAD:
            conn.keep = False
            conn.sock.sendall(refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE))
            self._unsent += len(conn.sock.left)
            self._send(conn)

    def _hand_over(self, conn: Connection) -> bool:
        """Give a request that is complete to a thread."""
        if not conn.whole(self.most_body):
            if conn.needed is not None and not conn.told:
                conn.told = True
                if EXPECTING.search(conn.incoming[: conn.incoming.find(HEAD_END) + 2]):
                    self._tell(conn)
            return False
        self._unwatch(conn)
        conn.parser.unreader.unread(bytes(conn.incoming))
        conn.incoming = bytearray()
        self.enqueue_req(conn)
        return True

    def _tell(self, conn: Connection) -> None:
        try:
            conn.raw.send(CONTINUE)
        except OSError:
            conn.until = 0.0

    def _send(self, conn: Connection) -> None:
        left = conn.sock.left
        try:
            while left:
                sent = conn.raw.send(memoryview(left)[: 4 * CHUNK])
                self._unsent -= sent
                del left[:sent]
        except BlockingIOError:
            conn.until = time.monotonic() + STALL_SECONDS
            self._watch(conn, selectors.EVENT_WRITE, self._send)
            return
        except OSError:
            self._drop(conn)
            return
        self._unwatch(conn)
        if conn.keep:
            self._begin(conn, conn.parser.unreader.take_buffered())
        else:
            self._linger(conn)

    def _linger(self, conn: Connection) -> None:
        """Say that nothing follows, and let the caller close; what it still sends is thrown away."""
        try:
            conn.raw.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(conn)
            return
        conn.over, conn.until = 0.0, time.monotonic() + LINGER_SECONDS
        self._watch(conn, selectors.EVENT_READ, self._discard)

    def _discard(self, conn: Connection) -> None:
        try:
            part = conn.raw.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        if not part:
            self._drop(conn)

    def _watch(self, conn: Connection, events: int, action: Any) -> None:
        data = partial(self._act, action, conn)
        if conn.watched:
            self.poller.modify(conn.raw, events, data)
        else:
            self.poller.register(conn.raw, events, data)
            conn.watched = True
        self._waiting.pop(conn, None)
        self._waiting[conn] = None

    def _act(self, action: Any, conn: Connection, _socket: socket.socket) -> None:
        if conn.watched:
            action(conn)

    def _unwatch(self, conn: Connection) -> None:
        if conn.watched:
            self.poller.unregister(conn.raw)
            conn.watched = False
            del self._waiting[conn]

    def _drop(self, conn: Connection) -> None:
        self._unwatch(conn)
        self._unsent -= len(conn.sock.left)
        conn.sock.left.clear()
        self.nr_conns -= 1
        conn.raw.close()
