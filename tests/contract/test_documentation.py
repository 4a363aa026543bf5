"""docs/ says what the code does: commands, exit codes, settings, addresses, problem types."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import click
import pytest

from analysis import errors
from analysis.cli.shell import INTERRUPTED
from service import errors as service_errors
from service.app import create_app
from service.cli import main
from service.problems import HTTP_PROBLEMS, KNOWN_PROBLEMS, LIBRARY_PROBLEMS, UNEXPECTED
from service.settings import DATA_VARIABLE, PREFIX, Settings

DOCS = Path(__file__).parents[2] / "docs"


def rows(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table after a header row that starts with `heading`."""
    lines = (DOCS / page).read_text(encoding="utf-8").splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    table = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        table.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
    return table


def commands(group: click.Group, before: str = "") -> set[str]:
    """Return the names of all commands of a group, those of groups inside it joined by a space."""
    names: set[str] = set()
    for name, command in group.commands.items():
        names |= commands(command, f"{name} ") if isinstance(command, click.Group) else {before + name}
    return names


def test_commands() -> None:
    assert {row[0] for row in rows("command-line.md", "command")} == commands(main)


def test_exit_codes() -> None:
    raised = {error.exit_code for error in LIBRARY_PROBLEMS} | {0, INTERRUPTED}
    assert {int(row[0]) for row in rows("command-line.md", "exit code")} == raised


def test_settings() -> None:
    documented = {row[0]: row[1] for row in rows("service.md", "variable")}
    own = {PREFIX + field.name.upper(): str(field.default) for field in fields(Settings)}
    assert documented == {**own, DATA_VARIABLE: "as shipped"}


def test_addresses() -> None:
    documented = {row[0] for row in rows("service.md", "address")}
    served = {
        f"{method} {rule.rule}"
        for rule in create_app(Settings()).url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith("/static")
    }
    assert documented == served


def test_problem_types() -> None:
    documented = {row[0]: (int(row[1]), row[2]) for row in rows("service.md", "type")}
    raised = {error.slug: (error.http_status, str(error.exit_code)) for error in KNOWN_PROBLEMS}
    named = {slug: (status, "") for status, (slug, _) in HTTP_PROBLEMS.items()}
    assert documented == {**named, UNEXPECTED[0]: (500, ""), **raised}


def test_every_error_class_is_a_documented_problem() -> None:
    classes = {
        value
        for module in (errors, service_errors)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, errors.TradebreaksError)
    }
    assert classes - {errors.TradebreaksError} == set(KNOWN_PROBLEMS)


@pytest.mark.parametrize(
    ("environment", "words"),
    [({"TRADEBREAKS_THREAD": "4"}, "no setting"), ({"TRADEBREAKS_THREADS": "many"}, "above 0")],
)
def test_a_setting_that_cannot_be_read_is_refused(environment: dict[str, str], words: str) -> None:
    with pytest.raises(errors.UsageError, match=re.escape(words)):
        Settings.from_environment(environment)


def test_settings_come_from_the_environment() -> None:
    assert Settings.from_environment(
        {"TRADEBREAKS_THREADS": "30", DATA_VARIABLE: "/data", "HOME": "/"}
    ) == Settings(threads=30)


def test_a_picture_of_every_page_is_in_the_documentation() -> None:
    picture = DOCS / "pages.jpg"
    assert picture.read_bytes().startswith(b"\xff\xd8")
    assert picture.stat().st_size < 400_000
    assert "pages.jpg" in (DOCS / "service.md").read_text(encoding="utf-8")
