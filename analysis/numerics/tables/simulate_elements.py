"""Simulate the null distributions of the sized look at one to five elements.

Stationary AR(1) without any element, standard normal innovations from a fixed sequence, the same for every ρ
and shortest segment. For j = 1, ..., 5: twice the log likelihood ratio of the best j elements against none,
and the median of the mean of the restricted maximum likelihood estimates of ρ with none and with j. `trend`
says whether a linear trend common to all segments is in the regression. Seasonal means are not simulated:
the ratio is multiplied by (n - p)/n instead.

    python -m analysis.numerics.tables.simulate_elements

One process; about ten minutes of one core. Where n is large fewer series are drawn: the column `series`
counts them, and `se95` is the standard error of the quantile at 0.95, from the spacing of order statistics.
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from analysis.numerics.element_fits import fit_elements, near
from analysis.numerics.element_quantiles import LEVELS, MOST_AHEAD
from analysis.numerics.element_search import SEARCHED_Z
from analysis.numerics.fixed_sequence import normals
from analysis.numerics.least_squares import FloatArray
from analysis.numerics.partitions import admissible_breaks

ROUNDS = (0, 2)
"""With a trend: numbers of elements at which it is estimated anew, as `analysis.breaks.elements` does."""

RHOS = (0.0, 0.4, 0.6, 0.8, 0.9, 0.95)
FEW_RHOS = (0.0, 0.6, 0.9)
CELLS = (
    (0, 96, 8, 1000, RHOS),
    (0, 144, 8, 1000, RHOS),
    (0, 36, 3, 400, FEW_RHOS),
    (0, 200, 8, 400, FEW_RHOS),
    (0, 60, 6, 300, FEW_RHOS),
    (0, 24, 3, 300, FEW_RHOS),
    (0, 96, 24, 250, FEW_RHOS),
    (0, 480, 8, 100, FEW_RHOS),
    (1, 36, 3, 150, FEW_RHOS),
    (1, 144, 8, 150, FEW_RHOS),
    (0, 96, 3, 200, FEW_RHOS),
    (0, 24, 6, 300, FEW_RHOS),
    (0, 60, 15, 200, FEW_RHOS),
    (0, 1200, 8, 50, FEW_RHOS),
    (0, 480, 60, 75, FEW_RHOS),
    (0, 1200, 60, 50, FEW_RHOS),
)
"""Trend or not, observations, shortest segment, series for each ρ, and the values of ρ. The surfaces that
`element_quantiles` fits share the shape in ρ between cells, so that most cells need few values of it."""

MANY = 1000
"""Cells with fewer series are searched at five values of ρ near the true one instead of all nine."""

CHUNK = 25
HEADER = (
    "# Quantiles of 2 ln LR of the best j elements against none, AR(1) errors; median reading of rho.\n"
    "# Made by analysis/numerics/tables/simulate_elements.py.\n"
)


def trend_column(n: int) -> FloatArray:
    """Return the trend of the regression, from -½ to ½, shape (n, 1)."""
    return (np.arange(n)[:, None] / (n - 1)) - 0.5


def cell(trend: int, n: int, min_length: int, count: int, rho: float) -> list[list[float]]:
    """Simulate one cell; one row for every number of elements that fits."""
    most = min(MOST_AHEAD, admissible_breaks(n, min_length, MOST_AHEAD))
    common = trend_column(n) if trend else np.empty((n, 0))
    ratios, readings = [], []
    for chunk in range(count // CHUNK):
        noise = normals((n, CHUNK), 2_000_000 + 1_000 * n + chunk)
        series = np.empty_like(noise)
        series[0] = noise[0] / np.sqrt(1 - rho**2)
        for t in range(1, n):
            series[t] = rho * series[t - 1] + noise[t]
        found = fit_elements(
            series,
            common,
            np.arange(n),
            min_length,
            most,
            rounds=ROUNDS if trend else (),
            z=near(rho) if count < MANY else SEARCHED_Z,
        )
        ratios.append(2 * (found.loglik[1:] - found.loglik[0]))
        readings.append((found.reml[0] + found.reml[1:]) / 2)
    ratio, reading = np.concatenate(ratios, axis=1), np.concatenate(readings, axis=1)
    rows = []
    for j in range(1, most + 1):
        values = np.sort(ratio[j - 1])
        spread = 2 * np.sqrt(0.95 * 0.05 * values.size)
        low, high = int(0.95 * values.size - spread / 2), int(0.95 * values.size + spread / 2)
        error = (values[min(high, values.size - 1)] - values[low]) / 2
        rows.append(
            [
                *(trend, n, min_length, rho, j, count),
                float(np.median(reading[j - 1])),
                error,
                *np.quantile(values, LEVELS).tolist(),
            ]
        )
    return rows


def write(rows: list[list[float]], path: Path) -> None:
    """Write the rows in order."""
    names = [
        "trend",
        "n",
        "min_length",
        "rho",
        "j",
        "series",
        "reading",
        "se95",
        *(f"q{p:g}" for p in LEVELS),
    ]
    lines = [",".join(names)]
    for row in sorted(rows, key=lambda row: row[:5]):
        whole = [f"{value:g}" for value in row[:6]]
        lines.append(",".join([*whole, f"{row[6]:.3f}", *(f"{value:.2f}" for value in row[7:])]))
    path.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Simulate every cell; the table is written after each, so that an interrupted run leaves one."""
    rows: list[list[float]] = []
    for trend, n, min_length, count, rhos in CELLS:
        for rho in rhos:
            rows += cell(trend, n, min_length, count, rho)
        write(rows, Path(__file__).parent / "elements.csv")


if __name__ == "__main__":
    main()
