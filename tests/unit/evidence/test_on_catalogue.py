"""Evidence on the series that the product is about."""

import pytest

from analysis import catalogue
from analysis.attribution import attribute, cumulative_loss, waterfall
from analysis.attribution.evidence import LeaveOneOut, ParametricPlacebo, PlaceboDates, PreTrend
from analysis.attribution.evidence.specification import choices_of

RESOLUTIONS = ("unscr_2371", "unscr_2375", "unscr_2397")
PART = 0.2
"""Of a half-width: refits hold the discounted months at their mean variance factor."""
WHOLE = 1e-9


@pytest.fixture(scope="module")
def imports():
    return attribute(catalogue.series("dprk.imports.china.m"), start="2016", end="2018", evidence="none")


def test_no_shift_of_the_monthly_design_is_admitted_so_the_placebo_is_parametric(imports):
    finding = PlaceboDates().run(imports)
    assert finding.shifts == ()
    assert "0 shifts" in finding.words()
    assert all(row.p is None for row in finding.rows)
    assert ParametricPlacebo().validate(imports) is None


def test_leaving_events_out_starts_from_the_answer_and_keeps_groups_whole(imports):
    finding = LeaveOneOut().run(imports)
    for before, row in zip(finding.baseline, imports.contributions, strict=False):
        assert abs(before.estimate - row.estimate) <= PART * 0.5 * (row.upper - row.lower)
    left = [case.event_ids for case in finding.left_out]
    assert RESOLUTIONS in left
    assert not any(ids == (one,) for ids in left for one in RESOLUTIONS)
    assert ("covid_border_closure",) in left or any("covid_border_closure" in ids for ids in left)


def test_leads_stand_before_adoption_under_every_dating(imports):
    leads = {lead.event_ids: lead for lead in PreTrend().run(imports).leads}
    assert str(leads[RESOLUTIONS].window) == "2017-02..2017-07", "2371 was adopted on 5 August 2017"
    assert leads[RESOLUTIONS].effect is not None


def test_every_axis_of_the_plan_exists_for_the_monthly_imports(imports):
    names = {axis.name: axis.levels for axis in choices_of(imports).axes}
    assert set(names) == {
        "trend",
        "noise",
        "shape",
        "dating",
        "sample",
        "scale",
        "crude",
        "controls",
        "chinese_new_year",
        "seasonal_pattern",
    }
    assert names["dating"] == ("all", "full", "ramp", "adopted")
    assert names["seasonal_pattern"][1] == "another from 2018-02"


def test_the_headline_year_by_year_and_over_the_span():
    answer = attribute(catalogue.series("dprk.total.a"), start="2014", end="2018", evidence="none")
    steps = waterfall(answer).steps
    assert [str(step.after) for step in steps] == ["2015", "2016", "2017", "2018"]
    assert sum(step.windows.change for step in steps) == pytest.approx(answer.absolute, rel=WHOLE)
    loss = cumulative_loss(answer, "2016..2019")
    assert loss.losses[0].difference[2] < 0, "less was recorded than expected without any event"
    assert RESOLUTIONS in [row.event_ids for row in loss.losses]
