"""Evidence on the series that the product is about."""

import pytest

from analysis import catalogue
from analysis.attribution import attribute, cumulative_loss
from analysis.attribution.change import attribute_fit
from analysis.attribution.evidence import LeaveOneOut, ParametricPlacebo, PlaceboDates, PreTrend
from analysis.attribution.evidence.contributions import policy_rows
from analysis.attribution.evidence.specification import choices_of
from analysis.attribution.study import Study

RESOLUTIONS = ("unscr_2375", "unscr_2397")
"""Those that bind goods which China sells: 2371 is not in the design of imports."""
ANNUAL = [
    entry.id
    for entry in catalogue.catalogue().listing
    if entry.frequency == "A" and not catalogue.series(entry.id).design.parts
]
PART = 0.2
"""Of a half-width: refits hold the discounted months at their mean variance factor."""


@pytest.fixture(scope="module")
def imports():
    return attribute_fit(Study().fit("dprk.imports.china.m"), start="2016", end="2018")


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
    assert str(leads[RESOLUTIONS].window) == "2017-03..2017-08", "2375 was adopted on 11 September 2017"
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


def test_less_was_recorded_over_the_span_than_expected_without_any_event(imports):
    loss = cumulative_loss(imports, "2018..2019")
    assert loss.losses[0].difference[2] < 0
    assert loss.losses[0].event_ids == ()


@pytest.mark.parametrize("name", ANNUAL)
def test_an_answer_by_accounting_or_without_events_says_why_it_has_no_refits(name):
    series = catalogue.series(name)
    observed = [o.period.year for o in series.observations if o.value is not None]
    for start, end in (("2016", "2018"), (str(observed[0]), str(observed[-1]))):
        answer = attribute(series, start=start, end=end, evidence="full")
        if answer.evidence is None:
            assert not answer.fits
            continue
        estimated = {event for row in policy_rows(answer) for event in row.event_ids}
        record = answer.evidence.to_record()
        for check in ("pre_trend", "specification_curve"):
            assert ("reason" in record[check]) == (not estimated)
