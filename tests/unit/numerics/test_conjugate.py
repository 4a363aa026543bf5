"""Marginal likelihood and coefficients against direct numerical integration."""

import numpy as np
import pytest
from scipy import stats

from analysis.numerics.conjugate import cholesky_in_place, coefficients, log_marginal
from analysis.numerics.filtering import quadratic_forms
from analysis.numerics.mixture import StudentMixture
from analysis.numerics.noise import NoiseSample, covariance, noise_grid

Y = np.array([0.3, -0.1, 0.4, 0.9, 0.2, 0.7, 1.1, 0.8])
X = np.column_stack([np.ones(8), (np.arange(8) >= 4).astype(float)])
SAMPLE = NoiseSample(np.ones(8, bool), np.full(8, 0.2), np.zeros(8, dtype=np.intp))
INTEGRATION = 2e-3
"""Error of the log ratio by sums over a box that leaves out the far tails."""


def marginal_by_quadrature(variance: np.ndarray, tau: float) -> float:
    """Integrate over a flat intercept, a step of precision tau over sigma2, and a 1/sigma2 prior."""
    inverse = np.linalg.inv(variance)
    logdet = np.linalg.slogdet(variance)[1]
    intercept, step = np.linspace(-8, 8, 401), np.linspace(-8, 8, 401)
    log_sigma2 = np.linspace(-7, 5, 241)
    a, b = np.meshgrid(intercept, step, indexing="ij")
    residual = Y - a[..., None] * X[:, 0] - b[..., None] * X[:, 1]
    form = np.einsum("abi,ij,abj->ab", residual, inverse, residual) + tau * b**2
    log_values = [
        -0.5 * ((8 + 1) * s + form / np.exp(s)) + 0.5 * np.log(tau) - 0.5 * logdet for s in log_sigma2
    ]
    cell = (intercept[1] - intercept[0]) * (step[1] - step[0]) * (log_sigma2[1] - log_sigma2[0])
    return float(np.exp(log_values).sum() * cell)


def factored(grid, sample, precision):
    """Cholesky factors of the systems, shape (1, 3, 3, G), and ``ln|V|``."""
    forms = quadratic_forms(X, Y[:, None], grid, sample)
    system = np.empty((1, 3, 3, len(grid)))
    system[0, :2, :2] = forms.inner.transpose(1, 2, 0)
    system[0, 2, :2] = forms.mixed[:, :, 0].T
    system[0, 2, 2] = forms.squares[:, 0]
    system[0, [0, 1], [0, 1]] += precision[:, None]
    cholesky_in_place(system)
    return system, forms.logdet


def test_marginal_likelihood_ratios_between_noise_cells_equal_quadrature():
    grid = noise_grid(q_cells=2, rho_cells=1).take(np.array([0, 4, 8]))
    precision = np.array([0.0, 0.7])
    factor, logdet = factored(grid, SAMPLE, precision)
    found = log_marginal(factor, logdet, precision[None], 7)[0]
    wanted = []
    for cell in range(len(grid)):
        level, stationary = covariance(grid, cell, SAMPLE)
        wanted.append(np.log(marginal_by_quadrature(level + stationary + np.diag(SAMPLE.measurement), 0.7)))
    np.testing.assert_allclose(found - found[0], np.array(wanted) - wanted[0], atol=INTEGRATION)


def test_coefficients_without_noise_structure_are_those_of_least_squares():
    white = noise_grid(q_cells=1, rho_cells=1)
    white = white.take(white.zero_q & (white.share == 0))
    sample = NoiseSample(np.ones(8, bool), np.zeros(8), np.zeros(8, dtype=np.intp))
    factor, _ = factored(white, sample, np.zeros(2))
    found = coefficients(factor[0].transpose(2, 0, 1), dof=6)
    difference = Y[4:].mean() - Y[:4].mean()
    pooled = np.sqrt((Y[:4].var() + Y[4:].var()) * 4 / 6 * (1 / 4 + 1 / 4))
    contrast = np.array([0.0, 1.0])
    mixture = StudentMixture(np.ones(1), found.mean @ contrast, found.scale(contrast), found.dof)
    assert mixture.mean() == pytest.approx(difference)
    low, high = mixture.interval(0.95)
    assert high - difference == pytest.approx(pooled * stats.t.ppf(0.975, 6))
    assert difference - low == pytest.approx(high - difference)


def test_quantiles_of_a_mixture_invert_its_distribution_function():
    mixture = StudentMixture(
        np.array([0.2, 0.5, 0.3]), np.array([-2.0, 0.0, 5.0]), np.array([0.3, 1.0, 0.1]), dof=9
    )
    for probability in (0.001, 0.025, 0.3, 0.5, 0.705, 0.975, 0.999):
        assert mixture.cdf(mixture.quantile(probability)) == pytest.approx(probability, abs=1e-9)
    grid = np.linspace(-40, 40, 400_001)
    density = np.array(
        [
            0.2 * stats.t.pdf((grid + 2) / 0.3, 9) / 0.3
            + 0.5 * stats.t.pdf(grid, 9)
            + 0.3 * stats.t.pdf((grid - 5) / 0.1, 9) / 0.1
        ]
    )[0]
    mean = np.trapezoid(grid * density, grid)
    assert mixture.mean() == pytest.approx(mean, abs=1e-6)
    assert mixture.sd() == pytest.approx(np.sqrt(np.trapezoid((grid - mean) ** 2 * density, grid)), rel=1e-5)
    assert mixture.density(4.9) == pytest.approx(np.interp(4.9, grid, density), rel=1e-6)
