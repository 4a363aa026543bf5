"""A second's memory in front of the application: what was just answered is not answered anew.

Only whole answers with an ETag to GET and HEAD are kept. A write through this process empties it; what
another process writes is seen after `SECONDS`, or twice that while many ask: one of them renews the answer,
and the others get the old one rather than all ask at once. It is our own because no library for WSGI renews
for one and serves the old answer to the rest; on JSON and pages it pays 3 to 25 times.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SECONDS = 1.0
"""How old an answer may be."""

MOST_BYTES = 2_000_000
"""Largest answer that is kept."""

ENTRY_BYTES = 1_000
"""What an answer takes beside its key, its headers and its body."""

ROUTE = "tradebreaks.route"
"""Where the application says which address it answered, for the metrics."""

AWAITED_SECONDS = 0.25
"""How long a caller waits for the same answer that another is getting, before asking too."""

CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE")

SKIPPED = ("/static/", "/metrics", "/healthz", "/readyz")


Key = tuple[str, str, bool]
"""Path, query, and whether the caller reads gzip: nothing else that it sends changes what is kept."""


@dataclass(frozen=True, slots=True)
class _Entry:
    until: float
    headers: list[tuple[str, str]]
    etag: str
    body: bytes
    route: str
    size: int
    renewed: bool = False
    """Whether somebody asks for a newer one already."""


class ReadCache:
    """Middleware that keeps answers for a second.

    Parameters
    ----------
    application : WSGI application
    most_bytes : int
        Size of all answers together, with what was asked and their headers.
    """

    def __init__(self, application: WSGIApplication, most_bytes: int) -> None:
        self._application = application
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[Key, _Entry] = OrderedDict()
        self._writes = 0
        self._running: dict[Key, threading.Event] = {}
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer from memory, or ask the application."""
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        if method not in ("GET", "HEAD"):
            self.forget()
            try:
                return self._application(environ, start_response)
            finally:
                self.forget()
        if path.startswith(SKIPPED) or "HTTP_AUTHORIZATION" in environ or "HTTP_RANGE" in environ:
            return self._application(environ, start_response)
        key = (
            path,
            environ.get("QUERY_STRING", ""),
            reads_gzip(environ.get("HTTP_ACCEPT_ENCODING", "")),
        )
        plain = method == "GET" and not any(name in environ for name in CONDITIONS)
        entry, mine = self._young(key, renewing=plain), None
        if entry is None and plain:
            mine = self._first(key)
            if mine is None:
                entry = self._young(key, renewing=False)
        if entry is not None:
            environ[ROUTE] = entry.route
            return _send(entry, method, environ.get("HTTP_IF_NONE_MATCH", ""), start_response)
        try:
            return (self._ask if plain else self._straight)(key, environ, start_response)
        finally:
            if mine is not None:
                with self._lock:
                    del self._running[key]
                mine.set()

    def _young(self, key: Key, *, renewing: bool) -> _Entry | None:
        """Return what may be sent again; the first caller who may renew it gets None when it is too old."""
        entry = self._kept.get(key)
        if entry is None or entry.until > time.monotonic():
            return entry
        with self._lock:
            entry, now = self._kept.get(key), time.monotonic()
            if entry is None or entry.until > now:
                return entry
            if renewing and not entry.renewed:
                self._kept[key] = replace(entry, until=entry.until + SECONDS, renewed=True)
            return None

    def _first(self, key: Key) -> threading.Event | None:
        """Return what to set when the answer is there; None, after a while, if another is getting it."""
        with self._lock:
            running = self._running.get(key)
            if running is None:
                mine = self._running[key] = threading.Event()
                return mine
        running.wait(AWAITED_SECONDS)
        return None

    @property
    def size(self) -> int:
        """Bytes that are kept."""
        return self._bytes

    def forget(self) -> None:
        """Drop everything that is kept, and keep nothing that is being answered now."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0
            self._writes += 1

    def _straight(self, _key: Key, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        return self._application(environ, start)

    def _ask(self, key: Key, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        begun: list[tuple[str, list[tuple[str, str]]]] = []
        writes = self._writes

        def remember(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            begun.append((status, headers))
            return start_response(status, headers, *more)

        answer = self._application(environ, remember)
        if not isinstance(answer, (list, tuple)):
            parts: list[bytes] = []
            try:
                parts.extend(answer)
            finally:
                close = getattr(answer, "close", None)
                if close is not None:
                    close()
            answer = parts
        body = b"".join(answer)
        status, headers = begun[-1]
        etag = next((value for name, value in headers if name.lower() == "etag"), "")
        if status.startswith("200") and etag and len(body) <= MOST_BYTES and not _forbidden(headers):
            size = len(body) + sum(map(len, key[:2])) + sum(len(n) + len(v) for n, v in headers) + ENTRY_BYTES
            route = str(environ.get(ROUTE, ""))
            self._keep(key, _Entry(time.monotonic() + SECONDS, headers, etag, body, route, size), writes)
        return [body]

    def _keep(self, key: Key, entry: _Entry, writes: int) -> None:
        with self._lock:
            if writes != self._writes:
                return
            former = self._kept.pop(key, None)
            self._kept[key] = entry
            self._bytes += entry.size - (former.size if former else 0)
            while self._bytes > self._most_bytes:
                _, dropped = self._kept.popitem(last=False)
                self._bytes -= dropped.size


def reads_gzip(accepted: str) -> bool:
    """Tell whether a caller that sends this ``Accept-Encoding`` reads gzip."""
    return parse_accept_header(accepted, Accept).quality("gzip") > 0


def _forbidden(headers: list[tuple[str, str]]) -> bool:
    return any(
        name.lower() == "set-cookie" or (name.lower() == "cache-control" and "no-store" in value)
        for name, value in headers
    )


def _send(entry: _Entry, method: str, known: str, start_response: StartResponse) -> Iterable[bytes]:
    tags = [tag.strip().removeprefix("W/") for tag in known.split(",")]
    if "*" in tags or entry.etag in tags:
        kept = [(n, v) for n, v in entry.headers if n.lower() not in ("content-type", "content-length")]
        start_response("304 NOT MODIFIED", kept)
        return []
    start_response("200 OK", entry.headers)
    return [] if method == "HEAD" else [entry.body]
