"""The service as an operator runs it: a process of its own on loopback, which a test may kill."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

START_SECONDS = 60.0
"""Within which the service must answer on a busy machine."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests behind nginx out where there is none, unless CI says that there must be."""
    if os.environ.get("CI") or shutil.which("nginx"):
        return
    behind = [item for item in items if "nginx_installed" in getattr(item, "fixturenames", ())]
    items[:] = [item for item in items if item not in behind]
    config.hook.pytest_deselected(items=behind)


@pytest.fixture(scope="session")
def nginx_installed() -> None:
    """Marks a test that needs nginx: apt-get install nginx-light openssl."""
    assert shutil.which("nginx"), "there is no nginx: apt-get install nginx-light openssl"


@dataclass
class Service:
    """A running service."""

    process: subprocess.Popen[str]
    port: int

    def request(
        self, method: str, path: str, body: Any = None, timeout: float = 60.0
    ) -> tuple[int, dict[str, Any]]:
        """Return status and document of a request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, path, sent, {"Content-Type": "application/json"} if sent else {})
            response = connection.getresponse()
            found: dict[str, Any] = json.loads(response.read())
            return response.status, found
        finally:
            connection.close()

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        return self.request("GET", path)

    def post(self, path: str, body: Any) -> tuple[int, dict[str, Any]]:
        return self.request("POST", path, body)

    def metric(self, name: str) -> float:
        """Return a metric without labels."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=60.0) as response:
            lines = response.read().decode().splitlines()
        return next(float(line.split()[1]) for line in lines if line.split()[0] == f"tradebreaks_{name}")

    def processes(self, name: str = "") -> list[int]:
        """Return the ids of this service's processes whose command line holds `name`."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdecimal():
                continue
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                group = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[2])
            except OSError:
                continue
            if group == self.process.pid and name in command:
                found.append(int(entry.name))
        return found

    def kill(self) -> None:
        """Kill every process of the service at once, as a power cut does."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Ask the service to stop, and return its exit code."""
        self.process.terminate()
        return self.process.wait(30)


Start = Callable[..., Service]

SERVE = (sys.executable, "-P", "-m", "service.cli", "serve", "--port", "0")


@contextmanager
def starting(place: Path) -> Iterator[Start]:
    """Yield what starts services whose store and log lie in `place`; they are killed at the end.

    `file_blocks` is the largest file that a service may write, in blocks of 512 bytes.
    """
    running: list[Service] = []

    def begin(*, file_blocks: int | None = None, **settings: object) -> Service:
        chosen = {
            "database_url": f"sqlite:///{place / 'records.sqlite'}",
            "warm_up": 0,
            "log_requests": 0,
            "writes_per_minute": 1_000_000,
            **settings,
        }
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("TRADEBREAKS_")},
            **{f"TRADEBREAKS_{name.upper()}": str(value) for name, value in chosen.items()},
            "PYTHONPATH": str(ROOT),
        }
        log = (place / "service.log").open("a")
        process = subprocess.Popen(
            ["sh", "-c", f'ulimit -f {file_blocks or "unlimited"}; exec "$@"', "sh", *SERVE],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment,
            start_new_session=True,
        )
        log.close()
        assert process.stdout is not None
        line = process.stdout.readline()
        service = Service(process, int(line.split("://127.0.0.1:")[1].split()[0]) if line else 0)
        running.append(service)
        assert line, (place / "service.log").read_text()
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            try:
                if service.get("/healthz")[0] == 200:
                    return service
            except OSError:
                time.sleep(0.1)
        raise AssertionError((place / "service.log").read_text())

    yield begin
    for service in running:
        if service.process.poll() is None:
            service.kill()
        assert service.process.stdout is not None
        service.process.stdout.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a service; its store is `records.sqlite` in the directory of the test."""
    with starting(tmp_path) as begin:
        yield begin
