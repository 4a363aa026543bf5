"""Stage 4: the conjugate coefficients at the points that hold the posterior (equation 7)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.domain import FloatArray
from analysis.interventions.joint.marginal_likelihood import ELEMENTS_AT_ONCE, Cases, assemble, without_shared
from analysis.interventions.joint.quadratic_forms import Reduced, eliminate
from analysis.interventions.joint.refinement import Scored
from analysis.numerics.conjugate import KNOWN_VARIANCE_DOF, Coefficients, cholesky_in_place, coefficients
from analysis.numerics.mixture import StudentMixtures

NEGLIGIBLE = 1e-5
"""The lightest points, up to this posterior mass together, are dropped after the masses are added up."""

IndexArray = NDArray[np.intp]


@dataclass(frozen=True)
class Points:
    """The posteriors of all units, each a mixture over its own points.

    Attributes
    ----------
    start : ndarray of int, shape (U + 1,)
        Points of unit u are ``start[u]:start[u + 1]``.
    weight : ndarray, shape (P,)
        Sums to one within a unit.
    log_marginal : ndarray, shape (U,)
    case, variant, cell : ndarray of int, shape (P,)
    factors : ndarray, shape (P, J)
        Variance factors of the outlying periods; 1 pads.
    mean, root, variance : ndarray, shapes (P, r), (P, r, r), (P,)
        Of the last r coefficients; `variance` is ``rss / dof``.
    dof : ndarray of int, shape (U,)
    sound : ndarray of bool, shape (U,)
        False where the arithmetic failed.
    """

    start: IndexArray
    weight: FloatArray
    log_marginal: FloatArray
    case: IndexArray
    variant: IndexArray
    cell: IndexArray
    factors: FloatArray
    mean: FloatArray
    root: FloatArray
    variance: FloatArray
    dof: IndexArray
    sound: NDArray[np.bool_]

    @property
    def owner(self) -> IndexArray:
        """Unit of each point, shape (P,)."""
        return np.repeat(np.arange(len(self.dof)), np.diff(self.start))

    def total(self, values: FloatArray) -> FloatArray:
        """Return sums over the points of each unit, shape (U, ...)."""
        return np.asarray(np.add.reduceat(values, self.start[:-1], axis=0))

    def centre(self) -> FloatArray:
        """Return posterior means, shape (U, r)."""
        return self.total(self.weight[:, None] * self.mean)

    def stationary_variance(self) -> FloatArray:
        """Return the posterior mean of the stationary variance of each unit, shape (U,)."""
        return self.total(self.weight * self.variance) * self.dof / (self.dof - 2)

    def covariance(self) -> FloatArray:
        """Return posterior covariances, shape (U, r, r)."""
        apart = self.mean - self.centre()[self.owner]
        inflation = self.variance * (self.dof / (self.dof - 2))[self.owner]
        scaled = np.sqrt(self.weight * inflation)[:, None, None] * self.root
        leaning = np.sqrt(self.weight)[:, None] * apart
        return self.total(scaled @ scaled.transpose(0, 2, 1) + leaning[:, :, None] * leaning[:, None, :])

    def contrast(self, weights: FloatArray) -> StudentMixtures:
        """Return the posteriors of ``weights @ beta``, for contrasts of shape (C, r)."""
        scale = np.linalg.norm(weights @ self.root, axis=2) * np.sqrt(self.variance)[:, None]
        return StudentMixtures(self.start, self.weight, self.mean @ weights.T, scale, self.dof)

    def modal(self) -> IndexArray:
        """Return the heaviest point of each unit, shape (U,)."""
        return np.array(
            [
                a + int(np.argmax(self.weight[a:b]))
                for a, b in zip(self.start[:-1], self.start[1:], strict=True)
            ],
            dtype=np.intp,
        )

    def of(self, unit: int) -> Coefficients:
        """Return the coefficients of one unit at its points."""
        own = slice(self.start[unit], self.start[unit + 1])
        dof = int(self.dof[unit])
        return Coefficients(self.mean[own], self.root[own], self.variance[own] * dof, dof)


def find_points(
    scored: Scored, dof: IndexArray, units: int, reported: int, shared: int, outliers: int
) -> Points:
    """Drop the lightest points of every unit, and factor the systems of the others.

    Parameters
    ----------
    scored : Scored
    dof : ndarray of int, shape (U,)
    units : int
        U.
    reported : int
        How many of the last coefficients are wanted; all of the design for one series.
    shared : int
        Leading columns that are eliminated where they are not wanted.
    outliers : int
        Columns of `Points.factors`.
    """
    unit, score = scored.unit, scored.score
    sound = np.ones(units, dtype=bool)
    sound[unit[np.isnan(score).any(axis=1)]] = False
    score = np.where(sound[unit, None], score, 0.0)
    peak = np.full(units, -np.inf)
    np.maximum.at(peak, unit, score.max(axis=1))
    weight = np.exp(score - peak[unit, None])
    total, floor = np.zeros(units), np.empty(units)
    for u in range(units):
        ascending = np.sort(weight[unit == u], axis=None)
        total[u] = ascending.sum()
        dropped = int(np.searchsorted(np.cumsum(ascending), NEGLIGIBLE * total[u]))
        floor[u] = ascending[min(dropped, len(ascending) - 1)]
    case, cell = np.nonzero((weight >= floor[unit, None]) & (weight > 0))
    order = np.argsort(unit[case], kind="stable")
    case, cell = case[order], cell[order]
    kept = weight[case, cell]
    start = np.searchsorted(unit[case], np.arange(units + 1)).astype(np.intp)
    kept = kept / np.add.reduceat(kept, start[:-1])[unit[case]]
    whole = reported + shared > scored.groups[0].columns.shape[1]
    reduced = Reduced.whole(scored.forms) if whole else eliminate(scored.forms, shared)
    mean, root = np.empty((len(case), reported)), np.empty((len(case), reported, reported))
    rss = np.empty(len(case))
    variant, factors = np.empty(len(case), dtype=np.intp), np.ones((len(case), outliers))
    first = 0
    sigma2 = scored.grid.sigma2
    for group in scored.groups:
        inside = np.flatnonzero((case >= first) & (case < first + len(group)))
        own = group.take(case[inside] - first)
        first += len(group)
        variant[inside] = own.variant
        factors[inside, : own.factors.shape[1]] = own.factors
        used = own if whole else without_shared(own, shared)
        at_once = max(1, ELEMENTS_AT_ONCE // (used.columns.shape[1] + used.pieces.shape[1] + 1) ** 2)
        for begin in range(0, len(inside), at_once):
            part = slice(begin, begin + at_once)
            where = inside[part]
            known = None if sigma2 is None else sigma2[cell[where]]
            tail = _factored(reduced, used.take(part), cell[where], known, reported)
            found = coefficients(tail, 1, known)
            mean[where], root[where] = found.mean, found.root
            rss[where] = found.rss
    own_dof = dof if sigma2 is None else np.full(units, KNOWN_VARIANCE_DOF)
    return Points(
        start,
        kept,
        peak + np.log(total),
        case,
        variant,
        cell,
        factors,
        mean,
        root,
        rss / own_dof[unit[case]],
        own_dof,
        sound,
    )


def _factored(
    reduced: Reduced, cases: Cases, cell: IndexArray, sigma2: FloatArray | None, reported: int
) -> FloatArray:
    """Return the trailing blocks of the Cholesky factors, shape (P, reported + 1, reported + 1)."""
    precision = cases.precision
    if sigma2 is not None and cases.trend is not None:
        precision = precision.copy()
        precision[:, cases.trend] *= sigma2
    system = assemble(reduced, cases, precision, cell)
    cholesky_in_place(system)
    kept = reported + 1
    return np.ascontiguousarray(system[0, -kept:, -kept:].transpose(2, 0, 1))
