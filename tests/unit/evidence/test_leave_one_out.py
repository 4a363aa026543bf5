"""Leaving events out: what is left out, what moves, and that members of a group are never shown alone."""

import json

import pytest

from analysis.attribution import attribute
from analysis.attribution.evidence import LeaveOneOut
from analysis.attribution.evidence.leave_one_out import units
from analysis.domain import EventTable
from analysis.errors import UsageError
from tests.worlds import monthly, normals, steps

PART = 0.02
"""Of an interval's width: fewer points of the fixed sequence, and no refined grid."""


def test_the_baseline_repeats_the_answer(apart):
    finding = LeaveOneOut().run(apart)
    for before, row in zip(finding.baseline, apart.contributions, strict=False):
        assert before.estimate == pytest.approx(row.estimate, abs=PART * (row.upper - row.lower))


def test_the_other_takes_over_what_a_left_out_event_explained(apart):
    finding = LeaveOneOut().run(apart)
    case = next(case for case in finding.left_out if case.event_ids == ("ban",))
    labels = [name["label"] for name in finding.names]
    closure, ban = labels.index("Closure"), labels.index("Ban")
    assert case.rows[ban] is None
    moved = case.rows[closure].estimate - finding.baseline[closure].estimate
    assert moved < 0, "without the ban the closure carries more of the fall"
    assert finding.moves()[0][0] >= abs(moved) / finding.baseline[closure].half_width


def test_a_group_is_left_out_as_one_and_its_members_have_no_numbers(close):
    assert [row.event_ids for row in units(close)] == [("early",), ("first", "second")]
    record = LeaveOneOut().run(close).to_record()
    shown = [case["event_ids"] for case in record["left_out"]]
    shown += [row["event_ids"] for case in record["left_out"] for row in case["contributions"]]
    assert ["first"] not in shown
    assert ["second"] not in shown
    assert "NaN" not in json.dumps(record)


def test_events_that_do_not_differ_between_the_windows_are_left_out_too(apart):
    later = attribute(apart.fit.series, apart.fit.events, start="2013", end="2017", evidence="none")
    finding = LeaveOneOut().run(later)
    assert [case.event_ids for case in finding.left_out] == [("closure",), ("ban",)]
    assert all(name["label"] != "Ban" for name in finding.names)


def test_one_event_alone_has_nothing_to_leave(apart):
    alone = attribute(
        apart.fit.series,
        EventTable((apart.fit.events["ban"],)),
        start="2011",
        end="2014",
        seasonal=False,
        evidence="none",
    )
    assert "nothing is left" in LeaveOneOut().validate(alone)


def test_an_effect_that_has_faded_in_the_refit_has_no_number_there():
    """A temporary effect from long before the windows is a row of the answer only through slow decays."""
    logs = 5 + steps("2009-01", 96, {"2013-03": -0.5}) + 0.1 * normals(3, 96)
    events = EventTable.from_rows(
        [
            {"id": "ban", "title": "Ban", "effective": "2013-03-05", "shape": "gradual"},
            {"id": "scare", "title": "Scare", "effective": "2011-03-05", "shape": "temporary"},
        ]
    )
    answer = attribute(monthly("2009-01", logs), events, start="2012", end="2014", evidence="none")
    finding = LeaveOneOut().run(answer)
    scare = [name["label"] for name in finding.names].index("Scare")
    assert finding.baseline[scare] is None
    assert finding.to_record()["baseline"][scare]["estimate"] is None
    case = next(case for case in finding.to_record()["left_out"] if case["event_ids"] == ["ban"])
    assert case["contributions"][scare]["moved"] is None


def test_points_out_of_range_are_refused(apart):
    with pytest.raises(UsageError, match="log2_points"):
        LeaveOneOut(log2_points=40).validate(apart)
