"""The comparison lens on the package's panel and on made-up ones."""

from __future__ import annotations

import numpy as np
import pytest

from analysis import catalogue
from analysis.attribution.comparison import Comparison, compare, neighbour_index
from analysis.attribution.comparison.panel import BASE_YEARS, donor_panel
from analysis.domain import TradeSeries, canonical_json
from analysis.errors import CannotEstimateError

ROUNDING = 1e-9


@pytest.fixture(scope="module")
def exports() -> Comparison:
    return compare(catalogue.series("dprk.exports.china.m"), "2016", "2018")


def test_the_rows_sum_to_the_change_of_the_series(exports):
    record = exports.to_record()
    parts = record["as_the_donors"] + record["beyond_the_donors"]["estimate"] + record["vintage_difference"]
    assert parts == pytest.approx(exports.total[1] - exports.total[0], abs=ROUNDING)


def test_the_fall_of_2018_goes_beyond_every_placebo(exports):
    for run in exports.runs:
        assert run.rank == 1, run.name
        assert run.pvalue == pytest.approx(1 / (len(run.placebo_ratios) + 1))
        assert run.pvalue == run.smallest_pvalue
        low, high = run.beyond_range
        assert low <= run.beyond <= high < -2500
        assert sum(run.weights.values()) == pytest.approx(1)
    assert "smallest possible" in " ".join(exports.words())
    assert "no single event" in " ".join(exports.notes())


def test_sanctioned_economies_are_out_and_substitutes_in_the_second_run(exports):
    everybody, others = exports.runs
    left = {o.economy: o for o in everybody.left_out}
    assert {"IR", "SY", "CU", "RU", "MM"} <= set(left)
    assert left["IR"].unverified, "what was recalled stays marked"
    assert {"BD", "VN", "LK"} <= set(everybody.placebo_ratios)
    assert not {"BD", "VN", "LK"} & set(others.placebo_ratios)
    assert "KG" in left, "no trade before 1992"
    assert not left["KG"].unverified


def test_the_panel_is_relative_to_the_base_years():
    panel = donor_panel("imports", substitutes=True)
    base = panel.where(BASE_YEARS)
    assert np.exp(panel.treated[base]).mean() == pytest.approx(1)
    assert np.exp(panel.donors[base]).mean(axis=0) == pytest.approx(1)
    assert panel.years == tuple(range(1990, 2021))


def test_expected_is_the_first_window_moved_as_the_donors(exports):
    run = exports.runs[0]
    at = {year: k for k, year in enumerate(run.years)}
    path = {year: run.observed[at[year]] * np.exp(-run.gaps[at[year]]) for year in (2016, 2018)}
    assert run.expected == pytest.approx(run.start * path[2018] / path[2016])


def test_the_record_is_finite_and_the_same_twice(exports):
    again = compare(catalogue.series("dprk.exports.china.m"), "2016", "2018")
    assert canonical_json(exports.to_record()) == canonical_json(again.to_record())


@pytest.mark.parametrize(
    ("series", "start", "end", "reason"),
    [
        ("dprk.total.a", "2014", "2018", "trade with China and nothing else"),
        ("dprk.exports.china.m", "2018", "2022", "covers 1990 to 2020, not 2022"),
        ("dprk.exports.china.m", "2018", "2016", "forward in time"),
        ("dprk.exports.china.m", "2010", "2012", "choose a later second window"),
        ("dprk.exports.china.m", "2016-03..2016-08", "2018", "not of whole years"),
    ],
)
def test_where_it_cannot_speak_it_says_why(series, start, end, reason):
    with pytest.raises(CannotEstimateError, match=reason):
        compare(catalogue.series(series), start, end)


def test_a_callers_series_is_not_in_the_panel():
    with pytest.raises(CannotEstimateError, match="panel of other economies"):
        compare(TradeSeries.from_values(["2016", "2018"], [1.0, 2.0], gaps="missing"), "2016", "2018")


def test_the_months_since_2024_are_an_index():
    lines = {line.economy: line for line in neighbour_index("exports")}
    assert len(lines) == 9
    for line in lines.values():
        base = [value for period, value in line.values if period.year == 2024]
        assert np.mean(base) == pytest.approx(100)
