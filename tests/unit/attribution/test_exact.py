"""Where no model can bound a change, accounting answers it exactly, by the provision that binds first."""

from __future__ import annotations

import pytest

from analysis import catalogue
from analysis.attribution import AttributionResult, attribute
from analysis.attribution.accounting import account


@pytest.fixture(scope="module")
def coal() -> AttributionResult:
    return attribute(catalogue.series("dprk.exports.china.coal.a"), start="2016", end="2018", evidence="none")


def test_coal_fell_with_the_resolution_that_bound_it_first(coal):
    rows = {c.row.event_ids: c for c in coal.contributions if c.row.event_ids}
    assert rows["unscr_2321",].estimate == pytest.approx(-1186.69, abs=0.01)
    assert rows["unscr_2321",].interval == (rows["unscr_2321",].estimate,) * 3
    assert rows["unscr_2321",].grade == "exact"


def test_its_rows_add_up_and_it_says_why_there_is_no_counterfactual(coal):
    total = sum(c.estimate for c in coal.contributions) + coal.residual[0]
    assert total == pytest.approx(coal.absolute, rel=1e-9)
    assert all(item.missing_now is None for item in coal.sums)
    assert coal.parts[0].note
    assert coal.parts[0].note in coal.summary()


def test_a_series_too_short_for_a_model_is_answered_by_the_accounting_lens():
    """Ten years of apparel: bound first by resolution 2375."""
    series = catalogue.series("dprk.exports.china.apparel.a")
    found = attribute(series, start="2016", end="2018", evidence="none")
    own = next(c for c in found.contributions if c.row.event_ids == ("unscr_2375",))
    assert own.grade == "exact"
    lens = account(series, found.before, found.after)
    assert own.estimate == pytest.approx(lens.change_of("unscr_2375", by_year=False) / 1e6)
    assert own.estimate == pytest.approx(
        series.values[series.index(found.after.first)] - series.values[series.index(found.before.first)]
    )
    assert "observations" in found.parts[0].note


def test_backwards_it_is_the_negative():
    series = catalogue.series("dprk.exports.china.apparel.a")
    there = attribute(series, start="2016", end="2018", evidence="none")
    back = attribute(series, start="2018", end="2016", evidence="none")
    assert [c.estimate for c in back.contributions] == pytest.approx(
        [-c.estimate for c in there.contributions]
    )
