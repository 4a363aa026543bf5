"""``tradebreaks serve``: gunicorn until interrupted, and the headline on stdout."""

from __future__ import annotations

import gc
import resource
import socket
import threading
from dataclasses import replace
from functools import partial
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication

from analysis.cli.shell import say
from analysis.errors import TradebreaksError, UsageError
from analysis.reporting.headline import CAVEATS
from service.app import create_app
from service.connections import Worker
from service.settings import Settings
from service.telemetry import log_to_stderr
from service.views import headlines, overview

GRACEFUL_SECONDS = 10
"""How long a stop waits for the requests in hand."""

FIRST_WORKER = 1
"""gunicorn counts its workers; one that replaces a lost worker prints nothing."""


MOST_CONNECTIONS = 4_000
SPARE_DESCRIPTORS = 200
"""Files that this process may open beside its connections."""


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn publishes no types
    """gunicorn with this application and these options, and no configuration file."""

    def __init__(self, app: Flask, options: dict[str, Any]) -> None:
        self._app = app
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        """Take the options given, and nothing from the command line or the environment."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Return the application, built once before the worker starts."""
        return self._app


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
    address = f"http://{shown}:{listener.getsockname()[1]}"
    app = create_app(settings if settings.public_url else replace(settings, public_url=address))

    class BoundedWorker(Worker):
        most_body = settings.max_body_bytes

    log_to_stderr()
    click.echo(f"Serving at {address} until interrupted (Ctrl-C).\n")
    options = {
        "bind": [f"fd://{listener.fileno()}"],
        "workers": 1,
        "worker_class": BoundedWorker,
        "worker_connections": _connections(),
        "threads": settings.threads,
        "timeout": 0,
        "graceful_timeout": GRACEFUL_SECONDS,
        "keepalive": 30,
        "sendfile": False,
        # gunicorn would open one socket in the user's home, which any other gunicorn there takes over.
        "control_socket_disable": True,
        "limit_request_line": 8190,
        "limit_request_fields": 100,
        "loglevel": "warning",
        "proc_name": "tradebreaks",
        "post_worker_init": partial(_start, app),
        "worker_exit": partial(_stop, app),
    }
    _Server(app, options).run()


def _start(app: Flask, worker: Any) -> None:
    """Open the store, take up batches, and compute the headline, whose answers this process keeps."""
    threading.Thread(target=_open, args=(app,), daemon=True).start()
    if worker.age == FIRST_WORKER and app.extensions["settings"].warm_up:
        threading.Thread(target=_print_headline, args=(app,), daemon=True).start()


def _stop(app: Flask, _server: Any, _worker: Any) -> None:
    """Leave no process behind; a batch that is not finished goes on at the next start."""
    app.extensions["batches"].close()
    app.extensions["pool"].close()


def _open(app: Flask) -> None:
    try:
        app.extensions["answers"].store.ready()
    except TradebreaksError as error:
        say(f"records cannot be stored: {error.message}")
    app.extensions["batches"].wake()


def _print_headline(app: Flask) -> None:
    try:
        for headline in headlines(app.extensions["answers"]):
            click.echo(headline.text())
        click.echo("\n".join(CAVEATS))
    except TradebreaksError as error:
        say(f"the headline cannot be computed: {error.message}")
        return
    except BrokenPipeError:
        say("nobody reads the headline: the service goes on")
    _warm_first_page(app)


def _warm_first_page(app: Flask) -> None:
    """Compute what the first page shows beside the headline, before many ask for it at once."""
    try:
        overview(app.extensions["answers"])
    except TradebreaksError as error:
        say(f"the first page cannot be computed: {error.message}")
    # A full collection walks everything that was loaded, and no request is answered meanwhile (60 to 80 ms).
    gc.collect()
    gc.freeze()


def _connections() -> int:
    """Return how many connections this process may hold; it may open as many files as it is ever allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + SPARE_DESCRIPTORS
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(min(MOST_CONNECTIONS, soft - SPARE_DESCRIPTORS), 1)


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
