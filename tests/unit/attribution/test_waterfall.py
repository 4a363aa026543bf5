"""Year by year: steps add up, groups are the same in every step, one step is the answer of its years."""

import numpy as np
import pytest

from analysis.attribution import attribute
from analysis.attribution.waterfall import waterfall
from analysis.errors import CannotEstimateError, InputError
from tests.worlds import ar1, monthly, normals, steps, table

FIRST, LENGTH = "2010-01", 108
SUM = 1e-9
PART = 0.02
"""Of an interval's width: the waterfall uses a quarter of the points."""
EFFECTS = {"2012-05": -0.6, "2014-02": -0.4, "2014-03": -0.4}
EVENTS = table(ban="2012-05", first="2014-02", second="2014-03")


@pytest.fixture(scope="module")
def answer():
    logs = 4 + steps(FIRST, LENGTH, EFFECTS) + 0.3 * normals(19, LENGTH)
    return attribute(monthly(FIRST, logs), EVENTS, start="2011", end="2015", seasonal=False, evidence="none")


def test_bars_add_up_in_every_step_and_changes_add_up_over_the_years(answer):
    found = waterfall(answer)
    assert [str(step.after.first.year) for step in found.steps] == ["2012", "2013", "2014", "2015"]
    for step in found.steps:
        assert sum(bar.estimate for bar in step.bars) == pytest.approx(step.answer.absolute, abs=SUM * 100)
    assert sum(step.answer.absolute for step in found.steps) == pytest.approx(answer.absolute, rel=SUM)


def test_a_group_is_one_bar_everywhere_and_nothing_before_its_date(answer):
    found = waterfall(answer)
    ids = [bar.event_ids for bar in found.steps[0].bars]
    assert ("first", "second") in ids
    assert ("first",) not in ids
    position = ids.index(("first", "second"))
    assert [step.bars[position].estimate == 0 for step in found.steps] == [True, True, False, False]


def test_the_steps_of_a_row_add_up_to_its_contribution_outside_clusters():
    """The node of the second event is 2013, a year of the waterfall."""
    logs = 4 + steps(FIRST, LENGTH, {"2012-01": -0.6, "2014-01": -0.5}) + 0.05 * normals(19, LENGTH)
    own = attribute(
        monthly(FIRST, logs),
        table(ban="2012-01", stop="2014-01"),
        start="2011",
        end="2015",
        seasonal=False,
        trend="none",
        evidence="none",
    )
    found = waterfall(own)
    for row in own.contributions:
        if row.row.event_ids:
            bars = [bar for step in found.steps for bar in step.bars if bar.event_ids == row.row.event_ids]
            assert sum(bar.estimate for bar in bars) == pytest.approx(row.estimate, rel=PART)


def test_a_step_is_the_answer_of_its_two_years(answer):
    step = next(s for s in waterfall(answer).steps if s.after.first.year == 2012)
    own = attribute(answer.fit.series, EVENTS, start="2011", end="2012", seasonal=False, evidence="none")
    bars = {bar.event_ids: bar for bar in step.bars if bar.event_ids}
    row = next(c for c in own.contributions if c.row.event_ids)
    bar = bars[row.row.event_ids]
    assert bar.estimate == pytest.approx(row.estimate, abs=PART * (row.upper - row.lower))
    assert bar.lower == pytest.approx(row.lower, abs=PART * (row.upper - row.lower))
    assert bar.upper == pytest.approx(row.upper, abs=PART * (row.upper - row.lower))


def test_the_table_is_annualised_and_names_the_years(answer):
    columns, rows = waterfall(answer).table()
    assert columns == ("dated to", "2012", "2013", "2014", "2015")
    assert rows[0][0] == "observed change"
    assert rows[0][1] == pytest.approx(12 * waterfall(answer).steps[0].answer.absolute)
    record = waterfall(answer).to_record()
    assert len(record["steps"]) == 4


def test_a_year_with_few_months_is_skipped_and_named():
    logs = 4 + steps(FIRST, LENGTH, {"2014-02": -0.8}) + ar1(19, LENGTH, 0.4, 0.1)
    logs[24:32] = np.nan
    own = attribute(
        monthly(FIRST, logs), table(stop="2014-02"), start="2011", end="2015", seasonal=False, evidence="none"
    )
    found = waterfall(own)
    assert found.skipped == ("2012",)
    assert str(found.steps[0].after.first.year) == "2013"


def test_years_outside_the_sample_are_refused(answer):
    with pytest.raises(InputError, match="years 2001 to 2015"):
        waterfall(answer, first=2001)
    with pytest.raises(InputError, match="two or more years"):
        waterfall(answer, first=2015, last=2015)


def test_one_observed_year_is_no_step():
    logs = 4 + steps(FIRST, LENGTH, {"2014-02": -0.8}) + ar1(19, LENGTH, 0.4, 0.1)
    logs[12:21] = np.nan
    own = attribute(
        monthly(FIRST, logs), table(stop="2014-02"), start="2010", end="2015", seasonal=False, evidence="none"
    )
    with pytest.raises(CannotEstimateError, match="fewer than two"):
        waterfall(own, first=2010, last=2011)
