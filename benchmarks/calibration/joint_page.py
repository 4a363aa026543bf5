"""The page of the calibration of the joint model, and whether each target is met."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import scipy

from analysis.domain.engine import ENGINE
from benchmarks.calibration.joint_fits import Fits
from benchmarks.calibration.joint_tables import (
    ENOUGH_GROUPS,
    EVENTS,
    Cell,
    bounds_table,
    grades_table,
    level_table,
    main_table,
    members_table,
    peers_table,
    refused,
    row,
    slopes_table,
)
from benchmarks.calibration.worlds import DATES, EFFECTS, SAMPLES, WORLDS

SLOPES = (0.05, 0.10)
WIDEST, WIDEST_WHITE = 1.15, 1.25


@dataclass(frozen=True)
class Study:
    """Everything measured.

    Attributes
    ----------
    series : int
        A cell.
    cells : mapping of (world, n) to Cell
    slopes : mapping of (slope, world, n) to Cell
    peers : mapping of (world, n, method) to Fits
    names : tuple of str
        The usual methods.
    seconds : float
        Of processor time.
    """

    series: int
    cells: Mapping[tuple[str, int], Cell]
    slopes: Mapping[tuple[float, str, int], Cell]
    peers: Mapping[tuple[str, int, str], Fits]
    names: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Target:
    """One target of the study, its figure, and whether it is met."""

    words: str
    figure: str
    met: bool

    def line(self) -> str:
        """Return the row of the table of targets."""
        return row(self.words, self.figure, "yes" if self.met else "**no**")


def targets(cells: list[Cell]) -> list[Target]:
    """Hold the cells to the targets."""
    mean = np.array([cell.coverage[:EVENTS].mean() for cell in cells])
    sums = np.array([cell.coverage[EVENTS] for cell in cells])
    width = np.array([cell.width[:EVENTS].mean() for cell in cells])
    white = np.array([cell.world.name == "white" for cell in cells])
    bias = np.abs([cell.bias[:EVENTS] for cell in cells])
    groups = [(cell.group_hits().mean(), cell) for cell in cells if len(cell.group_hits()) >= ENOUGH_GROUPS]
    pooled = np.concatenate([cell.group_hits() for cell in cells])

    def at(values: np.ndarray, which: np.intp, digits: str = ".3f") -> str:
        return f"{values[which]:{digits}} ({cells[int(which)].name})"

    coloured = np.where(white, 0.0, width)
    found = [
        Target(
            "mean coverage of single effects 0.94 to 0.97", f"{mean.mean():.3f}", 0.94 <= mean.mean() <= 0.97
        ),
        Target("no cell below 0.92, single effects", at(mean, mean.argmin()), bool(mean.min() >= 0.92)),
        Target("no cell below 0.90, sum of 2371 to 2397", at(sums, sums.argmin()), bool(sums.min() >= 0.90)),
        Target(
            "sums of the rule's groups, pooled, at least 0.90", f"{pooled.mean():.3f}", pooled.mean() >= 0.90
        ),
    ]
    if groups:
        share, where = min(groups, key=lambda pair: pair[0])
        words = f"no cell with {ENOUGH_GROUPS} groups or more below 0.90"
        found.append(Target(words, f"{share:.3f} ({where.name})", bool(share >= 0.90)))
    return [
        *found,
        Target(
            f"mean width at most {WIDEST} times the oracle's, all worlds but white noise",
            f"{coloured[~white].mean():.2f}; widest cell {at(coloured, coloured.argmax(), '.2f')}",
            bool(coloured.max() <= WIDEST),
        ),
        Target(
            f"the same for white noise, at most {WIDEST_WHITE}",
            f"{width[white].max():.2f}",
            bool(width[white].max() <= WIDEST_WHITE),
        ),
        Target(
            "mean bias at most 5 % of the standard error", f"{100 * bias.mean():.1f} %", bias.mean() <= 0.05
        ),
        Target(
            "no event of a cell above 10 %",
            at(100 * bias.max(axis=1), bias.max(axis=1).argmax(), ".1f") + " %",
            bool(bias.max() <= 0.10),
        ),
    ]


def page(study: Study) -> str:
    """Return the page."""
    return "\n".join(_lines(study)) + "\n"


def _lines(study: Study) -> Iterator[str]:
    cells = list(study.cells.values())
    yield from _opening(study)
    yield from ("", row("target", "measured", "met"), row("---", "---", "---"))
    yield from (target.line() for target in targets(cells))
    yield from ("", "## Coverage, width and bias", "", *_key(), "", *main_table(cells))
    yield from (
        "",
        "## Other levels",
        "",
        "Single effects at intervals of other levels.",
        "",
        *level_table(cells),
    )
    yield from (
        "",
        "## Groups, and the bounds of the rule",
        "",
        f"All cells pooled; the lowest cell among those with {ENOUGH_GROUPS} groups or more. The bounds move "
        "how often events are grouped, not whether the sum is right. Cells with few groups are measured over "
        "more series in [coverage of groups](calibration-groups.md).",
        "",
        *bounds_table(cells),
        "",
        "The groups of the rule in use:",
        "",
        *members_table(cells),
        "",
        "## Grades, and their bounds",
        "",
        "Single effects by half-width of the 95 % interval, all cells pooled.",
        "",
        *grades_table(cells),
    )
    if study.peers:
        yield from _peers(study)
    if study.slopes:
        yield from (
            "",
            "## What the prior on the trend costs",
            "",
            "Every series of a cell has the same slope, one half or one standard deviation of the prior, so "
            "that the pull of the prior does not cancel: bias in per cent of the standard error. Worlds "
            f"without a regime, {len(next(iter(study.slopes.values())).below)} series a cell.",
            "",
            *slopes_table(study.slopes),
        )


def _opening(study: Study) -> Iterator[str]:
    dates = ", ".join(
        f"{name} ({month}, {size:g})" for (name, month), size in zip(DATES.items(), EFFECTS, strict=True)
    )
    samples = ", ".join(f"{n} months from {first}" for n, first in SAMPLES.items())
    yield "# Calibration of the joint model"
    yield ""
    yield (
        "Do the intervals of effects hold the truth as often as they say, and are they as narrow as they can "
        "be? Simulated monthly series with a season, a slope drawn from the prior and six events at the true "
        f"dates and of known size: {dates}. {samples}. {study.series:,} series a cell in antithetic pairs, "
        "noise from fixed sequences. Made by"
    )
    yield ""
    yield "    make calibrate"
    yield ""
    yield (
        f"with engine {ENGINE}, Python {platform.python_version()}, NumPy {np.__version__}, SciPy "
        f"{scipy.__version__} on {platform.machine()}, {os.cpu_count()} cores, in {study.seconds / 60:.0f} "
        "minutes of processor time. The command continues where it was interrupted."
    )


def _key() -> Iterator[str]:
    yield row("world", "noise (sd of its stationary part 0.2 in logs)")
    yield row("---", "---")
    yield from (row(world.name, world.words) for world in WORLDS)
    yield ""
    yield (
        "`mean` is over the six events, then each of them; `2371 to 2397` is the sum of these three "
        "resolutions; `groups` are the sums of the groups that the rule formed, with their number; `width` "
        "is the mean width over that of an oracle, generalised least squares with the true covariance, the "
        "positions of the outliers known, and the same prior on the trend; `bias` and the `largest` of the "
        "six are mean errors in per cent of the mean standard error. A coverage of .95 in 1,000 series has a "
        "standard error of .007."
    )


def _peers(study: Study) -> Iterator[str]:
    count = len(next(iter(study.peers.values())).estimate)
    yield from (
        "",
        "## The usual methods on the same series",
        "",
        f"The first {count} series of each cell, mean over the six events, nominal level 95 %. "
        "Synthetic control needs donors and is not among them. In the world `regime` the joint model alone "
        "is told of the regime: the others have no place for it.",
        "",
        "### Coverage",
        "",
        *peers_table(study.cells, study.peers, study.names, "covered"),
        "",
        "### Width over the oracle's",
        "",
        *peers_table(study.cells, study.peers, study.names, "width"),
    )
    shares = {name: share for name, share in refused(study.peers, study.names).items() if share}
    if shares:
        listed = ", ".join(f"`{name}` {100 * share:.1f} %" for name, share in shares.items())
        yield from (
            "",
            f"Series that a method refuses (its search fails, or a window holds no month): {listed}.",
        )
