"""OLS, Newey-West, GLSAR and quasi-Poisson against statsmodels, with gaps against their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.domain import EventTable, TradeSeries
from analysis.errors import CannotEstimateError, InputError, UsageError
from analysis.interventions.peers import fit_peer
from analysis.numerics.fixed_sequence import normals
from analysis.numerics.long_run_variance import newey_west_lags, newey_west_sum

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
    scores = np.array([[1.0], [2.0], [4.0]])
    adjacent = newey_west_sum(scores, np.array([True, True, True]), 1)
    apart = newey_west_sum(scores, np.array([True, False, True, True]), 1)
    assert adjacent[0, 0] == pytest.approx(21 + 0.5 * 2 * (2 + 8))
    assert apart[0, 0] == pytest.approx(21 + 0.5 * 2 * 8)
    assert newey_west_lags(100) == 4


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
    dead = np.where(np.arange(120) >= 92, 0.0, y)
    with pytest.raises(CannotEstimateError, match="b is in force is zero: its effect has no finite"):
        fit_peer(monthly(dead), EVENTS, method="poisson")
    with pytest.raises(UsageError, match="log link"):
        fit_peer(monthly(y), EVENTS, method="poisson", scale="level")


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
