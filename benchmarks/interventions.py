"""Speed of the joint model beside what users run today, as ratios measured in one run on one machine.

    python -m benchmarks.interventions

Times are processor seconds of one thread, the least of several, so that other work on the machine hardly
counts. R is not called: its figure is a stored one, with its origin, in a column of its own.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import statsmodels.api
import statsmodels.tsa.api

from analysis import catalogue
from analysis.domain import NO_DESIGN, EventTable, Period, TradeSeries
from analysis.interventions import fit_interventions
from analysis.numerics.fixed_sequence import normals

CONTROLLED = Path("tests/reference/data/speed_n180.csv")
"""180 months with three controls and one event, whose estimates by R's CausalImpact are known."""
R_SECONDS = 0.53
R_ORIGIN = (
    "R CausalImpact 1.4.1 (1,000 draws) on these 180 months, as issue 4 of this project states; "
    "its machine is not known"
)
SIX_EVENTS = ("2012-03-01", "2013-09-01", "2015-02-01", "2016-11-01", "2018-01-01", "2020-02-01")
TARGETS = {"plain": 0.060, "regime": 0.200}
RATIO_TARGET = 10.0


@dataclass(frozen=True)
class Line:
    """One line of the table: what, seconds if it is here, the target in words."""

    words: str
    seconds: float | None
    verdict: str = ""


def least(action: Callable[[], object], repeat: int = 9) -> float:
    """Return the least processor time of several runs, seconds; the first run is not counted."""
    action()
    times = []
    for _ in range(repeat):
        start = time.process_time()
        action()
        times.append(time.process_time() - start)
    return min(times)


def against(seconds: float, target: float) -> str:
    """Return the target and whether it is met."""
    return f"target {1000 * target:.0f} ms: {'met' if seconds < target else 'MISSED'}"


def six_events() -> tuple[TradeSeries, EventTable]:
    """Return 199 months with a season and six steps."""
    n = 199
    first = Period.parse("2008-01")
    steps = sum(-0.2 * (np.arange(n) >= Period.parse(day[:7]).ordinal - first.ordinal) for day in SIX_EVENTS)
    values = np.exp(5 + 0.2 * np.cos(np.arange(n) * np.pi / 6) + steps + 0.1 * normals((n,), 7))
    series = TradeSeries.from_values([first + t for t in range(n)], values.tolist(), id="six")
    rows = [{"id": f"e{k}", "title": f"Event {k}", "effective": day} for k, day in enumerate(SIX_EVENTS)]
    return series, EventTable.from_rows(rows)


def joint_lines() -> Iterator[Line]:
    """Time the joint model without its outlier and total dimensions, as its targets are stated."""
    series, events = six_events()
    for words, target, regime in (
        ("six events, 199 months", TARGETS["plain"], []),
        ("six events, 199 months, one regime of variance", TARGETS["regime"], ["2020-02..2022-12"]),
    ):
        seconds = least(
            lambda regime=regime: fit_interventions(
                series, events, regime=regime, outliers=False, totals=False
            )
        )
        yield Line(words, seconds, against(seconds, target))
    china = catalogue.series("dprk.exports.china.m")
    events = catalogue.events(series=china)
    china = replace(china, design=replace(NO_DESIGN, lunar_new_year=True))
    yield Line(
        "China's monthly imports from North Korea, all its events, outliers looked for",
        least(lambda: fit_interventions(china, events, regime=[]), repeat=3),
    )


def causalpy_line(frame: pd.DataFrame, controls: list[str], ours: float) -> Line:
    """Time CausalPy's interrupted time series by least squares on the same months, where it is installed.

    It fits the months before the event and projects them: no noise model, no interval.
    """
    words = "the same, CausalPy InterruptedTimeSeries with scikit-learn's OLS"
    if importlib.util.find_spec("causalpy") is None:
        return Line(words, None, "not here: pip install causalpy")
    causalpy, linear = importlib.import_module("causalpy"), importlib.import_module("sklearn.linear_model")
    dated = frame.assign(month=(np.arange(len(frame)) % 12).astype(str))
    dated.index = pd.DatetimeIndex(pd.to_datetime(frame["period"].astype(str)))
    formula = f"y ~ 1 + {' + '.join(controls)} + C(month)"

    def theirs() -> object:
        return causalpy.InterruptedTimeSeries(
            dated,
            pd.Timestamp("2016-01-01"),
            formula=formula,
            model=linear.LinearRegression(fit_intercept=False),
        )

    seconds = least(theirs)
    return Line(words, seconds, f"{seconds / ours:.1f} times ours; {causalpy.__version__}, no intervals")


def controlled_lines() -> Iterator[Line]:
    """Time three controls and one event beside statsmodels' structural model and R's stored figure."""
    frame = pd.read_csv(CONTROLLED, comment="#")
    periods, names = frame["period"].astype(str).tolist(), ["x1", "x2", "x3"]
    series = TradeSeries.from_values(periods, frame["y"].tolist(), id="speed")
    events = EventTable.from_rows([{"id": "e", "title": "Event", "effective": "2016-01-01"}])
    controls = {name: dict(zip(periods, frame[name], strict=True)) for name in names}
    ours = least(
        lambda: fit_interventions(
            series, events, scale="level", trend="none", controls=controls, outliers=False, totals=False
        )
    )
    yield Line("three controls, one event, 180 months", ours)
    after = (np.asarray(periods) >= "2016-01").astype(float)
    season = [(np.arange(len(frame)) % 12 == k).astype(float) for k in range(1, 12)]
    regressors = np.column_stack([frame[names].to_numpy(), after, *season])

    def theirs() -> object:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = statsmodels.tsa.api.UnobservedComponents(
                frame["y"].to_numpy(), level="local level", exog=regressors
            )
            return model.fit(disp=False)

    statsmodel = least(theirs, repeat=3)
    yield Line(
        "the same, statsmodels UnobservedComponents, one fit",
        statsmodel,
        f"{statsmodel / ours:.0f} times ours",
    )
    yield causalpy_line(frame, names, ours)
    ratio = R_SECONDS / ours
    verdict = "met" if ratio >= RATIO_TARGET else "MISSED"
    yield Line(
        "the same, R CausalImpact (stored)",
        R_SECONDS,
        f"{ratio:.0f} times ours; target {RATIO_TARGET:.0f}: {verdict}",
    )


def main() -> None:
    """Time, compare and print."""
    print(
        f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; Python "
        f"{platform.python_version()}, NumPy {np.__version__}, statsmodels {statsmodels.__version__}"
    )
    for line in (*joint_lines(), *controlled_lines()):
        taken = "-" if line.seconds is None else f"{1000 * line.seconds:.1f} ms"
        print(f"{line.words:80}{taken:>12}  {line.verdict}".rstrip(), flush=True)
    print(f"Stored: {R_ORIGIN}.")


if __name__ == "__main__":
    main()
