"""What an operator sees: one JSON line per request, request ids, and metrics for Prometheus."""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from service.readcache import ROUTE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ACCESS = logging.getLogger("tradebreaks.access")

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""Id of the request that the running thread answers."""

CALLER_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""Form of an id that a caller or a proxy may send."""

BUCKETS = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0)
KNOWN_METHODS = ("GET", "HEAD", "POST", "DELETE", "OPTIONS")


class Metrics:
    """Counters of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "tradebreaks_requests",
            "Requests answered",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "tradebreaks_request_seconds",
            "Time to answer",
            ("route",),
            buckets=BUCKETS,
            registry=self.registry,
        )

    def count(self, method: str, route: str, status: str, seconds: float) -> None:
        """Count a request that was answered."""
        known = method if method in KNOWN_METHODS else "other"
        self._requests.labels(known, route, status).inc()
        self._seconds.labels(route).observe(seconds)

    def watch(self, name: str, words: str, value: Callable[[], float]) -> None:
        """Show what `value` returns at the time of asking."""
        Gauge(f"tradebreaks_{name}", words, registry=self.registry).set_function(value)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)


class Telemetry:
    """Middleware that numbers, counts and logs every request.

    Parameters
    ----------
    application : WSGI application
    metrics : Metrics
    log : bool
        Whether each request is logged.
    """

    def __init__(self, application: WSGIApplication, metrics: Metrics, *, log: bool) -> None:
        self._application = application
        self._metrics = metrics
        self._log = log

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, then count and log."""
        begun = time.perf_counter()
        given = environ.get("HTTP_X_REQUEST_ID", "")
        number = given if CALLER_ID.fullmatch(given) else secrets.token_hex(8)
        token = REQUEST_ID.set(number)
        state = {"status": "500"}

        def numbered(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            state["status"] = status[:3]
            return start_response(status, [*headers, ("X-Request-ID", number)], *more)

        try:
            return self._application(environ, numbered)
        finally:
            seconds = time.perf_counter() - begun
            self._metrics.count(
                environ["REQUEST_METHOD"], str(environ.get(ROUTE, "")) or "none", state["status"], seconds
            )
            if self._log:
                ACCESS.info(
                    "request",
                    extra={
                        "fields": {
                            "address": environ.get("REMOTE_ADDR", ""),
                            "method": environ["REQUEST_METHOD"],
                            "path": environ.get("PATH_INFO", ""),
                            "query": environ.get("QUERY_STRING", ""),
                            "status": int(state["status"]),
                            "seconds": round(seconds, 6),
                        }
                    },
                )
            REQUEST_ID.reset(token)


class JsonLines(logging.Formatter):
    """One JSON object a line; a traceback is a field of it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        number = REQUEST_ID.get()
        if number:
            line["request_id"] = number
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def log_to_stderr() -> None:
    """Send what this service logs to stderr, as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    # waitress warns of every request that waits for a thread; the metrics say how many do.
    for name, level in (
        ("tradebreaks", logging.INFO),
        ("waitress", logging.WARNING),
        ("waitress.queue", logging.ERROR),
    ):
        logger = logging.getLogger(name)
        logger.handlers[:] = [] if "." in name else [handler]
        logger.setLevel(level)
        logger.propagate = "." in name
