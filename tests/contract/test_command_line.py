"""What a command prints: one document, the same bytes every time, warnings on stderr."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from analysis.domain import SHAPES
from service.cli import main

MONTHS = [f"{2010 + k // 12}-{k % 12 + 1:02d}" for k in range(96)]
FALL = MONTHS.index("2014-07")

Run = Callable[..., Result]


@pytest.fixture
def own(tmp_path: Path) -> list[str]:
    """Options naming a series that halves in July 2014, and the event of that month."""
    wiggle = [((37 * k) % 11 - 5) / 100 for k in range(96)]
    values = [(100.0 if k < FALL else 50.0) * (1 + wiggle[k]) for k in range(96)]
    rows = [f"{month},{value:.2f}" for month, value in zip(MONTHS, values, strict=True)]
    csv, events = tmp_path / "own.csv", tmp_path / "events.csv"
    csv.write_text("period,value\n" + "\n".join(reversed(rows)) + "\n")
    events.write_text("id,title,effective\nban,Ban on ore,2014-07-01\n")
    return ["--csv", str(csv), "--events", str(events)]


@pytest.fixture
def run() -> Run:
    return lambda *arguments: CliRunner().invoke(main, list(arguments))


COMMANDS = {
    "breaks": ("breaks",),
    "intervene": ("intervene",),
    "attribute": ("attribute", "--from", "2013", "--to", "2015"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_json_is_one_document_and_text_is_another(command: str, own: list[str], run: Run) -> None:
    as_json = run(*COMMANDS[command], *own, "--json")
    assert as_json.exit_code == 0, as_json.stderr
    record = json.loads(as_json.stdout)
    assert {"estimand", "assumptions", "record_id", "stored", "url"} <= set(record)
    as_text = run(*COMMANDS[command], *own)
    assert as_text.exit_code == 0
    assert "ban" in as_text.stdout.lower()
    assert not as_text.stdout.lstrip().startswith("{")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_same_command_twice_gives_the_same_bytes(command: str, own: list[str]) -> None:
    line = [sys.executable, "-m", "service.cli", *COMMANDS[command], *own, "--json"]
    first, second = (subprocess.run(line, capture_output=True, check=True).stdout for _ in range(2))
    assert len(first) > 500
    assert first == second


def test_the_break_is_found_where_it_was_made(own: list[str], run: Run) -> None:
    record = json.loads(run("breaks", *own, "--json").stdout)
    assert [found["first_after"] for found in record["breaks"]] == ["2014-07"]
    assert record["breaks"][0]["events"][0]["event_id"] == "ban"


def test_a_level_scale_that_was_chosen_is_said_on_stderr(tmp_path: Path, run: Run) -> None:
    rows = [f"{month},{(37 * k) % 11 - 5}" for k, month in enumerate(MONTHS)]
    csv, events = tmp_path / "own.csv", tmp_path / "events.csv"
    csv.write_text("period,value\n" + "\n".join(rows) + "\n")
    events.write_text("id,title,effective\nban,Ban,2014-07-01\n")
    result = run("intervene", "--csv", str(csv), "--events", str(events), "--json")
    assert result.exit_code == 0, result.stderr
    assert "level scale" in result.stderr
    assert json.loads(result.stdout)["model"]["scale"] == "level"


def test_help_names_every_command(run: Run) -> None:
    result = run("--help")
    assert result.exit_code == 0
    for name in main.commands:
        assert f"  {name} " in result.stdout


@pytest.mark.parametrize("name", ["series", "events"])
def test_the_catalogue_is_listed(name: str, run: Run) -> None:
    rows = json.loads(run(name, "--json").stdout)[name]
    ids = [row["id"] for row in rows]
    assert {"series": "dprk.total.a", "events": "unscr_2371"}[name] in ids
    shown = run(name).stdout
    assert all(one in shown for one in ids)
    single = run(name, ids[0], "--json")
    assert json.loads(single.stdout)["id"] == ids[0]
    assert ids[0] in run(name, ids[0]).stdout


def test_unverified_fields_of_an_event_are_marked(run: Run) -> None:
    record = json.loads(run("events", "unscr_2397", "--json").stdout)
    assert record["unverified"]
    lines = run("events", "unscr_2397").stdout.splitlines()
    for name in record["unverified"]:
        assert (
            any(line.startswith(f"{name}:") and "(unverified)" in line for line in lines) or name in lines[-1]
        )


def test_the_data_package_passes_its_check(run: Run) -> None:
    result = run("data", "check", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)


def test_a_variant_of_a_series_can_be_asked_for(run: Run) -> None:
    plain = json.loads(run("series", "dprk.total.a", "--json").stdout)
    without = json.loads(run("series", "dprk.total.a:kaesong=excluded", "--json").stdout)
    year = {"period": "2015"}
    whole, part = (
        next(o["value"] for o in record["observations"] if o["period"] == year["period"])
        for record in (plain, without)
    )
    assert part < whole


def test_methods_say_when_not_to_use_them(run: Run) -> None:
    listed = json.loads(run("methods", "--json").stdout)["methods"]
    shown = run("methods").stdout
    for one in listed:
        assert one["id"] in shown
        record = json.loads(run("methods", one["id"], "--json").stdout)
        assert record == one
        text = run("methods", one["id"]).stdout
        assert record["not_when"]
        assert all(reason in text for reason in record["not_when"])
    unknown = run("methods", "nonsense")
    assert unknown.exit_code == 4
    assert unknown.stdout == ""
    assert "accounting" in unknown.stderr


@pytest.mark.parametrize("command", ["intervene", "attribute"])
def test_help_explains_every_shape_and_column_of_an_event_table(run, command):
    text = run(command, "--help").output
    for word in (*SHAPES, "effective", "end", "lead", "group", "--shape"):
        assert word in text
