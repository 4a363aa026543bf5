"""Simulate the distribution of Perron and Yabu's Exp-W under no break: its limit, and in short series.

``trend_break.csv``: the limits under stationary and under unit root noise differ; as in the paper the
larger quantile of the two is kept, so that the test holds its size in either case. White noise and a random
walk of 500 observations stand for the limits, the autoregressive coefficient known.

``trend_break_short.csv``: the feasible statistic, everything estimated, in series of 20 to 200 with an
autoregressive root from 0 to 1. In these lengths it rejects in 10 to 17 % at the limit's 5 % value: with a
unit root the estimated one falls short of it at some dates. The largest quantile over the roots is kept.

    python -m analysis.numerics.tables.simulate_trend [JOBS]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed

from analysis.numerics.fixed_sequence import normals
from analysis.numerics.least_squares import FloatArray, orthonormal_basis
from analysis.numerics.trend_break import TrendModel, exp_functional, wald_path

LENGTH = 500
SERIES = 20_000
CHUNK = 1_000
MODELS: tuple[tuple[TrendModel, int], ...] = (("level", 1), ("slope", 2), ("both", 3))
FINITE_SERIES = 1_000
FINITE_SIZES = (20, 30, 40, 64, 96, 144, 200)
FINITE_ROOTS = (0.0, 0.6, 0.9, 1.0)
FINITE_LEVELS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.925, 0.95, 0.975, 0.98, 0.99)
TRIMMINGS = (0.05, 0.10, 0.15, 0.20, 0.25)
LEVELS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.925, 0.95, 0.975, 0.98, 0.99, 0.995, 0.998)


def stationary(noise: FloatArray, model: str) -> FloatArray:
    """Wald statistics with white noise, shape (T - 1, series); unit variance known."""
    n = noise.shape[0]
    time = np.arange(1.0, n + 1)
    basis = orthonormal_basis(np.column_stack([np.ones(n), time]))
    residual = noise - basis @ (basis.T @ noise)
    positions = np.arange(1, n)
    level = (time[:, None] > positions[None, :]).astype(float)
    slope = level * (time[:, None] - positions[None, :])
    columns = {"level": [level], "slope": [slope], "both": [level, slope]}[model]
    columns = [c - basis @ (basis.T @ c) for c in columns]
    scores = [c.T @ residual for c in columns]
    first = np.einsum("td,td->d", columns[0], columns[0])
    wald: FloatArray = scores[0] ** 2 / first[:, None]
    if len(columns) == 2:
        share = np.einsum("td,td->d", columns[0], columns[1]) / first
        rest = columns[1] - columns[0] * share[None, :]
        remaining = np.einsum("td,td->d", rest, rest)
        score = scores[1] - share[:, None] * scores[0]
        usable = remaining > 1e-8 * n
        wald[usable] += score[usable] ** 2 / remaining[usable, None]
    return wald


def integrated(noise: FloatArray, model: str) -> FloatArray:
    """Wald statistics with a random walk in first differences, shape (T - 1, series); unit variance known.

    The level shift is one difference alone; the slope shift is a change of the mean of the other differences.
    """
    n = noise.shape[0]
    positions = np.arange(1, n)
    pulse = noise[1:] - noise.mean(axis=0)
    if model == "level":
        return np.asarray(pulse**2)
    share = positions[:, None] / n
    sums = np.cumsum(noise, axis=0)[:-1]
    bridge = sums - share * noise.sum(axis=0)
    change = bridge**2 / (n * share * (1 - share))
    return np.asarray(change if model == "slope" else change + pulse**2)


def limit_functional(wald: FloatArray, trimming: float) -> FloatArray:
    """Return ln(Σ exp(W/2)/T) over the admissible dates, shape (series,)."""
    n = wald.shape[0] + 1
    first, last = int(trimming * n + 1e-9), int((1 - trimming) * n + 1e-9)
    halves = wald[first - 1 : last] / 2
    top = halves.max(axis=0)
    functional: FloatArray = top + np.log(np.sum(np.exp(halves - top), axis=0) / n)
    return functional


def feasible(model: TrendModel, n: int, root: float) -> dict[float, FloatArray]:
    """Return, for every trimming, Exp-W of series without a break, shape (FINITE_SERIES,)."""
    found: dict[float, list[float]] = {trimming: [] for trimming in TRIMMINGS}
    for number in range(FINITE_SERIES):
        noise = normals((n,), 510_000_000 + number)
        errors = np.empty(n)
        errors[0] = noise[0] / np.sqrt(1 - root**2) if root < 1 else noise[0]
        for t in range(1, n):
            errors[t] = root * errors[t - 1] + noise[t]
        positions, statistics, _ = wald_path(errors, model, TRIMMINGS[0])
        for trimming in TRIMMINGS:
            first, last = int(trimming * n + 1e-9), int((1 - trimming) * n + 1e-9)
            inside = (positions >= first) & (positions <= last)
            found[trimming].append(exp_functional(statistics[inside], n))
    return {trimming: np.array(values) for trimming, values in found.items()}


Cell = tuple[TrendModel, int, float]
"""What breaks, observations, autoregressive root."""


def short_series(jobs: int) -> None:
    """Simulate and write the table of short series."""
    cells: list[Cell] = [
        (model, n, root) for model, _ in MODELS for n in FINITE_SIZES for root in FINITE_ROOTS
    ]
    found = Parallel(n_jobs=jobs, batch_size=1)(delayed(feasible)(*cell) for cell in cells)
    write_short(dict(zip(cells, found, strict=True)))


def write_short(samples: dict[Cell, dict[float, FloatArray]]) -> None:
    """Write the quantiles of `samples`: by cell, for every trimming, statistics of shape (FINITE_SERIES,)."""
    with (Path(__file__).parent / "trend_break_short.csv").open("w", encoding="utf-8", newline="\n") as sheet:
        sheet.write(
            "# Quantiles of the feasible Exp-W under no break in the trend (model 1 level, 2 slope, 3 both), "
            "n observations: the largest over autoregressive roots 0, 0.6, 0.9 and 1.\n"
        )
        sheet.write(
            f"# Source: simulated by simulate_trend.py in this folder, {FINITE_SERIES:,} series a root, "
            "fixed sequence.\n"
        )
        sheet.write("model,n,trimming," + ",".join(f"q{level}" for level in FINITE_LEVELS) + "\n")
        for model, code in MODELS:
            for n in sorted({size for name, size, _ in samples if name == model}):
                for trimming in TRIMMINGS:
                    quantiles = [
                        np.quantile(samples[model, n, root][trimming], FINITE_LEVELS) for root in FINITE_ROOTS
                    ]
                    text = ",".join(f"{value:.3f}" for value in np.max(quantiles, axis=0))
                    sheet.write(f"{code},{n},{trimming},{text}\n")


def main() -> None:
    """Simulate and write both tables beside this program."""
    limits()
    short_series(int(sys.argv[1]) if len(sys.argv) > 1 else 2)


def limits() -> None:
    """Simulate and write the table of the limits."""
    rows = []
    for model, code in MODELS:
        samples: dict[tuple[str, float], list[FloatArray]] = {}
        for chunk in range(SERIES // CHUNK):
            noise = normals((LENGTH, CHUNK), 500_000_000 + chunk)
            for name, wald in (("white", stationary(noise, model)), ("walk", integrated(noise, model))):
                for trimming in TRIMMINGS:
                    samples.setdefault((name, trimming), []).append(limit_functional(wald, trimming))
        for trimming in TRIMMINGS:
            quantiles = [
                np.quantile(np.concatenate(samples[name, trimming]), LEVELS) for name in ("white", "walk")
            ]
            rows.append((code, trimming, np.maximum(*quantiles)))
    with (Path(__file__).parent / "trend_break.csv").open("w", encoding="utf-8", newline="\n") as sheet:
        sheet.write(
            "# Quantiles of Exp-W under no break in the trend (model 1 level, 2 slope, 3 both): "
            "the larger of those with "
            "stationary and with unit root noise.\n"
        )
        sheet.write(
            "# Source: simulated by simulate_trend.py in this folder, 20,000 series of 500, fixed sequence.\n"
        )
        sheet.write("model,trimming," + ",".join(f"q{level}" for level in LEVELS) + "\n")
        for code, trimming, values in rows:
            sheet.write(f"{code},{trimming}," + ",".join(f"{value:.3f}" for value in values) + "\n")


if __name__ == "__main__":
    main()
