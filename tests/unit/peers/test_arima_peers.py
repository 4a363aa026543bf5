"""Regression with ARIMA errors against statsmodels' own fit; transfer functions; refusals in words."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.errors import CannotEstimateError, UsageError
from analysis.interventions.peers import arma, fit_peer
from analysis.interventions.peers.arma import ArimaOrder, ArimaRegression
from analysis.numerics.fixed_sequence import normals
from tests.unit.peers.test_least_squares_peers import EVENTS, design, monthly, wandering

SAME = 1e-5
"""The start of differenced noise is diffuse with a variance of 1e6 in units that differ between the two."""


@pytest.fixture(scope="module")
def sarimax():
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    return SARIMAX


@pytest.mark.parametrize(
    ("order", "seasonal", "noise"),
    [
        ((1, 0, 0), (0, 0, 0), [0.6]),
        ((1, 0, 1), (1, 0, 0), [0.5, 0.3, 0.2]),
        ((0, 1, 1), (0, 1, 1), [-0.4, -0.6]),
    ],
)
def test_likelihood_is_that_of_statsmodels(sarimax, order, seasonal, noise):
    y, x = wandering(), design()[:, 2:]
    arima = ArimaRegression(y, lambda _: x, ArimaOrder(order, seasonal, 12 if any(seasonal) else 1))
    found = arima.gls(np.array(noise))
    beta, variance, loglik = found.beta, found.variance, found.loglik
    model = sarimax(
        y,
        exog=x,
        order=order,
        seasonal_order=(*seasonal, 12 if any(seasonal) else 0),
    )
    assert model.loglike([*beta, *noise, variance]) == pytest.approx(loglik, abs=SAME)


def test_likelihood_with_gaps_is_that_of_statsmodels(sarimax):
    y, x = wandering(2), design()[:, 2:]
    y[[3, 40, 41, 90]] = np.nan
    arima = ArimaRegression(y, lambda _: x, ArimaOrder((0, 1, 1)))
    model = sarimax(y, exog=x, order=(0, 1, 1))
    for theta in (-0.7, -0.3, 0.2):
        found = arima.gls(np.array([theta]))
        assert model.loglike([*found.beta, theta, found.variance]) == pytest.approx(found.loglik, abs=SAME)


def test_standard_errors_hold_the_doubt_of_the_noise(sarimax):
    y = wandering()
    record = fit_peer(monthly(np.exp(y)), EVENTS, method="sarimax", seasonal=False).to_record()
    x = design()
    fit = sarimax(y, exog=x, order=(1, 0, 0)).fit(disp=0, cov_type="approx", maxiter=200)
    for effect, value, error in zip(record["effects"], fit.params[2:4], fit.bse[2:4], strict=True):
        assert effect["log_effect"] == pytest.approx(value, abs=1e-4)
        assert effect["se"] == pytest.approx(error, rel=1e-3)
    assert record["diagnostics"]["converged"] is True
    assert record["diagnostics"]["log_likelihood"] == pytest.approx(fit.llf, abs=1e-4)


def test_a_decay_is_found_with_its_standard_error():
    t = np.arange(120)
    truth = np.where(t >= 50, 0.8 ** np.maximum(t - 50, 0), 0.0)
    y = 3 - 1.2 * truth + 0.05 * np.cumsum(0.3 * normals((120,), 9)) + 0.05 * normals((120,), 10)
    rows = [{"id": "shock", "title": "Shock", "effective": "2014-03-01", "shape": "temporary"}]
    table = type(EVENTS).from_rows(rows)
    effect = fit_peer(monthly(np.exp(y)), table, method="transfer", seasonal=False).to_record()["effects"][0]
    assert abs(effect["decay"]["mean"] - 0.8) < 3 * effect["decay"]["se"]
    assert abs(effect["log_effect"] + 1.2) < 3 * effect["se"]
    assert effect["decay"]["se"] < 0.1


def test_refusals_name_the_event_and_the_remedy():
    y = monthly(np.exp(wandering()))
    with pytest.raises(UsageError, match="order has no meaning for ols"):
        fit_peer(y, EVENTS, method="ols", order=(1, 0, 0))
    with pytest.raises(UsageError, match="three whole numbers from 0 to 24"):
        fit_peer(y, EVENTS, method="sarimax", order=(-1, 0, 0))
    with pytest.raises(UsageError, match="structural, ols, ols_hac"):
        fit_peer(y, EVENTS, method="magic")
    ramp = [{"id": "start", "title": "Start", "effective": "2010-01-01", "shape": "ramp"}]
    with pytest.raises(CannotEstimateError, match="differencing takes the column of start away"):
        fit_peer(y, type(EVENTS).from_rows(ramp), method="transfer", trend="none", order=(0, 2, 1))


def test_a_search_that_stops_on_a_slope_is_refused_in_words(monkeypatch):
    monkeypatch.setattr(arma, "SLOPE", 1e-300)
    with pytest.raises(CannotEstimateError, match=r"did not converge: after .* its slope is still"):
        fit_peer(monthly(np.exp(wandering())), EVENTS, method="sarimax", seasonal=False)


def test_a_moving_average_at_its_boundary_is_held_and_named():
    """White noise differenced: the moving-average coefficient is -1, and the answer least squares."""
    y = 5 + 0.1 * normals((120,), 11)
    found = fit_peer(monthly(np.exp(y)), EVENTS, method="transfer", seasonal=False).to_record()
    assert found["diagnostics"]["held_at_the_boundary"] == ["ma1"]
    assert found["diagnostics"]["noise"]["ma1"]["se"] is None
    usual = fit_peer(monthly(np.exp(y)), EVENTS, method="ols", seasonal=False).to_record()
    for ours, theirs in zip(found["effects"], usual["effects"], strict=True):
        assert ours["log_effect"] == pytest.approx(theirs["log_effect"], abs=0.2 * theirs["se"])
        assert ours["se"] == pytest.approx(theirs["se"], rel=0.1)


def test_a_measured_input_acts_through_its_own_response():
    x = np.cumsum(0.3 * normals((120,), 21))
    response = np.zeros(120)
    for t in range(3, 120):
        response[t] = 0.6 * response[t - 1] - 0.5 * (x[t - 2] - x.mean()) + 0.2 * (x[t - 3] - x.mean())
    y = 5 + response - 0.4 * (np.arange(120) >= 50) + 0.02 * normals((120,), 22)
    record = fit_peer(
        monthly(np.exp(y)),
        type(EVENTS)(EVENTS.events[:1]),
        method="transfer",
        seasonal=False,
        trend="none",
        order=(0, 0, 0),
        controls={"price": list(x)},
        inputs={"price": (2, 1, 1)},
    ).to_record()
    found = record["diagnostics"]["inputs"][0]
    for value, error, truth in zip(found["numerator"], found["numerator_se"], (-0.5, 0.2), strict=True):
        assert abs(value - truth) < 3 * error < 0.1
    assert found["decays"][0] == pytest.approx(0.6, abs=3 * found["decays_se"][0])
    assert found["gain"] == pytest.approx(-0.3 / 0.4, abs=0.05)
    effect = record["effects"][0]
    assert effect["log_effect"] == pytest.approx(-0.4, abs=3 * effect["se"])
    assert record["diagnostics"]["observations_used"] == 117
    with pytest.raises(UsageError, match="the input 'cost' is not among the controls"):
        fit_peer(monthly(np.exp(y)), EVENTS, method="transfer", inputs={"cost": (0, 0, 1)})
    with pytest.raises(UsageError, match="inputs has no meaning for ols"):
        fit_peer(monthly(np.exp(y)), EVENTS, method="ols", inputs={"price": (0, 0, 1)})


def test_two_decays_of_an_input_are_a_second_order_recursion():
    from analysis.interventions.peers.inputs import response

    found = response(np.eye(1, 6)[0], np.array([0.5, -0.2]))
    assert found == pytest.approx([1, 0.5, 0.05, -0.075, -0.0475, -0.00875])
