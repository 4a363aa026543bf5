"""League table of one event's effects: pooled effects, and how uncertain their order is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from analysis.across.effects import EffectRow, EffectsTable
from analysis.across.exposure import ExposureTable
from analysis.across.pooling import ASSUMPTIONS, PooledEvent, pool_effects
from analysis.domain import Cell, FloatArray, Result
from analysis.errors import CannotEstimateError
from analysis.numerics.hierarchical import Hierarchy
from analysis.numerics.least_squares import IntArray
from analysis.numerics.rank_sets import joint_rank_sets, own_rank_sets

LIGHT = 1e-3
"""Weight of the cells that expected ranks leave out."""
PAIRS = 4_000_000
"""Probabilities of pairs held together (32 MB)."""
TOGETHER = (
    "The sets rank_lower..rank_upper hold each rank by itself, those of joint_lower..joint_upper "
    "all ranks at once; both rest on the separate estimates. Rank 1 is the largest fall."
)


@dataclass(frozen=True)
class LeagueTable(Result):
    """Series in order of the expected rank of one event's effect.

    Attributes
    ----------
    pooled : PooledEvent
    expected : ndarray, shape (P,)
        Posterior mean of each rank; 1 is the largest fall.
    own, joint : (ndarray, ndarray)
        Lower and upper ends of the confidence sets of each rank by itself and of all at once.
    level : float
    left_out : tuple of (str, str, str)
    """

    pooled: PooledEvent
    expected: FloatArray
    own: tuple[IntArray, IntArray]
    joint: tuple[IntArray, IntArray]
    level: float
    left_out: tuple[tuple[str, str, str], ...]

    def to_record(self) -> dict[str, Any]:
        """Return one row per series, in order of the expected rank."""
        columns, rows = self.table()
        return {
            "event_id": self.pooled.event_id,
            "level": self.level,
            "league": [dict(zip(columns, row, strict=True)) for row in rows],
            "assumptions": [*ASSUMPTIONS, TOGETHER],
            "left_out": [list(one) for one in self.left_out],
        }

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return one row per series, in order of the expected rank."""
        columns = (
            "series_id",
            "exposure",
            "log_effect",
            "se",
            "pooled",
            "pooled_lower",
            "pooled_upper",
            "expected_rank",
            "rank_lower",
            "rank_upper",
            "joint_lower",
            "joint_upper",
        )
        one = self.pooled
        rows: list[Sequence[Cell]] = []
        for k in np.argsort(self.expected, kind="stable"):
            row = one.rows[k]
            exposure = None if np.isnan(one.exposure[k]) else float(one.exposure[k])
            numbers = (one.mean[k], one.lower[k], one.upper[k], self.expected[k])
            ranks = (self.own[0][k], self.own[1][k], self.joint[0][k], self.joint[1][k])
            rows.append(
                (row.series_id, exposure, row.estimate, row.se, *map(float, numbers), *map(int, ranks))
            )
        return columns, rows

    def heading(self) -> str:
        """Return one line above the table."""
        return f"Effects dated to {self.pooled.event_id}, by expected rank of {len(self.pooled.rows)} series"

    def notes(self) -> Sequence[str]:
        """Return what the sets hold, and who is left out."""
        width = float(np.mean(self.own[1] - self.own[0] + 1)) / len(self.expected)
        return (
            TOGETHER,
            f"On average a set of one rank holds {100 * width:.0f} % of all ranks.",
            *(f"Left out: {s} {e}: {why}." for s, e, why in self.left_out[:5]),
        )


def league_table(
    effects: EffectsTable,
    event_id: str,
    exposure: ExposureTable | None = None,
    *,
    level: float = 0.95,
    correlation: float = 0.0,
) -> LeagueTable:
    """Rank the series by the effect of one event, or of a sum of events.

    A series that cannot tell the event from another is left out, with the group whose sum it can rank.

    Parameters
    ----------
    effects : EffectsTable
    event_id : str
    exposure : ExposureTable, optional
    level, correlation : float
        As in `pool_effects`.

    Raises
    ------
    InputError
        If no series has the event.
    CannotEstimateError
        If too few series can be ranked.
    """
    grouped = [row for row in effects.of(event_id) if row.group]
    apart = EffectsTable(
        tuple(row for row in effects.rows if row.event_id == event_id and not row.group),
        (
            *effects.left_out,
            *((r.series_id, event_id, f"not told apart in {r.group}: rank that sum") for r in grouped),
        ),
    )
    if not apart.rows:
        sums = sorted({row.group for row in grouped if row.group})
        raise CannotEstimateError(
            f"no series tells '{event_id}' apart: run the batch with --sum {sums[0]} and rank that"
        )
    found = pool_effects(apart, exposure, event_ids=(event_id,), level=level, correlation=correlation)
    pooled = found.events[0]
    estimate, error = _numbers(pooled.rows)
    return LeagueTable(
        pooled,
        expected_ranks(pooled.hierarchy),
        own_rank_sets(estimate, error, level),
        joint_rank_sets(estimate, error, level),
        level,
        found.left_out,
    )


def _numbers(rows: Sequence[EffectRow]) -> tuple[FloatArray, FloatArray]:
    return np.array([row.estimate for row in rows]), np.array([row.se for row in rows])


def expected_ranks(fitted: Hierarchy) -> FloatArray:
    """Return the posterior mean of each unit's rank, 1 being the smallest effect, shape (P,).

    The expected rank is one plus the probabilities of every other unit to lie below (Laird & Louis 1989,
    Empirical Bayes ranking methods, Journal of Educational Statistics 14, 29-46).
    """
    count = len(fitted.estimate)
    ranks = np.ones(count)
    step = max(1, PAIRS // count)
    for weight, centre, loading, own in _cells(fitted):
        for start in range(0, count, step):
            part = slice(start, start + step)
            apart = centre[part, None] - centre
            variance = own[part, None] + own
            for j in range(loading.shape[1]):
                variance = variance + (loading[part, None, j] - loading[:, j]) ** 2
            below = special.ndtr(apart / np.sqrt(variance))
            ranks[part] += weight * (below.sum(axis=1) - 0.5)
    return ranks


def _cells(fitted: Hierarchy) -> Sequence[tuple[float, FloatArray, FloatArray, FloatArray]]:
    """Return weight, centres, loadings times the root of the line's covariance, and own variances, by cell.

    Cells that together hold less than a thousandth are left out: ranks move by less than that share.
    """
    order = np.argsort(-fitted.weight, kind="stable")
    held = np.cumsum(fitted.weight[order])
    kept = order[: int(np.searchsorted(held, 1 - LIGHT)) + 1]
    cells = []
    for g in kept:
        one = Hierarchy(
            fitted.estimate,
            fitted.error,
            fitted.columns,
            fitted.own,
            fitted.member,
            fitted.tau[g : g + 1],
            np.ones(1),
            fitted.gamma[g : g + 1],
            fitted.root[g : g + 1],
            fitted.common,
        )
        centre, loading, own = one.conditional()
        cells.append(
            (
                float(fitted.weight[g] / held[len(kept) - 1]),
                centre[0],
                loading[0] @ fitted.root[g],
                own[0],
            )
        )
    return cells
