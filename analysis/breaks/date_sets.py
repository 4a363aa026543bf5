"""Dates with uncertainty: likelihood-ratio sets with simulated critical values, and Eo and Morley's.

The set holds every date whose likelihood, maximised over ρ and all coefficients with the other breaks held,
is within c of the largest: ``2 (max l - l(date)) ≤ c``. For ``lr_simulated`` c is the quantile of that
statistic simulated without a break at ρ̂, estimated as for the test; for ``eo_morley`` it is the asymptotic
-2 ln(1 - √level) (Eo and Morley 2015), 7.35 at .95.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.breaks.likelihood import between_neighbours
from analysis.breaks.sample import Sample
from analysis.breaks.trend_steps import bootstrap_ratios
from analysis.numerics.break_likelihood import BreakLikelihood
from analysis.numerics.sized_quantiles import dates_null

SetMethod = Literal["lr_simulated", "eo_morley"]


@dataclass(frozen=True, slots=True)
class DateSet:
    """A confidence set for one break.

    Attributes
    ----------
    position : int
        Likeliest break position.
    ranges : tuple of (int, int)
        Break positions in the set, as ranges, both ends INCLUSIVE.
    critical : float
        Largest likelihood ratio admitted.
    method : SetMethod
    at_edge : bool
        Whether it reaches the first or last date that the search admits.
    """

    position: int
    ranges: tuple[tuple[int, int], ...]
    critical: float
    method: SetMethod
    at_edge: bool

    @property
    def lower(self) -> int:
        """First position of the hull."""
        return self.ranges[0][0]

    @property
    def upper(self) -> int:
        """Last position of the hull."""
        return self.ranges[-1][1]


def date_sets(sample: Sample, breaks: tuple[int, ...], level: float) -> tuple[tuple[DateSet, DateSet], ...]:
    """Return, for every break, the simulated and the Eo-Morley set.

    Parameters
    ----------
    sample : Sample
    breaks : tuple of int
        Break positions, each the likeliest given the others.
    level : float
        Such as 0.95.
    """
    found = []
    for k in range(len(breaks)):
        likelihood = between_neighbours(sample, breaks, k)
        rho = float((likelihood.reml_null[0] + likelihood.reml_break[0]) / 2)
        critical = _critical(sample, breaks, k, likelihood, rho, level)
        found.append(
            (
                _set(likelihood, critical, "lr_simulated"),
                _set(likelihood, eo_morley_critical(level), "eo_morley"),
            )
        )
    return tuple(found)


def eo_morley_critical(level: float) -> float:
    """Return -2 ln(1 - √level)."""
    return float(-2 * np.log1p(-np.sqrt(level)))


def _critical(
    sample: Sample, breaks: tuple[int, ...], k: int, likelihood: BreakLikelihood, rho: float, level: float
) -> float:
    edges = (0, *breaks, sample.n)
    others = breaks[:k] + breaks[k + 1 :]
    if sample.model == "trend":
        ratios = bootstrap_ratios(sample, others, likelihood.positions, rho, likelihood.factor)
        at = int(np.searchsorted(likelihood.positions, breaks[k]))
        return float(np.quantile(ratios.max(axis=0) - ratios[at], level))
    span = edges[k + 2] - edges[k]
    null = dates_null(
        n=span,
        seasons=sample.seasons if not others else 1,
        trimming=min(sample.min_length / span, 0.45),
        rho=rho,
    )
    return null.quantile(level)


def _set(likelihood: BreakLikelihood, critical: float, method: SetMethod) -> DateSet:
    loglik = likelihood.loglik[:, 0]
    top = int(np.argmax(loglik))
    inside = np.flatnonzero(2 * (loglik[top] - loglik) <= critical)
    jumps = np.flatnonzero(np.diff(inside) > 1)
    starts = np.concatenate([[0], jumps + 1])
    ends = np.concatenate([jumps, [inside.size - 1]])
    positions = likelihood.positions
    ranges = tuple(
        (int(positions[inside[a]]), int(positions[inside[b]])) for a, b in zip(starts, ends, strict=True)
    )
    edge = bool(inside[0] == 0 or inside[-1] == positions.size - 1)
    return DateSet(int(positions[top]), ranges, critical, method, edge)
