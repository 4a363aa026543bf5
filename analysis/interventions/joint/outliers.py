"""Outlying periods: leave-one-out residuals at each series' modal noise cell (equation 12).

For every series at once, from the smoothing errors ``V^-1 y`` and the diagonal of ``V^-1`` (de Jong & Penzer
1998, JASA 93, 796-806).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.domain import FloatArray
from analysis.interventions.design import PINNED
from analysis.interventions.joint.block import Block
from analysis.interventions.joint.quadratic_forms import Regressors
from analysis.numerics.filtering import filter_gains
from analysis.numerics.noise import NoiseGrid, NoiseSample
from analysis.numerics.smoothing import inverse_products

OUTLIER_RESIDUAL = 3.0
MOST_OUTLIERS = 3
NO_OUTLIER = -1
ALONE = 1e-6
"""A period whose leave-one-out precision is below this share of the largest identifies a column alone."""

IndexArray = NDArray[np.intp]


def leave_one_out(
    x: FloatArray, px: FloatArray, y: FloatArray, py: FloatArray, diagonal: FloatArray, dof: IndexArray
) -> FloatArray:
    """Return standardised leave-one-out residuals, shape (S, T); 0 where they do not exist.

    They do not exist for unobserved periods and for one that alone identifies a column.

    Parameters
    ----------
    x, px : ndarray, shape (S, k, T)
        Regressors, of full rank, and their products with the inverse covariance.
    y, py : ndarray, shape (S, T)
    diagonal : ndarray, shape (T,)
        Of the inverse covariance.
    dof : ndarray of int, shape (S,)
        Observations less regressors.
    """
    factor = np.linalg.cholesky(x @ px.transpose(0, 2, 1))
    half = np.linalg.solve(factor, px)
    precision = diagonal - np.einsum("skt,skt->st", half, half)
    raw = py - (half.transpose(0, 2, 1) @ np.linalg.solve(factor, x @ py[:, :, None]))[:, :, 0]
    alone = precision < ALONE * precision.max(axis=1, keepdims=True)
    q = np.where(alone, 1.0, precision)
    rss = np.einsum("st,st->s", y, raw)
    without = np.maximum(rss[:, None] - raw**2 / q, 0.0) / np.maximum(dof - 1, 1)[:, None]
    silent = alone | (without <= 0)
    return np.where(silent, 0.0, raw / np.sqrt(q * np.where(silent, 1.0, without)))


def find_outliers(
    block: Block,
    regressors: Regressors,
    grid: NoiseGrid,
    sample: NoiseSample,
    variant: IndexArray,
    cell: IndexArray,
    weights: list[FloatArray],
    quiet: NDArray[np.bool_],
) -> IndexArray:
    """Return up to three periods of each series with a residual beyond 3, shape (S, 3); -1 pads.

    Parameters
    ----------
    block : Block
    regressors : Regressors
    grid : NoiseGrid
    sample : NoiseSample
    variant, cell : ndarray of int, shape (S,)
        Of each series' modal point.
    weights : list of ndarray, shape (S, M)
        What the partial periods of each variant hold.
    quiet : ndarray of bool, shape (S, T)
        Periods in which no outlier is looked for.
    """
    frame = regressors.frame
    free = np.flatnonzero(frame.design.precision < PINNED)
    cells, where = np.unique(cell, return_inverse=True)
    joined = np.column_stack([regressors.columns, block.y])
    inverted = [
        (part, *inverse_products(joined, filter_gains(grid.take(part), sample)))
        for kind in (grid.slope[cells] == 0, grid.slope[cells] > 0)
        if len(part := cells[kind])
    ]
    width = regressors.columns.shape[1]
    absent = block.missing.sum(axis=1)
    result = np.full((len(block), MOST_OUTLIERS), NO_OUTLIER)
    kinds = np.column_stack([where.ravel(), absent, variant])
    for kind in np.unique(kinds, axis=0):
        series = np.flatnonzero((kinds == kind).all(axis=1))
        products, diagonal = next(
            (by_cell[at].T, diagonals[at])
            for part, by_cell, diagonals in inverted
            for at in np.flatnonzero(part == cells[kind[0]])
        )
        gone = regressors.at[np.nonzero(block.missing[series])[1].reshape(len(series), int(kind[1]))]
        base = np.broadcast_to(frame.positions[kind[2]][free], (len(series), len(free)))
        chosen = np.column_stack([base, gone]).astype(np.intp)
        x, px = regressors.columns.T[chosen], products[chosen]
        partial = frame.partial[kind[2]]
        for j, (month, owner) in enumerate(zip(partial.months, partial.owner, strict=True)):
            share = weights[kind[2]][series, j, None]
            place = int(np.searchsorted(free, owner))
            x[:, place] += share * regressors.columns[:, regressors.at[month]]
            px[:, place] += share * products[regressors.at[month]]
        scores = np.abs(
            leave_one_out(
                x,
                px,
                block.y[:, series].T,
                products[width + series],
                diagonal,
                block.n_observed[series] - len(free),
            )
        )
        scores[quiet[series]] = 0.0
        order = np.argsort(-scores, axis=1, kind="stable")[:, :MOST_OUTLIERS]
        beyond = np.take_along_axis(scores, order, axis=1) > OUTLIER_RESIDUAL
        periods = np.where(beyond, order, scores.shape[1])
        periods.sort(axis=1)
        result[series] = np.where(periods == scores.shape[1], NO_OUTLIER, periods)
    return result
