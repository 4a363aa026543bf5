"""Seconds until the library can be used, and until `make run` serves, as ratios to an empty Python.

    python -m benchmarks.startup

Times are wall-clock seconds of whole processes, the least of several.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

REPEATS = 7
SERVES = 3
ROOT = Path(__file__).parents[1]

PROGRAMS = (
    ("an empty Python", ("-c", "pass")),
    ("import analysis", ("-c", "import analysis")),
    ("tradebreaks --help", ("-m", "service.cli", "--help")),
    ("tradebreaks series", ("-m", "service.cli", "series")),
    ("import pandas", ("-c", "import pandas")),
    ("import statsmodels.api", ("-c", "import statsmodels.api")),
)
"""What is timed, as arguments of Python; the last two are what the first ones do without."""


def least(action: Callable[[], float], repeats: int) -> float:
    """Return the least of several times, seconds."""
    return min(action() for _ in range(repeats))


def whole_process(arguments: tuple[str, ...]) -> float:
    """Return the seconds that Python with these arguments takes from start to end."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - begun


def until_it_serves() -> float:
    """Return the seconds from the start of `make run`, everything installed, to its address on stdout."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        ["make", "--silent", "run", "PORT=0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if line.startswith("Serving at "):
                return time.perf_counter() - begun
        raise RuntimeError("make run ended without serving")
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.stdout.close()
        process.wait()


def main() -> None:
    """Time, compare and print."""
    seconds = {name: least(lambda a=arguments: whole_process(a), REPEATS) for name, arguments in PROGRAMS}
    seconds["make run, the second time, until it serves"] = least(until_it_serves, SERVES)
    empty = seconds[PROGRAMS[0][0]]
    print(f"{'':44}{'seconds':>9}{'times an empty Python':>24}")
    for name, taken in seconds.items():
        print(f"{name:44}{taken:9.2f}{taken / empty:24.1f}")


if __name__ == "__main__":
    main()
