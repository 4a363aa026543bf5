"""Coverage of the usual methods, for the panel that shows them side by side.

    python -m benchmarks.calibration.methods [--series 30] METHOD [METHOD ...]

measures the methods named on the first series of every world of `benchmarks.calibration.joint` and writes
their rows of `analysis/interventions/peers/tables/coverage.csv`; `--from-page` takes those of the other
methods from `docs/calibration.md`, which `make calibrate` writes.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import numpy as np

from analysis.interventions.peers.coverage import COLUMNS, HEADER, TABLE, Measured, read_coverage
from benchmarks.calibration.joint_fits import measure_peer
from benchmarks.calibration.worlds import EFFECTS, SAMPLES, WORLDS

PAGE = Path(__file__).parents[2] / "docs" / "calibration.md"


def from_page(text: str) -> list[Measured]:
    """Return the rows of the table of coverage on the page of the calibration."""
    counted = re.search(r"The first ([\d,]+) series of each cell", text)
    series = int(counted[1].replace(",", "")) if counted else 0
    block = text.split("### Coverage", 1)[1].split("###", 1)[0]
    lines = [line.strip("| ").split(" | ") for line in block.splitlines() if line.startswith("| ")]
    names = ["structural", *(re.sub("`", "", name) for name in lines[0][3:])]
    return [
        Measured(world, int(n), name, float(value), series)
        for world, n, *values in lines[2:]
        if n.isdigit()
        for name, value in zip(names, values, strict=True)
    ]


def measure(method: str, series: int) -> list[Measured]:
    """Measure one method in every world and length."""
    found = []
    for world in WORLDS:
        for n in SAMPLES:
            hits = measure_peer(world, n, range(series), method).hits(EFFECTS)
            coverage = float(np.nanmean(hits)) if np.isfinite(hits).any() else float("nan")
            found.append(Measured(world.name, n, method, round(coverage, 2), series))
            print(world.name, n, method, f"{coverage:.3f}", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("methods", nargs="*")
    parser.add_argument("--series", type=int, default=30)
    parser.add_argument("--from-page", action="store_true")
    options = parser.parse_args()
    rows = {} if options.from_page else {row.key: row for row in read_coverage()}
    if options.from_page:
        rows |= {row.key: row for row in from_page(PAGE.read_text(encoding="utf-8"))}
    for method in options.methods:
        rows |= {row.key: row for row in measure(method, options.series)}
    lines = [*(f"# {line}" for line in HEADER), ",".join(COLUMNS)]
    lines += [
        ",".join(map(str, (row.world, row.n, row.method, row.coverage, row.series))) for row in rows.values()
    ]
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
