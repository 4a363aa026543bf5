"""Coverage of the sums of groups, over more series than the calibration of the joint model fits.

    python -m benchmarks.calibration.rare_groups [--series 4000] [--jobs 2] [--out docs/calibration-groups.md]

Some worlds form a group in few of a thousand series, too few to tell 90 % from 95 %.
"""

from __future__ import annotations

import argparse
import platform
import sys
from itertools import product
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from analysis.domain.engine import ENGINE
from analysis.interventions.identification import DEFAULT_BOUNDS
from benchmarks.calibration.joint_fits import group_hits
from benchmarks.calibration.joint_tables import ENOUGH_GROUPS, row
from benchmarks.calibration.worlds import SAMPLES, WORLDS, World

AT_ONCE = 500
TARGET = 0.90
CELLS = [(world, n) for world, n in product(WORLDS, SAMPLES) if world.kappa == 1 and not world.missing]
"""The world with a regime is fitted series by series; that with missing months forms next to no group."""


def measure(world: World, n: int, start: int, stop: int) -> NDArray[np.bool_]:
    """Tell of each group in a stretch of series whether its sum is covered."""
    return group_hits(world, n, range(start, stop), DEFAULT_BOUNDS)


def page(found: list[NDArray[np.bool_]], series: int) -> str:
    """Return the page: a row for each cell."""
    large = [
        (float(hits.mean()), f"{world.name}, n = {n}")
        for (world, n), hits in zip(CELLS, found, strict=True)
        if len(hits) >= ENOUGH_GROUPS
    ]
    lowest, where = min(large)
    lines = [
        "# Coverage of groups",
        "",
        f"The sums of the groups that the rule forms, at a nominal 95 %, over {series:,} series a cell: the "
        "first of them are those of [the calibration](calibration.md), where some worlds form so few groups "
        "that their coverage says little. Two worlds are left out: that with a regime is fitted series by "
        "series, that with missing months forms next to no group. Made by",
        "",
        "    make calibrate-groups",
        "",
        f"with engine {ENGINE}, Python {platform.python_version()}, NumPy {np.__version__} on "
        f"{platform.machine()}.",
        "",
        f"Lowest of the {len(large)} cells with {ENOUGH_GROUPS} groups or more: {lowest:.3f} ({where}); "
        f"target {TARGET:.2f}: {'met' if lowest >= TARGET else '**missed**'}.",
        "",
        row("world", "n", "groups a hundred series", "groups", "covered", "standard error"),
        row("---", *["---:"] * 5),
    ]
    for (world, n), hits in zip(CELLS, found, strict=True):
        share, count = f"{100 * len(hits) / series:.1f}", len(hits)
        if not count:
            lines.append(row(world.name, n, share, 0, "none", "none"))
            continue
        error = np.sqrt(hits.mean() * (1 - hits.mean()) / count)
        lines.append(row(world.name, n, share, count, f"{hits.mean():.3f}", f"{error:.3f}"))
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=4000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    starts = range(0, options.series, AT_ONCE)
    work = [(world, n, start) for (world, n), start in product(CELLS, starts)]
    parts: list[NDArray[np.bool_]] = []
    run = Parallel(n_jobs=options.jobs, return_as="generator")
    for hits in run(
        delayed(measure)(world, n, start, min(start + AT_ONCE, options.series)) for world, n, start in work
    ):
        parts.append(hits)
        print(f"{len(parts)}/{len(work)}", file=sys.stderr)
    each = len(starts)
    text = page([np.concatenate(parts[k : k + each]) for k in range(0, len(parts), each)], options.series)
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
