"""Every layout, in every way in: the right values, or the question that decides; never other values."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from analysis.batch.chunk import read_panel
from analysis.batch.reading import LongInput
from analysis.cli.target import CHOICE_KEYS, load_target
from analysis.domain import TradeSeries
from analysis.errors import InputError
from analysis.reading import Choices, FileQuestion, read_events, read_series
from service.app import create_app
from service.cli import main
from service.settings import Settings
from service.views.own import OwnForm, read_own
from tests.unit.reading.layouts import BEGIN, END, LAYOUTS, PAGE, Layout, table

Found = tuple[dict[str, float | None], dict[str, float]]
CLOSE = 1e-9
"""Files hold at most 12 significant digits."""
OPTIONS = {"title": None, "unit": None, "rate": False, "vintage": None, "gaps": "refuse"}
NOTHING = {"target": None, "events_file": None, "regimes": (), "controls_file": None}


def of_series(series: TradeSeries) -> Found:
    """Return the values and the sums of a series."""
    return (
        {str(o.period): o.value for o in series.observations},
        {str(t.window): t.value for t in series.totals},
    )


def by_python(path: Path, one: Layout) -> Found:
    return of_series(read_series(path, **one.choices))


def by_command_line(path: Path, one: Layout) -> Found:
    choices = {**dict.fromkeys(CHOICE_KEYS), **one.choices}
    return of_series(load_target(csv=str(path), **NOTHING, **OPTIONS, **choices).series)  # type: ignore[arg-type]


def by_page(path: Path, one: Layout) -> Found:
    chosen = {name: {True: "yes"}.get(value, value) for name, value in one.choices.items()}
    form = OwnForm.of({name: str(value) for name, value in chosen.items()})
    form.upload("csv", path.read_bytes())
    return of_series(read_own(form))


def by_batch(path: Path, one: Layout) -> Found:
    source = LongInput(path, choices=Choices.of(**one.choices))
    found = source.overview()
    (raw,) = source.series(found.contiguous)
    if raw.problem:
        raise InputError(raw.problem)
    return of_series(
        TradeSeries.from_values(raw.periods, [None if v in ("", None) else float(v) for v in raw.values])
    )


WAYS: dict[str, Callable[[Path, Layout], Found]] = {
    "command line": by_command_line,
    "page": by_page,
    "batch": by_batch,
    "Python": by_python,
}


def check(found: Callable[[], Found], one: Layout) -> None:
    """Check that a way gives the values of the layout, its question or its refusal."""
    if one.question:
        with pytest.raises(FileQuestion) as asked:
            found()
        assert asked.value.alternatives[0].option == one.question
        assert len(asked.value.alternatives) >= 2 or "no header" in asked.value.message
        assert all(each.flag in asked.value.message for each in asked.value.alternatives)
        return
    if one.refused:
        with pytest.raises(InputError, match=one.refused):
            found()
        return
    values, sums = found()
    assert list(values) == sorted(one.periods)
    expected = dict(zip(one.periods, one.values, strict=True))
    for period, value in values.items():
        assert (value is None) == (expected[period] is None), period
        assert value is None or value == pytest.approx(expected[period], rel=CLOSE), period
    assert sums == pytest.approx(one.sums, rel=CLOSE)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("one", LAYOUTS, ids=lambda one: one.file)
def test_a_layout_is_read_right_or_asked_about(way: str, one: Layout, tmp_path: Path) -> None:
    path = tmp_path / one.file
    path.write_bytes(one.raw)
    if way == "batch" and one.question == "series":
        series, unread = read_panel(path)
        assert [len(each) for each in series] == [48, 48]
        assert not unread
        return
    check(lambda: WAYS[way](path, one), one)


def test_every_layout_over_http(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/records.sqlite"
    client = create_app(Settings(database_url=store, writes_per_minute=10_000, warm_up=0)).test_client()
    for one in LAYOUTS:
        query = {name: str(value).lower() if value is True else value for name, value in one.choices.items()}
        response = client.post("/v1/readings", query_string={**query, "name": one.file}, data=one.raw)
        body = response.get_json()
        if one.question:
            assert response.status_code == 422, one.name
            assert body["pointer"] == f"/{one.question}", one.name
            assert body["alternatives"][0]["option"] == one.question
            continue
        if one.refused:
            assert response.status_code == 422
            assert one.refused in body["detail"]
            continue
        assert response.status_code == 200, (one.name, body)
        rows = {row["period"]: row["value"] for row in body["observations"]}
        check(
            lambda rows=rows: (  # type: ignore[misc]
                {p: v for p, v in rows.items() if ".." not in p},
                {p: v for p, v in rows.items() if ".." in p},
            ),
            one,
        )
        assert one.file in body["read"]


def test_a_sheet_chosen_on_the_page_is_read_and_its_text_is_read_again() -> None:
    def book(**sheets: float) -> bytes:
        out = io.BytesIO()
        with pd.ExcelWriter(out) as writer:
            for name, factor in sheets.items():
                frame = pd.DataFrame({"year": range(1990, 2020), "value": [factor * k for k in range(1, 31)]})
                frame.to_excel(writer, sheet_name=name, index=False)
        return out.getvalue()

    form = OwnForm.of({"sheet": "Imports", "decimal": "comma"})
    form.upload("events", book(Events=1))
    assert form.values["decimal"] == "comma", "a workbook of events decides nothing about the series"
    form.upload("csv", book(Exports=1.5, Imports=2.5))
    values, _ = of_series(read_own(form))
    assert (values["1990"], values["2019"]) == (2.5, 75.0)
    form.values["encoding"] = "cp949"
    form.values["csv"] = "기간,수출\n" + "\n".join(f"{1990 + k},{k}.5" for k in range(30))
    assert of_series(read_own(form))[0]["1991"] == 1.5


def test_series_and_events_may_be_sheets_of_one_workbook(tmp_path: Path) -> None:
    path = tmp_path / "all.xlsx"
    with pd.ExcelWriter(path) as writer:
        series = pd.DataFrame({"year": range(1990, 2020), "value": range(30)})
        events = pd.DataFrame({"name": ["Ban"], "begin": [date(2018, 6, 1)]})
        series.to_excel(writer, sheet_name="Series", index=False)
        events.to_excel(writer, sheet_name="Events", index=False)
    assert read_series(path, sheet="Series").n_observed == 30
    (ban,) = read_events(path)
    assert (ban.title, str(ban.effective)) == ("Ban", "2018-06-01")
    with pd.ExcelWriter(path) as writer:
        series.to_excel(writer, sheet_name="A", index=False)
        series.to_excel(writer, sheet_name="B", index=False)
    with pytest.raises(InputError, match="has no sheets with the header"):
        read_events(path)


def test_units_and_what_was_read_are_said(tmp_path: Path) -> None:
    for one in LAYOUTS:
        if one.question or one.refused:
            continue
        path = tmp_path / one.file
        path.write_bytes(one.raw)
        series = read_series(path, **one.choices)
        assert not one.unit or series.unit == one.unit, one.name
        sentence = series.caveats[0]
        assert str(path) in sentence, "the path stands as it was given"
        assert f"{series.n_observed} values" in sentence
        assert sentence.endswith(".")


def test_the_page_shows_the_table_of_this_file() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page[page.index(BEGIN) + len(BEGIN) : page.index(END)].strip() == table()


def run(*arguments: object) -> Any:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_the_command_line_asks_with_exit_code_3_and_says_what_it_read(tmp_path: Path) -> None:
    path = tmp_path / "point.csv"
    path.write_bytes(next(one for one in LAYOUTS if one.question == "decimal").raw)
    asked = run("breaks", "--csv", path)
    assert (asked.exit_code, asked.stdout) == (3, "")
    assert "--decimal point" in asked.stderr
    assert "--decimal comma" in asked.stderr
    assert len(asked.stderr.splitlines()) == 1
    answered = run("breaks", "--csv", path, "--decimal", "comma", "--json")
    assert answered.exit_code in (0, 5)
    if answered.exit_code == 0:
        assert "20 values, 0 missing" in answered.stderr


def test_what_import_writes_every_way_reads_again(tmp_path: Path) -> None:
    for one in LAYOUTS:
        if one.question or one.refused or one.file in ("long2.csv",):
            continue
        path, out = tmp_path / one.file, tmp_path / "long.csv"
        path.write_bytes(one.raw)
        flags = [
            part
            for name, value in one.choices.items()
            for part in ([f"--{name.replace('_', '-')}"] + ([] if value is True else [value]))
        ]
        ran = run("import", "file", path, "--output", out, "--json", *flags)
        assert ran.exit_code == 0, (one.name, ran.stderr)
        assert json.loads(ran.stdout)["read"]
        again = Layout(one.name, "long.csv", out.read_bytes(), one.periods, one.values, sums=one.sums)
        for way in WAYS.values():
            check(partial(way, out, again), again)
        series, unread = read_panel(out)
        assert (len(series), unread) == (1, [])
        with out.open(encoding="utf-8") as file:
            assert next(csv.reader(file))[:3] == ["series_id", "period", "value"]
