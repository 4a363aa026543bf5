"""The filter against dense linear algebra, cell by cell."""

import numpy as np
import pytest

from analysis.numerics.filtering import quadratic_forms, with_rows
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


def joined(forms):
    """Products of regressors and series in one matrix, the off-diagonal of the series left out."""
    w, count = forms.mixed.shape[1:]
    whole = np.full((len(forms.logdet), w + count, w + count), np.nan)
    whole[:, :w, :w], whole[:, :w, w:] = forms.inner, forms.mixed
    whole[:, w:, :w] = forms.mixed.transpose(0, 2, 1)
    whole[:, np.arange(w, w + count), np.arange(w, w + count)] = forms.squares
    return whole


def check(found, wanted, relative):
    known = np.isfinite(found)
    np.testing.assert_allclose(
        found[known], wanted[known], rtol=relative, atol=0.01 * relative * abs(wanted).max()
    )


def test_whitened_products_and_determinant_equal_the_dense_ones(grid):
    sample = awkward_sample()
    x = columns(50, 4)
    forms = quadratic_forms(x[:, :2], x[:, 2:], grid, sample)
    products = joined(forms)
    seen = sample.observed
    for cell in range(len(grid)):
        variance = dense(grid, cell, sample)[np.ix_(seen, seen)]
        wanted = x[seen].T @ np.linalg.solve(variance, x[seen])
        check(products[cell], wanted, RELATIVE)
        assert forms.logdet[cell] == pytest.approx(np.linalg.slogdet(variance)[1], rel=RELATIVE, abs=1e-9)


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
    forms = quadratic_forms(x[:, :2], x[:, 2:], grid, sample, np.array(own))
    forms = with_rows(forms, weights @ x[:, :2], weights @ x[:, 2:], np.array(among))
    products = joined(forms)
    seen = sample.observed
    stacked = np.vstack([x[seen], weights @ x])
    for cell in range(len(grid)):
        corner = dense(grid, cell, sample)[np.ix_(seen, seen)]
        joint = np.block([[corner, own[cell][seen]], [own[cell][seen].T, among[cell]]])
        wanted = stacked.T @ np.linalg.solve(joint, stacked)
        check(products[cell], wanted, 1e-8)
        assert forms.logdet[cell] == pytest.approx(np.linalg.slogdet(joint)[1], rel=1e-8)
