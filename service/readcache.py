"""A second's memory in front of the application: what was just answered is not answered anew.

Only whole answers with an ETag to GET and HEAD are kept. A write through this process empties it; what
another process writes is seen after `SECONDS`.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SECONDS = 1.0
"""How old an answer may be."""

MOST_ENTRIES = 512
MOST_BYTES = 2_000_000
"""Largest answer that is kept."""

ROUTE = "tradebreaks.route"
"""Where the application says which address it answered, for the metrics."""

SKIPPED = ("/static/", "/metrics", "/healthz", "/readyz")


@dataclass(frozen=True, slots=True)
class _Entry:
    until: float
    headers: list[tuple[str, str]]
    etag: str
    body: bytes
    route: str


class ReadCache:
    """Middleware that keeps answers for a second.

    Parameters
    ----------
    application : WSGI application
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application
        self._kept: OrderedDict[tuple[str, str, str], _Entry] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer from memory, or ask the application."""
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        if method not in ("GET", "HEAD"):
            self.forget()
            return self._application(environ, start_response)
        if path.startswith(SKIPPED) or "HTTP_AUTHORIZATION" in environ or "HTTP_RANGE" in environ:
            return self._application(environ, start_response)
        key = (path, environ.get("QUERY_STRING", ""), environ.get("HTTP_ACCEPT", ""))
        entry = self._kept.get(key)
        if entry is not None and entry.until > time.monotonic():
            environ[ROUTE] = entry.route
            return _send(entry, method, environ.get("HTTP_IF_NONE_MATCH", ""), start_response)
        if method == "HEAD" or "HTTP_IF_NONE_MATCH" in environ or "HTTP_IF_MODIFIED_SINCE" in environ:
            return self._application(environ, start_response)
        return self._ask(key, environ, start_response)

    def forget(self) -> None:
        """Drop everything that is kept."""
        with self._lock:
            self._kept.clear()

    def _ask(
        self, key: tuple[str, str, str], environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        begun: list[tuple[str, list[tuple[str, str]]]] = []

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
            with self._lock:
                self._kept[key] = _Entry(
                    time.monotonic() + SECONDS, headers, etag, body, str(environ.get(ROUTE, ""))
                )
                self._kept.move_to_end(key)
                while len(self._kept) > MOST_ENTRIES:
                    self._kept.popitem(last=False)
        return [body]


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
