"""Rows of many series: scales, errors, sums, events that share a column. Their numbers: `test_engine.py`."""

import numpy as np
import pytest

from analysis.domain import EventTable, Period, TradeSeries
from analysis.errors import InputError, UsageError
from analysis.interventions import fit_interventions
from analysis.interventions.panel import fit_panel
from tests.worlds import ar1, monthly, normals, steps, table

FIRST, LENGTH = "2012-01", 120
MONTHS = {"a": "2014-05", "b": "2016-10", "c": "2017-01", "d": "2017-02", "e": "2019-06"}
SIZES = dict(zip(MONTHS.values(), (-0.3, 0.2, -0.4, -0.3, 0.5), strict=True))
SAME_ANSWER = 1e-9
"""Of an interval's width: one engine."""
FOUR = ("estimate", "se", "lower", "upper")


def world(
    number: int, *, rho: float = 0.5, missing: tuple[int, ...] = (), spike: int | None = None
) -> TradeSeries:
    logs = 4 + steps(FIRST, LENGTH, SIZES) + ar1(500 + number, LENGTH, rho, 0.2)
    logs = logs + 0.1 * np.sin(np.arange(LENGTH) * np.pi / 6)
    if spike is not None:
        logs[spike] += 2.5
    logs[list(missing)] = np.nan
    return monthly(FIRST, logs, id=f"w{number}")


WORLDS = [
    world(0),
    world(1, rho=0.9),
    world(2, rho=0.0),
    world(3, missing=(7, 50, 51, 90)),
    world(4, missing=(0, 119)),
    world(5, spike=30),
    world(6, missing=(7, 50, 51, 90), spike=70),
]


def whole() -> EventTable:
    return table(**MONTHS)


def partial() -> EventTable:
    rows = [{"id": k, "title": k, "effective": f"{month}-12"} for k, month in MONTHS.items()]
    rows[0]["end"] = "2015-03-20"
    return EventTable.from_rows(rows)


def numbers(rows: object) -> np.ndarray:
    return np.array([[r.estimate, r.se, r.lower, r.upper] for r in rows], dtype=np.float64)


def deviation(found: np.ndarray, expected: np.ndarray) -> float:
    width = (expected[..., 3] - expected[..., 2])[..., None]
    return float((np.abs(found - expected) / width).max())


def test_answers_of_fit_interventions_with_groups_and_grades():
    events = whole()
    result = fit_panel(WORLDS, events)
    for series, rows in zip(WORLDS, result.series, strict=True):
        effects = fit_interventions(series, events).effects
        assert [r.event_id for r in rows] == [e.event_id for e in effects]
        assert [r.group for r in rows] == [e.group for e in effects], series.id
        assert [r.grade for r in rows] == [e.grade for e in effects], series.id
        assert deviation(numbers(rows), numbers(effects)) < SAME_ANSWER, series.id
        assert max(abs(r.p_sign - e.p_sign) for r, e in zip(rows, effects, strict=True)) < SAME_ANSWER


def test_a_series_with_a_zero_does_not_change_the_unit_of_its_rows():
    """A request is on one scale: logs by default, with the remedy in the row, or levels for all."""
    values = np.exp(np.log(WORLDS[0].values)) - 40.0
    crossing = TradeSeries.from_values(WORLDS[0].periods, list(values), id="crossing")
    bad = int(np.flatnonzero(values <= 0)[0])
    together = fit_panel([WORLDS[1], crossing, WORLDS[2]], whole())
    assert [rows[0].status for rows in together.series] == ["ok", "error", "ok"]
    assert [rows[0].scale for rows in together.series] == ["log", "", "log"]
    sentence = together.series[1][0].error
    assert str(crossing.periods[bad]) in sentence
    assert "scale=level" in sentence
    levels = fit_panel([WORLDS[1], crossing], whole(), scale="level")
    for one, rows in zip((WORLDS[1], crossing), levels.series, strict=True):
        assert {row.scale for row in rows} == {"level"}
        assert all(row.cells()[2] is None for row in rows)
        expected = numbers(fit_interventions(one, whole(), scale="level").effects)
        assert deviation(numbers(rows), expected) < SAME_ANSWER


def test_a_series_without_events_is_a_row_and_an_answer():
    none = EventTable(())
    assert [(r.status, r.event_id, r.estimate) for r in fit_panel([WORLDS[0]], none).rows] == [
        ("ok", "", None)
    ]
    record = fit_interventions(WORLDS[0], none).to_record()
    assert record["effects"] == []
    assert record["diagnostics"]["noise"]["stationary_sd"] > 0
    assert len(record["counterfactual"]) == LENGTH


def test_bad_series_are_rows_with_the_sentence_of_fit_interventions():
    flat = TradeSeries.from_values(WORLDS[0].periods, [3.0] * LENGTH, id="flat")
    short = monthly(FIRST, np.log(WORLDS[0].values[:20]), id="short")
    result = fit_panel([WORLDS[0], flat, short], whole())
    assert [rows[0].status for rows in result.series] == ["ok", "error", "error"]
    for one, rows in zip((flat, short), result.series[1:], strict=True):
        assert len(rows) == 1
        with pytest.raises(Exception) as caught:  # noqa: PT011  # the sentence is compared below
            fit_interventions(one, whole())
        assert rows[0].error == caught.value.message
        assert rows[0].series_id == one.id


def test_event_that_only_a_missing_month_identifies_is_null_and_grouped():
    gone = Period.parse("2017-01") - Period.parse(FIRST)
    series = world(8, missing=(gone,))
    rows = fit_panel([series, WORLDS[0]], whole()).series[0]
    effects = fit_interventions(series, whole()).effects
    assert [(r.estimate is None, r.group) for r in rows] == [(e.estimate is None, e.group) for e in effects]
    assert any(r.estimate is None for r in rows)


def test_annual_series_whose_events_share_a_year():
    years = [str(1990 + k) for k in range(34)]
    values = list(np.exp(3 + 0.1 * normals(77, 34)))
    events = table(a="2010-02", b="2010-03", c="2017-01")
    series = TradeSeries.from_values(years, values, id="annual")
    rows = fit_panel([series, series], events).series[1]
    effects = fit_interventions(series, events).effects
    assert [r.group for r in rows] == [e.group for e in effects]
    assert [r.estimate is None for r in rows] == [True, True, False]
    assert deviation(numbers(rows[2:]), numbers(effects[2:])) < SAME_ANSWER


def test_measurement_error_and_regimes_take_the_path_of_one_series():
    noisy = TradeSeries.from_values(WORLDS[0].periods, list(WORLDS[0].values), id="noisy", rse=0.05)
    rows = fit_panel([noisy, WORLDS[1]], whole()).series[0]
    assert deviation(numbers(rows), numbers(fit_interventions(noisy, whole()).effects)) < SAME_ANSWER


@pytest.mark.parametrize("events", [whole(), partial()], ids=["whole months", "partial months"])
def test_sums_of_effects_and_tails_of_the_panel_are_those_of_one_series(events):
    noisy = TradeSeries.from_values(WORLDS[1].periods, list(WORLDS[1].values), id="noisy", rse=0.01)
    result = fit_panel([WORLDS[0], noisy], events, sums=("c+d", "b+c+d"))
    for series, rows in zip([WORLDS[0], noisy], result.series, strict=True):
        fitted = fit_interventions(series, events)
        assert [row.event_id for row in rows[-2:]] == ["c+d", "b+c+d"]
        for row in rows[-2:]:
            members = row.event_id.split("+")
            found = fitted.summarise(members)
            assert deviation(numbers([row]), np.array([[found[k] for k in FOUR]])) < SAME_ANSWER
            marginal = fitted.reported.combination(fitted.weights(members))
            tail = 2 * min(marginal.cdf(0.0), marginal.survival(0.0))
            assert row.pvalue == pytest.approx(tail, rel=1e-6)
            assert row.p_sign == pytest.approx(1 - row.pvalue / 2, abs=1e-12)


def test_a_sum_of_events_that_share_a_column_is_theirs_and_of_half_of_them_is_null():
    years = [str(1990 + k) for k in range(34)]
    series = TradeSeries.from_values(years, list(np.exp(3 + 0.1 * normals(77, 34))), id="annual")
    events = table(a="2010-02", b="2010-03", c="2017-01")
    rows = fit_panel([series], events, sums=("a+b", "b+c")).series[0]
    fitted = fit_interventions(series, events)
    group = fitted.to_record()["groups"][0]
    assert rows[-2].estimate == pytest.approx(group["log_effect"], abs=SAME_ANSWER * rows[-2].se)
    assert rows[-1].estimate is None
    assert rows[-1].status == "ok"


@pytest.mark.parametrize("asked", ["a", "a+a", "a+", "a+zz"])
def test_a_sum_that_is_none_is_refused(asked):
    with pytest.raises((UsageError, InputError), match="sum"):
        fit_panel([WORLDS[0]], whole(), sums=(asked,))
