"""Every stability test on one series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.breaks.likelihood import error_weights, noise_with
from analysis.breaks.sample import Model, Sample, Scale, build_sample
from analysis.breaks.stability import (
    StabilityTest,
    chow_test,
    f_statistics,
    nyblom_hansen,
    ols_cusum,
    ols_mosum,
    recursive_cusum,
)
from analysis.breaks.unit_roots import (
    UnitRootTest,
    augmented_dickey_fuller,
    lee_strazicich,
    zivot_andrews,
)
from analysis.breaks.variance import seasonal_break, variance_break
from analysis.domain import Cell, FloatArray, Period, Result, TradeSeries
from analysis.domain.declared import RegimeChoice
from analysis.errors import CannotEstimateError, InputError
from analysis.numerics.break_likelihood import Whitening
from analysis.numerics.least_squares import least_squares

_TRENDING = (
    "supF, aveF, expF, OLS-CUSUM, OLS-MOSUM, Nyblom-Hansen: their distributions hold for regressors without "
    "a trend; find_breaks with model 'trend' has tests made for trends"
)


@dataclass(frozen=True)
class StabilityResult(Result):
    """Stability tests of one series.

    Attributes
    ----------
    sample : Sample
    rho : float
        AR(1) coefficient that was taken out before the tests that assume independent errors.
    factor : float
        Multiplier of the variance in declared stretches, taken out as well; 1 without any.
    tests : tuple of StabilityTest
    unit_roots : tuple of (str, UnitRootTest)
    refused : tuple of str
        Tests that do not apply, with the reason.
    """

    sample: Sample
    rho: float
    factor: float
    tests: tuple[StabilityTest, ...]
    unit_roots: tuple[tuple[str, UnitRootTest], ...]
    refused: tuple[str, ...]

    def _date(self, position: int | None) -> str | None:
        inside = position is not None and 0 < position < self.sample.n
        return str(self.sample.last_before(position)) if inside and position is not None else None

    def to_record(self) -> dict[str, Any]:
        """Return the tests as JSON-ready values."""
        sample = self.sample
        return {
            "series": sample.series.id,
            "sample": {"first": str(sample.series.first), "last": str(sample.series.last), "n": sample.n},
            "model": sample.words,
            "ar1": self.rho,
            "variance_factor": self.factor if sample.regimes else None,
            "tests": [test.to_record() | {"last_before": self._date(test.position)} for test in self.tests],
            "unit_roots": [
                {
                    "name": name,
                    "stat": test.statistic,
                    "critical": test.critical,
                    "last_before": [self._date(p) for p in test.positions],
                    "lags": test.lags,
                    "null": test.null,
                    "alternative": test.alternative,
                }
                for name, test in self.unit_roots
            ],
            "refused": list(self.refused),
        }

    def heading(self) -> str:
        """Return one line above the table."""
        series = self.sample.series
        return f"{series.title} ({series.id}): stability, AR(1) of {self.rho:.2f} taken out"

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return one row per test."""
        rows: list[list[Cell]] = [
            [test.name, test.statistic, test.pvalue, self._date(test.position), test.null]
            for test in self.tests
        ]
        for name, root in self.unit_roots:
            verdict = f"5 % critical value {root.critical['0.05']:g}"
            dates = ", ".join(filter(None, (self._date(p) for p in root.positions)))
            rows.append([name, root.statistic, None, dates, f"{root.null}; {verdict}"])
        return ("test", "statistic", "p", "last before", "null"), rows

    def notes(self) -> Sequence[str]:
        """Return what was refused, and why."""
        return self.refused


def check_stability(
    series: TradeSeries,
    *,
    model: Model = "mean",
    scale: Scale | None = None,
    seasonal: bool | None = None,
    trimming: float = 0.15,
    date: str | Sequence[str] | None = None,
    unit_roots: bool = False,
    regime: RegimeChoice = None,
) -> StabilityResult:
    """Run the stability tests on a series after its AR(1) part is taken out.

    Parameters
    ----------
    series : TradeSeries
    model, scale, seasonal, trimming
        As for `find_breaks`. With ``trend`` the tests whose distributions hold for non-trending regressors
        only are refused.
    date : str or sequence of str, optional
        First period after a break at a known date, for Chow's test with a HAC variance on the series itself;
        several are tested jointly.
    unit_roots : bool
        Add Zivot-Andrews and Lee-Strazicich on the seasonally adjusted series; the latter tries every pair
        of dates and takes seconds to minutes.
    regime
        As for `find_breaks`.

    Raises
    ------
    UsageError, InputError, CannotEstimateError
        As for `find_breaks`; `date` outside the sample is an InputError.
    """
    sample = build_sample(
        series, model=model, scale=scale, seasonal=seasonal, max_breaks=1, trimming=trimming, regime=regime
    )
    noise = noise_with(sample, ())
    weights = error_weights(sample, noise.factor)
    whitening = Whitening.of(noise.reml, sample.calendar)
    base = np.column_stack([sample.changing, sample.common])
    y, design = whitening.apply(sample.y * weights), whitening.apply(base * weights[:, None])
    refused: list[str] = []
    tests = [
        recursive_cusum(y, design),
        variance_break(least_squares(y, design).residuals),
    ]
    if model == "mean":
        tests = [*_stationary_tests(y, design, sample.changing.shape[1], trimming), *tests]
    else:
        refused.append(_TRENDING)
    try:
        tests.append(seasonal_break(sample, noise.reml, noise.factor))
    except CannotEstimateError as reason:
        refused.append(f"seasonal pattern: {reason.message}")
    if date is not None:
        dates = (date,) if isinstance(date, str) else tuple(date)
        positions = [_position(sample, Period.parse(one)) for one in dates]
        tests.append(chow_test(sample.y, sample.changing, sample.common, positions, "hac"))
    roots: tuple[tuple[str, UnitRootTest], ...] = ()
    if unit_roots and sample.missing:
        refused.append("unit roots: the tests need consecutive observations, and periods are missing")
    elif unit_roots:
        roots = _unit_roots(sample, base, trimming)
    return StabilityResult(sample, noise.reml, noise.factor, tuple(tests), roots, tuple(refused))


def _stationary_tests(y: FloatArray, design: FloatArray, q: int, trimming: float) -> list[StabilityTest]:
    """Return the tests whose distributions hold for regressors without a trend."""
    scan = f_statistics(y, design[:, :q], design[:, q:], trimming)
    return [
        *(scan.test(kind) for kind in ("sup", "ave", "exp")),
        ols_cusum(y, design),
        ols_mosum(y, design, trimming),
        nyblom_hansen(y, design),
    ]


def _unit_roots(sample: Sample, base: FloatArray, trimming: float) -> tuple[tuple[str, UnitRootTest], ...]:
    p = sample.common.shape[1]
    fit = least_squares(sample.y, base)
    adjusted = sample.y - (sample.common @ fit.params[-p:] if p else 0.0)
    return (
        ("augmented Dickey-Fuller", augmented_dickey_fuller(adjusted)),
        ("Zivot-Andrews C", zivot_andrews(adjusted, "C", trimming=trimming)),
        ("Lee-Strazicich C", lee_strazicich(adjusted, "C")),
    )


def _position(sample: Sample, period: Period) -> int:
    index = sample.series.index(period)
    position = int(np.searchsorted(sample.calendar, index))
    if not 0 < position < sample.n:
        raise InputError(f"{period} has no observed period on both sides of it in '{sample.series.id}'")
    return position
