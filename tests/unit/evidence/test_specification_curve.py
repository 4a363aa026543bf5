"""The specification curve: which specifications are tried, what each is, and how they are summed up."""

import numpy as np
import pytest

from analysis import catalogue
from analysis.attribution import attribute
from analysis.attribution.change import attribute_fit
from analysis.attribution.evidence import SpecificationCurve
from analysis.attribution.evidence.curve import WANTED
from analysis.attribution.evidence.frame import Frame
from analysis.attribution.evidence.specification import (
    DATING,
    NOISE,
    SAMPLE,
    SCALE,
    SEASON,
    SHAPE,
    TREND,
    Axis,
    Choices,
    choices_of,
    samples,
)
from analysis.domain import EventTable
from analysis.errors import UsageError
from analysis.interventions import fit_interventions
from tests.unit.evidence.conftest import FIRST, LENGTH
from tests.worlds import monthly, normals, steps, table

AT_LEAST = 200
"""Specifications that the plan asks of a curve."""
PART = 0.03
"""Of an interval's width: 512 points of the fixed sequence, and no refined grid."""
CHEAP = 24


@pytest.fixture(scope="module")
def curve(apart):
    return SpecificationCurve(wanted=CHEAP).run(apart)


@pytest.fixture(scope="module")
def headline():
    """The model of the total itself, not of its parts."""
    fit = fit_interventions(catalogue.series("dprk.total.a"), trend="local")
    answer = attribute_fit(fit, start="2016", end="2018")
    return answer, SpecificationCurve().run(answer)


def test_the_answer_comes_first_then_every_single_deviation_then_distinct_others():
    choices = Choices((Axis("a", ("1", "2", "3")), Axis("b", ("1", "2")), Axis("c", ("1", "2"))))
    ordered = list(choices.ordered())
    assert ordered[:5] == [(0, 0, 0), (1, 0, 0), (2, 0, 0), (0, 1, 0), (0, 0, 1)]
    assert len(ordered) == len(set(ordered)) == choices.number == 12


def test_levels_come_up_about_equally_often():
    axes = tuple(Axis(str(k), tuple("xyz"[: 2 + k % 2])) for k in range(8))
    ordered = np.array([c for c, _ in zip(Choices(axes).ordered(), range(WANTED), strict=False)])
    for k, axis in enumerate(axes):
        shares = np.bincount(ordered[:, k], minlength=len(axis.levels)) / WANTED
        assert abs(shares - 1 / len(axis.levels)).max() < 0.08


def test_every_choice_of_the_plan_is_an_axis_of_a_monthly_series(apart):
    names = {axis.name: axis.levels for axis in choices_of(apart).axes}
    assert set(names) == {TREND, NOISE, SHAPE, SAMPLE, SCALE, SEASON}
    assert names[TREND] == ("local", "linear", "none", "flat prior")
    assert len(names[NOISE]) == 3
    assert choices_of(apart).number >= AT_LEAST


def test_crude_kaesong_controls_and_dating_are_axes_where_they_exist(headline):
    answer, finding = headline
    names = {axis.name for axis in choices_of(answer).axes}
    assert {"crude", "kaesong", "controls", DATING} <= names
    assert len(finding.tried) == WANTED >= AT_LEAST


def test_a_level_that_cannot_be_estimated_alone_is_left_out_with_the_reason(headline):
    _, finding = headline
    left = {(axis, level): reason for axis, level, reason in finding.left_out}
    assert "observations" in left["crude", "excluded"]
    position = [axis.name for axis in finding.choices.axes].index("crude")
    assert all(choice[position] == 0 for choice in finding.tried)


def test_the_default_is_the_answer(headline, apart, curve):
    for answer, finding in (headline, (apart, curve)):
        assert set(finding.tried[0]) == {0}
        for interval, row in zip(finding.rows[0], answer.contributions, strict=False):
            assert interval.estimate == pytest.approx(row.estimate, abs=PART * (row.upper - row.lower))


def test_contributions_of_every_specification_add_up_to_the_observed_change(curve, apart):
    trendless = [r for c, r in zip(curve.tried, curve.rows, strict=True)]
    for rows in trendless:
        total = sum(interval.estimate for interval in rows if interval is not None)
        assert total == pytest.approx(apart.absolute, rel=1e-6)


def test_shares_ranges_and_rank_are_those_of_the_listed_specifications(headline):
    record = headline[1].to_record()
    for k, row in enumerate(record["rows"]):
        listed = [s["estimates"][k] for s in record["specifications"] if s["estimates"][k] is not None]
        middle = np.array([x[0] for x in listed])
        excludes = [low > 0 or high < 0 for _, low, high in listed]
        assert row["count"] == len(listed)
        assert row["share_excluding_zero"] == pytest.approx(np.mean(excludes))
        assert row["range"] == {"lowest": middle.min(), "highest": middle.max()}
        assert row["default"]["rank"] == 1 + int((middle < row["default"]["estimate"]).sum())
        trend = row["by_choice"]["trend"]
        assert sum(level["count"] for level in trend) == len(listed)


def test_grouped_events_have_no_numbers_of_their_own(headline):
    answer, finding = headline
    grouped = {event_id for row in answer.rows if row.group for event_id in row.event_ids}
    assert grouped
    for row in finding.to_record()["rows"]:
        assert not (len(row["event_ids"]) == 1 and row["event_ids"][0] in grouped)


@pytest.mark.parametrize(
    ("chosen", "options"),
    [
        ({TREND: "none"}, {"trend": "none"}),
        ({SCALE: "level"}, {"scale": "level"}),
        ({SAMPLE: "from 2010-01"}, {}),
    ],
)
def test_a_specification_is_the_fit_it_names(apart, chosen, options):
    frame = Frame.build(apart, chosen)
    parts = frame.parts(chosen)
    posterior = frame.kernel([chosen]).refit(parts, frame.datings(chosen)).datings[0]
    series = apart.fit.series
    if SAMPLE in chosen:
        first, last = samples(apart)[chosen[SAMPLE]]
        series = series.between(first, last)
    anew = fit_interventions(series, apart.fit.events, outliers=False, **options).reported
    sd = np.sqrt(anew.covariance[-1, -1])
    assert abs(posterior.mean[-1] - anew.mean[-1]) < 0.05 * sd
    assert np.sqrt(posterior.covariance[-1, -1]) == pytest.approx(sd, rel=0.05)


def test_gradual_steps_and_another_season_change_the_columns_they_name(apart):
    names = choices_of(apart)
    gradual = next(axis.levels[1] for axis in names.axes if axis.name == SHAPE)
    pattern = next(axis.levels[1] for axis in names.axes if axis.name == SEASON)
    frame = Frame.build(apart, {})
    ban = next(p for p in frame.parts({SHAPE: gradual}) if p.name == "ban").columns["full"][:, 0]
    start = int(np.flatnonzero(ban)[0])
    np.testing.assert_allclose(ban[start : start + 3], [0.5, 0.75, 0.875])
    seasons = [p for p in frame.parts({SEASON: pattern}) if p.name == "seasonal"]
    assert len(seasons) == 2
    assert not seasons[1].columns["full"][:start].any()


def test_the_order_of_the_events_changes_no_byte(close):
    turned = attribute(
        close.fit.series,
        EventTable(close.fit.events.events[::-1]),
        start="2011",
        end="2017",
        seasonal=False,
        evidence="none",
    )
    few = SpecificationCurve(wanted=12)
    assert few.run(close).to_record() == few.run(turned).to_record()


def test_a_series_with_zeros_has_no_other_scale():
    logs = 3 + steps(FIRST, LENGTH, {"2014-01": -1.0}) + 0.1 * normals(3, LENGTH)
    values = [float(v) for v in np.exp(logs)]
    values[5] = 0.0
    series = monthly(FIRST, logs)
    series = series.from_values(list(series.periods), values)
    answer = attribute(
        series, table(ban="2014-01"), start="2012", end="2016", seasonal=False, evidence="none"
    )
    assert SCALE not in {axis.name for axis in choices_of(answer).axes}


def test_settings_out_of_range_are_refused(apart):
    with pytest.raises(UsageError, match="two specifications"):
        SpecificationCurve(wanted=1).validate(apart)
    with pytest.raises(UsageError, match="log2_points"):
        SpecificationCurve(log2_points=2).validate(apart)
