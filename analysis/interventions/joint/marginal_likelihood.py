"""Stage 2: the log marginal likelihood of every case in every noise cell (equations 6 and 7).

A case is one series under one variant of the design and one combination of variance factors of its outlying
periods. What differs between cases is small: unit vectors of periods that others observe (flat prior), unit
vectors of outlying periods (a period of ``f`` times the variance is a unit vector of prior precision
``1 / (f - 1)``; both are Woodbury's identity), trend, covariates and events.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from analysis.domain import FloatArray
from analysis.interventions.joint.block import Block
from analysis.interventions.joint.frame import Frame
from analysis.interventions.joint.quadratic_forms import Reduced, Regressors
from analysis.numerics.conjugate import cholesky_in_place, log_marginal

OUTLIER_FACTORS = (1.0, 9.0, 100.0)
ELEMENTS_AT_ONCE = 400_000
"""Elements of the systems factored together (3 MB): about the size of a cache."""

IndexArray = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Cases:
    """N cases whose systems have the same number of columns.

    Attributes
    ----------
    series, variant, unit : ndarray of int, shape (N,)
        `unit` numbers pairs of series and dating: what a posterior belongs to.
    factors : ndarray, shape (N, J)
        Variance factors of the outlying periods of the series.
    columns : ndarray of int, shape (N, k)
        Positions among the regressors: unit vectors of missing and of discounted periods, then the design's.
    precision : ndarray, shape (N, k)
        Prior precision times the stationary variance, 0 for flat; where that is known, the trend's awaits it.
    trend : int or None
        Column of the trend.
    pieces, owner : ndarray of int, shape (N, M)
        Unit vector of each partial period, and the column it belongs to.
    weights : ndarray, shape (N, M)
    log_prior : ndarray, shape (N,)
    """

    series: IndexArray
    variant: IndexArray
    unit: IndexArray
    factors: FloatArray
    columns: IndexArray
    precision: FloatArray
    trend: int | None
    pieces: IndexArray
    owner: IndexArray
    weights: FloatArray
    log_prior: FloatArray

    def __len__(self) -> int:
        return len(self.series)

    def take(self, which: IndexArray | slice | NDArray[np.bool_]) -> Cases:
        """Return some of the cases."""
        names = ("series", "variant", "unit", "factors", "columns", "precision", "pieces", "owner", "weights")
        kept = {name: getattr(self, name)[which] for name in (*names, "log_prior")}
        return replace(self, **kept)

    def precisions(self, sigma2: FloatArray | None) -> FloatArray:
        """Return the prior precision at known stationary variances too, shape (N, k) or (N, k, G)."""
        if sigma2 is None or self.trend is None:
            return self.precision
        found = np.repeat(self.precision[:, :, None], len(sigma2), axis=2)
        found[:, self.trend] *= sigma2
        return found


def enumerate_cases(
    frame: Frame,
    block: Block,
    regressors: Regressors,
    *,
    precision: FloatArray,
    outliers: IndexArray,
    effects: FloatArray | None,
) -> Iterator[Cases]:
    """Yield all cases of a block, those of equal shape together.

    Parameters
    ----------
    frame : Frame
    block : Block
    regressors : Regressors
    precision : ndarray, shape (S, p)
        Of the design's coefficients.
    outliers : ndarray of int, shape (S, J)
        Outlying periods, -1 pads.
    effects : ndarray, shape (S, D, p), optional
        Coefficients of the previous pass under each dating.
    """
    datings = len(frame.datings)
    absent, count = block.missing.sum(axis=1), (outliers >= 0).sum(axis=1)
    per_dating = np.bincount(frame.dating_of, minlength=datings)
    for missing, found in sorted({(int(a), int(c)) for a, c in zip(absent, count, strict=True)}):
        own = np.flatnonzero((absent == missing) & (count == found))
        gone = regressors.at[np.nonzero(block.missing[own])[1].reshape(len(own), missing)]
        out = regressors.at[outliers[own][outliers[own] >= 0].reshape(len(own), found)]
        for v, partial in enumerate(frame.partial):
            dating = int(frame.dating_of[v])
            weights = partial.weights(None if effects is None else effects[own, dating], len(own))
            base = np.broadcast_to(frame.positions[v], (len(own), frame.positions.shape[1]))
            for factors in product(OUTLIER_FACTORS, repeat=found):
                grown = np.array(factors) > 1
                extra = np.array(factors)[grown] - 1
                units = np.zeros((len(own), missing + len(extra)))
                units[:, missing:] = 1 / extra
                before = units.shape[1]
                trend = frame.design.trend_column
                yield Cases(
                    own,
                    np.full(len(own), v),
                    own * datings + dating,
                    np.broadcast_to(np.array(factors), (len(own), found)),
                    np.column_stack([gone, out[:, grown], base]).astype(np.intp),
                    np.column_stack([units, precision[own]]),
                    None if trend is None else before + trend,
                    np.broadcast_to(regressors.at[partial.months], weights.shape),
                    np.broadcast_to(before + partial.owner, weights.shape),
                    weights,
                    np.full(
                        len(own),
                        frame.design.variants[v].log_prior
                        - np.log(per_dating[dating] * len(OUTLIER_FACTORS) ** found),
                    ),
                )


def without_shared(cases: Cases, shared: int) -> Cases:
    """Return the cases on the regressors that are left when the first `shared` are eliminated."""
    kept = (cases.columns >= shared).any(axis=0)
    moved = np.cumsum(kept) - 1
    return replace(
        cases,
        columns=cases.columns[:, kept] - shared,
        precision=cases.precision[:, kept],
        trend=None if cases.trend is None else int(moved[cases.trend]),
        pieces=cases.pieces - shared,
        owner=moved[cases.owner] if cases.owner.size else cases.owner,
    )


def score_cases(
    reduced: Reduced, cases: Cases, dof: IndexArray, sigma2: FloatArray | None
) -> tuple[FloatArray, FloatArray]:
    """Return the log marginal likelihood plus log prior of every case, and its residual sum of squares.

    Parameters
    ----------
    reduced : Reduced
        In G cells.
    cases : Cases
        On its regressors.
    dof : ndarray of int, shape (S,)
        Observations less flat-prior coefficients.
    sigma2 : ndarray, shape (G,), optional
        Known stationary variances.

    Returns
    -------
    score, rss : ndarray, shape (N, G)
    """
    cells = len(reduced.logdet)
    width = cases.columns.shape[1] + cases.pieces.shape[1] + 1
    at_once = max(1, ELEMENTS_AT_ONCE // (width * width * cells))
    score, rss = np.empty((len(cases), cells)), np.empty((len(cases), cells))
    for start in range(0, len(cases), at_once):
        part = slice(start, start + at_once)
        some = cases.take(part)
        precision, own = some.precisions(sigma2), dof[some.series].astype(np.float64)
        system = assemble(reduced, some, precision)
        cholesky_in_place(system)
        score[part] = log_marginal(system, reduced.logdet, precision, own[:, None], sigma2)
        score[part] += some.log_prior[:, None]
        rss[part] = system[:, -1, -1] ** 2
    return score, rss


def assemble(
    reduced: Reduced, cases: Cases, precision: FloatArray, cell: IndexArray | None = None
) -> FloatArray:
    """Return ``[X y]'V^-1[X y]`` plus prior precision.

    Parameters
    ----------
    reduced : Reduced
    cases : Cases
    precision : ndarray, shape (N, k) or (N, k, G)
    cell : ndarray of int, shape (N,), optional
        The one cell of each case; all cells by default.

    Returns
    -------
    ndarray, shape (N, k + 1, k + 1, G); with `cell` (1, k + 1, k + 1, N)
    """
    k, pieces = cases.columns.shape[1], cases.pieces.shape[1]
    where = np.concatenate([cases.columns, cases.pieces], axis=1)
    rows, across, own = where[:, :, None], where[:, None, :], cases.series[:, None]
    if cell is None:
        inner, mixed = reduced.inner[rows, across], reduced.mixed[where, own]
        squares = reduced.squares[cases.series]
    else:
        inner = reduced.inner[rows, across, cell[:, None, None]][..., None]
        mixed = reduced.mixed[where, own, cell[:, None]][..., None]
        squares = reduced.squares[cases.series, cell][:, None]
    gram = np.empty((len(cases), k + pieces + 1, k + pieces + 1, inner.shape[3]))
    gram[:, :-1, :-1] = inner
    gram[:, -1, :-1] = mixed
    gram[:, :-1, -1] = mixed
    gram[:, -1, -1] = squares
    everyone = np.arange(len(cases))
    for j in range(pieces):
        share = cases.weights[:, j, None, None]
        gram[everyone, cases.owner[:, j]] += share * gram[:, k + j]
        gram[everyone, :, cases.owner[:, j]] += share * gram[:, :, k + j]
    if pieces:
        kept = np.append(np.arange(k), k + pieces)
        gram = gram[:, kept[:, None], kept]
    steps = np.arange(k)
    gram[:, steps, steps] += precision if precision.ndim == 3 else precision[:, :, None]
    return gram if cell is None else np.ascontiguousarray(gram[..., 0].transpose(1, 2, 0))[None]
