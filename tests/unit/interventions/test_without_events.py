"""The path without events leaves policy out and nothing else: a change of record stays in it."""

import numpy as np
import pytest

from analysis.attribution import attribute
from analysis.domain import Event, EventTable, parse_day
from analysis.interventions import fit_interventions
from tests.worlds import monthly, normals, steps

FIRST, LENGTH = "2010-01", 96
POLICY, RECORD = -0.8, 0.5
EVENTS = EventTable(
    (
        Event("ban", "Ban", parse_day("2013-01-01")),
        Event("method", "New method of valuation", parse_day("2015-01-01"), kind="data_break"),
    )
)


@pytest.fixture(scope="module")
def series():
    logs = 5 + steps(FIRST, LENGTH, {"2013-01": POLICY, "2015-01": RECORD}) + 0.03 * normals(8, LENGTH)
    return monthly(FIRST, logs)


def test_a_change_of_record_stays_in_the_path_without_events(series) -> None:
    """Without the ban the record would show exp(5 + .5) in 2017: what is counted anew is counted anew."""
    record = fit_interventions(series, EVENTS, seasonal=False, trend="none").to_record()
    expected = {row["period"]: np.log(row["expected"]) for row in record["counterfactual"]}
    limits = {row["period"]: (np.log(row["lower"]), np.log(row["upper"])) for row in record["counterfactual"]}
    assert expected["2012-06"] == pytest.approx(5.0, abs=0.05)
    assert expected["2014-06"] == pytest.approx(5.0, abs=0.1), "the ban is out"
    assert expected["2017-06"] == pytest.approx(5.0 + RECORD, abs=0.1), "the new method is not"
    assert limits["2017-06"][0] > 5.0 + RECORD / 2


def test_a_change_of_record_is_a_row_of_its_own_kind_and_no_event(series) -> None:
    record = attribute(series, EVENTS, start="2012", end="2017", seasonal=False, trend="none").to_record()
    kinds = {tuple(row["event_ids"]): row["kind"] for row in record["contributions"] if row["event_ids"]}
    assert kinds == {("ban",): "event", ("method",): "measurement"}
