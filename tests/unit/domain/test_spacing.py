"""The frequency of a series is the spacing of its dates, in files and in pandas alike."""

from datetime import date

import pandas as pd
import pytest

from analysis.domain import Event, EventTable, Period, TradeSeries, Window
from analysis.domain.spacing import frequency_of_days
from analysis.errors import InputError


@pytest.mark.parametrize(
    ("rule", "frequency"),
    [
        ("MS", "M"), ("ME", "M"), ("BMS", "M"), ("BME", "M"), ("SME", None), ("QS", "Q"), ("QE", "Q"),
        ("BQE", "Q"), ("BQS", "Q"), ("QE-FEB", "Q"), ("YS", "A"), ("YE", "A"), ("YE-JUN", "A"), ("BYE", "A"),
        ("W-SUN", "W"), ("W-FRI", "W"), ("W-WED", "W"), ("D", "D"), ("B", "D"), ("WOM-3FRI", "M"),
        ("2D", None), ("2W", None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("count", [9, 40])
def test_dates_of_pandas_rules(rule, frequency, count):
    days = [stamp.date() for stamp in pd.date_range("2013-01-31", periods=count, freq=rule)]
    assert frequency_of_days(days) == frequency
    assert frequency_of_days(days[::-1]) == frequency
    if frequency not in (None, "D") and rule != "WOM-3FRI":
        assert frequency_of_days(days[:3] + days[4:]) == frequency, "a date dropped changes nothing"


@pytest.mark.parametrize("rule", ["MS", "ME", "BME", "QS", "BQE", "YE-JUN", "YS", "W-SUN", "D"])
def test_an_index_without_a_frequency_or_with_a_date_dropped_is_read(rule):
    index = pd.date_range("2013-01-31", periods=12, freq=rule)
    own = pd.Series(range(12), index=index, dtype=float)
    whole = TradeSeries.from_series(own)
    bare = TradeSeries.from_series(pd.Series(own.to_numpy(), index=pd.DatetimeIndex(index.to_numpy())))
    assert whole.periods == bare.periods
    assert len(whole) == 12
    dropped = TradeSeries.from_series(own.drop(index[5]), gaps="missing")
    assert dropped.periods == whole.periods
    assert dropped.n_observed == 11


def test_years_that_end_in_june_keep_their_name():
    june = pd.Series([1.0, 2.0, 3.0], index=pd.period_range("2012", periods=3, freq="Y-JUN"))
    assert [str(p) for p in TradeSeries.from_series(june).periods] == ["2012", "2013", "2014"]


def test_dates_without_a_regular_spacing_are_refused_with_what_decides():
    days = ["2016-01-04", "2016-01-19", "2016-02-27", "2016-02-29"]
    with pytest.raises(InputError, match="--frequency"):
        TradeSeries.from_values(days, [1, 2, 3, 4], gaps="missing")
    assert len(TradeSeries.from_values(days, [1, 2, 3, 4], gaps="missing", frequency="D")) == 57
    with pytest.raises(InputError, match="coarser"):
        TradeSeries.from_values(["2016", "2017"], [1, 2], frequency="M")


def test_months_written_once_a_quarter_are_quarters_unless_the_caller_decides():
    months = [f"{y}-{m:02d}" for y in (2014, 2015) for m in (3, 6, 9, 12)]
    assert [str(p) for p in TradeSeries.from_values(months, range(8)).periods][:2] == ["2014-Q1", "2014-Q2"]
    monthly = TradeSeries.from_values(months, range(8), gaps="missing", frequency="M")
    assert (len(monthly), monthly.n_observed) == (22, 8)


def test_months_written_once_a_year_are_years_and_a_month_missing_now_and_then_is_none():
    decembers = TradeSeries.from_values([f"{y}-12" for y in range(2010, 2016)], range(6))
    assert [str(p) for p in decembers.periods] == [str(y) for y in range(2010, 2016)]
    apart = TradeSeries.from_values(["2010-01", "2014-01", "2018-01", "2022-01"], range(4), gaps="missing")
    assert apart.frequency == "M", "four years apart is no spacing of years"


@pytest.mark.parametrize("forms", [("06-30", "12-31"), ("01", "07"), ("03-01", "09-01")])
def test_half_years_are_neither_quarters_nor_months_unless_the_caller_says_so(forms):
    halves = [f"{y}-{form}" for y in range(2010, 2014) for form in forms]
    with pytest.raises(InputError, match=r"are half-years, which is none of the frequencies.*--frequency M"):
        TradeSeries.from_values(halves, range(8), gaps="missing")
    assert TradeSeries.from_values(halves, range(8), gaps="missing", frequency="M").n_observed == 8


@pytest.mark.parametrize(
    ("text", "first", "last", "weeks"),
    [
        ("2015", "2015-W01", "2015-W53", 53),
        ("2016-02", "2016-W05", "2016-W08", 4),
        ("2016-Q1", "2016-W01", "2016-W13", 13),
    ],
)
def test_a_longer_period_on_a_weekly_calendar_is_the_weeks_whose_thursday_it_holds(text, first, last, weeks):
    window = Window.parse(text).on("W")
    assert (str(window.first), str(window.last), len(window)) == (first, last, weeks)


def test_every_week_belongs_to_one_month_and_weeks_know_their_days():
    weeks = [
        week
        for m in range(12 * 2000, 12 * 2020)
        for week in Window(Period("M", m), Period("M", m)).on("W").periods()
    ]
    assert [w.ordinal for w in weeks] == list(range(weeks[0].ordinal, weeks[0].ordinal + len(weeks)))
    assert str(Period.containing(date(2016, 1, 1), "W")) == "2015-W53"
    assert Period.parse("2015-W53").year == 2015
    assert (Period.parse("2015-W07").start, Period.parse("2015-W07").end) == (
        date(2015, 2, 9),
        date(2015, 2, 15),
    )
    with pytest.raises(InputError, match="no date of the calendar"):
        Period.parse("2016-W53")


@pytest.mark.parametrize(
    ("given", "last"),
    [
        ("2017", "2017-12-31"),
        ("2017-Q2", "2017-06-30"),
        ("2017-02", "2017-02-28"),
        ("2017-09-05", "2017-09-05"),
    ],
)
def test_an_end_is_the_last_day_of_what_it_names_and_a_beginning_the_first(given, last):
    (event,) = EventTable.from_rows([{"id": "e", "title": "E", "effective": "2016", "end": given}])
    assert isinstance(event, Event)
    assert (event.effective, event.end.isoformat()) == (date(2016, 1, 1), last)


def test_sums_over_spans_are_totals_and_need_no_rows():
    series = TradeSeries.from_values(
        ["2019-12", "2020-01..2020-02", "2020-03"], [5.0, 8.0, 4.0], rse=[0.0, 0.1, 0.0]
    )
    assert [o.value for o in series.observations] == [5.0, None, None, 4.0]
    (total,) = series.totals
    assert (str(total.window), total.value, total.rse) == ("2020-01..2020-02", 8.0, 0.1)
    year = TradeSeries.from_values(
        ["2019-12", "2020-01..2020-12", "2021-01"], [5.0, None, 4.0], gaps="missing"
    )
    assert year.totals == ()
    with pytest.raises(InputError, match="appears twice"):
        TradeSeries.from_values(["2019-12", "2020-01..2020-02", "2020-01..2020-02"], [1, 2, 3])
    with pytest.raises(InputError, match="only"):
        TradeSeries.from_values(["2020-01..2020-02"], [1])
