"""Effects before the date: planted ones are seen, others are not, and silence has a reason."""

import pytest

from analysis.attribution import attribute
from analysis.attribution.evidence import PreTrend
from analysis.attribution.evidence.contributions import NO_EVENT
from analysis.errors import UsageError
from tests.unit.evidence.conftest import FIRST, LENGTH
from tests.worlds import monthly, normals, steps, table


def early_world(fall: float):
    """A step of -0.8 whose first part comes four months before its date."""
    logs = 5 + steps(FIRST, LENGTH, {"2014-03": fall, "2014-07": -0.8 - fall}) + 0.1 * normals(7, LENGTH)
    series = monthly(FIRST, logs)
    return attribute(series, table(ban="2014-07"), start="2012", end="2016", seasonal=False, evidence="none")


def test_a_fall_before_the_date_is_seen():
    lead = PreTrend(length=4).run(early_world(-0.5)).leads[0]
    assert str(lead.window) == "2014-03..2014-06"
    assert lead.effect.contains(-0.5)
    assert lead.effect.excludes_zero
    assert lead.verdict == "a change before the date"
    assert lead.p_sign > 0.99


def test_a_step_at_its_date_has_none():
    finding = PreTrend().run(early_world(0.0))
    assert str(finding.leads[0].window) == "2014-01..2014-06"
    assert not finding.leads[0].effect.excludes_zero
    assert finding.words().startswith("No change is seen in the 6 periods before a date (1 examined)")


def test_a_group_has_one_lead_before_its_earliest_member(close):
    leads = PreTrend().run(close).leads
    assert [lead.event_ids for lead in leads] == [("early",), ("first", "second")]
    assert str(leads[1].window) == "2014-09..2015-02"


def test_without_observed_periods_before_it_an_event_cannot_speak():
    logs = 5 + steps(FIRST, LENGTH, {"2009-02": -0.5}) + 0.1 * normals(8, LENGTH)
    logs[1:9] = float("nan")
    answer = attribute(
        monthly(FIRST, logs),
        table(ban="2009-09", closure="2014-01"),
        start="2012",
        end="2016",
        seasonal=False,
        evidence="none",
    )
    wide = attribute(
        monthly(FIRST, logs),
        table(ban="2009-10"),
        start="2009-10..2009-12",
        end="2016",
        seasonal=False,
        evidence="none",
    )
    assert [lead.event_ids for lead in PreTrend().run(answer).leads] == [("closure",)]
    assert PreTrend().validate(wide) == NO_EVENT


def test_a_lead_that_another_event_carries_cannot_speak():
    logs = 5 + steps(FIRST, LENGTH, {"2014-01": -0.3, "2014-07": -0.5}) + 0.1 * normals(9, LENGTH)
    answer = attribute(
        monthly(FIRST, logs),
        table(one="2014-01", two="2014-07"),
        start="2012",
        end="2016",
        seasonal=False,
        evidence="none",
    )
    one, two = PreTrend(length=6).run(answer).leads
    assert one.effect is not None
    assert two.verdict == "cannot speak"
    assert "cannot be told" in two.reason


def test_a_lead_of_no_length_is_refused(apart):
    with pytest.raises(UsageError, match="at least one period"):
        PreTrend(length=0).validate(apart)
