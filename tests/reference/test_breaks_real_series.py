"""Breaks of real series whose history is known, each with the reason why the answer has to be so."""

from __future__ import annotations

import numpy as np
import pytest

from analysis import catalogue
from analysis.breaks import BreakResult, find_breaks
from analysis.breaks.find import breaks_once
from analysis.domain import Period, TradeSeries
from tests.reference import reference_data


def _admits(found: BreakResult, period: str) -> bool:
    """Return whether the set of any break holds `period` as first of the new segment."""
    wanted = Period.parse(period)
    return any(
        Period.parse(low) + 1 <= wanted <= Period.parse(high) + 1
        for one in found.breaks
        for low, high in one.ci["set"]
    )


@pytest.fixture(scope="module")
def total() -> BreakResult:
    return breaks_once(catalogue.series("dprk.total.china.m"))


def test_trade_with_china_shows_the_fall_the_closure_and_the_reopening(total: BreakResult) -> None:
    """Monthly means of 489 (2016), 204 (2018), 27 (2021) and 228 million dollars (2025) are no constant mean.

    The sanctions of August to December 2017 cut it, the closed border of 2020 to 2022 once more; in January
    2023 freight trains had run again for months.
    """
    dated = {b.first_after: b for b in total.breaks}
    assert list(dated) == ["2011-03", "2017-09", "2020-10", "2023-01"]
    for date, percent in (("2017-09", -45), ("2020-10", -53), ("2023-01", 75)):
        assert dated[date].percent == pytest.approx(percent, abs=5)
    assert dated["2020-10"].pair == dated["2023-01"].pair
    closure = dated["2020-10"].temporary
    assert closure is not None
    assert closure["periods"] == 27
    assert total.guard_pvalue is not None
    assert total.guard_pvalue <= 0.05
    assert total.wandering_level["verdict"] == "steps"


def test_the_answer_without_the_declared_stretch_stands_beside(total: BreakResult) -> None:
    """The stretch begins at the closure of 2020-02, whose date it can hide: both answers are said."""
    beside = total.to_record()["with_one_variance"]
    assert beside is not None
    assert beside["bic_gain"] > 0
    sentence = next(line for line in total.sensitivity if "2020-02..2022-09" in line)
    assert "The data prefer the factor" in sentence
    assert "its date hides" in sentence
    assert not any("not there" in line for line in total.sensitivity)


def test_exports_to_china_end_with_the_bans_of_the_winter_of_2017() -> None:
    """Resolutions 2371 to 2397 forbade nearly all exports; the last took effect in January 2018."""
    found = breaks_once(catalogue.series("dprk.exports.china.m"))
    fall = min(found.breaks, key=lambda b: b.magnitude)
    assert fall.first_after in ("2018-01", "2018-02")
    assert fall.percent == pytest.approx(-78, abs=5)
    assert "unscr_2397" in {event["event_id"] for event in fall.events}


def test_the_annual_total_says_what_its_shortest_segment_can_see() -> None:
    """Thirty-four years hold segments of three: a closure of two years is a dip at most, and that is said."""
    found = breaks_once(catalogue.series("dprk.total.a"))
    assert found.sample.min_length == 3
    assert found.heading().endswith("a lasting change is one of 3 periods or more)")
    assert found.sensitivity[0].startswith("Two lasting breaks lie at least 3 observed periods apart here")


def test_the_nile_falls_in_1899_and_nothing_else_happens() -> None:
    """Cobb (1978): the only lasting change, about the first dam at Aswan and less rain, after 1898."""
    found = find_breaks(reference_data.series("nile"), scale="level")
    (only,) = found.breaks
    assert (only.last_before, only.kind) == ("1898", "step")
    assert only.magnitude == pytest.approx(-249, abs=15)


def test_seat_belts_show_the_law_of_january_1983() -> None:
    """Harvey and Durbin (1986): the law took effect on 31 January 1983, and its month is in the set."""
    found = find_breaks(reference_data.series("seatbelts", "drivers"))
    assert _admits(found, "1983-01")
    assert found.breaks[-1].magnitude < -0.1


def test_air_passengers_have_a_trend_and_no_break_of_level() -> None:
    """Box and Jenkins' series grows steadily: under a mean it would be all breaks; the rule sees a trend."""
    found = find_breaks(reference_data.series("airpassengers"))
    assert sum(found.sample.series.values) == 40_363
    assert found.sample.model == "trend"
    assert found.n_breaks == 0
    assert "trend by rule" in found.heading()


def test_inflation_rises_into_the_seventies_and_falls_with_volcker() -> None:
    """US consumer prices, quarterly at annual rates (statsmodels): up by 1973, down in 1981-82."""
    from statsmodels.datasets import macrodata

    values = macrodata.load_pandas().data["infl"].to_numpy(dtype=float)[1:]
    start = Period.parse("1959-Q2")
    series = TradeSeries.from_values([start + t for t in range(values.size)], values.tolist(), id="inflation")
    found = find_breaks(series, scale="level")
    rises = [b for b in found.breaks if b.magnitude > 0]
    falls = [b for b in found.breaks if b.magnitude < 0]
    assert rises
    assert falls
    assert _admits(found, "1973-Q2")
    assert "1981-Q1" <= falls[0].first_after <= "1982-Q4"
    assert np.isfinite(falls[0].se)
