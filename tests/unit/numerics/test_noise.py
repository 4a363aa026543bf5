"""The grid of the noise parameters carries the stated prior, however it is refined."""

import numpy as np
import pytest

from analysis.numerics.noise import KAPPA, RHO, Q, integrated_walk, noise_grid


@pytest.fixture
def grid():
    return noise_grid(q_cells=5, rho_cells=3, regimes=1, kappa_cells=9)


def test_prior_masses_are_those_of_the_methods_page(grid):
    assert grid.mass.sum() == pytest.approx(1)
    assert grid.mass[grid.zero_q].sum() == pytest.approx(0.1)
    for share in (0.0, 0.5, 1.0):
        assert grid.mass[grid.share == share].sum() == pytest.approx(1 / 3)
    assert grid.mass[grid.kappa[:, 0] > 1].sum() == pytest.approx(4 / 4.5)
    assert (1 - grid.rho).min() > np.exp(-3.9)


def test_splitting_cells_moves_no_prior_mass(grid):
    chosen = np.arange(len(grid)) % 7 == 0
    refined = grid.take(~chosen).join(grid.take(chosen).split()[0])
    assert len(refined) > len(grid)
    assert refined.mass.sum() == pytest.approx(1)
    assert refined.mass[refined.zero_q].sum() == pytest.approx(0.1)
    volume = np.where(refined.upper > refined.lower, refined.upper - refined.lower, 1).prod(axis=1)
    family = list(zip(refined.zero_q, refined.share, strict=True))
    for kind in set(family):
        own = np.array([member == kind for member in family])
        density = refined.mass[own] / volume[own]
        np.testing.assert_allclose(density, density[0], rtol=1e-12)


def test_cells_tile_the_range_once(grid):
    refined, _ = grid.split()
    moving = (~refined.zero_q) & (refined.share == 1.0)
    volume = (refined.upper - refined.lower)[moving][:, [Q, RHO, KAPPA]].prod(axis=1)
    assert volume.sum() == pytest.approx(5.0 * 3.9 * 4.5)


def test_a_wandering_slope_has_its_own_prior_and_leaves_the_others_as_they_are():
    grid = noise_grid(q_cells=3, rho_cells=2, regimes=1, kappa_cells=2, slope_cells=4)
    assert grid.mass.sum() == pytest.approx(1)
    assert grid.mass[grid.slope == 0].sum() == pytest.approx(0.1)
    assert grid.mass[(grid.slope > 0) & (grid.slope < 1e-4)].sum() == pytest.approx(0.9 * 4 / 7, abs=0.12)
    assert grid.mass[grid.zero_q].sum() == pytest.approx(0.1)
    refined, _ = grid.split()
    assert refined.mass.sum() == pytest.approx(1)
    assert refined.mass[refined.slope == 0].sum() == pytest.approx(0.1)
    assert np.log10(refined.slope[refined.slope > 0]).max() > np.log10(grid.slope.max())


def test_the_covariance_of_a_wandering_slope_is_that_of_its_sums():
    steps = np.arange(9)
    moved = np.array([[max(t - j, 0) for j in range(1, 9)] for t in steps], dtype=float)
    np.testing.assert_allclose(integrated_walk(steps, steps), moved @ moved.T)
