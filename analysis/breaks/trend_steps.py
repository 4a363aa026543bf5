"""Breaks of level and slope: tests made for trends.

Perron and Yabu's test of one break (from 60 observations), Kejriwal and Perron's of two (from 80), and a
bootstrap of the likelihood ratio beyond that, in shorter series, where periods are missing or of other
variance, and where the trimming is not tabulated.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analysis.breaks.likelihood import base_columns, between_neighbours, error_weights, likelihood_of
from analysis.breaks.perron_yabu import (
    FEWEST_FOR_ONE,
    FEWEST_FOR_TWO,
    TrendBreakTest,
    kejriwal_perron,
    perron_yabu,
)
from analysis.breaks.sample import Sample
from analysis.breaks.segments_fit import fit_segments
from analysis.breaks.sized import NEGLIGIBLE, SizedSearch, SizedStep
from analysis.errors import CannotEstimateError
from analysis.numerics.break_likelihood import BreakLikelihood, Whitening, break_likelihood
from analysis.numerics.critical_values import LEVELS
from analysis.numerics.fixed_sequence import normals
from analysis.numerics.least_squares import FloatArray, IntArray, least_squares
from analysis.numerics.partitions import free_positions

BOOTSTRAP_SERIES = 199
BOOTSTRAP_STREAM = 20_171_222
_MOST_ROUNDS = 8


def trend_search(sample: Sample) -> SizedSearch:
    """Add trend breaks while the test of one more rejects at the 5 % level.

    After each addition every break is re-estimated between its neighbours until none moves.
    """
    breaks: tuple[int, ...] = ()
    steps: list[SizedStep] = []
    while len(breaks) < sample.max_breaks:
        tested = trend_step(sample, breaks)
        if tested is None:
            break
        step, position = tested
        steps.append(step)
        if not step.rejects:
            break
        breaks = refine(sample, tuple(sorted((*breaks, position))))
    return SizedSearch(breaks, tuple(steps), limit_reached=len(breaks) == sample.max_breaks)


def trend_step(sample: Sample, breaks: tuple[int, ...]) -> tuple[SizedStep, int] | None:
    """Test one more trend break than `breaks`, dated where its likelihood is largest; None if none fits."""
    positions = free_positions(breaks, sample.n, sample.min_length)
    if positions.size == 0 or _fits_without_error(sample, breaks):
        return None
    found = likelihood_of(sample, breaks, positions)
    ratio = found.ratio[:, 0]
    top = int(np.argmax(ratio))
    rho = float((found.reml_null[0] + found.reml_break[0]) / 2)
    step = SizedStep(len(breaks), 1, float(max(ratio[top], 0.0)), rho, {}, float("nan"), "", "")
    published = _published(sample, len(breaks))
    if published is None or published.pvalue is None:
        return _bootstrapped(sample, breaks, found, step), int(positions[top])
    name = "Kejriwal-Perron" if breaks else "Perron-Yabu Exp-W"
    step = replace(
        step,
        statistic=published.statistic,
        critical=published.critical,
        pvalue=published.pvalue,
        method=name,
    )
    return step, int(positions[top])


def _bootstrapped(
    sample: Sample, breaks: tuple[int, ...], found: BreakLikelihood, step: SizedStep
) -> SizedStep:
    simulated = bootstrap_ratios(sample, breaks, found.positions, step.rho, found.factor).max(axis=0)
    critical: dict[str, float | None] = {
        f"{level:.2f}": float(np.quantile(simulated, 1 - level)) for level in LEVELS
    }
    pvalue = float((1 + np.sum(simulated >= step.statistic)) / (1 + simulated.size))
    return replace(step, critical=critical, pvalue=pvalue, method="bootstrap")


def _fits_without_error(sample: Sample, breaks: tuple[int, ...]) -> bool:
    if not breaks:
        return False
    left = least_squares(sample.y, base_columns(sample, breaks)).ssr
    return left <= NEGLIGIBLE * least_squares(sample.y, base_columns(sample, ())).ssr


def refine(sample: Sample, breaks: tuple[int, ...]) -> tuple[int, ...]:
    """Move each break to its likeliest date between its neighbours until none moves."""
    current = breaks
    for _ in range(_MOST_ROUNDS if len(breaks) > 1 else 0):
        before = current
        for k in range(len(current)):
            found = between_neighbours(sample, current, k)
            position = int(found.positions[int(np.argmax(found.loglik[:, 0]))])
            current = (*current[:k], position, *current[k + 1 :])
        if current == before:
            break
    return current


def bootstrap_ratios(
    sample: Sample, breaks: tuple[int, ...], positions: IntArray, rho: float, factor: float
) -> FloatArray:
    """Return likelihood ratios of a further break in series that have only `breaks`, shape (d, 199).

    AR(1) noise from a fixed sequence, its variance multiplied by `factor` in declared stretches; the ratios
    do not depend on the coefficients of the null model.
    """
    noise = normals((sample.n, BOOTSTRAP_SERIES), BOOTSTRAP_STREAM)
    whitening = Whitening.of(rho, sample.calendar)
    series = np.empty_like(noise)
    series[0] = noise[0] / whitening.weight[0]
    for t in range(1, sample.n):
        series[t] = whitening.factor[t] * series[t - 1] + noise[t] / whitening.weight[t]
    weights = error_weights(sample, factor)[:, None]
    return break_likelihood(
        series,
        base_columns(sample, breaks) * weights,
        sample.changing * weights,
        positions,
        sample.calendar,
    ).ratio


def _published(sample: Sample, count: int) -> TrendBreakTest | None:
    """Return the published test where it applies."""
    too_short = sample.n < (FEWEST_FOR_TWO if count else FEWEST_FOR_ONE)
    if sample.missing or sample.loud.any() or count > 1 or too_short:
        return None
    adjusted = fit_segments(sample, (), covariance="ar").adjusted
    try:
        if count == 0:
            tested = perron_yabu(adjusted, "both", sample.trimming)
        else:
            tested = kejriwal_perron(adjusted, "both", sample.trimming)
    except CannotEstimateError:
        return None
    return tested if tested.pvalue is not None else None
