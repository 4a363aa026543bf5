"""`attribute` on small worlds: the walk, additivity over time, windows by hand, sums to the last digit."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.attribution import AttributionResult, attribute
from analysis.attribution.change import attribute_fit
from analysis.attribution.timing.divided import UNDIVIDED, weighted_quantiles
from analysis.attribution.timing.rows import BOUND
from analysis.domain import EventTable, TradeSeries
from analysis.errors import CannotEstimateError, InputError, UsageError
from analysis.interventions import InterventionResult, fit_interventions
from tests.worlds import ar1, monthly, normals, steps, table

SUM = 1e-9
"""Relative to the change: the contract's tolerance for adding up."""
FIRST, LENGTH = "2011-01", 108
PLAIN = {"seasonal": False, "outliers": False}
EVENTS = table(ban="2013-05", stop="2013-10", closure="2017-01")
EFFECTS = {"2013-05": -0.6, "2013-10": -0.4, "2017-01": -0.7}


def world(effects: dict[str, float] = EFFECTS, stream: int = 13) -> TradeSeries:
    return monthly(FIRST, 5 + steps(FIRST, LENGTH, effects) + ar1(stream, LENGTH, 0.4, 0.05))


@pytest.fixture(scope="module")
def fit() -> InterventionResult:
    return fit_interventions(world(), EVENTS, trend="local", **PLAIN)


@pytest.fixture(scope="module")
def up() -> InterventionResult:
    return fit_interventions(world({m: -e for m, e in EFFECTS.items()}), EVENTS, trend="none", **PLAIN)


def rows(result: AttributionResult) -> dict[tuple[str, ...], tuple[float, float, float]]:
    return {c.row.event_ids or (c.row.kind,): c.interval for c in result.contributions}


def test_rows_and_residual_add_up_and_events_carry_their_truth(fit):
    result = attribute_fit(fit, start="2012", end="2015")
    total = sum(c.estimate for c in result.contributions) + result.residual[0]
    assert total == pytest.approx(result.absolute, rel=SUM)
    y = fit.series.values
    node = y[16:28].mean()
    truth = {"ban": node * np.expm1(-0.6), "stop": node * np.exp(-0.6) * np.expm1(-0.4)}
    for name, value in truth.items():
        _, low, high = rows(result)[name,]
        assert low < value < high
    assert rows(result)["before_events",] == (pytest.approx(node - y[12:24].mean()),) * 3


def test_the_row_of_an_event_is_the_same_from_every_year_before_it(fit):
    found = [
        rows(attribute_fit(fit, start=start, end="2015")) for start in ("2011", "2012", "2012-05..2013-04")
    ]
    for other in found[:2]:
        assert other["ban",] == pytest.approx(found[2]["ban",], rel=SUM)
        assert other["stop",] == pytest.approx(found[2]["stop",], rel=SUM)
    assert found[2]["before_events",][0] == pytest.approx(0.0, abs=1e-9)


def test_contributions_add_up_over_whole_years_outside_clusters(fit):
    """2016 is the node of the second cluster."""
    whole = rows(attribute_fit(fit, start="2012", end="2018"))
    first = rows(attribute_fit(fit, start="2012", end="2016"))
    second = rows(attribute_fit(fit, start="2016", end="2018"))
    for name in ("ban", "stop"):
        assert whole[name,] == pytest.approx(first[name,], rel=SUM)
    assert whole["closure",] == pytest.approx(second["closure",], rel=SUM)
    assert ("closure",) not in first
    assert ("ban",) not in second
    before = sum(each["before_events",][0] for each in (first, second))
    assert whole["before_events",][0] == pytest.approx(before)


def test_a_year_on_the_way_that_is_no_node_adds_up_too_where_the_flow_falls(fit):
    """The node is the base of both answers, so an event takes the same from either."""
    to_2014 = rows(attribute_fit(fit, start="2012", end="2015"))
    to_2016 = rows(attribute_fit(fit, start="2012", end="2016"))
    for name in ("ban", "stop"):
        assert to_2014[name,] == pytest.approx(to_2016[name,], rel=SUM)


def test_a_window_inside_a_cluster_is_the_difference_of_two_answers_from_its_node(fit):
    """March to August 2013, in two thirds of which the ban is in force: a third of its whole is left."""
    node, inside = "2012-05..2013-04", "2013-03..2013-08"
    whole = rows(attribute_fit(fit, start=node, end="2015"))
    asked = rows(attribute_fit(fit, start=inside, end="2015"))
    there = attribute_fit(fit, start="2012-03..2013-02", end=inside)
    y = fit.series.values
    assert asked["ban",][0] == pytest.approx(whole["ban",][0] - rows(there)["ban",][0], abs=0.3)
    assert asked["ban",][1] < y[16:28].mean() * np.expm1(-0.6) / 3 < asked["ban",][2]
    assert asked["stop",] == pytest.approx(whole["stop",], rel=SUM)
    assert asked["before_events",][0] == pytest.approx(0.0, abs=SUM)


def test_an_event_in_force_all_through_a_window_inside_its_cluster_has_no_row(fit):
    assert ("ban",) not in rows(attribute_fit(fit, start="2013-05..2013-09", end="2015"))


def test_backwards_is_the_negative_of_forwards(fit):
    there = attribute_fit(fit, start="2012", end="2018")
    back = attribute_fit(fit, start="2018", end="2012")
    assert back.absolute == pytest.approx(-there.absolute)
    ours, theirs = rows(there), rows(back)
    assert ours.keys() == theirs.keys()
    for key, (estimate, low, high) in ours.items():
        assert theirs[key] == pytest.approx((-estimate, -high, -low), rel=1e-6, abs=1e-9)
    assert all(item.missing_now is None for item in back.sums)


def test_the_larger_window_is_the_base_so_an_event_that_brings_trade_brings_no_more_than_came(up):
    result = attribute_fit(up, start="2012", end="2015")
    y = up.series.values
    to = y[48:60].mean()
    truth = {"stop": -to * np.expm1(-0.4), "ban": -to * np.exp(-0.4) * np.expm1(-0.6)}
    for name, value in truth.items():
        estimate, low, high = rows(result)[name,]
        assert low < value < high
        assert estimate <= to
    assert result.sums[0].interval[2] <= to


def test_the_season_has_a_row_only_where_the_windows_hold_other_months():
    logs = 5 + steps(FIRST, LENGTH, EFFECTS) + 0.05 * normals(5, LENGTH)
    logs += 0.3 * np.sin(2 * np.pi * np.arange(LENGTH) / 12)
    seasonal = fit_interventions(monthly(FIRST, logs), EVENTS, trend="none")
    years = attribute_fit(seasonal, start="2012", end="2015")
    assert "seasonal" not in {row.kind for row in years.rows}
    spring = attribute_fit(seasonal, start="2012", end="2015-03..2015-05")
    assert "seasonal" in {row.kind for row in spring.rows}
    for result in (years, spring):
        total = sum(c.estimate for c in result.contributions) + result.residual[0]
        assert total == pytest.approx(result.absolute, rel=SUM)


def test_an_event_in_force_alike_in_both_windows_has_no_row_and_is_named(fit):
    result = attribute_fit(fit, start="2015", end="2018")
    assert [ids for ids in rows(result) if ids[0] in EVENTS.ids] == [("closure",)]
    ban = next(row for row in result.to_record()["identification"] if row["event_id"] == "ban")
    assert "constant" in ban["reason"]
    assert ban["grade"] is None


def test_two_windows_between_which_nothing_came_into_force_are_all_observed_change(fit):
    result = attribute_fit(fit, start="2014", end="2015")
    assert list(rows(result)) == [("before_events",)]
    assert rows(result)["before_events",][0] == pytest.approx(result.absolute)
    assert result.sums == ()
    assert "dated to no event" in result.sentence()


def test_events_of_one_period_are_one_row():
    both = fit_interventions(world(), table(ban="2013-05", same="2013-05", closure="2017-01"), **PLAIN)
    result = attribute_fit(both, start="2012", end="2015")
    assert ("ban", "same") in rows(result)
    assert ("ban",) not in rows(result)


def test_a_grouped_event_has_no_row_of_its_own():
    logs = 5 + steps(FIRST, LENGTH, {"2016-03": -0.5, "2016-04": -0.7}) + 0.3 * normals(11, LENGTH)
    events = table(one="2016-03", two="2016-04")
    result = attribute(monthly(FIRST, logs), events, start="2015", end="2017", trend="none", **PLAIN)
    record = result.to_record()
    found = [row for row in record["contributions"] if row["kind"] == "event"]
    assert [row["event_ids"] for row in found] == [["one", "two"]]
    assert found[0]["group"] == "one+two"
    shown = [
        row["event_ids"]
        for dating in record["lenses"]["timing"]["datings"]
        for row in dating["contributions"]
    ]
    assert ["one"] not in shown


def test_on_the_level_scale_contributions_are_differences_of_means():
    values = 50 + 20 * (np.arange(40) >= 20) + normals(3, 40)
    series = TradeSeries.from_values([f"{1980 + k}" for k in range(40)], values.tolist())
    events = EventTable.from_rows([{"id": "e", "title": "E", "effective": "2000"}])
    result = attribute(series, events, start="1999", end="2005..2010", scale="level", trend="none")
    _, low, high = rows(result)["e",]
    assert low <= 20 <= high
    total = sum(c.estimate for c in result.contributions) + result.residual[0]
    assert total == pytest.approx(result.absolute, rel=SUM)


class TestBound:
    """Two events nine months apart in noise so loud that the first cannot be bounded by what was there."""

    def loud(self, sd: float, stream: int) -> AttributionResult:
        logs = 4 + steps(FIRST, LENGTH, {"2016-06": -1.0, "2017-03": 1.0}) + sd * normals(stream, LENGTH)
        events = table(ban="2016-06", stop="2017-03")
        options = {"trend": "none", "evidence": "none", **PLAIN}
        return attribute(monthly(FIRST, logs), events, start="2014", end="2017-03..2017-08", **options)

    def test_no_limit_of_a_row_exceeds_what_was_there_by_more_than_the_bound(self):
        for sd, stream in ((0.4, 80), (0.7, 84), (0.7, 82), (1.5, 71)):
            found = self.loud(sd, stream)
            for own in found.contributions:
                if own.row.event_ids:
                    assert max(map(abs, own.interval)) <= BOUND * own.row.largest

    def test_events_of_a_cluster_share_a_row_where_one_alone_would(self):
        reasons = set()
        for stream in range(80, 92):
            found = self.loud(0.7, stream)
            grouped = [row for row in found.rows if row.event_ids == ("ban", "stop")]
            reasons |= {row.reason for row in grouped}
        assert "a row alone would exceed what was there" in reasons

    def test_a_cluster_that_still_does_is_shown_whole_and_says_so(self):
        found = next(
            own for own in (self.loud(2.5, stream) for stream in range(70, 82)) if own.parts[0].way.undivided
        )
        assert found.parts[0].note == UNDIVIDED
        assert not any(row.event_ids for row in found.rows)
        whole = next(own for own in found.contributions if own.row.kind == "part")
        before = next(own for own in found.contributions if own.row.kind == "before_events")
        assert whole.estimate + before.estimate == pytest.approx(found.absolute)
        assert whole.grade is None
        assert "not divided" in found.sentence()
        assert UNDIVIDED in found.summary()


def test_weighted_quantiles_of_equal_weights_are_the_usual_ones():
    values = np.sort(normals(5, 2001))[None, :]
    found = weighted_quantiles([values, values], [0.5, 0.5], (0.1, 0.5, 0.9))
    np.testing.assert_allclose(found[0], np.quantile(values[0], [0.1, 0.5, 0.9]), atol=0.01)


def test_weighted_quantiles_weigh_samples_and_not_points():
    few, many = np.zeros((1, 10)), np.ones((1, 1000))
    assert weighted_quantiles([few, many], [0.9, 0.1], (0.5,))[0, 0] == 0
    assert weighted_quantiles([few, many], [0.1, 0.9], (0.5,))[0, 0] == 1


def test_window_values_are_means_of_observed_periods_and_annualised(fit):
    series = fit.series
    gaps = TradeSeries.from_values(
        list(series.periods),
        [None if str(o.period) in {"2012-02", "2012-03"} else o.value for o in series.observations],
    )
    change = attribute(gaps, EVENTS, start="2012", end="2018-Q1", trend="none", **PLAIN).to_record()["change"]
    values = dict(zip([str(p) for p in gaps.periods], gaps.values, strict=True))
    seen = [values[f"2012-{m:02d}"] for m in range(1, 13) if m not in (2, 3)]
    assert (change["n_from"], change["n_to"]) == (10, 3)
    assert change["from"] == pytest.approx(np.mean(seen))
    assert change["annualised"]["absolute"] == pytest.approx(12 * change["absolute"])
    assert (change["per"], change["to_window"]) == ("month", "2018-01..2018-03")


@pytest.mark.parametrize(
    ("start", "end", "error", "words"),
    [
        ("2014", "2014-06..2015-06", InputError, "overlap"),
        ("2005", "2014", InputError, "'from'.*outside the sample"),
        ("2014", "2031", InputError, "'to'.*outside the sample"),
        ("2014-01-05", "2016", InputError, "finer"),
        ("spring", "2016", InputError, "'from'.*not a period"),
        ("2014..", "2016", InputError, "not a period"),
    ],
)
def test_windows_that_do_not_fit_are_refused(start, end, error, words):
    with pytest.raises(error, match=words):
        attribute(world(), EVENTS, start=start, end=end)


def test_a_window_observed_in_fewer_than_half_of_its_periods_cannot_be_estimated():
    values = [None if "2018-06" <= str(o.period) <= "2018-12" else o.value for o in world().observations]
    hollow = TradeSeries.from_values(list(world().periods), values)
    with pytest.raises(CannotEstimateError, match="5 of 12 periods"):
        attribute(hollow, EVENTS, start="2014", end="2018")


@pytest.mark.parametrize(
    ("option", "words"),
    [({"clock": "sundial"}, "clock"), ({"evidence": "some"}, "evidence"), ({"method": "ols"}, "structural")],
)
def test_unknown_options_are_refused(option, words):
    with pytest.raises(UsageError, match=words):
        attribute(world(), EVENTS, start="2014", end="2018", **option)
