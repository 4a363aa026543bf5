"""Cells of the calibration of the joint model: a world at one sample size, and its figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.interventions.identification import DEFAULT_BOUNDS
from benchmarks.calibration.joint_fits import BOUNDS, IDS, TRUTH, Fits
from benchmarks.calibration.worlds import EFFECTS, Array, World

FITS = ("estimate", "se", "lower", "upper")
EVENTS = len(IDS)
"""The contrast after those of the events is the sum of three."""
LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)
GRADE_BOUNDS = ((0.25, 0.50), (0.35, 0.70), (0.50, 1.00))
ENOUGH_GROUPS = 50
"""A cell's coverage of group sums is held to the target from this many groups on."""
RULE = BOUNDS.index(DEFAULT_BOUNDS)


@dataclass(frozen=True)
class Cell:
    """One world at one sample size.

    Attributes
    ----------
    world : World
    n : int
    own, oracle : Fits
        Of shape (S, 7): six events, then the sum of three.
    below : ndarray, shape (S, 7)
        Posterior probability of a value below the truth.
    groups : ndarray of int, shape (K, 4)
        Groups that the rule formed: series, number of the bounds, members as bits, whether it is covered.
    """

    world: World
    n: int
    own: Fits
    oracle: Fits
    below: Array
    groups: NDArray[np.int64]

    @classmethod
    def of(cls, world: World, n: int, pieces: Sequence[Mapping[str, NDArray[np.generic]]]) -> Cell:
        """Join the pieces of a cell, in the order of their series."""
        own, oracle = (
            Fits(*np.concatenate([piece[name] for piece in pieces], axis=1)) for name in ("own", "oracle")
        )
        below = np.concatenate([piece["below"] for piece in pieces])
        return cls(world, n, own, oracle, below, np.concatenate([piece["groups"] for piece in pieces]))

    @property
    def name(self) -> str:
        """World and sample size in words."""
        return f"{self.world.name}, n = {self.n}"

    @property
    def coverage(self) -> Array:
        """Share of intervals that hold the truth, shape (7,)."""
        return np.asarray(self.own.hits(TRUTH).mean(axis=0))

    @property
    def width(self) -> Array:
        """Mean width of the intervals over that of the oracle's, shape (7,)."""
        return mean_width(self.own) / mean_width(self.oracle)

    @property
    def bias(self) -> Array:
        """Mean error over the mean standard error, shape (7,)."""
        return np.asarray((self.own.estimate - TRUTH).mean(axis=0) / self.own.se.mean(axis=0))

    def group_hits(self, number: int = RULE) -> NDArray[np.int64]:
        """1 or 0 for every group formed under the bounds of that number: whether its sum is covered."""
        return self.groups[self.groups[:, 1] == number, 3]


def mean_width(fits: Fits) -> Array:
    """Mean width of the intervals of each contrast."""
    return np.asarray(np.nanmean(fits.upper - fits.lower, axis=0))


def main_table(cells: Sequence[Cell]) -> Iterator[str]:
    """One row a cell: coverage by event, of sums; width and bias."""
    names = [name.removeprefix("unscr_") for name in IDS]
    yield row("world", "n", "mean", *names, "2371 to 2397", "groups", "width", "of sum", "bias", "largest")
    yield row("---", *["---:"] * (11 + EVENTS - 1))
    for cell in cells:
        hits, bias, coverage = cell.group_hits(), np.abs(cell.bias[:EVENTS]), cell.coverage
        groups = f"{hits.mean():.3f} ({len(hits)})" if len(hits) else "none"
        yield row(
            cell.world.name,
            cell.n,
            f"**{coverage[:EVENTS].mean():.3f}**",
            *(f"{value:.3f}" for value in coverage),
            groups,
            f"{cell.width[:EVENTS].mean():.2f}",
            f"{cell.width[EVENTS]:.2f}",
            f"{100 * bias.mean():.1f}",
            f"{100 * bias.max():.1f}",
        )


def level_table(cells: Sequence[Cell]) -> Iterator[str]:
    """Coverage of intervals of other levels, single effects, all cells pooled and the lowest cell."""
    yield row("level", *(f"{100 * level:.0f} %" for level in LEVELS))
    yield row("---", *["---:"] * len(LEVELS))
    shares = np.array(
        [[(np.abs(2 * cell.below[:, :EVENTS] - 1) <= level).mean() for level in LEVELS] for cell in cells]
    )
    yield row("mean of the cells", *(f"{value:.3f}" for value in shares.mean(axis=0)))
    yield row("lowest cell", *(f"{value:.3f}" for value in shares.min(axis=0)))
    yield row("highest cell", *(f"{value:.3f}" for value in shares.max(axis=0)))


def bounds_table(cells: Sequence[Cell]) -> Iterator[str]:
    """Count groups, and the coverage of their sums, under varied bounds of the rule, all cells pooled."""
    yield row(
        "correlation at most",
        "sd of the difference above",
        "series with a group",
        "groups",
        "covered",
        "lowest cell",
    )
    yield row(*["---:"] * 6)
    series = sum(len(cell.below) for cell in cells)
    for number, bounds in enumerate(BOUNDS):
        hits = [cell.group_hits(number) for cell in cells]
        grouped = sum(len(np.unique(cell.groups[cell.groups[:, 1] == number, 0])) for cell in cells)
        pooled = np.concatenate(hits)
        large = [
            (one.mean(), cell) for one, cell in zip(hits, cells, strict=True) if len(one) >= ENOUGH_GROUPS
        ]
        lowest = min(large, key=lambda pair: pair[0], default=None)
        yield row(
            f"{bounds.correlation}{' (in use)' if number == RULE else ''}",
            bounds.difference_sd,
            f"{100 * grouped / series:.1f} %",
            len(pooled),
            f"{pooled.mean():.3f}" if len(pooled) else "none",
            f"{lowest[0]:.3f} ({lowest[1].name})" if lowest else "none",
        )


def members_table(cells: Sequence[Cell]) -> Iterator[str]:
    """Which groups the rule forms, all cells pooled."""
    yield row("group", "series", "covered")
    yield row("---", "---:", "---:")
    found = np.concatenate([cell.groups[cell.groups[:, 1] == RULE] for cell in cells])
    kinds, counts = np.unique(found[:, 2], return_counts=True)
    for kind, count in sorted(zip(kinds, counts, strict=True), key=lambda pair: -pair[1]):
        names = [name.removeprefix("unscr_") for k, name in enumerate(IDS) if kind >> k & 1]
        yield row(" + ".join(names), count, f"{found[found[:, 2] == kind, 3].mean():.3f}")


def grades_table(cells: Sequence[Cell]) -> Iterator[str]:
    """Share and coverage of single effects by grade, under varied bounds on the half-width."""
    half = np.concatenate([0.5 * (c.own.upper - c.own.lower)[:, :EVENTS] for c in cells])
    hits = np.concatenate([c.own.hits(TRUTH)[:, :EVENTS] for c in cells])
    yield row("A up to", "B up to", *(f"{what} {grade}" for what in ("share", "covered") for grade in "ABC"))
    yield row(*["---:"] * 8)
    for a, b in GRADE_BOUNDS:
        parts = [half <= a, (half > a) & (half <= b), half > b]
        covered = [f"{hits[part].mean():.3f}" if part.any() else "none" for part in parts]
        yield row(a, b, *(f"{part.mean():.3f}" for part in parts), *covered)


def slopes_table(cells: Mapping[tuple[float, str, int], Cell]) -> Iterator[str]:
    """Coverage and bias where every series has the same slope: what the prior on the trend costs."""
    yield row("slope a year", "n", "covered", "bias", "largest")
    yield row(*["---:"] * 5)
    for slope, n in dict.fromkeys((slope, n) for slope, _, n in cells):
        own = [cell for key, cell in cells.items() if (key[0], key[2]) == (slope, n)]
        bias = np.abs([cell.bias[:EVENTS] for cell in own])
        coverage = np.mean([cell.coverage[:EVENTS].mean() for cell in own])
        yield row(slope, n, f"{coverage:.3f}", f"{100 * bias.mean():.1f}", f"{100 * bias.max():.1f}")


def peers_table(
    cells: Mapping[tuple[str, int], Cell],
    peers: Mapping[tuple[str, int, str], Fits],
    names: Sequence[str],
    figure: str,
) -> Iterator[str]:
    """One row a cell: ``covered`` or ``width`` of the usual methods on the same first series, ours first."""
    yield row("world", "n", "joint model", *(f"`{name}`" for name in names))
    yield row("---", *["---:"] * (2 + len(names)))
    found = []
    for (world, n), cell in cells.items():
        fits = [peers[world, n, name] for name in names]
        count = len(fits[0].estimate)
        best = mean_width(Fits(*(getattr(cell.oracle, key)[:count] for key in FITS)))[:EVENTS]
        own = Fits(*(getattr(cell.own, key)[:count, :EVENTS] for key in FITS))
        values = []
        for one in (own, *fits):
            held = one.hits(EFFECTS)
            if np.isnan(held).all():
                values.append(np.nan)
            else:
                values.append(np.nanmean(held) if figure == "covered" else (mean_width(one) / best).mean())
        found.append(values)
        yield row(world, n, *("none" if np.isnan(value) else f"{value:.2f}" for value in values))
    yield row("mean", "", *(f"**{value:.2f}**" for value in np.nanmean(found, axis=0)))


def refused(peers: Mapping[tuple[str, int, str], Fits], names: Sequence[str]) -> dict[str, float]:
    """Share of the series that each of the usual methods refuses."""
    return {
        name: float(
            np.mean([np.isnan(f.estimate).all(axis=1).mean() for key, f in peers.items() if key[2] == name])
        )
        for name in names
    }


def row(*cells: object) -> str:
    """Return one line of a table."""
    return "| " + " | ".join(map(str, cells)) + " |"
