"""How the answer moves with the trimming, and without the declared stretches of other variance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np

from analysis.breaks.sample import Sample
from analysis.errors import CannotEstimateError
from analysis.numerics.critical_values import BAI_PERRON_TRIMMINGS
from analysis.numerics.partitions import admissible_breaks

Search = Callable[[Sample], tuple[int, ...]]
"""The procedure that decides how many breaks there are, and where."""


@dataclass(frozen=True, slots=True)
class AtTrimming:
    """What the search finds at one trimming.

    Attributes
    ----------
    trimming : float
    min_segment : int
        Observed periods in the shortest segment.
    breaks : tuple of str or None
        Last period before each break; None where the tests cannot be computed.
    one_variance : tuple of str or None
        The same if no stretch of other variance is declared; None where none is.
    """

    trimming: float
    min_segment: int
    breaks: tuple[str, ...] | None
    one_variance: tuple[str, ...] | None

    def to_record(self) -> dict[str, Any]:
        """Return the row as JSON-ready values."""
        return {
            "trimming": self.trimming,
            "min_segment": self.min_segment,
            "sized": None if self.breaks is None else len(self.breaks),
            "breaks": None if self.breaks is None else list(self.breaks),
            "one_variance": None if self.one_variance is None else list(self.one_variance),
        }


def by_trimming(
    sample: Sample, found: tuple[int, ...], search: Search, most: int, declared: bool
) -> tuple[AtTrimming, ...]:
    """Return what the search finds at every tabulated trimming and at the sample's own.

    Parameters
    ----------
    sample : Sample
    found : tuple of int
        What it finds at the sample's own trimming.
    search : callable
    most : int
        Breaks that the caller asked for at most.
    declared : bool
        Whether the search takes declared stretches of other variance.
    """
    rows = []
    for trimming in sorted({*BAI_PERRON_TRIMMINGS, sample.trimming}):
        own = trimming == sample.trimming
        other = sample if own else at_trimming(sample, trimming, most)
        if other is None:
            continue
        breaks = _named(sample, found) if own else _searched(other, search)
        plain = _searched(_with_one_variance(other), search) if declared and sample.regimes else None
        rows.append(AtTrimming(trimming, other.min_length, breaks, plain))
    return tuple(rows)


def at_trimming(sample: Sample, trimming: float, most: int) -> Sample | None:
    """Return the sample with another trimming and `most` breaks or fewer, or None if no break fits."""
    min_length = max(int(np.floor(trimming * sample.n + 1e-9)), sample.changing.shape[1] + 1, 2)
    fit = admissible_breaks(sample.n, min_length, most)
    return replace(sample, trimming=trimming, min_length=min_length, max_breaks=fit) if fit else None


def sensitivity_sentences(sample: Sample, rows: Sequence[AtTrimming]) -> tuple[str, ...]:
    """Say how far apart breaks must lie to be seen, and what other trimmings find.

    Parameters
    ----------
    sample : Sample
    rows : sequence of AtTrimming
    """
    lines = [
        f"Two breaks lie at least {sample.min_length} observed periods apart here (trimming "
        f"{sample.trimming:g}): of two that are closer only one can be seen, and none within "
        f"{sample.min_length} periods of either end.",
        _moves("The breaks, each named by the last period before it,", [(row, row.breaks) for row in rows]),
    ]
    if any(row.one_variance is not None for row in rows):
        stretches = ", ".join(str(window) for window in sample.regimes)
        lines += [
            _moves(
                f"If the variance of {stretches} were taken to be that of the rest, the breaks",
                [(row, row.one_variance) for row in rows],
            ),
            "Then the test finds breaks that are not there; with another variance in the stretch, a shift "
            "where it begins or ends can pass for its variance.",
        ]
    return tuple(lines)


def _moves(subject: str, answers: Sequence[tuple[AtTrimming, tuple[str, ...] | None]]) -> str:
    """Name the answers with the trimmings and shortest segments that give them."""
    found = [
        (breaks, ", ".join(f"{row.trimming:g} ({row.min_segment})" for row, _ in equal))
        for breaks, equal in groupby(answers, key=lambda pair: pair[1])
    ]
    if len(found) == 1:
        breaks, trimmings = found[0]
        return f"{subject} are the same at trimming (shortest segment) {trimmings}: {_listed(breaks)}."
    listed = "; ".join(f"{_listed(breaks)} at {trimmings}" for breaks, trimmings in found)
    return f"{subject} move with the trimming (shortest segment): {listed}."


def _listed(breaks: tuple[str, ...] | None) -> str:
    return "no answer" if breaks is None else ", ".join(breaks) or "none"


def _searched(sample: Sample, search: Search) -> tuple[str, ...] | None:
    try:
        return _named(sample, search(sample))
    except CannotEstimateError:
        return None


def _named(sample: Sample, breaks: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(str(sample.last_before(position)) for position in breaks)


def _with_one_variance(sample: Sample) -> Sample:
    return replace(sample, loud=np.zeros(sample.n, dtype=bool), regimes=())
