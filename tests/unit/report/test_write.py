"""The report as files: all that was asked, the same bytes twice, errors in one sentence."""

from __future__ import annotations

import csv
import json
import re
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pypdf import PdfReader

import analysis
from analysis import catalogue, report
from analysis.attribution.limits import CANNOT_SAY
from analysis.attribution.study import Study
from analysis.domain.engine import ENGINE
from analysis.report import Plan, sections, write_report
from analysis.report import write as writing
from analysis.report.blocks import Table, widths
from analysis.reporting.methods import METHODS
from service.cli import main
from tests.unit.report.conftest import Made


def test_every_file_that_is_named_is_there_and_no_other(made: Made) -> None:
    found = {
        str(p.relative_to(made.written.directory)) for p in made.written.directory.rglob("*") if p.is_file()
    }
    assert found == set(made.written.files)
    asked = {
        "index.html",
        "report.pdf",
        "brief.html",
        "brief.pdf",
        "report.json",
        "charts/interkorean.total.a.svg",
        "tables/timing.interkorean.total.a.2015-2016.csv",
        "tables/triangulation.interkorean.total.a.2015-2016.csv",
        "tables/claims.csv",
        "tables/sensitivity.csv",
        "tables/quality.interkorean.total.a.csv",
        "tables/years.interkorean.total.a.csv",
        "tables/span.interkorean.kaesong.a.csv",
        "dossiers/kic_closure_2016.txt",
    }
    assert asked <= found


def test_the_same_bytes_on_a_second_run(made: Made, small: Plan, tmp_path: Path) -> None:
    again = write_report(tmp_path, plan=small)
    assert again.files == made.written.files
    for name in again.files:
        assert (tmp_path / name).read_bytes() == (made.written.directory / name).read_bytes(), name


def test_numbers_in_the_files_are_those_of_the_library(made: Made) -> None:
    answer = analysis.attribute(analysis.series("interkorean.total.a"), start="2015", end="2016")
    stored = json.loads(made.text("report.json"))["attributions"][0]
    expected = answer.contributions[0]
    assert stored["contributions"][0]["lower"] == pytest.approx(expected.lower, rel=1e-9)
    rows = list(csv.DictReader(made.text("tables/timing.interkorean.total.a.2015-2016.csv").splitlines()))
    own = next(row for row in rows if row["came with"] == expected.row.label)
    assert float(own["a year"]) == pytest.approx(expected.estimate, rel=1e-9)
    parts = [row for row in rows if not row["came with"].endswith(("together", "Change"))]
    assert sum(float(row["a year"]) for row in parts) == pytest.approx(answer.absolute, rel=1e-9)


def test_page_and_document_hold_the_same_chapters(made: Made) -> None:
    page = made.text("index.html")
    chapters = re.findall(r'<h2 id="c\d+">(.*?)</h2>', page)
    assert len(chapters) > 8
    pages = PdfReader(made.written.directory / "report.pdf").pages
    text = " ".join(" ".join(p.extract_text() for p in pages).split())
    for chapter in chapters:
        assert chapter.replace("&#x27;", "'") in text
    assert "script" not in page
    addresses = re.findall(r'(?:src|href)="([^"#][^"]*)"', page)
    assert addresses
    assert all((made.written.directory / one).is_file() for one in addresses if "://" not in one)


def test_the_brief_keeps_to_two_pages_and_holds_answer_verdicts_limits_and_citation(made: Made) -> None:
    pages = PdfReader(made.written.directory / "brief.pdf").pages
    assert 1 <= len(pages) <= 2
    text = " ".join(" ".join(p.extract_text() for p in pages).split())
    answer = json.loads(made.text("report.json"))["attributions"][0]
    row = next(r for r in answer["contributions"] if r["event_ids"] == ["kic_closure_2016"])
    limits = ", ".join(f"{row[end]:+,.0f}".replace("-", "−") for end in ("lower", "upper"))
    assert f"[{limits}]" in text
    for claim in json.loads(made.text("report.json"))["claims"]["claims"]:
        assert f"{claim['statement']} {claim['verdict']}" in text
    assert all(line in text for line in CANNOT_SAY)
    assert f"engine {ENGINE}" in text
    assert catalogue.data_digest()[:12] in text


def test_nothing_is_said_to_be_caused(made: Made) -> None:
    """Words of the design: dated to, never caused by; recorded under, never smuggled."""
    written = [name for name in made.written.files if name.endswith((".csv", ".txt")) or name == "brief.html"]
    words = re.compile(r"\b(caus(ed|es|ing) |due to|violat|illicit|smuggl)", re.IGNORECASE)
    assert len(written) > 20
    for name in written:
        assert words.search(made.text(name)) is None, name


def test_amounts_say_that_they_are_a_year(made: Made) -> None:
    page = made.text("index.html")
    captions = re.findall(r"<caption>(.*?)</caption>", page)
    for lens in ("Timing lens", "Three lenses", "Accounting lens"):
        found = [caption for caption in captions if caption.startswith(lens)]
        assert found
        assert all("a year" in caption for caption in found)


def test_no_estimate_of_the_years_stands_without_its_interval(made: Made) -> None:
    rows = list(csv.reader(made.text("tables/years.interkorean.total.a.csv").splitlines()))[2:]
    assert rows
    cells = [cell for row in rows for cell in row[1:]]
    assert any("[" in cell for cell in cells)
    assert all("[" in cell or cell == "0" for cell in cells)


def test_references_are_the_sources_of_the_figures_with_their_addresses(made: Made) -> None:
    page = made.text("index.html")
    sources = catalogue.describe("interkorean.total.a").sources
    assert sources
    for source in sources:
        assert f"[{source.id}]" in page
        assert not source.url or f'href="{escape(source.url)}"' in page
    assert catalogue.data_digest() in page
    for method in METHODS:
        assert all(escape(line[1:]) in page for line in method.not_when)


def test_columns_are_never_narrower_than_their_longest_word() -> None:
    table = Table("t", "", ("a", "b"), (("dprk.exports.china.apparel", "word " * 40), ("x", None)))
    found = widths(table, 80)
    assert found is not None
    assert found[0] >= len("dprk.exports.china.apparel")
    assert sum(found) == pytest.approx(80)
    assert widths(Table("t", "", ("a", "b"), (("one", 2.0),)), 80) is None


def test_every_step_is_told_once_and_the_last_is_the_end(made: Made) -> None:
    numbers = [done for done, _, _ in made.told]
    total = made.told[0][1]
    assert numbers == list(range(total + 1))
    assert {t for _, t, _ in made.told} == {total}
    assert made.told[-1][2] == "done"


def test_the_full_plan_asks_for_all_that_a_report_holds() -> None:
    names = [step.name for step in sections.steps(report.PLAN, Study(), "basic", sections.Gathered({}, {}))]
    text = "\n".join(names)
    for part in (
        "breaks of every series",
        "change of dprk.exports.china.m, 2016 to 2018",
        "year by year, dprk.total.a",
        "claims",
        "sensitivity to mirror error",
        "dossier of unscr_2371",
    ):
        assert part in text


class TestCommand:
    """``tradebreaks report``."""

    @pytest.fixture(autouse=True)
    def asking_little(self, monkeypatch: pytest.MonkeyPatch, small: Plan) -> None:
        monkeypatch.setattr(report, "write_report", partial(write_report, plan=small))

    def test_it_names_what_it_wrote_and_tells_progress_on_stderr(self, tmp_path: Path) -> None:
        result = CliRunner().invoke(main, ["report", "--out", str(tmp_path), "--evidence", "none", "--json"])
        assert result.exit_code == 0, result.stderr
        record: dict[str, Any] = json.loads(result.stdout)
        assert record["out"] == str(tmp_path)
        assert all((tmp_path / name).is_file() for name in record["files"])
        lines = result.stderr.splitlines()
        assert lines[0].startswith("0/")
        assert lines[-1].endswith("done.")
        assert "evidence none" in (tmp_path / "index.html").read_text(encoding="utf-8")

    def test_a_folder_that_cannot_be_made_is_bad_input(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        result = CliRunner().invoke(main, ["report", "--out", str(tmp_path / "file" / "report")])
        assert result.exit_code == 3
        assert result.stdout == ""
        assert "Not a directory" in result.stderr
        assert str(tmp_path / "file") in result.stderr

    def test_a_missing_extra_ends_with_the_pip_line(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(writing, "find_spec", lambda name: None if name == "typst" else object())
        result = CliRunner().invoke(main, ["report", "--out", str(tmp_path / "new")])
        assert result.exit_code == 2
        assert result.stderr.strip().endswith("pip install 'tradebreaks[report]'.")
        assert not (tmp_path / "new").exists()

    def test_an_unknown_evidence_is_wrong_usage(self, tmp_path: Path) -> None:
        result = CliRunner().invoke(main, ["report", "--out", str(tmp_path), "--evidence", "some"])
        assert result.exit_code == 2
        assert result.stdout == ""
