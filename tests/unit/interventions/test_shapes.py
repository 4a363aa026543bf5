"""Responses one to three periods after the start, from their formulas."""

import numpy as np

from analysis.interventions.shapes import shape_columns

STEP = np.array([0.0, 0.0, 1.0, 1.0, 1.0])


def test_each_shape_follows_its_formula():
    assert shape_columns("step", STEP, 12)[:, 0].tolist() == [0, 0, 1, 1, 1]
    assert shape_columns("pulse", STEP, 12)[:, 0].tolist() == [0, 0, 1, 0, 0]
    np.testing.assert_allclose(shape_columns("ramp", STEP, 12)[:, 0], [0, 0, 1 / 12, 2 / 12, 3 / 12])
    np.testing.assert_allclose(shape_columns("gradual", STEP, 12, 0.6)[2:, 0], [0.4, 0.64, 0.784])
    np.testing.assert_allclose(shape_columns("temporary", STEP, 12, 0.6)[2:, 0], [1, 0.6, 0.36])
    both = shape_columns("level_slope", STEP, 4)
    np.testing.assert_allclose(both[2:], [[1, 0.25], [1, 0.5], [1, 0.75]])


def test_a_temporary_effect_rebounds_when_its_window_ends():
    window = np.array([0.0, 1.0, 1.0, 0.0, 0.0])
    np.testing.assert_allclose(shape_columns("temporary", window, 12, 0.5)[:, 0], [0, 1, 0.5, -0.75, -0.375])
