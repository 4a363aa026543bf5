"""Partial pooling: the published example, brute force, and simulated panels against separate fits."""

import numpy as np
import pytest
from scipy import integrate

from analysis.across import pool_effects, read_effects
from analysis.across.effects import EffectRow, EffectsTable
from analysis.across.exposure import ExposureTable
from analysis.errors import CannotEstimateError, InputError, UsageError
from analysis.interventions.panel import fit_panel
from analysis.numerics.fixed_sequence import normals
from analysis.numerics.hierarchical import fit_hierarchy
from tests.worlds import ar1, monthly, steps, table

COACHING = np.array([28.0, 8, -3, 7, -1, 1, 18, 12])
COACHING_SE = np.array([15.0, 10, 16, 11, 9, 11, 10, 18])
"""Eight schools: Rubin (1981), table 1, effects of coaching on SAT-V and their standard errors."""
BRUTE_FORCE = 1e-6
FINER_GRID = 1e-4
"""Of a standard deviation, against four times the nodes."""


def quadrature(correlation: float) -> tuple[np.ndarray, float]:
    """Return posterior means of the schools' effects and of the heterogeneity by adaptive quadrature."""
    error = np.diag((1 - correlation) * COACHING_SE**2) + correlation * np.outer(COACHING_SE, COACHING_SE)
    ones = np.ones(8)

    def parts(tau: float) -> tuple[float, np.ndarray]:
        v = error + tau**2 * np.eye(8)
        inverse = np.linalg.inv(v)
        mean = ones @ inverse @ COACHING / (ones @ inverse @ ones)
        left = COACHING - mean
        log = np.linalg.slogdet(v)[1] + np.log(ones @ inverse @ ones) + left @ inverse @ left
        return float(np.exp(-0.5 * log + 25)), mean + tau**2 * inverse @ left

    def integral(f) -> float:
        # From 400 on the integrand falls as tau ** -7.
        return integrate.quad(f, 0, 60, limit=200)[0] + integrate.quad(f, 60, np.inf, limit=200)[0]

    total = integral(lambda t: parts(t)[0])
    means = [integral(lambda t, i=i: parts(t)[0] * parts(t)[1][i]) / total for i in range(8)]
    return np.array(means), integral(lambda t: parts(t)[0] * t) / total


@pytest.mark.parametrize("correlation", [0.0, 0.3])
def test_eight_schools_by_brute_force(correlation):
    fitted = fit_hierarchy(COACHING, COACHING_SE, np.ones((8, 1)), np.zeros(8, dtype=np.intp), correlation)
    means, heterogeneity = quadrature(correlation)
    np.testing.assert_allclose(fitted.effects().mean(), means, rtol=BRUTE_FORCE)
    assert fitted.weight @ fitted.tau[:, 0] == pytest.approx(heterogeneity, rel=BRUTE_FORCE)


def test_two_heterogeneities_are_two_separate_fits_where_the_line_is_free_for_each():
    """With one level for each class the two are independent; also the grid is fine enough."""
    member = (np.arange(30) >= 12).astype(np.intp)
    error = 0.1 + 0.2 * np.abs(normals((30,), 51))
    effect = np.where(member, -1.0, 0.0) + np.where(member, 0.6, 0.1) * normals((30,), 52)
    estimate = effect + error * normals((30,), 53)
    columns = np.column_stack([1.0 - member, member])
    together = fit_hierarchy(estimate, error, columns, member).effects()
    finer = fit_hierarchy(estimate, error, columns, member, nodes=160).effects()
    for k in (0, 1):
        own = member == k
        alone = fit_hierarchy(
            estimate[own], error[own], np.ones((own.sum(), 1)), np.zeros(own.sum(), dtype=np.intp)
        ).effects()
        np.testing.assert_allclose(together.mean()[own], alone.mean(), atol=1e-6)
        np.testing.assert_allclose(together.quantile(0.975)[own], alone.quantile(0.975), atol=1e-5)
    gap = np.abs(together.quantile(0.025) - finer.quantile(0.025)) / finer.spread()
    assert gap.max() < FINER_GRID


def test_scale_and_shift_equivariance_and_order_of_the_series():
    own = np.zeros(8, dtype=np.intp)
    plain = fit_hierarchy(COACHING, COACHING_SE, np.ones((8, 1)), own).effects()
    moved = fit_hierarchy(5 - 1e-3 * COACHING, 1e-3 * COACHING_SE, np.ones((8, 1)), own).effects()
    np.testing.assert_allclose(moved.mean(), 5 - 1e-3 * plain.mean(), rtol=1e-10)
    turned = fit_hierarchy(COACHING[::-1].copy(), COACHING_SE[::-1].copy(), np.ones((8, 1)), own).effects()
    np.testing.assert_allclose(turned.mean()[::-1], plain.mean(), rtol=1e-9)


PRODUCTS, PANELS = 40, 3
NAMED = np.arange(PRODUCTS) % 4 == 0


def panel(number: int) -> tuple[np.ndarray, EffectsTable, ExposureTable]:
    """One panel: a quarter of the products named; the joint model on each; their true effects."""
    draws = normals((PRODUCTS,), 6000 + number)
    truth = np.where(NAMED, -1.2 + 0.5 * draws, -0.1 + 0.1 * draws)
    series = [
        monthly(
            "2012-01",
            4
            + steps("2012-01", 96, {"2017-03": float(truth[k])})
            + ar1(7000 + 100 * number + k, 96, (0.0, 0.4, 0.7, 0.9)[k // 4 % 4], 0.25),
            id=f"p{k:02d}",
        )
        for k in range(PRODUCTS)
    ]
    frame = fit_panel(series, table(ban="2017-03")).to_frame()
    values = {(f"p{k:02d}", "ban"): float(NAMED[k]) for k in range(PRODUCTS)}
    return truth, read_effects(frame), ExposureTable(values, {}, {})


def test_pooled_effects_have_lower_error_than_separate_fits_and_cover():
    """120 products, each fitted by the joint model; the long study is benchmarks/pooling.py."""
    separate, pooled, covered, slopes = [], [], [], []
    for number in range(PANELS):
        truth, effects, exposure = panel(number)
        found = pool_effects(effects, exposure).events[0]
        separate.append([row.estimate for row in found.rows] - truth)
        pooled.append(found.mean - truth)
        covered.append((found.lower <= truth) & (truth <= found.upper))
        slopes.append(next(t for t in found.line if t.term == "difference"))
    errors = [np.sqrt(np.mean(np.square(e))) for e in (separate, pooled)]
    assert errors[1] < 0.85 * errors[0]
    # Three binomial standard errors below 95 % of 120.
    assert np.mean(covered) > 0.95 - 3 * np.sqrt(0.05 * 0.95 / (PRODUCTS * PANELS))
    assert all(t.lower < -1.1 < t.upper for t in slopes)


def test_the_common_part_of_the_errors_widens_the_level_and_not_the_slope():
    _, effects, exposure = panel(0)
    apart = {t.term: t.se for t in pool_effects(effects, exposure).events[0].line}
    together = {t.term: t.se for t in pool_effects(effects, exposure, correlation=0.4).events[0].line}
    assert together["not exposed"] > 1.5 * apart["not exposed"]
    assert together["difference"] < 1.15 * apart["difference"]


def rows(count: int) -> EffectsTable:
    found = [EffectRow(f"s{k}", "e", 0.1 * k, 0.2, None, None) for k in range(count)]
    return EffectsTable(tuple(found), ())


def test_unknown_exposure_is_left_out_with_its_reason_and_an_absent_one_is_refused():
    values: dict[tuple[str, str], float | None] = {(f"s{k}", "e"): k % 2 for k in range(20)}
    values["s3", "e"] = None
    found = pool_effects(rows(20), ExposureTable(values, {}, {}))
    assert ("s3", "e", "its exposure is not known") in found.left_out
    assert len(found.events[0].rows) == 19
    assert [name for name, _ in found.events[0].heterogeneity] == ["not exposed", "exposed"]
    del values["s4", "e"]
    with pytest.raises(InputError, match="no row for the series 's4'"):
        pool_effects(rows(20), ExposureTable(values, {}, {}))


def test_the_exposure_of_a_sum_is_the_largest_of_its_members():
    values: dict[tuple[str, str], float | None] = {("s", "a"): 0.0, ("s", "b"): 1.0, ("s", "c"): None}
    exposure = ExposureTable(values, {}, {})
    assert exposure.of("s", "a+b") == 1.0
    assert exposure.of("s", "b+c") == 1.0
    assert exposure.of("s", "a+c") is None


def test_what_cannot_be_pooled_is_refused():
    with pytest.raises(CannotEstimateError, match="4 are needed"):
        pool_effects(rows(3))
    with pytest.raises(UsageError, match="level is a probability"):
        pool_effects(rows(9), level=1.5)
    with pytest.raises(UsageError, match="correlation is in"):
        pool_effects(rows(9), correlation=1.0)
