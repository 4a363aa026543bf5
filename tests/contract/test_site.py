"""The documentation builds as a site that asks no other host; its tutorial says what the commands print."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from mkdocs.commands.build import build
from mkdocs.config import load_config

from service.cli import main

ROOT = Path(__file__).parents[2]
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
FOREIGN = re.compile(r"""<(?:script|link|img|iframe)[^>]*(?:src|href)=["'](?:https?:)?//""")
LEFT_OUT = "…"


def blocks(kind: str) -> list[str]:
    """Return the text of every block of a kind, in order."""
    return [text for found, text in BLOCK.findall(TUTORIAL) if found == kind]


def test_the_site_builds_strictly_and_asks_no_other_host(tmp_path: Path) -> None:
    config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(tmp_path / "site"), strict=True)
    build(config)
    pages = sorted((tmp_path / "site").rglob("*.html"))
    assert len(pages) > 15
    for page in pages:
        assert not FOREIGN.search(page.read_text(encoding="utf-8")), page.name
    library = (tmp_path / "site" / "reference" / "library.html").read_text(encoding="utf-8")
    for name in ("find_breaks", "fit_interventions", "attribute"):
        assert f'id="analysis.{name}"' in library or re.search(rf'id="analysis\.\w+\.{name}"', library), name


def written(folder: Path) -> None:
    """Write the files that the tutorial tells to save: each CSV follows its name."""
    parts = re.split(r"(```csv\n.*?```)", TUTORIAL, flags=re.DOTALL)
    for before, block in pairwise(parts):
        if block.startswith("```csv"):
            name = re.findall(r"`(\w+\.csv)`", before)[-1]
            (folder / name).write_text(block.removeprefix("```csv\n").removesuffix("```"), encoding="utf-8")


@pytest.mark.parametrize("block", blocks("console"), ids=lambda block: block.splitlines()[0][2:40])
def test_the_tutorial_shows_what_the_command_prints(
    block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path)
    monkeypatch.chdir(tmp_path)
    command, *shown = block.splitlines()
    program, *arguments = command.removeprefix("$ ").split()
    assert program == "tradebreaks"
    printed = CliRunner().invoke(main, arguments).output.splitlines()
    position = 0
    for line in shown:
        if line == LEFT_OUT:
            continue
        start = line.removesuffix(LEFT_OUT).rstrip()
        whole = line == start
        places = [
            k
            for k, found in enumerate(printed)
            if k >= position and (found.rstrip() == line if whole else found.startswith(start))
        ]
        assert places, f"not printed, or not in this order: {line}"
        position = places[0] + 1


def test_the_tutorial_s_python_runs() -> None:
    (source,) = blocks("python")
    subprocess.run([sys.executable, "-c", source], check=True, cwd=ROOT)
