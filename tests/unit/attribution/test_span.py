"""Observed less expected over a span: the planted loss, path correlation, groups, and refusals."""

import numpy as np
import pytest

from analysis.attribution import attribute
from analysis.attribution.span import cumulative_loss
from analysis.errors import CannotEstimateError, InputError
from tests.worlds import monthly, normals, steps, table

FIRST, LENGTH = "2010-01", 108
EXACT = 0.03
"""Relative: noise of 1 % leaves the sum over a year known to about that."""


def lone(noise: float, walk: float = 0.0, **options):
    level = walk * np.cumsum(normals(23, LENGTH))
    logs = 4 + steps(FIRST, LENGTH, {"2015-01": -0.7}) + level + noise * normals(21, LENGTH)
    choices = {"start": "2014", "end": "2016", "seasonal": False, "trend": "none", "evidence": "none"}
    return attribute(monthly(FIRST, logs), table(ban="2015-01"), **(choices | options))


def test_the_planted_loss_is_found():
    found = cumulative_loss(lone(0.01), "2015")
    everything, alone = found.losses
    assert everything.label == "any event"
    assert alone.event_ids == ("ban",)
    true = 12 * np.exp(4) * (np.exp(-0.7) - 1)
    assert everything.difference[0] == pytest.approx(true, rel=EXACT)
    assert everything.difference[1] < true < everything.difference[2]
    assert everything.percent[0] == pytest.approx(100 * np.expm1(-0.7), abs=3)
    assert alone.difference == everything.difference


def test_the_cumulated_path_ends_in_the_sum_and_starts_with_its_first_period():
    found = cumulative_loss(lone(0.1), "2015..2016")
    loss = found.losses[0]
    assert loss.path.shape == (24, 3)
    np.testing.assert_allclose(loss.path[-1], loss.difference)
    observed = found.answer.fit.series.values
    assert found.observed == pytest.approx(observed[60:84].sum())
    assert loss.expected[0] == pytest.approx(found.observed - loss.difference[0], rel=1e-9)


def test_limits_of_a_sum_hold_that_its_periods_move_together():
    loss = cumulative_loss(lone(0.1, walk=0.05), "2015..2016").losses[0]
    first_year = loss.path[11]
    width = loss.path[-1, 2] - loss.path[-1, 1]
    alone = np.sqrt(24) * (loss.path[0, 2] - loss.path[0, 1])
    assert width > 1.5 * alone, "independent periods would add up in quadrature"
    assert first_year[2] - first_year[1] < width


def test_a_group_is_left_out_as_one():
    effects = {"2014-02": -0.4, "2014-03": -0.4}
    logs = 4 + steps(FIRST, LENGTH, effects) + 0.3 * normals(19, LENGTH)
    own = attribute(
        monthly(FIRST, logs),
        table(first="2014-02", second="2014-03"),
        start="2012",
        end="2016",
        seasonal=False,
        evidence="none",
    )
    assert [loss.event_ids for loss in cumulative_loss(own, "2015").losses] == [(), ("first", "second")]


def test_the_record_says_what_was_observed_and_what_is_missing():
    logs = 4 + steps(FIRST, LENGTH, {"2015-01": -0.7}) + 0.05 * normals(21, LENGTH)
    logs[63] = np.nan
    own = attribute(
        monthly(FIRST, logs), table(ban="2015-01"), start="2014", end="2016", seasonal=False, evidence="none"
    )
    record = cumulative_loss(own, "2015").to_record()
    assert (record["n"], record["missing"]) == (11, 1)
    assert len(record["losses"][0]["cumulative"]) == 11
    assert record["losses"][0]["cumulative"][-1]["estimate"] == pytest.approx(
        record["losses"][0]["difference"]["estimate"]
    )
    assert "1 periods of the span are not observed" in cumulative_loss(own, "2015").summary()


def test_level_scale_and_repeated_bytes():
    values = [60.0 + v for v in 3 * normals(5, LENGTH)]
    values[60:] = [v - 25 for v in values[60:]]
    series = monthly(FIRST, np.zeros(LENGTH))
    series = series.from_values(list(series.periods), values)
    own = attribute(
        series, table(ban="2015-01"), start="2014", end="2016", seasonal=False, scale="level", evidence="none"
    )
    found = cumulative_loss(own, "2016")
    assert found.losses[0].difference[0] == pytest.approx(-300, rel=0.1)
    assert found.to_record() == cumulative_loss(own, "2016").to_record()


def test_spans_without_an_event_or_outside_the_sample_are_refused():
    own = lone(0.1)
    with pytest.raises(CannotEstimateError, match="no event is in force"):
        cumulative_loss(own, "2012")
    with pytest.raises(InputError, match="outside the sample"):
        cumulative_loss(own, "2016..2025")
    logs = 4 + steps(FIRST, LENGTH, {"2015-01": -0.7}) + 0.05 * normals(21, LENGTH)
    logs[72:80] = np.nan
    hollow = attribute(
        monthly(FIRST, logs), table(ban="2015-01"), start="2014", end="2017", seasonal=False, evidence="none"
    )
    with pytest.raises(CannotEstimateError, match="4 of 12 periods"):
        cumulative_loss(hollow, "2016")
