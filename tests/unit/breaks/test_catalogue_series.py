"""Breaks of the catalogue's own series, with their events."""

from __future__ import annotations

import json

import pytest

from analysis import catalogue
from analysis.breaks.find import breaks_once, find_breaks
from analysis.errors import CannotEstimateError


@pytest.mark.parametrize(
    ("series_id", "first_after", "event"),
    [
        ("dprk.exports.china.m", "2018-02", "unscr_2397"),
        ("dprk.total.china.m", "2017-09", "unscr_2375"),
        ("dprk.total.china.m", "2020-10", "covid_border_closure"),
        ("interkorean.total.a", "2016", "kic_closure_2016"),
    ],
)
def test_the_largest_break_meets_the_event_everybody_knows(
    series_id: str, first_after: str, event: str
) -> None:
    found = breaks_once(catalogue.series(series_id))
    dated = {b.first_after: [e["event_id"] for e in b.events] for b in found.breaks}
    assert event in dated[first_after]
    assert found.matching is not None
    assert found.matching.matched >= 1
    assert found.event_table is not None


def test_what_the_bootstrap_refuses_is_said() -> None:
    """Thirty-four years of a wandering total: the table would accept 2020, errors like its own do not."""
    found = breaks_once(catalogue.series("dprk.total.a"))
    assert found.n_breaks == 0
    assert found.guard_pvalue is not None
    assert found.guard_pvalue > 0.05
    assert any("The table for Gaussian AR(1) errors would accept a change" in line for line in found.caveats)
    assert any("2019" in row.breaks for row in found.by_segment)


def test_every_series_is_answered_or_refused_in_words() -> None:
    answered, refused = 0, {}
    for series_id in catalogue.series_ids():
        series = catalogue.series(series_id)
        if series.frequency != "A" and series.n_observed > 60:
            continue
        try:
            record = breaks_once(series).to_record()
        except CannotEstimateError as refusal:
            refused[series_id] = refusal.message
        else:
            json.dumps(record, allow_nan=False)
            answered += 1
    assert answered >= 10
    assert all(series_id in message for series_id, message in refused.items())


def test_a_declared_stretch_of_other_variance_enters_and_is_said() -> None:
    """The answer without the stretch stands in the record beside that with it."""
    found = breaks_once(catalogue.series("dprk.exports.china.m"))
    record = found.to_record()
    assert record["model"]["regimes"] == ["2020-02..2022-09"]
    assert record["model"]["variance_factor"] > 5
    assert any("2020-02..2022-09" in caveat and "variance" in caveat for caveat in found.caveats)
    without = find_breaks(catalogue.series("dprk.exports.china.m"), regime=())
    assert record["with_one_variance"]["breaks"] == [b.last_before for b in without.breaks]
    assert without.variance_factor is None
