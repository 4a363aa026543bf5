"""The search for breaks on series whose breaks are known."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from analysis.breaks import find_breaks
from analysis.domain import Event, EventTable, Period, TradeSeries, canonical_json, parse_day
from analysis.errors import CannotEstimateError, InputError, UsageError
from tests.unit.breaks.conftest import Maker

KEYS = {
    "series",
    "n_breaks",
    "breaks",
    "matching",
    "tests",
    "selection",
    "posterior",
    "detectors",
    "wandering_level",
    "null_hypothesis",
    "dips",
    "guard_pvalue",
    "at_edge",
    "limit_reached",
    "estimand",
    "assumptions",
    "record_id",
    "stored",
    "url",
}


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _numbers(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _numbers(item)
    elif isinstance(value, float):
        yield value


def test_a_large_step_is_found_dated_and_sized(make: Maker) -> None:
    found = find_breaks(make(steps={48: 4.0}), scale="level")
    assert found.n_breaks == 1
    only = found.breaks[0]
    assert (only.last_before, only.first_after, only.index) == ("2015-12", "2016-01", 47)
    assert only.magnitude == pytest.approx(4.0, abs=3 * only.se)
    assert found.steps[0].pvalue < 0.01
    assert not found.steps[1].rejects
    assert found.wandering_level["verdict"] == "steps"


def test_no_step_no_break(make: Maker) -> None:
    found = find_breaks(make(rho=0.6), scale="level")
    assert found.n_breaks == 0
    assert found.matching is None
    assert found.wandering_level["verdict"] == "no_breaks"
    assert "no lasting break" in found.heading()


def test_record_has_the_contract_keys_and_no_number_that_is_not_one(make: Maker) -> None:
    events = EventTable.from_rows([{"id": "e", "title": "E", "effective": "2016-01-10"}])
    record = find_breaks(make(steps={48: 4.0}), scale="level", events=events).to_record()
    assert record.keys() >= KEYS
    assert all(math.isfinite(number) for number in _numbers(record))
    json.dumps(record, allow_nan=False)
    first = record["breaks"][0]
    assert first.keys() >= {"period", "index", "last_before", "first_after", "magnitude", "ci", "events"}
    assert first["period"] == first["last_before"]
    assert first["ci"].keys() >= {"level", "lower", "upper", "method", "set", "intervals"}
    assert first["ci"]["intervals"].keys() == {
        "lr_simulated",
        "eo_morley",
        "bai1997_strucchange",
        "bai1997_mbreaks",
    }
    assert [row["m"] for row in record["tests"]["supF"]] == [1, 2, 3, 4, 5]
    assert record["tests"]["supF"][0]["critical"] == {"0.10": 7.04, "0.05": 8.58, "0.01": 12.29}
    assert record["tests"]["UDmax"].keys() >= {"stat", "critical", "pvalue"}
    assert record["selection"].keys() >= {"bic", "lwz", "kt", "sequential"}
    assert {d["name"] for d in record["detectors"]} == {"Dynp", "Pelt", "Binseg", "KernelCPD"}
    assert sum(row["probability"] for row in record["posterior_number"]) == pytest.approx(1.0)


def test_same_bytes_twice(make: Maker) -> None:
    series = make(steps={40: 2.0}, missing=(3, 50))
    first = canonical_json(find_breaks(series, scale="level").to_record())
    second = canonical_json(find_breaks(series, scale="level").to_record())
    assert first == second


def test_missing_months_stay_in_the_calendar(make: Maker) -> None:
    """The break falls into a gap: last observed before and first observed after it are named."""
    found = find_breaks(make(steps={48: 5.0}, missing=(10, 11, 47, 48, 49, 70)), scale="level")
    only = found.breaks[0]
    assert (only.last_before, only.first_after) == ("2015-11", "2016-03")
    assert only.index == 46
    assert found.sample.missing == 6
    assert found.to_record()["sample"]["n"] == 90


def test_two_steps(make: Maker) -> None:
    found = find_breaks(make(144, steps={50: 4.0, 100: -5.0}), scale="level")
    assert [b.index for b in found.breaks] == [49, 99]
    assert found.breaks[0].magnitude > 0 > found.breaks[1].magnitude


@pytest.mark.parametrize("errors", ["hac", "iid"])
def test_classical_rules_find_a_large_step(make: Maker, errors: Any) -> None:
    found = find_breaks(make(steps={48: 5.0}, rho=0.0), scale="level", errors=errors)
    assert [b.index for b in found.breaks] == [47]
    assert found.breaks[0].ci["method"] == "bai1997_strucchange"
    assert found.selection["sequential"] == 1
    assert found.steps == ()


def test_classical_rule_refuses_a_trimming_that_no_table_has(make: Maker) -> None:
    with pytest.raises(UsageError, match=r"trimming 0\.12.*0\.05, 0\.1, 0\.15"):
        find_breaks(make(), scale="level", errors="hac", trimming=0.12)
    record = find_breaks(make(), scale="level", trimming=0.12).to_record()
    assert record["tests"]["supF"][0]["critical"]["0.05"] is None
    assert any("trimming 0.12" in reason for reason in record["tests"]["reasons"])


def test_trend_break_is_found_by_perron_and_yabu(make: Maker) -> None:
    series = make(120, rho=0.3, slope=0.05)
    values = series.values.copy()
    values[60:] += 3 - 0.12 * np.arange(60)
    bent = TradeSeries.from_values(series.periods, values.tolist(), id="bent")
    found = find_breaks(bent, model="trend", scale="level")
    assert found.n_breaks == 1
    assert found.steps[0].method == "Perron-Yabu Exp-W"
    assert found.steps[1].method == "Kejriwal-Perron"
    assert found.breaks[0].slope_change == pytest.approx(-0.12 * 12, abs=0.6)
    assert found.to_record()["tests"]["supF"][0]["critical"]["0.05"] is None
    straight = find_breaks(make(120, rho=0.3, slope=0.05), model="trend", scale="level")
    assert straight.n_breaks == 0


def test_trend_with_gaps_uses_the_bootstrap(make: Maker) -> None:
    found = find_breaks(make(72, rho=0.3, slope=0.02, missing=(7, 30)), model="trend", scale="level")
    assert found.n_breaks == 0
    assert found.steps[0].method == "bootstrap"
    assert found.steps[0].pvalue >= 1 / 200


def test_trend_refuses_the_tables_for_means(make: Maker) -> None:
    with pytest.raises(UsageError, match="non-trending"):
        find_breaks(make(), model="trend", errors="hac")


def test_annual_and_quarterly_series(make: Maker) -> None:
    annual = find_breaks(make(35, first="1990", steps={26: -4.0}, rho=0.3), scale="level")
    assert [b.first_after for b in annual.breaks] == ["2016"]
    assert annual.sample.seasons == 1
    quarterly = find_breaks(make(60, first="2005-Q1", steps={30: 4.0}, rho=0.3), scale="level")
    assert [b.first_after for b in quarterly.breaks] == ["2012-Q3"]
    assert (annual.sample.min_length, quarterly.sample.min_length) == (3, 6)


def test_scale_follows_the_rule_and_is_announced(make: Maker) -> None:
    series = make(steps={48: 4.0})
    assert find_breaks(series).sample.scale == "log"
    assert find_breaks(series).to_record()["breaks"][0]["percent"] == pytest.approx(
        100 * np.expm1(find_breaks(series).breaks[0].magnitude)
    )
    below = TradeSeries.from_values(series.periods, (series.values - 11).tolist(), id="below")
    level = find_breaks(below)
    assert level.sample.scale == "level"
    assert "scale chosen by the rule" in level.to_record()["model"]["words"]
    first = next(p for p, v in zip(below.periods, below.values, strict=True) if v <= 0)
    with pytest.raises(InputError, match=str(first)):
        find_breaks(below, scale="log")


@pytest.mark.parametrize(
    "values",
    [
        [5.0] * 60,
        [float(k % 12) + 1 for k in range(60)],
        [1e9] * 60,
    ],
)
def test_a_constant_series_is_refused_in_words(values: list[float]) -> None:
    start = Period.parse("2015-01")
    series = TradeSeries.from_values([start + t for t in range(len(values))], values, id="flat")
    with pytest.raises(CannotEstimateError, match="'flat' is constant"):
        find_breaks(series)


def test_steps_without_any_noise_are_answered() -> None:
    """Segments that fit without error have no F statistic; the answer says so and stays finite."""
    start = Period.parse("1990")
    series = TradeSeries.from_values([start + t for t in range(30)], [1.0] * 12 + [4.0] * 18, id="noiseless")
    found = find_breaks(series, scale="level")
    assert [b.first_after for b in found.breaks] == ["2002"]
    record = found.to_record()
    json.dumps(record, allow_nan=False)
    assert record["tests"]["supF"][0]["stat"] is None
    assert any("without" in reason and "error" in reason for reason in record["tests"]["reasons"])


def test_too_little_data_is_refused_in_words(make: Maker) -> None:
    with pytest.raises(CannotEstimateError, match=r"19 observed periods .* at least 20 are needed"):
        find_breaks(make(19))
    with pytest.raises(CannotEstimateError, match="month 6 less than twice"):
        find_breaks(make(36, missing=(5, 17)))
    with pytest.raises(CannotEstimateError, match="at least 9 are needed"):
        find_breaks(make(8, first="2000"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": "median"}, "model"),
        ({"scale": "sqrt"}, "scale"),
        ({"errors": "nw"}, "errors"),
        ({"max_breaks": 0}, "max_breaks"),
        ({"max_breaks": True}, "max_breaks"),
        ({"min_segment": 1}, "min_segment"),
        ({"min_segment": 8.5}, "min_segment"),
        ({"guard": 1}, "guard"),
        ({"trimming": 0.5}, "trimming"),
        ({"trimming": -0.1}, "trimming"),
        ({"level": 1.0}, "level"),
        ({"level": True}, "level"),
    ],
)
def test_options_without_meaning_are_refused(make: Maker, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        find_breaks(make(), **options)


def test_breaks_that_do_not_fit_are_said(make: Maker) -> None:
    found = find_breaks(make(rho=0.6), scale="level", trimming=0.25, max_breaks=5)
    assert found.sample.max_breaks == 3
    assert any("At most 3 breaks" in caveat for caveat in found.caveats)


def _events(*rows: tuple[str, str, str]) -> EventTable:
    return EventTable(
        tuple(Event(id=i, title=i, effective=parse_day(day), kind=kind) for i, day, kind in rows)
    )


def test_breaks_are_matched_to_events_on_both_clocks(make: Maker) -> None:
    series = make(steps={48: 5.0})
    events = EventTable(
        (
            Event(
                "late",
                "adopted before, in force at the break",
                parse_day("2016-01-01"),
                adopted=parse_day("2015-11-20"),
                full=Period.parse("2016-01"),
            ),
            Event("far", "elsewhere", parse_day("2013-06-01")),
            Event("outside", "before the sample", parse_day("1999-01-01")),
        )
    )
    found = find_breaks(series, scale="level", events=events)
    assert [e["event_id"] for e in found.breaks[0].events] == ["late"]
    assert found.breaks[0].events[0]["lag"] == 0
    assert found.events_without_break == ("far",)
    assert found.matching is not None
    assert found.matching.matched == 1
    assert 0 < found.matching.expected_by_chance < 0.5
    assert found.matching.pvalue == pytest.approx(found.matching.expected_by_chance)


def test_a_break_met_only_by_a_data_break_is_a_change_of_record(make: Maker) -> None:
    series = make(steps={48: 5.0})
    alone = find_breaks(series, scale="level", events=_events(("d", "2016-01-01", "data_break")))
    assert alone.breaks[0].title == "change of record"
    both = find_breaks(
        series,
        scale="level",
        events=_events(("d", "2016-01-01", "data_break"), ("p", "2016-01-01", "un_resolution")),
    )
    assert both.breaks[0].title == "break in the mean"
    other = EventTable(
        (Event("d", "d", parse_day("2016-01-01"), kind="data_break", applies_to=("another.series",)),)
    )
    assert find_breaks(series, scale="level", events=other).breaks[0].events == ()


def test_results_print_and_tabulate(make: Maker) -> None:
    found = find_breaks(make(steps={48: 4.0}), scale="level")
    text = found.summary()
    assert "2015-12" in text
    assert "Null hypothesis" in text
    assert found.to_frame().shape == (1, 9)
    assert "<table>" in found._repr_html_()


def test_importing_the_package_loads_nothing_heavy() -> None:
    program = (
        "import sys, analysis, analysis.breaks; "
        "print([m for m in ('pandas', 'scipy.stats', 'statsmodels', 'ruptures') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_hac_on_segments_too_short_for_it_is_refused_in_words(make: Maker) -> None:
    with pytest.raises(CannotEstimateError, match="fewer than 7 observations has no long-run variance"):
        find_breaks(make(35, first="1990", steps={20: 3.0}), scale="level", errors="hac")
    found = find_breaks(make(35, first="1990", steps={20: 3.0}), scale="level")
    assert found.tests["covariance"] == "iid"
    assert any("too short for HAC" in caveat for caveat in found.caveats)
