"""The pages: complete without script, escaped, and nothing from another host."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask.testing import FlaskClient

from analysis.domain import Event, EventTable, TradeSeries, parse_day
from analysis.reporting.headline import QUESTIONS
from service.views import Overview, Section
from service.views import overview as compose
from tests.api.conftest import application

HOSTILE = '"><script>alert(1)</script>'


class Page(HTMLParser):
    """Tags with their attributes, row headers of tables, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.row_headers: list[str] = []
        self._in_header = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in_header = tag == "th" and dict(attrs).get("scope") == "row"

    def handle_data(self, data: str) -> None:
        if self._in_header:
            self.row_headers.append(data.strip())
            self._in_header = False


@dataclass(frozen=True)
class First:
    """The first page, what it was made of, and the answers to the questions that it asks."""

    text: str
    content: Overview
    answers: tuple[dict[str, Any], ...]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[First]:
    """The first page, which takes five seconds, from an application that no test gets."""
    app = application(tmp_path_factory.mktemp("overview"))
    client = app.test_client()
    response = client.get("/")
    assert response.status_code == 200
    answers = tuple(
        client.get(f"/v1/attributions?series={q.series}&from={q.start}&to={q.end}").get_json()
        for q in QUESTIONS
    )
    yield First(response.text, compose(app.extensions["answers"]), answers)
    app.extensions["batches"].close()


@pytest.fixture
def overview(first: First) -> str:
    return first.text


def test_the_overview_answers_in_sentences_with_an_interval(overview: str) -> None:
    assert re.search(r"a fall of [\d,]+", overview)
    assert re.search(
        r"−[\d,]+ [^.]*\[−[\d,]+, [−+][\d,]+\], is dated to UN 2371 \+ UN 2375 \+ UN 2397", overview
    )
    assert "nominal dollars" in overview
    for word in ("caused by", "due to", "illicit", "violation"):
        assert word not in overview.lower()


def test_a_grouped_event_has_no_row_of_its_own_in_an_attribution(first: First) -> None:
    grouped = [row for record in first.answers for row in record["contributions"] if row["group"]]
    assert grouped
    assert all(len(row["event_ids"]) > 1 for row in grouped)
    assert "UN 2371 + UN 2375 + UN 2397" in Page(first.text).row_headers


def test_everything_comes_from_this_host_and_nothing_is_inline(overview: str) -> None:
    page = Page(overview)
    for tag, attributes in page.tags:
        assert "style" not in attributes, tag
        assert not [name for name in attributes if name.startswith("on")], tag
        for name in ("src", "href", "srcset", "action"):
            address = attributes.get(name)
            assert address is None or address.startswith(("/", "#")), (tag, address)
    assert "style" not in [tag for tag, _ in page.tags]


def test_structure_for_screen_readers(overview: str) -> None:
    page = Page(overview)
    names = [tag for tag, _ in page.tags]
    assert names.count("h1") == 1
    assert names.count("main") == 1
    assert ("html", {"lang": "en"}) in page.tags
    assert names.count("img") == len(QUESTIONS)
    for tag, attributes in page.tags:
        if tag == "img":
            assert attributes["alt"]
        if tag == "th":
            assert attributes["scope"] in ("row", "col")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_charts_are_drawings_without_an_address_or_inline_style(client: FlaskClient, theme: str) -> None:
    response = client.get(f"/charts/series.svg?series=dprk.total.a&theme={theme}")
    assert response.status_code == 200, response.text
    assert response.mimetype == "image/svg+xml"
    root = ET.fromstring(response.data)
    for element in root.iter():
        assert element.tag.split("}")[1] not in ("script", "image", "style", "foreignObject")
        assert "style" not in element.attrib
        assert not element.get("href", "").startswith("http")
    text = " ".join(root.itertext())
    assert "UN 2371" in text
    assert re.search(r"\b20[12]\d\b", text), "the time axis names years"


def test_what_the_data_say_is_escaped(first: First, client: FlaskClient, monkeypatch) -> None:
    section = first.content.sections[0]
    hostile = TradeSeries.from_values(
        ["2016", "2017"],
        [1.0, 2.0],
        id=HOSTILE,
        title=HOSTILE,
        unit=HOSTILE,
        estimand=HOSTILE,
        caveats=(HOSTILE,),
    )
    changed = Section(
        hostile,
        section.query,
        section.headline,
        section.attribution,
        section.breaks,
        dict.fromkeys(section.names, HOSTILE),
    )
    monkeypatch.setattr("service.routes.pages.overview", lambda _: Overview((changed,), (HOSTILE,), "0" * 64))
    text = client.get("/").text
    assert "alert(1)" in text
    assert "<script>" not in text


def test_a_chart_escapes_what_events_are_called() -> None:
    from analysis.reporting.charts import series_chart, to_svg

    series = TradeSeries.from_values(
        [str(year) for year in range(2000, 2020)], list(range(20)), title=HOSTILE, unit="<b>"
    )
    events = EventTable((Event("e", "<script>alert(1)</script>", parse_day("2010")),))
    svg = to_svg(series_chart(series, events=events))
    assert "alert(1)" in svg
    assert "<script" not in svg
    assert "<b>" not in svg


def test_the_rounding_of_a_print_is_not_shown_as_reliability(client: FlaskClient) -> None:
    page = client.get("/series/dprk.total.a").get_data(as_text=True)
    first = re.search(r'<th scope="row">1991</th>.*?</tr>', page)
    assert first is not None
    assert "under 0.1 %" in first.group()
    assert not re.search(r"0\.000\d+ %", page)
    assert "Rounding and vintages, at most" in page
    assert "26.7-39.8%" in page, "the one error that somebody measured"
