"""The report on a series of one's own: its true change, its words, every file that is named."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pypdf import PdfReader

from service.cli import main

LEVELS = [(100 if year < 2010 else 60) + (37 * year) % 11 / 10 for year in range(1990, 2024)]
FORBIDDEN = ("North Korea", "dollar", "nominal", "sanction", "KOTRA", "resolution")


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    here = tmp_path_factory.mktemp("own")
    rows = "".join(f"{1990 + k},{value}\n" for k, value in enumerate(LEVELS))
    (here / "fish.csv").write_text(f"year,catch\n{rows}", encoding="utf-8")
    (here / "events.csv").write_text("begin,name\n2010,Quota\n", encoding="utf-8")
    named = ["--title", "The catch of Ruritania", "--unit", "tonnes", "--evidence", "none"]
    return ["--csv", str(here / "fish.csv"), "--events", str(here / "events.csv"), *named]


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["report", *words])


def test_page_document_tables_and_record_say_the_same_of_the_series(asked: list[str], tmp_path: Path) -> None:
    out = tmp_path / "mine"
    ran = run(*asked, "--from", "2005..2009", "--to", "2015..2019", "--out", str(out), "--json")
    assert ran.exit_code == 0, ran.stderr
    files = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert files == set(json.loads(ran.stdout)["files"])
    assert {"index.html", "report.pdf", "report.json", "charts/series.svg", "tables/change.csv"} <= files
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "was read as an annual series" in page
    assert "tonnes a year in The catch of Ruritania from 2005 to 2009" in page.replace("–", " to ")
    text = page + "".join(leaf.extract_text() for leaf in PdfReader(out / "report.pdf").pages)
    for words in FORBIDDEN:
        assert words not in text, words
    record = json.loads((out / "report.json").read_text(encoding="utf-8"))
    change = record["attribution"]["change"]["absolute"]
    assert change == pytest.approx(sum(LEVELS[25:30]) / 5 - sum(LEVELS[15:20]) / 5)
    assert [one["last_before"] for one in record["breaks"]["breaks"]] == ["2009"]
    with (out / "tables/change.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["came with"]: row for row in csv.DictReader(file)}
    assert float(rows["Quota"]["lower"]) < -40 < float(rows["Quota"]["upper"])
    assert float(rows["Change"]["a year"]) == pytest.approx(change)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--events", "events.csv"], "--events belongs to the report on your own series"),
        (["--from", "2015"], "--from belongs to the report on your own series"),
        (["--csv", "fish.csv", "--from", "2015"], "give --events, --from and --to"),
    ],
)
def test_options_that_do_not_go_together_are_named(words: list[str], message: str) -> None:
    ran = run(*words)
    assert ran.exit_code == 2
    assert message in ran.stderr
