"""Size and power of the search for breaks in one run, the wild bootstrap included, beside other methods.

    python -m benchmarks.calibration.breaks_power [--size 100] [--power 25] [--out docs/power-breaks.md]

``--size`` and ``--power`` are series a cell. The figures of strucchange with BIC, of UDmax with a HAC
variance, of DeCAFS and of WCM.gSa are stored: they were measured once in R 4.2.2 on series of the same
worlds, 100 a cell. Pelt of ruptures runs here, on the same series.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from analysis.breaks.choices import decide
from analysis.breaks.elements import dip_columns
from analysis.breaks.posterior import break_posterior
from analysis.breaks.segments_fit import fit_segments
from analysis.domain import Period, TradeSeries
from analysis.numerics.fixed_sequence import normals

Array = NDArray[np.float64]

NEAR = 3
"""Periods within which a date counts as hit."""

BURN = 200
SEASON = np.array([0.3, -0.4, 0.1, 0.0, 0.1, 0.2, -0.1, 0.0, 0.1, 0.0, -0.1, -0.2])
TARGET = ("AR(1) 0", "AR(1) 0.4", "AR(1) 0.6", "AR(1) 0.8", "MA(1) 0.6")
POWER_ERRORS = ("AR(1) 0", "AR(1) 0.4", "AR(1) 0.7", "MA(1) 0.6")

STORED_SIZE = {
    "AR(1) 0": (0.05, 0.18, 0.01, 0.02),
    "AR(1) 0.4": (0.32, 0.12, 0.10, 0.08),
    "AR(1) 0.7": (0.87, 0.40, 0.28, 0.17),
    "AR(1) 0.9": (1.00, 0.58, 0.48, 0.44),
    "MA(1) 0.6": (0.24, 0.04, 0.11, 0.09),
}
"""No break, n = 144, share with a break: strucchange with BIC, UDmax with HAC, DeCAFS, WCM.gSa."""

STORED_POWER = {
    "one shift of 2 sd": ("0.00 / 0.87", "0.00 / 0.89", "0.17 / 0.73", "0.01 / 0.87"),
    "patch of 32, 2 sd": ("0.00 / 0.88", "0.03 / 0.79", "0.28 / 0.50", "0.03 / 0.83"),
    "patch of 32, 4 sd": ("0.00 / 1.00", "0.01 / 0.98", "0.00 / 0.99", "0.00 / 0.99"),
    "patch of 14, 4 sd": ("0.00 / 0.50", "0.86 / 0.06", "0.00 / 0.99", "0.19 / 0.78"),
    "two drops of 2 sd, 11 apart": ("0.00 / 0.43", "0.00 / 0.42", "0.12 / 0.51", "0.00 / 0.43"),
    "trade with China": ("0.00 / 0.74", "0.00 / 0.47", "0.00 / 0.68", "0.00 / 0.73"),
    "3 sd, 10 before the end": ("0.02 / 0.00", "0.89 / 0.00", "0.03 / 0.95", "0.31 / 0.67"),
    "square wave of 3 sd": ("-", "-", "-", "-"),
    "dip of 4, 6 sd": ("0.63", "0.05", "1.00", "0.05"),
}
"""n = 144, mean over AR 0, .4, .7 and MA .6: none found / share of dates hit within three; of the dip the
share with a lasting break. The same four methods."""


def _recursion(noise: Array, coefficients: tuple[float, ...]) -> Array:
    made = noise.copy()
    for t in range(made.size):
        for lag, coefficient in enumerate(coefficients[:t], start=1):
            made[t] += coefficient * made[t - lag]
    return made


def errors(name: str, n: int, number: int) -> Array:
    """Return errors of unit unconditional variance.

    Parameters
    ----------
    name : str
        ``AR(1) 0.4``, ``MA(1) 0.6``, ``t(3), AR(1) 0.7``, ``AR(2) 0.5 0.3``, ``ARMA(0.9, -0.5)`` or
        ``16 times the variance``.
    n, number : int
        Length; number of the series.
    """
    noise = normals((n + BURN,), 60_000_000 + number)
    if name.startswith("AR(1)"):
        rho = float(name.split()[1])
        return (np.sqrt(1 - rho**2) * _recursion(noise, (rho,)))[BURN:]
    if name.startswith("MA(1)"):
        return (noise[1:] + 0.6 * noise[:-1])[-n:] / np.sqrt(1.36)
    if name.startswith("t(3)"):
        rho = float(name.rsplit(maxsplit=1)[-1])
        squares = normals((3, n + BURN), 61_000_000 + number) ** 2
        heavy = noise / np.sqrt(squares.sum(axis=0) / 3) / np.sqrt(3)
        return (np.sqrt(1 - rho**2) * _recursion(heavy, (rho,)))[BURN:]
    if name.startswith("AR(2)"):
        made = _recursion(noise, (0.5, 0.3))[BURN:]
        return made / np.sqrt(0.7 / (1.3 * (0.7**2 - 0.5**2)))
    if name.startswith("ARMA"):
        moving = noise.copy()
        moving[1:] -= 0.5 * noise[:-1]
        return _recursion(moving, (0.9,))[BURN:] / np.sqrt(1 + 0.4**2 / (1 - 0.9**2))
    made = np.sqrt(0.75) * _recursion(noise, (0.5,))[BURN:]
    made[n * 5 // 12 : n * 5 // 12 + 32] *= 4
    return made


@dataclass(frozen=True)
class World:
    """A path of the level, in unconditional standard deviations, and its true dates."""

    name: str
    path: Callable[[int], Array]
    dates: tuple[int, ...]


def _steps(dates: dict[int, float]) -> Callable[[int], Array]:
    def path(n: int) -> Array:
        level = np.zeros(n)
        for at, size in dates.items():
            level[at:] += size
        return level

    return path


N = 144
WORLDS = tuple(
    World(name, _steps(dates), tuple(dates))
    for name, dates in (
        ("one shift of 2 sd", {72: 2.0}),
        ("patch of 32, 2 sd", {71: -2.0, 103: 2.0}),
        ("patch of 32, 4 sd", {71: -4.0, 103: 4.0}),
        ("patch of 14, 4 sd", {71: -4.0, 85: 4.0}),
        ("two drops of 2 sd, 11 apart", {72: -2.0, 83: -2.0}),
        ("trade with China", {36: -1.5, 62: -3.0, 88: -6.0, 114: 5.0}),
        ("3 sd, 10 before the end", {134: 3.0}),
        ("square wave of 3 sd", {24: 3.0, 48: -3.0, 72: 3.0, 96: -3.0, 120: 3.0}),
        ("dip of 4, 6 sd", {86: -6.0, 90: 6.0}),
    )
)


def series_of(values: Array) -> TradeSeries:
    """Return a monthly series from 2008-01 on."""
    first = Period.parse("2008-01")
    return TradeSeries.from_values([first + t for t in range(values.size)], values.tolist(), id="simulated")


@dataclass(frozen=True)
class Found:
    """What the default finds in one series."""

    breaks: tuple[int, ...]
    doubt: bool
    at_least_one: float


def ours(values: Array, posterior: bool = False) -> Found:
    """Search with the defaults: model and seasons by rule, wild bootstrap."""
    decision, _ = decide(
        series_of(values), "auto", None, "ar", True, scale="level", max_breaks=8, controls=None
    )
    search, sample = decision.search, decision.sample
    chance = 0.0
    if posterior and not search.breaks:
        held = sample.with_columns(dip_columns(sample, search.dips))
        chance = break_posterior(held, fit_segments(held, search.breaks, covariance="ar")).at_least_one
        chance = 0.0 if chance > 0.5 else chance
    elif posterior:
        chance = 1.0
    last = search.steps[-1] if search.steps else None
    return Found(search.breaks, last is not None and last.table_rejects and not last.rejects, chance)


def pelt(values: Array) -> tuple[int, ...]:
    """Search by ruptures' Pelt, penalty 2 σ² ln n, σ from the median absolute difference."""
    import ruptures

    change = np.diff(values)
    deviation = 1.4826 * np.median(np.abs(change - np.median(change))) / np.sqrt(2)
    search = ruptures.Pelt(model="l2", min_size=2, jump=1).fit(values[:, None])
    ends = search.predict(pen=2 * deviation**2 * np.log(values.size))
    return tuple(int(b) for b in ends[:-1])


def _row(*cells: object) -> str:
    line = "| " + " | ".join(f"{c:.3f}" if isinstance(c, float) else str(c) for c in cells) + " |"
    print(line, flush=True)
    return line


def _share(hits: list[bool]) -> str:
    share = float(np.mean(hits))
    return f"{share:.3f} ({np.sqrt(share * (1 - share) / len(hits)):.3f})"


def size_table(count: int) -> list[str]:
    """Return the share of series without a break in which a lasting one is found."""
    lines = [
        _row(
            "errors", "n", "season, trend", "series", "a lasting break (se)", "P(break) > ½ as shown", "Pelt"
        ),
        _row(*["---"] * 7),
    ]
    cells = [(name, n, "none") for name in (*TARGET, "AR(1) 0.9") for n in (96, 144, 199)]
    cells += [(name, 144, kind) for name in ("AR(1) 0.4", "AR(1) 0.8") for kind in ("season", "trend")]
    for name, n, kind in cells:
        found, rival = [], []
        for number in range(count):
            values = errors(name, n, number)
            if kind == "season":
                values = values + 3 * SEASON[np.arange(n) % 12]
            if kind == "trend":
                values = values + 0.04 * np.arange(n)
            found.append(ours(values, posterior=True))
            rival.append(bool(pelt(values)))
        lines.append(
            _row(
                name,
                n,
                kind,
                count,
                _share([bool(f.breaks) for f in found]),
                _share([f.at_least_one > 0.5 for f in found]),
                float(np.mean(rival)),
            )
        )
    return lines


def misspecified_table(count: int) -> list[str]:
    """Return the same under errors that the tables do not know, n = 144."""
    lines = [_row("errors", "series", "a lasting break (se)", "doubt said"), _row(*["---"] * 4)]
    for name in ("t(3), AR(1) 0.7", "AR(2) 0.5 0.3", "ARMA(0.9, -0.5)", "16 times the variance"):
        found = [ours(errors(name, N, number)) for number in range(count)]
        shares = _share([bool(f.breaks) for f in found])
        lines.append(_row(name, count, shares, _share([f.doubt for f in found])))
    return lines


def power_table(count: int) -> list[str]:
    """Return what is found of known breaks, mean over four kinds of errors, n = 144."""
    lines = [
        _row(
            *("world", "series", "none found (se)", "dates hit", "more than there are", "Pelt, hit / extra"),
            *("BIC*", "UDmax-HAC*", "DeCAFS*", "WCM.gSa*"),
        ),
        _row(*["---"] * 10),
    ]
    for world in WORLDS:
        none, hits, more, rival_hits, rival_extra = [], [], [], [], []
        dip = world.name.startswith("dip")
        for name in POWER_ERRORS:
            for number in range(count):
                values = world.path(N) + errors(name, N, 5_000 + number)
                breaks = ours(values).breaks
                rival = pelt(values)
                none.append(bool(breaks) if dip else not breaks)
                hits += [any(abs(b - true) <= NEAR for b in breaks) for true in world.dates]
                more.append(len(breaks) > len(world.dates))
                rival_hits += [any(abs(b - true) <= NEAR for b in rival) for true in world.dates]
                rival_extra.append(len(rival) - len(world.dates))
        lines.append(
            _row(
                world.name,
                4 * count,
                f"lasting: {_share(none)}" if dip else _share(none),
                "" if dip else float(np.mean(hits)),
                "" if dip else float(np.mean(more)),
                f"{np.mean(rival_hits):.2f} / {np.mean(rival_extra):.1f}",
                *STORED_POWER[world.name],
            )
        )
    return lines


def stored_table() -> list[str]:
    """Return the stored sizes of the other methods."""
    lines = [_row("errors", "BIC*", "UDmax-HAC*", "DeCAFS*", "WCM.gSa*"), _row(*["---"] * 5)]
    return [*lines, *(_row(name, *values) for name, values in STORED_SIZE.items())]


HEADER = """# Size and power of the search for breaks

Simulated monthly series, defaults (model and seasons by rule, shortest segment of eight months, wild
bootstrap of 39 series behind every rejection), errors of unit unconditional variance from fixed sequences.
Standard errors in parentheses. Columns with * are stored: measured once in R 4.2.2 on series of the same
worlds, 100 a cell. Made by

    make study-breaks SIZE={size} POWER={power}
"""


def main() -> None:
    """Run every cell and write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=100)
    parser.add_argument("--power", type=int, default=25)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    page = [HEADER.format(size=options.size, power=options.power)]
    page += ["## Without a break\n", *size_table(options.size)]
    page += ["\n## Without a break, other errors, n = 144\n", *misspecified_table(options.size)]
    page += ["\n## Other methods without a break, n = 144\n", *stored_table()]
    page += ["\n## With known breaks, n = 144\n", *power_table(options.power)]
    if options.out:
        options.out.write_text("\n".join(page) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
