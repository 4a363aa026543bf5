"""Which of thousands of effects are discoveries: control of the false-discovery rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from analysis.across.effects import EffectRow, EffectsTable
from analysis.domain import Cell, FloatArray, Result
from analysis.errors import InputError, UsageError

StepUp = Literal["bh", "by"]
"""Benjamini-Hochberg; Benjamini-Yekutieli."""
NULL = "the event's effect on the series is zero, given the joint model of that series"
DEPENDENCE = {
    "bh": (
        "Benjamini-Hochberg: the rate holds for independent tests and for positive regression dependence on "
        "the true nulls. Shocks that all series share, and effects of one series with negative posterior "
        "correlation, need not be so: the method by holds under any dependence."
    ),
    "by": "Benjamini-Yekutieli: the rate holds under any dependence between the tests.",
}


def adjusted_pvalues(pvalues: FloatArray, method: StepUp) -> FloatArray:
    """Return step-up adjusted p-values, by statsmodels: a discovery at rate q is a value of at most q.

    Parameters
    ----------
    pvalues : ndarray, shape (m,)
        In [0, 1].
    method : {"bh", "by"}
        ``bh`` holds the rate under independence and positive regression dependence on the true nulls; ``by``
        divides by 1 + 1/2 + ... + 1/m and holds it under any dependence.

    References
    ----------
    Benjamini & Hochberg (1995), JRSS B 57, 289-300; Benjamini & Yekutieli (2001), Annals of Statistics 29,
    1165-1188.
    """
    from statsmodels.stats.multitest import multipletests

    if not len(pvalues):
        return np.empty(0)
    return np.asarray(multipletests(pvalues, method=f"fdr_{method}")[1])


@dataclass(frozen=True)
class Discoveries(Result):
    """Effects with adjusted p-values.

    Attributes
    ----------
    rows : tuple of EffectRow
    adjusted : ndarray, shape (m,)
    rate : float
        Expected share of false ones among the discoveries that is allowed.
    method : {"bh", "by"}
    left_out : tuple of (str, str, str)
    """

    rows: tuple[EffectRow, ...]
    adjusted: FloatArray
    rate: float
    method: StepUp
    left_out: tuple[tuple[str, str, str], ...]

    @property
    def count(self) -> int:
        """Number of discoveries."""
        return int((self.adjusted <= self.rate).sum())

    def to_record(self) -> dict[str, Any]:
        """Return tests, discoveries, assumptions and one row per test."""
        columns, rows = self.table()
        return {
            "method": self.method,
            "rate": self.rate,
            "tests": len(self.rows),
            "discoveries": self.count,
            "null_hypothesis": NULL,
            "assumptions": [DEPENDENCE[self.method]],
            "effects": [dict(zip(columns, row, strict=True)) for row in rows],
            "left_out": [list(one) for one in self.left_out],
        }

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return one row per test."""
        columns = ("series_id", "event_id", "log_effect", "se", "group", "pvalue", "adjusted", "discovery")
        rows = [
            (r.series_id, r.event_id, r.estimate, r.se, r.group, r.pvalue, float(a), bool(a <= self.rate))
            for r, a in zip(self.rows, self.adjusted, strict=True)
        ]
        return columns, rows

    def heading(self) -> str:
        """Return one line above the table."""
        return (
            f"{self.count} discoveries in {len(self.rows)} tests at a false-discovery rate of "
            f"{100 * self.rate:g} % ({self.method})"
        )

    def notes(self) -> Sequence[str]:
        """Return null and assumption."""
        return (f"Null: {NULL}.", DEPENDENCE[self.method])


def control_discoveries(
    effects: EffectsTable, *, rate: float = 0.05, method: str = "bh", event_id: str | None = None
) -> Discoveries:
    """Control the false-discovery rate over all effects of a table, or over those of one event.

    Parameters
    ----------
    effects : EffectsTable
        From a batch with ``columns="all"``, which holds p-values.
    rate : float
        In (0, 1).
    method : {"bh", "by"}
        See `adjusted_pvalues`.
    event_id : str, optional
        The family is all tests by default.

    Raises
    ------
    UsageError
        A rate or method that does not exist.
    InputError
        If the table has no p-values.
    """
    if method not in get_args(StepUp):
        raise UsageError(f"method is one of {', '.join(get_args(StepUp))}, not '{method}'")
    if isinstance(rate, bool) or not 0 < rate < 1:
        raise UsageError(f"rate is a share between 0 and 1, not {rate}")
    rows = effects.rows if event_id is None else effects.of(event_id)
    if any(row.pvalue is None for row in rows):
        raise InputError("the table has no p-values: run the batch with --columns all")
    pvalues = np.array([row.pvalue for row in rows], dtype=np.float64)
    chosen: StepUp = "by" if method == "by" else "bh"
    return Discoveries(rows, adjusted_pvalues(pvalues, chosen), rate, chosen, effects.left_out)
