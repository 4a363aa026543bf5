"""``tradebreaks serve``: waitress until interrupted, and the headline on stdout."""

from __future__ import annotations

import gc
import resource
import signal
import socket
import threading
import time
from typing import Any

import click
from flask import Flask
from waitress.server import create_server

from analysis.cli.shell import say
from analysis.errors import TradebreaksError, UsageError
from analysis.reporting.headline import CAVEATS
from service.app import create_app
from service.connections import Channel, Memory, Request
from service.settings import Settings
from service.telemetry import log_to_stderr
from service.views import first_headline, warm

GRACEFUL_SECONDS = 10
"""How long a stop waits for the requests in hand."""

LOOP_SECONDS = 1
"""How often the loop looks whether it shall stop, if nothing happens."""

MAINTENANCE_SECONDS = 5
"""How often the loop looks for connections that lie idle."""

BUFFERED = 65_536
"""Bytes of an answer kept in memory for a caller that does not read; the rest lies in a temporary file."""

MOST_UNSENT = 16_000_000
"""Bytes of answers for one connection that may wait; a caller that asks on without reading is cut off."""

SPARE_DESCRIPTORS = 500
"""Files that this process may open beside its connections."""


def serve(host: str, port: int) -> None:
    """Serve until interrupted, and print the headline table as soon as it is computed.

    Pages and API answer from the first second on; a page that needs the headline waits for the same
    computation. A damaged data package does not keep the service from starting: `/readyz` says why.

    Parameters
    ----------
    host : str
    port : int
        0 takes any free port; the address is printed.

    Raises
    ------
    UsageError
        If the address cannot be taken.
    """
    settings = Settings.from_environment()
    listener = _listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    app = create_app(settings)
    log_to_stderr()
    server = _server(app, settings, listener)
    address = f"Serving at http://{shown}:{listener.getsockname()[1]} until interrupted (Ctrl-C)."
    click.echo(address)
    threading.Thread(target=_open, args=(app,), daemon=True).start()
    if settings.warm_up:
        threading.Thread(target=_print_headline, args=(app, address), daemon=True).start()
    try:
        _run(server)
    finally:
        _stop(app)


def _server(app: Flask, settings: Settings, listener: socket.socket) -> Any:
    """Return waitress with this application, its connections bounded."""

    class BoundedRequest(Request):
        memory = Memory(settings.max_bytes_in_flight)

    class BoundedChannel(Channel):
        parser_class = BoundedRequest
        read_seconds = float(settings.read_seconds)

    server = create_server(
        app,
        sockets=[listener],
        threads=settings.threads,
        asyncore_use_poll=True,  # select() ends at 1,024 descriptors
        channel_request_lookahead=0,
        channel_timeout=settings.idle_seconds,
        cleanup_interval=min(MAINTENANCE_SECONDS, settings.idle_seconds),
        connection_limit=_connections(settings.connections),
        max_request_header_size=settings.max_head_bytes,
        max_request_body_size=settings.max_body_bytes + 1,
        inbuf_overflow=settings.max_body_bytes + 1,
        outbuf_overflow=BUFFERED,
        outbuf_high_watermark=MOST_UNSENT,
        clear_untrusted_proxy_headers=False,  # ProxyFix reads them, as many as there are trusted proxies
        ident=None,
    )
    server.channel_class = BoundedChannel
    return server


def _run(server: Any) -> None:
    """Serve until a signal comes, then answer the requests in hand and take no others."""
    stopping = threading.Event()

    def stop(*_: Any) -> None:
        stopping.set()
        server.pull_trigger()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)

    def turn(seconds: float) -> None:
        server.asyncore.loop(timeout=seconds, use_poll=True, map=server._map, count=1)

    while not stopping.is_set():
        turn(LOOP_SECONDS)
    server.asyncore.dispatcher.close(server)
    until = time.monotonic() + GRACEFUL_SECONDS
    while time.monotonic() < until and any(
        channel.requests or channel.total_outbufs_len for channel in list(server.active_channels.values())
    ):
        turn(0.1)


def _stop(app: Flask) -> None:
    """Leave no process behind; a batch that is not finished goes on at the next start."""
    app.extensions["batches"].close()
    app.extensions["pool"].close()
    app.extensions["drawing"].close()
    # What SQLite keeps beside the file goes into it when the last connection ends.
    app.extensions["answers"].store.database.close()


def _open(app: Flask) -> None:
    try:
        app.extensions["answers"].store.ready()
    except TradebreaksError as error:
        say(f"records cannot be stored: {error.message}")
    app.extensions["batches"].wake()


def _print_headline(app: Flask, address: str) -> None:
    """Print the first answer, and below it the address again: it would have scrolled away."""
    try:
        text = first_headline(app.extensions["answers"]).text()
        click.echo("\n".join(["", text, *CAVEATS, "", address]))
    except TradebreaksError as error:
        say(f"the headline cannot be computed: {error.message}")
        return
    except BrokenPipeError:
        say("nobody reads the headline: the service goes on")
    _warm(app)


def _warm(app: Flask) -> None:
    """Compute what the links of the first page lead to, before many ask for it at once."""
    try:
        warm(app.extensions["answers"])
    except TradebreaksError as error:
        say(f"the questions of the first page cannot all be answered: {error.message}")
    # A full collection walks everything that was loaded, and no request is answered meanwhile (60 to 80 ms).
    gc.collect()
    gc.freeze()


def _connections(wanted: int) -> int:
    """Return how many connections this process may hold; it may open as many files as it is ever allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = 2 * wanted + SPARE_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < files:
        soft = files if hard == resource.RLIM_INFINITY else min(files, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft >= files else max((soft - SPARE_DESCRIPTORS) // 2, 10)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        raise UsageError(
            f"{host}:{port} cannot be served ({reason}): choose another --host or --port"
        ) from None
    return listener
