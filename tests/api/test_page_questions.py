"""Pages that answer a question: whole without script, reproducible by address, honest on what is wrong."""

from __future__ import annotations

import html
import re
from io import BytesIO

import pytest
from flask.testing import FlaskClient

from analysis.attribution.dossier.goods import named_goods
from analysis.reading import Source, read_series
from analysis.reporting.headline import signed
from service.records.tables import shown
from tests.unit.reading.layouts import LAYOUTS

HOSTILE = '"><script>alert(1)</script>'
FAST = "series=dprk.total.a&from=2014&to=2018"
ADDRESSES = (
    f"/explore?{FAST}",
    f"/explore?{FAST}&without=unscr_2321&lens=timing&marks=all&trend=none&vintage=revised",
    f"/attribution?{FAST}&evidence=basic",
    "/breaks?series=dprk.total.a",
    "/series",
    "/series/dprk.total.a",
    "/series/dprk.total.a:kaesong=excluded",
    "/events",
    "/events/unscr_2375",
    "/methods",
    "/methods/decomposition",
    "/own",
)
OWN = "period,value\n" + "\n".join(
    f"{year},{100 + 5 * (year - 1990) - (60 if year >= 2010 else 0) + year * 7 % 5}"
    for year in range(1990, 2024)
)
BAN = "id,title,effective\nban,A <b>ban</b>,2010-01-01"
SENT = {"csv": OWN, "events": BAN, "from": "2005..2008", "to": "2012..2015"}
SHARE = r"−?\d\.\d\d \[−?\d+\.\d\d, −?\d+\.\d\d\]"
NUMBERS = re.compile(r'<td class="n">([^<]+)</td>')


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_is_whole_and_says_no_forbidden_word(client: FlaskClient, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 200
    text = response.text
    assert text.count("<h1") == text.count("<main") == 1
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert len(ids) == len(set(ids)), "an id stands once"
    assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", text)
    assert "<style" not in text
    for word in ("caused by", "due to", "illicit", "violation", "smuggl"):
        assert word not in text.lower(), word


def test_a_grouped_event_has_no_row_in_any_table_of_an_attribution(client: FlaskClient) -> None:
    text = client.get(f"/attribution?{FAST}&evidence=basic").text
    tables = re.findall(r"<table>.*?</table>", text, re.S)
    grouped = [table for table in tables if '<th scope="col">Reason</th>' not in table]
    assert len(grouped) >= 5
    assert sum("UN 2371 + UN 2375 + UN 2397" in table for table in grouped) >= 3
    for table in grouped:
        assert not re.search(r'<th scope="row">UN 23(71|75|97)</th>', table)


def test_the_dossier_of_a_grouped_event_shows_the_effect_of_its_group(client: FlaskClient) -> None:
    text = client.get("/events/unscr_2375").text
    assert "UN 2371 + UN 2375 + UN 2397 (one group)" in text
    assert re.search(r'−\d+ %</td><td class="n">−\d+ to [−+]\d+ % \(95 %\)', text)


ORDER = ("what", "when", "goods", "effects", "apart")


def test_the_page_of_a_resolution_tells_what_a_reader_asks_in_order(client: FlaskClient) -> None:
    text = client.get("/events/unscr_2375").text
    assert re.findall(r'<h2 id="([a-z]+)">', text) == list(ORDER)
    parts = dict(zip(ORDER, text.split("<section ")[1:], strict=True))
    assert "2017-09-11" in parts["when"]
    apparel = next(row for row in re.findall("<tr>.*?</tr>", parts["goods"]) if "woven apparel" in row)
    known = next(g for g in named_goods(("unscr_2375",), 2016, 2018) if g.goods.label == "woven apparel")
    printed = known.to_record()["values"]
    assert cells(apparel)[2:5] == [shown(printed[year]) for year in ("2016", "2017", "2018")]
    assert "UN 2371, UN 2397" in parts["apart"]
    assert text.count("We know when trade fell, not why") == 1


def test_the_address_of_the_explorer_is_the_question(client: FlaskClient) -> None:
    first = client.get(f"/explore?{FAST}&without=unscr_2321&without=kic_closure_2016&scale=&clock=all").text
    second = client.get(f"/explore?{FAST}&without=kic_closure_2016,unscr_2321").text
    assert first.count(" checked>") == second.count(" checked>") == 2
    assert NUMBERS.findall(first) == NUMBERS.findall(second)
    whole = client.get(f"/explore?{FAST}").text
    assert NUMBERS.findall(first) != NUMBERS.findall(whole), "leaving events out changes the answer"


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/explore?series=nothing", 404, "nothing"),
        ("/explore?series=dprk.total.a&from=2014&to=1900", 422, "1900"),
        ("/explore?unknown=1", 400, "unknown parameter"),
        ("/explore?series=dprk.total.a&series=dprk.total.a", 400, "given twice"),
        ("/explore?series=dprk.total.a&trend=curved", 400, "trend"),
        (f"/explore?{FAST}&without=nothing", 422, "nothing"),
        ("/breaks?series=nothing", 404, "nothing"),
        ("/charts/pie.svg", 404, "pie"),
        ("/charts/series.gif", 404, "gif"),
        ("/scripts/other.js", 404, "other.js"),
        ("/events/nothing", 404, "nothing"),
        ("/methods/nothing", 404, "nothing"),
    ],
)
def test_a_wrong_address_says_what_is_wrong(
    client: FlaskClient, address: str, status: int, words: str
) -> None:
    response = client.get(address, headers={"Accept": "text/html"})
    assert response.status_code == status
    assert words in response.text
    assert "Traceback" not in response.text


@pytest.mark.parametrize(
    ("suffix", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("json", b"{"), ("svg", b"<svg")]
)
def test_a_chart_comes_in_every_format(client: FlaskClient, suffix: str, start: bytes) -> None:
    response = client.get(f"/charts/waterfall.{suffix}?{FAST}")
    assert response.status_code == 200
    assert response.data.startswith(start)
    known = {"If-None-Match": response.headers["ETag"]}
    assert client.get(f"/charts/waterfall.{suffix}?{FAST}", headers=known).status_code == 304


def test_an_attribution_can_be_made_a_record_with_everything_to_paste(client: FlaskClient) -> None:
    response = client.post("/cite", data={"series": "dprk.total.a", "from": "2014", "to": "2017"})
    assert response.status_code == 303
    address = response.headers["Location"]
    assert re.fullmatch(r"/v1/estimates/[0-9a-f]{32}\.html", address)
    text = client.get(address).text
    pasted = {
        what: html.unescape(body)
        for what, body in re.findall(r'<pre data-copy="([^"]+)"[^>]*><code>(.*?)</code></pre>', text, re.S)
    }
    assert set(pasted) == {"the sentences for a text", "the reference", "BibTeX", "RIS", "CSL JSON"}
    stem = address.removesuffix(".html")
    assert stem.rsplit("/", 1)[1] in pasted["the sentences for a text"], "there is no public address"
    assert re.search(
        r"Of the fall of [\d,]+ million dollars a year in .*95 % interval .* to .*",
        pasted["the sentences for a text"],
    )
    for what, suffix in (("BibTeX", "bib"), ("RIS", "ris"), ("CSL JSON", "csl.json")):
        sent = client.get(f"{stem}.{suffix}").text
        assert pasted[what].split() == sent.split(), "the box holds what the download holds"
    assert re.search(r"95 % interval [\d,]+ to [\d,]+; \d+ %\)", pasted["the sentences for a text"])


def test_a_button_leads_to_the_report_of_the_answer(client: FlaskClient) -> None:
    question = {"series": "dprk.total.a", "from": "2014", "to": "2017"}
    page = client.get("/attribution", query_string=question).text
    assert '<button type="submit" formaction="/report">Make a report (PDF)</button>' in page
    response = client.post("/report", data=question)
    assert response.status_code == 303
    stem = response.headers["Location"].removesuffix(".report.pdf")
    assert client.get(f"{stem}.report.pdf").data.startswith(b"%PDF")
    record = client.get(f"{stem}.html").text
    for suffix in ("pdf", "report.pdf", "report.html"):
        assert f'href="{stem}.{suffix}"' in record


def cells(row: str, tag: str = "t[hd]") -> list[str]:
    """Return the text of the cells of a table's row."""
    return [
        re.sub("<[^>]+>", " ", cell).strip() for cell in re.findall(f"<{tag}[^>]*>(.*?)</{tag}>", row, re.S)
    ]


@pytest.mark.parametrize(
    "address", ["/", f"/explore?{FAST}", f"/attribution?{FAST}&evidence=basic", "/breaks?series=dprk.total.a"]
)
def test_no_estimate_stands_without_its_interval(client: FlaskClient, address: str) -> None:
    text = client.get(address).text
    for table in re.findall(r"<table>.*?</table>", text, re.S):
        head, _, body = table.partition("<tbody>")
        columns = cells(head)
        if "Interval" not in columns:
            continue
        at = columns.index("Interval")
        for row in re.findall(r"<tr>(.*?)</tr>", body.split("</tbody>")[0], re.S):
            estimate, interval = cells(row)[at - 1 : at + 1]
            assert bool(estimate) == bool(interval), row
            if interval:
                assert re.search(r"[−+]?\d.* to [−+]?\d", interval), row
    for share in re.findall(r'<td class="n">([−]?\d\.\d\d.*?)</td><td>[A-D]?</td></tr>', text):
        assert re.fullmatch(SHARE, share), share


def test_a_vintage_by_date_survives_the_form(client: FlaskClient) -> None:
    text = client.get(f"/explore?{FAST}&vintage=2020-06-30&lens=timing").text
    assert '<option value="2020-06-30" selected>' in text
    assert "as known on 2020-06-30" in text


def test_the_page_links_to_its_own_answer_as_data(client: FlaskClient) -> None:
    text = client.get(f"/explore?{FAST}&trend=none&lens=timing").text
    (address,) = re.findall(r'href="(/v1/attributions\?[^"]+)">This answer as data', text)
    record = client.get(html.unescape(address)).get_json()
    assert {own["trend"] for own in record["model"]["parts"].values()} == {"none"}
    named = [row for row in record["contributions"] if row["event_ids"]]
    assert named
    for row in named:
        assert f">{signed(row['estimate'])}</td>" in text
    assert "POST /v1/attributions" in client.get(f"/explore?{FAST}&without=unscr_2321&lens=timing").text


def test_the_number_of_breaks_is_shown_with_what_it_depends_on(client: FlaskClient) -> None:
    text = client.get("/breaks?series=dprk.total.a").text
    assert "Two lasting breaks lie at least 3 observed periods apart here" in text
    sentences = client.get("/v1/breaks?series=dprk.total.a").get_json()["sensitivity"]
    assert sentences
    assert all(sentence in text for sentence in sentences)
    assert "shortest segment" in sentences[1]


def test_an_own_series_is_answered_and_not_stored(client: FlaskClient) -> None:
    before = client.get("/v1/estimates").get_json()["estimates"]
    sent = {**SENT, "csv": OWN.replace("period,value", "when,tonnes"), "unit": "tonnes", "title": HOSTILE}
    response = client.post("/own", data=sent)
    assert response.status_code == 200, response.text
    assert "Nothing of this was stored." in response.text
    assert "tonnes a year in " in response.text
    assert "nominal terms" not in response.text, "tonnes are no money"
    assert "(95&nbsp;% interval" in response.text
    assert "<script>alert" not in response.text
    assert "<b>" not in response.text
    assert (
        "Column &#39;tonnes&#39; of your series (UTF-8, commas) was read as an annual series" in response.text
    )
    assert client.get("/v1/estimates").get_json()["estimates"] == before


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"csv": OWN.replace("2003,", "2003,x")}, "csv", "row 15 of your series"),
        ({"csv": OWN + "\n2024"}, "csv", "row 36 of your series: 1 cells"),
        ({"csv": ""}, "csv", "there is no CSV"),
        ({"csv": OWN, "value": "price"}, "value", "no column"),
        ({"csv": OWN + "\n2023,5"}, "csv", "2023"),
        ({"csv": OWN + "\nin the year 2024,5"}, "csv", "row 36 of your series"),
        ({"events": "id,title,effective\nban,Ban,soon"}, "events", "row 2 of your events"),
        ({"from": ""}, "from", "empty"),
        ({"to": "then"}, "to", "then"),
        ({"to": "2050"}, "to", "2050"),
    ],
)
def test_what_is_wrong_in_an_own_series_is_named_where_it_stands(
    client: FlaskClient, changed: dict[str, str], field: str, words: str
) -> None:
    response = client.post("/own", data={**SENT, **changed})
    assert response.status_code == 422
    assert f'href="#f-{field}"' in response.text
    assert words in response.text
    assert 'role="alert"' in response.text


ASKED = "date;value\n" + "\n".join(f"01/{k:02d}/2014;1.{200 + k}" for k in range(1, 13))


def test_what_can_be_read_in_two_ways_is_asked_about_and_then_shown(client: FlaskClient) -> None:
    first = client.post("/own", data={**SENT, "csv": ASKED, "step": "preview"})
    assert first.status_code == 422
    assert 'name="decimal" value="comma"' in first.text
    assert "01/01/2014 = 1201" in first.text, "the first rows under one reading"
    assert "01/01/2014 = 1.201" in first.text, "and under the other"
    second = client.post("/own", data={**SENT, "csv": ASKED, "decimal": "point", "step": "preview"})
    assert 'name="date_order" value="dmy"' in second.text
    assert "2014-02-01 = 1.202" in second.text
    assert "2014-01-02 = 1.202" in second.text
    third = client.post(
        "/own", data={**SENT, "csv": ASKED, "date_order": "dmy", "decimal": "point", "step": "preview"}
    )
    assert third.status_code == 200
    assert "monthly series, 2014-01 to 2014-12: 12 values, 0 missing" in third.text
    assert "As it was read" in third.text
    assert "Nothing of this was stored" not in third.text, "nothing was computed"


def test_an_uploaded_workbook_is_put_into_the_box_as_text(client: FlaskClient) -> None:
    raw = next(one for one in LAYOUTS if one.file == "book.xlsx").raw
    sent = {**SENT, "csv": "", "csv_file": (BytesIO(raw), "book.xlsx"), "step": "preview"}
    response = client.post("/own", data=sent, content_type="multipart/form-data")
    assert response.status_code == 200
    assert "2014-01-01,400" in response.text
    assert "monthly series, 2014-01 to 2017-12: 48 values" in response.text


TYPED = {
    "event_name_1": "Export ban",
    "event_begin_1": "01.06.2010",
    "event_name_3": "Closure, for a year",
    "event_begin_3": "2015",
    "event_end_3": "2015",
}


def test_events_typed_in_a_small_table_are_read_like_those_of_a_file(client: FlaskClient) -> None:
    sent = {**SENT, "events": "", **TYPED}
    shown = client.post("/own", data={**sent, "step": "preview"})
    assert shown.status_code == 200
    assert "Export ban: from 2010-06-01 on" in shown.text
    assert "Closure, for a year: from 2015-01-01 to 2015-12-31" in shown.text
    assert 'id="f-event_name_4"' in shown.text, "there is one more row to type into"
    assert 'value="01.06.2010"' in shown.text, "what was typed stands as it was typed"
    typed = client.post("/own", data=sent)
    filed = client.post(
        "/own",
        data={
            **SENT,
            "events": 'name,begin,end\nExport ban,2010-06-01,\n"Closure, for a year",2015-01-01,2015-12-31\n',
        },
    )
    assert typed.status_code == 200
    answer = re.compile(r"\(95&nbsp;% interval[^)]*\)")
    assert answer.findall(typed.text) == answer.findall(filed.text) != []


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"event_begin_1": "2018-13"}, "event_begin_1", "&#39;2018-13&#39; is no date"),
        ({"event_begin_1": ""}, "event_begin_1", "has no beginning"),
        ({"event_name_3": ""}, "event_name_3", "Event 3 has no name"),
        ({"event_end_3": "2014"}, "event_end_3", "lies before"),
        ({"events": "name,begin,ended_by\nE,2010,zone"}, "events", "needs a file of parts; the command line"),
    ],
)
def test_a_typed_event_that_is_wrong_is_named_at_its_field(
    client: FlaskClient, changed: dict[str, str], field: str, words: str
) -> None:
    response = client.post("/own", data={**SENT, "events": "", **TYPED, "step": "preview", **changed})
    assert response.status_code == 422
    assert f'href="#f-{field}"' in response.text
    assert words in response.text


def test_the_example_and_the_template_can_be_read(client: FlaskClient) -> None:
    template = client.get("/own/template.csv")
    assert template.mimetype == "text/csv"
    assert read_series(Source(template.data, "my-series.csv")).n_observed == 2
    shown = client.post("/own", data={"step": "example"})
    assert shown.status_code == 200
    assert "Nothing of this was stored." in shown.text


def test_a_title_a_unit_and_a_sum_over_a_span_travel_in_the_question(client: FlaskClient) -> None:
    rows = [{"period": f"{1990 + k}", "value": 100.0 + k % 3} for k in range(20)]
    body = {"observations": rows, "title": "Tonnes of it", "unit": "tonnes", "options": {}}
    answered = client.post("/v1/breaks", json=body)
    assert answered.status_code == 200, answered.text
    for name in ("title", "unit"):
        refused = client.post("/v1/breaks", json={"series": "dprk.total.a", name: "x"})
        assert (refused.status_code, refused.get_json()["pointer"]) == (400, f"/{name}")
