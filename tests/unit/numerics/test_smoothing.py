"""Products with the inverse covariance by filtering against the dense inverse."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.interventions import fit_interventions
from analysis.interventions.counterfactual import conditional_path, expected_path, kept_columns
from analysis.interventions.joint.modal import Mode
from analysis.numerics import smoothing
from analysis.numerics.filtering import filter_gains
from analysis.numerics.fixed_sequence import normals, uniforms
from analysis.numerics.noise import NoiseSample, covariance, noise_grid
from analysis.numerics.smoothing import inverse_products, smooth
from tests.worlds import ar1, monthly, steps, table

ROUNDING = 1e-9


@pytest.mark.parametrize("slopes", [0, 2])
@pytest.mark.parametrize("regimes", [0, 1])
def test_every_cell_with_gaps_regimes_and_measurement_error_is_the_dense_inverse(
    regimes, slopes, monkeypatch
):
    periods = 60
    seen = uniforms((periods,), 71) > 0.2
    measurement = 0.3 * uniforms((periods,), 72)
    regime = np.zeros(periods, dtype=np.intp)
    regime[20 : 20 + 15 * regimes] = regimes
    extra = 2.0 * uniforms((periods,), 75) ** 4
    sample = NoiseSample(seen, measurement, regime, 1.7, extra)
    grid = noise_grid(q_cells=3, rho_cells=2, kappa_cells=2, regimes=regimes, slope_cells=slopes)
    grid = grid.take(grid.slope > 0) if slopes else grid
    columns = np.where(seen[:, None], normals((periods, 3), 73), 0.0)
    gains = filter_gains(grid, sample)
    found = smooth(columns, gains)
    short = inverse_products(columns, gains)
    monkeypatch.setattr(smoothing, "SHORT", 10)
    for by_cell in (short, inverse_products(columns, gains)):
        np.testing.assert_allclose(by_cell[0][:, seen], found.products[:, seen], rtol=1e-7, atol=ROUNDING)
        np.testing.assert_allclose(by_cell[1][:, seen], found.diagonal[:, seen], rtol=1e-7)
    for cell in range(len(grid)):
        level, stationary = covariance(grid, cell, sample)
        error = np.diag(measurement / 1.7 + extra)
        dense = np.linalg.inv((level + stationary + error)[np.ix_(seen, seen)])
        expected = dense @ columns[seen]
        np.testing.assert_allclose(found.products[cell][seen], expected, rtol=1e-8, atol=ROUNDING)
        np.testing.assert_allclose(found.diagonal[cell][seen], np.diag(dense), rtol=1e-8)
        across = level[:, seen]
        smoothed = across @ expected
        np.testing.assert_allclose(found.level[cell], smoothed, rtol=1e-6, atol=1e-8 * abs(smoothed).max())
        left = np.diag(level) - np.einsum("ts,su,tu->t", across, dense, across)
        np.testing.assert_allclose(
            found.level_variance[cell], left, atol=1e-8 * max(np.diag(level).max(), 1.0)
        )
    assert not found.products[:, ~seen].any()


@pytest.mark.parametrize("trend", ["linear", "local"])
def test_expected_path_and_residuals_are_those_of_the_dense_covariance(trend, monkeypatch):
    first, length = "2010-01", 130
    logs = 4 + steps(first, length, {"2014-05": -0.4, "2018-02": 0.3}) + ar1(74, length, 0.6, 0.2)
    logs[[40, 77]] += 2.0
    logs[[5, 60]] = np.nan
    result = fit_interventions(monthly(first, logs), table(a="2014-05", b="2018-02"), trend=trend)
    posterior, reported = result.posterior, result.reported
    mode = Mode.of(posterior, reported)
    scores = mode.residuals()
    monkeypatch.setattr(smoothing, "SHORT", 10)
    np.testing.assert_allclose(mode.residuals(), scores, rtol=1e-6, atol=1e-8)
    assert set(np.argsort(-np.abs(scores))[:2]) == {40, 77}
    top = int(np.argmax(reported.weight))
    alone = replace(
        reported,
        weight=np.ones(1),
        variant=reported.variant[[top]],
        cell=reported.cell[[top]],
        factor=reported.factor[[top]],
        coefficients=replace(
            reported.coefficients,
            mean=reported.coefficients.mean[[top]],
            root=reported.coefficients.root[[top]],
            rss=reported.coefficients.rss[[top]],
        ),
    )
    path = conditional_path(posterior, reported, top, kept_columns(posterior, None))
    found = expected_path(posterior, alone, level=0.95, logs=False)
    np.testing.assert_allclose(found.median, path.centre, rtol=1e-6)
    every = np.arange(length)
    scale = np.sqrt((path.root(every) ** 2).sum(axis=1) * path.rss / path.dof)
    width = (found.upper - found.lower) / 2
    np.testing.assert_allclose(width / scale, (width / scale)[0], rtol=1e-4)
