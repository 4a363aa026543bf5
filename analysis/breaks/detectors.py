"""The change point methods of ruptures under their own names, on the series less its seasonal means.

The searches are theirs; the least squares cost is looked up in our table of all segments, which is 10 times
faster than theirs and equal to it. They assume independent errors and find many breaks in autocorrelated
series; that is why they stand beside the answer and do not give it. Guarded against: sub-sampled search
(``jump=1`` throughout), missing values (only observed periods enter), pandas objects (plain arrays enter).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.breaks.sample import Model, Sample, Scale, build_sample
from analysis.domain import Cell, FloatArray, Result, TradeSeries
from analysis.domain.declared import RegimeChoice
from analysis.domain.results import plain_table
from analysis.errors import CannotEstimateError, UsageError
from analysis.numerics.least_squares import least_squares
from analysis.numerics.partitions import best_partitions
from analysis.numerics.segments import segment_costs

NEAR = {"A": 1, "Q": 2, "M": 6, "W": 13, "D": 31}
"""Periods within which a detector is said to see a break."""


NAMES = {"pelt": "Pelt", "dynp": "Dynp", "binseg": "Binseg", "kernel": "KernelCPD"}
CAVEAT = (
    "The detectors of ruptures assume independent errors: in autocorrelated series without a break they find "
    "many (docs/methods/breaks.md)."
)


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


@dataclass(frozen=True)
class Detection(Result):
    """Breaks in one series by one detector of ruptures, asked for by name.

    Attributes
    ----------
    sample : Sample
    found : Detector
    """

    sample: Sample
    found: Detector

    def to_record(self) -> dict[str, Any]:
        """Return detector, setting, sample and breaks (the last period before each)."""
        series = self.sample.series
        return {
            "series": series.id,
            "detector": self.found.name,
            "setting": self.found.setting,
            "sample": {"first": str(series.first), "last": str(series.last), "n": self.sample.n},
            "breaks": self.periods,
            "caveat": CAVEAT,
        }

    @property
    def periods(self) -> list[str]:
        """Last period before each break."""
        return [str(self.sample.last_before(p)) for p in self.found.positions]

    def heading(self) -> str:
        """Return one line above the table."""
        return f"Breaks in {self.sample.series.title} by ruptures' {self.found.name} ({self.found.setting})"

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return one row for each break."""
        return ("last before",), [[period] for period in self.periods]

    def notes(self) -> Sequence[str]:
        """Return what the detector does not know."""
        return (CAVEAT,)


def detect_breaks(
    series: TradeSeries,
    method: str,
    *,
    n_breaks: int | None = None,
    penalty: float | None = None,
    model: Model = "mean",
    scale: Scale | None = None,
    seasonal: bool | None = None,
    max_breaks: int = 5,
    trimming: float = 0.15,
    regime: RegimeChoice = None,
    controls: object = None,
) -> Detection:
    """Find breaks by one detector of ruptures.

    Parameters
    ----------
    series : TradeSeries
    method : {"pelt", "dynp", "binseg", "kernel"}
    n_breaks : int, optional
        How many breaks; ``dynp`` needs it, ``pelt`` has no place for it.
    penalty : float, optional
        Cost of a break in units of the residual variance (``kernel``: of the kernel's cost); default 2 ln n
        (ln n). Not with `n_breaks`.
    model, scale, seasonal, max_breaks, trimming, regime, controls
        As in `find_breaks`: what is taken out of the series before, and the shortest segment.

    Raises
    ------
    UsageError
        If the method does not exist, or is asked for what it does not take.
    CannotEstimateError
        If ruptures cannot be used, or the sample is too short for so many breaks.

    References
    ----------
    Truong, Oudre & Vayatis (2020), Signal Processing 167, 107299; Killick, Fearnhead & Eckley (2012), JASA
    107, 1590-1598.
    """
    if method not in NAMES:
        raise UsageError(f"method is one of {', '.join(NAMES)}, not '{method}'", pointer="/options/method")
    if n_breaks is not None and (penalty is not None or method == "pelt"):
        raise UsageError("pelt takes a penalty, the others a number of breaks or a penalty, not both")
    if method == "dynp" and n_breaks is None:
        raise UsageError("dynp needs the number of breaks", pointer="/options/n_breaks")
    sample = build_sample(
        series,
        model=model,
        scale=scale,
        seasonal=seasonal,
        max_breaks=max_breaks,
        trimming=trimming,
        regime=regime,
        controls=controls,
    )
    searches = _Searches.of(sample)
    if isinstance(searches, str):
        raise CannotEstimateError(searches)
    if n_breaks is not None and not 1 <= n_breaks < sample.n // sample.min_length:
        raise CannotEstimateError(
            f"{sample.n} observations hold no {n_breaks} breaks with {sample.min_length} in each segment"
        )
    return Detection(sample, searches.run(NAMES[method], n_breaks, penalty))


def second_opinions(sample: Sample, n_breaks: int) -> Detectors:
    """Run Dynp, Pelt, Binseg and KernelCPD.

    Parameters
    ----------
    sample : Sample
    n_breaks : int
        Dynp is asked for this many breaks, or for one; Binseg for this many, or by its penalty for none.
    """
    searches = _Searches.of(sample)
    if isinstance(searches, str):
        return Detectors((), searches)
    asked = (
        ("Dynp", max(n_breaks, 1)),
        ("Pelt", None),
        ("Binseg", n_breaks or None),
        ("KernelCPD", None),
    )
    return Detectors(tuple(searches.run(name, count, None) for name, count in asked), "")


def detector_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the detectors of a record of breaks as a plain table, at no breaks too."""
    cells = [[row["name"], row["setting"], ", ".join(row["breaks"]) or "none"] for row in rows]
    return plain_table(("ruptures", "setting", "last before each break"), cells) if cells else ""


@dataclass(frozen=True)
class _Searches:
    """The searches of ruptures on one series, with the cost of every segment tabulated."""

    ruptures: Any
    values: FloatArray
    costs: FloatArray
    min_length: int
    variance: float

    @classmethod
    def of(cls, sample: Sample) -> _Searches | str:
        """Return the searches, or why ruptures cannot be used."""
        if sys.version_info >= (3, 14):
            return "ruptures has no release for this Python"
        try:
            import ruptures
        except ImportError:
            return "ruptures is not installed"
        values = adjusted(sample)
        n, h = sample.n, sample.min_length
        costs = segment_costs(values, np.ones((n, 1)), h)
        variance = float(best_partitions(costs, h, sample.max_breaks).ssr[-1] / n)
        return cls(ruptures, values, costs, h, max(variance, 1e-12))

    def run(self, name: str, n_breaks: int | None, penalty: float | None) -> Detector:
        """Return the breaks that one search finds, by their number or by a penalty."""
        n = len(self.values)
        options = {"min_size": self.min_length, "jump": 1}
        if name == "KernelCPD":
            search = self.ruptures.KernelCPD(kernel="rbf", **options)
            unit, words, usual = 1.0, "Gaussian kernel, penalty ln n", np.log(n)
        else:
            cost = _least_squares_cost(self.ruptures.base.BaseCost, self.costs, self.min_length)
            search = getattr(self.ruptures, name)(custom_cost=cost, **options)
            unit, usual = self.variance, 2 * np.log(n)
            words = "least squares, penalty 2 ln n times the residual variance"
        if n_breaks is not None:
            words = f"{words.split(',', maxsplit=1)[0]}, {n_breaks} breaks asked for"
            ends = search.fit(self.values[:, None]).predict(n_bkps=n_breaks)
        else:
            if penalty is not None:
                words = words.replace("2 ln n" if name != "KernelCPD" else "ln n", f"{penalty:g}")
            ends = search.fit(self.values[:, None]).predict(
                pen=unit * (usual if penalty is None else penalty)
            )
        return Detector(name, words, tuple(int(b) for b in ends if b < n))


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
