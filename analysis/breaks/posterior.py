"""Posterior of break dates and of their number, conditional on the selected model's estimates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.breaks.likelihood import error_weights
from analysis.breaks.sample import Sample
from analysis.breaks.segments_fit import SegmentsFit
from analysis.numerics.changepoint_posterior import changepoint_posterior

LEAST_PROBABILITY = 0.001
"""Dates below it are left out of the record."""


def condition(sample: Sample, rho: float) -> str:
    """Say what the posterior is conditional on.

    Parameters
    ----------
    sample : Sample
    rho : float
        AR(1) coefficient of the selected model.
    """
    estimates = [
        f"AR(1) {rho:.2f}",
        *(["its seasonal means"] if sample.seasons > 1 else []),
        *(["the coefficients of its controls"] if sample.controls else []),
        *(["the variance of declared stretches"] if sample.regimes else []),
    ]
    return f"conditional on the estimates of the selected model: {', '.join(estimates)}"


@dataclass(frozen=True, slots=True)
class BreakPosterior:
    """Posterior of one sample.

    Attributes
    ----------
    dates : tuple of mapping
        ``period`` (last before) and ``probability``, those of at least 0.001.
    number : tuple of mapping
        ``n_breaks`` and ``probability``.
    at_least_one : float
        Probability of any break.
    """

    dates: tuple[Mapping[str, Any], ...]
    number: tuple[Mapping[str, Any], ...]
    at_least_one: float


def break_posterior(sample: Sample, fit: SegmentsFit) -> BreakPosterior:
    """Run the recursion on the series less its seasonal part.

    Parameters
    ----------
    sample : Sample
    fit : SegmentsFit
        Estimates that the posterior is conditional on.
    """
    found = changepoint_posterior(
        fit.adjusted,
        sample.changing,
        sample.calendar,
        rho=fit.rho,
        variance=max(fit.variance, float(np.finfo(float).tiny)),
        min_length=sample.min_length,
        weights=error_weights(sample, fit.factor),
    )
    return BreakPosterior(
        tuple(
            {"period": str(sample.last_before(int(tau))), "probability": float(found.probability[tau])}
            for tau in np.flatnonzero(found.probability >= LEAST_PROBABILITY)
        ),
        tuple({"n_breaks": m, "probability": float(p)} for m, p in enumerate(found.number)),
        float(1 - found.number[0]),
    )
