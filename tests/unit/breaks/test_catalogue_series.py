"""Breaks of the catalogue's own series, with their events."""

from __future__ import annotations

import json

import pytest

from analysis import catalogue
from analysis.breaks import find_breaks
from analysis.errors import CannotEstimateError


@pytest.mark.parametrize(
    ("series_id", "first_after", "event"),
    [
        ("dprk.exports.china.m", "2018-02", "unscr_2397"),
        ("dprk.total.china.m", "2017-09", "unscr_2375"),
        ("dprk.total.china.m", "2020-10", "covid_border_closure"),
        ("dprk.exports.kotra.a", "2018", "unscr_2397"),
        ("dprk.imports.kotra.a", "2020", "covid_border_closure"),
        ("interkorean.total.a", "2016", "kic_closure_2016"),
        ("dprk.total.a", "2020", "covid_border_closure"),
    ],
)
def test_the_largest_break_meets_the_event_everybody_knows(
    series_id: str, first_after: str, event: str
) -> None:
    found = find_breaks(catalogue.series(series_id))
    dated = {b.first_after: [e["event_id"] for e in b.events] for b in found.breaks}
    assert event in dated[first_after]
    assert found.matching is not None
    assert found.matching.matched >= 1
    assert found.event_table is not None


def test_the_end_of_recorded_crude_is_a_change_of_record_and_no_policy() -> None:
    found = find_breaks(catalogue.series("dprk.balance.china.m"))
    titles = {b.first_after: b.title for b in found.breaks}
    assert titles["2014-02"] == "change of record"
    assert titles["2020-02"] == "break in the mean"


def test_every_series_is_answered_or_refused_in_words() -> None:
    answered, refused = 0, {}
    for series_id in catalogue.series_ids():
        series = catalogue.series(series_id)
        if series.frequency != "A" and series.n_observed > 60:
            continue
        try:
            record = find_breaks(series).to_record()
        except CannotEstimateError as refusal:
            refused[series_id] = refusal.message
        else:
            json.dumps(record, allow_nan=False)
            answered += 1
    assert answered >= 10
    assert all(series_id in message for series_id, message in refused.items())


def test_a_declared_stretch_of_other_variance_enters_and_is_said() -> None:
    """Without the stretch the level of exports breaks within it; both answers stand in the record."""
    found = find_breaks(catalogue.series("dprk.exports.china.m"))
    record = found.to_record()
    assert record["model"]["regimes"] == ["2020-02..2022-09"]
    assert record["model"]["variance_factor"] > 5
    assert any("2020-02..2022-09" in caveat and "variance" in caveat for caveat in found.caveats)
    without = find_breaks(catalogue.series("dprk.exports.china.m"), regime=())
    assert record["with_one_variance"] == [b.last_before for b in without.breaks]
    assert without.variance_factor is None
    assert "covid_border_closure" in {e["event_id"] for b in without.breaks for e in b.events}
