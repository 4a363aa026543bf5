"""The engine against brute force: what it says of effects, signs, noise and datings is the stated posterior.

`tests/dense_posterior.py` integrates the model as the methods page states it, cell by cell with dense
matrices. A prior mass that is left out, a trend prior that is not scaled, a degree of freedom too many or a
probability of the wrong sign are all seen here.
"""

import numpy as np
import pytest

from analysis.domain import Event, EventTable, Period, TradeSeries, parse_day
from analysis.interventions import InterventionResult, fit_interventions
from analysis.interventions.dating import DATINGS
from tests.dense_posterior import Dense, dense_posterior
from tests.worlds import ar1, monthly

OF_WIDTH = 0.005
"""Difference of two fine grids, whose ends differ by at most 0.0016 of the width here."""
OF_PROBABILITY = 0.004
FIRST = 1990
PLAIN = {"seasonal": False, "outliers": False}

WORLDS = {
    "fourteen years, white": (14, 3, 0.0, 0.2),
    "thirty years, AR .6": (30, 5, 0.6, 0.2),
    "thirty years, little noise": (30, 7, 0.0, 0.05),
    "forty years, AR .9": (40, 8, 0.9, 0.3),
}


def years(logs: np.ndarray, **fields) -> TradeSeries:
    """Return an annual series of exp(logs)."""
    return TradeSeries.from_values(
        [str(FIRST + k) for k in range(len(logs))], np.exp(logs).tolist(), **fields
    )


def ban(at: int) -> EventTable:
    """Return one event in force from the first day of the year at position `at`."""
    return EventTable.from_rows([{"id": "ban", "title": "Ban", "effective": f"{FIRST + at}-01-01"}])


def both(name: str, trend: str) -> tuple[InterventionResult, Dense]:
    """Return the engine's answer to a world and the brute-force posterior; the event is column 1."""
    n, stream, rho, sd = WORLDS[name]
    t, at = np.arange(n), n // 2
    logs = 5 + 0.05 * (t - t.mean()) - 0.25 * (t >= at) + ar1(stream, n, rho, sd)
    fit = fit_interventions(years(logs), ban(at), trend=trend, **PLAIN)
    columns = [np.ones(n), t >= at] + ([t - t.mean()] if trend == "linear" else [])
    x = np.column_stack(columns).astype(float)
    if trend == "linear":
        return fit, dense_posterior(logs, x, trend=2, trend_sd=0.10)
    return fit, dense_posterior(logs, x)


@pytest.mark.parametrize("trend", ["none", "linear"])
@pytest.mark.parametrize("name", WORLDS)
def test_effect_interval_and_sign_are_those_of_the_stated_posterior(name: str, trend: str) -> None:
    """Fourteen years are few: one degree of freedom is 4 % of the width there."""
    fit, dense = both(name, trend)
    (effect,) = fit.effects
    wanted = dense.combination(np.eye(dense.mean.shape[1])[1])
    lower, upper = wanted.interval()
    width = upper - lower
    assert effect.estimate == pytest.approx(wanted.mean(), abs=OF_WIDTH * width)
    assert effect.se == pytest.approx(wanted.sd(), rel=OF_WIDTH)
    assert effect.lower == pytest.approx(lower, abs=OF_WIDTH * width)
    assert effect.upper == pytest.approx(upper, abs=OF_WIDTH * width)
    below = wanted.cdf(0.0)
    assert effect.p_sign == pytest.approx(below if effect.estimate < 0 else 1 - below, abs=OF_PROBABILITY)
    assert fit.to_record()["diagnostics"]["degrees_of_freedom"] == dense.dof


@pytest.mark.parametrize("name", WORLDS)
def test_the_noise_is_weighed_by_likelihood_times_prior_mass(name: str) -> None:
    """Cells have unequal masses: without them the point mass at q = 0 weighs as much as any cell."""
    fit, dense = both(name, "none")
    noise = fit.to_record()["diagnostics"]["noise"]
    assert noise["p_no_random_walk"] == pytest.approx(dense.weight[dense.q == 0].sum(), abs=OF_PROBABILITY)
    for share in (0.0, 0.5, 1.0):
        mass = dense.weight[dense.share == share].sum()
        assert noise["ar_share"][f"{share:g}"] == pytest.approx(mass, abs=2 * OF_PROBABILITY)


@pytest.mark.parametrize("size", [0.02, 0.2, 0.6])
def test_the_prior_of_the_trend_is_scaled_by_the_first_estimate_of_the_variance(size: float) -> None:
    """Sd 0.10 a year in logs whatever the noise: a growth of 15 % a year is shrunk little, and alike.

    Unscaled, the prior's sd would be 0.10 sigma, and the trend next to nothing where noise is small.
    """
    n, at, growth = 24, 12, 0.15
    t = np.arange(n)
    shape = ar1(11, n, 0.0, 1.0)
    logs = 5 + growth * (t - t.mean()) + size * shape
    (effect,) = fit_interventions(years(logs), ban(at), trend="linear", **PLAIN).effects
    x = np.column_stack([np.ones(n), t >= at, t - t.mean()]).astype(float)
    wanted = dense_posterior(logs, x, trend=2, trend_sd=0.10).combination(np.array([0.0, 1.0, 0.0]))
    assert effect.estimate == pytest.approx(wanted.mean(), abs=0.01 * wanted.sd())
    assert effect.se == pytest.approx(wanted.sd(), rel=0.01)


def test_a_chance_of_the_sign_is_that_of_the_reported_sign_and_never_below_a_half() -> None:
    n, at = 20, 10
    noise = ar1(4, n, 0.3, 0.2)
    found = {}
    for size in (-0.6, 0.6):
        logs = 5 + size * (np.arange(n) >= at) + noise
        (found[size],) = fit_interventions(years(logs), ban(at), trend="none", **PLAIN).effects
    for size, effect in found.items():
        assert np.sign(effect.estimate) == np.sign(size)
        assert effect.p_sign > 0.9
    mirrored = 5 - (np.log(years(5 + 0.6 * (np.arange(n) >= at) + noise).values) - 5)
    (mirror,) = fit_interventions(years(mirrored), ban(at), trend="none", **PLAIN).effects
    assert mirror.estimate == pytest.approx(-found[0.6].estimate, abs=1e-7)
    assert mirror.p_sign == pytest.approx(found[0.6].p_sign, abs=1e-7)


MONTHS, ADOPTED, FULL = 40, 16, 19
START = "2011-01"


def resolution() -> EventTable:
    """Return a resolution adopted on the first of one month and in full force three months later."""
    first = Period.parse(START)
    return EventTable(
        (
            Event(
                "r",
                "Resolution",
                (first + ADOPTED).start,
                kind="un_resolution",
                adopted=(first + ADOPTED).start,
                partial=first + ADOPTED,
                full=first + FULL,
            ),
        )
    )


def dated_columns() -> dict[str, np.ndarray]:
    """Return the column of the resolution under each dating, as the methods page defines them."""
    t = np.arange(MONTHS)
    ramp = np.clip((t - ADOPTED + 1) / (FULL - ADOPTED + 1), 0, 1)
    return {"full": (t >= FULL) * 1.0, "ramp": ramp, "adopted": (t >= ADOPTED) * 1.0}


@pytest.mark.parametrize("truth", DATINGS)
def test_the_datings_have_the_marginal_likelihoods_of_brute_force(truth: str) -> None:
    logs = 5 - 0.5 * dated_columns()[truth] + ar1(21, MONTHS, 0.3, 0.12)
    record = fit_interventions(monthly(START, logs), resolution(), trend="none", **PLAIN).to_record()
    found = {row["dating"]: row["log_marginal_likelihood"] for row in record["diagnostics"]["datings"]}
    wanted = {
        name: dense_posterior(logs, np.column_stack([np.ones(MONTHS), column])).log_marginal
        for name, column in dated_columns().items()
    }
    assert set(found) == set(wanted)
    for name, value in found.items():
        assert value - found["full"] == pytest.approx(wanted[name] - wanted["full"], abs=0.02)
    assert max(found, key=lambda name: found[name]) == max(wanted, key=lambda name: wanted[name])


def test_an_event_in_a_callers_table_has_one_dating() -> None:
    logs = 5 + ar1(21, MONTHS, 0.3, 0.12)
    events = EventTable((Event("e", "E", parse_day("2012-06-01")),))
    record = fit_interventions(monthly(START, logs), events, trend="none", **PLAIN).to_record()
    assert [row["dating"] for row in record["diagnostics"]["datings"]] == ["full"]
