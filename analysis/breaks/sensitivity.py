"""How the answer moves with the shortest segment, and without the declared stretches of other variance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np

from analysis.breaks.elements import dip_columns
from analysis.breaks.likelihood import base_columns, noise_with
from analysis.breaks.sample import Sample
from analysis.breaks.sized import SizedSearch, sized_search
from analysis.numerics.partitions import admissible_breaks

OTHER_SEGMENTS = (0.75, 1.5)
"""Shortest segments that are tried beside the sample's own, relative to it: 6 and 12 beside 8 months."""


@dataclass(frozen=True, slots=True)
class AtSegment:
    """What the search finds with one shortest segment.

    Attributes
    ----------
    min_segment : int
    breaks : tuple of str
        Last period before each lasting break.
    """

    min_segment: int
    breaks: tuple[str, ...]

    def to_record(self) -> dict[str, Any]:
        """Return the row as JSON-ready values."""
        return {"min_segment": self.min_segment, "sized": len(self.breaks), "breaks": list(self.breaks)}


@dataclass(frozen=True, slots=True)
class OneVariance:
    """The answer if no stretch of other variance is declared.

    Attributes
    ----------
    breaks : tuple of str
        Last period before each lasting break.
    bic_gain : float
        BIC of that answer less that of the answer with the factor: above zero the data prefer the factor.
    refused : bool
        Whether the wild bootstrap refused what the simulated table accepts.
    """

    breaks: tuple[str, ...]
    bic_gain: float
    refused: bool

    def to_record(self) -> dict[str, Any]:
        """Return the answer as JSON-ready values."""
        return {"breaks": list(self.breaks), "bic_gain": self.bic_gain, "guard_refused": self.refused}


def by_segment(sample: Sample, found: SizedSearch, most: int) -> tuple[AtSegment, ...]:
    """Return what the simulated tables find with other shortest segments, the sample's own among them.

    Parameters
    ----------
    sample : Sample
    found : SizedSearch
        The answer.
    most : int
        Breaks that the caller asked for at most.
    """
    rho = float(np.clip(found.steps[-1].rho, -0.9, 0.95)) if found.steps else None
    own = found
    if found.steps and found.steps[-1].table_rejects and not found.steps[-1].rejects:
        own = sized_search(sample, guard=False, rho=rho)
    rows = [AtSegment(sample.min_length, named(sample, own.breaks))]
    for ratio in OTHER_SEGMENTS:
        length = max(2, round(ratio * sample.min_length))
        fit = admissible_breaks(sample.n, length, most)
        if fit and length != sample.min_length:
            other = replace(sample, min_length=length, max_breaks=fit)
            rows.append(AtSegment(length, named(other, sized_search(other, guard=False, rho=rho).breaks)))
    return tuple(sorted(rows, key=lambda row: row.min_segment))


def with_one_variance(sample: Sample, found: SizedSearch, guard: bool) -> OneVariance | None:
    """Search once more as if no stretch were declared; None where none is."""
    if not sample.loud.any():
        return None
    plain = replace(sample, loud=np.zeros(sample.n, dtype=bool), regimes=())
    other = sized_search(plain, guard=guard)
    refused = bool(other.steps) and other.steps[-1].table_rejects and not other.steps[-1].rejects
    return OneVariance(named(plain, other.breaks), bic(plain, other) - bic(sample, found), refused)


def bic(sample: Sample, found: SizedSearch) -> float:
    """Return the BIC of an answer; every date counts as a parameter.

    Parameters
    ----------
    sample : Sample
    found : SizedSearch
    """
    held = sample.with_columns(dip_columns(sample, found.dips))
    columns = base_columns(held, found.breaks).shape[1]
    dates = len(found.breaks) + 2 * len(found.dips)
    noise = 3 if sample.loud.any() else 2
    return float(-2 * noise_with(held, found.breaks).loglik + (columns + dates + noise) * np.log(sample.n))


def named(sample: Sample, breaks: tuple[int, ...]) -> tuple[str, ...]:
    """Return the last period before each break."""
    return tuple(str(sample.last_before(position)) for position in breaks)


def sensitivity_sentences(
    sample: Sample, rows: Sequence[AtSegment], plain: OneVariance | None
) -> tuple[str, ...]:
    """Say how far apart breaks must lie to be seen, and what moves the answer.

    Parameters
    ----------
    sample : Sample
    rows : sequence of AtSegment
    plain : OneVariance or None
    """
    shortest = sample.min_length
    lines = [
        f"Two lasting breaks lie at least {shortest} observed periods apart here, and none within {shortest} "
        "of either end: a change that is undone sooner is a dip, and one that has lasted for fewer periods "
        "cannot be told from one."
    ]
    if len(rows) > 1:
        lines.append(_moves(rows))
    if plain is not None:
        stretches = ", ".join(str(window) for window in sample.regimes)
        prefer = (
            f"The data prefer the factor (BIC {plain.bic_gain:.1f} lower)"
            if plain.bic_gain > 0
            else f"The data prefer one variance (BIC {-plain.bic_gain:.1f} lower)"
        )
        doubt = "; the wild bootstrap refuses what the table accepts there" if plain.refused else ""
        lines.append(
            f"If the variance of {stretches} were that of the rest, the lasting breaks would be "
            f"{_listed(plain.breaks)}{doubt}. {prefer}; but a shift where a declared stretch begins or ends "
            "can pass for its variance, so that its date hides."
        )
    return tuple(lines)


def _moves(rows: Sequence[AtSegment]) -> str:
    found = [
        (breaks, ", ".join(str(row.min_segment) for row in equal))
        for breaks, equal in groupby(rows, key=lambda row: row.breaks)
    ]
    if len(found) == 1 and not found[0][0]:
        return (
            f"By the table alone no lasting break is found with a shortest segment of {found[0][1]} periods."
        )
    if len(found) == 1:
        return (
            f"By the table alone the lasting breaks are the same with a shortest segment of {found[0][1]} "
            f"periods: {_listed(found[0][0])}."
        )
    listed = "; ".join(f"{_listed(breaks)} with {lengths}" for breaks, lengths in found)
    return f"By the table alone the lasting breaks move with the shortest segment, in periods: {listed}."


def _listed(breaks: tuple[str, ...]) -> str:
    return ", ".join(breaks) or "none"
