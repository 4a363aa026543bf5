"""Breaks in the variance of the errors and in the seasonal pattern."""

from __future__ import annotations

import numpy as np

from analysis.breaks.likelihood import error_weights
from analysis.breaks.sample import Sample
from analysis.breaks.stability import StabilityTest, bridge_maximum_p_value, f_statistics
from analysis.errors import CannotEstimateError
from analysis.numerics.break_likelihood import Whitening
from analysis.numerics.least_squares import FloatArray
from analysis.numerics.long_run_variance import long_run_variance


def variance_break(errors: FloatArray) -> StabilityTest:
    """Test a change of the variance of `errors` at an unknown date.

    Cumulative sums of squares with a long-run variance, so that neither heavy tails nor volatility that
    comes in clusters makes a break (Inclán and Tiao 1994; Sansó, Aragó and Carrion-i-Silvestre 2004, their
    κ₂).

    Parameters
    ----------
    errors : FloatArray
        Residuals, shape (n,).
    """
    n = errors.shape[0]
    squares = errors**2 - np.mean(errors**2)
    scale = np.sqrt(float(long_run_variance(squares[:, None]).matrix[0, 0]))
    process = np.abs(np.cumsum(squares)) / (scale * np.sqrt(n))
    value = float(process.max())
    return StabilityTest(
        "variance",
        value,
        bridge_maximum_p_value(value),
        int(np.argmax(process)) + 1,
        "the variance of the errors is the same throughout",
        "it changes at an unknown date",
        "cumulative sums of squares, HAC variance",
    )


def seasonal_break(sample: Sample, rho: float, factor: float = 1.0) -> StabilityTest:
    """Test a change of the seasonal pattern at an unknown date, the mean held.

    sup-F over the seasonal contrasts after the AR(1) part is taken out at `rho`, with Hansen's p-value.

    Parameters
    ----------
    sample : Sample
        With seasons.
    rho : float
    factor : float
        Multiplier of the variance in declared stretches.

    Raises
    ------
    CannotEstimateError
        If the sample has no seasons, or too few years on either side of any date.
    """
    if sample.seasons == 1:
        raise CannotEstimateError("the model has no seasonal means, so their pattern cannot be tested")
    whitening = Whitening.of(rho, sample.calendar)
    weights = error_weights(sample, factor)
    seasonal = sample.common[:, : sample.seasons - 1]
    contrasts = (seasonal - seasonal.mean(axis=0)) * weights[:, None]
    kept = np.column_stack([sample.changing, sample.common[:, sample.seasons - 1 :]]) * weights[:, None]
    share = max(sample.trimming, 2 * sample.series.first.per_year / sample.n)
    if share >= 0.5:
        raise CannotEstimateError("the series is too short for a test of its seasonal pattern")
    found = f_statistics(
        whitening.apply(sample.y * weights), whitening.apply(contrasts), whitening.apply(kept), share
    ).test("sup")
    return StabilityTest(
        "seasonal pattern",
        found.statistic,
        found.pvalue,
        found.position,
        "the seasonal pattern is the same throughout",
        "it changes at an unknown date",
        f"sup-F on {contrasts.shape[1]} contrasts, trimming {share:.2f}",
    )
