"""Predictions beyond the first event: quadrature against dense integration, windows, synthetic control."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.domain import EventTable
from analysis.errors import CannotEstimateError, InputError, UsageError
from analysis.interventions.peers import fit_peer, level_mixture
from analysis.interventions.peers.level_mixture import LevelModel, fit_level, predict
from analysis.interventions.peers.simplex import simplex_weights
from analysis.interventions.peers.synthetic import synthetic_study
from analysis.numerics.fixed_sequence import normals
from tests.unit.peers.test_least_squares_peers import EVENTS, monthly

WIDTH_SHARE = 0.005
"""Of the width: what a grid of another size may move an end by."""


def model(n: int = 40, ahead: int = 10) -> LevelModel:
    y = 0.5 * np.cumsum(0.3 * normals((n + ahead,), 4)) + normals((n + ahead,), 5)
    fitted = np.arange(n + ahead) < n

    def prior(noise, level):
        return -0.5 * np.log(noise) ** 2 - 0.5 * (np.log(level) + 1) ** 2

    return LevelModel(
        y, fitted, np.ones((n + ahead, 1)), np.eye(1), np.zeros((1, 1)), prior, (0.02, 20.0), (0.002, 20.0)
    )


def test_prediction_is_that_of_dense_gaussian_algebra_on_a_wide_grid():
    given = model()
    averaging = np.where(given.fitted, 0.0, 0.1)[None]
    found = predict([fit_level(given)], averaging)
    n = int(given.fitted.sum())
    steps = np.arange(len(given.y))
    walk = np.minimum.outer(steps, steps)
    weights, centres, variances = [], [], []
    axis = np.exp(np.linspace(np.log(0.02), np.log(20), 90))
    for noise in axis:
        for level in np.exp(np.linspace(np.log(0.002), np.log(20), 90)):
            covariance = 1.0 + level**2 * walk + noise**2 * np.eye(len(steps))
            own, across = covariance[:n, :n], covariance[n:, :n]
            solved = np.linalg.solve(own, np.column_stack([given.y[:n], across.T]))
            logdet = np.linalg.slogdet(own)[1]
            prior = given.prior(np.array([noise]), np.array([level]))[0]
            weights.append(-0.5 * (logdet + given.y[:n] @ solved[:, 0]) + prior)
            centres.append(np.mean(across @ solved[:, 0]))
            variances.append((covariance[n:, n:] - across @ solved[:, 1:]).mean())
    weight = np.exp(np.array(weights) - max(weights))
    weight /= weight.sum()
    mean = weight @ centres
    sd = np.sqrt(weight @ (np.array(variances) + (np.array(centres) - mean) ** 2))
    assert found.weight @ found.centre[:, 0] == pytest.approx(mean, abs=0.005 * sd)
    spread = found.covariance[:, 0, 0] + (found.centre[:, 0] - mean) ** 2
    assert np.sqrt(found.weight @ spread) == pytest.approx(sd, rel=0.005)


def test_a_finer_grid_moves_no_end(monkeypatch):
    y = monthly(np.exp(2 + 0.1 * normals((120,), 6) - 0.4 * (np.arange(120) >= 92)))
    table = EventTable.from_rows([{"id": "b", "title": "B", "effective": "2017-09-01"}])
    usual = fit_peer(y, table, method="uc_bsts").to_record()["effects"][0]
    monkeypatch.setattr(level_mixture, "COARSE", 48)
    monkeypatch.setattr(level_mixture, "FINE", 64)
    finer = fit_peer(y, table, method="uc_bsts").to_record()["effects"][0]
    width = usual["upper"] - usual["lower"]
    assert usual["lower"] == pytest.approx(finer["lower"], abs=WIDTH_SHARE * width)
    assert usual["upper"] == pytest.approx(finer["upper"], abs=WIDTH_SHARE * width)


def test_simulated_paths_have_the_moments_of_statsmodels_forecast():
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    y = 2 + 0.1 * np.cumsum(0.5 * normals((120,), 61)) + 0.1 * normals((120,), 62)
    table = EventTable.from_rows([{"id": "b", "title": "B", "effective": "2017-09-01"}])
    result = fit_peer(monthly(np.exp(y)), table, method="uc", seasonal=False, trend="none")
    model = UnobservedComponents(y[:92], level="llevel", use_exact_diffuse=True)
    fit = model.fit(disp=0)
    ahead = fit.get_forecast(28)
    record = result.to_record()
    assert record["diagnostics"]["level_sd"] == pytest.approx(np.sqrt(fit.params[1]), rel=1e-2)
    centre = np.mean(np.log([r["expected"] for r in record["counterfactual"][92:]]) - ahead.predicted_mean)
    assert abs(centre) < 0.01
    width = np.log(record["counterfactual"][-1]["upper"] / record["counterfactual"][-1]["lower"])
    assert width == pytest.approx(2 * 1.96 * float(np.sqrt(ahead.var_pred_mean[-1])), rel=0.05)
    noise, walk = fit.params
    steps = np.minimum.outer(np.arange(1, 29), np.arange(1, 29)).sum() / 28**2
    level = float(fit.filtered_state_cov[0, 0, -1])
    assert record["effects"][0]["se"] == pytest.approx(np.sqrt(level + walk * steps + noise / 28), rel=0.05)


def test_a_wandering_slope_is_a_choice_of_uc_and_said_by_the_others():
    t = np.arange(120)
    y = monthly(np.exp(2 + 0.01 * t + 0.05 * normals((120,), 63) - 0.5 * (t >= 92)))
    table = EventTable.from_rows([{"id": "b", "title": "B", "effective": "2017-09-01"}])
    wandering = fit_peer(y, table, method="uc", seasonal=False, trend="local")
    fixed = fit_peer(y, table, method="uc", seasonal=False)
    assert "slope_sd" in wandering.to_record()["diagnostics"]
    assert wandering.effects[0].se >= 0.9 * fixed.effects[0].se
    assert any("its trend is linear" in w for w in fit_peer(y, table, method="ols", trend="local").warnings)


def test_two_steps_are_read_off_their_windows():
    t = np.arange(120)
    y = 3 + 0.02 * normals((120,), 7) - 0.5 * (t >= 50) + 0.3 * (t >= 92)
    record = fit_peer(monthly(np.exp(y)), EVENTS, method="uc", seasonal=False, trend="none").to_record()
    a, b = record["effects"]
    assert a["log_effect"] == pytest.approx(-0.5, abs=0.03)
    assert b["log_effect"] == pytest.approx(0.3, abs=0.03)
    windows = record["diagnostics"]["windows"]
    assert [(w["first"], w["last"]) for w in windows] == [("2014-03", "2017-08"), ("2017-09", "2019-12")]
    assert windows[1]["mean_gap"]["estimate"] == pytest.approx(a["log_effect"] + b["log_effect"], abs=1e-9)
    before = record["counterfactual"][:50]
    inside = [r["lower"] < r["observed"] < r["upper"] for r in before]
    assert np.mean(inside) > 0.85


def test_before_after_refuses_what_has_no_before_or_no_window():
    y = monthly(np.exp(normals((120,), 8)))
    early = EventTable.from_rows([{"id": "a", "title": "A", "effective": "2010-05-01"}])
    with pytest.raises(CannotEstimateError, match="4 observations of 'trade' precede the first event"):
        fit_peer(y, early, method="uc", seasonal=False)
    twins = EventTable.from_rows(
        [
            {"id": "a", "title": "A", "effective": "2014-03-01"},
            {"id": "b", "title": "B", "effective": "2014-03-01"},
        ]
    )
    with pytest.raises(CannotEstimateError, match="a, b cannot be told apart"):
        fit_peer(y, twins, method="uc", seasonal=False)


def test_donor_weights_are_the_best_on_the_simplex():
    target, donors = normals((12,), 31), normals((12, 4), 32)
    weights = simplex_weights(target, donors)
    assert weights.sum() == pytest.approx(1.0)
    assert weights.min() >= 0
    best = np.linalg.norm(target - donors @ weights)
    steps = np.linspace(0, 1, 21)
    others = [
        np.linalg.norm(target - donors @ np.array([a, b, c, 1 - a - b - c]))
        for a in steps
        for b in steps
        for c in steps
        if a + b + c <= 1 + 1e-12
    ]
    assert best <= min(others) + 1e-12
    exact = simplex_weights(donors @ np.array([0.2, 0.0, 0.5, 0.3]), donors)
    assert exact == pytest.approx([0.2, 0.0, 0.5, 0.3], abs=1e-10)


def donor_series() -> dict[str, list[float]]:
    common = np.cumsum(0.1 * normals((120,), 40))
    return {
        f"d{j}": list(np.exp(2 + (0.5 + 0.25 * j) * common + 0.05 * normals((120,), 41 + j)))
        for j in range(6)
    }


def test_synthetic_control_by_the_common_interface():
    donors = donor_series()
    mixed = 0.4 * np.log(donors["d1"]) + 0.6 * np.log(donors["d3"])
    y = mixed + 0.01 * normals((120,), 50) - 0.7 * (np.arange(120) >= 92)
    table = EventTable.from_rows([{"id": "b", "title": "B", "effective": "2017-09-01"}])
    record = fit_peer(monthly(np.exp(y)), table, method="synthetic", controls=donors).to_record()
    effect = record["effects"][0]
    assert effect["log_effect"] == pytest.approx(-0.7, abs=0.02)
    assert effect["se"] is effect["lower"] is effect["p_sign"] is None
    assert record["identification"][0]["grade"] is None is effect["grade"]
    assert "stands out" not in record["identification"][0]["reason"]
    assert "7 units are too few" in record["identification"][0]["reason"]
    diagnostics = record["diagnostics"]
    assert diagnostics["weights"]["d1"] == pytest.approx(0.4, abs=0.05)
    assert diagnostics["placebos"]["pvalue"] == pytest.approx(1 / 7)
    assert set(diagnostics["without_donor"]) == {n for n, w in diagnostics["weights"].items() if w > 0.01}


def test_synthetic_control_without_an_effect_has_no_small_rank():
    donors = np.log(np.array(list(donor_series().values())).T)
    y = 0.5 * donors[:, 0] + 0.5 * donors[:, 5] + 0.05 * normals((120,), 60)
    before = np.arange(120) < 92
    study = synthetic_study(y, donors, [f"d{j}" for j in range(6)], before, ~before)
    assert study.pvalue > 1 / 7


def test_synthetic_control_needs_donors():
    y = monthly(np.exp(normals((120,), 8)))
    with pytest.raises(InputError, match="at least 2 donors"):
        fit_peer(y, EVENTS, method="synthetic")


def test_a_user_steers_the_synthetic_control():
    donors = donor_series()
    mixed = 0.4 * np.log(donors["d1"]) + 0.6 * np.log(donors["d3"])
    y = monthly(np.exp(mixed + 0.01 * normals((120,), 50) - 0.7 * (np.arange(120) >= 92)))
    table = EventTable.from_rows([{"id": "b", "title": "B", "effective": "2017-09-01"}])

    def answer(**synthetic):
        return fit_peer(y, table, method="synthetic", controls=donors, synthetic=synthetic)

    plain = answer().to_record()["diagnostics"]
    assert plain["placebo_in_time"]["from"] == "2013-11"
    assert abs(plain["placebo_in_time"]["mean_gap"]) < 0.05
    assert len(plain["gaps"]) == 120
    without = answer(exclude=["d3"]).to_record()["diagnostics"]
    assert "d3" not in without["weights"]
    assert without["rmspe_before"] > plain["rmspe_before"]
    moved = answer(placebo_from="2012-01").to_record()["diagnostics"]["placebo_in_time"]
    assert moved["from"] == "2012-01"
    size = {unit: [float(k)] * 120 for k, unit in enumerate(("trade", *donors))}
    steered = answer(
        predictors=["outcome:2010-01..2013-12", "outcome:2014-01..2017-08", "size:2010-01"],
        variables={"size": size},
        starts=2,
    )
    record = steered.to_record()["diagnostics"]
    assert [row["predictor"] for row in record["predictors"]][2] == "size:2010-01"
    assert sum(row["weight"] for row in record["predictors"]) == pytest.approx(1.0)
    assert len(record["starts"]) == 2
    assert "Mean gap over 2 starts" in steered.summary()
    trained = answer(
        predictors=["outcome:2014-01..2017-08", "size:2010-01"],
        training=["outcome:2010-01..2012-12", "size:2010-01"],
        fit="2013-01..2013-12",
        variables={"size": size},
    ).to_record()["diagnostics"]
    assert trained["predictors"][0]["predictor"] == "outcome:2014-01..2017-08"
    assert trained["weights"] != record["weights"]


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"exclude": ["nobody"]}, "the donor 'nobody' to exclude"),
        ({"predictors": ["outcome"]}, "a predictor is VARIABLE:WINDOW"),
        ({"predictors": ["size:2010-01"]}, "'size' is not given for 'trade'"),
        ({"predictors": ["outcome:1999-01"]}, "has no period in 2010-01..2019-12"),
        ({"predictors": "outcome:2010"}, "are lists"),
        ({"ridge": -1}, "a penalty of zero or more"),
        ({"starts": 9}, "starts is 1 to 5"),
        ({"placebo_from": "2017-08"}, None),
        ({"placebo_from": "2010-02"}, "fewer than 8 observations"),
        ({"magic": 1}, "no choice 'magic'"),
        ({"training": ["outcome:2010-01"]}, "training holds the variables"),
    ],
)
def test_choices_of_a_synthetic_control_are_checked_in_words(choices, message):
    y = monthly(np.exp(normals((120,), 8)))
    table = EventTable.from_rows([{"id": "b", "title": "B", "effective": "2017-09-01"}])

    def answer():
        return fit_peer(y, table, method="synthetic", controls=donor_series(), synthetic=choices)

    if message is None:
        assert answer().to_record()["diagnostics"]["placebo_in_time"]["from"] == choices["placebo_from"]
    else:
        with pytest.raises(UsageError, match=message):
            answer()


def test_the_augmentation_is_ridge_regression_of_what_the_simplex_leaves():
    from analysis.interventions.peers.augmented import augment

    treated, donors = normals((20,), 71) + 1.0, normals((20, 5), 72)
    base = simplex_weights(treated, donors)
    found = augment(treated, donors, base, 2.0, simplex_weights)
    centre = donors.mean(axis=1)
    x, left = donors - centre[:, None], treated - donors @ base
    ridge = np.linalg.solve(x.T @ x + 2.0 * np.eye(5), x.T @ left)
    assert found.weights - base == pytest.approx(ridge)
    assert np.linalg.norm(treated - donors @ found.weights) < np.linalg.norm(left)
    assert augment(treated, donors, base, 1e9, simplex_weights).weights == pytest.approx(base, abs=1e-6)
