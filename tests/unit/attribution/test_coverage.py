"""Intervals of contributions cover the truth in simulated worlds where it is known.

The full run (benchmarks/attribution_coverage.py) has 1,000 series a world; this one has few, so its bounds
are wider by the sampling error of its counts.
"""

import numpy as np
import pytest

from benchmarks.attribution_coverage import (
    PAGE,
    UNEXPLAINED,
    WORLDS,
    Line,
    answer,
    coverage,
    page,
    true_contributions,
)
from benchmarks.contribution_worlds import LUNAR, PRICE, Noise, world

NAMES = ("steps", "gradual", "price", "overlap", "new_year")
SERIES = 24
"""Series a world."""
LOWEST, HIGHEST = 0.91, 0.985
"""Of about 400 rows, correlated within a series: two standard errors are 0.03."""
LOWEST_ROW = 0.75
"""Of 24 series: nominal coverage falls below it once in a thousand rows."""


@pytest.fixture(scope="module")
def found():
    return {name: coverage(world(name), SERIES) for name in NAMES}


def counted(rows):
    return {label: [v.covered for v in verdicts] for label, verdicts in rows.items() if label != UNEXPLAINED}


@pytest.mark.slow
def test_intervals_of_reported_contributions_cover_the_truth(found):
    everything = [c for rows in found.values() for covered in counted(rows).values() for c in covered]
    assert LOWEST <= np.mean(everything) <= HIGHEST


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_no_row_of_a_world_is_covered_rarely(found, name):
    for label, covered in counted(found[name]).items():
        if len(covered) >= SERIES // 2:
            assert np.mean(covered) >= LOWEST_ROW, f"{label} in the world '{name}'"


@pytest.mark.slow
def test_the_worlds_report_the_rows_they_are_about(found):
    assert "seasonal" in counted(found["gradual"])
    assert "seasonal" not in counted(found["steps"]), "whole years hold the same months"
    assert PRICE in counted(found["price"])
    assert LUNAR in counted(found["new_year"])
    assert all(verdict.grouped for verdict in found["overlap"]["first + second"])
    assert found["overlap"]["first"], "some answers of this world keep the two apart"


def test_two_steps_a_month_apart_are_one_group_where_noise_is_large_and_two_rows_where_it_is_small():
    loud = coverage(world("month_30"), 10)
    assert len(loud["first + second"]) == 10
    assert "first" not in loud
    quiet = coverage(world("month_10"), 20)
    assert len(quiet["first"]) == len(quiet["second"]) == 20
    covered = [v.covered for label in ("first", "second") for v in quiet[label]]
    assert np.mean(covered) >= LOWEST_ROW


def test_true_contributions_and_the_true_residual_add_up():
    own = world("price")
    result, parts = answer(own, 0)
    truth = true_contributions(own, result.fit.series, parts)
    assert set(truth) == {"trend", "seasonal", PRICE, "ban"}
    assert truth["seasonal"] == 0, "both windows hold the same months"
    assert truth["ban"] < 0
    assert truth[PRICE] < 0


def test_noise_is_drawn_with_the_spread_that_is_asked_for():
    drawn = [Noise.drawn(stream, 12, 0.25) for stream in range(300)]
    paths = np.array([noise.path(61, 1000 + k) for k, noise in enumerate(drawn)])
    moved = paths[:, 48:] - paths[:, :-48]
    assert np.sqrt(np.mean(moved**2)) == pytest.approx(0.25, rel=0.1)
    assert {noise.share for noise in drawn} == {0.0, 0.5, 1.0}
    assert 0.05 < np.mean([noise.walk == 0 for noise in drawn]) < 0.15


def test_the_page_is_written_by_the_benchmark_and_marks_what_lies_outside():
    lines = [Line("steps", "ban", False, 1000, 89.0, 0.0, 1.0, 1.0)]
    text = page(lines, [], 1000)
    assert "Outside: steps, ban: 89.0" in text
    assert "| **89.0** |" in text
    written = PAGE.read_text(encoding="utf-8")
    assert written.split("## ")[0] == text.split("## ")[0]
    assert all(f"- **{own.name}**: {own.words}." in written for own in WORLDS)
