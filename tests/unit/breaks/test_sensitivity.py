"""How the answer moves with the trimming, in the record and in words."""

from __future__ import annotations

import re
from typing import Any

from analysis import catalogue
from analysis.breaks import find_breaks
from tests.unit.breaks.conftest import Maker


def _row(record: dict[str, Any], trimming: float) -> dict[str, Any]:
    return next(row for row in record["by_trimming"] if row["trimming"] == trimming)


def test_two_close_breaks_are_seen_only_with_a_small_trimming_and_that_is_said(make: Maker) -> None:
    """Two steps nine months apart are closer than the 18 months of trimming 0.15."""
    found = find_breaks(make(n=120, steps={60: 6.0, 69: 6.0}), scale="level")
    record = found.to_record()
    both = ["2016-12", "2017-09"]
    assert _row(record, 0.05)["breaks"] == both
    assert _row(record, 0.05)["min_segment"] == 6
    assert _row(record, 0.15)["breaks"] == [b.last_before for b in found.breaks] != both
    assert _row(record, 0.15)["sized"] == found.n_breaks
    summary = found.summary()
    assert "Two breaks lie at least 18 observed periods apart here (trimming 0.15)" in summary
    assert f"{', '.join(both)} at 0.05 (6)" in summary
    assert "move with the trimming" in summary
    assert record["sensitivity"] == list(found.sensitivity)
    assert find_breaks(make(n=120, steps={60: 6.0, 69: 6.0}), scale="level", trimming=0.05).n_breaks == 2


def test_an_answer_that_does_not_move_is_said_once(make: Maker) -> None:
    found = find_breaks(make(n=120, steps={60: 4.0}), scale="level", max_breaks=1)
    assert "are the same at trimming (shortest segment) 0.05 (6), 0.1 (12)" in found.sensitivity[1]
    assert found.sensitivity[1].endswith(": 2016-12.")
    assert len(found.sensitivity) == 2


def test_no_trimming_may_find_more_breaks_than_were_asked_for(make: Maker) -> None:
    record = find_breaks(make(n=120, steps={40: 5.0, 80: -5.0}), scale="level", max_breaks=1).to_record()
    assert {row["sized"] for row in record["by_trimming"]} == {1}


def test_a_trimming_without_an_answer_is_said(make: Maker) -> None:
    """HAC variances need seven observations in every segment that is tested."""
    found = find_breaks(make(35, first="1990", steps={20: 3.0}), scale="level", errors="hac", trimming=0.25)
    assert _row(found.to_record(), 0.15)["breaks"] is None
    assert re.search(r"no answer at .*0\.15 \(5\)", found.sensitivity[1])


def test_without_the_declared_stretch_exports_break_elsewhere_and_that_is_said() -> None:
    """The collapse of 2017 to 2018 hides behind the shortest segment unless the stretch is declared."""
    series = catalogue.series("dprk.exports.china.m")
    found = find_breaks(series)
    record = found.to_record()
    for trimming, seen in ((0.05, True), (0.15, False)):
        without = [b.last_before for b in find_breaks(series, regime=(), trimming=trimming).breaks]
        assert _row(record, trimming)["one_variance"] == without
        assert any(", ".join(without) in sentence for sentence in found.sensitivity[2:])
        assert ("2018-01" in without) is seen
        assert "2018-01" in _row(record, trimming)["breaks"]
