"""Refits from shared quadratic forms against fits made from the beginning."""

import numpy as np
import pytest

from analysis.attribution.change import attribute_fit
from analysis.attribution.evidence.check import discounted
from analysis.attribution.evidence.contributions import NOTHING, Refit, divided
from analysis.attribution.evidence.kernel import NEGLIGIBLE, Kernel, refit_grid
from analysis.attribution.evidence.layout import assemble, identified, own_share, parts_of
from analysis.domain import EventTable
from analysis.interventions import fit_interventions
from tests.unit.evidence.conftest import FIRST, LENGTH
from tests.worlds import ar1, monthly, steps, table

SAME = 5e-3
"""Of a standard deviation: cells of `NEGLIGIBLE` mass are dropped from a refit."""
ANEW = 0.05
"""Of a standard deviation: a fit from the beginning refines its own grid."""


def kernel_of(answer):
    return Kernel.build(answer.fit.posterior, parts_of(answer), discounted(answer))


def divided_by(posterior, answer, log2_points):
    windows = (answer.before, answer.after)
    refit = Refit(posterior, answer.series)
    return divided(refit, windows, answer.rows, logs=True, level=0.95, log2_points=log2_points)


def test_a_refit_of_the_same_design_is_the_answer(apart):
    refit = kernel_of(apart).refit(parts_of(apart), ["full"]).datings[0]
    own = apart.fit.reported
    sd = np.sqrt(np.diag(own.covariance))
    np.testing.assert_allclose(refit.mean, own.mean, atol=SAME * sd.max())
    np.testing.assert_allclose(np.sqrt(np.diag(refit.covariance)), sd, rtol=SAME)
    assert NEGLIGIBLE < SAME


def test_a_refit_without_an_event_is_the_fit_of_the_shorter_table(apart):
    parts = parts_of(apart)
    refit = kernel_of(apart).refit([p for p in parts if p.name != "ban"], ["full"])
    anew = fit_interventions(
        apart.fit.series, EventTable((apart.fit.events["closure"],)), outliers=False
    ).reported
    sd = np.sqrt(anew.covariance[-1, -1])
    assert abs(refit.datings[0].mean[-1] - anew.mean[-1]) < ANEW * sd
    assert abs(np.sqrt(refit.datings[0].covariance[-1, -1]) / sd - 1) < ANEW


def test_contributions_of_a_refit_are_those_of_the_answer(apart):
    posterior = kernel_of(apart).refit(parts_of(apart), ["full"])
    found = divided_by(posterior, apart, 12)
    for interval, row in zip(found, apart.contributions, strict=False):
        width = row.upper - row.lower
        assert interval.estimate == pytest.approx(row.estimate, abs=0.02 * width)
        assert interval.lower == pytest.approx(row.lower, abs=0.02 * width)
    assert sum(interval.estimate for interval in found) == pytest.approx(apart.absolute, rel=1e-9)


def test_a_row_that_does_not_differ_in_a_refit_is_absent_from_it(apart):
    posterior = kernel_of(apart).refit([p for p in parts_of(apart) if p.name != "ban"], ["full"])
    found = divided_by(posterior, apart, 8)
    labels = [row.label for row in apart.rows]
    assert found[labels.index("Ban")] is None
    assert found[labels.index("Closure")] is not None
    assert 0 < NOTHING < 1e-6


def test_cells_of_a_noise_form_keep_its_prior(apart):
    kernel = kernel_of(apart)
    still = kernel.restricted("no random walk")
    plain = kernel.restricted("no AR part")
    assert (still.grid.q == 0).all()
    assert (plain.grid.share == 0).all()
    assert still.grid.mass.sum() == pytest.approx(1)
    assert plain.grid.mass.sum() == pytest.approx(1)
    assert kernel.restricted("full") is kernel


def test_only_cells_of_ruled_out_regime_ratios_are_left_out_of_a_curve(apart):
    np.testing.assert_array_equal(refit_grid(apart.fit.posterior).mass, apart.fit.posterior.grid.mass)
    noise = ar1(5, LENGTH, 0.3, 0.1)
    noise[60:80] *= 8
    series = monthly(FIRST, 5 + steps(FIRST, LENGTH, {"2012-01": -0.5}) + noise)
    fit = fit_interventions(series, table(ban="2012-01"), regime="2014-01..2015-08")
    kept, grid, own = refit_grid(fit.posterior), fit.posterior.grid, fit.reported
    mass = np.bincount(own.cell, weights=own.weight, minlength=len(grid))
    assert 0 < len(kept) < len(grid)
    held = {(*low, *high) for low, high in zip(kept.lower, kept.upper, strict=True)}
    inside = [(*low, *high) in held for low, high in zip(grid.lower, grid.upper, strict=True)]
    assert mass[inside].sum() > 0.999


def test_small_measurement_errors_are_held_against_one_variance_in_a_curve():
    logs = 5 + steps(FIRST, LENGTH, {"2012-01": -0.5}) + ar1(5, LENGTH, 0.3, 0.1)
    series = monthly(FIRST, logs, rse=0.02)
    fit = fit_interventions(series, table(ban="2012-01"), seasonal=False)
    grid, parts = fit.posterior.grid, parts_of(attribute_fit(fit, start="2010", end="2015"))
    assert grid.sigma2 is not None
    once = refit_grid(fit.posterior)
    assert once.sigma2 is None
    assert len(once) < len(grid) / 7
    quick, whole = (
        Kernel.build(fit.posterior, parts, np.zeros(LENGTH), grid=own).refit(parts, ["full"]).datings[0]
        for own in (once, grid)
    )
    sd = np.sqrt(whole.covariance[-1, -1])
    assert quick.mean[-1] == pytest.approx(whole.mean[-1], abs=0.01 * sd)
    assert np.sqrt(quick.covariance[-1, -1]) == pytest.approx(sd, rel=0.02)


def test_aliased_columns_are_not_identified_and_own_shares_measure_it(apart):
    parts = list(parts_of(apart))
    design = assemble(parts, ["full"])
    observed = np.ones(LENGTH, dtype=bool)
    assert identified(design, observed)
    assert not identified(assemble([*parts, parts[-1]], ["full"]), observed)
    assert own_share(assemble([*parts, parts[-1]], ["full"]), observed, len(design.precision)) < 1e-9
    assert 0.05 < own_share(design, observed, len(design.precision) - 1) < 1
