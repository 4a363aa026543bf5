"""Three lenses side by side: every column reconciles, and the words follow from the intervals."""

from __future__ import annotations

import pytest

from analysis.attribution.result import AttributionResult
from analysis.attribution.study import Study
from analysis.attribution.triangulation import (
    AGREE,
    CANNOT_SPEAK,
    COLUMNS,
    DISAGREE,
    IMPRECISE,
    Said,
    Triangulation,
    _agreement,
    _words,
    triangulate,
)
from analysis.domain import canonical_json

ROUNDING = 1e-6
"""Of sums of amounts given to the dollar."""


@pytest.fixture(scope="module")
def exports() -> AttributionResult:
    return Study().attribution("dprk.exports.china.m", "2016", "2018")


@pytest.fixture(scope="module")
def zone() -> AttributionResult:
    return Study().attribution("interkorean.total.a", "2015", "2016")


def check_sums(found: Triangulation) -> None:
    for column in COLUMNS:
        total = found.column_sum(column)
        assert total is None or total == pytest.approx(found.change, abs=ROUNDING), column


def test_every_column_sums_to_the_change(exports):
    found = triangulate(exports)
    check_sums(found)
    assert None not in [found.column_sum(column) for column in COLUMNS], "all three lenses speak here"
    assert found.change == pytest.approx(-2450.595)


def test_rows_are_annualised_and_carry_every_lens(exports):
    found = triangulate(exports)
    rows = {row.event_ids: row for row in found.rows if row.kind == "event"}
    coal = rows["unscr_2321",]
    assert coal.first_binding is not None
    assert coal.first_binding.estimate == pytest.approx(-1186.69, abs=0.01)
    assert coal.in_force_by_year is not None
    assert coal.in_force_by_year.estimate == pytest.approx(-776.34, abs=0.01)
    assert coal.timing is not None
    row = next(c for c in exports.contributions if c.row.event_ids == ("unscr_2321",))
    assert coal.timing.estimate == pytest.approx(12 * row.estimate)
    together = next(row for row in found.rows if row.kind == "subtotal")
    assert together.comparison is not None
    assert together.timing is not None
    assert together.timing.lower < together.timing.estimate < together.timing.upper


def test_a_grouped_event_has_no_row_of_its_own(exports):
    found = triangulate(exports)
    singles = [row.event_ids for row in found.rows if row.kind == "event" and len(row.event_ids) == 1]
    grouped = {event for row in exports.rows if row.group for event in row.event_ids}
    assert grouped
    assert not {event for ids in singles for event in ids} & grouped


def test_kaesong_counts_for_the_closure_in_both_lenses(zone):
    found = triangulate(zone)
    check_sums(found)
    row = next(row for row in found.rows if row.event_ids == ("kic_closure_2016",))
    assert row.timing is not None
    assert row.first_binding is not None
    assert row.timing.estimate == pytest.approx(-2372.6)
    assert row.first_binding.estimate == pytest.approx(-2372.6)
    assert row.agreement == AGREE


def test_agreement_is_of_intervals_not_of_estimates():
    wide, near, far = Said(-500, -900, -100), Said(-850, -850, -850), Said(-50, -60, -40)
    assert _agreement(wide, near, None) == AGREE
    assert _agreement(wide, far, None) == DISAGREE
    assert _agreement(wide, near, far) == DISAGREE
    assert _agreement(wide, None, None) == CANNOT_SPEAK
    unknown = Said(-644, -1097, 412)
    assert _agreement(unknown, Said(-776, -1187, -776), None) == IMPRECISE
    assert _agreement(unknown, Said(-2000, -2000, -2000), None) == DISAGREE


def test_words_say_why():
    timing = Said(-1900, -2500, -1400)
    more = _words(timing, Said(-1200, -1282, -859), DISAGREE, -487)
    assert "more than the named goods moved" in more
    assert "−487" in more
    less = _words(timing, Said(-3000, -3000, -2900), DISAGREE, -487)
    assert "less than the named goods moved" in less
    unknown = _words(Said(-644, -1097, 412), Said(-776, -1187, -776), IMPRECISE, 0)
    assert "too imprecise to tell" in unknown
    assert "Only the timing lens" in _words(timing, None, CANNOT_SPEAK, 0)
    donors = _words(timing, Said(-2000, -2000, -1900), DISAGREE, 0, Said(-3200, -4000, -2900))
    assert "standstill" in donors


def test_the_record_of_an_attribution_holds_the_table(exports):
    record = exports.to_record()["triangulation"]
    canonical_json(record)
    assert record["column_sums"]["timing"] == pytest.approx(record["change"])
    assert {row["agreement"] for row in record["rows"]} <= {AGREE, DISAGREE, IMPRECISE, CANNOT_SPEAK}
    assert all(row["words"] for row in record["rows"])
    text = triangulate(exports).summary()
    assert "never averaged" in text
    assert "caused" not in text
    assert "due to" not in text
