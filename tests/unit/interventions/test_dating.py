"""Shares in force, counted by hand."""

from datetime import date

import numpy as np
import pytest

from analysis.domain import Event, EventTable, Period
from analysis.interventions.dating import coarse_column, first_period, in_logs, share_in_force

MONTHS = [Period.parse("2017-06") + k for k in range(12)]
YEARS = [Period.parse("2014") + k for k in range(8)]


def caller(effective: str, **fields):
    return EventTable.from_rows([{"id": "e", "title": "E", "effective": effective, **fields}]).events[0]


def resolution(adopted: str, partial: str, full: str, **fields) -> Event:
    day = date.fromisoformat(adopted)
    return Event(
        "r",
        "R",
        day,
        "un_resolution",
        day,
        Period.parse(partial),
        Period.parse(full),
        catalogue=True,
        **fields,
    )


def at(shares, month: str) -> float:
    return float(shares[MONTHS.index(Period.parse(month))])


def test_day_rule_counts_the_day_itself():
    shares = share_in_force(caller("2017-09-05"), MONTHS, "full")
    assert at(shares, "2017-08") == 0
    assert at(shares, "2017-09") == pytest.approx(26 / 30)
    assert at(shares, "2017-10") == 1


def test_the_first_of_a_month_is_in_full_force_that_month():
    assert at(share_in_force(caller("2017-09-01"), MONTHS, "full"), "2017-09") == 1


def test_the_end_is_inclusive():
    shares = share_in_force(caller("2017-07-01", end="2017-10-10"), MONTHS, "full")
    assert at(shares, "2017-10") == pytest.approx(10 / 31)
    assert at(shares, "2017-11") == 0


def test_three_datings_of_a_resolution():
    r = resolution("2017-08-05", "2017-08", "2017-10")
    full, ramp, adopted = (share_in_force(r, MONTHS, d) for d in ("full", "ramp", "adopted"))
    assert [at(full, m) for m in ("2017-08", "2017-09", "2017-10")] == [0, 0, 1]
    assert [at(ramp, m) for m in ("2017-07", "2017-08", "2017-09", "2017-10")] == pytest.approx(
        [0, 1 / 3, 2 / 3, 1]
    )
    assert at(adopted, "2017-08") == pytest.approx(27 / 31)
    assert at(adopted, "2017-09") == 1


def test_closures_keep_their_full_month_in_every_dating():
    day = date(2017, 9, 20)
    closure = Event(
        "c", "C", day, "border_closure", day, Period.parse("2017-09"), Period.parse("2017-10"), catalogue=True
    )
    for dating in ("full", "ramp", "adopted"):
        shares = share_in_force(closure, MONTHS, dating)
        assert [at(shares, m) for m in ("2017-09", "2017-10")] == [0, 1]


def test_an_end_date_leaves_full_and_ramp_through_its_month_and_counts_days_when_adopted():
    r = resolution("2017-08-05", "2017-08", "2017-10", end=date(2018, 1, 10))
    for dating in ("full", "ramp"):
        shares = share_in_force(r, MONTHS, dating)
        assert [at(shares, m) for m in ("2018-01", "2018-02")] == [1, 0]
    assert at(share_in_force(r, MONTHS, "adopted"), "2018-01") == pytest.approx(10 / 31)


def test_a_lead_moves_the_column_earlier():
    shares = share_in_force(caller("2017-09-05", lead=2), MONTHS, "full")
    assert at(shares, "2017-07") == pytest.approx(26 / 30)


def test_an_event_belongs_to_the_first_year_in_force_for_half_of_its_days():
    assert first_period(resolution("2016-03-02", "2016-04", "2016-05"), YEARS) == 2
    assert first_period(resolution("2017-08-05", "2017-08", "2017-10"), YEARS) == 4
    assert first_period(caller("2022-01-01"), YEARS) is None


def test_years_share_one_column_with_the_mean_of_the_days_from_the_full_month():
    first = resolution("2016-02-10", "2016-02", "2016-03")
    second = resolution("2016-03-02", "2016-04", "2016-05")
    column = coarse_column([first, second], YEARS)
    assert column[1] == 0
    assert column[2] == pytest.approx((306 / 366 + 245 / 366) / 2)
    assert column[3] == 1


def test_a_partial_month_carries_its_share_of_the_flow():
    share = np.array([0.0, 0.4, 1.0])
    column = in_logs(share, -2.0)
    np.testing.assert_allclose(np.exp(-2.0 * column), 1 - share + share * np.exp(-2.0))
    np.testing.assert_array_equal(in_logs(share, 0.0), share)
