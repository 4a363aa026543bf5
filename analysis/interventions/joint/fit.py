"""The passes of the joint posterior for a block of series: coarse passes that settle, then one that counts.

``y_t = x_t'b + sum_k beta_k f_k(t; delta_k) + z_t'c + u_t + e_t``, u = white noise + AR(1) + random-walk
level, whose slope wanders too where a local linear trend is asked for; e is the declared measurement error
(equation 1). Given the noise parameters the coefficients are exactly Student-t; the noise parameters are
integrated over the cells of `analysis.numerics.noise`.

The first passes settle the stationary variance that scales the trend's prior, the outlying periods, the
columns of partial periods, and the months at which totals are linearised.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.domain import FloatArray
from analysis.interventions.dating import Dating
from analysis.interventions.design import PINNED, TREND_SD_PER_YEAR, Design
from analysis.interventions.joint.block import Block
from analysis.interventions.joint.coefficients import Points, find_points
from analysis.interventions.joint.frame import Frame
from analysis.interventions.joint.grids import GridSize, default_grids
from analysis.interventions.joint.marginal_likelihood import Cases, enumerate_cases
from analysis.interventions.joint.measurement_error import (
    MATERIAL,
    share_of_error,
    with_stationary_variance,
)
from analysis.interventions.joint.modal import Mode
from analysis.interventions.joint.outliers import MOST_OUTLIERS, NO_OUTLIER, find_outliers
from analysis.interventions.joint.posterior import DatingPosterior, StructuralPosterior
from analysis.interventions.joint.quadratic_forms import LinearTotals, Regressors
from analysis.interventions.joint.refinement import Scored, Scorer, refine
from analysis.interventions.joint.totals import linearise
from analysis.numerics.noise import NoiseSample

CREDIBLE = 0.01
"""Posterior mass above which a variant's response counts for where an event's own support ends."""


@dataclass(frozen=True)
class BlockPosterior:
    """The posteriors of the series of a block.

    Attributes
    ----------
    frame : Frame
    block : Block
    scored : Scored
    points : Points
        Unit ``s D + d`` is series s under dating d. Of all coefficients for one series, else of the events.
    undiscounted : Points or None
        The same without more variance for any period; None where there are no outliers, or several series.
    outliers : ndarray of int, shape (S, 3)
        Calendar positions that may carry more variance; -1 pads.
    effects : ndarray, shape (S, D, p), or None
        Coefficients that the columns of partial periods were built from.
    sample : NoiseSample
    variance : ndarray, shape (S,)
        Posterior mean of the stationary variance in the first passes.
    totals : LinearTotals or None
    passes : int
    """

    frame: Frame
    block: Block
    scored: Scored
    points: Points
    undiscounted: Points | None
    outliers: NDArray[np.intp]
    effects: FloatArray | None
    sample: NoiseSample
    variance: FloatArray
    totals: LinearTotals | None
    passes: int

    def alone(self, design: Design) -> StructuralPosterior:
        """Return the posterior of a block of one series as a value of its own.

        Parameters
        ----------
        design : Design
            With the partial periods as they were used (`effects`).
        """
        found = tuple(int(t) for t in self.outliers[0] if t >= 0)
        factors, where = np.unique(self.points.factors[:, : len(found)], axis=0, return_inverse=True)
        plain = (
            ()
            if self.undiscounted is None
            else self._datings(self.undiscounted, np.zeros(len(self.undiscounted.weight), dtype=np.intp))
        )
        spans = 0 if self.totals is None else len(self.totals.values)
        return StructuralPosterior(
            design,
            self.block.shared,
            self._datings(self.points, where.ravel()),
            self.scored.grid,
            self.sample,
            float(self.variance[0]),
            found,
            factors if found else np.ones((1, 0)),
            self.totals,
            self.passes,
            int(self.block.n_observed[0]) + spans,
            plain,
        )

    def _datings(self, points: Points, factor: NDArray[np.intp]) -> tuple[DatingPosterior, ...]:
        found = []
        for unit, dating in enumerate(self.frame.datings):
            own = slice(points.start[unit], points.start[unit + 1])
            c = points.of(unit)
            c.mean[:, 0] += self.block.centre[0]
            found.append(
                DatingPosterior(
                    dating,
                    float(points.log_marginal[unit]),
                    points.weight[own],
                    points.variant[own],
                    points.cell[own],
                    factor[own],
                    replace(c, mean=c.mean),
                )
            )
        return tuple(found)


@dataclass(frozen=True)
class _State:
    """What the passes hand on."""

    variance: FloatArray | None
    sample: NoiseSample
    outliers: NDArray[np.intp]
    effects: FloatArray | None = None
    totals: LinearTotals | None = None


def fit_block(
    block: Block,
    frame: Frame,
    *,
    primary: Dating = "full",
    local: bool = False,
    outliers: bool = True,
    initial: GridSize | None = None,
    final: GridSize | None = None,
) -> BlockPosterior:
    """Fit all series of a block by two passes, three where partial periods or totals have to settle.

    Parameters
    ----------
    block : Block
    frame : Frame
    primary : Dating
        The dating whose posterior settles the variance, the outliers and the linearisation.
    local : bool
        Whether the slope of the level wanders (a local linear trend).
    outliers : bool
        Whether outlying periods are looked for.
    initial, final : GridSize, optional
        Grids of the first passes and of the last; default by the number of regimes.
    """
    count, shared = len(block), block.shared
    coarse, fine = default_grids(shared.regimes, local)
    coarse, fine = initial or coarse, final or fine
    state = _State(
        None,
        NoiseSample(block.observed, np.zeros(len(block.observed)), shared.regime),
        np.full((count, MOST_OUTLIERS), NO_OUTLIER),
    )
    settling = 2 if len(frame.months) or shared.totals is not None else 1
    for _ in range(settling):
        scorer, groups = _prepare(block, frame, state)
        scored = refine(scorer, coarse, shared.regimes, groups)
        state, modal_variance = _settle(scorer, scored, state, primary, outliers, bool(len(frame.months)))
    scorer, groups = _prepare(block, frame, state)
    scored = refine(scorer, fine, shared.regimes, groups)
    assert state.variance is not None, "a first pass was made"
    if shared.error.any():
        share = share_of_error(shared.error, block.observed, modal_variance)
        if share > MATERIAL:
            awaiting = tuple(_unscaled(group, state.variance) for group in scored.groups)
            scored = with_stationary_variance(scorer, replace(scored, groups=awaiting), shared.error, share)
    plain = None
    if count == 1 and (state.outliers >= 0).any():
        plain = _points(scorer, _undiscounted(scored), whole=True)
    return BlockPosterior(
        frame,
        block,
        scored,
        _points(scorer, scored, whole=count == 1),
        plain,
        state.outliers,
        state.effects,
        state.sample,
        state.variance,
        state.totals,
        settling + 1,
    )


def first_pass(block: Block, frame: Frame, *, primary: Dating, local: bool) -> FloatArray:
    """Return the posterior mass of each variant of the primary dating in one coarse pass over one series."""
    state = _State(
        None,
        NoiseSample(block.observed, np.zeros(len(block.observed)), block.shared.regime),
        np.full((1, MOST_OUTLIERS), NO_OUTLIER),
    )
    scorer, groups = _prepare(block, frame, state)
    scored = refine(scorer, default_grids(block.shared.regimes, local)[0], block.shared.regimes, groups)
    variant = np.concatenate([group.variant for group in scored.groups])
    chosen = frame.datings.index(primary) if primary in frame.datings else 0
    own = frame.dating_of[variant] == chosen
    weight = np.exp(scored.score[own] - scored.score[own].max()).sum(axis=1)
    return np.asarray(weight / weight.sum())


def _prepare(block: Block, frame: Frame, state: _State) -> tuple[Scorer, tuple[Cases, ...]]:
    if len(block) == 1 and len(frame.months):
        frame = frame.settled(state.effects)
    design = frame.design
    precision = np.repeat(design.precision[None], len(block), axis=0)
    at = design.trend_column
    if at is not None and design.precision[at] < PINNED:
        scale = 0.0 if state.variance is None else state.variance
        precision[:, at] = scale / (TREND_SD_PER_YEAR * block.size) ** 2
    regressors = Regressors.of(frame, block, state.outliers)
    spans = 0 if state.totals is None else len(state.totals.values)
    dof = block.n_observed + spans - (precision == 0).sum(axis=1)
    groups = enumerate_cases(
        frame,
        block,
        regressors,
        precision=precision,
        outliers=state.outliers,
        effects=state.effects,
    )
    return Scorer(block, regressors, state.sample, state.totals, dof), tuple(groups)


def _points(scorer: Scorer, scored: Scored, *, whole: bool) -> Points:
    """Return the points with the coefficients of the events, or with all."""
    frame, count = scorer.regressors.frame, len(scorer.block)
    width = len(frame.design.precision)
    reported = width if whole or frame.first_event == width else width - frame.first_event
    datings = len(frame.datings)
    return find_points(
        scored, np.repeat(scorer.dof, datings), count * datings, reported, frame.shared, MOST_OUTLIERS
    )


def _settle(
    scorer: Scorer, scored: Scored, state: _State, primary: Dating, outliers: bool, partial: bool
) -> tuple[_State, FloatArray]:
    """Return what the next pass starts from, and the variance of the noise in every period at the mode."""
    block, frame = scorer.block, scorer.regressors.frame
    points = _points(scorer, scored, whole=block.shared.totals is not None)
    datings, count = len(frame.datings), len(block)
    chosen = frame.datings.index(primary) if primary in frame.datings else 0
    lead = np.arange(count) * datings + chosen
    variance = points.stationary_variance()[lead]
    top = points.modal()[lead]
    found = state.outliers
    sample = replace(state.sample, measurement=block.shared.error**2, against=float(variance[0]))
    if outliers:
        weights = [
            partial.weights(None if state.effects is None else state.effects[:, int(d)], count)
            for partial, d in zip(frame.partial, frame.dating_of, strict=True)
        ]
        found = find_outliers(
            block,
            scorer.regressors,
            scored.grid,
            sample,
            points.variant[top],
            points.cell[top],
            weights,
            _quiet(frame, block, points, lead),
        )
    effects = np.zeros((count, datings, len(frame.design.precision)))
    centre = points.centre()
    effects[:, :, -centre.shape[1] :] = centre.reshape(count, datings, -1)
    totals = None
    spans = block.shared.totals
    following = _State(variance, sample, found, effects if partial else None, state.totals)
    if spans is not None:
        posterior = BlockPosterior(
            frame, block, scored, points, None, state.outliers, None, state.sample, variance, state.totals, 1
        ).alone(frame.design)
        totals = LinearTotals(*linearise(spans, Mode.of(posterior, posterior.dating(primary)).months()))
        following = replace(following, totals=totals)
    inflation = sample.inflation(scored.grid.take(points.cell[top[:1]]).kappa)[:, 0]
    return following, variance[0] * inflation


def _quiet(frame: Frame, block: Block, points: Points, lead: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Periods of each series in which no outlier is looked for, shape (S, T)."""
    quiet = np.repeat(block.shared.quiet[None], len(block), axis=0)
    if not set(frame.shapes) & {"temporary", "gradual"}:
        return quiet
    support = np.array([frame.support(v) for v in range(len(frame.positions))])
    for s, unit in enumerate(lead):
        own = slice(points.start[unit], points.start[unit + 1])
        mass = np.bincount(points.variant[own], weights=points.weight[own], minlength=len(support))
        quiet[s] |= support[mass > CREDIBLE].any(axis=0)
    return quiet


def _unscaled(cases: Cases, variance: FloatArray) -> Cases:
    """Return the cases with the trend's prior precision awaiting the stationary variance of a cell."""
    if cases.trend is None:
        return cases
    precision = cases.precision.copy()
    precision[:, cases.trend] /= variance[cases.series]
    return replace(cases, precision=precision)


def _undiscounted(scored: Scored) -> Scored:
    """Return the cases without more variance for any period."""
    kept, groups, start = [], [], 0
    for group in scored.groups:
        plain = np.flatnonzero((group.factors == 1).all(axis=1))
        kept.append(start + plain)
        start += len(group)
        if len(plain):
            groups.append(group.take(plain))
    rows = np.concatenate(kept)
    return replace(scored, groups=tuple(groups), score=scored.score[rows], rss=scored.rss[rows])
