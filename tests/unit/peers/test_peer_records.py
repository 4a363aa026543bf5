"""Every method answers with the record of the joint posterior, deterministically and in any order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.domain import EventTable
from analysis.domain.hashing import canonical_json
from analysis.interventions import fit_interventions
from analysis.interventions.peers import PEERS, fit_peer
from analysis.interventions.peers.fit import ESTIMATORS
from tests.unit.peers.test_before_after import donor_series
from tests.unit.peers.test_least_squares_peers import EVENTS, monthly, wandering

ONLY_OF_THE_POSTERIOR = {"coefficients", "errors", "checks", "doubts"}


@pytest.fixture(scope="module")
def trade():
    return monthly(np.exp(wandering()))


@pytest.fixture(scope="module")
def joint(trade):
    return fit_interventions(trade, EVENTS).to_record()


def answer(trade, method, events=EVENTS, **options):
    if method == "synthetic":
        options["controls"] = donor_series()
    return fit_interventions(trade, events, method=method, **options)


def test_the_table_of_methods_names_every_estimator():
    assert set(PEERS) == set(ESTIMATORS)
    for method in PEERS.values():
        assert all(method.to_record().values()), method.name


def test_the_page_of_methods_has_a_row_for_each():
    page = (Path(__file__).parents[3] / "docs" / "methods" / "peers.md").read_text(encoding="utf-8")
    rows = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    assert rows == list(PEERS)


@pytest.mark.parametrize("method", PEERS)
def test_record_has_the_keys_of_the_joint_posterior(trade, joint, method):
    result = answer(trade, method)
    record = result.to_record()
    assert set(record) == set(joint) - ONLY_OF_THE_POSTERIOR
    assert set(record["effects"][0]) == set(joint["effects"][0])
    assert set(record["counterfactual"][0]) == set(joint["counterfactual"][0])
    assert {"method", "estimator", "covariance", "sample", "unit", "vintage"} <= set(record["model"])
    assert record["model"]["method"] == method
    assert "NaN" not in canonical_json(record)
    assert result.to_frame().shape[0] >= 1
    assert PEERS[method].title.lower() in result.summary()


@pytest.mark.parametrize("method", PEERS)
def test_same_input_same_bytes_whatever_the_order_of_the_events(trade, method):
    turned = EventTable(tuple(reversed(EVENTS.events)))
    assert canonical_json(answer(trade, method).to_record()) == canonical_json(
        answer(trade, method, turned).to_record()
    )


@pytest.mark.parametrize("method", ["ols", "sarimax", "poisson"])
def test_aliased_events_are_a_group_and_have_no_estimate_of_their_own(trade, method):
    rows = [
        {"id": "a", "title": "A", "effective": "2014-03-01"},
        {"id": "twin", "title": "Twin", "effective": "2014-03-01"},
        {"id": "b", "title": "B", "effective": "2017-09-01"},
    ]
    record = fit_peer(trade, EventTable.from_rows(rows), method=method).to_record()
    alone = fit_peer(trade, EVENTS, method=method).to_record()
    assert [g["event_ids"] for g in record["groups"]] == [["a", "twin"]]
    assert [e["log_effect"] for e in record["effects"][:2]] == [None, None]
    assert record["groups"][0]["log_effect"] == pytest.approx(alone["effects"][0]["log_effect"], abs=1e-6)
    assert all(row["grade"] == "D" for row in record["identification"][:2])


def test_correlated_effects_are_grouped_by_the_rule_of_the_joint_model():
    values = np.exp(wandering(rho=0.0) * 3)
    rows = [
        {"id": "a", "title": "A", "effective": "2017-08-01"},
        {"id": "b", "title": "B", "effective": "2017-09-01"},
    ]
    record = fit_peer(monthly(values), EventTable.from_rows(rows), method="ols").to_record()
    assert [g["event_ids"] for g in record["groups"]] == [["a", "b"]]
    assert "correlation of the effects -0." in record["groups"][0]["reason"]


def test_decays_are_held_by_least_squares_and_estimated_by_the_transfer_function():
    t = np.arange(120)
    y = wandering(rho=0.3) + np.where(t >= 92, -1.5 * 0.7 ** np.maximum(t - 92, 0), 0.0)
    rows = [{"id": "shock", "title": "Shock", "effective": "2017-09-01", "shape": "temporary"}]
    table = EventTable.from_rows(rows)
    held = fit_peer(monthly(np.exp(y)), table, method="ols").to_record()["effects"][0]["decay"]
    found = fit_peer(monthly(np.exp(y)), table, method="transfer").to_record()["effects"][0]["decay"]
    assert set(held) == {"mean"}
    assert found["lower"] < 0.7 < found["upper"]
    assert abs(held["mean"] - 0.7) < 0.2


def test_a_declared_regime_is_named_as_not_in_the_method(trade):
    result = fit_peer(trade, EVENTS, method="ols", regime="2018-01..2018-12")
    assert any("variance regime 2018-01..2018-12 is not in the method ols" in w for w in result.warnings)


def test_level_scale_gives_effects_in_the_unit_and_says_so():
    values = 10 + wandering()
    values[3] = -1.0
    result = fit_peer(monthly(values), EVENTS, method="ols_hac")
    record = result.to_record()
    assert "effect" in record["effects"][0]
    assert record["effects"][0]["log_effect"] is None
    assert "not above zero in 2010-04" in result.warnings[0]
