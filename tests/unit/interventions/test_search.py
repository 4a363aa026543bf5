"""``shape="auto"``: dates and shapes are integrated over, and truth is covered where a step misses it."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.attribution import attribute
from analysis.domain import EventTable
from analysis.errors import UsageError
from analysis.interventions import fit_interventions
from benchmarks.doubts import World

LATE = World("late", late=3)
PHASED = World("phased", phase=12)


@pytest.mark.parametrize("world", [LATE, PHASED], ids=lambda world: world.name)
def test_auto_covers_where_the_declared_step_does_not(world):
    covered = {"auto": 0, "declared": 0}
    for number in range(3):
        for shape in covered:
            effect = world.fit(number, shape=shape).effects[0]
            covered[shape] += effect.lower <= world.effect <= effect.upper
    assert covered["auto"] == 3
    assert covered["declared"] == 0


def test_the_record_says_what_was_integrated_over():
    record = LATE.fit(0, shape="auto").to_record()["model"]["shape"]
    assert record["asked"] == "auto"
    candidates = record["events"][0]["candidates"]
    assert candidates[0]["moved"] == -3
    assert sum(c["probability"] for c in candidates) == pytest.approx(1)
    assert 0 < record["weight_kept"] <= 1
    assert "shape" not in LATE.fit(0).to_record()["model"]


def test_what_auto_found_is_no_doubt_any_more():
    kinds = {doubt.kind for doubt in LATE.fit(0, shape="auto").checks.doubts}
    assert not kinds & {"date", "shape"}


def test_a_clean_step_stays_where_it_is():
    world = World("clean")
    plain, auto = world.fit(0).effects[0], world.fit(0, shape="auto").effects[0]
    assert auto.estimate == pytest.approx(plain.estimate, abs=0.02)
    assert auto.upper - auto.lower < 1.3 * (plain.upper - plain.lower)


def test_two_events_next_to_each_other_are_never_put_on_the_same_month():
    world = replace(LATE, late=0)
    rows = [
        {"id": "a", "title": "A", "effective": "2015-01-01"},
        {"id": "b", "title": "B", "effective": "2015-04-01"},
    ]
    found = fit_interventions(world.series(0), EventTable.from_rows(rows), shape="auto")
    assert np.isfinite([e.estimate for e in found.effects]).all()
    for variant in found.posterior.design.variants:
        columns = variant.columns[:, [t.columns.start for t in found.posterior.design.event_terms]]
        assert not np.array_equal(columns[:, 0], columns[:, 1])


def test_attribution_measures_from_the_year_before_the_earliest_date():
    truth = -(1 - np.exp(LATE.effect)) * np.exp(4)
    found = {}
    for shape in ("auto", "declared"):
        answer = attribute(
            LATE.series(0), LATE.events(), start="2014", end="2016", shape=shape, evidence="none"
        )
        record = answer.to_record()
        assert record["nodes"][0]["window"][1] == ("2014-12" if shape == "auto" else "2015-03")
        row = next(row for row in record["contributions"] if row["event_ids"] == ["e"])
        found[shape] = row["lower"] <= truth <= row["upper"]
    assert found == {"auto": True, "declared": False}


def test_auto_belongs_to_the_joint_posterior():
    with pytest.raises(UsageError, match="structural"):
        fit_interventions(LATE.series(0), LATE.events(), method="ols", shape="auto")
    with pytest.raises(UsageError, match="declared, auto"):
        fit_interventions(LATE.series(0), LATE.events(), shape="free")
