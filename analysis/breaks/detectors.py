"""Second opinions: the change point methods of ruptures, on the series less its seasonal means.

The searches are theirs; the least squares cost is looked up in our table of all segments, which is 10 times
faster than theirs and equal to it. They assume independent errors and find many breaks in autocorrelated
series; that is why they stand beside the answer and do not give it. Guarded against: sub-sampled search
(``jump=1`` throughout), missing values (only observed periods enter), pandas objects (plain arrays enter).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.breaks.sample import Sample
from analysis.domain import FloatArray
from analysis.numerics.least_squares import least_squares
from analysis.numerics.partitions import best_partitions
from analysis.numerics.segments import segment_costs

NEAR = {"A": 1, "Q": 2, "M": 6, "W": 13, "D": 31}
"""Periods within which a detector is said to see a break."""


@dataclass(frozen=True, slots=True)
class Detector:
    """Breaks that one method finds.

    Attributes
    ----------
    name : str
    setting : str
        Cost and penalty in words.
    positions : tuple of int
        Observations before each break.
    """

    name: str
    setting: str
    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Detectors:
    """All second opinions, or why there are none.

    Attributes
    ----------
    found : tuple of Detector
    reason : str
        Empty unless ruptures cannot be used.
    """

    found: tuple[Detector, ...]
    reason: str

    def to_record(self, sample: Sample) -> list[dict[str, Any]]:
        """Return the contract's ``detectors``."""
        return [
            {
                "name": detector.name,
                "setting": detector.setting,
                "breaks": [str(sample.last_before(p)) for p in detector.positions],
            }
            for detector in self.found
        ]

    def agreement(self, sample: Sample, breaks: tuple[int, ...]) -> list[dict[str, Any]]:
        """Return, for every break and detector, the distance in periods to the nearest detected break."""
        near = NEAR[sample.series.frequency]
        rows = []
        for position in breaks:
            for detector in self.found:
                distances = [
                    int(sample.calendar[p - 1] - sample.calendar[position - 1]) for p in detector.positions
                ]
                closest = min(distances, key=lambda d: (abs(d), d)) if distances else None
                rows.append(
                    {
                        "period": str(sample.last_before(position)),
                        "detector": detector.name,
                        "distance": closest,
                        "within": near,
                        "sees": closest is not None and abs(closest) <= near,
                    }
                )
        return rows


def adjusted(sample: Sample) -> FloatArray:
    """Return the observed values less their common part at the fit without breaks, in units of its spread."""
    fit = least_squares(sample.y, np.column_stack([sample.changing, sample.common]))
    p = sample.common.shape[1]
    values = sample.y - (sample.common @ fit.params[-p:] if p else 0.0)
    if sample.model == "trend":
        values = fit.residuals
    centred = values - values.mean()
    spread: FloatArray = centred / np.sqrt(np.mean(centred**2))
    return spread


def second_opinions(sample: Sample, n_breaks: int) -> Detectors:
    """Run Dynp, Pelt, Binseg and KernelCPD.

    Parameters
    ----------
    sample : Sample
    n_breaks : int
        Dynp and Binseg are asked for this many breaks, or for one.
    """
    if sys.version_info >= (3, 14):
        return Detectors((), "ruptures has no release for this Python")
    try:
        import ruptures
    except ImportError:
        return Detectors((), "ruptures is not installed")
    values = adjusted(sample)
    signal = values[:, None]
    n, h = sample.n, sample.min_length
    wanted = max(n_breaks, 1)
    costs = segment_costs(values, np.ones((n, 1)), h)
    squares = _least_squares_cost(ruptures.base.BaseCost, costs, h)
    variance = best_partitions(costs, h, sample.max_breaks).ssr[-1] / n
    penalty = 2 * np.log(n)
    linear = penalty * max(float(variance), 1e-12)
    searches = (
        (
            "Dynp",
            f"least squares, {wanted} breaks asked for",
            ruptures.Dynp(custom_cost=squares, min_size=h, jump=1).fit(signal).predict(n_bkps=wanted),
        ),
        (
            "Pelt",
            "least squares, penalty 2 ln n times the residual variance",
            ruptures.Pelt(custom_cost=squares, min_size=h, jump=1).fit(signal).predict(pen=linear),
        ),
        (
            "Binseg",
            f"least squares, {wanted} breaks asked for",
            ruptures.Binseg(custom_cost=squares, min_size=h, jump=1).fit(signal).predict(n_bkps=wanted),
        ),
        (
            "KernelCPD",
            "Gaussian kernel, penalty ln n",
            ruptures.KernelCPD(kernel="rbf", min_size=h, jump=1).fit(signal).predict(pen=penalty / 2),
        ),
    )
    return Detectors(
        tuple(
            Detector(name, setting, tuple(int(b) for b in ends if b < n)) for name, setting, ends in searches
        ),
        "",
    )


def _least_squares_cost(base: Any, costs: FloatArray, min_size: int) -> Any:
    """Return a cost for ruptures that looks up sums of squares computed once for all segments."""

    class TabulatedCost(base):  # type: ignore[misc]  # ruptures publishes no types
        """Sum of squares around the mean of a segment."""

        model = "tabulated least squares"

        def __init__(self) -> None:
            self.min_size = min_size
            self.signal: Any = None

        def fit(self, signal: FloatArray) -> TabulatedCost:
            self.signal = signal
            return self

        def error(self, start: int, end: int) -> float:
            return float(costs[start, end])

    return TabulatedCost()
