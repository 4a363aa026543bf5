"""What the joint model is fitted to: one series, or many on one calendar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.domain import FloatArray
from analysis.interventions.joint.totals import Totals


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the model is fitted to, for one series.

    Attributes
    ----------
    y : ndarray, shape (T,)
        On the model's scale; NaN where unobserved.
    error : ndarray, shape (T,)
        Standard deviation of the measurement error on the model's scale.
    regime : ndarray of int, shape (T,)
        0 outside declared regimes.
    totals : Totals or None
        Sums over spans, for the log scale.
    quiet : ndarray of bool, shape (T,)
        Periods in which no outlier is looked for (regimes and onsets of events).
    """

    y: FloatArray
    error: FloatArray
    regime: NDArray[np.intp]
    totals: Totals | None
    quiet: NDArray[np.bool_]

    @property
    def observed(self) -> NDArray[np.bool_]:
        """Positions with a value, shape (T,)."""
        return np.isfinite(self.y)

    @property
    def regimes(self) -> int:
        """Number of declared regimes."""
        return int(self.regime.max(initial=0))


@dataclass(frozen=True, slots=True)
class Block:
    """S series as the engine sees them.

    Attributes
    ----------
    y : ndarray, shape (T, S)
        On the model's scale, less `centre`; 0 where unobserved.
    centre : ndarray, shape (S,)
        Mean of each series.
    missing : ndarray of bool, shape (S, T)
        Observed by others and not by this one.
    n_observed : ndarray of int, shape (S,)
    size : ndarray, shape (S,)
        1 in logs; the mean of |y| on the level scale.
    logs : bool
    shared : Evidence
        Its calendar (`y` is finite where any series is observed), errors, regimes, totals and quiet periods;
        a block with errors or totals is one series.
    """

    y: FloatArray
    centre: FloatArray
    missing: NDArray[np.bool_]
    n_observed: NDArray[np.intp]
    size: FloatArray
    logs: bool
    shared: Evidence

    def __len__(self) -> int:
        return len(self.centre)

    @property
    def observed(self) -> NDArray[np.bool_]:
        """Periods that any series observes, shape (T,)."""
        return self.shared.observed

    @classmethod
    def of(cls, evidence: Evidence, logs: bool, others: FloatArray | None = None) -> Block:
        """Build the block of one series, or of the series `others`, shape (S, T), on the model's scale."""
        values = evidence.y[None] if others is None else others
        seen = np.isfinite(values)
        count = seen.sum(axis=1)
        centre = np.where(seen, values, 0.0).sum(axis=1) / count
        spread = np.where(seen, np.abs(values), 0.0).sum(axis=1) / count
        y = np.ascontiguousarray(np.where(seen, values - centre[:, None], 0.0).T)
        size = np.ones(len(values)) if logs else spread
        return cls(y, centre, evidence.observed & ~seen, count, size, logs, evidence)
