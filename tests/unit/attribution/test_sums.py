"""Sums, per cent, grades, everything else, and what the flow would be without the events."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from analysis.attribution import AttributionResult
from analysis.attribution.change import attribute_fit
from analysis.attribution.timing.sums import GRADE_WORDS, grade_of, percent_of
from analysis.domain import Event, EventTable, Period
from analysis.interventions import InterventionResult, fit_interventions
from tests.worlds import monthly, normals, steps

FIRST, LENGTH = "2012-01", 96
SIZES = {"2016-03": -0.5, "2016-09": -0.4, "2018-01": -0.8}
OPTIONS = {"seasonal": False, "trend": "none", "outliers": False}


def event(name: str, month: str, kind: str) -> Event:
    day = Period.parse(month).start
    known = {"partial": Period.parse(month), "full": Period.parse(month), "adopted": day}
    return Event(name, name, day, kind, **(known if kind == "un_resolution" else {}))


EVENTS = EventTable(
    (
        event("first", "2016-03", "un_resolution"),
        event("second", "2016-09", "un_resolution"),
        event("shut", "2018-01", "border_closure"),
        event("counted", "2014-01", "data_break"),
    )
)


@pytest.fixture(scope="module")
def fit() -> InterventionResult:
    sizes = SIZES | {"2014-01": 0.3}
    logs = 5 + steps(FIRST, LENGTH, sizes) + 0.03 * normals(91, LENGTH)
    return fit_interventions(monthly(FIRST, logs), EVENTS, **OPTIONS)


@pytest.fixture(scope="module")
def answer(fit) -> AttributionResult:
    return attribute_fit(fit, start="2013", end="2018")


def test_sums_are_of_kinds_and_then_of_all_events_without_breaks_of_the_record(answer):
    assert [(item.label, item.event_ids) for item in answer.sums] == [
        ("All UN resolutions", ("first", "second")),
        ("Closures and reopenings", ("shut",)),
        ("All events", ("first", "second", "shut")),
    ]


def test_a_sum_is_of_its_rows_draw_by_draw(answer):
    divided = answer.divided
    for item in answer.sums:
        drawn = np.concatenate([d[list(item.rows)].sum(axis=0) for d in divided.draws])
        weight = np.concatenate(
            [np.full(d.shape[1], w / d.shape[1]) for d, w in zip(divided.draws, divided.weights, strict=True)]
        )
        order = np.argsort(drawn)
        below = np.cumsum(weight[order])
        for value, p in zip(item.interval, (0.5, 0.025, 0.975), strict=True):
            assert drawn[order][np.searchsorted(below, p)] == pytest.approx(value, rel=0.01)


def test_sums_hold_their_truth(answer, fit):
    y = fit.series.values
    nodes = y[38:50].mean(), y[60:72].mean()
    truth = (nodes[0] * np.expm1(-0.9), nodes[1] * np.expm1(-0.8))
    for item, true in zip(answer.sums[:2], truth, strict=True):
        assert item.interval[1] < true < item.interval[2]
    assert answer.sums[2].interval[1] < sum(truth) < answer.sums[2].interval[2]


def test_a_single_family_is_not_summed_twice(fit):
    only = attribute_fit(fit, start="2015", end="2017")
    assert [item.label for item in only.sums] == ["All UN resolutions"]


def test_missing_now_is_the_flow_without_the_events_of_the_sum_and_those_alone(answer):
    """The level with the break of the record, and what the other events leave of it."""
    level = np.exp(5 + 0.3)
    truth = (level * np.exp(-0.8), level * np.exp(-0.9), level)
    for item, true in zip(answer.sums, truth, strict=True):
        estimate, low, high = item.missing_now
        assert low < estimate < high
        assert estimate == pytest.approx(true, rel=0.1)


def test_everything_else_closes_the_change(answer):
    shown = [c.interval for c in answer.contributions if c.row.event_ids]
    estimate, low, high = answer.everything_else
    assert sum(e for e, _, _ in shown) + estimate == pytest.approx(answer.absolute, rel=1e-9)
    whole = answer.combined(lambda row: bool(row.event_ids))
    assert (low, high) == pytest.approx((answer.absolute - whole[2], answer.absolute - whole[1]))
    assert low <= estimate <= high


def test_everything_else_is_growth_the_change_before_and_the_residual(answer):
    others = [c.estimate for c in answer.contributions if not c.row.event_ids] + [answer.residual[0]]
    assert answer.everything_else[0] == pytest.approx(sum(others), rel=1e-9)


@pytest.mark.parametrize(
    ("change", "larger", "expected"),
    [
        (-50.0, 100.0, (80.0, 60.0, 120.0)),
        (40.0, 100.0, (-100.0, -150.0, -75.0)),
        (-5.0, 100.0, (800.0, 600.0, 1200.0)),
        (-4.99, 100.0, None),
        (4.99, 100.0, None),
        (0.0, 0.0, None),
    ],
)
def test_a_fall_dated_to_events_counts_positive_and_a_small_change_has_no_per_cent(change, larger, expected):
    found = percent_of((-40.0, -60.0, -30.0), change, larger)
    assert found is None if expected is None else found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("interval", "grade"),
    [
        ((-50.0, -65.0, -35.0), "A"),
        ((-50.0, -65.01, -35.0), "B"),
        ((-50.0, -90.0, -10.0), "B"),
        ((-50.0, -90.01, -10.0), "C"),
        ((50.0, 0.01, 200.0), "C"),
        ((50.0, 0.0, 60.0), "D"),
        ((-50.0, -60.0, 0.0), "D"),
        ((1.0, -1.0, 3.0), "D"),
    ],
)
def test_grades_at_their_boundaries(interval, grade):
    assert grade_of(interval, 100.0) == grade


def test_exact_and_unidentified_rows_have_their_own_grades():
    assert grade_of((-5.0, -6.0, 1.0), 100.0, exact=True) == "exact"
    assert grade_of((-50.0, -51.0, -49.0), 100.0, known=False) == "D"
    assert list(GRADE_WORDS.values()) == ["exact", "precise", "fair", "rough", "sign not known"]


def test_only_events_and_sums_have_grades(answer):
    for own in answer.contributions:
        assert (own.grade is not None) == bool(own.row.event_ids)


def test_the_sentence_says_sum_limits_per_cent_and_what_fell_before(answer):
    text = answer.sentence()
    low, high = sorted(abs(12 * v) for v in answer.sums[0].interval[1:])
    assert "the two UN resolutions of 2016" in text
    assert f"{low:,.0f} to {high:,.0f}" in text
    assert f"{answer.sums[0].percent[0]:.0f} %" in text
    assert "caused" not in text


def test_a_sum_that_holds_a_row_of_unknown_sign_is_not_said_to_have_come_with_it():
    logs = 5 + steps(FIRST, LENGTH, {"2014-06": -0.4}) + 0.4 * normals(92, LENGTH)
    events = EventTable((event("idle", "2016-03", "un_resolution"),))
    own = fit_interventions(monthly(FIRST, logs), events, **OPTIONS)
    found = attribute_fit(own, start="2012", end="2018")
    assert found.sums[0].grade == "D"
    assert "no known sign" in found.sentence()


def test_a_year_is_twelve_months_in_every_row_and_sum(answer):
    record = answer.to_record()
    for item in (*record["sums"], *record["contributions"], record["residual"]):
        for name in ("estimate", "lower", "upper"):
            assert item["per_year"][name] == pytest.approx(12 * item[name])


def test_a_resolution_that_cannot_be_told_from_a_closure_is_in_both_sums_by_name():
    logs = 5 + steps(FIRST, LENGTH, {"2016-03": -0.5, "2016-04": -0.5}) + 0.3 * normals(93, LENGTH)
    near = EventTable(
        (event("first", "2016-03", "un_resolution"), event("shut", "2016-04", "border_closure"))
    )
    found = attribute_fit(fit_interventions(monthly(FIRST, logs), near, **OPTIONS), start="2014", end="2018")
    assert [row.event_ids for row in found.rows if row.event_ids] == [("first", "shut")]
    assert found.sums[0].label == "All UN resolutions"
    assert found.sums[0].with_others == ("shut",)


def test_kinds_and_dates_of_the_world_are_as_meant():
    assert EVENTS["shut"].kind == "border_closure"
    assert EVENTS["first"].effective == date(2016, 3, 1)
    assert replace(EVENTS["first"], kind="event").kind == "event"
