"""Periods and windows: parsing, calendars, arithmetic."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.domain import Period, Window, parse_day
from analysis.errors import InputError


@pytest.mark.parametrize(
    ("text", "start", "end", "days"),
    [
        ("2016", date(2016, 1, 1), date(2016, 12, 31), 366),
        ("2016-Q1", date(2016, 1, 1), date(2016, 3, 31), 91),
        ("2017-Q4", date(2017, 10, 1), date(2017, 12, 31), 92),
        ("2016-02", date(2016, 2, 1), date(2016, 2, 29), 29),
        ("2016-12", date(2016, 12, 1), date(2016, 12, 31), 31),
        ("2016-03-01", date(2016, 3, 1), date(2016, 3, 1), 1),
    ],
)
def test_a_period_knows_its_days(text, start, end, days):
    period = Period.parse(text)
    assert (period.start, period.end, period.days, str(period)) == (start, end, days, text)


@pytest.mark.parametrize(
    "text", ["2016-13", "2016-Q5", "2016-02-30", "16-02", "2016-2", "", "March", "0000", "２０１６"]
)
def test_what_is_no_period_is_refused_by_name(text):
    with pytest.raises(InputError, match="write 2016"):
        Period.parse(text)


@given(st.sampled_from("AQMD"), st.integers(1, 3000), st.integers(-50, 50))
def test_text_and_arithmetic_come_back(frequency, years, steps):
    ordinal = {"A": years, "Q": 4 * years + 1, "M": 12 * years + 5, "D": 365 * years}[frequency]
    period = Period(frequency, ordinal)
    assert Period.parse(str(period)) == period
    assert (period + steps) - period == steps
    assert Period.containing(period.end, frequency) == period
    assert (period + 1).start.toordinal() == period.end.toordinal() + 1


def test_a_year_on_a_monthly_calendar_is_its_twelve_months():
    window = Window.parse("2015").on("M")
    assert (str(window), len(window)) == ("2015-01..2015-12", 12)
    assert Period.parse("2015-06") in window
    assert Period.parse("2016-01") not in window


@pytest.mark.parametrize(
    ("text", "words"),
    [("2016..2015", "ends before"), ("2015..2015-03", "different frequency"), ("..", "not a period")],
)
def test_windows_that_make_no_sense_are_refused(text, words):
    with pytest.raises(InputError, match=words):
        Window.parse(text)


def test_a_finer_window_on_a_coarser_calendar_is_refused():
    with pytest.raises(InputError, match="finer"):
        Window.parse("2015-01..2015-06").on("A")


def test_a_month_or_a_year_as_a_date_means_its_first_day():
    assert parse_day("2017-09") == date(2017, 9, 1)
    assert parse_day("2017") == date(2017, 1, 1)
    with pytest.raises(InputError, match="'end' is not a date"):
        parse_day("soon", "end")
