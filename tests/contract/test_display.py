"""What a notebook shows of a result: the rows of the printed summary as a table, and nothing that runs."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

import analysis
from analysis.domain import Result

HOSTILE = "<script>alert(1)</script> & <b>"


class Text(HTMLParser):
    """Tags and text of a piece of HTML."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


class Printer:
    """What IPython hands to `_repr_pretty_`, as far as it is used."""

    def __init__(self) -> None:
        self.written = ""

    def text(self, words: str) -> None:
        self.written += words


def classes() -> Iterator[type]:
    """Every class of the library that people print."""
    for module in pkgutil.walk_packages(analysis.__path__, "analysis."):
        found = importlib.import_module(module.name)
        for value in vars(found).values():
            if inspect.isclass(value) and value.__module__ == module.name and hasattr(value, "summary"):
                yield value


def test_everything_with_a_summary_has_a_rich_display_and_a_record() -> None:
    found = list(classes())
    assert len(found) > 20
    assert [c.__name__ for c in found if not hasattr(c, "_repr_html_")] == []
    assert [c.__name__ for c in found if not hasattr(c, "to_record")] == []


def hostile_answers() -> dict[str, Any]:
    """Answers on a caller's data whose titles are markup."""
    years = [str(year) for year in range(1990, 2020)]
    values = [100.0 + 3 * k + (7 * k) % 5 - (40 if k >= 15 else 0) for k in range(30)]
    series = analysis.TradeSeries.from_values(years, values, id="own", title=HOSTILE, unit=HOSTILE)
    events = analysis.EventTable.from_rows([{"id": "ban", "title": HOSTILE, "effective": "2005-01-01"}])
    return {
        "series": series,
        "events": events,
        "breaks": analysis.find_breaks(series, events=events),
        "effects": analysis.fit_interventions(series, events),
        "attribution": analysis.attribute(series, events, start="2002..2004", end="2006..2008"),
    }


def test_what_a_caller_named_is_shown_and_does_not_run() -> None:
    shown = {name: answer._repr_html_() for name, answer in hostile_answers().items()}
    for name, source in shown.items():
        page = Text(source)
        assert "script" not in page.tags, name
        assert "b" not in page.tags, name
    for name in ("series", "events", "attribution"):
        assert HOSTILE in Text(shown[name]).text, name


@pytest.mark.parametrize("name", ["breaks", "effects", "attribution"])
def test_the_table_of_a_notebook_is_the_table_of_the_terminal(name: str) -> None:
    answer = hostile_answers()[name]
    assert isinstance(answer, Result)
    page = Text(answer._repr_html_())
    columns, rows = answer.table()
    assert page.tags.count("tr") == 1 + len(rows)
    for column in columns:
        assert column in page.text
    for note in answer.notes():
        assert note in page.text
    printer = Printer()
    answer._repr_pretty_(printer, cycle=False)
    assert printer.written == answer.summary()


def test_a_batch_is_shown_in_words(tmp_path: Any) -> None:
    years = [str(year) for year in range(1990, 2020)]
    rows = [f"{HOSTILE},{year},{100 + k}" for k, year in enumerate(years)] + ["short,2000,1", "short,2001,2"]
    source = tmp_path / "panel.csv"
    source.write_text("series_id,period,value\n" + "\n".join(rows), encoding="utf-8")
    events = analysis.EventTable.from_rows([{"id": "ban", "title": "Ban", "effective": "2005-01-01"}])
    report = analysis.batch(source, events, tmp_path / "effects.csv")
    page = Text(report._repr_html_())
    assert page.text.split() == report.summary().split()
    assert "1 series without an answer" in page.text
