"""What a window observed: printed totals in the place of missing periods, none that the window cuts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.attribution.timing.observed import observe
from analysis.domain import Period, Total, TradeSeries, Window

YEAR = np.arange(12, 24)
"""2014, in a sample that starts in 2013."""


def series(*missing: str, totals: tuple[Total, ...] = (), years: tuple[Total, ...] = (), rse: float = 0.0):
    first = Period.parse("2013-01")
    values = [None if str(first + t) in missing else 10.0 + t for t in range(36)]
    own = TradeSeries.from_values([first + t for t in range(36)], values, rse=rse)
    return replace(own, totals=totals, year_totals=years)


def total(text: str, value: float, rse: float = 0.0) -> Total:
    return Total(Window.parse(text).on("M"), value, rse)


def test_whole_windows_are_means_and_their_errors_independent():
    found = observe(series(rse=0.05), YEAR)
    assert found.mean == pytest.approx(np.mean(np.arange(22, 34)))
    assert found.sd == pytest.approx(0.05 * np.sqrt((np.arange(22, 34) ** 2).sum()) / 12)
    assert (found.seen, found.covered) == (12, 12)


def test_a_missing_month_takes_the_printed_total_of_the_year_not_the_mean_of_the_others():
    own = series("2014-01", "2014-02", years=(total("2014", 400.0, 0.01),))
    found = observe(own, YEAR)
    assert found.mean == pytest.approx(400 / 12)
    assert (found.seen, found.covered) == (10, 12)
    assert found.sd == pytest.approx(4.0 / 12)


def test_where_a_printed_total_is_the_sum_its_error_alone_counts():
    own = series("2014-01", "2014-02", years=(total("2014", 400.0, 0.01),), rse=0.05)
    assert observe(own, YEAR).sd == pytest.approx(4.0 / 12)


def test_the_total_of_another_year_or_of_a_year_that_the_window_cuts_is_not_used():
    own = series("2014-01", years=(total("2014", 400.0), total("2015", 9999.0)))
    cut = observe(own, np.arange(6, 18))
    assert cut.covered == 11
    assert cut.mean == pytest.approx(np.mean([10 + t for t in range(6, 18) if t != 12]))


def test_the_year_comes_before_a_span_and_a_span_inside_the_window_is_used():
    span = total("2014-03..2014-04", 77.0, 0.02)
    own = series("2014-03", "2014-04", totals=(span,))
    others = sum(10 + t for t in range(12, 24) if t not in (14, 15))
    assert observe(own, YEAR).mean == pytest.approx((others + 77) / 12)
    assert observe(own, YEAR).sd == pytest.approx(77 * 0.02 / 12)
    both = replace(own, year_totals=(total("2014", 400.0),))
    assert observe(both, YEAR).mean == pytest.approx(400 / 12)


def test_a_span_that_the_window_cuts_leaves_its_months_out():
    own = series("2014-12", "2015-01", totals=(total("2014-12..2015-01", 70.0),))
    found = observe(own, YEAR)
    assert found.covered == 11
    assert found.mean == pytest.approx(np.mean([10 + t for t in range(12, 23)]))


def test_a_span_with_an_observed_month_counts_that_month_once():
    own = series("2014-03", totals=(total("2014-03..2014-04", 70.0),))
    others = sum(10 + t for t in range(12, 24) if t not in (14, 15))
    assert observe(own, YEAR).mean == pytest.approx((others + 70) / 12)


def annual(value: float, rse: float = 0.1) -> TradeSeries:
    own = TradeSeries.from_values(["2017", "2018", "2019", "2020", "2021"], [900.0, 31.0, None, None, 1.0])
    bounds = Total(Window.parse("2019..2020").on("A"), value, rse)
    return replace(own, totals=(bounds,))


def test_a_span_that_is_negligible_gives_its_years_equal_parts_with_the_whole_as_their_bounds():
    """Uniform between 0 and the upper end of the whole: its sd is that over the root of twelve."""
    found = observe(annual(8.0), np.array([2]), negligible=9.5)
    assert found.mean == pytest.approx(4.0)
    assert found.sd == pytest.approx(8 * (1 + np.sqrt(3) * 0.1) / np.sqrt(12))
    assert found.enough


def test_a_span_above_the_bound_gives_nothing():
    assert not observe(annual(8.0), np.array([2]), negligible=9.3).enough
    assert not observe(annual(8.0), np.array([2])).enough


@pytest.mark.parametrize(("missing", "enough"), [(6, True), (7, False)])
def test_half_of_a_window_is_enough(missing, enough):
    own = series(*(f"2014-{m:02d}" for m in range(1, missing + 1)))
    assert observe(own, YEAR).enough is enough
