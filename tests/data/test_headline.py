"""Headline rows that the note behind the chart states, on the real figures (all USD million)."""

from __future__ import annotations

import pytest

from analysis import catalogue

TO_THE_PRINTED_DIGIT = 0.5
"""Yearly totals are printed to one million."""


def by_year(name: str) -> dict[int, float]:
    series = catalogue.series(name)
    return {o.period.year: o.value for o in series.observations if o.value is not None}


def test_trade_peaked_in_2014_at_9953():
    total = by_year("dprk.total.a")
    assert max(total, key=total.__getitem__) == 2014
    assert total[2014] == pytest.approx(7611 + 2342.64, abs=TO_THE_PRINTED_DIGIT)
    kotra = by_year("dprk.total.kotra.a")
    assert max(kotra, key=kotra.__getitem__) == 2014


def test_the_total_with_kaesong_fell_every_year_from_2015_to_2018():
    total = by_year("dprk.total.a")
    expected = {2015: -987, 2016: -2104, 2017: -1311, 2018: -2677}
    for year, fall in expected.items():
        assert total[year] - total[year - 1] == pytest.approx(fall, abs=1), year


def test_it_rose_in_2019_at_both_bounds_of_the_unknown_part():
    series = catalogue.series("dprk.total.a")
    last, then = (series.observations[year - series.first.year] for year in (2018, 2019))
    assert last.value == pytest.approx(2874, abs=TO_THE_PRINTED_DIGIT)
    assert then.lower - last.value == pytest.approx(370, abs=TO_THE_PRINTED_DIGIT)
    assert then.upper - last.value == pytest.approx(383.4, abs=TO_THE_PRINTED_DIGIT)
    assert last.value < then.lower < then.upper


def test_the_fall_of_2016_is_smaller_than_the_fall_of_interkorean_trade():
    total, korea, rest = (
        by_year("dprk.total.a"),
        by_year("interkorean.total.a"),
        by_year("dprk.total.kotra.a"),
    )
    assert korea[2015] == pytest.approx(2714.48)
    assert korea[2016] == 333
    assert total[2016] - total[2015] == pytest.approx(-2104, abs=1)
    assert abs(total[2016] - total[2015]) < abs(korea[2016] - korea[2015])
    assert rest[2016] - rest[2015] == pytest.approx(277, abs=1), "trade with everybody else rose"


def test_the_deficit_widened_sharply_in_2017():
    balance = by_year("dprk.balance.kotra.a")
    assert balance[2016] == pytest.approx(-889, abs=1)
    assert balance[2017] == pytest.approx(-2006, abs=1)
    assert balance[2017] < 2 * balance[2016]


def test_2020_collapsed_to_about_a_quarter():
    series = catalogue.series("dprk.total.a")
    before, after = (series.observations[year - series.first.year] for year in (2019, 2020))
    assert after.value == pytest.approx(868.7, abs=TO_THE_PRINTED_DIGIT)
    assert after.upper / before.lower < 0.28
