"""How wrong the record would have to be: by hand on made-up years, then on the real ones."""

from __future__ import annotations

import pytest

from analysis.attribution.sensitivity import (
    ERRORS,
    HEADLINES,
    NO_ERROR,
    Headline,
    MirrorError,
    Parts,
    _drifts_from,
    _fails_from,
    mirror_sensitivity,
)
from analysis.domain import canonical_json


def year(
    exports: float, imports: float, crude: float = 0.0, others: float = 0.0, korea: float = 0.0
) -> Parts:
    return Parts(exports, imports, crude, others, others, korea, 0.0)


ROSE = Headline("rose", "It rose", "total", "rises", ((2000, 2001),))


def test_a_margin_comes_off_exports_alone():
    parts = year(115.0, 200.0, korea=10.0)
    assert MirrorError("", margin=0.15).total(parts) == pytest.approx(100 + 200 + 10)
    assert MirrorError("", margin=0.15).balance(parts) == pytest.approx(-100)
    assert NO_ERROR.total(parts) == 325


def test_the_size_from_which_a_headline_fails():
    parts = {2000: year(100, 100, crude=50), 2001: year(100, 110, crude=45)}
    assert ROSE.changes(parts, NO_ERROR) == (5,)
    assert _fails_from(ROSE, parts, "crude", 10.0) == pytest.approx(2.0), "10 more imports, 5 less crude"
    assert _fails_from(ROSE, parts, "margin", 1.0) is None
    shrinking = {2000: year(100, 100), 2001: year(130, 80)}
    assert _fails_from(ROSE, shrinking, "margin", 1.0) == pytest.approx(0.5), "30 / 1.5 = 20"
    others = {2000: year(100, 100, others=0), 2001: year(110, 110, others=20)}
    assert _fails_from(ROSE, others, "mixed_up", 1.0) == pytest.approx(0.5)


def test_a_margin_in_one_year_alone():
    parts = {2000: year(100, 100), 2001: year(120, 90)}
    assert ROSE.drifting(parts, 0.2) == pytest.approx((100 + 90 - 200,))
    assert _drifts_from(ROSE, parts) == pytest.approx(120 / 110 - 1, abs=0.001)
    fell = Headline("fell", "It fell", "total", "falls", ((2001, 2000),))
    assert _drifts_from(fell, parts) == _drifts_from(ROSE, parts)
    wider = Headline("wider", "The deficit widened", "balance", "falls", ((2001, 2000),))
    assert wider.changes(parts, NO_ERROR) == (-30,)
    assert wider.drifting(parts, 0.25) == pytest.approx((0 - (96 - 90),)), "exports count less before"
    found = {row.headline.id: row for row in mirror_sensitivity().rows}
    assert found["others-rose-2016"].drift == pytest.approx(2821 / (2821 - 277) - 1, abs=0.001)
    assert found["deficit-2017"].drift == pytest.approx(2821 / (2821 - 1117) - 1, abs=0.001)


def test_reported_and_adjusted_side_by_side():
    found = mirror_sensitivity()
    rows = {row.headline.id: row for row in found.rows}
    assert set(rows) == {headline.id for headline in HEADLINES}
    assert rows["fell-2014-2018"].reported == pytest.approx((-7079.64,))
    assert rows["others-rose-2016"].reported == pytest.approx((277,))
    assert rows["deficit-2017"].reported == pytest.approx((-1117,))
    crude = {error.name: changes for error, changes in rows["fell-2014-2018"].adjusted}
    assert crude["crude oil times 0"][0] == pytest.approx(-7079.64 + 190), "500 in 2014, 310 in 2018"
    assert rows["others-rose-2016"].crude == pytest.approx(1 + 277 / 50, abs=0.01)
    assert len(rows["rose-2019"].adjusted) == len(ERRORS)


def test_the_flow_that_would_undo_a_headline():
    rows = {row.headline.id: row for row in mirror_sensitivity().rows}
    assert (rows["rose-2019"].unrecorded, rows["rose-2019"].unrecorded_year) == (pytest.approx(375.7), 2018)
    assert (rows["fell-2020"].unrecorded, rows["fell-2020"].unrecorded_year) == (pytest.approx(2381), 2020)
    assert rows["deficit-2017"].recorded == 1772, "set beside the exports of the year"


def test_record_and_words():
    found = mirror_sensitivity()
    record = found.to_record()
    canonical_json(record)
    assert all(item["robust"] for item in record["headlines"])
    assert all("would undo it" in item["words"] for item in record["headlines"])
    assert "370 m USD" in found.summary()
