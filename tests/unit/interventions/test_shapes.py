"""Responses one to three periods after the start, from their formulas."""

from pathlib import Path

import numpy as np
import pytest

from analysis.domain import SHAPES, EventTable
from analysis.interventions import fit_interventions
from analysis.interventions.design import build_design
from analysis.interventions.shapes import SHAPE_WORDS, shape_columns
from tests.worlds import monthly

STEP = np.array([0.0, 0.0, 1.0, 1.0, 1.0])


def test_each_shape_follows_its_formula():
    assert shape_columns("step", STEP, 12)[:, 0].tolist() == [0, 0, 1, 1, 1]
    assert shape_columns("pulse", STEP, 12)[:, 0].tolist() == [0, 0, 1, 0, 0]
    np.testing.assert_allclose(shape_columns("ramp", STEP, 12)[:, 0], [0, 0, 1 / 12, 2 / 12, 3 / 12])
    np.testing.assert_allclose(shape_columns("gradual", STEP, 12, 0.6)[2:, 0], [0.4, 0.64, 0.784])
    np.testing.assert_allclose(shape_columns("temporary", STEP, 12, 0.6)[2:, 0], [1, 0.6, 0.36])
    both = shape_columns("level_slope", STEP, 4)
    np.testing.assert_allclose(both[2:], [[1, 0.25], [1, 0.5], [1, 0.75]])


def test_a_rush_is_a_column_of_its_own_before_the_step():
    logs = 0.1 * np.sin(np.arange(96) * 2.4)
    logs[44:48] += 0.5
    logs[48:] -= 0.8
    series = monthly("2010-01", logs)
    events = EventTable.from_rows(
        [{"id": "ban", "title": "Ban", "effective": "2014-01-01", "shape": "rush", "lead": 4}]
    )
    effect = fit_interventions(series, events, seasonal=False, trend="none").to_record()["effects"][0]
    assert effect["log_effect"] == pytest.approx(-0.8, abs=0.05)
    assert effect["rush"]["log_effect"] == pytest.approx(0.5, abs=0.1)
    assert effect["rush"]["lower"] > 0


def test_a_rush_of_days_is_spread_over_the_months_they_lie_in():
    events = EventTable.from_rows([{"id": "ban", "title": "Ban", "effective": "2014-01-17", "shape": "rush"}])
    assert events["ban"].lead == 1
    series = monthly("2013-01", np.sin(np.arange(24)))
    design = build_design(series, events, scale="log", seasonal=False, trend="none")
    step, rush = design.variants[0].columns[10:14, design.event_terms[0].columns].T
    np.testing.assert_allclose(step, [0, 0, 15 / 31, 1])
    np.testing.assert_allclose(rush, [0, 15 / 31, 16 / 31, 0])


def test_every_shape_can_be_fitted_and_is_described_where_people_look():
    own = (Path(__file__).parents[3] / "docs" / "own-data.md").read_text(encoding="utf-8")
    logs = 0.1 * np.sin(np.arange(60) * 2.4)
    for shape in SHAPES:
        events = EventTable.from_rows([{"id": "e", "title": "E", "effective": "2012-06-01", "shape": shape}])
        found = fit_interventions(monthly("2010-01", logs), events, seasonal=False, trend="none")
        assert found.effects[0].shape == shape
        assert found.effects[0].estimate is not None
        assert f"| `{shape}` |" in own
        assert SHAPE_WORDS[shape]


def test_a_temporary_effect_rebounds_when_its_window_ends():
    window = np.array([0.0, 1.0, 1.0, 0.0, 0.0])
    np.testing.assert_allclose(shape_columns("temporary", window, 12, 0.5)[:, 0], [0, 1, 0.5, -0.75, -0.375])
