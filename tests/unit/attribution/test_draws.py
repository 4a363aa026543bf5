"""Draws of several parts together, and the weights of the datings, against closed forms."""

from __future__ import annotations

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


def residual_correlation(fits: list[InterventionResult]) -> float:
    x = fits[0].posterior.design.variants[0].columns
    ys = [fit.posterior.evidence.y for fit in fits]
    residuals = [y - x @ np.linalg.lstsq(x, y, rcond=None)[0] for y in ys]
    return float(np.corrcoef(residuals)[0, 1])


def test_coefficients_of_one_design_in_white_noise_are_correlated_as_the_noises_are(pair):
    """Of seemingly unrelated regressions with the same columns: cov(b_p, b_q) = sigma_pq (X'X)^-1."""
    expected = residual_correlation(pair)
    assert expected == pytest.approx(CORRELATION, abs=0.15), "the world was drawn so"
    modes = [Mode.of(fit, fit.posterior.dating("full")) for fit in pair]
    assert not any(mode.level.any() for mode in modes), "both are white at their modes"
    found = modes[0].correlation(modes[1], "estimated")
    np.testing.assert_allclose(found, expected * np.eye(2), atol=0.01)
    np.testing.assert_allclose(modes[0].correlation(modes[1], "perfect"), np.eye(2), atol=1e-9)


def test_the_variance_of_the_sum_lies_between_independence_and_perfect_correlation(pair):
    """The noise of every part is drawn on its own, so the draws keep most of the correlation, not all."""
    spread = {kind: effects(pair, kind) for kind in ("independent", "estimated", "perfect")}
    single = [draws.var(axis=1) for draws in spread.values()]
    np.testing.assert_allclose(single[1], single[0], rtol=0.1)
    np.testing.assert_allclose(single[2], single[0], rtol=0.1)
    correlation = {kind: float(np.corrcoef(draws)[0, 1]) for kind, draws in spread.items()}
    assert abs(correlation["independent"]) < 0.03
    assert correlation["estimated"] == pytest.approx(
        residual_correlation(pair) * correlation["perfect"], abs=SAME
    )
    assert 0.75 < correlation["perfect"] <= 1
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
