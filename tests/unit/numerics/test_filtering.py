"""The filter against dense linear algebra, cell by cell."""

import numpy as np
import pytest

from analysis.numerics.filtering import quadratic_forms, with_extra_variance, with_rows
from analysis.numerics.noise import NoiseSample, covariance, noise_grid

RELATIVE = 1e-9
"""Rounding of two algorithms on 40 to 60 observations."""


def awkward_sample(length: int = 50) -> NoiseSample:
    steps = np.arange(length)
    observed = ~np.isin(steps, [3, 4, 20])
    regime = np.where((steps >= 30) & (steps < 38), 1, 0)
    return NoiseSample(observed, 0.05 + 0.2 * np.abs(np.sin(steps)), regime)


def columns(length: int, count: int) -> np.ndarray:
    steps = np.arange(length)
    return np.column_stack([np.cos(0.1 * (k + 1) * steps + k) for k in range(count)])


@pytest.fixture(params=[0, 2], ids=["level", "level and slope"])
def grid(request):
    return noise_grid(q_cells=3, rho_cells=2, regimes=1, kappa_cells=2, slope_cells=request.param)


def dense(grid, cell, sample):
    level, stationary = covariance(grid, cell, sample)
    return level + stationary + np.diag(sample.measurement)


def test_whitened_products_and_determinant_equal_the_dense_ones(grid):
    sample = awkward_sample()
    x = columns(50, 4)
    forms = quadratic_forms(x, grid, sample)
    seen = sample.observed
    for cell in range(len(grid)):
        variance = dense(grid, cell, sample)[np.ix_(seen, seen)]
        wanted = x[seen].T @ np.linalg.solve(variance, x[seen])
        np.testing.assert_allclose(
            forms.products[cell], wanted, rtol=RELATIVE, atol=RELATIVE * abs(wanted).max()
        )
        assert forms.logdet[cell] == pytest.approx(np.linalg.slogdet(variance)[1], rel=RELATIVE, abs=1e-9)


def test_extra_variance_equals_refitting_with_a_larger_diagonal(grid):
    sample = awkward_sample()
    x, units = columns(50, 3), np.eye(50)[:, [7, 33]]
    extra = np.array([8.0, 99.0])
    forms = with_extra_variance(quadratic_forms(np.column_stack([x, units]), grid, sample), 3, extra)
    grown = NoiseSample(sample.observed, sample.measurement + units @ extra, sample.regime)
    wanted = quadratic_forms(x, grid, grown)
    np.testing.assert_allclose(forms.products, wanted.products, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(forms.logdet, wanted.logdet, rtol=1e-8)


def test_rows_correlated_with_the_observations_complete_the_joint_likelihood(grid):
    sample = awkward_sample()
    x = columns(50, 3)
    weights = np.zeros((2, 50))
    weights[0, 2:6], weights[1, 19:22] = 0.25, 1 / 3
    own, among = [], []
    for cell in range(len(grid)):
        level, stationary = covariance(grid, cell, sample)
        own.append((level + stationary) @ weights.T)
        among.append(weights @ (level + stationary) @ weights.T + 0.1 * np.eye(2))
    forms = with_rows(quadratic_forms(x, grid, sample, np.array(own)), 3, weights @ x, np.array(among))
    seen = sample.observed
    stacked = np.vstack([x[seen], weights @ x])
    for cell in range(len(grid)):
        corner = dense(grid, cell, sample)[np.ix_(seen, seen)]
        joint = np.block([[corner, own[cell][seen]], [own[cell][seen].T, among[cell]]])
        wanted = stacked.T @ np.linalg.solve(joint, stacked)
        np.testing.assert_allclose(forms.products[cell], wanted, rtol=1e-8, atol=1e-10 * abs(wanted).max())
        assert forms.logdet[cell] == pytest.approx(np.linalg.slogdet(joint)[1], rel=1e-8)
