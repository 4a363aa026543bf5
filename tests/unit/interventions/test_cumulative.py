"""Sums of observed less expected: against pointwise limits, a finer sequence, and known truths."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from analysis.domain import EventTable, TradeSeries
from analysis.domain.hashing import canonical_json
from analysis.errors import NotFoundError, UsageError
from analysis.interventions import fit_interventions
from analysis.interventions.counterfactual import conditional_path, kept_columns
from analysis.interventions.cumulative import cumulative_effect
from analysis.interventions.detectable import minimum_detectable
from analysis.numerics.fixed_sequence import normals

MONTHS = [f"{2010 + i // 12}-{i % 12 + 1:02d}" for i in range(120)]
WIDTH = 0.03
"""Of an interval's width: 2,048 draws and 32 points of the noise posterior against exact quantiles."""
FINER = 0.02
"""Of an interval's width: what eight times the draws may move an end by."""


def fitted(stream: int, trend: str = "local"):
    t = np.arange(120)
    noise = normals((120,), stream)
    y = 4 + 0.1 * noise - 0.6 * (t >= 60) - 0.3 * (t >= 61) + 0.5 * (t >= 96)
    rows = [
        {"id": "a", "title": "A", "effective": "2015-01-01", "group": "pair"},
        {"id": "b", "title": "B", "effective": "2015-02-01", "group": "pair"},
        {"id": "c", "title": "C", "effective": "2018-01-01"},
    ]
    values = list(np.exp(y))
    values[70] = None
    series = TradeSeries.from_values(MONTHS, values, id="trade", unit="USD million")
    return fit_interventions(series, EventTable.from_rows(rows), seasonal=False, trend=trend)


@pytest.fixture(scope="module")
def fit():
    return fitted(71)


def test_one_period_has_the_limits_of_the_pointwise_path(fit):
    found = cumulative_effect(fit, window="2017-06")
    row = next(r for r in fit.to_record()["counterfactual"] if r["period"] == "2017-06")
    width = row["upper"] - row["lower"]
    assert found.expected.estimate == pytest.approx(row["expected"], abs=WIDTH * width)
    assert found.expected.lower == pytest.approx(row["lower"], abs=WIDTH * width)
    assert found.expected.upper == pytest.approx(row["upper"], abs=WIDTH * width)


def test_the_joint_root_has_the_pointwise_variance_on_its_diagonal(fit):
    path = conditional_path(fit.posterior, fit.reported, 0, kept_columns(fit.posterior, None))
    rows = np.arange(80, 110)
    root = path.root(rows)
    left = np.diag(path.level) - np.einsum("ti,ti->t", path.gain, path.across)
    pointwise = (left + (path.slope**2).sum(axis=1))[rows]
    assert np.diag(root @ root.T) == pytest.approx(pointwise, rel=1e-8)
    power = (root**2).sum(axis=0)
    assert (np.diff(power) <= 1e-12).all()


def test_a_sum_respects_that_its_periods_move_together(fit):
    found = cumulative_effect(fit, window="2017-01..2017-12")
    single = [cumulative_effect(fit, window=f"2017-{m:02d}").expected for m in range(1, 13)]
    widths = np.array([s.upper - s.lower for s in single])
    width = found.expected.upper - found.expected.lower
    assert width > 2 * np.sqrt((widths**2).sum())
    assert width <= 1.05 * widths.sum()


def test_a_finer_sequence_moves_no_end_and_the_same_one_gives_the_same_bytes(fit):
    usual, finer = cumulative_effect(fit), cumulative_effect(fit, log2_draws=14)
    width = usual.absolute.upper - usual.absolute.lower
    assert usual.absolute.lower == pytest.approx(finer.absolute.lower, abs=FINER * width)
    assert usual.absolute.upper == pytest.approx(finer.absolute.upper, abs=FINER * width)
    assert canonical_json(usual.to_record()) == canonical_json(cumulative_effect(fit).to_record())


def test_intervals_of_a_sum_hold_the_truth_about_as_often_as_they_say():
    inside = []
    for stream in range(71, 91):
        found = cumulative_effect(fitted(stream, "linear"), window="2015-02..2017-12")
        inside.append(found.percent.lower < 100 * np.expm1(-0.9) < found.percent.upper)
    assert sum(inside) >= 16, "20 intervals of 95 %; fewer than 16 has probability 0.0003"


def test_the_missing_month_is_left_out_and_the_rows_add_up(fit):
    found = cumulative_effect(fit, window="2015-02..2017-12")
    record = found.to_record()
    assert record["n"] == 34
    assert record["without"] == ["a", "b", "c"]
    assert record["absolute"]["estimate"] == pytest.approx(
        record["observed"] - record["expected"]["estimate"], rel=1e-9
    )
    assert "without a + b + c" in found.summary()


def test_one_event_alone_leaves_the_others_in_the_path(fit):
    found = cumulative_effect(fit, ["c"])
    assert str(found.window) == "2018-01..2019-12"
    assert found.percent.lower < found.percent.estimate < found.percent.upper
    assert found.event_ids == ("c",)


def test_a_grouped_event_cannot_be_left_out_but_its_group_can(fit):
    with pytest.raises(UsageError, match="leave out 'a\\+b' instead"):
        cumulative_effect(fit, ["a"])
    assert cumulative_effect(fit, ["a+b"]).event_ids == ("a", "b")
    with pytest.raises(NotFoundError, match="'z' is neither an event nor a group"):
        cumulative_effect(fit, ["z"])
    with pytest.raises(UsageError, match="name at least one"):
        cumulative_effect(fit, [])


def test_minimum_detectable_effects_of_groups_and_single_events(fit):
    rows = minimum_detectable(fit)
    assert [row["event_ids"] for row in rows] == [["a", "b"], ["c"]]
    factor = special.ndtri(0.975) + special.ndtri(0.8)
    c = next(e for e in fit.effects if e.event_id == "c")
    assert rows[1]["log_effect"] == pytest.approx(factor * c.se)
    assert rows[1]["percent_fall"] == pytest.approx(100 * np.expm1(-factor * c.se))
    assert minimum_detectable(fit, power=0.9)[1]["log_effect"] > rows[1]["log_effect"]
    assert fit.to_record()["minimum_detectable"] == rows
    with pytest.raises(UsageError, match="power is a probability"):
        minimum_detectable(fit, power=1.0)
