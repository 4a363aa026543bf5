"""The datings are mixed by prior times marginal likelihood: 1/2 full, 1/4 ramp, 1/4 adopted, no floor.

New behaviour of `attribute` (engine 3): before it the priors were equal, and every dating kept a tenth of the
weight whatever the data said.
"""

import numpy as np
import pytest

from analysis.attribution import attribute
from analysis.domain import Event, EventTable, Period
from tests.dense_posterior import dense_posterior
from tests.worlds import ar1, monthly

START, MONTHS, ADOPTED, FULL = "2011-01", 48, 16, 19
PRIOR = {"full": 0.5, "ramp": 0.25, "adopted": 0.25}
OF_WEIGHT = 0.01


def resolution() -> EventTable:
    first = Period.parse(START)
    day = (first + ADOPTED).start
    clocks = {"adopted": day, "partial": first + ADOPTED, "full": first + FULL}
    return EventTable((Event("r", "Resolution", day, kind="un_resolution", **clocks),))


def columns() -> dict[str, np.ndarray]:
    t = np.arange(MONTHS)
    ramp = np.clip((t - ADOPTED + 1) / (FULL - ADOPTED + 1), 0, 1)
    return {"full": (t >= FULL) * 1.0, "ramp": ramp, "adopted": (t >= ADOPTED) * 1.0}


def weights(logs: np.ndarray) -> dict[str, float]:
    answer = attribute(
        monthly(START, logs),
        resolution(),
        start="2011",
        end="2014",
        evidence="none",
        seasonal=False,
        outliers=False,
        trend="none",
    )
    return {dated.dating: dated.weight for dated in answer.datings}


def wanted(logs: np.ndarray) -> dict[str, float]:
    scores = {
        name: dense_posterior(logs, np.column_stack([np.ones(MONTHS), column])).log_marginal
        for name, column in columns().items()
    }
    top = max(scores.values())
    mass = {name: PRIOR[name] * np.exp(value - top) for name, value in scores.items()}
    return {name: value / sum(mass.values()) for name, value in mass.items()}


@pytest.mark.parametrize(("size", "sd"), [(0.0, 0.3), (-0.15, 0.15), (-0.3, 0.15)])
def test_weights_are_prior_times_marginal_likelihood(size: float, sd: float) -> None:
    logs = 5 + size * columns()["adopted"] + ar1(21, MONTHS, 0.3, sd)
    found, expected = weights(logs), wanted(logs)
    assert set(found) == set(PRIOR)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=OF_WEIGHT)


def test_a_dating_that_the_data_rule_out_has_no_weight() -> None:
    logs = 5 - 1.5 * columns()["full"] + ar1(22, MONTHS, 0.0, 0.03)
    found = weights(logs)
    assert found["full"] > 0.999
    assert max(found["ramp"], found["adopted"]) < 1e-3
