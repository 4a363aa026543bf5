"""Synthetic control of California's Proposition 99 (Abadie, Diamond & Hainmueller 2010, table 2)."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.interventions.peers.simplex import SEARCHES
from analysis.interventions.peers.synthetic import (
    Matching,
    SyntheticStudy,
    synthetic_control,
    synthetic_study,
)
from tests.reference.reference_data import rows

WEIGHTS = {"Utah": 0.334, "Nevada": 0.234, "Montana": 0.199, "Colorado": 0.164, "Connecticut": 0.069}
WEIGHT = 0.03
ATT, ATT_2000 = -18.98, -25.73
PACKS = 0.5
RMSPE = 1.80


@pytest.fixture(scope="module")
def panel():
    found = rows("prop99")
    states = ["California", *sorted({r["state"] for r in found} - {"California"})]
    years = sorted({int(r["year"]) for r in found})
    table = {(r["state"], int(r["year"])): r for r in found}

    def mean(column, first, last):
        return [np.mean([float(table[s, y][column]) for y in range(first, last + 1)]) for s in states]

    packs = np.array([[float(table[s, y]["cigsale"]) for s in states] for y in years])
    predictors = [
        mean("lnincome", 1980, 1988),
        mean("retprice", 1980, 1988),
        mean("age15to24", 1980, 1988),
        mean("beer", 1984, 1988),
        *(packs[years.index(y)] for y in (1975, 1980, 1988)),
    ]
    before = np.array(years) <= 1988
    return states, packs, before, np.array(predictors, dtype=float)


@pytest.mark.parametrize("block", SEARCHES)
def test_weights_gap_and_fit_are_those_printed_from_every_fixed_start(panel, block):
    states, packs, before, predictors = panel
    control = synthetic_control(packs[:, 0], packs[:, 1:], before, ~before, Matching(predictors), block)
    weights = dict(zip(states[1:], control.fit.weights, strict=True))
    for state, printed in WEIGHTS.items():
        assert weights[state] == pytest.approx(printed, abs=WEIGHT), state
    assert sum(weights[s] for s in WEIGHTS) > 1 - WEIGHT
    assert control.mean_gap == pytest.approx(ATT, abs=PACKS)
    assert control.gap[-1] == pytest.approx(ATT_2000, abs=PACKS)
    assert control.rmspe <= RMSPE


@pytest.fixture(scope="module")
def study(panel) -> SyntheticStudy:
    states, packs, before, _ = panel
    return synthetic_study(packs[:, 0], packs[:, 1:], states[1:], before, ~before)


def test_with_the_predictors_no_placebo_that_is_large_without_them_beats_california(panel, study):
    """The printed rank is 1 of 39; all 38 placebos take 20 s, so the largest four stand for them."""
    states, packs, before, predictors = panel
    california = synthetic_control(packs[:, 0], packs[:, 1:], before, ~before, Matching(predictors))
    largest = sorted(study.placebos, key=lambda name: -study.placebos[name].ratio)[:4]
    assert study.placebos[largest[0]].ratio > study.control.ratio
    for name in largest:
        j = states.index(name)
        others = [i for i in range(1, len(states)) if i != j]
        placebo = synthetic_control(
            packs[:, j], packs[:, others], before, ~before, Matching(predictors[:, [j, *others]])
        )
        assert placebo.ratio < california.ratio, name


def test_california_stands_out_among_the_placebos(study):
    assert len(study.placebos) == 38
    assert study.pvalue <= 3 / 39
    assert study.pvalue >= 1 / 39


def test_no_single_donor_makes_the_effect(study):
    assert set(study.without) == {
        s for s, w in zip(study.placebos, study.control.fit.weights, strict=True) if w > 0.01
    }
    for name, control in study.without.items():
        assert -26 < control.mean_gap < -14, name
