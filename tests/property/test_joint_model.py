"""What must hold for every series: scale, shift of the calendar, order of events, coherence of rows."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.attribution import attribute
from analysis.domain import EventTable, Period, TradeSeries
from analysis.interventions import fit_interventions
from tests.worlds import ar1, steps

LENGTH = 72
LEAN = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
OPTIONS = {"seasonal": False, "outliers": False}
EQUIVARIANCE = 1e-7
"""Rounding of logarithms of scaled values, in logs."""

worlds = st.fixed_dictionaries(
    {
        "stream": st.integers(1, 10_000),
        "rho": st.sampled_from([0.0, 0.5, 0.9]),
        "first": st.integers(12, 30),
        "second": st.integers(36, 60),
        "size": st.floats(-2, 2),
    }
)


def build(world: dict, start: str = "2011-01", scale: float = 1.0) -> tuple[TradeSeries, EventTable]:
    origin = Period.parse(start)
    months = {str(origin + world["first"]): world["size"], str(origin + world["second"]): -0.5}
    logs = 4 + steps(start, LENGTH, months) + ar1(world["stream"], LENGTH, world["rho"], 0.2)
    series = TradeSeries.from_values([origin + k for k in range(LENGTH)], (scale * np.exp(logs)).tolist())
    rows = [{"id": f"e{k}", "title": f"E{k}", "effective": f"{m}-01"} for k, m in enumerate(months)]
    return series, EventTable.from_rows(rows)


@given(worlds, st.floats(1e-3, 1e6))
@LEAN
def test_the_unit_of_the_series_does_not_matter(world, scale):
    series, events = build(world)
    scaled, _ = build(world, scale=scale)
    ours = fit_interventions(series, events, **OPTIONS).effects
    theirs = fit_interventions(scaled, events, **OPTIONS).effects
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(
            [a.estimate, a.lower, a.upper], [b.estimate, b.lower, b.upper], atol=EQUIVARIANCE
        )


@given(worlds, st.integers(1, 40))
@LEAN
def test_a_shift_of_the_calendar_does_not_matter(world, years):
    series, events = build(world)
    moved, later = build(world, start=f"{2011 + years}-01")
    ours = fit_interventions(series, events, **OPTIONS).effects
    theirs = fit_interventions(moved, later, **OPTIONS).effects
    assert [(e.estimate, e.lower, e.upper) for e in ours] == [(e.estimate, e.lower, e.upper) for e in theirs]


@given(worlds)
@LEAN
def test_rows_add_up_hold_their_estimates_and_do_not_depend_on_the_order_of_events(world):
    series, events = build(world)
    result = attribute(series, events, start="2011", end="2016", **OPTIONS)
    total = sum(row.estimate for row in result.contributions) + result.residual[0]
    assert abs(total - result.absolute) <= 1e-9 * max(abs(result.absolute), 1e-12)
    for row in result.contributions:
        assert row.lower <= row.upper
        assert np.isfinite([row.estimate, row.lower, row.upper]).all()
    reordered = attribute(series, EventTable(events.events[::-1]), start="2011", end="2016", **OPTIONS)
    assert reordered.to_record() == result.to_record()


@given(worlds, st.lists(st.integers(0, LENGTH - 1), min_size=1, max_size=15, unique=True))
@LEAN
def test_missing_months_leave_finite_answers(world, hidden):
    series, events = build(world)
    values = [None if k in hidden else o.value for k, o in enumerate(series.observations)]
    gappy = TradeSeries.from_values([str(p) for p in series.periods], values)
    for effect in fit_interventions(gappy, events, **OPTIONS).effects:
        if effect.estimate is None:
            assert effect.grade == "D"
        else:
            assert effect.lower < effect.estimate < effect.upper
