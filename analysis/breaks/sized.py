"""The sized procedure: how many breaks, by likelihood ratio tests that hold their size under AR(1) errors.

Null of step l: l breaks, stationary AR(1) errors with one coefficient throughout; alternative: one break
more at an unknown date. The statistic is the largest likelihood ratio over dates, AR(1) estimated jointly
with breaks and seasonal means. Its critical value was simulated once by length, trimming, seasons and ρ,
and is read at the mean of the restricted maximum likelihood estimates of ρ with and without the further
break. Where the innovations say that AR(1) overstates the persistence, as it does for a moving average, it is
lowered by up to a quarter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.breaks.likelihood import base_columns, between_neighbours, error_weights, likelihood_of
from analysis.breaks.sample import Sample
from analysis.numerics.break_likelihood import Whitening, break_likelihood
from analysis.numerics.critical_values import LEVELS
from analysis.numerics.fixed_sequence import normals
from analysis.numerics.least_squares import FloatArray, IntArray, least_squares
from analysis.numerics.partitions import free_positions
from analysis.numerics.sized_quantiles import NullDistribution, joint_quantile, null_distribution

SIZE = 0.05
"""Level of every step."""

LAG_BOUND, LEAST_SHARE = 1.96, 0.75
"""When, and by how much at most, errors of shorter memory than an AR(1) lower the critical values."""

NEGLIGIBLE = 1e-18
"""Share of the variation below which segments fit without error, and no test has a distribution."""

BOOTSTRAP_SERIES = 199
BOOTSTRAP_STREAM = 20_171_222
_MOST_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class SizedStep:
    """One test of l + 1 breaks against l.

    Attributes
    ----------
    l : int
        Breaks under the null.
    statistic : float
        Largest likelihood ratio.
    position : int
        Where it stands.
    rho : float
        AR(1) coefficient at which the null distribution was read.
    critical : dict
        By level, ``"0.10" "0.05" "0.01"``.
    pvalue : float
    method : str
        ``table`` or ``bootstrap``, or the name of a trend test.
    note : str
        What lay outside the table, in words.
    """

    l: int
    statistic: float
    position: int
    rho: float
    critical: dict[str, float | None]
    pvalue: float
    method: str
    note: str

    @property
    def rejects(self) -> bool:
        """Whether the null of l breaks is rejected at the 5 % level."""
        critical = self.critical[f"{SIZE:.2f}"]
        return self.pvalue <= SIZE if critical is None else self.statistic > critical

    def to_record(self) -> dict[str, Any]:
        """Return the step as JSON-ready values."""
        return {
            "l": self.l,
            "stat": self.statistic,
            "critical": self.critical,
            "pvalue": self.pvalue,
            "ar1": self.rho,
            "method": self.method,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class SizedSearch:
    """Outcome of the sequence of tests.

    Attributes
    ----------
    breaks : tuple of int
        Break positions found, in order.
    steps : tuple of SizedStep
        Every test made, the last one not rejecting unless no further break fits.
    """

    breaks: tuple[int, ...]
    steps: tuple[SizedStep, ...]


def sized_search(sample: Sample) -> SizedSearch:
    """Add breaks while the sized test of one more rejects."""
    return search_with(sample, sized_step)


def search_with(sample: Sample, test: Callable[[Sample, tuple[int, ...]], SizedStep | None]) -> SizedSearch:
    """Add breaks while `test` of one more rejects at the 5 % level.

    After each addition every break is re-estimated between its neighbours until none moves.
    """
    breaks: tuple[int, ...] = ()
    steps: list[SizedStep] = []
    while len(breaks) < sample.max_breaks:
        step = test(sample, breaks)
        if step is None:
            break
        steps.append(step)
        if not step.rejects:
            break
        breaks = refine(sample, tuple(sorted((*breaks, step.position))))
    return SizedSearch(breaks, tuple(steps))


def sized_step(sample: Sample, breaks: tuple[int, ...], *, bootstrap: bool = True) -> SizedStep | None:
    """Test one further break, or return None if no segment can hold one.

    Parameters
    ----------
    sample : Sample
    breaks : tuple of int
        Breaks under the null.
    bootstrap : bool
        With trends, whether the null distribution is simulated; without it the step has no p-value (NaN).
    """
    positions = free_positions(breaks, sample.n, sample.min_length)
    if positions.size == 0 or _fits_without_error(sample, breaks):
        return None
    found = likelihood_of(sample, breaks, positions)
    ratio = found.ratio[:, 0]
    top = int(np.argmax(ratio))
    rho = float((found.reml_null[0] + found.reml_break[0]) / 2)
    statistic, position = float(max(ratio[top], 0.0)), int(positions[top])
    if sample.model == "trend" and not bootstrap:
        return SizedStep(len(breaks), statistic, position, rho, {}, float("nan"), "", "")
    if sample.model == "trend":
        simulated = bootstrap_ratios(sample, breaks, positions, rho, found.factor).max(axis=0)
        critical: dict[str, float | None] = {
            f"{level:.2f}": float(np.quantile(simulated, 1 - level)) for level in LEVELS
        }
        pvalue = float((1 + np.sum(simulated >= statistic)) / (1 + simulated.size))
        return SizedStep(len(breaks), statistic, position, rho, critical, pvalue, "bootstrap", "")
    nulls = segment_nulls(sample, breaks, rho)
    with_break = base_columns(sample, tuple(sorted((*breaks, position))))
    weights = error_weights(sample, found.factor)
    share = long_run_share(
        sample.y * weights, with_break * weights[:, None], sample.calendar, float(found.reml_break[0])
    )
    critical = {f"{level:.2f}": share * joint_quantile(nulls, 1 - level) for level in LEVELS}
    pvalue = 1 - float(np.prod([null.cdf(statistic / share) for null in nulls]))
    notes = [null.outside for null in nulls if null.outside][:1]
    if share < 1:
        notes.append(
            f"critical values multiplied by {share:.2f}, since AR(1) overstates how long errors persist here"
        )
    note = "; ".join(notes)
    return SizedStep(len(breaks), statistic, position, rho, critical, pvalue, "table", note)


def long_run_share(y: FloatArray, columns: FloatArray, calendar: IntArray, rho: float) -> float:
    """Return the share of the AR(1) long-run variance that the errors have; 1 unless they contradict it.

    An AR(1) fitted to errors of short memory, such as a moving average, overstates their long-run variance,
    and the likelihood ratio is too small by that factor. Where the second autocorrelation of the innovations
    is below -1.96/√n, the factor is 1 + 2(r₁ + r₂), at least three quarters.

    Parameters
    ----------
    y : FloatArray
        Shape (n,).
    columns : FloatArray
        Regressors with the further break, shape (n, k).
    calendar : IntArray
        Calendar positions, shape (n,).
    rho : float
        AR(1) coefficient with the break.
    """
    whitening = Whitening.of(rho, calendar)
    errors = least_squares(whitening.apply(y), whitening.apply(columns)).residuals
    power = float(errors @ errors)
    first, second = (float(errors[lag:] @ errors[:-lag]) / power for lag in (1, 2))
    if second >= -LAG_BOUND / np.sqrt(y.shape[0]):
        return 1.0
    return float(np.clip(1 + 2 * (first + second), LEAST_SHARE, 1.0))


def _fits_without_error(sample: Sample, breaks: tuple[int, ...]) -> bool:
    """Return whether nothing is left to explain after `breaks`."""
    if not breaks:
        return False
    left = least_squares(sample.y, base_columns(sample, breaks)).ssr
    return left <= NEGLIGIBLE * least_squares(sample.y, base_columns(sample, ())).ssr


def segment_nulls(sample: Sample, breaks: tuple[int, ...], rho: float) -> tuple[NullDistribution, ...]:
    """Return the null distribution of the statistic in every segment that can hold a further break.

    Under the null the largest ratio over all segments is the largest of theirs, nearly independent; the
    trimming of a segment is the shortest admissible length as a share of it.
    """
    edges = (0, *breaks, sample.n)
    found = []
    for s in range(len(edges) - 1):
        length = edges[s + 1] - edges[s]
        if length >= 2 * sample.min_length:
            found.append(
                null_distribution(
                    "test",
                    n=length,
                    seasons=sample.seasons if not breaks else 1,
                    trimming=min(sample.min_length / length, 0.45),
                    rho=rho,
                )
            )
    return tuple(found)


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
