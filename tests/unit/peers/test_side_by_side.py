"""The panel of methods: one set of events, every method, measured coverage; what refuses says why."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from analysis.domain import EventTable
from analysis.domain.hashing import canonical_json
from analysis.errors import UsageError
from analysis.interventions import compare_methods, fit_interventions
from analysis.interventions.peers import PEERS, fit_peer
from analysis.interventions.peers.coverage import (
    TABLE,
    coverage_of,
    mean_coverage,
    nearest_world,
    read_coverage,
)
from analysis.interventions.peers.side_by_side import BESIDE
from benchmarks.calibration.methods import from_page
from tests.unit.peers.test_least_squares_peers import EVENTS, monthly, wandering


@pytest.fixture(scope="module")
def joint():
    return fit_interventions(monthly(np.exp(wandering())), EVENTS)


@pytest.fixture(scope="module")
def panel(joint):
    return compare_methods(joint)


def test_every_method_answers_on_the_same_events_with_its_own_numbers(joint, panel):
    record = panel.to_record()
    assert [m["name"] for m in record["methods"]] == ["structural", *BESIDE]
    assert [e["event_ids"] for e in record["effects"]] == [["a"], ["b"]]
    own = fit_peer(joint.series, EVENTS, method="glsar").to_record()["effects"][0]
    shown = record["effects"][0]["by_method"]["glsar"]
    assert shown["estimate"] == own["log_effect"]
    assert shown["percent_lower"] == pytest.approx(own["percent_lower"])
    assert "NaN" not in canonical_json(record)
    for method in record["methods"]:
        assert method["assumes"]
        assert 0.4 < method["coverage_mean"] < 1
        assert method["refused"] is None


def test_the_printed_panel_says_what_each_assumes_and_how_often_it_was_right(panel):
    text = panel.summary()
    for name in ("structural", *BESIDE):
        assert f"{name} assumes " in text
    assert "share of nominal 95 % intervals that held the truth" in text


def test_groups_of_the_joint_model_are_the_units():
    rows = [
        {"id": "a", "title": "A", "effective": "2017-08-01"},
        {"id": "b", "title": "B", "effective": "2017-09-01"},
        {"id": "c", "title": "C", "effective": "2013-01-01"},
    ]
    values = np.exp(wandering(rho=0.0) * 3)
    found = compare_methods(
        fit_interventions(monthly(values), EventTable.from_rows(rows)), methods=["ols", "uc"]
    )
    assert ("a", "b") in found.units
    ols = dict(zip(found.units, found.rows[1].effects, strict=True))
    peer = fit_peer(monthly(values), EventTable.from_rows(rows), method="ols")
    assert ols["a", "b"]["estimate"] == pytest.approx(peer.effects[1].estimate + peer.effects[2].estimate)


def test_a_method_that_refuses_is_listed_with_its_reason():
    values = 10 + wandering()
    values[3] = -1.0
    table = EventTable.from_rows([{"id": "early", "title": "Early", "effective": "2010-05-01"}])
    found = compare_methods(
        fit_interventions(monthly(values), table), methods=["ols", "uc", "poisson"]
    ).to_record()
    reasons = {m["name"]: m["refused"] for m in found["methods"]}
    assert reasons["ols"] is None
    assert "precede the first event" in reasons["uc"]
    assert "in logs" in reasons["poisson"]
    assert found["effects"][0]["by_method"]["uc"] is None


def test_an_unknown_method_is_refused(joint):
    with pytest.raises(UsageError, match="no method 'magic'"):
        compare_methods(joint, methods=["magic"])


def test_the_coverage_is_that_of_the_page_of_the_calibration():
    from benchmarks.calibration.methods import PAGE

    page = {row.key: row for row in from_page(PAGE.read_text(encoding="utf-8"))}
    table = {row.key: row for row in read_coverage()}
    same = [key for key, row in table.items() if key in page and row.series == page[key].series]
    assert len(same) > 200
    assert all(table[key].coverage == page[key].coverage for key in same)
    assert {row.method for row in table.values()} == {"structural", *PEERS} - {"synthetic"}
    text = TABLE.read_text(encoding="utf-8")
    assert "Made by" in text.splitlines()[1]
    assert len(list(csv.reader(text.splitlines()[3:]))) == len(table)


@pytest.mark.parametrize(
    ("diagnostics", "regimes", "world"),
    [
        ({"noise": {"rho": {"median": 0.75}, "ar_share": {"0": 0.1}}}, 0, "ar70"),
        ({"noise": {"rho": {"median": 0.93}, "ar_share": {"0": 0.1}}}, 0, "ar95"),
        ({"noise": {"rho": {"median": 0.9}, "ar_share": {"0": 0.8}}}, 0, "white"),
        ({"noise": {"rho": {"median": 0.5}, "p_no_random_walk": 0.1}}, 0, "ar_walk"),
        ({"noise": {"rho": None, "ar_share": {"0": 1.0}, "p_no_random_walk": 0.1}}, 0, "level"),
        ({"noise": {"rho": {"median": 0.5}}, "discounted": [1]}, 0, "outliers"),
        ({"noise": {"rho": {"median": 0.5}}, "discounted": [1]}, 1, "regime"),
    ],
)
def test_the_world_most_like_a_series_follows_its_noise(diagnostics, regimes, world):
    found = nearest_world(monthly(np.exp(wandering())), diagnostics, regimes)
    assert found in ((world, 96), (world, 144))
    assert coverage_of("ols", found) is not None
    assert coverage_of("ols", None) is None
    assert mean_coverage("synthetic") is None
