"""Before-and-after designs: the stretch before the first event, and a window for each event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.domain import FloatArray
from analysis.errors import CannotEstimateError
from analysis.interventions.dating import COARSE
from analysis.interventions.effects import Marginal
from analysis.interventions.peers.problem import PeerProblem

LEAST_BEFORE = 8
"""Observations that must precede the first event."""
SINGULAR = 1e-8
WHOLE, HALF = 1 - 1e-9, 0.5
"""Share in force from which a period belongs to an event; half of an annual or quarterly one will do."""


@dataclass(frozen=True)
class BeforeAfter:
    """Where the model is fitted and where the gaps are averaged.

    Attributes
    ----------
    before : ndarray of bool, shape (T,)
        Observed periods before any event is in force.
    averaging : ndarray, shape (E, T)
        Row j averages over the observed periods of the window of event term j: it is in full force (on
        annual and quarterly series for half of the period), and no later one has begun.
    response : ndarray, shape (E, E)
        Mean of the response of each event (columns) over each window (rows); effects solve
        ``response @ effects = gaps``.
    terms : tuple of str
    """

    before: NDArray[np.bool_]
    averaging: FloatArray
    response: FloatArray
    terms: tuple[str, ...]

    @property
    def effects_of_gaps(self) -> FloatArray:
        """Return the matrix that turns mean gaps into effects, shape (E, E)."""
        return np.asarray(np.linalg.inv(self.response))


def before_after(problem: PeerProblem) -> BeforeAfter:
    """Return the windows of the events of a design.

    Raises
    ------
    CannotEstimateError
        If too few observations precede the first event, or an event has no observed window of its own.
    """
    variant = problem.variant()
    shares, terms = variant.shares, problem.design.event_terms
    seen = problem.observed
    starts = [_start(shares[:, j], terms[j].name) for j in range(len(terms))]
    before = seen & (np.arange(len(seen)) < min(starts))
    if before.sum() < LEAST_BEFORE:
        raise CannotEstimateError(
            f"{int(before.sum())} observations of '{problem.series.id}' precede the first event; this method "
            f"needs {LEAST_BEFORE}: use the structural method"
        )
    least = HALF if problem.series.frequency in COARSE else WHOLE
    rows = []
    for j, term in enumerate(terms):
        later = [s for s in starts if s > starts[j]]
        inside = seen & (shares[:, j] >= least) & (np.arange(len(seen)) < min(later, default=len(seen)))
        column = variant.columns[:, term.columns.start]
        inside &= column != 0
        if not inside.any():
            raise CannotEstimateError(
                f"no observed period of '{problem.series.id}' lies between {term.name} in full force and the "
                "next event: this method cannot tell them apart; use the structural method"
            )
        rows.append(inside / inside.sum())
    averaging = np.array(rows)
    columns = np.column_stack([variant.columns[:, t.columns.start] for t in terms])
    response = averaging @ columns
    if np.linalg.svd(response, compute_uv=False)[-1] < SINGULAR:
        raise CannotEstimateError(
            f"the windows of the events of '{problem.series.id}' cannot be told apart: two events share one; "
            "use the structural method"
        )
    return BeforeAfter(before, averaging, response, tuple(t.name for t in terms))


def _start(share: FloatArray, name: str) -> int:
    begun = np.flatnonzero(share > 0)
    if not len(begun):
        raise CannotEstimateError(f"{name} is in force in no period of the series")
    return int(begun[0])


def measured(problem: PeerProblem, mean: FloatArray) -> FloatArray:
    """Return what changes of record add to a prediction, shape (T,): they stay in the path."""
    total = np.zeros(len(problem.y))
    for term in problem.design.event_terms:
        if term.kind == "measurement":
            total += problem.variant().columns[:, term.columns] @ mean[term.columns]
    return total


def describe_windows(
    problem: PeerProblem, windows: BeforeAfter, predicted: Sequence[Marginal]
) -> list[dict[str, object]]:
    """Return for each window its span, mean gap, sum of gaps and ratio, with limits.

    Parameters
    ----------
    problem : PeerProblem
    windows : BeforeAfter
    predicted : sequence of Marginal
        Predictive distribution of the mean of each window.
    """
    rows: list[dict[str, object]] = []
    for j, name in enumerate(windows.terms):
        inside = np.flatnonzero(windows.averaging[j])
        observed = float(windows.averaging[j] @ np.nan_to_num(problem.y))
        low, high = predicted[j].interval(problem.settings.level)
        ends = {"estimate": predicted[j].mean(), "lower": high, "upper": low}
        row: dict[str, object] = {
            "event": name,
            "first": str(problem.series.periods[inside[0]]),
            "last": str(problem.series.periods[inside[-1]]),
            "observations": len(inside),
            "mean_gap": {key: observed - value for key, value in ends.items()} | {"se": predicted[j].sd()},
            "tail_area": min(predicted[j].cdf(observed), predicted[j].survival(observed)),
        }
        if problem.scale == "log":
            row["percent"] = {k: 100 * float(np.expm1(observed - value)) for k, value in ends.items()}
        else:
            row["sum_of_gaps"] = {k: len(inside) * (observed - value) for k, value in ends.items()}
            if low > 0:
                row["percent"] = {k: 100 * (observed / value - 1) for k, value in ends.items()}
        rows.append(row)
    return rows
