"""Speed of the search for breaks, as ratios measured in one run on one machine.

Times are processor seconds of one thread, the least of several, so that other work on the machine hardly
counts.

    python benchmarks/breaks.py [--quick] [--against FOLDER]

``--quick`` leaves out ruptures' exact search at n = 1,200, which takes minutes. ``--against`` names the root
of another version of this repository, such as ``git worktree add FOLDER ae26776`` makes: the whole search is
timed there too, in the same run.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from analysis.numerics.fixed_sequence import normals
from analysis.numerics.partitions import pure_partitions

TARGETS = {300: 0.025, 1200: 0.25}
"""Seconds for all partitions with up to five breaks of y on trend and 11 seasonal dummies."""

WHOLE_TARGETS = {180: (0.5, 3.0), 1200: (10.0, None)}
"""Seconds for everything by length: without the wild bootstrap, and with it."""

WHOLE = """
import sys, time
from analysis.breaks import find_breaks
from analysis.domain import Period, TradeSeries
values = [float(v) for v in sys.stdin.read().split()]
first = Period.parse("1910-01")
series = TradeSeries.from_values([first + t for t in range(len(values))], values, id="speed")
options = {"model": "mean", "seasonal": True}
if len(sys.argv) > 1:
    options["guard"] = sys.argv[1] == "guard"
find_breaks(series, **options)
times = []
for _ in range(3):
    start = time.process_time()
    find_breaks(series, **options)
    times.append(time.process_time() - start)
print(min(times))
"""
"""Program that times the whole search; other versions have no wild bootstrap to leave out."""

RATIO_TARGET = 4.0


def best(action: Callable[[], object], repeat: int = 15) -> float:
    """Return the least processor time of several runs, seconds."""
    times = []
    for _ in range(repeat):
        start = time.process_time()
        action()
        times.append(time.process_time() - start)
    return min(times)


def problem(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return y with a season, a trend and two breaks, and trend plus 11 seasonal dummies with intercept."""
    position = np.arange(n)
    design = np.column_stack(
        [np.ones(n), position / n, *[(position % 12 == k).astype(float) for k in range(1, 12)]]
    )
    y = (
        normals((n,), 99)
        + 2.0 * (position > n // 3)
        - 3.0 * (position > 2 * n // 3)
        + np.cos(position * np.pi / 6)
    )
    return y, design


def main() -> None:
    """Time, compare and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--against", type=Path)
    options = parser.parse_args()
    print(f"{platform.platform()}, Python {platform.python_version()}, NumPy {np.__version__}")
    ours = {}
    for n, target in TARGETS.items():
        y, design = problem(n)
        h = int(0.15 * n)
        ours[n] = best(lambda y=y, x=design, h=h: pure_partitions(y, x, h, 5))
        print(f"all partitions, m = 0 to 5, n = {n}: {_against(ours[n], target)}")
    import ruptures

    for n in (300,) if options.quick else (300, 1200):
        y, design = problem(n)
        h = int(0.15 * n)
        signal = np.column_stack([y, design])

        def theirs(signal: np.ndarray = signal, h: int = h) -> object:
            search = ruptures.Dynp(model="linear", min_size=h, jump=1).fit(signal)
            return [search.predict(n_bkps=m) for m in range(1, 6)]

        seconds = best(theirs, repeat=1)
        found = pure_partitions(y, design, h, 5).breaks
        if n == 300:
            same = all(list(found[m]) == ends[:-1] for m, ends in enumerate(theirs(), start=1))
            print(f"the same breaks as ruptures for m = 1 to 5: {same}")
        ratio = seconds / ours[n]
        verdict = "met" if ratio >= RATIO_TARGET else "MISSED"
        print(
            f"ruptures Dynp(linear, jump=1), m = 1 to 5, n = {n}: {seconds:.2f} s, {ratio:.0f} times ours "
            f"(target at 1,200: {RATIO_TARGET:.0f}: {verdict})"
        )
    for n, (plain_target, guarded_target) in WHOLE_TARGETS.items():
        values = " ".join(f"{20 + v:.12g}" for v in problem(n)[0])
        plain = _whole(values, Path(__file__).parents[1], "plain")
        print(f"find_breaks without the wild bootstrap, n = {n}: {_against(plain, plain_target)}")
        if guarded_target:
            guarded = _whole(values, Path(__file__).parents[1], "guard")
            print(f"find_breaks with it, n = {n}: {_against(guarded, guarded_target)}")
        if options.against:
            other = _whole(values, options.against)
            print(f"the other version, n = {n}: {other:.2f} s, {other / plain:.1f} times ours without it")


def _whole(values: str, root: Path, *arguments: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", WHOLE, *arguments],
        input=values,
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    return float(done.stdout)


def _against(seconds: float, target: float) -> str:
    verdict = "met" if seconds < target else "MISSED"
    return f"{1000 * seconds:.1f} ms (target {1000 * target:.0f} ms: {verdict})"


if __name__ == "__main__":
    main()
