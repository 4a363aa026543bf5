"""The page for the referee is as new as the engine, and answers every objection with numbers."""

import re
from pathlib import Path

from analysis.domain.engine import ENGINE

PAGE = Path(__file__).parents[2] / "docs" / "referee.md"


def test_the_numbers_are_of_this_engine():
    stated = re.search(r"^Engine (\d+)\.$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert stated is not None
    assert int(stated[1]) == ENGINE, "run make referee"


def test_every_objection_has_numbers_and_says_what_would_change_our_mind():
    sections = PAGE.read_text(encoding="utf-8").split("\n## ")[1:]
    assert [int(section.split(".")[0]) for section in sections] == list(range(1, 10))
    for section in sections:
        assert "*What would change our mind:*" in section
        table = [line for line in section.splitlines() if line.startswith("|")][2:]
        assert table, section[:40]
        assert any(re.search(r"\d", line) for line in table)
