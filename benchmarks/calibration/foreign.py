"""Coverage of the joint model in worlds that are not its own.

    python -m benchmarks.calibration.foreign [--series 160] [--jobs 1] [--out docs/calibration-foreign.md]

Every world goes through `analysis.batch`, as a user's series would, with the defaults of the batch.
"""

from __future__ import annotations

import argparse
import inspect
import platform
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pandas as pd

import analysis
from analysis.domain.engine import ENGINE
from analysis.interventions import fit_interventions
from benchmarks.calibration.foreign_worlds import (
    EFFECTS,
    IDS,
    WORLDS,
    Array,
    World,
    covariance,
    hidden,
    simulate,
)

DEFAULT_SERIES = 160
NORMAL = 1.959963984540054
BOUND = 0.90
"""Worlds with less mean coverage than this are named."""
MASKS = 20
"""Patterns of missing periods that the oracle's width is a mean of."""
RUNS = tuple(IDS[a : b + 1] for a, b in combinations(range(len(IDS)), 2))
"""Neighbouring events, whose sums are asked for."""


@dataclass(frozen=True)
class Found:
    """What was measured in one world.

    Attributes
    ----------
    world : World
    hits : ndarray, shape (S, 6)
        1 where the interval of an event holds its effect, 0 where not; NaN where there is none.
    width : float
        Mean width of the events' intervals.
    neighbours : ndarray, shape (S, 5)
        The same of the sums of two neighbouring events.
    groups : ndarray, shape (K,)
        The same of the sums of the groups that were formed.
    oracle : float
        Mean width of generalised least squares that knows covariance and drift; NaN where there is none.
    refused : int
        Series without an answer.
    """

    world: World
    hits: Array
    width: float
    neighbours: Array
    groups: Array
    oracle: float
    refused: int

    @property
    def coverage(self) -> float:
        """Mean coverage of single events."""
        return float(np.nanmean(self.hits))

    @property
    def error(self) -> float:
        """Standard error of `coverage`: antithetic pairs of series are the independent units."""
        pairs = np.nanmean(self.hits.reshape(-1, 2 * len(IDS)), axis=1)
        pairs = pairs[np.isfinite(pairs)]
        return float(pairs.std(ddof=1) / np.sqrt(len(pairs)))

    @property
    def lowest(self) -> tuple[float, str]:
        """The event covered least, and how often it is."""
        means = np.nanmean(self.hits, axis=0)
        k = int(np.argmin(means))
        return float(means[k]), IDS[k]


def names(world: World, series: int) -> list[str]:
    """Return the ids of the series of a world."""
    return [f"{world.name} {k:05d}" for k in range(series)]


def answers(worlds: Sequence[World], series: int, jobs: int, **choices: str) -> pd.DataFrame:
    """Return the rows of one batch over all series of some worlds."""
    frames = [
        pd.DataFrame(
            {
                "series_id": np.repeat(names(world, series), world.n),
                "period": world.periods() * series,
                "value": simulate(world, range(series)).ravel(),
                "world": world.name,
            }
        )
        for world in worlds
    ]

    def progress(done: int, chunks: int) -> None:
        print(f"{done}/{chunks}", file=sys.stderr)

    with tempfile.TemporaryDirectory() as folder:
        return analysis.batch(
            pd.concat(frames),
            {world.name: world.events() for world in worlds},
            Path(folder) / "rows.csv",
            jobs=jobs,
            by="world",
            sums=["+".join(run) for run in RUNS],
            progress=progress,
            **choices,
        ).to_frame()


def measure(world: World, series: int, rows: pd.DataFrame) -> Found:
    """Set the answers to a world's series beside the truth."""
    rows = rows[rows["series_id"].isin(names(world, series))]
    fine = rows[rows["status"] == "ok"].copy()
    truth = dict(zip(IDS, EFFECTS, strict=True))
    true = fine["event_id"].map(lambda name: sum(truth[one] for one in name.split("+")))
    fine["hit"] = ((fine["lower"] <= true) & (true <= fine["upper"])).astype(float)
    fine.loc[fine["lower"].isna(), "hit"] = np.nan
    hits = fine.pivot(index="series_id", columns="event_id", values="hit").reindex(names(world, series))
    single = fine[fine["event_id"].isin(IDS)]
    grouped = single.dropna(subset=["group"])[["series_id", "group"]].drop_duplicates()
    sums = fine.set_index(["series_id", "event_id"])["hit"]
    own = [sums.get((name, group), np.nan) for name, group in grouped.itertuples(index=False)]
    return Found(
        world,
        hits[list(IDS)].to_numpy(),
        float((single["upper"] - single["lower"]).mean()),
        hits[["+".join(pair) for pair in pairwise(IDS)]].to_numpy(),
        np.array(own, dtype=np.float64),
        oracle_width(world) if world.gaussian else float("nan"),
        int((rows["status"] != "ok").sum()),
    )


def oracle_width(world: World) -> float:
    """Return the mean width of generalised least squares with the true covariance, all coefficients flat."""
    spread = covariance(world)
    t = np.arange(world.n)
    a_year = {"M": 12, "Q": 4, "A": 1}[world.frequency]
    season = (t[:, None] % a_year == np.arange(1, a_year)).astype(np.float64)
    x = np.column_stack([np.ones(world.n), t / a_year, season, world.columns()])
    masks = hidden(world, range(0, 2 * MASKS, 2)) if world.missing else hidden(world, range(1))
    widths = []
    for mask in masks:
        seen = x[~mask]
        inverse = np.linalg.inv(seen.T @ np.linalg.solve(spread[np.ix_(~mask, ~mask)], seen))
        widths.append(2 * NORMAL * np.sqrt(np.diag(inverse)[-len(IDS) :]).mean())
    return float(np.mean(widths))


def page(found: Sequence[Found], series: int) -> str:
    """Return the page."""
    return "\n".join([*_opening(found, series), *_table(found)]) + "\n"


def _opening(found: Sequence[Found], series: int) -> Iterator[str]:
    trend = inspect.signature(fit_interventions).parameters["trend"].default
    yield "# Foreign worlds"
    yield ""
    yield (
        f"Coverage at a nominal 95 % in {len(found)} kinds of series of which nothing is drawn from the "
        "joint model: not the noise, not the growth, not the season, not the effects. Six steps stand at 30 "
        f"to 88 % of the sample ({', '.join(f'{e:+.1f}' for e in EFFECTS)} in logs). {series} series a "
        f"world, in antithetic pairs, fitted by `analysis.batch` with its defaults (trend `{trend}`); small "
        "counts by `--method poisson`. Made by"
    )
    yield ""
    yield f"    make calibrate-foreign{'' if series == DEFAULT_SERIES else f' FOREIGN_SERIES={series}'}"
    yield ""
    yield (
        f"with engine {ENGINE}, Python {platform.python_version()}, NumPy {np.__version__} on "
        f"{platform.machine()}."
    )
    yield ""
    yield from _named(found)
    yield ""


def _named(found: Sequence[Found]) -> Iterator[str]:
    below = sorted((one for one in found if one.coverage < BOUND), key=lambda one: one.coverage)
    above = [one.coverage for one in found if one.coverage >= BOUND]
    spread = f"from {min(above):.3f} to {max(above):.3f}" if above else "nowhere"
    if not below:
        yield f"Mean coverage of single effects runs {spread}: no world lies below {BOUND:.2f}."
        return
    yield (
        f"Mean coverage of single effects lies below {BOUND:.2f} in {len(below)} of {len(found)} worlds, and "
        f"runs {spread} in the others. The intervals are not to be trusted where a series is like these:"
    )
    yield ""
    for one in below:
        low, name = one.lowest
        yield (
            f"- **{one.world.name}** ({one.world.words}): {one.coverage:.3f}, standard error "
            f"{one.error:.3f}; lowest event {name}, {low:.3f}."
        )
    hard = [one for one in found if one.coverage >= BOUND and one.lowest[0] < BOUND]
    if hard:
        yield ""
        yield (
            f"In {len(hard)} more the mean holds and one event does not: "
            + "; ".join(f"{one.world.name} ({one.lowest[1]}, {one.lowest[0]:.3f})" for one in hard)
            + "."
        )


def _table(found: Sequence[Found]) -> Iterator[str]:
    yield (
        "*neighbours* is the coverage of the sums of two events that follow each other; *groups* that of the "
        "sums of the groups formed, with their number; *width* the mean width over that of generalised least "
        "squares that knows the noise's covariance and any drift, where the noise is normal."
    )
    yield ""
    head = (
        "world",
        "what it is",
        "n",
        "series",
        "mean",
        "s. e.",
        "lowest event",
        "neighbours",
        "groups",
        "width",
    )
    yield _row(*head)
    yield _row("---", "---", *["---:"] * (len(head) - 2))
    for one in found:
        low, name = one.lowest
        formed = one.groups[np.isfinite(one.groups)]
        yield _row(
            one.world.name,
            one.world.words,
            one.world.n,
            len(one.hits) - one.refused,
            f"{one.coverage:.3f}",
            f"{one.error:.3f}",
            f"{low:.3f} ({name})",
            f"{np.nanmean(one.neighbours):.3f}",
            f"{formed.mean():.3f} ({len(formed)})" if len(formed) else "none",
            f"{one.width / one.oracle:.2f}" if np.isfinite(one.oracle) else "–",
        )


def _row(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=DEFAULT_SERIES, help="of each world; even")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--worlds", nargs="*", default=[], help="names; default all")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if options.series < 4 or options.series % 2:
        parser.error("--series is an even number from 4 on: series come in antithetic pairs")
    unknown = set(options.worlds) - {world.name for world in WORLDS}
    if unknown:
        parser.error(f"there is no world {', '.join(sorted(unknown))}")
    chosen = [world for world in WORLDS if not options.worlds or world.name in options.worlds]
    counts = [world for world in chosen if world.counts]
    plain = [world for world in chosen if not world.counts]
    tables = [answers(plain, options.series, options.jobs)] if plain else []
    tables += [answers(counts, options.series, options.jobs, method="poisson")] if counts else []
    rows = pd.concat(tables)
    text = page([measure(world, options.series, rows) for world in chosen], options.series)
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
