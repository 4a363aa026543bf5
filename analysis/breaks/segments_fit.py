"""Levels of the segments given the break dates, and what the posterior conditions on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.breaks.likelihood import base_columns, error_weights, noise_with
from analysis.breaks.sample import Sample
from analysis.domain import FloatArray
from analysis.numerics.break_likelihood import Whitening
from analysis.numerics.least_squares import least_squares, solve_gram
from analysis.numerics.long_run_variance import long_run_variance


@dataclass(frozen=True, slots=True)
class SegmentsFit:
    """Estimates at given break dates.

    Attributes
    ----------
    jumps, jump_errors : tuple of float
        Change of the level at each break, just after it, and its standard error.
    slope_changes : tuple of float
        Change of the slope per year, with model ``trend``; else empty.
    rho : float
        Restricted maximum likelihood estimate of the AR(1) coefficient.
    factor : float
        Multiplier of the variance in declared stretches; 1 without any.
    variance : float
        Innovation variance outside them.
    adjusted : FloatArray
        Observed values less their seasonal part and controls, shape (n,).
    """

    jumps: tuple[float, ...]
    jump_errors: tuple[float, ...]
    slope_changes: tuple[float, ...]
    rho: float
    factor: float
    variance: float
    adjusted: FloatArray


def fit_segments(sample: Sample, breaks: tuple[int, ...], *, covariance: str) -> SegmentsFit:
    """Fit the segments by generalised least squares with AR(1) errors, or by least squares.

    Parameters
    ----------
    sample : Sample
    breaks : tuple of int
    covariance : {"ar", "hac", "iid"}
        ``ar``: generalised least squares at the estimated ρ; the others: least squares, with standard
        errors from the long-run variance or from one residual variance.
    """
    columns = base_columns(sample, breaks)
    noise = noise_with(sample, breaks)
    weights = error_weights(sample, noise.factor)
    whitening = Whitening.of(noise.reml, sample.calendar)
    white = least_squares(whitening.apply(sample.y * weights), whitening.apply(columns * weights[:, None]))
    freedom = max(sample.n - white.rank, 1)
    chosen = white if covariance == "ar" else least_squares(sample.y, columns)
    kept = np.array(chosen.kept)
    if covariance == "hac":
        scores = columns[:, kept] * chosen.residuals[:, None]
        variance_of = chosen.sandwich(sample.n * long_run_variance(scores).matrix)
    else:
        scale = chosen.ssr / freedom
        variance_of = scale * solve_gram(chosen.triangle, np.eye(kept.size))
    q = sample.changing.shape[1]
    jumps, errors, slopes = [], [], []
    for k, position in enumerate(breaks):
        contrast = np.zeros(columns.shape[1])
        contrast[k * q : (k + 1) * q] = -sample.changing[position]
        contrast[(k + 1) * q : (k + 2) * q] = sample.changing[position]
        jumps.append(float(contrast @ chosen.params))
        weight = contrast[kept]
        errors.append(float(np.sqrt(max(weight @ variance_of @ weight, 0.0))))
        if sample.model == "trend":
            slopes.append(float(chosen.params[(k + 1) * q + 1] - chosen.params[k * q + 1]))
    p = sample.common.shape[1]
    shared = sample.common @ white.params[-p:] if p else np.zeros(sample.n)
    return SegmentsFit(
        tuple(jumps),
        tuple(errors),
        tuple(slopes),
        noise.reml,
        noise.factor,
        white.ssr / freedom,
        sample.y - shared,
    )
