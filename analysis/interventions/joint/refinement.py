"""Stage 3: the grid. Cells that hold mass are split; a split cell splits its prior mass (equation 8)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.domain import FloatArray
from analysis.interventions.joint.block import Block
from analysis.interventions.joint.grids import GridSize
from analysis.interventions.joint.marginal_likelihood import Cases, score_cases, without_shared
from analysis.interventions.joint.quadratic_forms import (
    LinearTotals,
    Reduced,
    Regressors,
    block_forms,
    eliminate,
)
from analysis.numerics.filtering import QuadraticForms
from analysis.numerics.noise import NoiseGrid, NoiseSample

DROPPED_COMBINATIONS = 0.01
"""Outlier combinations with less than this posterior mass together, on the first grid, are left out."""
THINNED = 4
"""Of every so many cells of a grid without regimes one is used to find the combinations that matter."""


@dataclass(frozen=True)
class Scored:
    """Every case in every noise cell.

    Attributes
    ----------
    grid : NoiseGrid
        G cells.
    forms : QuadraticForms
    groups : tuple of Cases
        Those of one shape together; N in all.
    score : ndarray, shape (N, G)
        Log posterior weights up to a constant of the data; minus infinity where a series has no such cell.
    rss : ndarray, shape (N, G)
    """

    grid: NoiseGrid
    forms: QuadraticForms
    groups: tuple[Cases, ...]
    score: FloatArray
    rss: FloatArray

    @property
    def unit(self) -> NDArray[np.intp]:
        """Pair of series and dating of each case, shape (N,)."""
        return np.concatenate([group.unit for group in self.groups])

    @property
    def series(self) -> NDArray[np.intp]:
        """Series of each case, shape (N,)."""
        return np.concatenate([group.series for group in self.groups])

    def masses(self) -> FloatArray:
        """Return the share of each cell in the posterior of each unit, shape (U, G)."""
        unit = self.unit
        peak = np.full(unit.max() + 1, -np.inf)
        np.maximum.at(peak, unit, self.score.max(axis=1))
        weight = np.exp(self.score - peak[unit, None])
        mass = np.zeros((len(peak), weight.shape[1]))
        np.add.at(mass, unit, weight)
        return np.asarray(mass / np.maximum(mass.sum(axis=1, keepdims=True), 1e-300))


@dataclass(frozen=True)
class Scorer:
    """What scores a set of cells.

    Attributes
    ----------
    block : Block
    regressors : Regressors
    sample : NoiseSample
    totals : LinearTotals or None
    dof : ndarray of int, shape (S,)
    """

    block: Block
    regressors: Regressors
    sample: NoiseSample
    totals: LinearTotals | None
    dof: NDArray[np.intp]

    def forms(self, grid: NoiseGrid) -> tuple[QuadraticForms, Reduced]:
        """Return the quadratic forms of some cells, whole and without the shared columns."""
        found = block_forms(self.regressors, self.block, grid, self.sample, self.totals)
        return found, eliminate(found, self.regressors.frame.shared)

    def score(self, grid: NoiseGrid, groups: tuple[Cases, ...]) -> Scored:
        """Score all cases in all cells of a grid."""
        forms, reduced = self.forms(grid)
        score, rss = self._score(reduced, grid, groups)
        return Scored(grid, forms, groups, score, rss)

    def likely(self, scored_on: NoiseGrid, groups: tuple[Cases, ...], thinned: bool) -> tuple[Cases, ...]:
        """Return the cases whose outlier combinations hold all but 1 % of their unit's posterior.

        The combination without any discount always stays: the record says what the effects are under it.
        """
        if all((group.factors == 1).all() for group in groups):
            return groups
        cells = np.arange(0, len(scored_on), THINNED if thinned else 1)
        grid = scored_on.take(cells)
        score, _ = self._score(self.forms(grid)[1], grid, groups)
        found = []
        start = 0
        unit = np.concatenate([group.unit for group in groups])
        combination = np.concatenate([_combination(group.factors) for group in groups])
        peak = np.full(unit.max() + 1, -np.inf)
        np.maximum.at(peak, unit, score.max(axis=1))
        mass = np.zeros((len(peak), combination.max() + 1))
        np.add.at(mass, (unit, combination), np.exp(score - peak[unit, None]).sum(axis=1))
        order = np.argsort(-mass, axis=1, kind="stable")
        ranked = np.take_along_axis(mass, order, axis=1)
        before = np.cumsum(ranked, axis=1) - ranked
        kept = np.zeros(mass.shape, dtype=bool)
        needed = before < (1 - DROPPED_COMBINATIONS) * ranked.sum(axis=1, keepdims=True)
        np.put_along_axis(kept, order, needed, axis=1)
        kept[:, 0] = True
        series = np.concatenate([group.series for group in groups])
        of_series = np.zeros((series.max() + 1, mass.shape[1]), dtype=bool)
        np.logical_or.at(of_series, series, kept[unit])
        for group in groups:
            own = of_series[group.series, combination[start : start + len(group)]]
            start += len(group)
            if own.any():
                found.append(group.take(own))
        return tuple(found)

    def _score(
        self, reduced: Reduced, grid: NoiseGrid, groups: tuple[Cases, ...]
    ) -> tuple[FloatArray, FloatArray]:
        shared = self.regressors.frame.shared
        pairs = [score_cases(reduced, without_shared(g, shared), self.dof, grid.sigma2) for g in groups]
        score = np.concatenate([score for score, _ in pairs]) + np.log(grid.mass)
        return score, np.concatenate([rss for _, rss in pairs])


def _combination(factors: FloatArray) -> NDArray[np.intp]:
    """Return a number for each row of variance factors, shape (N,)."""
    digits = np.searchsorted((1.0, 9.0, 100.0), factors)
    return np.asarray(digits @ (3 ** np.arange(factors.shape[1], dtype=np.intp)), dtype=np.intp)


def refine(scorer: Scorer, size: GridSize, regimes: int, groups: tuple[Cases, ...]) -> Scored:
    """Score the cases on a grid, splitting what holds more than `split_above` of any dating.

    Every series keeps a grid of its own, so that its answer does not depend on the block that it is in.
    """
    grid = size.cells(regimes)
    groups = scorer.likely(grid, groups, thinned=regimes == 0 and size.rounds == 0)
    scored = scorer.score(grid, groups)
    for _ in range(size.rounds):
        heavy = np.zeros((len(scorer.block), len(scored.grid)), dtype=bool)
        np.logical_or.at(heavy, scored.series, (scored.masses() > size.split_above)[scored.unit])
        union = np.flatnonzero(heavy.any(axis=0))
        if not len(union):
            break
        children, parent = scored.grid.take(union).split()
        added = scorer.score(children, groups)
        own = heavy[scored.series]
        inherited = np.where(own[:, union[parent]], added.score, -np.inf)
        left = np.where(own, -np.inf, scored.score)
        kept = np.flatnonzero(~heavy.all(axis=0))
        scored = Scored(
            scored.grid.take(kept).join(children),
            scored.forms.take(kept).join(added.forms),
            groups,
            np.concatenate([left[:, kept], inherited], axis=1),
            np.concatenate([scored.rss[:, kept], added.rss], axis=1),
        )
    return scored
