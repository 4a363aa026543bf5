"""A caller's parts: a long file that says what adds up, divided by the rules of the catalogue."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import analysis
from analysis.attribution import AttributionResult
from analysis.errors import InputError
from analysis.reading import FileQuestion, read_events, read_parts
from service.cli import main
from tests.worlds import normals

MONTHS = [f"{year}-{month:02d}" for year in range(2010, 2018) for month in range(1, 13)]
BAN, CLOSED = MONTHS.index("2014-05"), MONTHS.index("2015-03")
FALLS = {"big": (100.0, -0.7), "small": (40.0, -0.3)}
SIGNS = {"big": "1", "small": "-1", "zone": "", "fees": "+"}
ROLES = {"fees": "stated"}
TRUTH = 100 * np.expm1(-0.7) - 40 * np.expm1(-0.3)
"""What the ban took from the whole, a month: big less small."""
EVENTS = "name,begin,ended_by\nBan,2014-05,\nZone closed,2015-03,zone\n"
OPTIONS = {"seasonal": False, "trend": "none", "outliers": False, "evidence": "none"}


def world() -> dict[str, list[float]]:
    """Two flows that a ban cut, a zone of 20 a month that was closed, fees that rose before."""
    months = np.arange(len(MONTHS))
    found = {
        name: np.round(level * np.exp(fall * (months >= BAN) + 0.03 * normals(stream, len(MONTHS))), 3)
        for stream, (name, (level, fall)) in enumerate(FALLS.items(), 51)
    }
    found["zone"] = np.where(months < CLOSED, 20.0, 0.0)
    found["fees"] = np.where(months < 24, 5.0, 9.0)
    return {name: list(values) for name, values in found.items()}


PARTS = world()
SUM = [sum(float(f"{SIGNS[n].rstrip('+1')}1") * v[k] for n, v in PARTS.items()) for k in range(len(MONTHS))]
CHANGE = np.mean(SUM[84:96]) - np.mean(SUM[24:36])


def written(path: Path, parent: str = "total", **more: tuple[str, list[float]]) -> Path:
    rows = ["series_id,part_of,sign,role,period,value"]
    for name, values in PARTS.items():
        head = f"{name},{parent},{SIGNS[name]},{ROLES.get(name, '')}"
        rows += [f"{head},{period},{value}" for period, value in zip(MONTHS, values, strict=True)]
    for name, (whole, values) in more.items():
        rows += [f"{name},{whole},,,{p},{v:.3f}" for p, v in zip(MONTHS, values, strict=True)]
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


@pytest.fixture
def events(tmp_path: Path) -> Path:
    path = tmp_path / "events.csv"
    path.write_text(EVENTS, encoding="utf-8")
    return path


def divided(path: Path, events: Path) -> AttributionResult:
    whole, parts = read_parts(path)
    return analysis.attribute(whole, read_events(events), start="2012", end="2017", parts=parts, **OPTIONS)


def test_the_whole_is_divided_by_its_parts_and_adds_up(tmp_path: Path, events: Path) -> None:
    answer = divided(written(tmp_path / "parts.csv"), events)
    np.testing.assert_allclose(answer.series.values, SUM)
    rows = {"".join(c.row.event_ids): c for c in answer.contributions}
    ban, zone = rows["ban"], rows["zone_closed"]
    assert ban.lower < TRUTH < ban.upper
    assert ban.upper - ban.lower < 0.2 * abs(TRUTH)
    assert (zone.estimate, zone.grade) == (pytest.approx(-20.0), "exact")
    total = sum(c.estimate for c in answer.contributions) + answer.residual[0]
    assert total == pytest.approx(CHANGE, rel=1e-9)
    felt = [part.fit.events.ids for part in answer.parts if part.fit is not None]
    assert felt == [("ban",), ("ban",)], "what ended the zone is in no other model"


def test_the_command_line_says_the_parts_and_the_exact_end(tmp_path: Path, events: Path) -> None:
    path = written(tmp_path / "parts.csv")
    flags = ["--no-seasonal", "--trend", "none", "--evidence", "none", "--json"]
    asked = ["attribute", "--csv", path, "--events", events, "--from", "2012", "--to", "2017", *flags]
    ran = CliRunner().invoke(main, [str(word) for word in asked])
    assert ran.exit_code == 0, ran.stderr
    assert "in 4 parts ('big', less 'small', 'zone', 'fees')" in ran.stderr
    record = json.loads(ran.stdout)
    roles = ["modelled", "modelled", "ended_by", "stated"]
    assert [part["role"] for part in record["parts"]] == roles
    assert "240 came with Zone closed (exact)" in record["sentence"]


def test_what_the_parts_leave_of_a_whole_with_rows_of_its_own_is_an_open_part(
    tmp_path: Path, events: Path
) -> None:
    own = [value + (7.0 if k < 60 else 4.0) for k, value in enumerate(SUM)]
    answer = divided(written(tmp_path / "parts.csv", total=("", own)), events)
    assert (answer.parts[-1].role, answer.parts[-1].change) == ("open", pytest.approx(-3.0))
    exact, _ = read_parts(written(tmp_path / "exact.csv", total=("", SUM)))
    assert len(exact.design.parts) == 4, "nothing is left where they add up"


def test_parts_may_have_parts(tmp_path: Path, events: Path) -> None:
    others = [50.0] * len(MONTHS)
    path = written(tmp_path / "nested.csv", "china", others=("world", others), china=("world", SUM))
    answer = divided(path, events)
    assert [part.series for part in answer.series.design.parts] == ["others", "china"]
    assert [part.id for part in answer.parts] == ["others", "big", "small", "zone", "fees"]
    assert answer.absolute == pytest.approx(CHANGE, abs=1e-3)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("small,total,-1,", "small,total,2,", "row 98 of .*the sign is '2'; write 1 or -1"),
        ("fees,total,+,stated", "fees,total,+,ended", "row 290 of .*the role is 'ended'"),
        ("zone,total,,,2011-03", "zone,other,,,2011-03", "row 208 of .*of 'zone' differ from row 194"),
    ],
)
def test_what_is_wrong_is_named_with_its_row(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = written(tmp_path / "parts.csv")
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=words):
        read_parts(path)


def test_circles_several_wholes_and_ends_of_no_part_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "circle.csv"
    path.write_text("series_id,part_of,period,value\na,b,2016,1\nb,a,2016,1\n", encoding="utf-8")
    with pytest.raises(InputError, match="no whole"):
        read_parts(path)
    path.write_text("series_id,part_of,period,value\na,x,2016,1\nb,y,2016,1\n", encoding="utf-8")
    with pytest.raises(FileQuestion, match="2 series that are no part"):
        read_parts(path)
    rows = tmp_path / "events.csv"
    rows.write_text(EVENTS.replace(",zone", ",zoo"), encoding="utf-8")
    with pytest.raises(InputError, match=r"ends 'zoo', which is no part of 'total'.*big, small, zone, fees"):
        divided(written(tmp_path / "parts.csv"), rows)


@pytest.mark.parametrize("empty", ["whole", "a"])
def test_a_series_without_a_value_is_named(tmp_path: Path, empty: str) -> None:
    rows = ["series_id,part_of,period,value"]
    for year in range(2000, 2015):
        for name, parent in (("whole", ""), ("a", "whole"), ("b", "whole")):
            value = "" if name == empty else f"{year % 7 + 10 if parent else 2 * (year % 7) + 20}"
            rows.append(f"{name},{parent},{year},{value}")
    path = tmp_path / "parts.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    with pytest.raises(InputError, match=f"'{empty}' has no value in any period"):
        read_parts(path)
