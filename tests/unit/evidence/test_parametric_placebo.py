"""Parametric placebo: its algebra against single refits, its series, and when it is wanted."""

import numpy as np
import pytest

from analysis.attribution.evidence import ParametricPlacebo
from analysis.attribution.evidence.check import discounted
from analysis.attribution.evidence.contributions import mixed
from analysis.attribution.evidence.kernel import Kernel
from analysis.attribution.evidence.layout import assemble, parts_of
from analysis.attribution.evidence.parametric_placebo import effect_ratios, simulated
from analysis.errors import UsageError
from tests.unit.evidence.test_placebo_dates import lone_event

ALGEBRA = 2e-3
"""Relative: a single refit drops its lightest cells."""


def test_ratios_of_many_series_at_once_are_those_of_single_refits(apart):
    parts = parts_of(apart)
    extra = discounted(apart)
    series = simulated(apart, "full", extra, 3)
    kernel = Kernel.build(apart.fit.posterior, parts, extra, responses=series, totals=False)
    design = assemble(parts, ["full"])
    contrast = np.zeros((1, len(design.precision)))
    contrast[0, -1] = 1.0
    found = effect_ratios(
        kernel, design.variants[0].columns, kernel.precision(design), contrast, design.trend_column
    )[0]
    for k in range(3):
        mixture = mixed(kernel.refit(parts, ["full"], response=k), contrast[0])
        assert found[k] == pytest.approx(mixture.mean() / mixture.sd(), rel=ALGEBRA, abs=ALGEBRA)


def test_simulated_series_have_the_fitted_noise_and_no_event(apart):
    series = simulated(apart, "full", discounted(apart), 199)
    own = apart.fit.reported
    columns = apart.fit.posterior.design.variants[0].columns[:, :-2]
    noise = series - (columns @ own.mean[:-2])[:, None]
    assert abs(noise.mean()) < 0.01
    level = float(np.sqrt(own.stationary_variance()))
    assert noise[:12].std() == pytest.approx(level, rel=0.25)
    np.testing.assert_array_equal(series, simulated(apart, "full", discounted(apart), 199))


def test_planted_effects_stand_out_and_placebos_are_of_unit_spread(apart):
    finding = ParametricPlacebo().run(apart)
    assert [row.p for row in finding.rows] == [1 / 200, 1 / 200]
    for row in finding.rows:
        assert 0.8 < np.std(row.placebos) < 1.25
    record = finding.to_record()
    assert record["kind"].startswith("parametric")
    assert record["m"] == 199


def test_it_is_not_wanted_where_placebo_dates_speak(close):
    assert "placebo dates can speak" in ParametricPlacebo().validate(lone_event())
    assert ParametricPlacebo().validate(close) is None
    with pytest.raises(UsageError, match="at least 19"):
        ParametricPlacebo(draws=3).validate(close)
