"""deploy/ says what the code does: settings, command, user; the pages of the operator name what there is."""

from __future__ import annotations

import re
import shlex
from configparser import ConfigParser
from pathlib import Path

import click
import pytest

from service.cli import main
from service.settings import DATA_VARIABLE, PREFIX, Settings

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy/service/Dockerfile").read_text(encoding="utf-8")
EVERY_ADDRESS = "0.0.0.0"  # noqa: S104  # inside a container, whose port is published or not
UNIT = ROOT / "deploy/service/tradebreaks.service"


def instructions(name: str) -> list[str]:
    """Return the arguments of every instruction of that name, continuation lines joined."""
    joined = DOCKERFILE.replace("\\\n", " ")
    return [line.removeprefix(f"{name} ") for line in joined.splitlines() if line.startswith(f"{name} ")]


def served(arguments: list[str]) -> dict[str, object]:
    """Return the options of a command line that serves."""
    assert arguments[1] == "serve"
    serve = main.commands["serve"]
    return serve.make_context("serve", arguments[2:], resilient_parsing=False).params


def test_the_image_is_named_without_a_registry_and_runs_without_privileges() -> None:
    assert instructions("FROM") == ["python:3.13-slim AS build", "python:3.13-slim"]
    assert "://" not in DOCKERFILE.replace("http://127.0.0.1", "").replace("sqlite://", "")
    assert instructions("USER") == ["10001"]
    assert DOCKERFILE.index("\nUSER ") < DOCKERFILE.index("\nCMD ")


def test_the_image_installs_hashed_pins_only() -> None:
    installs = re.findall(r"pip install ([^&\n]*)", " ".join(instructions("RUN")))
    assert len(installs) == 3
    for install in installs:
        assert "--no-deps" in install
        assert "--require-hashes" in install or "--no-index" in install


def test_what_the_image_copies_is_there_and_enough_for_the_wheel() -> None:
    copied = {name for line in instructions("COPY") if "--from" not in line for name in line.split()[:-1]}
    for name in copied:
        assert (ROOT / name).exists(), name
    assert {"analysis", "service", "data", "pyproject.toml", "README.md", "LICENSE"} <= copied


def test_the_driver_for_postgresql_is_cut_out_of_the_lock_with_its_hashes() -> None:
    keep, kept = False, []
    assert "/^[a-zA-Z]/ { keep = /^psycopg/ } keep" in DOCKERFILE
    for line in (ROOT / "requirements-test.lock").read_text().splitlines():
        if re.match("[a-zA-Z]", line):
            keep = line.startswith("psycopg")
        if keep:
            kept.append(line)
    pins = [line for line in kept if "==" in line]
    assert [re.split(r"[\[=]", pin)[0] for pin in pins] == ["psycopg", "psycopg-binary"]
    assert sum("--hash=sha256:" in line for line in kept) > len(pins)


def test_image_and_unit_start_the_service() -> None:
    (command,) = [line for line in instructions("CMD") if "serve" in line]
    assert served(re.findall(r'"([^"]*)"', command)) == {"host": EVERY_ADDRESS, "port": 8000}
    assert served(shlex.split(unit()["Service"]["ExecStart"])) == {"host": "127.0.0.1", "port": 8000}


def unit() -> ConfigParser:
    """Return the unit; of a key that is given twice, the last."""
    parser = ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    parser.read(UNIT, encoding="utf-8")
    return parser


def test_the_unit_runs_without_privileges() -> None:
    service = unit()["Service"]
    assert service["User"] == "tradebreaks"
    assert service["CapabilityBoundingSet"] == ""
    assert service["NoNewPrivileges"] == service["ProtectHome"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert f"/var/lib/{service['StateDirectory']}/" in UNIT.read_text()


@pytest.mark.parametrize(
    "page",
    [
        "deploy/service/Dockerfile",
        "deploy/service/tradebreaks.service",
        "deploy/nginx/tradebreaks.conf",
        "docs/operating.md",
        "SECURITY.md",
    ],
)
def test_every_setting_that_is_named_is_one(page: str) -> None:
    known = {PREFIX + name.upper() for name in Settings.__dataclass_fields__} | {DATA_VARIABLE}
    named = set(re.findall(rf"{PREFIX}[A-Z0-9_]+", (ROOT / page).read_text(encoding="utf-8")))
    assert named
    assert named <= known


def test_every_command_that_operators_are_told_is_one() -> None:
    page = (ROOT / "docs/operating.md").read_text(encoding="utf-8")
    told = re.findall(r"(?:\$ |`)tradebreaks ([a-z ]+)", page)
    assert len(told) > 4
    for words in told:
        command: click.Command = main
        for word in words.split():
            if isinstance(command, click.Group):
                assert word in command.commands, words
                command = command.commands[word]


def test_links_of_the_operator_s_pages_lead_somewhere() -> None:
    for page in ("docs/operating.md", "docs/service.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text(encoding="utf-8")):
            assert ((ROOT / page).parent / target).exists(), f"{page}: {target}"
