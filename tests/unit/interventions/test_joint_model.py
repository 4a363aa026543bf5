"""The joint model on series whose truth is known, and on designs that carry no information."""

import numpy as np
import pytest

from analysis.domain import EventTable, TradeSeries
from analysis.errors import CannotEstimateError, InputError, UsageError
from analysis.interventions import fit_interventions
from tests.worlds import ar1, monthly, normals, steps, table

START, LENGTH = "2010-01", 144
TRUTH = {"2013-05": -0.6, "2016-03": 0.4, "2019-02": -1.2}
EVENTS = table(first="2013-05", second="2016-03", third="2019-02")
EXACT = 1e-9


def world(stream: int = 5, rho: float = 0.6, sd: float = 0.2):
    season = 0.15 * np.cos(2 * np.pi * np.arange(LENGTH) / 12)
    return monthly(START, 5 + season + steps(START, LENGTH, TRUTH) + ar1(stream, LENGTH, rho, sd))


@pytest.fixture(scope="module")
def fit():
    return fit_interventions(world(), EVENTS)


def by_id(result) -> dict:
    return {effect.event_id: effect for effect in result.effects}


def test_intervals_of_known_effects_cover_the_truth_about_as_often_as_they_say():
    covered = []
    for stream in range(1, 26):
        for sign in (1, -1):
            noise = sign * ar1(stream, LENGTH, 0.6, 0.2)
            result = fit_interventions(
                monthly(START, 5 + steps(START, LENGTH, TRUTH) + noise),
                EVENTS,
                seasonal=False,
                outliers=False,
            )
            truths = zip(result.effects, TRUTH.values(), strict=True)
            covered += [effect.lower <= truth <= effect.upper for effect, truth in truths]
    assert 0.90 <= np.mean(covered) <= 0.995, "150 intervals; 95 % +- three binomial standard errors"


def test_groups_are_absent_where_events_are_years_apart(fit):
    assert fit.groups == ()
    assert {effect.grade for effect in fit.effects} <= {"A", "B", "C"}


def test_two_steps_one_month_apart_in_strong_noise_are_one_group_with_a_precise_sum():
    events = table(one="2016-03", two="2016-04")
    noise = 0.3 * normals(11, LENGTH)
    truth = steps(START, LENGTH, {"2016-03": -0.5, "2016-04": -0.7})
    result = fit_interventions(monthly(START, 5 + truth + noise), events, seasonal=False, trend="none")
    assert [group.event_ids for group in result.groups] == [("one", "two")]
    assert {effect.grade for effect in result.effects} == {"D"}
    total = result.summarise(("one", "two"))
    assert total["lower"] <= -1.2 <= total["upper"]
    alone = by_id(result)["one"]
    assert total["upper"] - total["lower"] < 0.5 * (alone.upper - alone.lower)


def test_two_steps_one_month_apart_in_weak_noise_stay_separate():
    events = table(one="2016-03", two="2016-04")
    truth = steps(START, LENGTH, {"2016-03": -0.5, "2016-04": -0.7})
    result = fit_interventions(
        monthly(START, 5 + truth + 0.1 * normals(11, LENGTH)), events, seasonal=False, trend="none"
    )
    assert result.groups == ()
    assert by_id(result)["one"].lower <= -0.5 <= by_id(result)["one"].upper


def test_identical_events_have_no_effects_of_their_own_but_their_sum_has():
    doubled = EventTable((*EVENTS.events, *table(copy="2013-05").events))
    result = fit_interventions(world(), doubled)
    effects = by_id(result)
    assert effects["first"].estimate is None
    assert effects["copy"].estimate is None
    assert effects["copy"].grade == "D"
    assert result.groups[0].event_ids == ("copy", "first") or result.groups[0].event_ids == ("first", "copy")
    alone = by_id(fit_interventions(world(), EVENTS))["first"]
    total = result.summarise(result.groups[0].terms)
    assert total["estimate"] == pytest.approx(alone.estimate, abs=1e-6)
    assert total["upper"] == pytest.approx(alone.upper, abs=1e-6)


def test_an_event_that_no_observation_informs_is_graded_d_in_words():
    logs = 5 + ar1(3, LENGTH, 0.5, 0.2)
    logs[60:] = np.nan
    series = monthly(START, logs)
    result = fit_interventions(series, table(seen="2012-05", unseen="2017-01"))
    unseen = by_id(result)["unseen"]
    assert unseen.estimate is None
    assert unseen.grade == "D"
    assert "no observation" in unseen.reason


def test_an_event_in_the_first_month_cannot_be_told_from_the_level():
    result = fit_interventions(world(), table(start="2010-01", later="2016-03"))
    assert by_id(result)["start"].grade == "D"
    assert by_id(result)["later"].estimate is not None


def test_declared_groups_are_kept_together():
    rows = [
        {"id": "a", "title": "A", "effective": "2013-05-01", "group": "policy"},
        {"id": "b", "title": "B", "effective": "2019-02-01", "group": "policy"},
    ]
    result = fit_interventions(world(), EventTable.from_rows(rows))
    assert result.groups[0].event_ids == ("a", "b")
    assert "declared" in result.groups[0].reason


def test_scaling_the_series_moves_no_effect(fit):
    series = world()
    scaled = TradeSeries.from_values(
        [str(p) for p in series.periods], [1000 * o.value for o in series.observations]
    )
    for ours, theirs in zip(fit.effects, fit_interventions(scaled, EVENTS).effects, strict=True):
        assert theirs.estimate == pytest.approx(ours.estimate, abs=1e-7)
        assert theirs.upper == pytest.approx(ours.upper, abs=1e-7)


def test_the_order_of_the_events_does_not_matter(fit):
    reordered = EventTable(EVENTS.events[::-1])
    assert fit_interventions(world(), reordered).to_record() == fit.to_record()


def test_measurement_error_widens_the_intervals_and_an_exact_month_counts_for_more():
    series = world(sd=0.05)
    noisy = TradeSeries.from_values(
        [str(p) for p in series.periods], [o.value for o in series.observations], rse=0.10
    )
    width = by_id(fit_interventions(series, EVENTS))["first"].se
    assert by_id(fit_interventions(noisy, EVENTS))["first"].se > 0.8 * width


def test_one_wild_month_is_reported_and_does_not_widen_the_rest():
    logs = 5 + steps(START, LENGTH, TRUTH) + 0.1 * normals(7, LENGTH)
    clean = fit_interventions(monthly(START, logs), EVENTS)
    logs[100] += 2.0
    wild = fit_interventions(monthly(START, logs), EVENTS)
    discounted = wild.to_record()["diagnostics"]["discounted"]
    assert discounted[0]["period"] == "2018-05"
    assert discounted[0]["probability"]["1"] < 0.01
    for before, after in zip(clean.effects, wild.effects, strict=True):
        assert after.se < 1.3 * before.se
        assert abs(after.estimate - before.estimate) < 1.0 * before.se


def test_a_declared_regime_keeps_its_noise_to_itself():
    logs = 5 + steps(START, LENGTH, TRUTH) + 0.1 * normals(7, LENGTH)
    logs[115:135] += 1.5 * normals(8, 20)
    plain = fit_interventions(monthly(START, logs), EVENTS, outliers=False)
    regime = fit_interventions(monthly(START, logs), EVENTS, outliers=False, regime="2019-08..2021-03")
    assert by_id(regime)["first"].se < 0.6 * by_id(plain)["first"].se
    kappa = regime.to_record()["diagnostics"]["noise"]["kappa"][0]
    assert kappa["lower"] <= 225 <= kappa["upper"]


def test_a_gradual_effect_gives_its_decay_with_an_interval():
    decay = 0.7
    response = np.zeros(LENGTH)
    response[60:] = -1.0 * (1 - decay ** np.arange(1, LENGTH - 60 + 1))
    rows = [{"id": "slow", "title": "Slow", "effective": "2015-01-01", "shape": "gradual"}]
    result = fit_interventions(
        monthly(START, 5 + response + 0.05 * normals(21, LENGTH)), EventTable.from_rows(rows), seasonal=False
    )
    effect = result.effects[0]
    assert effect.lower <= -1.0 <= effect.upper
    assert effect.decay["lower"] <= decay <= effect.decay["upper"] + 0.07, "cells of the decay are 1/8 wide"
    assert abs(effect.decay["mean"] - decay) < 0.1


def test_the_level_scale_speaks_in_the_unit_of_the_series():
    values = 100 + 50 * (np.arange(60) >= 30) + 5 * normals(4, 60)
    values[10] = 0.0
    series = TradeSeries.from_values([f"{1960 + k}" for k in range(60)], values.tolist(), unit="USD million")
    result = fit_interventions(series, EventTable.from_rows([{"id": "e", "title": "E", "effective": "1990"}]))
    record = result.to_record()
    assert record["model"]["scale"] == "level"
    assert record["effects"][0]["log_effect"] is None
    assert record["effects"][0]["percent"] is None
    assert record["effects"][0]["lower"] <= 50 <= record["effects"][0]["upper"]
    assert "level scale" in " ".join(result.warnings)


def test_the_path_without_events_follows_the_level_they_left():
    result = fit_interventions(
        monthly(START, 5 + steps(START, LENGTH, {"2016-03": -1.0}) + 0.05 * normals(9, LENGTH)),
        table(only="2016-03"),
        seasonal=False,
        trend="none",
    )
    rows = result.to_record()["counterfactual"]
    after = rows[120]
    assert after["lower"] <= np.exp(5) <= after["upper"]
    assert after["observed"] < after["lower"]
    assert rows[10]["lower"] <= np.exp(5) <= rows[10]["upper"]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"scale": "root"}, UsageError, "scale"),
        ({"trend": "cubic"}, UsageError, "trend"),
        ({"clock": "late"}, UsageError, "clock"),
        ({"method": "magic"}, UsageError, "method"),
        ({"level": 95}, UsageError, "level"),
        ({"regime": "2030-01..2030-12"}, InputError, "outside the sample"),
        ({"controls": {"flat": [1.0] * LENGTH}}, InputError, "constant"),
        ({"controls": {"short": [1.0, 2.0]}}, InputError, "has 2 values"),
        ({"controls": {"trend": list(range(LENGTH))}}, InputError, "collinear"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(options, error, words):
    with pytest.raises(error, match=words):
        fit_interventions(world(), EVENTS, **options)


def test_events_outside_the_callers_sample_are_an_error():
    with pytest.raises(InputError, match=r"late.*outside the sample"):
        fit_interventions(world(), table(late="2031-01"))


def test_a_constant_series_and_too_few_observations_cannot_be_estimated():
    flat = TradeSeries.from_values([f"{2000 + k}" for k in range(30)], [7.0] * 30)
    event = EventTable.from_rows([{"id": "e", "title": "E", "effective": "2010"}])
    with pytest.raises(CannotEstimateError, match="constant"):
        fit_interventions(flat, event)
    short = TradeSeries.from_values(
        [f"{2000 + k}" for k in range(9)], [float(k + 1) ** 1.5 for k in range(9)]
    )
    with pytest.raises(CannotEstimateError, match="9 observations"):
        fit_interventions(short, EventTable.from_rows([{"id": "e", "title": "E", "effective": "2005"}]))


def test_the_whole_catalogue_is_no_design():
    from analysis import catalogue

    with pytest.raises(InputError, match="does not belong in a design"):
        fit_interventions(catalogue.series("dprk.exports.china.m"), catalogue.events())


def test_an_explosive_series_is_answered_with_finite_numbers():
    growth = np.exp(np.linspace(0, 18.5, 120) ** 1.2)
    series = TradeSeries.from_values([f"{1900 + k}" for k in range(120)], growth.tolist())
    event = EventTable.from_rows([{"id": "e", "title": "E", "effective": "1960"}])
    effect = fit_interventions(series, event).effects[0]
    assert np.isfinite([effect.estimate, effect.lower, effect.upper]).all()
