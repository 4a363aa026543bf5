"""Before-and-after predictions against R's CausalImpact 1.4.1, by quadrature instead of a sampler."""

from __future__ import annotations

import pytest

from analysis.interventions import fit_interventions
from analysis.interventions.peers import fit_peer
from tests.reference.reference_data import columns, events, series

EFFECT_SHARE = 0.02
"""Of the average effect; R's figures carry the Monte Carlo error of a thousand to ten thousand draws."""
WIDTH_SHARE = 0.10
"""Of the interval's width, for each of its ends."""
TRUTH = 0.03
"""Of R's -0.546 on the series of 180 months."""

R = {
    "causalimpact_vignette": (("x1",), 10.5165, 9.812, 11.205),
    "causalimpact_basic": ((), 2.9022749034, 2.3957227451, 3.3938780734),
    "causalimpact_covariates": (("x1", "x2"), 2.8858699154, 2.4680288425, 3.2974320329),
}


@pytest.mark.parametrize("case", R)
def test_average_effect_and_interval_are_those_of_r(case):
    names, effect, lower, upper = R[case]
    record = fit_peer(
        series(case, "y"),
        events(intervention="2014-03-12"),
        method="uc_bsts",
        scale="level",
        controls=columns(case, *names) if names else None,
    ).to_record()
    found = record["effects"][0]
    assert found["effect"] == pytest.approx(effect, rel=EFFECT_SHARE)
    assert found["lower"] == pytest.approx(lower, abs=WIDTH_SHARE * (upper - lower))
    assert found["upper"] == pytest.approx(upper, abs=WIDTH_SHARE * (upper - lower))
    window = record["diagnostics"]["windows"][0]
    assert window["observations"] == 30
    assert window["sum_of_gaps"]["estimate"] == pytest.approx(30 * found["effect"], rel=1e-9)


def test_vignette_standard_deviation_and_relative_effect():
    record = fit_peer(
        series("causalimpact_vignette", "y"),
        events(intervention="2014-03-12"),
        method="uc_bsts",
        scale="level",
        controls=columns("causalimpact_vignette", "x1"),
    ).to_record()
    assert record["effects"][0]["se"] == pytest.approx(0.3628, rel=EFFECT_SHARE)
    assert record["diagnostics"]["windows"][0]["percent"]["estimate"] == pytest.approx(9.87, abs=0.05)


@pytest.mark.parametrize("method", ["uc_bsts", "uc", "structural"])
def test_speed_series_effect_is_that_of_r(method):
    record = fit_interventions(
        series("speed_n180", "y"),
        events(intervention="2016-01"),
        method=method,
        scale="level",
        trend="none",
        controls=columns("speed_n180", "x1", "x2", "x3"),
    ).to_record()
    found = record["effects"][0]
    assert found["effect"] == pytest.approx(-0.546, abs=TRUTH)
    if method == "uc_bsts":
        assert found["lower"] == pytest.approx(-0.589, abs=WIDTH_SHARE * (0.589 - 0.507))
        assert found["upper"] == pytest.approx(-0.507, abs=WIDTH_SHARE * (0.589 - 0.507))
        assert all(share > 0.8 for share in record["diagnostics"]["inclusion"].values())
