"""Exact ARIMA likelihood against statsmodels and dense algebra; refusals in words."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.errors import CannotEstimateError, UsageError
from analysis.interventions.peers import arma, fit_peer
from analysis.interventions.peers.arma import ArimaOrder, ArimaRegression, Contrasts, autocovariances
from analysis.numerics.fixed_sequence import normals
from tests.unit.peers.test_least_squares_peers import EVENTS, design, monthly, wandering

SAME = 1e-6
"""statsmodels evaluates the same likelihood by a Kalman filter."""
DIFFUSE = 1e-3
"""With gaps and differences statsmodels' diffuse start is approximate (variance 1e6)."""


@pytest.fixture(scope="module")
def sarimax():
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    return SARIMAX


def test_autocovariances_of_an_arma_process_are_those_of_its_moving_average():
    ar, ma = np.array([1.0, -0.5, 0.2]), np.array([1.0, 0.4, 0.0, -0.3])
    psi = np.zeros(400)
    psi[0] = 1.0
    for j in range(1, 400):
        psi[j] = (ma[j] if j < 4 else 0.0) + 0.5 * psi[j - 1] - 0.2 * (psi[j - 2] if j > 1 else 0.0)
    expected = [psi[: 400 - k] @ psi[k:] for k in range(8)]
    assert autocovariances(ar, ma, 8) == pytest.approx(expected, rel=1e-12)
    assert autocovariances(np.ones(1), np.array([1.0, 0.5]), 3) == pytest.approx([1.25, 0.5, 0.0])


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
    beta, _, variance, loglik = arima.gls(np.array(noise), np.zeros(0))
    model = sarimax(
        y,
        exog=x,
        order=order,
        seasonal_order=(*seasonal, 12 if any(seasonal) else 0),
        simple_differencing=True,
    )
    assert model.loglike([*beta, *noise, variance]) == pytest.approx(loglik, abs=SAME)


def test_likelihood_with_gaps_differs_from_the_filters_by_a_constant(sarimax):
    y, x = wandering(2), design()[:, 2:]
    y[[3, 40, 41, 90]] = np.nan
    arima = ArimaRegression(y, lambda _: x, ArimaOrder((0, 1, 1)))
    model = sarimax(y, exog=x, order=(0, 1, 1))
    gaps = []
    for theta in (-0.7, -0.3, 0.2):
        beta, _, variance, loglik = arima.gls(np.array([theta]), np.zeros(0))
        gaps.append(loglik - model.loglike([*beta, theta, variance]))
    assert np.ptp(gaps) < DIFFUSE


def test_contrasts_take_the_starting_values_away():
    observed = np.ones(30, dtype=bool)
    observed[[0, 5, 17]] = False
    found = Contrasts.of(ArimaOrder((0, 1, 0), (0, 1, 0), 4), observed)
    t = np.arange(30.0)[observed]
    assert np.abs(found.of_observed @ np.column_stack([np.ones_like(t), t])).max() < 1e-10
    assert found.of_observed.shape[0] == 27 - 5


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
    with pytest.raises(UsageError, match="no meaning for ols"):
        fit_peer(y, EVENTS, method="ols", order=(1, 0, 0))
    with pytest.raises(UsageError, match="whole numbers from 0 to 24"):
        fit_peer(y, EVENTS, method="sarimax", order=(-1, 0, 0))
    with pytest.raises(UsageError, match="structural, ols, ols_hac"):
        fit_peer(y, EVENTS, method="magic")
    ramp = [{"id": "start", "title": "Start", "effective": "2010-01-01", "shape": "ramp"}]
    with pytest.raises(CannotEstimateError, match="differencing takes the column of start away"):
        fit_peer(y, type(EVENTS).from_rows(ramp), method="transfer", trend="none", order=(0, 2, 1))


def test_a_search_that_stops_on_a_slope_is_refused_in_words(monkeypatch):
    monkeypatch.setattr(arma, "GRADIENT", 1e-300)
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
