"""How long evidence takes, beside one fit and beside refitting anew: one run, one table.

``python -m benchmarks.evidence`` prints seconds of wall clock and of this process, and the ratio to one
fit of the same series. The curve refits from shared quadratic forms; ``anew`` is what the same number of
specifications would take if each were fitted from the beginning, from ten of them.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from analysis import catalogue
from analysis.attribution import AttributionResult, attribute
from analysis.attribution.evidence import (
    LeaveOneOut,
    ParametricPlacebo,
    PlaceboDates,
    PreTrend,
    SpecificationCurve,
)
from analysis.domain import NO_DESIGN, TradeSeries
from analysis.interventions import fit_interventions

CURVE = SpecificationCurve(wanted=200)
SAMPLE_OF_FITS = 10
CHECKS = (LeaveOneOut(), PreTrend(), PlaceboDates(), ParametricPlacebo(), CURVE)
WINDOWS = {"start": "2016", "end": "2018"}


@dataclass(frozen=True)
class Case:
    """One series to time."""

    words: str
    series: TradeSeries
    answer: AttributionResult


def cases() -> list[Case]:
    """Return monthly trade with and without its regime, and the yearly headline."""
    monthly = catalogue.series("dprk.exports.china.m")
    events = catalogue.events(series=monthly)
    annual = catalogue.series("dprk.total.a")
    plain = replace(monthly, design=replace(NO_DESIGN, lunar_new_year=True))
    return [
        Case("monthly, with regime", monthly, attribute(monthly, events, evidence="none", **WINDOWS)),
        Case("monthly, no regime", plain, attribute(plain, events, evidence="none", regime=[], **WINDOWS)),
        Case("yearly", annual, attribute(annual, evidence="none", **WINDOWS)),
    ]


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return seconds of wall clock and of this process."""
    wall, own = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - own


def main() -> None:
    """Print the table."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"{machine}; Python {platform.python_version()}")
    print(f"{'':24} {'':28} {'wall s':>8} {'cpu s':>8} {'fits':>8}")
    for case in cases():

        def fit(case: Case = case) -> None:
            regime = list(case.answer.fit.regimes)
            fit_interventions(case.series, case.answer.fit.events, regime=regime, outliers=False)

        fit()
        single = timed(fit)
        show(case.words, "one fit", single, single[1])
        for check in CHECKS:
            if check.validate(case.answer) is None:
                show(
                    case.words,
                    check.name,
                    timed(lambda check=check, case=case: check.run(case.answer)),
                    single[1],
                )
        anew = timed(lambda fit=fit: [fit() for _ in range(SAMPLE_OF_FITS)])
        share = CURVE.wanted / SAMPLE_OF_FITS
        show(case.words, f"{CURVE.wanted} specifications anew", (anew[0] * share, anew[1] * share), single[1])


def show(words: str, name: str, seconds: tuple[float, float], single: float) -> None:
    """Print one line."""
    print(f"{words:24} {name:28} {seconds[0]:8.2f} {seconds[1]:8.2f} {seconds[1] / single:8.1f}", flush=True)


if __name__ == "__main__":
    main()
