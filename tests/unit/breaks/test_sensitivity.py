"""How the answer moves with the shortest segment, in the record and in words."""

from __future__ import annotations

from typing import Any

from analysis.breaks import find_breaks
from tests.unit.breaks.conftest import Maker


def _row(record: dict[str, Any], length: int) -> dict[str, Any]:
    return next(row for row in record["by_min_segment"] if row["min_segment"] == length)


def test_two_close_breaks_are_seen_only_with_a_short_segment_and_that_is_said(make: Maker) -> None:
    """Two steps nine months apart are closer than twelve."""
    found = find_breaks(make(n=120, steps={60: 6.0, 69: 6.0}), scale="level")
    record = found.to_record()
    both = ["2016-12", "2017-09"]
    assert [row["min_segment"] for row in record["by_min_segment"]] == [6, 8, 12]
    assert _row(record, 6)["breaks"] == _row(record, 8)["breaks"] == both
    assert _row(record, 12)["breaks"] != both
    assert [b.last_before for b in found.breaks] == both
    assert "Two lasting breaks lie at least 8 observed periods apart here" in found.summary()
    assert "move with the shortest segment" in found.summary()
    assert record["sensitivity"] == list(found.sensitivity)


def test_an_answer_that_does_not_move_is_said_once_and_none_is_not_called_robust(make: Maker) -> None:
    found = find_breaks(make(n=120, steps={60: 4.0}), scale="level", max_breaks=1)
    assert found.sensitivity[1] == (
        "By the table alone the lasting breaks are the same with a shortest segment of 6, 8, 12 periods: "
        "2016-12."
    )
    none = find_breaks(make(rho=0.6), scale="level")
    assert "no lasting break is found with a shortest segment of 6, 8, 12 periods" in none.sensitivity[1]


def test_no_segment_may_find_more_breaks_than_were_asked_for(make: Maker) -> None:
    record = find_breaks(make(n=120, steps={40: 5.0, 80: -5.0}), scale="level", max_breaks=1).to_record()
    assert max(row["sized"] for row in record["by_min_segment"]) <= 1
    assert record["limit_reached"]


def test_a_trimming_that_is_given_decides_the_shortest_segment(make: Maker) -> None:
    both = find_breaks(make(n=120, steps={60: 4.0}), scale="level", trimming=0.2, min_segment=6).to_record()
    assert (both["model"]["trimming"], both["model"]["min_segment"]) == (0.2, 24)
    alone = find_breaks(make(n=120, steps={60: 4.0}), scale="level", min_segment=6).to_record()
    assert (alone["model"]["trimming"], alone["model"]["min_segment"]) == (0.15, 6)
