"""Products with the inverse covariance by filtering against the dense inverse."""

import numpy as np
import pytest

from analysis.interventions import fit_interventions
from analysis.interventions.counterfactual import expected_path
from analysis.interventions.modal import Mode
from analysis.numerics.fixed_sequence import normals, uniforms
from analysis.numerics.noise import NoiseSample, covariance, noise_grid
from analysis.numerics.smoothing import smooth
from tests.worlds import ar1, monthly, steps, table

ROUNDING = 1e-9


@pytest.mark.parametrize("regimes", [0, 1])
def test_every_cell_with_gaps_regimes_and_measurement_error_is_the_dense_inverse(regimes):
    periods = 60
    seen = uniforms((periods,), 71) > 0.2
    measurement = 0.3 * uniforms((periods,), 72)
    regime = np.zeros(periods, dtype=np.intp)
    regime[20 : 20 + 15 * regimes] = regimes
    sample = NoiseSample(seen, measurement, regime)
    grid = noise_grid(q_cells=3, rho_cells=2, kappa_cells=2, regimes=regimes)
    columns = normals((periods, 3), 73)
    extra = 2.0 * uniforms((len(grid), periods), 75) ** 4
    found = smooth(columns, grid, sample, extra)
    smoothed = found.level(grid.q)
    for cell in range(len(grid)):
        level, stationary = covariance(grid, cell, sample)
        noise = (level + stationary)[np.ix_(seen, seen)] + np.diag((measurement + extra[cell])[seen])
        dense = np.linalg.inv(noise)
        expected = dense @ columns[seen]
        np.testing.assert_allclose(found.products[cell][seen], expected, rtol=ROUNDING, atol=ROUNDING)
        np.testing.assert_allclose(found.diagonal[cell][seen], np.diag(dense), rtol=ROUNDING)
        across = level[:, seen]
        np.testing.assert_allclose(smoothed[cell], across @ expected, rtol=1e-7, atol=ROUNDING)
        left = np.diag(level) - np.einsum("ts,su,tu->t", across, dense, across)
        np.testing.assert_allclose(found.level_variance[cell], left, atol=1e-9 * max(left.max(), 1.0))
    assert not found.products[:, ~seen].any()


def test_residuals_and_expected_path_of_long_series_are_those_of_the_dense_covariance(monkeypatch):
    first, length = "2010-01", 130
    logs = 4 + steps(first, length, {"2014-05": -0.4, "2018-02": 0.3}) + ar1(74, length, 0.6, 0.2)
    logs[[40, 77]] += 2.0
    logs[[5, 60]] = np.nan
    result = fit_interventions(monthly(first, logs), table(a="2014-05", b="2018-02"))
    mode = Mode.of(result.posterior, result.reported)
    dense = mode.residuals(result.posterior.sample.measurement)
    path = result.counterfactual
    monkeypatch.setattr("analysis.interventions.posterior.DENSE_PERIODS", 10)
    filtered = mode.residuals(result.posterior.sample.measurement)
    np.testing.assert_allclose(filtered, dense, rtol=1e-7, atol=1e-9)
    assert set(np.argsort(-np.abs(dense))[:2]) == {40, 77}
    again = expected_path(result.posterior, result.reported, level=result.level, logs=True)
    for name in ("median", "lower", "upper"):
        np.testing.assert_allclose(getattr(again, name), getattr(path, name), rtol=1e-6)
