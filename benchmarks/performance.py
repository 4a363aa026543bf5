"""Run every benchmark in turn and write what they print into one page.

python -m benchmarks.performance [--out docs/performance.md] [--only panel]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

PROGRAMS = {
    "breaks": (
        "The search for breaks, beside ruptures",
        "All optimal partitions come from one dynamic programme over a triangle of segment costs.",
    ),
    "interventions": (
        "The joint model, beside statsmodels and R",
        "The joint model integrates the noise parameters on a grid instead of drawing from them. statsmodels "
        "gives one maximum of the likelihood, which is less: the doubt about the noise is left out. "
        "CausalPy's least squares is quicker, and says nothing of how sure it is.",
    ),
    "evidence": (
        "The evidence of an attribution",
        "Checks refit from quadratic forms that the specifications share.",
    ),
    "panel": (
        "Thousands of series, and the cost of a fit",
        "Series that share dates and missing months share their factorisations. The filter costs as much as "
        "there are periods, so that the exponent is below the two of the target; events add columns to it.",
    ),
    "pages": (
        "Pages",
        "An answer is kept for a second in front of the application and as computed behind it.",
    ),
    "load": (
        "Many readers at once",
        "An answer that was just sent is sent again from memory for a second, before the application is "
        "asked. What computes stands back behind what answers: it is one process of lower priority.",
    ),
    "startup": (
        "Until it can be used",
        "Heavy packages are imported where they are used.",
    ),
}
"""Program, heading, what makes it fast or slow."""

HEADER = """# Performance

Ratios within one run on one machine count; seconds depend on the machine. Made by

    make bench
"""


def section(name: str) -> str:
    """Run a program and return its part of the page."""
    heading, words = PROGRAMS[name]
    print(f"running {name}", file=sys.stderr, flush=True)
    shown = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}"], check=True, capture_output=True, text=True
    ).stdout
    return f"## {heading}\n\n{words}\n\n```\n$ python -m benchmarks.{name}\n{shown.rstrip()}\n```\n"


def main() -> None:
    """Run and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path)
    parser.add_argument("--only", choices=list(PROGRAMS), action="append")
    options = parser.parse_args()
    page = "\n".join([HEADER, *(section(name) for name in options.only or PROGRAMS)])
    if options.out:
        options.out.write_text(page, encoding="utf-8")
    else:
        print(page)


if __name__ == "__main__":
    main()
