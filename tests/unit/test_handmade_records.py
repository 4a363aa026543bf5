"""Records written by hand in tests have the keys and types of records made by running the code.

A chart or a headline tested on a record of its own shape says nothing of the records that are there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analysis.attribution import attribute
from analysis.breaks import find_breaks
from analysis.domain import EventTable, TradeSeries
from tests.unit.test_charts import BREAKS, COUNTERFACTUAL, CURVE, PLACEBO
from tests.unit.test_reporting import RECORD
from tests.worlds import ar1

YEARS = 34
EVENTS = EventTable.from_rows(
    [
        {"id": "first", "title": "First", "effective": "1999-01-01"},
        {"id": "second", "title": "Second", "effective": "2009-01-01"},
    ]
)


@pytest.fixture(scope="module")
def series() -> TradeSeries:
    steps = -0.8 * (np.arange(YEARS) >= 9) + 0.6 * (np.arange(YEARS) >= 19)
    values = np.exp(5 + steps + ar1(3, YEARS, 0.2, 0.1))
    return TradeSeries.from_values([str(1990 + k) for k in range(YEARS)], values.tolist(), unit="t")


@pytest.fixture(scope="module")
def answer(series: TradeSeries) -> dict[str, Any]:
    return attribute(series, EVENTS, start="1995..1998", end="2012..2015", evidence="full").to_record()


def unlike(made: Any, real: Any, place: str = "") -> list[str]:
    """Return where a record has a key that the real one has not, or a value of another type."""
    if isinstance(made, dict) and isinstance(real, dict):
        missing = [f"{place}/{key}: no such key" for key in made if key not in real]
        return missing + [
            wrong for key in made if key in real for wrong in unlike(made[key], real[key], f"{place}/{key}")
        ]
    if isinstance(made, (list, tuple)) and isinstance(real, (list, tuple)):
        if not made or not real:
            return []
        return unlike(made[0], real[0], f"{place}/0")
    if made is None or real is None:
        return []
    kinds = [
        float if isinstance(v, (int, float)) and not isinstance(v, bool) else type(v) for v in (made, real)
    ]
    return [] if kinds[0] is kinds[1] else [f"{place}: {kinds[0].__name__}, not {kinds[1].__name__}"]


def test_the_headline_is_tested_on_an_attribution(answer: dict[str, Any]) -> None:
    assert unlike(RECORD, answer) == []


def test_charts_are_tested_on_breaks_and_paths(series: TradeSeries, answer: dict[str, Any]) -> None:
    from analysis.interventions import fit_interventions

    assert unlike(BREAKS, find_breaks(series, events=EVENTS).to_record()) == []
    assert unlike(COUNTERFACTUAL, fit_interventions(series, EVENTS).to_record()) == []


def test_charts_are_tested_on_placebos_and_curves(answer: dict[str, Any]) -> None:
    evidence = answer["evidence"]
    asked = [evidence[name] or {} for name in ("placebo_dates", "parametric_placebo")]
    placebo = next(found for found in asked if "rows" in found)
    assert unlike(PLACEBO, placebo) == []
    assert unlike(CURVE, evidence["specification_curve"]) == []


def test_a_renamed_key_and_another_type_are_seen() -> None:
    real = {"rows": [{"estimate": 1.0, "grade": "A"}], "kind": "x"}
    assert unlike({"rows": [{"estimat": 1.0}]}, real) == ["/rows/0/estimat: no such key"]
    assert unlike({"rows": [{"grade": 1}], "kind": "y"}, real) == ["/rows/0/grade: float, not str"]
    assert unlike({"rows": [{"estimate": 1}]}, real) == []
