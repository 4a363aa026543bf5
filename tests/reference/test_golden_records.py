"""The golden records: what the engine answers to three fixed questions on fixed observations.

A cited number may not change in silence. If one of these tests fails because the estimation was changed on
purpose, raise ENGINE in analysis/domain/engine.py and write the records anew with `make golden`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.domain import rounded
from analysis.domain.engine import ENGINE
from service.questions import REQUESTS, Question
from service.validation import read_model

GOLDEN = Path(__file__).parent / "data" / "golden_records.json"

TOLERANCE = 1e-9
"""What two installations of the same engine may differ by (design: equal within 1e-9)."""

REMEDY = "the engine answers differently: raise ENGINE in analysis/domain/engine.py and run make golden"

OBSERVATIONS = [
    {
        "period": f"{2000 + k // 4}-Q{k % 4 + 1}",
        "value": round((120 if k < 40 else 70) * (1 + 0.05 * (k % 4)) + (29 * k * k) % 17 - 8, 3),
    }
    for k in range(72)
]
EVENTS = [
    {"id": "first_ban", "title": "First ban", "effective": "2010-01-01"},
    {"id": "second_ban", "title": "Second ban", "effective": "2010-02-15"},
    {"id": "closure", "title": "Closure", "effective": "2015-07-01", "end": "2015-12-31"},
]
BODIES: dict[str, dict[str, Any]] = {
    "breaks": {"observations": OBSERVATIONS},
    "interventions": {"observations": OBSERVATIONS, "events": EVENTS},
    "attribution": {
        "observations": OBSERVATIONS,
        "events": EVENTS,
        "from": "2008",
        "to": "2012",
        "options": {"evidence": "none"},
    },
}


def question(kind: str) -> Question:
    return Question.of(kind, read_model(REQUESTS[kind], BODIES[kind]))


def numbers(value: Any, path: str = "") -> dict[str, Any]:
    """Return every leaf of a document by its path."""
    if isinstance(value, dict):
        return {k: v for key, item in value.items() for k, v in numbers(item, f"{path}/{key}").items()}
    if isinstance(value, list):
        return {k: v for n, item in enumerate(value) for k, v in numbers(item, f"{path}/{n}").items()}
    return {path: value}


def test_the_golden_records_are_those_of_this_engine() -> None:
    assert json.loads(GOLDEN.read_text(encoding="utf-8"))["engine"] == ENGINE, REMEDY


@pytest.mark.parametrize("kind", BODIES)
def test_the_engine_answers_as_before(kind: str) -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))["records"][kind]
    asked = question(kind)
    assert asked.record_id == golden["record_id"], "the canonical form of a question changed"
    stored, found = numbers(golden["answer"]), numbers(rounded(asked.answer()))
    assert found.keys() == stored.keys(), REMEDY
    for path, value in stored.items():
        if isinstance(value, float):
            assert found[path] == pytest.approx(value, rel=TOLERANCE, abs=TOLERANCE), f"{path}: {REMEDY}"
        else:
            assert found[path] == value, f"{path}: {REMEDY}"


def write() -> None:
    """Write the golden records anew."""
    records = {
        kind: {"record_id": question(kind).record_id, "answer": rounded(question(kind).answer())}
        for kind in BODIES
    }
    GOLDEN.write_text(
        json.dumps({"engine": ENGINE, "records": records}, ensure_ascii=False, indent=1) + "\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    write()
