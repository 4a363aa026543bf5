"""Simulate the null distribution of the date sets of a break.

Stationary AR(1) with standard normal innovations from a fixed sequence, the same for every ρ. The statistic
is the largest likelihood ratio of a break over dates less the ratio at mid-sample, the largest ratio a true
date keeps in its set; of its quantiles without a break and with mid-sample shifts of one and a quarter and
two and a half standard errors the largest is kept, since coverage is lowest for shifts of about that size.

    python -m analysis.numerics.tables.simulate_sized [JOBS]
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from joblib import Parallel, delayed

from analysis.numerics.break_likelihood import break_likelihood
from analysis.numerics.fixed_sequence import normals
from analysis.numerics.least_squares import FloatArray, IntArray

SAMPLE_SIZES = (9, 10, 12, 16, 20, 24, 30, 36, 48, 60, 72, 96, 120, 144, 200, 300, 480, 1200)
SEASONS = (1, 4, 12)
TRIMMINGS = (0.05, 0.10, 0.15, 0.20, 0.25, 0.30, 0.35, 0.40, 0.45)
RHOS = (-0.8, -0.4, 0.0, 0.3, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98, 0.993)
SHIFTS = (1.25, 2.5)
"""In standard errors of a mid-sample difference of two means."""
LEVELS = (0.1, 0.25, 0.5, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998)
CHUNK = 200
LONGEST_WITH_SEASONS = 480
"""Longer series are simulated without seasons, which no longer matter there."""


def replications(n: int) -> int:
    """Return how many series of length n are simulated; half as many with each shift."""
    return 10_000 if n <= 144 else 5_000 if n <= 300 else 3_000 if n <= 480 else 2_000


def cell(seasons: int, n: int, rho: float) -> list[tuple[int, int, float, float, list[float]]]:
    """Simulate one cell; one row for each trimming."""
    count = replications(n)
    shortest = max(1, int(TRIMMINGS[0] * n + 1e-9))
    positions = np.arange(shortest, n - shortest + 1)
    inside = {}
    for trimming in TRIMMINGS:
        h = max(1, int(trimming * n + 1e-9))
        inside[trimming] = (positions >= h) & (positions <= n - h)
    middle = int(np.searchsorted(positions, n // 2))
    dates: dict[float, FloatArray] = {}
    error = 2 / np.sqrt(n) / (1 - rho)
    for shift in (0.0, *SHIFTS):
        chunks = (count if shift == 0 else count // 2) // CHUNK
        found = [_ratios(seasons, n, rho, shift * error, positions, chunk) for chunk in range(chunks)]
        for trimming in TRIMMINGS:
            tops = np.concatenate([ratio[inside[trimming]].max(axis=0) for ratio in found])
            quantiles = np.quantile(tops - np.concatenate([ratio[middle] for ratio in found]), LEVELS)
            dates[trimming] = np.maximum(dates.get(trimming, quantiles), quantiles)
    return [(seasons, n, trimming, rho, dates[trimming].tolist()) for trimming in TRIMMINGS]


def _ratios(seasons: int, n: int, rho: float, shift: float, positions: IntArray, chunk: int) -> FloatArray:
    """Return the likelihood ratios at every date of one chunk of series, shape (d, CHUNK)."""
    time = np.arange(n)
    base = (time[:, None] % seasons == np.arange(seasons)[None, :]).astype(float)
    noise = normals((n, CHUNK), 1_000_000 * seasons + 1_000 * n + chunk)
    series = np.empty_like(noise)
    series[0] = noise[0] / np.sqrt(1 - rho**2)
    for t in range(1, n):
        series[t] = rho * series[t - 1] + noise[t]
    series += shift * (time >= n // 2)[:, None]
    return break_likelihood(series, base, np.ones((n, 1)), positions, time).ratio


def main() -> None:
    """Simulate every cell and write the two tables beside this program."""
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    cells = [
        (s, n, rho)
        for n in reversed(SAMPLE_SIZES)
        for s in SEASONS
        if n >= max(2 * s, s + 8) and (n <= LONGEST_WITH_SEASONS or s == 1)
        for rho in RHOS
    ]
    found = Parallel(n_jobs=jobs, batch_size=1)(delayed(cell)(*arguments) for arguments in cells)
    rows = sorted((row for block in found for row in block), key=lambda row: row[:4])
    with (Path(__file__).parent / "sized_dates.csv").open("w", encoding="utf-8", newline="\n") as sheet:
        sheet.write(
            "# Quantiles of the largest likelihood ratio less that at the true date, mid-sample, AR(1) "
            "errors; the largest of three shifts, none among them.\n"
        )
        sheet.write(
            "# Source: simulated by simulate_sized.py in this folder, fixed sequences; 10,000 series for "
            "n up to 144, 5,000 for 200 and 300, 3,000 for 480, 2,000 for 1,200; half of that with a "
            "shift.\n"
        )
        sheet.write("seasons,n,trimming,rho," + ",".join(f"q{level}" for level in LEVELS) + "\n")
        for seasons, n, trimming, rho, values in rows:
            cells_text = ",".join(f"{value:.2f}" for value in values)
            sheet.write(f"{seasons},{n},{trimming},{rho},{cells_text}\n")


if __name__ == "__main__":
    main()
