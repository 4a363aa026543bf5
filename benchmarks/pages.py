"""How soon a page is there: first contentful paint in Chromium, its weight, and the server's part.

    python -m benchmarks.pages

Starts the service as users do (`tradebreaks serve`) on loopback with a store of its own. Needs Chromium.
"""

from __future__ import annotations

import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

from tests.e2e.browser import FLAGS, find

VISITS = 7
ASKED = 50
TARGETS = {"paint": 1000.0, "weight": 150_000, "server": 100.0}
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
SIZES = (
    "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
    ".map((e) => [e.name, e.transferSize])"
)
SCRIPTS = "/scripts/"
"""Where the chart's script lies: the weight is without it."""


@contextmanager
def service(folder: str, root: str | None = None) -> Iterator[str]:
    """Serve until the block ends, from the checkout `root` if there is one; the address."""
    environment = {**os.environ, "XDG_DATA_HOME": folder}
    if root is not None:
        environment["PYTHONPATH"] = root
    process = subprocess.Popen(
        [sys.executable, "-m", "service.cli", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
        cwd=root,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        address = next(
            line.split()[2].rstrip(".") for line in process.stdout if line.startswith("Serving at ")
        )
        wait_for(address)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def answered(address: str) -> float:
    """Return the milliseconds until the whole page is received, without a browser."""
    parts = urlsplit(address)
    connection = HTTPConnection(parts.netloc)
    begun = time.perf_counter()
    connection.request("GET", parts.path)
    connection.getresponse().read()
    taken = 1000 * (time.perf_counter() - begun)
    connection.close()
    return taken


def wait_for(address: str) -> None:
    """Wait until the service answers that it is ready."""
    while True:
        try:
            answered(f"{address}/readyz")
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return


def visits(address: str) -> tuple[list[float], int]:
    """Return the paints of fresh contexts in milliseconds, and the bytes transferred without the script."""
    paints, weight = [], 0
    with sync_playwright() as playwright:
        browser: Any = playwright.chromium.launch(executable_path=find(), args=list(FLAGS))
        for _ in range(VISITS):
            context = browser.new_context(viewport={"width": 1400, "height": 900})
            page = context.new_page()
            page.goto(address, wait_until="networkidle")
            paints.append(float(page.evaluate(PAINT)))
            weight = sum(size for name, size in page.evaluate(SIZES) if SCRIPTS not in name)
            context.close()
        browser.close()
    return paints, weight


def line(words: str, found: float, target: float, unit: str) -> None:
    """Print one line of the table."""
    verdict = "met" if found <= target else "MISSED"
    print(f"{words:58}{found:10,.0f} {unit:6} (target {target:,.0f}: {verdict})", flush=True)


def main() -> None:
    """Serve, visit and print."""
    if find() is None:
        sys.exit("There is no Chromium: apt-get install --yes chromium")
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder, service(folder) as address:
        for name, path in (("overview", "/"), ("explorer", "/explore")):
            first = answered(address + path)
            paints, weight = visits(address + path)
            server = statistics.median(answered(address + path) for _ in range(ASKED))
            print(f"{name}: the first answer after the start took {first:,.0f} ms")
            line(
                f"{name}: first contentful paint, median of {VISITS}",
                statistics.median(paints),
                TARGETS["paint"],
                "ms",
            )
            line(f"{name}: bytes without the chart's script", weight, TARGETS["weight"], "bytes")
            line(f"{name}: the server's part, cached, median of {ASKED}", server, TARGETS["server"], "ms")


if __name__ == "__main__":
    main()
