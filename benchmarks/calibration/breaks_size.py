"""Coverage of date sets, size and power of trend breaks and of stability tests, on simulated series.

    python benchmarks/calibration/breaks_size.py [--series 1000] [--jobs 2] [--out docs/calibration-breaks.md]

Noise comes from fixed sequences, 1,000 series a cell; the table names its command.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from analysis.breaks import check_stability, monitor_series
from analysis.breaks.choices import search
from analysis.breaks.date_sets import date_sets, eo_morley_critical
from analysis.breaks.likelihood import likelihood_of
from analysis.breaks.sample import Model, Sample, build_sample
from analysis.domain import Period, TradeSeries
from analysis.numerics.break_likelihood import break_likelihood
from analysis.numerics.fixed_sequence import normals
from analysis.numerics.partitions import free_positions
from analysis.numerics.sized_quantiles import dates_null

Array = NDArray[np.float64]

SEASON = np.array([0.3, -0.4, 0.1, 0.0, 0.1, 0.2, -0.1, 0.0, 0.1, 0.0, -0.1, -0.2])
TREND_SERIES = 200
STABILITY_SERIES = 500
STRETCH = slice(72, 104)
"""Months whose variance is multiplied, of 144."""


@dataclass(frozen=True)
class World:
    """A way to make errors of unit unconditional standard deviation (where they have one)."""

    name: str
    make: Callable[[int, int], Array]


def autoregression(rho: float) -> Callable[[int, int], Array]:
    """Stationary AR(1), unit variance."""

    def make(n: int, number: int) -> Array:
        noise = normals((n,), 10_000_000 + number)
        errors = np.empty(n)
        errors[0] = noise[0]
        for t in range(1, n):
            errors[t] = rho * errors[t - 1] + np.sqrt(1 - rho**2) * noise[t]
        return errors

    return make


def series_of(values: Array) -> TradeSeries:
    """Return a monthly series from 2010-01 on; NaN is a missing month."""
    first = Period.parse("2010-01")
    cells = [None if np.isnan(v) else float(v) for v in values]
    return TradeSeries.from_values([first + t for t in range(values.size)], cells, id="simulated")


def sample_of(
    values: Array, regime: tuple[str, ...] = (), model: Model = "mean", min_segment: int | None = None
) -> Sample:
    """Return the monthly sample; the shortest segment is 0.15 of it unless `min_segment` is given."""
    return build_sample(
        series_of(values),
        model=model,
        scale="level",
        seasonal=True,
        max_breaks=5,
        min_segment=min_segment,
        trimming=None if min_segment else 0.15,
        regime=regime,
    )


def batch(world: World, n: int, size: float, count: int, at: float = 0.5) -> Array:
    """Return `count` series with one shift of `size` at a share `at` of the sample, shape (n, count)."""
    columns = [world.make(n, k) + size * (np.arange(n) >= int(at * n)) for k in range(count)]
    return SEASON[np.arange(n) % 12][:, None] + np.column_stack(columns)


def stretched(rho: float, factor: float, size: float, count: int) -> Array:
    """Return series whose errors have `factor` times the variance in the stretch, shape (144, count)."""
    columns = [autoregression(rho)(144, k) for k in range(count)]
    errors = np.column_stack(columns)
    errors[STRETCH] *= np.sqrt(factor)
    shift = size * (np.arange(144) >= 36)
    return (SEASON[np.arange(144) % 12] + shift)[:, None] + errors


@dataclass(frozen=True)
class SetCoverage:
    """The set of dates of the likeliest break, for many series at once, whether or not a test rejects."""

    covers: NDArray[np.bool_]
    rival_covers: NDArray[np.bool_]
    width: NDArray[np.int64]

    @classmethod
    def of(cls, values: Array, at: float = 0.5, min_segment: int | None = None) -> SetCoverage:
        """Date every column of `values`; the true date is at a share `at` of the calendar.

        Months that are missing are missing in all columns.
        """
        sample = sample_of(values[:, 0], min_segment=min_segment)
        date = int(np.searchsorted(sample.calendar, int(at * values.shape[0])))
        values = values[sample.calendar]
        n, count = values.shape
        positions = free_positions((), n, sample.min_length)
        base = np.column_stack([sample.changing, sample.common])
        true = int(np.searchsorted(positions, date))
        parts = []
        for first in range(0, count, 200):
            found = break_likelihood(
                values[:, first : first + 200], base, sample.changing, positions, sample.calendar
            )
            ratio, rho = found.ratio, (found.reml_null + found.reml_break) / 2
            trimming = sample.min_length / n
            radius = np.array(
                [dates_null(n=n, seasons=12, trimming=trimming, rho=float(r)).quantile(0.95) for r in rho]
            )
            behind = ratio.max(axis=0)[None, :] - ratio
            parts.append(
                (
                    behind[true] <= radius,
                    behind[true] <= eo_morley_critical(0.95),
                    np.sum(behind <= radius, axis=0),
                )
            )
        return cls(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def one_stretched(values: Array) -> bool:
    """Return whether the set of the likeliest break, with the factor, has position 36."""
    sample = sample_of(values, ("2016-01..2018-08",))
    positions = free_positions((), sample.n, sample.min_length)
    top = int(positions[int(np.argmax(likelihood_of(sample, (), positions).loglik[:, 0]))])
    ranges = date_sets(sample, (top,), 0.95)[0][0].ranges
    return any(low <= 36 <= high for low, high in ranges)


def one_stability(values: Array) -> dict[str, bool]:
    """Return which stability tests reject at 5 %."""
    series = series_of(values)
    found = check_stability(series, scale="level", date=str(series.first + values.size // 2))
    verdicts = {test.name: test.pvalue is not None and test.pvalue <= 0.05 for test in found.tests}
    history = str(series.first + ((2 * values.size) // 3 - 1))
    alarm = monitor_series(series, history, scale="level").detected is not None
    return verdicts | {"monitoring, OLS-CUSUM": alarm}


SIZES = (96, 144)
SHIFTS = (0.5, 1.0, 2.0, 3.0)


HEADER = """# Calibration of date sets, trend breaks and stability tests

Simulated monthly series with a fixed season, errors of unit unconditional variance from fixed sequences,
{series} series a cell. How often the search finds what is there, and what is not, stands in
[power-breaks.md](power-breaks.md). Made by

    make calibrate-breaks

## Sets of dates: one shift at mid-sample

Target: the 95 % set of dates covers in at least 92 % for shifts of one half to three standard deviations. The
set is computed at the likeliest date whether or not a test rejects; shortest segment 0.15 of the sample.
"""

OTHER = """
The same at another date, and with 33 of 144 months missing, a run of five at the shift among them.
"""

ENDS = """
Ten months after the beginning and before the end, shortest segment of eight months ({series} series a cell).
"""

ENDS_SERIES = 400

STRETCHES = """
## With a declared stretch of other variance

144 months, the variance of 32 of them multiplied, with a shift of two standard deviations at month 36:
coverage of the 95 % set of its date, with the factor.
"""

TREND = """
## Trend breaks

Level and slope may break, trimming 0.15, {series} series: how often one is found where there is none, and
with a break of three standard deviations in the level at mid-sample. Perron and Yabu from 60 observations;
below, the bootstrap of the sized test.
"""

STABILITY = """
## Stability tests

`check_stability` at 5 %, and monitoring of the last third, {series} series without a change, AR(1) taken out.
Their distributions are those of the limit.
"""


def main() -> None:
    """Run every cell and write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    pool = Parallel(n_jobs=options.jobs, batch_size=25)
    page = [HEADER.format(series=f"{options.series:,}"), *_set_table(options.series)]
    page += [OTHER, *_other_table(options.series), ENDS.format(series=ENDS_SERIES), *_ends_table(ENDS_SERIES)]
    page += [STRETCHES, *_stretch_table(pool, options.series)]
    page += [TREND.format(series=TREND_SERIES), *_trend_table(pool)]
    page += [STABILITY.format(series=STABILITY_SERIES), *_stability_table(pool)]
    if options.out:
        options.out.write_text("\n".join(page) + "\n", encoding="utf-8")


def _row(*cells: object) -> str:
    line = "| " + " | ".join(f"{c:.3f}" if isinstance(c, float) else str(c) for c in cells) + " |"
    print(line, flush=True)
    return line


def _set_table(series: int) -> list[str]:
    lines = [
        _row("errors", "n", "shift, sd", "set covers", "median dates in the set", "Eo-Morley covers"),
        _row(*["---"] * 6),
    ]
    for rho in (0.0, 0.3, 0.6, 0.8):
        world = World(f"AR(1) {rho:g}", autoregression(rho))
        for n in SIZES:
            for size in SHIFTS:
                found = SetCoverage.of(batch(world, n, size, series))
                rival = float(np.mean(found.rival_covers))
                covers, width = float(np.mean(found.covers)), f"{np.median(found.width):.0f}"
                lines.append(_row(world.name, n, f"{size:g}", covers, width, rival))
    return lines


def _other_table(series: int) -> list[str]:
    lines = [_row("errors", "n", "shift, sd", "case", "set covers"), _row(*["---"] * 5)]
    for rho in (0.0, 0.6):
        world = World(f"AR(1) {rho:g}", autoregression(rho))
        for size in (0.5, 1.0, 2.0):
            early = batch(world, 144, size, series, at=0.25)
            gaps = batch(world, 144, size, series)
            gaps[[*range(3, 144, 5), *range(70, 75)]] = np.nan
            for case, values, at in (("at a quarter", early, 0.25), ("missing months", gaps, 0.5)):
                covers = float(np.mean(SetCoverage.of(values, at).covers))
                lines.append(_row(world.name, 144, f"{size:g}", case, covers))
    return lines


def _ends_table(series: int) -> list[str]:
    lines = [_row("errors", "n", "shift, sd", "first month after", "set covers"), _row(*["---"] * 5)]
    for rho in (0.0, 0.6):
        world = World(f"AR(1) {rho:g}", autoregression(rho))
        for size in (1.0, 2.0, 3.0):
            for place in (10, 134):
                at = (place + 0.5) / 144
                found = SetCoverage.of(batch(world, 144, size, series, at=at), at, min_segment=8)
                lines.append(_row(world.name, 144, f"{size:g}", place + 1, float(np.mean(found.covers))))
    return lines


def _stretch_table(pool: Parallel, series: int) -> list[str]:
    lines = [_row("errors", "factor", "set covers"), _row(*["---"] * 3)]
    for rho in (0.3, 0.6, 0.8):
        for factor in (25, 100):
            values = stretched(rho, factor, 2.0, series)
            rows = pool(delayed(one_stretched)(values[:, k]) for k in range(series))
            lines.append(_row(f"AR(1) {rho:g}", factor, float(np.mean(rows))))
    return lines


def one_trend(rho: float, n: int, size: float, number: int) -> bool:
    """Return whether a trend break is found in AR(1) noise, or a random walk for ρ = 1, with a shift."""
    noise = normals((n,), 40_000_000 + number)
    errors = np.empty(n)
    errors[0] = noise[0]
    for t in range(1, n):
        errors[t] = rho * errors[t - 1] + noise[t]
    deviation = 1 / np.sqrt(1 - rho**2) if rho < 1 else 1.0
    errors += size * deviation * (np.arange(n) >= n // 2)
    return bool(search(sample_of(errors, model="trend").by_share(), guard=False).breaks)


def _trend_table(pool: Parallel) -> list[str]:
    lines = [_row("noise", "n", "no break", "one of three sd"), _row(*["---"] * 4)]
    for rho in (0.0, 0.6, 0.9, 1.0):
        for n in (48, 96, 144):
            found = [
                float(np.mean(pool(delayed(one_trend)(rho, n, size, k) for k in range(TREND_SERIES))))
                for size in (0.0, 3.0)
            ]
            lines.append(_row("random walk" if rho == 1 else f"AR(1) {rho:g}", n, *found))
    return lines


def _stability_table(pool: Parallel) -> list[str]:
    lines: list[str] = []
    for rho in (0.0, 0.4, 0.8):
        for n in SIZES:
            values = batch(World("", autoregression(rho)), n, 0.0, STABILITY_SERIES)
            found = pool(delayed(one_stability)(values[:, k]) for k in range(STABILITY_SERIES))
            names = list(found[0])
            if not lines:
                lines += [_row("errors", "n", *names), _row(*["---"] * (len(names) + 2))]
            shares = [float(np.mean([row[name] for row in found])) for name in names]
            lines.append(_row(f"AR(1) {rho:g}", n, *shares))
    return lines


if __name__ == "__main__":
    main()
