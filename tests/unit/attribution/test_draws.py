"""Draws of several parts together, and the weights of the datings, against closed forms."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from analysis.attribution.timing.draws import DATING_PRIOR, Mode, dating_weights, joint_draws
from analysis.interventions import InterventionResult, fit_interventions
from tests.worlds import monthly, normals, steps, table

FIRST, LENGTH = "2010-01", 96
CORRELATION = 0.6
POINTS = 12
SAME = 0.03
"""Of a correlation, in 4,096 draws of heavy tails."""


def parts(correlation: float) -> list[InterventionResult]:
    common, own = normals(61, LENGTH), normals(62, LENGTH)
    noises = (common, correlation * common + np.sqrt(1 - correlation**2) * own)
    step = steps(FIRST, LENGTH, {"2014-01": -0.6})
    return [
        fit_interventions(
            monthly(FIRST, 4 + step + 0.2 * noise, id=f"part{k}"),
            table(ban="2014-01"),
            seasonal=False,
            trend="none",
            outliers=False,
        )
        for k, noise in enumerate(noises)
    ]


@pytest.fixture(scope="module")
def pair() -> list[InterventionResult]:
    return parts(CORRELATION)


def effects(fits: list[InterventionResult], dependence: str) -> np.ndarray:
    found, _ = joint_draws(fits, "full", log2_points=POINTS, dependence=dependence)
    column = fits[0].posterior.design.event_terms[0].columns.start
    return np.array([part.beta[:, column] for part in found])


def white(y: np.ndarray, x: np.ndarray) -> Mode:
    """A part in white noise: its standard coordinates are those of an orthonormal basis of the columns."""
    basis, _ = np.linalg.qr(x)
    errors = y - basis @ (basis.T @ y)
    n = len(y)
    size = np.sqrt(np.mean(errors**2))
    return Mode(0, 12, np.arange(n), np.zeros((n, n)), np.eye(n), basis.T, errors / size, errors)


def test_coefficients_of_one_design_in_white_noise_are_correlated_as_the_noises_are():
    """Seemingly unrelated regressions (Zellner 1962): with the same columns cov(b_p, b_q) = s_pq (X'X)^-1."""
    common, own = normals(64, LENGTH), normals(65, LENGTH)
    x = np.column_stack([np.ones(LENGTH), np.arange(LENGTH) >= 48])
    other = CORRELATION * common + np.sqrt(1 - CORRELATION**2) * own
    first, second = white(common, x), white(3 * other, x)
    expected = np.corrcoef(first.errors, second.errors)[0, 1]
    found = first.correlation(second, "estimated")
    np.testing.assert_allclose(found[-2:, -2:], expected * np.eye(2), atol=1e-9)
    assert not found[:-2, -2:].any()
    np.testing.assert_allclose(first.correlation(second, "perfect")[-2:, -2:], np.eye(2), atol=1e-9)
    assert not first.correlation(replace(second, start=500), "perfect").any(), "nothing in common"


def test_where_both_wander_the_correlation_lies_between_those_of_short_and_long_changes():
    """Level and stationary part together are all of the noise, so their weights add up to one."""
    walk = np.linalg.cholesky(0.4 * (1 + np.minimum.outer(np.arange(LENGTH), np.arange(LENGTH))))
    x = np.column_stack([np.ones(LENGTH), np.arange(LENGTH) >= 48])
    root = np.linalg.cholesky(walk @ walk.T + np.eye(LENGTH))
    basis, _ = np.linalg.qr(np.linalg.solve(root, x))
    gain = np.linalg.solve(root.T, basis).T
    common, own = normals(66, LENGTH), normals(67, LENGTH)
    path = np.cumsum(normals(68, LENGTH))
    first = Mode(0, 12, np.arange(LENGTH), walk, np.eye(LENGTH), gain, common, path + common)
    second = replace(first, errors=0.2 * common + own, disturbance=path + own)
    short = np.corrcoef(first.errors, second.errors)[0, 1]
    long = np.corrcoef(*(mode.disturbance[12:] - mode.disturbance[:-12] for mode in (first, second)))[0, 1]
    assert short < 0.5 < long
    block = first.correlation(second, "estimated")[-2:, -2:]
    eigen = np.linalg.eigvalsh(0.5 * (block + block.T))
    assert short - 0.02 < eigen[0] <= eigen[1] < long + 0.02


def test_the_variance_of_the_sum_lies_between_independence_and_perfect_correlation(pair):
    spread = {kind: effects(pair, kind) for kind in ("independent", "estimated", "perfect")}
    single = [draws.var(axis=1) for draws in spread.values()]
    np.testing.assert_allclose(single[1], single[0], rtol=0.1)
    np.testing.assert_allclose(single[2], single[0], rtol=0.1)
    found = [float(np.corrcoef(draws)[0, 1]) for draws in spread.values()]
    assert abs(found[0]) < SAME
    assert 0.4 < found[1] < found[2] <= 1
    variance = [draws.sum(axis=0).var() for draws in spread.values()]
    sd = np.sqrt(single[0])
    assert variance[0] == pytest.approx((sd**2).sum(), rel=0.05)
    assert variance[0] < variance[1] < variance[2] < 1.05 * sd.sum() ** 2


def test_parts_without_enough_common_periods_are_independent(pair):
    early = fit_interventions(
        monthly("1990-01", 4 + 0.2 * normals(63, LENGTH)),
        table(old="1994-01"),
        seasonal=False,
        trend="none",
        outliers=False,
    )
    found, _ = joint_draws([pair[0], early], "full", log2_points=POINTS)
    assert abs(np.corrcoef(found[0].beta[:, 1], found[1].beta[:, 1])[0, 1]) < 0.02


def test_further_coordinates_are_standard_normal_and_independent_of_the_parts(pair):
    found, errors = joint_draws(pair, "full", log2_points=POINTS, extra=2)
    assert errors.shape == (2**POINTS, 2)
    np.testing.assert_allclose(errors.std(axis=0), 1, atol=0.02)
    assert abs(np.corrcoef(found[0].beta[:, 1], errors[:, 0])[0, 1]) < 0.02


def test_the_same_draws_come_again(pair):
    np.testing.assert_array_equal(effects(pair, "estimated"), effects(pair, "estimated"))


def scored(**scores: float) -> SimpleNamespace:
    return SimpleNamespace(
        posterior=SimpleNamespace(dating=lambda name: SimpleNamespace(log_marginal=scores.get(name, 0.0)))
    )


def test_a_dating_weighs_as_its_prior_times_the_product_of_the_marginal_likelihoods():
    first, second = scored(full=2.0, ramp=1.0, adopted=-1.0), scored(full=-0.5, ramp=0.3, adopted=0.1)
    found = dating_weights([first, second], ["full", "ramp", "adopted"])
    product = np.array([0.5 * np.exp(1.5), 0.25 * np.exp(1.3), 0.25 * np.exp(-0.9)])
    np.testing.assert_allclose(found, product / product.sum())


def test_no_dating_has_a_floor_and_one_decides_for_all_parts():
    found = dating_weights([scored(full=30.0), scored(ramp=2.0)], ["full", "ramp", "adopted"])
    assert found[0] > 1 - 1e-11


def test_a_part_that_no_dating_moves_has_no_say():
    told = scored(full=1.0, ramp=0.0, adopted=0.0)
    np.testing.assert_allclose(
        dating_weights([told, scored()], ["full", "ramp", "adopted"]),
        dating_weights([told], ["full", "ramp", "adopted"]),
    )


def test_prior_probabilities_are_those_of_the_design():
    assert DATING_PRIOR == {"full": 0.5, "ramp": 0.25, "adopted": 0.25}
