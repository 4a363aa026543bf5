"""The pages: complete without script, escaped, and nothing from another host."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask.testing import FlaskClient
from markupsafe import escape

import service
from analysis import catalogue
from analysis.attribution.record import CONSTANT
from analysis.attribution.windows import years
from analysis.domain import Event, EventTable, TradeSeries, parse_day
from analysis.errors import UsageError
from analysis.reporting.glossary import plainly
from service.settings import Settings
from service.views import overview as compose
from service.views import presets
from service.views.explorer import Explored
from service.views.prose import tied
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
    """The first page, what it was made of, and the same answer from the API."""

    text: str
    content: Explored
    answer: dict[str, Any]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[First]:
    """The first page, which takes ten seconds, from an application that no test gets."""
    app = application(tmp_path_factory.mktemp("overview"))
    client = app.test_client()
    response = client.get("/")
    assert response.status_code == 200
    content = compose(app.extensions["answers"])
    answer = client.get(f"/v1/attributions?{content.query.data_query()}").get_json()
    yield First(response.text, content, answer)
    app.extensions["batches"].close()


@pytest.fixture
def overview(first: First) -> str:
    return first.text


def plain(text: str) -> str:
    """Return the words of a page, its spaces as spaces."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", text)).split())


def test_the_overview_asks_the_first_question_of_the_data_and_answers_it_first(first: First) -> None:
    words = plain(first.text)
    question = catalogue.questions()[0]
    assert f"<h1>{escape(question.title)}</h1>" in first.text
    share = first.answer["sums"][0]
    lead = (
        f"{share['percent']:.0f} % of the fall came with all UN resolutions (95 % interval "
        f"{share['percent_lower']:.0f} % to {share['percent_upper']:.0f} %; precise)."
    )
    sentence = first.answer["sentence"]
    assert words.index(question.title) < words.index(lead) < words.index(sentence) < words.index("Came with")
    for word in ("caused by", "due to", "illicit", "violation"):
        assert word not in words.lower()
    assert words.count("We know when trade fell, not why") == 1


def test_the_answer_can_be_taken_away(first: First) -> None:
    words = plain(first.text)
    assert first.content.copied in words, "the text that a button copies"
    assert first.answer["sentence"] in first.content.copied
    assert "tradebreaks attribute dprk.total.a --from 2014 --to 2018" in first.content.copied
    for word in ("Copy the answer", "Cite", "Download", "Share", "Copy link"):
        assert word in words


def test_other_questions_are_links_and_years_are_those_of_the_series(first: First) -> None:
    page = Page(first.text)
    links = [attributes.get("href") for tag, attributes in page.tags if tag == "a"]
    assert {f"/explore?{preset.query}" for preset in presets()} <= set(links)
    offered = re.findall(r"<option[^>]*>([^<]*)</option>", first.text)
    observed = [str(o.period) for o in first.content.series.observations if o.value is not None]
    assert offered == observed * 2, "a yearly series"


@pytest.mark.parametrize("question", catalogue.questions(), ids=lambda question: question.label)
def test_every_question_of_the_data_can_be_asked(question: catalogue.Question) -> None:
    offered = years(catalogue.series(question.series))
    assert int(question.start) in offered
    assert int(question.end) in offered
    assert question.title.endswith("?")


def test_at_most_three_doubts_come_before_the_table(first: First, client: FlaskClient, monkeypatch) -> None:
    many = tuple(f"doubt {number}" for number in range(5))
    page = replace(first.content, headline=replace(first.content.headline, doubts=many))
    monkeypatch.setattr("service.routes.pages.overview", lambda _: page)
    shown, _, folded = client.get("/").text.partition("<details><summary>2 more</summary>")
    assert [text in shown for text in many] == [True] * 3 + [False] * 2
    assert many[4] in folded


def test_a_grouped_event_has_no_row_of_its_own_in_an_attribution(first: First) -> None:
    grouped = [row for row in first.answer["contributions"] if len(row["event_ids"]) > 1]
    assert grouped
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
    assert names.count("img") == 1
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
    hostile = TradeSeries.from_values(
        ["2016", "2017"],
        [1.0, 2.0],
        id=HOSTILE,
        title=HOSTILE,
        unit=HOSTILE,
        estimand=HOSTILE,
        caveats=(HOSTILE,),
    )
    headline = replace(first.content.headline, title=HOSTILE, answer=HOSTILE, doubts=(HOSTILE,))
    changed = replace(
        first.content,
        series=hostile,
        headline=headline,
        record={**first.content.record, "estimand": HOSTILE},
        names=dict.fromkeys(first.content.names, HOSTILE),
        title=HOSTILE,
    )
    monkeypatch.setattr("service.routes.pages.overview", lambda _: changed)
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


def test_dates_and_per_cent_stay_on_one_line() -> None:
    assert tied("50 % <b> from 2017-08 on, 2017-Q3, 2016-03-02") == (
        '50&nbsp;% &lt;b&gt; from <span class="tied">2017-08</span> on, <span class="tied">2017-Q3</span>, '
        '<span class="tied">2016-03-02</span>'
    )


def test_every_term_that_a_page_links_is_in_the_glossary(client: FlaskClient, overview: str) -> None:
    page = client.get("/glossary").text
    known = {attributes.get("id") for _, attributes in Page(page).tags}
    templates = Path(service.__file__).parent / "templates"
    linked = {
        name
        for file in templates.glob("*.html")
        for name in re.findall(r'term\("([a-z-]+)"|/glossary#([a-z-]+)"', file.read_text(encoding="utf-8"))
    }
    assert {a or b for a, b in linked} <= known
    assert 'href="/glossary#precision"' in overview
    assert 'href="/glossary#mistake"' in overview, "a mistake in a chart can be reported"


def test_who_hears_of_mistakes_is_a_setting(tmp_path: Path) -> None:
    app = application(tmp_path, contact="curator@example.org")
    assert 'href="mailto:curator@example.org"' in app.test_client().get("/glossary").text
    app.extensions["batches"].close()
    with pytest.raises(UsageError, match="mail address"):
        Settings.from_environment({"TRADEBREAKS_CONTACT": "javascript:alert(1)"})


def test_old_words_are_on_no_page() -> None:
    templates = Path(service.__file__).parent / "templates"
    text = " ".join(file.read_text(encoding="utf-8") for file in templates.glob("*.html"))
    for word in (
        "Estimand:",
        "date set",
        "Set of dates",
        "second opinion",
        "wandering slope",
        "cannot speak here",
    ):
        assert word not in text, word
    assert plainly("constant: in force alike in both windows") == "did not change between the two periods"
    assert CONSTANT in "constant: in force alike in both windows", (
        "the phrase that is replaced is the record's"
    )


def test_one_page_alone_may_be_framed(client: FlaskClient) -> None:
    page = client.get("/embed/series?series=dprk.total.a")
    assert "frame-ancestors" not in page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in page.headers
    assert "<script" not in page.text
    assert "<form" not in page.text
    assert 'href="/explore?series=dprk.total.a' in page.text
    assert "frame-ancestors 'self'" in client.get("/glossary").headers["Content-Security-Policy"]
    assert client.get("/embed/pie").status_code == 404


def test_a_link_to_an_answer_shows_what_it_says(overview: str) -> None:
    given = {a.get("property"): a.get("content") for tag, a in Page(overview).tags if tag == "meta"}
    assert given["og:title"] == catalogue.questions()[0].title
    assert "% of the fall came with all UN resolutions" in str(given["og:description"])
    assert "og:image" not in given, "a picture needs an address that others reach"
