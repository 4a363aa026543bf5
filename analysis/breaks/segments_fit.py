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
    returns, return_errors : tuple of float
        Change of the level over two neighbouring breaks together, and its standard error, one fewer.
    slopes : tuple of float
        Slope of every segment per year, with model ``trend``; else empty.
    common : tuple of (float, float)
        Coefficients of the columns that all segments share, each with its standard error.
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
    returns: tuple[float, ...]
    return_errors: tuple[float, ...]
    slopes: tuple[float, ...]
    common: tuple[tuple[float, float], ...]
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

    def change(before: int, after: int, position: int) -> tuple[float, float]:
        contrast = np.zeros(columns.shape[1])
        contrast[before * q : (before + 1) * q] = -sample.changing[position]
        contrast[after * q : (after + 1) * q] = sample.changing[position]
        weight = contrast[kept]
        return float(contrast @ chosen.params), float(np.sqrt(max(weight @ variance_of @ weight, 0.0)))

    jumps = [change(k, k + 1, position) for k, position in enumerate(breaks)]
    returns = [change(k, k + 2, position) for k, position in enumerate(breaks[1:])]
    slopes = chosen.params[1 : (len(breaks) + 1) * q : q] if sample.model == "trend" else ()
    spread = np.zeros(columns.shape[1])
    spread[kept] = np.sqrt(np.maximum(np.diag(variance_of), 0.0))
    p = sample.common.shape[1]
    shared = sample.common @ white.params[-p:] if p else np.zeros(sample.n)
    return SegmentsFit(
        tuple(size for size, _ in jumps),
        tuple(error for _, error in jumps),
        tuple(size for size, _ in returns),
        tuple(error for _, error in returns),
        tuple(float(slope) for slope in slopes),
        tuple((float(c), float(e)) for c, e in zip(chosen.params[-p:], spread[-p:], strict=True))
        if p
        else (),
        noise.reml,
        noise.factor,
        white.ssr / freedom,
        sample.y - shared,
    )
