"""Outlying months of many series: leave-one-out residuals at each series' modal noise cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.domain import FloatArray
from analysis.interventions.modal import ALONE, MOST_OUTLIERS, OUTLIER_RESIDUAL
from analysis.interventions.panel_block import Frame, PanelSample
from analysis.interventions.panel_filter import filter_gains, smooth
from analysis.interventions.panel_grid import PanelGrid

NO_OUTLIER = -1


def find_outliers(
    frame: Frame, sample: PanelSample, size: PanelGrid, modal: NDArray[np.intp], weights: FloatArray
) -> NDArray[np.intp]:
    """Return up to three months of each series with a standardised residual beyond 3, shape (S, 3).

    Parameters
    ----------
    frame : Frame
    sample : PanelSample
    size : PanelGrid
    modal : ndarray of int, shape (S,)
        Cell of `size` that is most likely for each series.
    weights : ndarray, shape (S, M)
        What the event columns hold in partial periods.
    """
    cells, where = np.unique(modal, return_inverse=True)
    gains = filter_gains(size.cells().take(cells), sample.observed)
    months = np.flatnonzero(sample.missing.any(axis=0))
    months = np.unique(np.concatenate([frame.months, months]))
    units = np.zeros((len(sample.observed), len(months)))
    units[months, np.arange(len(months))] = 1.0
    columns = np.column_stack([frame.columns, units])
    width = columns.shape[1]
    smoothed = smooth(np.column_stack([columns, sample.y]), gains)
    at = np.full(len(sample.observed), -1)
    at[months] = frame.columns.shape[1] + np.arange(len(months))
    result = np.full((len(where), MOST_OUTLIERS), NO_OUTLIER)
    absent = sample.missing.sum(axis=1)
    for count in np.unique(absent):
        for cell in range(len(cells)):
            series = np.flatnonzero((absent == count) & (where == cell))
            if not len(series):
                continue
            own = at[np.nonzero(sample.missing[series])[1].reshape(len(series), -1)]
            base = np.broadcast_to(np.arange(frame.columns.shape[1]), (len(series), frame.columns.shape[1]))
            chosen = np.column_stack([base, own]).astype(np.intp)
            x = columns.T[chosen]
            px = smoothed.products[cell].T[chosen]
            for j, (month, owner) in enumerate(zip(frame.months, frame.owner, strict=True)):
                share = weights[series, j, None]
                x[:, owner] += share * columns[:, at[month]]
                px[:, owner] += share * smoothed.products[cell][:, at[month]]
            y = sample.y[:, series].T
            py = smoothed.products[cell][:, width + series].T
            factor = np.linalg.cholesky(x @ px.transpose(0, 2, 1))
            half = np.linalg.solve(factor, px)
            precision = smoothed.diagonal[cell] - np.einsum("spt,spt->st", half, half)
            along = np.linalg.solve(factor, (x @ py[:, :, None]))
            raw = py - (half.transpose(0, 2, 1) @ along)[:, :, 0]
            dof = sample.n_observed[series] - frame.columns.shape[1]
            result[series] = _largest(precision, raw, np.einsum("st,st->s", y, raw), dof, frame.quiet)
    return result


def _largest(
    precision: FloatArray,
    raw: FloatArray,
    rss: FloatArray,
    dof: NDArray[np.intp],
    quiet: NDArray[np.bool_],
) -> NDArray[np.intp]:
    alone = precision < ALONE * precision.max(axis=1, keepdims=True)
    q = np.where(alone, 1.0, precision)
    without = np.maximum(rss[:, None] - raw**2 / q, 0.0) / np.maximum(dof - 1, 1)[:, None]
    silent = alone | (without <= 0) | quiet
    scores = np.where(silent, 0.0, np.abs(raw) / np.sqrt(q * np.where(without > 0, without, 1.0)))
    order = np.argsort(-scores, axis=1, kind="stable")[:, :MOST_OUTLIERS]
    beyond = np.take_along_axis(scores, order, axis=1) > OUTLIER_RESIDUAL
    found = np.where(beyond, order, len(quiet))
    found.sort(axis=1)
    return np.where(found == len(quiet), NO_OUTLIER, found)
