"""What is said of one frequency is said of all: a table by frequency has a row for each."""

import ast
from pathlib import Path
from typing import get_args

import pytest

from analysis.domain.periods import Frequency

ROOT = Path(__file__).parents[2]
PARTIAL = {
    "analysis/attribution/result.py:ANNUALISE": "read with get: sums a year of days and weeks are not shown",
    "analysis/reading/totals.py:least": "read with get: running totals are of months or quarters",
    "analysis/domain/seasons.py:CLASSES": "annual figures have no season",
    "analysis/domain/observations.py:STATUSES": "letters of statuses, not of frequencies",
}
"""Tables that leave frequencies out, with the reason."""


def tables() -> dict[str, set[str]]:
    """Return the keys of every table by frequency, by file and name."""
    letters, found = set(get_args(Frequency)), {}
    for room in ("analysis", "service"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                target = getattr(node, "target", None) or next(iter(getattr(node, "targets", ())), None)
                if not isinstance(target, ast.Name):
                    continue
                for table in ast.walk(node):
                    if not isinstance(table, ast.Dict):
                        continue
                    keys = {key.value for key in table.keys if isinstance(key, ast.Constant)}
                    if "M" in keys and len(keys & letters) > 1 and keys <= letters | {"E", "P", "B"}:
                        found[f"{path.relative_to(ROOT).as_posix()}:{target.id}"] = keys
    return found


def test_every_table_by_frequency_has_all_of_them() -> None:
    found = tables()
    assert len(found) > 10, "the walk sees the tables"
    lacking = {name for name, keys in found.items() if not set(get_args(Frequency)) <= keys}
    assert lacking == set(PARTIAL)


@pytest.mark.parametrize("name", PARTIAL)
def test_an_exception_is_one_still(name: str) -> None:
    assert name in tables()
