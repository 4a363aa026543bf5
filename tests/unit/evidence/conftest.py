"""Small answers that the evidence is tested on."""

import pytest

from analysis.attribution import AttributionResult, attribute
from analysis.domain import EventTable, TradeSeries
from tests.worlds import ar1, monthly, normals, steps, table

FIRST, LENGTH = "2009-01", 120


def close_world() -> TradeSeries:
    """Two steps two months apart in noise that cannot tell them apart, and a third far from them."""
    logs = 5 + steps(FIRST, LENGTH, {"2012-02": -0.3, "2015-03": -0.5, "2015-05": -0.5})
    return monthly(FIRST, logs + ar1(29, LENGTH, 0.4, 0.3), id="close")


def close_events() -> EventTable:
    return table(early="2012-02", first="2015-03", second="2015-05")


@pytest.fixture(scope="session")
def close() -> AttributionResult:
    return attribute(close_world(), close_events(), start="2011", end="2017", seasonal=False, evidence="none")


@pytest.fixture(scope="session")
def apart() -> AttributionResult:
    """Two steps five years apart in little noise."""
    logs = 5 + steps(FIRST, LENGTH, {"2012-01": -0.6, "2016-07": -0.9}) + 0.1 * normals(41, LENGTH)
    return attribute(
        monthly(FIRST, logs, id="apart"),
        table(ban="2012-01", closure="2016-07"),
        start="2011",
        end="2017",
        evidence="none",
    )
