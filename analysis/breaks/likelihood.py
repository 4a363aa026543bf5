"""Likelihood of a sample with breaks: AR(1) errors, and their variance in declared stretches, estimated.

In the stretches that a recipe or a caller declares the standard deviation of the errors is multiplied by one
factor. Divided by it, the regression has AR(1) errors of one variance, so that its likelihood is that of the
weighted columns plus a constant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.optimize import minimize_scalar

from analysis.breaks.sample import Sample
from analysis.numerics.break_likelihood import (
    HIGHEST_Z,
    LOWEST_Z,
    BreakLikelihood,
    Whitening,
    break_likelihood,
)
from analysis.numerics.least_squares import FloatArray, IntArray
from analysis.numerics.partitions import partitioned

LOWEST_FACTOR, HIGHEST_FACTOR = 0.01, 1e4
"""Range of the factor by which a declared stretch multiplies the variance."""

_LOG_RANGE = (float(np.log(LOWEST_FACTOR)), float(np.log(HIGHEST_FACTOR)))
_CLOSE = 0.01
_MOST_ROUNDS = 6


@dataclass(frozen=True, slots=True)
class NoiseFit:
    """Errors of the model with given breaks.

    Attributes
    ----------
    loglik : float
        Largest log likelihood.
    rho, reml : float
        Maximum likelihood and restricted maximum likelihood estimates of the AR(1) coefficient.
    factor : float
        Multiplier of the variance in declared stretches; 1 without any.
    """

    loglik: float
    rho: float
    reml: float
    factor: float


def base_columns(sample: Sample, breaks: tuple[int, ...]) -> FloatArray:
    """Return the regression's columns with `breaks`: the segments' first, then those in common."""
    return np.column_stack([partitioned(sample.changing, breaks), sample.common])


def error_weights(sample: Sample, factor: float) -> FloatArray:
    """Return what observations are multiplied by so that their errors have one variance, shape (n,)."""
    return np.where(sample.loud, factor**-0.5, 1.0)


def noise_with(sample: Sample, breaks: tuple[int, ...]) -> NoiseFit:
    """Estimate the errors of the model with `breaks`."""
    columns = base_columns(sample, breaks)
    factor = factor_with(sample, columns)
    found = _weighted(sample, columns, np.empty(0, dtype=np.intp), factor)
    return NoiseFit(
        float(found.null_loglik[0]) + _log_jacobian(sample, factor),
        float(found.null_rho[0]),
        float(found.reml_null[0]),
        factor,
    )


def factor_with(sample: Sample, columns: FloatArray) -> float:
    """Return the likeliest factor of declared stretches; it and the AR(1) coefficient in turn until it stays.

    Parameters
    ----------
    sample : Sample
    columns : FloatArray
        Shape (n, k).
    """
    if not sample.loud.any():
        return 1.0
    stacked = np.column_stack([columns, sample.y])
    loud = np.count_nonzero(sample.loud)

    def loss(log_factor: float, z: float) -> float:
        whitening = Whitening.of(float(np.tanh(z)), sample.calendar)
        white = whitening.apply(stacked * error_weights(sample, float(np.exp(log_factor)))[:, None])
        ssr = float(np.asarray(np.linalg.qr(white, mode="r"))[-1, -1]) ** 2
        left = sample.n / 2 * np.log(max(ssr, np.finfo(float).tiny))
        return float(left + loud / 2 * log_factor - whitening.log_jacobian)

    log_factor = 0.0
    for _ in range(_MOST_ROUNDS):
        z = _least(partial(loss, log_factor), (LOWEST_Z, HIGHEST_Z))
        better = _least(partial(loss, z=z), _LOG_RANGE)
        settled, log_factor = abs(better - log_factor) < _CLOSE, better
        if settled:
            break
    return float(np.exp(log_factor))


def _least(loss: Callable[[float], float], bounds: tuple[float, float]) -> float:
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": _CLOSE / 2})
    return float(found.x)


def _weighted(sample: Sample, columns: FloatArray, positions: IntArray, factor: float) -> BreakLikelihood:
    weights = error_weights(sample, factor)
    return break_likelihood(
        sample.y * weights,
        columns * weights[:, None],
        sample.changing * weights[:, None],
        positions,
        sample.calendar,
    )


def _log_jacobian(sample: Sample, factor: float) -> float:
    return float(-0.5 * np.count_nonzero(sample.loud) * np.log(factor))


def likelihood_of(sample: Sample, breaks: tuple[int, ...], positions: IntArray) -> BreakLikelihood:
    """Return the likelihood of one more break than `breaks` at each of `positions`.

    The factor of declared stretches is that of the likeliest date; without the further break it has its own.

    Parameters
    ----------
    sample : Sample
    breaks : tuple of int
    positions : IntArray
        Shape (d,), d ≥ 1.
    """
    columns = base_columns(sample, breaks)
    if not sample.loud.any():
        return _weighted(sample, columns, positions, 1.0)
    null = noise_with(sample, breaks)
    factor = null.factor
    for _ in range(_MOST_ROUNDS):
        found = _weighted(sample, columns, positions, factor)
        top = int(positions[int(np.argmax(found.loglik[:, 0]))])
        better = factor_with(sample, base_columns(sample, tuple(sorted((*breaks, top)))))
        if abs(np.log(better / factor)) < _CLOSE:
            break
        factor = better
    return replace(
        found,
        loglik=found.loglik + _log_jacobian(sample, factor),
        null_loglik=np.array([null.loglik]),
        null_rho=np.array([null.rho]),
        reml_null=np.array([null.reml]),
        factor=factor,
    )


def between_neighbours(sample: Sample, breaks: tuple[int, ...], k: int) -> BreakLikelihood:
    """Return the likelihood of break `k` at every date between its neighbours, the others held."""
    edges = (0, *breaks, sample.n)
    positions = np.arange(edges[k] + sample.min_length, edges[k + 2] - sample.min_length + 1, dtype=np.intp)
    return likelihood_of(sample, breaks[:k] + breaks[k + 1 :], positions)
