"""OLS, Newey-West, GLSAR and counts: the design reaches statsmodels as meant, gaps against definitions."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.domain import EventTable, TradeSeries
from analysis.errors import InputError, UsageError
from analysis.interventions.peers import fit_peer
from analysis.interventions.peers.regression import bandwidth
from analysis.numerics.fixed_sequence import normals

SAME = 1e-8
"""Two programs for one formula."""
SAME_RHO = 1e-5
"""Both iterate; this code until the autocorrelation moves by less than 1e-8."""

MONTHS = [f"{2010 + i // 12}-{i % 12 + 1:02d}" for i in range(120)]
EVENTS = EventTable.from_rows(
    [
        {"id": "a", "title": "A", "effective": "2014-03-01"},
        {"id": "b", "title": "B", "effective": "2017-09-01"},
    ]
)


def wandering(stream: int = 1, rho: float = 0.6) -> np.ndarray:
    noise = normals((len(MONTHS),), stream)
    y = np.empty(len(noise))
    y[0] = noise[0]
    for t in range(1, len(y)):
        y[t] = rho * y[t - 1] + noise[t]
    step_a = np.arange(len(y)) >= 50
    return 5 + 0.2 * y - 0.5 * step_a


def design(n: int = 120) -> np.ndarray:
    t = np.arange(n)
    return np.column_stack([np.ones(n), (t - (n - 1) / 2) / 12, t >= 50, t >= 92]).astype(float)


def monthly(values, **fields) -> TradeSeries:
    return TradeSeries.from_values(MONTHS[: len(values)], list(values), id="trade", **fields)


def effects(record) -> tuple[list[float], list[float]]:
    return [e["log_effect"] for e in record["effects"]], [e["se"] for e in record["effects"]]


@pytest.fixture(scope="module")
def sm():
    import statsmodels.api

    return statsmodels.api


@pytest.mark.parametrize("method", ["ols", "ols_hac"])
def test_least_squares_is_that_of_statsmodels(sm, method):
    y = wandering()
    record = fit_peer(monthly(np.exp(y)), EVENTS, method=method, seasonal=False).to_record()
    fit = sm.OLS(y, design()).fit()
    if method == "ols_hac":
        lags = record["diagnostics"]["bandwidth"]
        assert lags == 4
        fit = fit.get_robustcov_results("HAC", maxlags=lags, use_correction=True)
    found, errors = effects(record)
    assert found == pytest.approx(list(fit.params[2:]), rel=SAME)
    assert errors == pytest.approx(list(fit.bse[2:]), rel=SAME)
    limits = fit.conf_int()
    assert record["effects"][0]["lower"] == pytest.approx(limits[2][0], rel=SAME)


def test_glsar_is_that_of_statsmodels(sm):
    y = wandering()
    record = fit_peer(monthly(np.exp(y)), EVENTS, method="glsar", seasonal=False).to_record()
    fit = sm.GLSAR(y, design(), rho=1)
    answer = fit.iterative_fit(maxiter=200, rtol=1e-12)
    assert record["diagnostics"]["rho"] == pytest.approx(float(fit.rho[0]), abs=SAME_RHO)
    found, errors = effects(record)
    assert found == pytest.approx(list(answer.params[2:]), rel=SAME_RHO)
    assert errors == pytest.approx(list(answer.bse[2:]), rel=SAME_RHO)


def test_quasi_poisson_is_that_of_statsmodels_zeros_included(sm):
    y = np.exp(wandering())
    y[[7, 20, 95, 96]] = 0.0
    record = fit_peer(monthly(y), EVENTS, method="poisson", seasonal=False).to_record()
    fit = sm.GLM(y, design(), family=sm.families.Poisson()).fit(
        tol=1e-12, cov_type="HAC", cov_kwds={"maxlags": 4, "use_correction": True}
    )
    found, errors = effects(record)
    assert found == pytest.approx(list(fit.params[2:]), rel=1e-6)
    assert errors == pytest.approx(list(fit.bse[2:]), rel=1e-5)
    assert record["diagnostics"]["zeros"] == 4
    assert record["model"]["scale"] == "log"
    assert all(row["expected"] > 0 for row in record["counterfactual"])


def test_lags_count_periods_and_not_observations():
    """The covariance by its definition: scores two periods apart are lag two though no row lies between."""
    y = wandering(4)
    values = [None if t in (30, 31, 80) else float(np.exp(v)) for t, v in enumerate(y)]
    record = fit_peer(monthly(values), EVENTS, method="ols_hac", seasonal=False).to_record()
    seen = np.array([v is not None for v in values])
    x, at = design()[seen], np.flatnonzero(seen)
    bread = np.linalg.inv(x.T @ x)
    residuals = y[seen] - x @ (bread @ x.T @ y[seen])
    apart = np.abs(np.subtract.outer(at, at))
    lags = bandwidth(len(at))
    weight = np.maximum(1 - apart / (lags + 1), 0.0)
    meat = (x * residuals[:, None]).T @ weight @ (x * residuals[:, None])
    covariance = bread @ meat @ bread * len(at) / (len(at) - 4)
    assert effects(record)[1] == pytest.approx(list(np.sqrt(np.diag(covariance))[2:]), rel=SAME)
    assert lags == bandwidth(100) == 4


def test_a_gap_is_whitened_by_the_power_of_its_length():
    y = wandering(3)
    values = [None if t in (30, 31, 80) else float(np.exp(v)) for t, v in enumerate(y)]
    record = fit_peer(monthly(values), EVENTS, method="glsar", seasonal=False).to_record()
    rho = record["diagnostics"]["rho"]
    seen = np.array([v is not None for v in values])
    at = np.flatnonzero(seen)
    covariance = rho ** np.abs(np.subtract.outer(at, at))
    # Conditioning on the first observation drops it: condition the whole vector on it.
    first = covariance[1:, 0]
    left = covariance[1:, 1:] - np.outer(first, first)
    x = design()[seen][1:] - np.outer(first, design()[seen][0])
    z = y[seen][1:] - first * y[seen][0]
    weight = np.linalg.inv(left)
    beta = np.linalg.solve(x.T @ weight @ x, x.T @ weight @ z)
    assert effects(record)[0] == pytest.approx(list(beta[2:]), rel=1e-7)


def test_poisson_refuses_what_it_cannot_estimate():
    y = np.exp(wandering())
    with pytest.raises(InputError, match=r"-1 in 2010-06"):
        fit_peer(monthly(np.where(np.arange(120) == 5, -1.0, y)), EVENTS, method="poisson")
    with pytest.raises(UsageError, match="log link"):
        fit_peer(monthly(y), EVENTS, method="poisson", scale="level")


def test_negative_binomial_is_that_of_statsmodels(sm):
    from statsmodels.discrete.discrete_model import NegativeBinomial

    y = np.round(np.exp(wandering()))
    record = fit_peer(monthly(y), EVENTS, method="negbin", seasonal=False).to_record()
    joint = NegativeBinomial(y, design()).fit(disp=0, maxiter=200)
    assert record["diagnostics"]["alpha"] == pytest.approx(joint.params[-1], rel=1e-3)
    family = sm.families.NegativeBinomial(alpha=record["diagnostics"]["alpha"])
    fit = sm.GLM(y, design(), family=family).fit(
        tol=1e-12, cov_type="HAC", cov_kwds={"maxlags": 4, "use_correction": True}
    )
    found, errors = effects(record)
    assert found == pytest.approx(list(joint.params[2:4]), rel=1e-4)
    assert errors == pytest.approx(list(fit.bse[2:]), rel=1e-5)


def test_an_exposure_enters_with_coefficient_one():
    exposure = np.exp(normals((120,), 12))
    y = np.exp(wandering())
    plain = fit_peer(monthly(y), EVENTS, method="poisson", seasonal=False).to_record()
    scaled = fit_peer(
        monthly(y * exposure),
        EVENTS,
        method="poisson",
        seasonal=False,
        controls={"size": list(exposure)},
        offset="size",
    ).to_record()
    assert scaled["model"]["terms"] == plain["model"]["terms"]
    truth, error = effects(plain)[0][0], effects(plain)[1][0]
    assert abs(effects(scaled)[0][0] - truth) < 3 * error
    assert scaled["counterfactual"][3]["expected"] / exposure[3] == pytest.approx(
        plain["counterfactual"][3]["expected"], rel=0.2
    )
    with pytest.raises(UsageError, match="the offset 'people' is not among the controls"):
        fit_peer(monthly(y), EVENTS, method="poisson", offset="people")


@pytest.mark.parametrize("method", ["poisson", "negbin"])
def test_a_window_of_zeros_is_a_bound_and_no_refusal(method):
    dead = np.where(np.arange(120) >= 92, 0.0, np.exp(wandering()))
    result = fit_peer(monthly(dead), EVENTS, method=method, seasonal=False)
    record = result.to_record()
    before = fit_peer(
        monthly(dead[:92]), EventTable(EVENTS.events[:1]), method=method, seasonal=False
    ).to_record()
    first, second = record["effects"]
    assert first["log_effect"] == pytest.approx(before["effects"][0]["log_effect"], abs=1e-6)
    assert second["log_effect"] is second["lower"] is second["se"] is None
    assert -9 < second["upper"] < -2
    assert second["percent_upper"] == pytest.approx(100 * np.expm1(second["upper"]))
    assert "a bound alone" in record["identification"][1]["reason"]
    assert any("its effect is at most -" in w for w in result.warnings)


def test_the_bound_covers_an_effect_that_left_few_counts():
    """Counts of mean 6, an effect of -3, 20 months: series that happen to hold zeros only are rare then.

    The bound is asked for where all 20 are zero; an effect at the bound gives that in 2.5 % of series.
    """
    exposure = np.full(120, 6.0)
    counts = np.round(exposure + 2.4 * normals((120,), 13)).clip(0)
    counts[100:] = 0.0
    table = EventTable.from_rows([{"id": "stop", "title": "Stop", "effective": "2018-05-01"}])
    result = fit_peer(monthly(counts), table, method="poisson", seasonal=False, trend="none")
    upper = result.to_record()["effects"][0]["upper"]
    expected = 20 * counts[:100].mean() * np.exp(upper)
    assert np.exp(-expected) < 0.05
    assert np.exp(-expected / 4) > 0.02


def test_zeros_before_an_opening_bound_its_effect_from_below():
    values = np.where(np.arange(120) < 50, 0.0, np.exp(wandering()))
    record = fit_peer(monthly(values), EVENTS, method="poisson", seasonal=False, trend="none").to_record()
    assert record["effects"][0]["upper"] is None
    assert record["effects"][0]["lower"] > 2
    assert record["effects"][1]["se"] > 0


def test_residual_tests_are_those_of_the_definitions():
    from analysis.interventions.peers.residuals import residual_tests

    e = normals((100,), 15)
    found = residual_tests(e)
    centred = e - e.mean()
    acf = [centred[k:] @ centred[:-k] / (centred @ centred) for k in range(1, 13)]
    expected = 100 * 102 * sum(r**2 / (100 - k) for k, r in enumerate(acf, 1))
    assert found["ljung_box"]["statistic"] == pytest.approx(expected)
    z = centred / e.std()
    assert found["jarque_bera"]["statistic"] == pytest.approx(
        100 / 6 * ((z**3).mean() ** 2 + ((z**4).mean() - 3) ** 2 / 4)
    )
    assert residual_tests(e[:4]) == {}


def test_partial_months_carry_their_share_of_the_flow():
    """A month in force for f of its days has (1 - f + f exp(beta)) of its flow: no bias from it."""
    t = np.arange(120)
    beta = -1.5
    share = np.where(t > 50, 1.0, np.where(t == 50, 16 / 31, 0.0))
    flow = np.exp(0.01 * normals((120,), 5)) * (1 - share + share * np.exp(beta))
    table = EventTable.from_rows([{"id": "a", "title": "A", "effective": "2014-03-16"}])
    found = {
        method: fit_peer(monthly(flow), table, method=method, seasonal=False).to_record()["effects"][0]
        for method in ("ols", "poisson", "sarimax")
    }
    for method, effect in found.items():
        assert abs(effect["log_effect"] - beta) < 3 * effect["se"], method
        assert abs(effect["log_effect"] - beta) < 0.02, method
