"""Exact posterior of change points by recursion over segments (Fearnhead 2006).

Given ρ and the innovation variance, the same in all segments, these are independent: within one, AR(1) noise
around a regression whose coefficients have a normal prior; the noise starts afresh, stationary, in each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.numerics.break_likelihood import Whitening
from analysis.numerics.least_squares import FloatArray, IntArray

PRIOR_WIDTH = 25.0
"""Prior variance of the quasi-differenced level, (1 - ρ) times the level, over the innovation variance."""

SEGMENTS = 3.0
"""Beyond the shortest segment the mean gap between breaks is n over this."""


@dataclass(frozen=True, slots=True)
class ChangepointPosterior:
    """Posterior given ρ and the common part of the series.

    Attributes
    ----------
    probability : FloatArray
        Probability of a break after the first τ observations, shape (n + 1,).
    number : FloatArray
        Probability of 0, 1, ... breaks.
    """

    probability: FloatArray
    number: FloatArray


def changepoint_posterior(
    values: FloatArray,
    design: FloatArray,
    calendar: IntArray,
    *,
    rho: float,
    variance: float,
    min_length: int,
    weights: FloatArray | None = None,
) -> ChangepointPosterior:
    """Compute the posterior of break dates and of their number.

    Parameters
    ----------
    values : FloatArray
        Series less its common part, shape (n,).
    design : FloatArray
        Columns of a segment's regression, shape (n, q); their overall fit is the prior mean.
    calendar : IntArray
        Calendar positions, shape (n,).
    rho : float
        AR(1) coefficient.
    variance : float
        Innovation variance.
    min_length : int
        Fewest observations in a segment.
    weights : FloatArray, optional
        Reciprocal of the errors' standard deviations up to one scale, shape (n,); default: one variance.
    """
    n = values.shape[0]
    evidence = _segment_evidence(values, design, calendar, rho, variance, weights)
    position = np.arange(n + 1)
    length = position[None, :] - position[:, None]
    chance = break_chance(n)
    stay, leave = np.log1p(-chance), np.log(chance)
    admissible = length >= min_length
    gap = np.where(admissible, (length - min_length) * stay, -np.inf)
    inner = evidence + gap + leave
    last = (evidence + gap)[:, n]
    forward = [inner[0]]
    totals = [float(last[0])]
    while len(forward) * min_length + min_length <= n:
        totals.append(float(_log_sum(forward[-1] + last)))
        forward.append(_log_sum(forward[-1][:, None] + inner))
    total = float(_log_sum(np.array(totals)))
    reached = _log_sum(np.array(forward))
    backward = np.full(n + 1, -np.inf)
    for start in range(n - min_length, -1, -1):
        later = inner[start, start + min_length :] + backward[start + min_length :]
        backward[start] = np.logaddexp(last[start], _log_sum(later))
    probability = np.exp(reached + backward - total)
    probability[[0, n]] = 0.0
    return ChangepointPosterior(probability, np.exp(np.array(totals) - total))


def break_chance(n: int) -> float:
    """Return the chance of a break after each observation past the shortest segment."""
    return 1 / (1 + n / SEGMENTS)


def _log_sum(values: FloatArray) -> FloatArray:
    """Log of the sum of exponentials over the first axis; minus infinity where all terms are."""
    top = np.max(values, axis=0, initial=-np.inf)
    finite = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        total: FloatArray = np.log(np.sum(np.exp(values - finite), axis=0)) + finite
    return total


def _segment_evidence(
    values: FloatArray,
    design: FloatArray,
    calendar: IntArray,
    rho: float,
    variance: float,
    weights: FloatArray | None = None,
) -> FloatArray:
    """Log marginal likelihood of every segment [s, e), shape (n + 1, n + 1), -inf for e ≤ s.

    With `weights` it lacks Σ ln w, the same for every partition.
    """
    n, q = design.shape
    scale = np.array([max(float(np.mean(design[:, i] ** 2)), 1e-300) for i in range(q)])
    if weights is not None:
        values, design = values * weights, design * weights[:, None]
    whitening = Whitening.of(rho, calendar)
    start_weight = np.sqrt(1 - rho**2)
    white_design = whitening.apply(design)
    white_values = whitening.apply(values)
    centre = np.linalg.lstsq(white_design, white_values, rcond=None)[0]
    white_values = white_values - white_design @ centre
    first_design = design * start_weight
    first_values = (values - design @ centre) * start_weight
    stacked = np.column_stack([white_design, white_values])
    fresh = np.column_stack([first_design, first_values])
    products = np.einsum("ti,tj->tij", stacked, stacked)
    running = np.concatenate([np.zeros((1, q + 1, q + 1)), np.cumsum(products, axis=0)])
    begin = np.einsum("ti,tj->tij", fresh, fresh) - running[1:]
    moments = np.empty((q + 1, q + 1, n + 1, n + 1))
    for i in range(q + 1):
        for j in range(q + 1):
            offset = np.append(begin[:, i, j], 0.0)
            moments[i, j] = running[None, :, i, j] + offset[:, None]
    log_volume = np.zeros((n + 1, n + 1))
    residual = moments[q, q].copy()
    gram = {(i, j): moments[i, j].copy() for i in range(q) for j in range(i, q)}
    score = [moments[i, q].copy() for i in range(q)]
    precision = scale * (1 - rho) ** 2 / PRIOR_WIDTH
    for i in range(q):
        gram[i, i] += precision[i]
        log_volume -= np.log(precision[i])
    for i in range(q):
        pivot = np.maximum(gram[i, i], 1e-6 * precision[i])
        log_volume += np.log(pivot)
        residual -= score[i] ** 2 / pivot
        for j in range(i + 1, q):
            share = gram[i, j] / pivot
            score[j] -= share * score[i]
            for m in range(j, q):
                gram[j, m] -= share * gram[i, m]
    log_weight = np.concatenate([[0.0], np.cumsum(np.log(whitening.weight))])
    offset = np.append(np.log(start_weight) - log_weight[1:], 0.0)
    jacobian = log_weight[None, :] + offset[:, None]
    count = np.maximum(np.arange(n + 1)[None, :] - np.arange(n + 1)[:, None], 0)
    evidence: FloatArray = (
        jacobian
        - count / 2 * np.log(2 * np.pi * variance)
        - log_volume / 2
        - np.maximum(residual, 0.0) / (2 * variance)
    )
    evidence[count == 0] = -np.inf
    return evidence
