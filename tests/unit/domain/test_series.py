"""Series at the door: what is refused, what is kept, what is hashed."""

import numpy as np
import pandas as pd
import pytest

from analysis.domain import EventTable, TradeSeries, Window, canonical_json, digest, rounded
from analysis.errors import InputError, NotFoundError

PERIODS = ["2016-01", "2016-02", "2016-03"]


@pytest.mark.parametrize(
    ("periods", "values", "words"),
    [
        (["2016-01", "2016-01"], [1, 2], "2016-01 appears twice"),
        (["2016-01", "2016-03"], [1, 2], "no row for 2016-02"),
        (["2016-01", "January"], [1, 2], "'January' is not a period"),
        (["2016-01", "2016"], [1, 2], "not monthly"),
        (["2016-01"], ["ten"], "not a number"),
        (["2016-01"], [True], "not a number"),
        (["2016-01"], [float("inf")], "infinite"),
        (["2016-01"], [1, 2], "1 periods and 2 values"),
        ([], [], "empty"),
        (["0001-01", "9998-12"], [1, 2], "no row|periods"),
        (["9999-12"], [1], "beyond the year 9998"),
    ],
)
def test_rows_that_cannot_be_a_series_are_refused_by_place(periods, values, words):
    with pytest.raises(InputError, match=words):
        TradeSeries.from_values(periods, values, id="mine")


def test_rows_may_come_in_any_order_and_gaps_may_be_declared_missing():
    series = TradeSeries.from_values(["2016-04", "2016-01"], [4.0, 1.0], gaps="missing")
    assert [o.value for o in series.observations] == [1.0, None, None, 4.0]
    assert [o.status for o in series.observations] == ["A", "M", "M", "A"]
    assert series.n_observed == 2


def test_nan_and_none_are_missing_observations():
    series = TradeSeries.from_values(PERIODS, [1.0, float("nan"), None])
    assert np.isnan(series.values).tolist() == [False, True, True]


def test_the_callers_arrays_stay_his_own():
    values = [1.0, 2.0, 3.0]
    series = TradeSeries.from_values(PERIODS, values)
    with pytest.raises(ValueError, match="read-only"):
        series.values[0] = 9
    assert values == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    "index",
    [
        pd.period_range("2016-01", periods=3, freq="M"),
        pd.date_range("2016-01-01", periods=3, freq="MS"),
        pd.date_range("2016-01-31", periods=3, freq="ME"),
        pd.date_range("2016-01-01", periods=3, freq="BME"),
        pd.DatetimeIndex(["2016-03-01", "2016-02-01", "2016-01-01"])[::-1],
        pd.Index(PERIODS),
        pd.Index(["2016-01-31", "2016-02-29", "2016-03-31"]),
    ],
)
def test_pandas_series_are_read_whatever_their_index(index):
    series = TradeSeries.from_series(pd.Series([1.0, np.nan, 3.0], index=index, name="x"))
    assert [str(p) for p in series.periods] == PERIODS
    assert [o.value for o in series.observations] == [1.0, None, 3.0]
    assert series.id == "x"
    assert series.to_frame().loc["2016-03", "value"] == 3.0


def test_timestamps_with_hours_are_refused():
    index = pd.to_datetime(["2016-01-01 10:00", "2016-01-02 11:00"])
    with pytest.raises(InputError, match="times of day"):
        TradeSeries.from_series(pd.Series([1.0, 2.0], index=index))


def test_the_digest_sees_values_and_doubt_but_not_titles():
    base = TradeSeries.from_values(PERIODS, [1, 2, 3], id="a", title="A")
    assert base.digest() == TradeSeries.from_values(PERIODS[::-1], [3, 2, 1], id="b", title="B").digest()
    assert base.digest() != TradeSeries.from_values(PERIODS, [1, 2, 4]).digest()
    assert base.digest() != TradeSeries.from_values(PERIODS, [1, 2, 3], rse=0.01).digest()


def test_windows_outside_the_sample_are_refused():
    series = TradeSeries.from_values(PERIODS, [1, 2, 3])
    assert series.window("2016-02..2016-03")[1] == slice(1, 3)
    with pytest.raises(InputError, match=r"2016-02\.\.2016-05 reaches outside"):
        series.window(Window.parse("2016-02..2016-05"))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"id": "e", "title": "E"}, "'effective' is missing"),
        ({"id": "e", "title": "E", "effective": "soon"}, "not a date"),
        ({"id": "e", "title": "E", "effective": "2017", "shape": "wave"}, "shape 'wave'"),
        ({"id": "e", "title": "E", "effective": "2017-05", "end": "2017-01"}, "before 'effective'"),
        ({"id": "e", "title": "E", "effective": "2017", "lead": -1}, "whole number"),
        ({"id": "e", "title": "E", "effective": "2017", "colour": "red"}, "unknown field 'colour'"),
    ],
)
def test_events_that_cannot_be_read_are_refused_by_row(row, words):
    with pytest.raises(InputError, match=words):
        EventTable.from_rows([row])


def test_event_tables_have_unique_ids_and_come_back_from_frames():
    rows = [
        {"id": "a", "title": "A", "effective": "2017"},
        {"id": "b", "title": "B", "effective": "2016-05-04"},
    ]
    table = EventTable.from_frame(pd.DataFrame(rows))
    assert table.ids == ("a", "b")
    assert table.chronological().ids == ("b", "a")
    assert table.digest() == EventTable.from_rows(rows[::-1]).digest()
    with pytest.raises(InputError, match="'a' appears twice"):
        EventTable.from_rows([rows[0], rows[0]])
    with pytest.raises(NotFoundError, match="no event 'c'"):
        _ = table["c"]


def test_records_keep_twelve_digits_and_refuse_what_is_no_answer():
    assert canonical_json({"b": 1 / 3, "a": (1, None, -0.0)}) == '{"a":[1,null,0.0],"b":0.333333333333}'
    assert digest({"x": 1.0}) == digest({"x": 1.0 + 1e-15})
    assert rounded(np.float64(2.5)) == 2.5
    with pytest.raises(InputError, match="not finite"):
        canonical_json([float("nan")])
