"""The passes of the joint posterior for a block of series: the same steps as `fit_structural`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from analysis.domain import FloatArray
from analysis.interventions.modal import MOST_OUTLIERS
from analysis.interventions.panel_block import Frame, PanelSample
from analysis.interventions.panel_filter import Gains, filter_gains, panel_forms
from analysis.interventions.panel_grid import PanelGrid
from analysis.interventions.panel_mixture import PanelMixture
from analysis.interventions.panel_outliers import NO_OUTLIER, find_outliers
from analysis.interventions.panel_system import Layout, Reduced, eliminate, factor_systems
from analysis.interventions.structural import (
    COARSE_GRIDS,
    DROPPED_COMBINATIONS,
    NEGLIGIBLE,
    OUTLIER_FACTORS,
)

FIRST_GRID = PanelGrid(COARSE_GRIDS[0].q, COARSE_GRIDS[0].rho, gauss=False)
LAST_GRID = PanelGrid(12, 14)
"""Moves no end of an interval by more than 2 % of its width against twice the points on each axis
(`tests/unit/batch/test_panel_grid.py`)."""
THINNED = 4
"""Of every so many cells one is used to find the outlier combinations that matter."""


@dataclass(frozen=True)
class PanelPosterior:
    """Posterior of a block of series.

    Attributes
    ----------
    mixture : PanelMixture
        Of the event columns.
    cell : ndarray of int, shape (S,)
        Modal noise cell of each series.
    weights : ndarray, shape (S, M)
        What the event columns held in partial periods.
    outliers : ndarray of int, shape (S, 3)
        Calendar positions that may carry more variance; -1 pads.
    sound : ndarray of bool, shape (S,)
        False where the arithmetic failed; such a series has one empty point.
    """

    mixture: PanelMixture
    cell: NDArray[np.intp]
    weights: FloatArray
    outliers: NDArray[np.intp]
    sound: NDArray[np.bool_]

    def stationary_variance(self) -> FloatArray:
        """Posterior mean of the stationary variance of each series, shape (S,)."""
        mixture = self.mixture
        return mixture.total(mixture.weight * mixture.variance) * mixture.dof / (mixture.dof - 2)


def fit_block(
    frame: Frame,
    sample: PanelSample,
    *,
    outliers: bool = True,
    first: PanelGrid = FIRST_GRID,
    last: PanelGrid = LAST_GRID,
) -> PanelPosterior:
    """Fit all series of a block by two passes, three where partial periods have to settle.

    Parameters
    ----------
    frame : Frame
    sample : PanelSample
    outliers : bool
        Whether outlying months are looked for.
    first, last : PanelGrid
        Grids of the first passes and of the last.
    """
    count = len(sample.logs)
    precision = np.zeros(count)
    found = np.full((count, MOST_OUTLIERS), NO_OUTLIER)
    effects = None
    for _ in range(2 if len(frame.months) else 1):
        fitted = _pass(frame, sample, first, precision, found, effects)
        effects = fitted.mixture.centre()
        precision = frame.trend_precision(sample) * fitted.stationary_variance()
        if outliers:
            found = find_outliers(frame, sample, first, fitted.cell, fitted.weights)
    return _pass(frame, sample, last, precision, found, effects)


@lru_cache(maxsize=8)
def _gains(size: PanelGrid, observed: bytes) -> Gains:
    return filter_gains(size.cells(), np.frombuffer(observed, dtype=bool))


def _pass(
    frame: Frame,
    sample: PanelSample,
    size: PanelGrid,
    precision: FloatArray,
    outliers: NDArray[np.intp],
    effects: FloatArray | None,
) -> PanelPosterior:
    weights = frame.weights(sample, effects)
    months = np.unique(
        np.concatenate([frame.months, np.flatnonzero(sample.missing.any(axis=0)), outliers[outliers >= 0]])
    )
    units = np.zeros((len(sample.observed), len(months)))
    units[months, np.arange(len(months))] = 1.0
    gains = _gains(size, sample.observed.tobytes())
    forms = panel_forms(np.column_stack([frame.columns, units]), sample.y, gains)
    reduced = eliminate(forms, frame.shared)
    blocks = _Blocks(frame, sample, months, precision, weights, outliers)
    return blocks.posterior(reduced, np.log(size.cells().mass))


@dataclass(frozen=True)
class _Blocks:
    frame: Frame
    sample: PanelSample
    months: NDArray[np.intp]
    precision: FloatArray
    weights: FloatArray
    outliers: NDArray[np.intp]

    def posterior(self, reduced: Reduced, log_mass: FloatArray) -> PanelPosterior:
        """Score every series in every cell, keep the points that matter, and factor them."""
        n_events = self.frame.columns.shape[1] - self.frame.shared - int(self.frame.trend)
        points = []
        cell = np.zeros(len(self.precision), dtype=np.intp)
        sound = np.ones(len(self.precision), dtype=bool)
        flat = self.frame.shared + n_events + (0 if self.precision.any() or not self.frame.trend else 1)
        dof = self.sample.n_observed - flat
        for series in self._alike():
            layouts = list(self._layouts(series, n_events))
            likely = self._likely(reduced, series, layouts, dof[series], log_mass)
            score = np.full((len(series), len(layouts), len(log_mass)), -np.inf)
            factored = []
            for f, layout in enumerate(layouts):
                rows = np.flatnonzero(likely[:, f])
                one = factor_systems(reduced, series[rows], layout.take(rows), dof[series[rows]])
                score[rows, f] = one.score + log_mass
                factored.append((rows, one.tail))
            sound[series] = ~np.isnan(score).any(axis=(1, 2))
            score[~sound[series]] = 0.0
            cell[series] = np.argmax(score.reshape(len(series), -1), axis=1) % len(log_mass)
            points.append(_points(series, score, factored))
        return PanelPosterior(_mixture(points, dof), cell, self.weights, self.outliers, sound)

    def _likely(
        self,
        reduced: Reduced,
        series: NDArray[np.intp],
        layouts: list[Layout],
        dof: NDArray[np.intp],
        log_mass: FloatArray,
    ) -> NDArray[np.bool_]:
        """Find the combinations of variance factors that hold all but 1 % of the mass on some cells."""
        likely = np.ones((len(series), len(layouts)), dtype=bool)
        if len(layouts) == 1:
            return likely
        thin = reduced.every(THINNED)
        score = np.stack([factor_systems(thin, series, one, dof).score for one in layouts], axis=1)
        score += log_mass[::THINNED]
        mass = np.exp(score - score.max(axis=(1, 2), keepdims=True)).sum(axis=2)
        order = np.argsort(-mass, axis=1, kind="stable")
        ranked = np.take_along_axis(mass, order, axis=1)
        before = (np.cumsum(ranked, axis=1) - ranked) / ranked.sum(axis=1, keepdims=True)
        np.put_along_axis(likely, order, ~(before >= 1 - DROPPED_COMBINATIONS), axis=1)
        return likely

    def _alike(self) -> Iterator[NDArray[np.intp]]:
        """Series with the same number of missing and of outlying months, a few at a time."""
        kinds = np.column_stack(
            [self.sample.missing.sum(axis=1), (self.outliers >= 0).sum(axis=1), ~self.sample.logs]
        )
        for kind in np.unique(kinds, axis=0):
            series = np.flatnonzero((kinds == kind).all(axis=1))
            at_once = max(1, len(self.precision) // len(OUTLIER_FACTORS) ** int(kind[1]))
            for start in range(0, len(series), at_once):
                yield series[start : start + at_once]

    def _layouts(self, series: NDArray[np.intp], n_events: int) -> Iterator[Layout]:
        """One layout for every combination of variance factors of the outlying months."""
        fixed = int(self.frame.trend) + n_events
        at = np.full(len(self.sample.observed), -1)
        at[self.months] = fixed + np.arange(len(self.months))
        absent = at[np.nonzero(self.sample.missing[series])[1].reshape(len(series), -1)]
        outlying = self.outliers[series]
        outlying = at[outlying[outlying >= 0].reshape(len(series), -1)]
        tail = np.broadcast_to(np.arange(fixed), (len(series), fixed))
        pieces_of = at[self.frame.months]
        for factors in product(OUTLIER_FACTORS, repeat=outlying.shape[1]):
            extra = np.array(factors) - 1
            grown = extra > 0
            columns = np.column_stack([absent, outlying[:, grown], tail]).astype(np.intp)
            precision = np.zeros(columns.shape)
            precision[:, absent.shape[1] : columns.shape[1] - fixed] = 1 / extra[grown]
            if self.frame.trend:
                precision[:, -fixed] = self.precision[series]
            owner = columns.shape[1] - fixed + self.frame.owner - self.frame.shared
            pieces = np.column_stack([pieces_of, owner]).astype(np.intp)
            yield Layout(columns, precision, pieces, self.weights[series], n_events)


@dataclass(frozen=True)
class _Points:
    owner: NDArray[np.intp]
    weight: FloatArray
    factor: FloatArray


def _points(
    series: NDArray[np.intp], score: FloatArray, factored: list[tuple[NDArray[np.intp], FloatArray]]
) -> _Points:
    """Drop the lightest points; return weights and the factors of events and series, (N, E + 1, E + 1).

    Parameters
    ----------
    series : ndarray of int, shape (S,)
    score : ndarray, shape (S, F, G)
        Log weights; minus infinity where a combination was not factored.
    factored : list of (rows, tail)
        For each combination the series it was factored for, and `Factored.tail`.
    """
    count = len(series)
    weight = np.exp(score - score.max(axis=(1, 2), keepdims=True)).reshape(count, -1)
    ascending = np.sort(weight, axis=1)
    total = ascending.sum(axis=1, keepdims=True)
    dropped = (np.cumsum(ascending, axis=1) < NEGLIGIBLE * total).sum(axis=1)
    floor = ascending[np.arange(count), np.minimum(dropped, ascending.shape[1] - 1)]
    kept = (weight >= floor[:, None]).reshape(score.shape)
    owner, weights, factors = [], [], []
    for f, (rows, tail) in enumerate(factored):
        row, cell = np.nonzero(kept[rows, f])
        owner.append(series[rows[row]])
        weights.append(weight.reshape(score.shape)[rows[row], f, cell])
        factors.append(tail[row, :, :, cell])
    return _Points(np.concatenate(owner), np.concatenate(weights), np.concatenate(factors))


def _mixture(points: list[_Points], dof: NDArray[np.intp]) -> PanelMixture:
    owner = np.concatenate([p.owner for p in points])
    order = np.argsort(owner, kind="stable")
    owner = owner[order]
    weight = np.concatenate([p.weight for p in points])[order]
    factor = np.concatenate([p.factor for p in points])[order]
    start = np.searchsorted(owner, np.arange(len(dof) + 1))
    weight /= np.add.reduceat(weight, start[:-1])[owner]
    inverse = _invert_lower(factor[:, :-1, :-1])
    root = inverse.transpose(0, 2, 1)
    mean = (root @ factor[:, -1, :-1, None])[:, :, 0]
    return PanelMixture(start, weight, mean, root, factor[:, -1, -1] ** 2 / dof[owner], dof)


def _invert_lower(factor: FloatArray) -> FloatArray:
    """Solve ``L x = I`` for lower triangles of shape (N, E, E); what stands above them is not read."""
    inverse = np.zeros(factor.shape)
    for i in range(factor.shape[1]):
        inverse[:, i, i] = 1 / factor[:, i, i]
        if i:
            rest = np.matmul(factor[:, i, None, :i], inverse[:, :i, :i])[:, 0]
            inverse[:, i, :i] = -rest / factor[:, i, i, None]
    return inverse
