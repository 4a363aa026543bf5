"""Confidence sets for ranks of many normal estimates.

A unit's rank is bounded by the others that are surely below and surely above it. For the set of one unit the
differences from it share its own error: with that error at ``z`` standard errors the others are independent,
so the critical value of the largest standardised difference is a one-dimensional integral.

References
----------
Mogstad, Romano, Shaikh & Wilhelm (2024), Inference for ranks, Review of Economic Studies 91, 476-518 (the set
of one unit; their critical value is bootstrapped); Klein, Wright & Wieczorek (2020), A joint confidence
region for an overall ranking of populations, JRSS C 69, 589-606 (all units together).
"""

from __future__ import annotations

import numpy as np
from scipy import special

from analysis.numerics.least_squares import FloatArray, IntArray

NODES = 48
"""Gauss-Hermite nodes of the integral over the unit's own error."""
HALVINGS = 18
EXACT_UNITS = 400
"""Above this number the critical value is the union bound over the differences, which is a little larger."""


def own_rank_sets(estimate: FloatArray, error: FloatArray, level: float) -> tuple[IntArray, IntArray]:
    """Return the ends of a confidence set for each unit's rank, rank 1 being the smallest effect.

    Parameters
    ----------
    estimate, error : ndarray, shape (P,)
        Independent normal estimates and their standard errors.
    level : float
        Of each set by itself.

    Returns
    -------
    lower, upper : ndarray of int, shape (P,)
    """
    count = len(estimate)
    union = float(special.ndtri(1 - 0.5 * (1 - level) / max(count - 1, 1)))
    lower, upper = np.ones(count, dtype=np.intp), np.full(count, count, dtype=np.intp)
    for i in range(count):
        others = np.arange(count) != i
        difference = estimate[others] - estimate[i]
        spread = np.hypot(error[others], error[i])
        critical = union
        if 1 < count <= EXACT_UNITS:
            critical = largest_difference(error[i], error[others], level)
        lower[i] += int((difference + critical * spread < 0).sum())
        upper[i] -= int((difference - critical * spread > 0).sum())
    return lower, upper


def largest_difference(own: float, others: FloatArray, level: float) -> float:
    """Return the quantile of ``max |e_j - e| / sd(e_j - e)`` for independent normal errors.

    Parameters
    ----------
    own : float
        Standard error of the unit.
    others : ndarray, shape (P,)
        Those of the others.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    weights = weights / weights.sum()
    spread = np.hypot(others, own) / others
    shift = nodes[:, None] * own / others
    low, high = 0.0, float(special.ndtri(1 - 0.5 * (1 - level) / len(others)))
    for _ in range(HALVINGS):
        c = 0.5 * (low + high)
        inside = special.ndtr(shift + c * spread) - special.ndtr(shift - c * spread)
        held = float(weights @ np.exp(np.log(np.maximum(inside, np.finfo(float).tiny)).sum(axis=1)))
        low, high = (c, high) if held < level else (low, c)
    return high


def joint_rank_sets(estimate: FloatArray, error: FloatArray, level: float) -> tuple[IntArray, IntArray]:
    """Return sets that hold all ranks at once, from intervals that hold all effects at once.

    Parameters
    ----------
    estimate, error : ndarray, shape (P,)
        Independent normal estimates and their standard errors.
    level : float
        Of all sets together.
    """
    count = len(estimate)
    # The survival side keeps the digits that 0.5 * (1 + level ** (1 / count)) would lose.
    each = -np.expm1(np.log(level) / count)
    critical = float(-special.ndtri(0.5 * each))
    low, high = np.sort(estimate - critical * error), np.sort(estimate + critical * error)
    lower = 1 + np.searchsorted(high, estimate - critical * error, side="left")
    upper = count - (count - np.searchsorted(low, estimate + critical * error, side="right"))
    return lower.astype(np.intp), upper.astype(np.intp)
