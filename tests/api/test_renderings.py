"""Every form of a record says the same, cites it, and can be read by the programs it is made for."""

from __future__ import annotations

import copy
import csv
import html as escape
import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import openpyxl
import pyreadstat
import pytest
import typst
from apiflask import APIFlask
from flask.testing import FlaskClient
from pybtex.database import parse_string
from pypdf import PdfReader

from analysis import catalogue
from analysis.domain.text import FORMULA_STARTS, neutral
from service.records.renderings import RENDERINGS
from tests.api.conftest import application

ANNUAL = "dprk.total.a"
BASE = "https://example.org/breaks"
HOSTILE = '=HYPERLINK("http://x","y")'

OWN = [{"period": str(1990 + k), "value": (100.0 if k < 15 else 60.0) + (37 * k) % 11} for k in range(30)]
BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "attribution": (
        "attributions",
        {"series": ANNUAL, "from": "2014", "to": "2018", "options": {"evidence": "none"}},
    ),
    "interventions": ("interventions", {"series": ANNUAL}),
    "breaks": ("breaks", {"series": ANNUAL}),
    "hostile": (
        "attributions",
        {
            "observations": OWN,
            "events": [{"id": "@ban", "title": HOSTILE, "effective": "2005"}],
            "from": "2000..2004",
            "to": "2005..2009",
            "options": {"evidence": "none"},
            "store": True,
        },
    ),
}


@dataclass(frozen=True)
class Shelf:
    """An application whose store holds the records, for tests that read it."""

    app: APIFlask
    records: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """One stored record of each kind, and one whose texts try to be formulas."""
    app = application(tmp_path_factory.mktemp("renderings"), public_url=BASE)
    client = app.test_client()
    return Shelf(
        app,
        {name: client.post(f"/v1/{path}", json=body).get_json() for name, (path, body) in BODIES.items()},
    )


@pytest.fixture
def client(shelf: Shelf) -> Iterator[FlaskClient]:
    """A reader of the shelf, which leaves it as it was."""
    yield shelf.app.test_client()
    assert shelf.app.extensions["answers"].store.count() == len(BODIES), "a test stored on the shelf of all"


@pytest.fixture
def records(shelf: Shelf) -> dict[str, dict[str, Any]]:
    return copy.deepcopy(shelf.records)


def get(client: FlaskClient, record: dict[str, Any], suffix: str):
    response = client.get(f"{record['url']}.{suffix}")
    assert response.status_code == 200, response.text
    return response


def rows(client: FlaskClient, record: dict[str, Any]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(get(client, record, "csv").text, newline="")))


@pytest.mark.parametrize("rendering", RENDERINGS, ids=lambda r: r.suffix)
@pytest.mark.parametrize("name", BODIES)
def test_every_form_is_served_for_ever(client, records, rendering, name: str) -> None:
    response = get(client, records[name], rendering.suffix)
    assert response.mimetype == rendering.media_type
    assert "must-revalidate" in response.headers["Cache-Control"]
    assert len(response.data) > 90
    again = client.get(
        f"{records[name]['url']}.{rendering.suffix}", headers={"If-None-Match": response.headers["ETag"]}
    )
    assert again.status_code == 304


@pytest.mark.parametrize(
    "suffix", ["csv", "xlsx", "dta", "bib", "ris", "csl.json", "svg", "png", "report.html"]
)
def test_a_form_made_twice_has_the_same_bytes(shelf, client, records, suffix: str) -> None:
    first = get(client, records["attribution"], suffix).data
    shelf.app.extensions["answers"].forget()
    shelf.app.extensions["readcache"].forget()
    assert get(client, records["attribution"], suffix).data == first


@pytest.mark.parametrize("name", BODIES)
def test_csv_rows_hold_figures_with_interval_and_estimand(client, records, name: str) -> None:
    for row in rows(client, records[name]):
        assert row["estimand"]
        assert row["record_id"] == records[name]["record_id"]
        if row.get("estimate") and row["kind"] != "observed change":
            assert float(row["lower"]) <= float(row["upper"])


def test_csv_speaks_in_annual_terms_and_adds_up(client, records) -> None:
    found = rows(client, records["attribution"])
    parts = [float(r["estimate"]) for r in found if r["kind"] not in ("observed change", "sum")]
    (change,) = [float(r["estimate"]) for r in found if r["kind"] == "observed change"]
    assert sum(parts) == pytest.approx(change, rel=1e-9)
    assert change == pytest.approx(records["attribution"]["change"]["annualised"]["absolute"])
    assert {r["unit"] for r in found} == {"USD million a year"}


@pytest.mark.parametrize("name", ["attribution", "interventions"])
def test_a_grouped_event_has_no_row_of_its_own_in_any_form(client, records, name: str) -> None:
    record = records[name]
    grouped = {row["event_id"] for row in record["identification"] if row["group"]}
    assert grouped
    for row in rows(client, record):
        ids = row["event_ids"].split()
        assert len(ids) > 1 or not grouped.intersection(ids)
    book = openpyxl.load_workbook(io.BytesIO(get(client, record, "xlsx").data))
    assert f"{book.properties.modified:%Y-%m-%dT%H:%M:%S}" == record["record"]["created_at"][:19]
    cells = {str(cell.value) for line in book["Estimate"].iter_rows() for cell in line}
    assert not grouped.intersection(cells)
    page = get(client, record, "html").text
    for name_ in grouped:
        assert f">{name_}<" not in page


def test_stata_reads_the_table(client, records, tmp_path) -> None:
    file = tmp_path / "record.dta"
    file.write_bytes(get(client, records["attribution"], "dta").data)
    frame, meta = pyreadstat.read_dta(file)
    found = rows(client, records["attribution"])
    assert list(frame["label"]) == [row["label"] for row in found]
    assert list(frame["estimate"]) == pytest.approx([float(row["estimate"]) for row in found])
    assert all(len(name) <= 32 for name in meta.column_names)
    assert meta.column_names_to_labels["upper"] == "Upper limit of the interval"
    assert frame["estimand"][0].startswith("KOTRA")


def test_excel_reads_numbers_as_numbers_and_no_formula(client, records) -> None:
    book = openpyxl.load_workbook(io.BytesIO(get(client, records["hostile"], "xlsx").data))
    kinds = {cell.data_type for sheet in book for line in sheet.iter_rows() for cell in line}
    assert "f" not in kinds
    assert "n" in kinds
    texts = [str(c.value) for line in book["Estimate"].iter_rows() for c in line if c.data_type == "s"]
    assert f"'{HOSTILE}" in texts
    assert "'@ban" in texts


def test_csv_holds_no_formula(client, records) -> None:
    for row in rows(client, records["hostile"]):
        for name, cell in row.items():
            if name not in ("estimate", "lower", "upper", "share"):
                assert not cell.startswith(FORMULA_STARTS), cell


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "  =1", "\u00a0=1", "＝1", "|x"])
def test_what_a_spreadsheet_would_run_is_neutralised(text: str) -> None:
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=1", "1-2", "Kaesong"])
def test_what_it_would_not_run_is_left(text: str) -> None:
    assert neutral(text) == text


@pytest.mark.parametrize("name", BODIES)
def test_pybtex_parses_the_citation(client, records, name: str) -> None:
    found = parse_string(get(client, records[name], "bib").text, "bibtex")
    (entry,) = found.entries.values()
    assert entry.type == "misc"
    assert entry.fields["url"] == f"{BASE}{records[name]['url']}"
    assert records[name]["record_id"] in entry.fields["note"]
    assert "What is measured" in entry.fields["note"]
    assert str(entry.persons["author"][0]) == "{tradebreaks contributors}"


@pytest.mark.parametrize("name", BODIES)
def test_typst_sets_a_document_that_cites_it(client, records, name: str) -> None:
    bib = get(client, records[name], "bib").data
    (key,) = parse_string(bib.decode(), "bibtex").entries
    main = f'As computed in @{key}.\n#bibliography("record.bib")'.encode()
    assert typst.compile({"main.typ": main, "record.bib": bib}, ignore_system_fonts=True)[:5] == b"%PDF-"


def test_ris_and_csl_name_the_record(client, records) -> None:
    record = records["attribution"]
    lines = get(client, record, "ris").text.split("\r\n")
    assert lines[0] == "TY  - DATA"
    assert lines[-2] == "ER  - "
    assert f"UR  - {BASE}{record['url']}" in lines
    (item,) = json.loads(get(client, record, "csl.json").data)
    assert item["URL"] == f"{BASE}{record['url']}"
    assert item["type"] == "dataset"


@pytest.mark.parametrize("name", BODIES)
def test_the_drawing_opens_no_address_and_runs_nothing(client, records, name: str) -> None:
    root = ET.fromstring(get(client, records[name], "svg").data)
    tags = {element.tag.split("}")[1] for element in root.iter()}
    assert tags.isdisjoint({"script", "image", "foreignObject"})


@pytest.mark.parametrize("name", BODIES)
def test_the_document_holds_the_table_and_the_citation(client, records, name: str) -> None:
    pages = PdfReader(io.BytesIO(get(client, records[name], "pdf").data)).pages
    words = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert records[name]["record_id"] in words
    assert "What is measured:" in words
    assert "How to cite" in words


def words_of(client: FlaskClient, record: dict[str, Any], suffix: str) -> str:
    pages = PdfReader(io.BytesIO(get(client, record, suffix).data)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


@pytest.mark.parametrize("name", BODIES)
def test_the_brief_answers_on_its_first_page_and_keeps_to_two(client, records, name: str) -> None:
    pages = PdfReader(io.BytesIO(get(client, records[name], "pdf").data)).pages
    first, second = (" ".join(page.extract_text().split()) for page in pages)
    record = records[name]
    said = [record.get("sentence") or "", *(doubt["text"] for doubt in record.get("doubts") or ())]
    for sentence in said:
        assert _letters(sentence) in _letters(first), sentence
    assert "How to cite" in first
    assert "What to know" in second


def _letters(text: str) -> str:
    """Without what a line break may add or take away."""
    return re.sub(r"[\s\u00ad-]", "", text)


@pytest.mark.parametrize("name", BODIES)
def test_the_report_holds_its_chapters_and_cites_the_record(client, records, name: str) -> None:
    record = records[name]
    html = get(client, record, "report.html").text
    words = words_of(client, record, "report.pdf")
    chapters = [escape.unescape(one) for one in re.findall(r'<h2 id="c\d+">(.*?)</h2>', html)]
    assert {"The answer", "What it rests on", "Methods", "Provenance", "How to cite"} < set(chapters)
    for chapter in chapters:
        assert chapter in words
    for text in (html, words.replace(" ", "")):
        assert f"{BASE}{record['url']}" in text
        assert record["record"]["answer_sha256"] in text
    assert not re.findall(r'src="(?!data:image/svg\+xml;base64,)', html)
    assert "<script" not in html
    assert HOSTILE not in html


def test_the_report_of_an_attribution_has_intervals_and_sources(client, records) -> None:
    record = records["attribution"]
    html = get(client, record, "report.html").text
    table = html[html.index("What the change is dated to:") :].partition("</table>")[0]
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in table.split("<tr>")[2:]]
    assert len(cells) == len(record["contributions"]) + 2
    assert all("[" in estimate for _, estimate, *_ in cells[:-1])
    group = next(row for row in record["contributions"] if len(row["event_ids"]) > 2)
    limits = [f"{group[key]:+,.0f}".replace("-", "\N{MINUS SIGN}") for key in ("estimate", "lower", "upper")]
    assert any(cell[1] == f"{limits[0]} [{limits[1]}, {limits[2]}]" for cell in cells)
    for source in catalogue.describe(ANNUAL).sources:
        assert f"[{source.id}]" in html


def test_a_report_on_a_newer_data_package_says_that_the_sources_are_in_the_older(
    tmp_path, monkeypatch
) -> None:
    client = application(tmp_path).test_client()
    path, body = BODIES["attribution"]
    record = client.post(f"/v1/{path}", json=body).get_json()
    monkeypatch.setattr(catalogue, "data_digest", lambda: "0" * 64)
    html = get(client, record, "report.html").text
    assert record["record"]["digests"]["data"][:12] in html
    assert "this service has a newer one" in html


def test_the_page_is_escaped_and_has_a_citation(client, records) -> None:
    page = get(client, records["hostile"], "html")
    assert page.headers["Cache-Control"] == "no-cache"
    assert "Cite this record" in page.text
    assert HOSTILE not in page.text, "quotes are escaped"
    assert "unsafe" not in page.headers["Content-Security-Policy"]


def test_a_page_names_the_record_that_supersedes_it(tmp_path, monkeypatch) -> None:
    app = application(tmp_path)
    client = app.test_client()
    old = client.post("/v1/breaks", json={"series": ANNUAL}).get_json()
    assert "newer record" not in get(client, old, "html").text
    monkeypatch.setattr("service.questions.ENGINE", 99)
    app.extensions["answers"].forget()
    new = client.post("/v1/breaks", json={"series": ANNUAL}).get_json()
    assert new["record_id"] in get(client, old, "html").text
