"""The report's section with the breaks of every series."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analysis import catalogue
from analysis.attribution.study import Study
from analysis.breaks import find_breaks
from analysis.report.blocks import Block, Table
from analysis.report.every_break import every_break

SHOWN = (
    "interkorean.total.a",
    "dprk.balance.china.m",
    "dprk.exports.china.coal.a",
    "dprk.exports.china.iron_ore.m",
)
"""One break; several; none; too few observations."""


@pytest.fixture(scope="module")
def section() -> tuple[dict[str, Table], dict[str, Any]]:
    records: dict[str, Any] = {}
    blocks: list[Block] = list(every_break(Study(), records, SHOWN))
    return {block.id: block for block in blocks if isinstance(block, Table)}, records["every_break"]


Section = tuple[dict[str, Table], dict[str, Any]]


def test_every_series_stands_in_the_tables_with_breaks_or_a_reason(section: Section) -> None:
    tables, record = section
    assert set(record) == set(SHOWN)
    assert {row[0] for row in tables["breaks.every"].rows} == set(SHOWN[:3])
    assert [row[0] for row in tables["breaks.refused"].rows] == [SHOWN[3]]
    assert "13 observed periods" in str(tables["breaks.refused"].rows[0][1])
    assert record[SHOWN[3]]["refused"] == tables["breaks.refused"].rows[0][1]
    json.dumps(record, allow_nan=False)


def test_breaks_stand_with_set_change_and_events(section: Section) -> None:
    rows = [
        dict(zip(section[0]["breaks.every"].columns, r, strict=True)) for r in section[0]["breaks.every"].rows
    ]
    only = next(row for row in rows if row["series"] == "interkorean.total.a")
    found = find_breaks(catalogue.series("interkorean.total.a")).breaks[0]
    assert (only["last before"], only["first after"]) == (found.last_before, found.first_after)
    assert only["events (lag)"] == "kic_closure_2016 (+0)"
    assert only["change"] == f"−{abs(found.magnitude):,.0f} USD million"
    assert next(row for row in rows if row["series"] == SHOWN[2])["last before"] == "none"


def test_every_break_has_a_title(section: Section) -> None:
    titles = {row[2]: row[6] for row in section[0]["breaks.every"].rows if row[0] == "dprk.balance.china.m"}
    assert titles["2020-02"] == "break in the mean"
    assert set(titles.values()) <= {"change of record", "break in the mean"}


def test_the_match_rate_stands_beside_chance(section: Section) -> None:
    tables, record = section
    rows = {row[0]: row for row in tables["breaks.chance"].rows}
    matching = record["dprk.balance.china.m"]["matching"]
    n_breaks = record["dprk.balance.china.m"]["n_breaks"]
    assert rows["dprk.balance.china.m"][1:3] == (n_breaks, matching["matched"])
    assert str(matching["lower"]) in str(rows["dprk.balance.china.m"][3])
    assert rows["dprk.balance.china.m"][4] == matching["pvalue"]
    assert rows["dprk.exports.china.coal.a"][1:5] == (0, None, None, None)
    assert "kr_may24" in str(rows["interkorean.total.a"][5])


def test_what_other_segments_find_stands_in_words(section: Section) -> None:
    words = dict(section[0]["breaks.trimming"].rows)
    assert "at least 3 observed periods apart" in str(words["interkorean.total.a"])
    assert "shortest segment" in str(words["interkorean.total.a"])
