"""Bai and Perron's tests and the information criteria on one sample, and what the tables cannot say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from analysis.breaks import bai_perron
from analysis.breaks.bai_perron import BreakRegression, Covariance, wald_f
from analysis.breaks.sample import Sample
from analysis.breaks.selection import InformationCriteria, information_criteria
from analysis.breaks.sized import NEGLIGIBLE
from analysis.errors import CannotEstimateError, UsageError
from analysis.numerics import critical_values
from analysis.numerics.critical_values import Critical
from analysis.numerics.partitions import Partitions

SHORT_FOR_HAC = 10
"""Observations in the shortest segment below which its long-run variance is hardly an estimate."""


@dataclass(frozen=True, slots=True)
class ClassicalTests:
    """Tests and criteria at the global minimisers of the sum of squares.

    Attributes
    ----------
    partitions : Partitions
    criteria : InformationCriteria
    covariance : Covariance
    sup_f : tuple of float or None
        supF(m) for m = 1, ...
    sequential : tuple of float or None
        supF(l + 1 given l) for l = 0, ...; 0 where no further break fits.
    repartitioned : tuple of tuple of int
        Breaks for m = 0, 1, ... re-estimated between their neighbours.
    trimming : float
    q : int
        Coefficients that change.
    trending : bool
    reasons : tuple of str
        What cannot be said, and why.
    """

    partitions: Partitions
    criteria: InformationCriteria
    covariance: Covariance
    sup_f: tuple[float | None, ...]
    sequential: tuple[float | None, ...]
    repartitioned: tuple[tuple[int, ...], ...]
    trimming: float
    q: int
    trending: bool
    reasons: tuple[str, ...]

    def critical_sup_f(self, m: int) -> Critical:
        """Critical values of supF(m); None where the tables do not hold."""
        return self._unless_trending(critical_values.sup_f(self.trimming, self.q, m))

    def critical_sequential(self, l: int) -> Critical:
        """Critical values of supF(l + 1 given l); None where the tables do not hold."""
        return self._unless_trending(critical_values.sequential_f(self.trimming, self.q, l))

    def _unless_trending(self, critical: Critical) -> Critical:
        return dict.fromkeys(critical) if self.trending else critical

    @property
    def n_sequential(self) -> int | None:
        """Breaks found by the sequential tests at 5 %; None outside the tables."""
        for count, statistic in enumerate(self.sequential):
            critical = self.critical_sequential(count)["0.05"]
            if critical is None or statistic is None:
                return None
            if statistic <= critical:
                return count
        return len(self.sequential)

    @property
    def chosen(self) -> tuple[int, ...]:
        """Global minimiser for the number of breaks that the sequential tests find.

        Raises
        ------
        UsageError
            If no table covers the trimming.
        CannotEstimateError
            If the statistics cannot be computed.
        """
        if critical_values.sup_f(self.trimming, self.q, 1)["0.05"] is None:
            allowed = ", ".join(f"{t:g}" for t in critical_values.BAI_PERRON_TRIMMINGS)
            raise UsageError(
                f"no critical values for trimming {self.trimming:g}: the tables of Bai and Perron have "
                f"{allowed}",
                pointer="/options/trimming",
            )
        count = self.n_sequential
        if count is None:
            raise CannotEstimateError(
                f"the sequential tests of Bai and Perron cannot be computed: {self.reasons[-1]}; "
                "use the default errors 'ar', 'iid', or a larger trimming"
            )
        return self.partitions.breaks[count]

    @property
    def selection(self) -> dict[str, Any]:
        """The contract's ``selection``, with the values behind it."""
        rows = [
            {
                "m": m,
                "ssr": float(self.partitions.ssr[m]),
                "bic": float(self.criteria.bic[m]),
                "lwz": float(self.criteria.lwz[m]),
                "kt": float(self.criteria.kt[m]),
                "breaks": list(self.partitions.breaks[m]),
                "repartition": list(self.repartitioned[m]),
            }
            for m in range(self.partitions.max_breaks + 1)
        ]
        return {**self.criteria.choices(), "sequential": self.n_sequential, "criteria": rows}

    def to_record(self) -> dict[str, Any]:
        """Return the contract's ``tests``."""
        sup_f = [
            {
                "m": m,
                "stat": statistic,
                "pvalue": self._p_value(statistic) if m == 1 else None,
                "critical": self.critical_sup_f(m),
            }
            for m, statistic in enumerate(self.sup_f, start=1)
        ]
        sequential = [
            {
                "l": count,
                "stat": statistic,
                "pvalue": self._p_value(statistic) if count == 0 else None,
                "critical": self.critical_sequential(count),
            }
            for count, statistic in enumerate(self.sequential)
        ]
        known = tuple(s for s in self.sup_f if s is not None)
        if len(known) == len(self.sup_f):
            highest, weighted = bai_perron.double_maxima(known, self.trimming, self.q)
        else:
            highest, weighted = None, dict.fromkeys(f"{level:.2f}" for level in critical_values.LEVELS)
        if self.trending:
            weighted = dict.fromkeys(weighted)
        return {
            "supF": sup_f,
            "UDmax": {"stat": highest, "critical": self._dmax(False), "pvalue": None},
            "WDmax": {
                "stat": weighted["0.05"],
                "stat_by_level": weighted,
                "critical": self._dmax(True),
                "pvalue": None,
            },
            "sequential": sequential,
            "covariance": self.covariance,
            "reasons": list(self.reasons),
        }

    def _dmax(self, weighted: bool) -> Critical:
        critical = critical_values.double_maximum(self.trimming, self.q, weighted)
        short = len(self.sup_f) < bai_perron.breaks_of_double_maxima(self.trimming)
        return dict.fromkeys(critical) if short else self._unless_trending(critical)

    def _p_value(self, statistic: float | None) -> float | None:
        if statistic is None or self.trending:
            return None
        return critical_values.hansen_p_value("sup", statistic, self.q, self.trimming)


def classical_tests(sample: Sample, covariance: Covariance) -> ClassicalTests:
    """Compute the tests and criteria of a sample for every number of breaks."""
    return tests_of(
        sample.regression,
        covariance,
        trimming=sample.trimming,
        max_breaks=sample.max_breaks,
        trending=sample.model == "trend",
    )


def tests_of(
    model: BreakRegression, covariance: Covariance, *, trimming: float, max_breaks: int, trending: bool
) -> ClassicalTests:
    """Compute the tests and criteria for every number of breaks.

    Parameters
    ----------
    model : BreakRegression
    covariance : {"iid", "hc", "hac"}
    trimming : float
        By which the tables are read.
    max_breaks : int
    trending : bool
        Whether a regressor has a trend, so that no table holds.
    """
    partitions = model.partitions(max_breaks)
    q = model.changing.shape[1]
    reasons: list[str] = []
    if trending:
        reasons.append(
            "The tables of Bai and Perron hold for non-trending regressors only: their statistics stand "
            "without critical values"
        )
    elif not bai_perron.breaks_of_double_maxima(trimming):
        reasons.append(f"Bai and Perron tabulate no critical values for trimming {trimming:g}")
    elif critical_values.sup_f(trimming, q, 1)["0.05"] is None:
        reasons.append(f"Bai and Perron tabulate no critical values for {q} changing coefficients")
    elif max_breaks < bai_perron.breaks_of_double_maxima(trimming):
        reasons.append(
            f"UDmax and WDmax have no critical values here: they are tabulated for up to "
            f"{bai_perron.breaks_of_double_maxima(trimming)} breaks, and {max_breaks} were searched"
        )
    if covariance == "hac" and model.min_length < SHORT_FOR_HAC:
        reasons.append(
            f"The HAC variances behind supF rest on segments of as few as {model.min_length} observations"
        )
    sup_f: list[float | None] = []
    sequential: list[float | None] = []
    perfect = False
    for breaks in partitions.breaks:
        m = len(breaks)
        perfect = perfect or bool(partitions.ssr[m] <= NEGLIGIBLE * partitions.ssr[0])
        if m:
            sup_f.append(None if perfect else _unless_refused(wald_f, model, breaks, covariance, reasons))
        if m < max_breaks:
            sequential.append(
                None if perfect else _unless_refused(_next_f, model, breaks, covariance, reasons)
            )
    if perfect:
        reasons.append(
            "Some segments fit without any error: the statistics of Bai and Perron have no value there"
        )
    return ClassicalTests(
        partitions,
        information_criteria(model, partitions),
        covariance,
        tuple(sup_f),
        tuple(sequential),
        tuple(bai_perron.repartition(model, breaks) for breaks in partitions.breaks),
        trimming,
        q,
        trending,
        tuple(dict.fromkeys(reasons)),
    )


def _next_f(model: BreakRegression, breaks: tuple[int, ...], covariance: Covariance) -> float:
    found = bai_perron.sequential_f(model, breaks, covariance)
    return found[0] if found else 0.0


def _unless_refused(
    statistic: Callable[[BreakRegression, tuple[int, ...], Covariance], float],
    model: BreakRegression,
    breaks: tuple[int, ...],
    covariance: Covariance,
    reasons: list[str],
) -> float | None:
    """Return the statistic, or None and its reason in words."""
    try:
        return statistic(model, breaks, covariance)
    except CannotEstimateError as refusal:
        reasons.append(f"Some statistics of Bai and Perron have no value: {refusal.message}")
        return None
