"""Load on loopback: cached reads with wrk, beside attributions that are being computed, and memory.

    python -m benchmarks.load [--base CHECKOUT]

Starts the service as users do, with its default of niced processes that compute. wrk has one thread and
32 connections; four clients ask for attributions that nobody asked for before. With a checkout of another
version (``git worktree add CHECKOUT COMMIT``) both are loaded in turn, in one run, and the ratio is printed.
Needs wrk.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from itertools import islice, product
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from analysis import catalogue
from analysis.attribution import attribute
from benchmarks.pages import service

SECONDS = 10
CONNECTIONS = 32
ROUNDS = 3
ROUND_SECONDS = 6
CLIENTS = 4
FRESH = 21
CACHED = 200
READS = 100_000
COMPUTATIONS = 2_000
SMALL_CACHE = 3_000_000
KEPT = "/v1/series/dprk.exports.china.m"
SERIES = "dprk.exports.china.m"
BEFORE, AFTER = range(2010, 2017), range(2017, 2025)
"""Years of the windows that the questions compare: nobody asks the same question twice."""
RATE, P99, MEDIAN_FRESH, MEDIAN_CACHED, GROWTH = 2_000.0, 20.0, 500.0, 5.0, 5.0
"""Targets: reads a second, and milliseconds, and megabytes that the service may grow by."""
UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


@dataclass(frozen=True, slots=True)
class Reads:
    """What wrk saw."""

    count: int
    rate: float
    p99: float
    """Milliseconds."""


@dataclass(slots=True)
class Computing:
    """Answers that the four clients received, and how long each took."""

    milliseconds: list[float] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)


def wrk(address: str, seconds: int = SECONDS) -> Reads:
    """Read an address for some seconds over 32 connections."""
    command = ["wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--latency"]
    shown = subprocess.run(
        [*command, "--duration", f"{seconds}s", address], check=True, capture_output=True, text=True
    ).stdout
    if "Non-2xx" in shown or "Socket errors" in shown:
        raise RuntimeError(f"wrk met errors:\n{shown}")
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s|m)\b", shown).groups()  # type: ignore[union-attr]
    return Reads(
        int(re.search(r"(\d+) requests in", shown)[1]),  # type: ignore[index]
        float(re.search(r"Requests/sec:\s+([\d.]+)", shown)[1]),  # type: ignore[index]
        float(number) * UNITS[unit],
    )


def spans(years: range) -> list[str]:
    """Return every window of whole years, the single years first."""
    pairs = [(first, last) for first, last in product(years, years) if first <= last]
    return [f"{first}-01..{last}-12" for first, last in sorted(pairs, key=lambda pair: pair[1] - pair[0])]


def question(before: str, after: str) -> str:
    """Return the path of an attribution without evidence."""
    return f"/v1/attributions?{urlencode({'series': SERIES, 'from': before, 'to': after})}"


QUESTIONS = [question(before, after) for before, after in product(spans(BEFORE), spans(AFTER))]
SAME, *OTHERS = QUESTIONS
NEVER_ASKED = iter(OTHERS)


def ask(connection: HTTPConnection, path: str) -> tuple[int, float]:
    """Return the status and the milliseconds of one request on a connection that stays open."""
    begun = time.perf_counter()
    connection.request("GET", path)
    reply = connection.getresponse()
    body = reply.read()
    taken = 1000 * (time.perf_counter() - begun)
    if reply.status == 200:
        json.loads(body)
    return reply.status, taken


@contextmanager
def computing(address: str) -> Iterator[Computing]:
    """Let four clients ask for fresh attributions, one after the other each, until the block ends."""
    found, ended = Computing(), threading.Event()

    def client() -> None:
        connection = HTTPConnection(urlsplit(address).netloc)
        while not ended.is_set():
            status, taken = ask(connection, next(NEVER_ASKED))
            if status == 200:
                found.milliseconds.append(taken)
            else:
                found.refused.append(status)
        connection.close()

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def versus(base: str) -> None:
    """Load the version at `base` and this one in turn, and print the ratio of their medians."""
    roots = {"base": base, "this": str(Path(__file__).parents[1])}
    for path in (KEPT, SAME, "/"):
        found: dict[str, list[Reads]] = {name: [] for name in roots}
        for _ in range(ROUNDS):
            for name, root in roots.items():
                with tempfile.TemporaryDirectory() as folder, service(folder, root) as address:
                    visit(address)
                    wrk(address + path, 1)
                    with computing(address):
                        found[name].append(wrk(address + path, ROUND_SECONDS))
        rates = {name: statistics.median(reads.rate for reads in runs) for name, runs in found.items()}
        tails = {name: statistics.median(reads.p99 for reads in runs) for name, runs in found.items()}
        print(
            f"{path.partition('?')[0]}, {CLIENTS} clients computing, medians of {ROUNDS}: "
            f"{rates['base']:,.0f} then {rates['this']:,.0f} a second, "
            f"ratio {rates['this'] / rates['base']:.2f}; 99 % within {tails['base']:.1f} "
            f"then {tails['this']:.1f} ms, "
            f"ratio {tails['this'] / tails['base']:.2f}",
            flush=True,
        )


def grown(address: str) -> float:
    """Return the megabytes that the service grows by over 100,000 reads and 2,000 computations."""
    connection = HTTPConnection(urlsplit(address).netloc)
    asked = iter(range(10**6))

    def compute(count: int) -> None:
        for _ in range(count):
            level = 0.5 + next(asked) / 100_000
            _answered(ask(connection, f"/v1/breaks?series=dprk.total.a&max_breaks=1&level={level:.5f}"))

    compute(COMPUTATIONS // 2)
    done = wrk(address + KEPT).count
    before = memory(address)
    compute(COMPUTATIONS)
    while done < READS:
        done += wrk(address + KEPT).count
    connection.close()
    return memory(address) - before


def medians(address: str) -> tuple[float, float]:
    """Return the median milliseconds of a fresh and of a cached attribution, asked by one client."""
    connection = HTTPConnection(urlsplit(address).netloc)
    fresh = [_answered(ask(connection, next(NEVER_ASKED))) for _ in range(FRESH)]
    _answered(ask(connection, SAME))
    cached = []
    for _ in range(CACHED):
        cached.append(_answered(ask(connection, SAME)))
        time.sleep(0.01)
    connection.close()
    return statistics.median(fresh), statistics.median(cached)


def _answered(reply: tuple[int, float]) -> float:
    status, taken = reply
    if status != 200:
        raise RuntimeError(f"an attribution was answered with {status}")
    return taken


def visit(address: str) -> None:
    """Wait until the first page is there: what it shows is computed when the service starts."""
    connection = HTTPConnection(urlsplit(address).netloc)
    connection.request("GET", "/")
    reply = connection.getresponse()
    reply.read()
    connection.close()
    if reply.status != 200:
        raise RuntimeError(f"the first page was answered with {reply.status}")


def library_medians() -> tuple[float, float]:
    """Return the median milliseconds of `attribute` with neither outliers nor totals, and with its record."""
    series = catalogue.series(SERIES)
    answered, recorded = [], []
    for before, after in islice(product(spans(BEFORE)[: len(BEFORE)], spans(AFTER)[: len(AFTER)]), FRESH):
        begun = time.perf_counter()
        found = attribute(series, start=before, end=after, evidence="none", outliers=False, totals=False)
        answered.append(1000 * (time.perf_counter() - begun))
        found.to_record()
        recorded.append(1000 * (time.perf_counter() - begun))
    return statistics.median(answered), statistics.median(recorded)


def memory(address: str) -> float:
    """Return the resident megabytes of the process that answers, as its metrics state them."""
    connection = HTTPConnection(urlsplit(address).netloc)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return float(re.search(r"^process_resident_memory_bytes ([\d.e+]+)$", text, re.M)[1]) / 1e6  # type: ignore[index]


def line(words: str, found: float, unit: str, target: float, *, least: bool = False) -> None:
    """Print one line of the table."""
    met = found >= target if least else found <= target
    bound = "at least" if least else "at most"
    print(
        f"{words:80}{found:10,.1f} {unit:8} ({bound} {target:,.0f}: {'met' if met else 'MISSED'})", flush=True
    )


def show_reads(words: str, reads: Reads) -> None:
    """Print rate and tail of a run of wrk."""
    line(f"{words}: requests", reads.rate, "a second", RATE, least=True)
    line(f"{words}: 99 % within", reads.p99, "ms", P99)


def main() -> None:
    """Serve, load and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", metavar="CHECKOUT", help="a checkout of the version to compare with")
    parser.add_argument("--only-base", action="store_true", help="compare, and nothing else")
    chosen = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("There is no wrk: apt-get install --yes wrk")
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    if chosen.base:
        versus(chosen.base)
    if chosen.only_base:
        return
    with tempfile.TemporaryDirectory() as folder, service(folder) as address:
        connection = HTTPConnection(urlsplit(address).netloc)
        _answered(ask(connection, next(NEVER_ASKED)))
        connection.close()
        fresh, cached = medians(address)
        words = f"attribution over HTTP, fresh, with outliers and totals, median of {FRESH}"
        print(f"{words:80}{fresh:10,.1f} ms")
        line(f"attribution over HTTP, cached, median of {CACHED}", cached, "ms", MEDIAN_CACHED)
        visit(address)
        for path in (KEPT, SAME, "/"):
            name = path.partition("?")[0]
            show_reads(f"{name}, nothing computed", wrk(address + path))
            with computing(address) as found:
                reads = wrk(address + path)
            show_reads(f"{name}, {CLIENTS} clients computing", reads)
            print(
                f"    meanwhile {len(found.milliseconds)} attributions were computed, half of them within "
                f"{statistics.median(found.milliseconds):,.0f} ms; {len(found.refused)} refused"
            )
    # What is kept has a bound, which is reached before memory is read first: with the default it takes hours.
    os.environ["TRADEBREAKS_CACHE_BYTES"] = str(SMALL_CACHE)
    with tempfile.TemporaryDirectory() as folder, service(folder) as address:
        words = f"growth of memory over {READS:,} reads and {COMPUTATIONS:,} computations"
        line(words, grown(address), "MB", GROWTH)
    answered, recorded = library_medians()
    words = f"attribute() between years, without outlier and total dimensions, median of {FRESH}"
    line(words, answered, "ms", MEDIAN_FRESH)
    line("the same with its record", recorded, "ms", MEDIAN_FRESH)


if __name__ == "__main__":
    main()
