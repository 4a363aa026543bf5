"""Pages of numbers are as new as the engine; that of the referee answers every objection with some."""

import re
from pathlib import Path

import pytest

from analysis.domain.engine import ENGINE

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "referee.md"
MADE = {"referee.md": "make referee", "doubts.md": "make doubts", "corrections.md": "make corrections-moved"}


@pytest.mark.parametrize("name", MADE)
def test_the_numbers_are_of_this_engine(name):
    stated = re.search(r"^Engine (\d+)\.$", (DOCS / name).read_text(encoding="utf-8"), re.MULTILINE)
    assert stated is not None
    assert int(stated[1]) == ENGINE, f"run {MADE[name]}"


def test_every_objection_has_numbers_and_says_what_would_change_our_mind():
    sections = PAGE.read_text(encoding="utf-8").split("\n## ")[1:]
    assert [int(section.split(".")[0]) for section in sections] == list(range(1, 10))
    for section in sections:
        assert "*What would change our mind:*" in section
        table = [line for line in section.splitlines() if line.startswith("|")][2:]
        assert table, section[:40]
        assert any(re.search(r"\d", line) for line in table)
