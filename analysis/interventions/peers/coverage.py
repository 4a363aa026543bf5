"""How often the intervals of each method held the truth in simulated worlds: the committed table, read."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from analysis.domain import TradeSeries

TABLE = Path(__file__).parent / "tables" / "coverage.csv"
COLUMNS = ("world", "n", "method", "coverage", "series")
HEADER = (
    "Coverage of 95 % intervals of single effects in simulated monthly worlds, mean over six events.",
    "Made by `python -m benchmarks.calibration.methods`; the worlds are those of docs/calibration.md.",
)
RHOS = {"ar40": 0.4, "ar70": 0.7, "ar90": 0.9, "ar95": 0.95}
LEAST_RHO = 0.2
"""Below it the noise is called white."""
MISSING = 0.05
"""Share of missing months from which the world with missing months is the nearest."""


class Measured(NamedTuple):
    """One cell of the table."""

    world: str
    n: int
    method: str
    coverage: float
    series: int

    @property
    def key(self) -> tuple[str, int, str]:
        """What the cell is found by."""
        return self.world, self.n, self.method


@lru_cache(maxsize=1)
def read_coverage() -> tuple[Measured, ...]:
    """Return all cells of the committed table."""
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return tuple(
        Measured(row["world"], int(row["n"]), row["method"], float(row["coverage"]), int(row["series"]))
        for row in csv.DictReader(lines)
    )


def nearest_world(
    series: TradeSeries, diagnostics: Mapping[str, Any], regimes: int
) -> tuple[str, int] | None:
    """Return world and length of the cell most like a series, by what the joint model found of its noise.

    Parameters
    ----------
    series : TradeSeries
    diagnostics : mapping
        Of the joint model's record.
    regimes : int
        Number of declared variance regimes.

    Returns
    -------
    tuple of (str, int) or None
        None for a series that is not monthly: no such world was simulated.
    """
    if series.frequency != "M":
        return None
    lengths = sorted({cell.n for cell in read_coverage()})
    n = min(lengths, key=lambda length: abs(length - series.n_observed))
    noise = diagnostics.get("noise", {})
    rho = (noise.get("rho") or {}).get("median", 0.0)
    if noise.get("ar_share", {}).get("0", 0.0) > 0.5:
        rho = 0.0
    walk = noise.get("p_no_random_walk", 1.0) < 0.5
    if regimes:
        return "regime", n
    if diagnostics.get("discounted"):
        return "outliers", n
    if 1 - series.n_observed / len(series) >= MISSING:
        return "missing", n
    if walk:
        return ("level" if rho < LEAST_RHO else "ar_walk"), n
    if rho < LEAST_RHO:
        return "white", n
    return min(RHOS, key=lambda name: abs(RHOS[name] - rho)), n


def coverage_of(method: str, cell: tuple[str, int] | None) -> float | None:
    """Return the coverage measured in one cell; None where none was."""
    return next((c.coverage for c in read_coverage() if cell is not None and c.key == (*cell, method)), None)


def mean_coverage(method: str) -> float | None:
    """Return the mean over all worlds; None for a method that was not measured."""
    values = [cell.coverage for cell in read_coverage() if cell.method == method]
    return sum(values) / len(values) if values else None
