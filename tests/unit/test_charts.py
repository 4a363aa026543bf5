"""One specification serves every format: what is in the record is drawn, and nothing is fetched."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any
from xml.etree import ElementTree as ET

import pypdf
import pytest
import vl_convert

from analysis.domain import Event, EventTable, Period, TradeSeries, canonical_json, parse_day
from analysis.reporting.charts import (
    PALETTES,
    counterfactual_chart,
    curve_chart,
    placebo_chart,
    posterior_chart,
    series_chart,
    specification,
    to_pdf,
    to_png,
    to_svg,
    waterfall_chart,
    with_source,
)
from analysis.reporting.charts.contributions import wrapped
from analysis.reporting.charts.theme import FONT
from analysis.reporting.headline import Headline, Row

SVG = "{http://www.w3.org/2000/svg}"
YEARS = [str(year) for year in range(2000, 2020)]
EVENTS = EventTable(
    (
        Event(
            "a",
            "UN Security Council resolution 1111 (2010)",
            parse_day("2010-03-02"),
            kind="un_resolution",
            adopted=parse_day("2010-03-02"),
            full=Period.parse("2010-06"),
        ),
        Event("b", "Border shut", parse_day("2015-01-01"), kind="border_closure"),
    )
)
NAMES = {"a": "UN 1111", "b": "Border shut"}
HEADLINE = Headline(
    "x",
    "Exports",
    "USD million",
    "2008",
    "2016",
    100.0,
    40.0,
    -60.0,
    (
        Row("trend", "Trend", 10.0, -5.0, 25.0, -0.2, None),
        Row("event", "UN 1111 + Border shut", -75.0, -90.0, -50.0, 1.25, "B"),
        Row("residual", "Not explained by a named part", 5.0, -9.0, 12.0, None, None),
    ),
    0.95,
)
BREAKS = {
    "breaks": [
        {
            "first_after": "2010",
            "ci": {"lower": "2007", "upper": "2011", "set": [["2007", "2008"], ["2010", "2011"]]},
        }
    ],
    "posterior": [{"period": "2009", "probability": 0.7}, {"period": "2010", "probability": 0.3}],
    "sample": {"first": "2000", "last": "2019"},
}
COUNTERFACTUAL = {
    "level": 0.95,
    "model": {"scale": "log", "unit": "USD million", "seasonal": False},
    "counterfactual": [
        {
            "period": y,
            "observed": None if y == "2005" else 10.0 + k,
            "expected": 20.0,
            "lower": 8.0,
            "upper": 900.0,
        }
        for k, y in enumerate(YEARS)
    ],
}
PLACEBO = {
    "kind": "shifts",
    "m": 19,
    "rows": [
        {
            "event_ids": ["a", "b"],
            "label": "long",
            "z": -4.0,
            "p": 0.05,
            "placebos": [k / 9 for k in range(-9, 10)],
        }
    ],
}
CURVE = {
    "axes": [
        {"name": "trend", "levels": ["linear", "none"]},
        {"name": "crude", "levels": ["included"]},
        {"name": "noise", "levels": ["all", "white", "AR"]},
    ],
    "rows": [{"event_ids": ["a", "b"], "label": "long"}],
    "specifications": [
        {"levels": [0, 0, 0], "estimates": [[-5.0, -9.0, -1.0]]},
        {"levels": [1, 0, 2], "estimates": [[-7.0, -11.0, 2.0]]},
        {"levels": [1, 0, 1], "estimates": [None]},
    ],
}


def values(count: int = 20) -> list[float | None]:
    return [None if k == 5 else 10.0 + k for k in range(count)]


SERIES = TradeSeries.from_values(YEARS, values(), title="Exports", unit="USD million")


BUILD: dict[str, Callable[..., Any]] = {
    "series": lambda **how: series_chart(SERIES, events=EVENTS, breaks=BREAKS["breaks"], **how),
    "counterfactual": lambda **how: counterfactual_chart(
        COUNTERFACTUAL, title="Exports", events=EVENTS, **how
    ),
    "waterfall": lambda **how: waterfall_chart(HEADLINE, **how),
    "placebo": lambda **how: placebo_chart(PLACEBO, NAMES, **how),
    "curve": lambda **how: curve_chart(CURVE, 0, NAMES, factor=12, **how),
    "posterior": lambda **how: posterior_chart(BREAKS, title="Exports", events=EVENTS, **how),
}
PHONE = 360
SOURCED = ("Source: customs, as first printed.", "Again: tradebreaks series x")


@cache
def document(name: str, theme: str = "light", size: str = "wide") -> dict[str, Any]:
    return specification(BUILD[name](theme=theme, size=size))


@cache
def drawn(name: str, theme: str = "light", size: str = "wide") -> str:
    return to_svg(document(name, theme, size))


def words(name: str) -> str:
    return " ".join(ET.fromstring(drawn(name)).itertext())


def first_values(part: Any) -> list[dict[str, Any]]:
    """Return the rows that stand first in a document."""
    if isinstance(part, dict):
        if "values" in part and isinstance(part["values"], list) and "name" not in part:
            return list(part["values"])
        parts = list(part.values())
    else:
        parts = part if isinstance(part, list) else []
    return next((found for found in map(first_values, parts) if found and isinstance(found[0], dict)), [])


def keys(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            yield key
            yield from keys(value)
    elif isinstance(part, list):
        for value in part:
            yield from keys(value)


def marks(svg: str, role: str) -> list[ET.Element]:
    """Return the elements of every group of marks of a role, as Vega names them."""
    return [
        element
        for group in ET.fromstring(svg).iter(f"{SVG}g")
        if "role-mark" in group.get("class", "") and role in group.get("class", "").split()
        for element in group
    ]


@pytest.mark.parametrize("theme", list(PALETTES))
@pytest.mark.parametrize("name", list(BUILD))
def test_a_chart_opens_no_address_and_names_its_font(name: str, theme: str) -> None:
    assert "url" not in set(keys(document(name, theme))), "data are inline"
    svg = drawn(name, theme)
    assert "http" not in svg.replace("http://www.w3.org/", "")
    fonts = set(re.findall(r'font-family="([^"]+)"', svg))
    assert fonts == {FONT}
    assert FONT.endswith("sans-serif")
    assert PALETTES[theme].ground in svg  # type: ignore[index]  # the parameter is a theme


@pytest.mark.parametrize("name", list(BUILD))
def test_png_is_the_picture_of_the_svg(name: str) -> None:
    assert to_png(document(name), scale=2) == vl_convert.svg_to_png(drawn(name), scale=2)


def operators(page: pypdf.PageObject) -> tuple[bytes, list[bytes]]:
    """Return what a page of a PDF draws, and what the forms in it draw."""
    contents = page.get_contents()
    assert contents is not None
    forms = page["/Resources"].get("/XObject", {})
    return contents.get_data(), sorted(form.get_object().get_data() for form in forms.values())


@pytest.mark.parametrize("name", list(BUILD))
def test_pdf_draws_what_the_svg_shows_with_its_fonts_embedded(name: str) -> None:
    (page,) = pypdf.PdfReader(io.BytesIO(to_pdf(document(name)))).pages
    (other,) = pypdf.PdfReader(io.BytesIO(vl_convert.svg_to_pdf(drawn(name)))).pages
    assert operators(page) == operators(other)
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    assert fonts
    for font in fonts:
        (descendant,) = font["/DescendantFonts"]
        descriptor = descendant.get_object()["/FontDescriptor"].get_object()
        assert {"/FontFile2", "/FontFile3"} & set(descriptor), font["/BaseFont"]
    read = re.sub(r"\s", "", page.extract_text())
    for text in ET.fromstring(drawn(name)).iter(f"{SVG}text"):
        assert re.sub(r"\s", "", "".join(text.itertext())) in read


def test_the_series_shows_every_value_event_break_and_clock() -> None:
    svg = drawn("series")
    symbols = [e for e in marks(svg, "mark-symbol") if "value" in e.get("aria-label", "")]
    assert len(symbols) == 19, "one for each observed year"
    text = words("series")
    for wanted in ("UN 1111", "Border shut", "rings: adoption", "normal"):
        assert wanted in text, wanted
    bands = [e for e in marks(svg, "mark-rect") if "from" in e.get("aria-label", "")]
    assert len(bands) == 2, "a date set of two ranges is two bands"


def test_revised_values_are_marked() -> None:
    first = TradeSeries.from_values(YEARS, [v if k != 7 else 99.0 for k, v in enumerate(values())])
    svg = to_svg(series_chart(SERIES, first=first))
    assert svg.count("status: revised since first printed") == 1


def test_every_step_of_the_waterfall_has_its_interval_in_words_and_as_a_whisker() -> None:
    text = words("waterfall")
    for wanted in ("+10 [−5, +25]", "−75 [−90, −50]", "+5 [−9, +12]", "95 % interval", "USD million a year"):
        assert wanted in text, wanted
    rows = first_values(document("waterfall"))
    assert rows[-2]["end"] == pytest.approx(rows[-1]["end"]), "the steps lead to the level after"
    assert (rows[2]["low"], rows[2]["high"]) == (110.0 - 90.0, 110.0 - 50.0)


def test_grouped_events_are_one_label() -> None:
    assert wrapped("UN 2371 + UN 2375 + UN 2397") == "UN 2371 + UN 2375 + UN 2397"
    long = wrapped("Covid-19 border closure + Rail suspended + Rail resumes + Reopening to passengers")
    assert long.split("\n")[0] == "Covid-19 border closure +"
    assert (
        long.replace("\n", " ")
        == "Covid-19 border closure + Rail suspended + Rail resumes + Reopening to passengers"
    )
    for name in ("placebo", "curve"):
        assert "UN 1111 + Border shut" in words(name)


def test_the_curve_is_annualised_and_marks_the_answer() -> None:
    spec = document("curve")
    points = first_values(spec["vconcat"][0])
    assert [(p["rank"], p["estimate"], p["what"]) for p in points] == [
        (1, -84.0, "another choice"),
        (2, -60.0, "the answer"),
    ]
    chosen = first_values(spec["vconcat"][1])
    assert {row["choice"] for row in chosen} == {"trend: linear", "trend: none", "noise: all", "noise: AR"}, (
        "an axis without a choice is none"
    )


def test_the_counterfactual_says_that_its_axis_is_logarithmic() -> None:
    text = words("counterfactual")
    assert "USD million, logarithmic" in text
    assert "95 % interval" in text
    level = {**COUNTERFACTUAL, "model": {**COUNTERFACTUAL["model"], "scale": "level"}}
    assert "logarithmic" not in to_svg(counterfactual_chart(level))


def test_no_number_on_an_axis_has_an_exponent() -> None:
    big = TradeSeries.from_values(YEARS, [1e4 * (k + 1) for k in range(20)], unit="USD million")
    text = " ".join(ET.fromstring(to_svg(series_chart(big))).itertext())
    assert "50,000" in text
    assert not re.search(r"\de[+−-]?\d", text)


@pytest.mark.parametrize("record", [CURVE, json.loads(canonical_json(CURVE))], ids=["computed", "stored"])
def test_a_stored_curve_shows_what_was_chosen(record: dict[str, Any]) -> None:
    choices = first_values(specification(curve_chart(record, 0, NAMES))["vconcat"][1])
    assert {row["choice"] for row in choices if row["rank"] == 1} == {"trend: none", "noise: AR"}


@pytest.mark.parametrize("name", list(BUILD))
def test_a_narrow_chart_is_as_wide_as_a_phone_and_says_the_same(name: str) -> None:
    narrow = ET.fromstring(drawn(name, size="narrow"))
    assert float(narrow.get("width", "inf")) <= PHONE
    assert float(ET.fromstring(drawn(name)).get("width", "0")) > PHONE
    wide_words = {word for word in words(name).split() if word.isalpha()}
    narrow_words = {word for word in " ".join(narrow.itertext()).split() if word.isalpha()}
    assert len(wide_words - narrow_words) <= 2, wide_words - narrow_words


@pytest.mark.parametrize("name", list(BUILD))
def test_a_file_says_where_the_chart_is_from(name: str) -> None:
    whole = with_source(document(name), SOURCED, alt="Exports <fell> & rose.")
    root = ET.fromstring(to_svg(whole))
    text = " ".join(root.itertext())
    assert all(line in text for line in SOURCED)
    assert set(words(name).split()) <= set(text.split()), "nothing of the chart is lost"
    assert root.get("aria-label") == "Exports <fell> & rose."
    printed = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(to_pdf(whole))).pages)
    assert "Again: tradebreaks series x" in " ".join(printed.split())


@pytest.mark.parametrize("name", list(BUILD))
def test_a_scale_is_given_one_domain_so_that_a_browser_warns_of_nothing(name: str) -> None:
    compiled = vl_convert.vegalite_to_vega(json.dumps(document(name)))
    fields = [
        field
        for part in nested(compiled)
        for field in (part["domain"].get("fields", ()) if isinstance(part.get("domain"), dict) else ())
    ]
    assert all(isinstance(field, dict) for field in fields), "a domain as data and one as values"


def nested(part: Any) -> Iterator[dict[str, Any]]:
    """Yield every mapping inside a document."""
    if isinstance(part, dict):
        yield part
        part = list(part.values())
    if isinstance(part, list):
        for item in part:
            yield from nested(item)
