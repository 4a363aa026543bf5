"""Contributions against enumeration of coalitions, window means by hand, and sums to the last digit."""

from itertools import combinations
from math import factorial

import numpy as np
import pytest

from analysis.attribution import attribute
from analysis.attribution.decomposition import WindowMeans, divide, weighted_quantiles
from analysis.domain import EventTable, TradeSeries
from analysis.errors import CannotEstimateError, InputError, UsageError
from tests.worlds import ar1, monthly, normals, steps, table

SUM = 1e-9
"""Relative to the change: the contract's tolerance for adding up."""
FIRST, LENGTH = "2012-01", 96
EVENTS = table(ban="2015-05", closure="2017-02")


def world(noise: float = 0.1) -> TradeSeries:
    logs = 5 + steps(FIRST, LENGTH, {"2015-05": -0.8, "2017-02": -0.5}) + ar1(13, LENGTH, 0.5, noise)
    return monthly(FIRST, logs)


def enumerate_shapley(
    named: np.ndarray, intercept: float, windows: WindowMeans, still: float | np.ndarray = 0.0
) -> np.ndarray:
    split = len(windows.before)
    reference = named[:, :split].mean(axis=1)
    path_of_still = still + np.zeros(named.shape[1])
    total = intercept + path_of_still[:split] + named[:, :split].sum(axis=0)
    constant = np.log(windows.observed_before) - np.log(np.exp(total).mean())

    def value(coalition) -> float:
        path = (
            intercept
            + constant
            + path_of_still
            + sum(
                named[j] if j in coalition else np.full(named.shape[1], reference[j])
                for j in range(len(named))
            )
        )
        return float(np.exp(path[split:]).mean() - np.exp(path[:split]).mean())

    p = len(named)
    found = np.zeros(p)
    for j in range(p):
        for size in range(p):
            for others in combinations([i for i in range(p) if i != j], size):
                weight = factorial(size) * factorial(p - size - 1) / factorial(p)
                found[j] += weight * (value((*others, j)) - value(others))
    return found


def test_contributions_equal_enumeration_of_all_coalitions():
    rng = np.random.default_rng(1)
    named = rng.normal(size=(5, 9))
    windows = WindowMeans(np.arange(4), np.arange(4, 9), 37.0, 12.0)
    found = divide(named[:, None, :], np.array([[0.7]]), windows, logs=True)[:, 0]
    np.testing.assert_allclose(found, enumerate_shapley(named, 0.7, windows), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("logs", [True, False])
def test_a_part_that_is_no_player_keeps_its_value_and_gets_nothing(logs):
    rng = np.random.default_rng(2)
    named = rng.normal(size=(4, 9))
    windows = WindowMeans(np.arange(4), np.arange(4, 9), 37.0, 12.0)
    still = np.array([False, True, False, False])
    found = divide(named[:, None, :], np.array([[0.7]]), windows, logs=logs, still=still)[:, 0]
    moves = named[~still][:, 4:].mean(axis=1) - named[~still][:, :4].mean(axis=1)
    expected = enumerate_shapley(named[~still], 0.7, windows, named[1]) if logs else moves
    assert found[1] == 0
    np.testing.assert_allclose(found[~still], expected, rtol=1e-11, atol=1e-12)


def test_the_season_has_a_row_only_where_the_windows_hold_other_months():
    years = attribute(world(), EVENTS, start="2014", end="2018", evidence="none")
    assert [row.kind for row in years.contributions] == ["trend", "event", "event"]
    assert [row["label"] for row in years.to_record()["unmoved"]] == ["Season"]
    spring = attribute(world(), EVENTS, start="2014", end="2018-03..2018-05", evidence="none")
    assert "seasonal" in [row.kind for row in spring.contributions]
    assert spring.to_record()["unmoved"] == []
    spans = [r.absolute - sum(row.estimate for row in r.contributions) for r in (years, spring)]
    assert spans == pytest.approx([years.residual[0], spring.residual[0]])


def test_rows_and_residual_add_up_and_an_event_carries_its_truth():
    result = attribute(world(), EVENTS, start="2014", end="2018", seasonal=False)
    record = result.to_record()
    total = sum(row["estimate"] for row in record["contributions"]) + record["residual"]["estimate"]
    assert total == pytest.approx(record["change"]["absolute"], rel=SUM)
    for row in record["contributions"]:
        assert row["lower"] <= row["estimate"] <= row["upper"]
    mean = np.exp(5)
    ban, closure = (row for row in record["contributions"] if row["kind"] == "event")
    product = np.expm1(-0.8), np.expm1(-0.5)
    truth = (
        mean * (product[0] + product[0] * product[1] / 2),
        mean * (product[1] + product[0] * product[1] / 2),
    )
    assert ban["lower"] <= truth[0] <= ban["upper"]
    assert closure["lower"] <= truth[1] <= closure["upper"]
    timing = record["lenses"]["timing"]["datings"]
    assert sum(dating["weight"] for dating in timing) == pytest.approx(1)


def test_window_values_are_means_of_observed_periods_and_annualised():
    series = world()
    gaps = TradeSeries.from_values(
        [str(p) for p in series.periods],
        [
            None if str(p) in {"2014-02", "2014-03"} else o.value
            for p, o in zip(series.periods, series.observations, strict=True)
        ],
    )
    change = attribute(gaps, EVENTS, start="2014", end="2018-Q1", seasonal=False).to_record()["change"]
    values = dict(zip([str(p) for p in gaps.periods], gaps.values, strict=True))
    seen = [values[f"2014-{m:02d}"] for m in range(1, 13) if m not in (2, 3)]
    assert change["n_from"] == 10
    assert change["n_to"] == 3
    assert change["from"] == pytest.approx(np.mean(seen))
    assert change["annualised"]["absolute"] == pytest.approx(12 * change["absolute"])
    assert (change["per"], change["to_window"]) == ("month", "2018-01..2018-03")


def test_an_event_in_force_alike_in_both_windows_has_no_row_and_is_named():
    record = attribute(world(), EVENTS, start="2016-01..2016-06", end="2018", seasonal=False).to_record()
    assert [row["event_ids"] for row in record["contributions"] if row["kind"] == "event"] == [["closure"]]
    ban = next(row for row in record["identification"] if row["event_id"] == "ban")
    assert "constant" in ban["reason"]


def test_a_grouped_event_has_no_row_of_its_own():
    events = table(one="2016-03", two="2016-04")
    logs = 5 + steps(FIRST, LENGTH, {"2016-03": -0.5, "2016-04": -0.7}) + 0.3 * normals(11, LENGTH)
    result = attribute(monthly(FIRST, logs), events, start="2015", end="2017", seasonal=False, trend="none")
    record = result.to_record()
    rows = [row for row in record["contributions"] if row["kind"] == "event"]
    assert [row["event_ids"] for row in rows] == [["one", "two"]]
    assert rows[0]["group"] == "one+two"
    shown = [
        ids
        for dating in record["lenses"]["timing"]["datings"]
        for ids in (row["event_ids"] for row in dating["contributions"])
    ]
    assert ["one"] not in shown
    assert "One + Two" in result.summary()


def test_on_the_level_scale_contributions_are_differences_of_means():
    values = 50 + 20 * (np.arange(40) >= 20) + normals(3, 40)
    series = TradeSeries.from_values([f"{1980 + k}" for k in range(40)], values.tolist())
    events = EventTable.from_rows([{"id": "e", "title": "E", "effective": "2000"}])
    result = attribute(series, events, start="1990..1995", end="2005..2010", scale="level", trend="none")
    row = result.contributions[0]
    assert row.lower <= 20 <= row.upper
    assert row.estimate + result.residual[0] == pytest.approx(result.absolute, rel=SUM)


def test_a_share_is_withheld_when_the_change_is_smaller_than_its_doubt():
    logs = 5 + ar1(2, LENGTH, 0.7, 0.3)
    record = attribute(monthly(FIRST, logs), table(e="2015-05"), start="2013", end="2017").to_record()
    change = record["change"]["absolute"]
    half = 0.5 * (record["residual"]["upper"] - record["residual"]["lower"])
    assert abs(change) < half, "the world was chosen so"
    assert {row["share"] for row in record["contributions"]} == {None}


def test_weighted_quantiles_of_equal_weights_are_the_usual_ones():
    values = np.sort(normals(5, 2001))[None, :]
    found = weighted_quantiles([values, values], [0.5, 0.5], (0.1, 0.5, 0.9))
    np.testing.assert_allclose(found[0], np.quantile(values[0], [0.1, 0.5, 0.9]), atol=0.01)


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
    series = world()
    values = [
        None if str(p) >= "2018-06" and str(p) <= "2018-12" else o.value
        for p, o in zip(series.periods, series.observations, strict=True)
    ]
    hollow = TradeSeries.from_values([str(p) for p in series.periods], values)
    with pytest.raises(CannotEstimateError, match="5 of 12 periods"):
        attribute(hollow, EVENTS, start="2014", end="2018")


def test_unknown_options_are_refused():
    with pytest.raises(UsageError, match="clock"):
        attribute(world(), EVENTS, start="2014", end="2018", clock="sundial")
    with pytest.raises(UsageError, match="evidence"):
        attribute(world(), EVENTS, start="2014", end="2018", evidence="some")
