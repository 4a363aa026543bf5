"""Thousands of series through `tradebreaks batch`, and what one joint model costs by length and events.

    python -m benchmarks.panel [--series 10000]

The batch is timed as users run it: one command, two worker processes, wall-clock seconds, and the memory of
all its processes together, sampled. One fit is timed in processor seconds, the least of several.
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import statsmodels
import statsmodels.tsa.api

from analysis.domain import EventTable, Period, TradeSeries
from analysis.interventions import fit_interventions
from analysis.numerics.fixed_sequence import normals

MONTHS = 180
FIRST = Period.parse("2008-01")
STEPS = ("2010-03", "2011-09", "2013-02", "2016-11", "2018-01", "2020-02")
SECONDS = {"common": 60.0, "gaps": 300.0}
MEGABYTES = 2_000
EXPONENT = 2.0
LENGTHS = (100, 200, 500, 1_000, 2_000)
EVENT_COUNTS = (1, 3, 6, 12, 24)
SAMPLE = 10
"""Series that statsmodels fits, for the ratio."""
DAYS = 5_000
LOOK = 0.2
"""Seconds between two looks at the memory."""


def values(number: int, n: int = MONTHS, steps: Sequence[int] = ()) -> np.ndarray:
    """Return a series with a season, an AR(1) of 0.5 and falls at `steps`."""
    shocks = normals((n,), 50_000 + number)
    noise = np.empty(n)
    noise[0] = shocks[0]
    for t in range(1, n):
        noise[t] = 0.5 * noise[t - 1] + shocks[t]
    falls = sum(-0.2 * (np.arange(n) >= step) for step in steps)
    return np.round(np.exp(4 + 0.2 * np.cos(np.arange(n) * np.pi / 6) + falls + 0.15 * noise), 3)


def positions() -> list[int]:
    """Return where the six events stand in the sample."""
    return [Period.parse(month).ordinal - FIRST.ordinal for month in STEPS]


def write_panel(path: Path, count: int, *, gaps: bool) -> None:
    """Write long rows; with `gaps` six months of each series are missing, others in every series."""
    months = [str(FIRST + t) for t in range(MONTHS)]
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["series_id", "period", "value"])
        for number in range(count):
            missing = {(number * 7 + 29 * k * (1 + number % 5)) % MONTHS for k in range(6)} if gaps else set()
            for t, value in enumerate(values(number, steps=positions())):
                rows.writerow([f"s{number:05d}", months[t], "" if t in missing else value])


def write_events(path: Path) -> None:
    """Write the table of six steps."""
    lines = [f"e{k},Event {k},{month}-01" for k, month in enumerate(STEPS)]
    path.write_text("\n".join(["id,title,effective", *lines]) + "\n", encoding="utf-8")


def memory(pid: int) -> float:
    """Return the resident megabytes of a process and all below it."""
    pages, parents = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = dict(
                line.split(":", 1) for line in (folder / "status").read_text().splitlines() if ":" in line
            )
        except OSError:  # the process ended between two looks
            continue
        parents[int(folder.name)] = int(status["PPid"])
        pages[int(folder.name)] = int(status.get("VmRSS", "0 kB").split()[0]) / 1024
    family = {pid}
    while grown := {child for child, parent in parents.items() if parent in family} - family:
        family |= grown
    return sum(pages.get(member, 0.0) for member in family)


def run_batch(folder: Path, count: int, *, gaps: bool) -> tuple[float, float]:
    """Return wall-clock seconds and peak megabytes of the command over `count` series."""
    name = "gaps" if gaps else "common"
    write_panel(folder / f"{name}.csv", count, gaps=gaps)
    write_events(folder / "events.csv")
    command = [sys.executable, "-m", "service.cli", "batch", "--input", str(folder / f"{name}.csv")]
    command += ["--events", str(folder / "events.csv"), "--output", str(folder / f"{name}.out.csv")]
    begun = time.perf_counter()
    process = subprocess.Popen([*command, "--jobs", "2", "--json"], stdout=subprocess.PIPE)
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, memory(process.pid))
        time.sleep(LOOK)
    seconds = time.perf_counter() - begun
    if process.returncode != 0:
        raise RuntimeError(f"the batch ended with {process.returncode}")
    with (folder / f"{name}.out.csv").open(encoding="utf-8", newline="") as file:
        wrong = sum(row["status"] != "ok" for row in csv.DictReader(file))
    if wrong:
        raise RuntimeError(f"{wrong} rows without an answer")
    return seconds, peak


def least(action: Callable[[], object], repeat: int) -> float:
    """Return the least processor time of several runs, seconds; the first run is not counted."""
    action()
    times = []
    for _ in range(repeat):
        start = time.process_time()
        action()
        times.append(time.process_time() - start)
    return min(times)


def one_fit(n: int, steps: Sequence[int], first: Period = FIRST) -> Callable[[], object]:
    """Return one joint model of `n` periods with steps at these positions."""
    series = TradeSeries.from_values([first + t for t in range(n)], values(1, n, steps).tolist(), id="timed")
    rows = [
        {"id": f"e{k}", "title": f"Event {k}", "effective": (first + step).start.isoformat()}
        for k, step in enumerate(steps)
    ]
    events = EventTable.from_rows(rows)
    return lambda: fit_interventions(series, events, regime=[], outliers=False, totals=False)


def spread(count: int, n: int) -> list[int]:
    """Return `count` positions spread evenly over the sample."""
    return [int((k + 1) * n / (count + 1)) for k in range(count)]


def exponent(lengths: Sequence[int], seconds: Sequence[float]) -> float:
    """Return the slope of log seconds on log length."""
    return float(np.polyfit(np.log(lengths), np.log(seconds), 1)[0])


def statsmodels_seconds() -> float:
    """Return the processor seconds of statsmodels' structural model a series, on a sample of the panel."""
    after = np.column_stack([(np.arange(MONTHS) >= step).astype(float) for step in positions()])
    season = np.column_stack([(np.arange(MONTHS) % 12 == k).astype(float) for k in range(1, 12)])
    regressors = np.column_stack([after, season])
    start = time.process_time()
    for number in range(SAMPLE):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            statsmodels.tsa.api.UnobservedComponents(
                np.log(values(number, steps=positions())),
                level="local level",
                autoregressive=1,
                exog=regressors,
            ).fit(disp=False)
    return (time.process_time() - start) / SAMPLE


def verdict(found: float, limit: float, unit: str) -> str:
    """Return the target and whether it is met."""
    return f"target {limit:,.0f}{unit}: {'met' if found <= limit else 'MISSED'}"


def main() -> None:
    """Time, compare and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--series", type=int, default=10_000)
    count = parser.parse_args().series
    print(
        f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; Python "
        f"{platform.python_version()}, NumPy {np.__version__}, statsmodels {statsmodels.__version__}\n"
    )
    share = count / 10_000
    with tempfile.TemporaryDirectory() as folder:
        for name, gaps, words in (
            ("common", False, "the same months"),
            ("gaps", True, "six other months missing in each"),
        ):
            seconds, peak = run_batch(Path(folder), count, gaps=gaps)
            print(
                f"{count:,} series of {MONTHS} months, six events, {words}: {seconds:.1f} s "
                f"({verdict(seconds, SECONDS[name] * share, ' s')}), {count / seconds:.0f} a second, "
                f"{peak:,.0f} MB ({verdict(peak, MEGABYTES, ' MB')})",
                flush=True,
            )
            if not gaps:
                ours = 2 * seconds / count
    theirs = statsmodels_seconds()
    print(
        f"statsmodels UnobservedComponents (local level, AR(1)), {SAMPLE} of them, one maximum each: "
        f"{theirs:.2f} s a series, {theirs / ours:.0f} times ours\n",
        flush=True,
    )
    fits = [least(one_fit(n, spread(6, n), Period.parse("1850-01")), 3) for n in LENGTHS]
    print("One joint model, six events, by length: " + _milliseconds(LENGTHS, fits))
    slope = exponent(LENGTHS, fits)
    print(f"Exponent of the length: {slope:.2f} ({verdict(slope, EXPONENT, '')})", flush=True)
    by_events = [least(one_fit(199, spread(k, 199)), 3) for k in EVENT_COUNTS]
    print("199 months, by events: " + _milliseconds(EVENT_COUNTS, by_events), flush=True)
    daily = least(one_fit(DAYS, spread(6, DAYS), Period.parse("2008-01-01")), 1)
    print(f"{DAYS:,} days, six events: {daily:.1f} s")


def _milliseconds(sizes: Sequence[int], seconds: Sequence[float]) -> str:
    return ", ".join(f"{size:,}: {1000 * s:.0f} ms" for size, s in zip(sizes, seconds, strict=True))


if __name__ == "__main__":
    main()
