"""Sums of squared residuals of every segment of a sample, all at once.

A segment is half-open, ``[start, end)``; the sum for it stands at ``costs[start, end]``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.errors import CannotEstimateError
from analysis.numerics.least_squares import FloatArray, IntArray, least_squares, orthonormal_basis

PIVOT_TOLERANCE = 1e-10
"""A regressor whose variation within a segment, net of the others, is below this share of its own adds
nothing."""

MOST_OBSERVATIONS = 3000
"""Above it the tables over all segments would pass a gigabyte."""

_BLOCK_NUMBERS = 6_000_000
"""Numbers held at a time while moments accumulate (48 MB)."""


@dataclass(frozen=True, slots=True)
class _Split:
    labels: IntArray
    others: FloatArray


def segment_costs(y: FloatArray, design: FloatArray, min_length: int) -> FloatArray:
    """Return the sum of squared residuals of `y` on `design` within every segment.

    Columns with disjoint supports (an intercept, or seasonal dummies) are taken out by running group means,
    the rest by elimination, so that the cost per segment does not depend on the number of dummies. A column
    that is constant or spanned within a segment adds nothing there: the sum is that of the remaining columns.

    Parameters
    ----------
    y : FloatArray
        Shape (n,), finite.
    design : FloatArray
        Shape (n, k), finite, k ≥ 1.
    min_length : int
        Shorter segments cost infinity.

    Returns
    -------
    FloatArray
        Shape (n + 1, n + 1), infinite where ``end - start < min_length``.

    Raises
    ------
    CannotEstimateError
        If n exceeds 3,000.
    """
    n = y.shape[0]
    if n > MOST_OBSERVATIONS:
        raise CannotEstimateError(
            f"{n} observations are too many for a search over all segments; the limit is {MOST_OBSERVATIONS}"
        )
    split = _split_dummies(design)
    rest = least_squares(y, design).residuals
    scale = float(np.sqrt(rest @ rest / n)) or 1.0
    stacked = np.column_stack([split.others, rest / scale])
    if stacked.shape[1] == 1 and np.all(split.labels == 0):
        costs = _mean_costs(stacked[:, 0])
    else:
        costs = _moment_costs(stacked, split.labels)
    costs *= scale**2
    position = np.arange(n + 1)
    costs[position[None, :] - position[:, None] < min_length] = np.inf
    return costs


def _mean_costs(y: FloatArray) -> FloatArray:
    n = y.shape[0]
    total = np.concatenate([[0.0], np.cumsum(y)])
    square = np.concatenate([[0.0], np.cumsum(y * y)])
    position = np.arange(n + 1)
    length = np.maximum(position[None, :] - position[:, None], 1)
    spread = total[None, :] - total[:, None]
    costs: FloatArray = np.maximum(square[None, :] - square[:, None] - spread * spread / length, 0.0)
    return costs


def _split_dummies(design: FloatArray) -> _Split:
    """Find columns with disjoint supports; label each row by its group, -1 for none."""
    n, k = design.shape
    labels = np.full(n, -1, dtype=np.intp)
    used: list[int] = []
    constant = [j for j in range(k) if design[0, j] != 0 and np.all(design[:, j] == design[0, j])]
    candidates = []
    for j in range(k):
        column = design[:, j]
        support = column != 0
        if j not in constant and support.any() and np.all(column[support] == column[support][0]):
            candidates.append((int(support.sum()), j, support))
    group = 0
    for _, j, support in sorted(candidates, key=lambda item: (item[0], item[1])):
        if np.all(labels[support] == -1):
            labels[support] = group
            used.append(j)
            group += 1
    if constant:
        labels[labels == -1] = group
        used += constant
    elif len(used) == 1:
        labels[:] = -1
        used = []
    remaining = [j for j in range(k) if j not in used]
    others = design[:, remaining]
    if remaining and used:
        dummies = (labels[:, None] == np.unique(labels[labels >= 0])[None, :]).astype(float)
        others = others - dummies @ (dummies.T @ others / dummies.sum(axis=0)[:, None])
    return _Split(labels, orthonormal_basis(others) * np.sqrt(n))


def _moment_costs(stacked: FloatArray, labels: IntArray) -> FloatArray:
    n, width = stacked.shape
    rows, columns = np.triu_indices(width)
    costs = np.empty((n + 1, n + 1))
    block = max(1, min(n + 1, _BLOCK_NUMBERS // ((n + 1) * rows.size)))
    for first in range(0, n + 1, block):
        last = min(first + block, n + 1)
        moments = _accumulate(stacked, labels, first, last, rows, columns)
        costs[first:last, :] = eliminate(moments, width).T
    return costs


def _accumulate(
    stacked: FloatArray, labels: IntArray, first: int, last: int, rows: IntArray, columns: IntArray
) -> FloatArray:
    """Accumulate within-group cross products of segments starting in [first, last).

    Returns shape (pairs, n + 1 ends, last - first starts). Each observation adds its deviation from the
    mean of its group so far, times n/(n + 1): no large sums are subtracted from each other.
    """
    n, width = stacked.shape
    starts = last - first
    moments = np.zeros((rows.size, n + 1, starts))
    running = np.zeros((rows.size, starts))
    groups = int(labels.max()) + 1 if labels.size else 0
    counts = np.zeros((max(groups, 1), starts))
    sums = np.zeros((max(groups, 1), width, starts))
    for t in range(first, n):
        active = min(t - first + 1, starts)
        row = stacked[t]
        g = int(labels[t])
        if g >= 0:
            count = counts[g, :active]
            total = sums[g, :, :active]
            deviation = row[:, None] - total / np.maximum(count, 1.0)
            weighted = deviation * (count / (count + 1.0))
            running[:, :active] += deviation[rows] * weighted[columns]
            counts[g, :active] += 1.0
            sums[g, :, :active] += row[:, None]
        else:
            running[:, :active] += (row[rows] * row[columns])[:, None]
        moments[:, t + 1, :] = running
    return moments


def eliminate(moments: FloatArray, width: int, tolerance: float = PIVOT_TOLERANCE) -> FloatArray:
    """Sweep the first ``width - 1`` variables out of stacked cross products and return the last diagonal.

    Parameters
    ----------
    moments : FloatArray
        Upper triangles by rows, shape (width (width + 1) / 2, ...); overwritten.
    width : int
        Number of variables, the response last.
    tolerance : float
        A pivot below this share of its diagonal counts as zero, and its variable is left out.
    """
    rows, columns = np.triu_indices(width)
    at = {(int(i), int(j)): number for number, (i, j) in enumerate(zip(rows, columns, strict=True))}
    if width > 2:
        floor = [tolerance * moments[at[k, k]] + np.finfo(float).tiny for k in range(width - 1)]
    else:
        floor = [np.asarray(tolerance**2)]
    for k in range(width - 1):
        pivot = moments[at[k, k]]
        usable = pivot > floor[k]
        inverse = np.divide(1.0, pivot, out=np.zeros_like(pivot), where=usable)
        for i in range(k + 1, width):
            factor = moments[at[k, i]] * inverse
            for j in range(i, width):
                moments[at[i, j]] -= factor * moments[at[k, j]]
    last: FloatArray = np.maximum(moments[at[width - 1, width - 1]], 0.0)
    return last
