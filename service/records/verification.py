"""Compute a record anew and say whether it still holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from analysis import __version__
from analysis.errors import TradebreaksError
from service.questions import Question, canonical
from service.store import Record

Verdict = Literal["identical", "equal", "differs"]

TOLERANCE = 1e-9
"""Relative difference, absolute below 1, up to which two installations give the same number."""

MOST_DIFFERENCES = 10


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that is not what was stored.

    Attributes
    ----------
    pointer : str
        JSON pointer into the answer.
    stored, computed : Any
        None also where one side has no such place.
    """

    pointer: str
    stored: Any
    computed: Any


@dataclass(frozen=True, slots=True)
class Verification:
    """What came out of computing a record anew.

    Attributes
    ----------
    record_id : str
    verdict : Verdict
        ``identical`` (the same bytes), ``equal`` (every number within `TOLERANCE`) or ``differs``.
    reasons : tuple of str
        What is not as it was: engine, data, events; why it could not be computed.
    differences : tuple of Difference
        The first few.
    largest : float or None
        Largest relative difference of a number; None if nothing could be compared.
    """

    record_id: str
    verdict: Verdict
    reasons: tuple[str, ...]
    differences: tuple[Difference, ...]
    largest: float | None

    def to_record(self) -> dict[str, Any]:
        """Return the verification as JSON-ready values."""
        return {
            "record_id": self.record_id,
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "differences": [
                {"pointer": d.pointer, "stored": d.stored, "computed": d.computed} for d in self.differences
            ],
            "largest_relative_difference": self.largest,
            "tolerance": TOLERANCE,
            "software": __version__,
        }

    def sentences(self) -> list[str]:
        """Return the verification in words."""
        words = {
            "identical": "computed anew, it is the same to the last byte",
            "equal": f"computed anew, every number is within {TOLERANCE:g} of the one stored",
            "differs": "computed anew, it is not the same",
        }
        lines = [f"Record {self.record_id}: {self.verdict} ({words[self.verdict]})."]
        lines += [f"{reason[:1].upper()}{reason[1:]}." for reason in self.reasons]
        lines += [f"{d.pointer}: stored {d.stored}, computed {d.computed}" for d in self.differences]
        return lines


def verify(record: Record, compute: Callable[[Question], dict[str, Any]]) -> Verification:
    """Compute the question of `record` anew with this software and these data.

    Parameters
    ----------
    record : Record
    compute : callable
        Returns the answer to a question.
    """
    inputs = json.loads(record.inputs)
    question = Question.from_record(record.kind, inputs["question"])
    reasons: list[str] = []
    try:
        reasons += _changed(inputs, question.inputs)
        answer = {**compute(question), "record_id": None, "stored": False, "url": None}
    except TradebreaksError as error:
        return Verification(
            record.id, "differs", (*reasons, f"it cannot be computed: {error.message}"), (), None
        )
    body = canonical(answer)
    if body == record.answer:
        return Verification(record.id, "identical", tuple(reasons), (), 0.0)
    found = list(_compare(json.loads(record.answer), json.loads(body), ""))
    largest = max((d.relative for d in found if d.relative is not None), default=0.0)
    beyond = [d for d in found if d.relative is None or d.relative > TOLERANCE]
    if not beyond:
        return Verification(record.id, "equal", tuple(reasons), (), largest)
    if not reasons:
        reasons.append(
            "engine, question and data are those of the record: the software or the installation is another"
            f" (the record was computed by version {record.software}, this is {__version__})"
        )
    shown = tuple(Difference(d.pointer, d.stored, d.computed) for d in beyond[:MOST_DIFFERENCES])
    return Verification(record.id, "differs", tuple(reasons), shown, largest)


@dataclass(frozen=True, slots=True)
class _Compared:
    pointer: str
    stored: Any
    computed: Any
    relative: float | None


def _changed(stored: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    found = []
    if stored["engine"] != now["engine"]:
        found.append(f"the record was computed by engine {stored['engine']}, this is engine {now['engine']}")
    names = {
        "data": "data package",
        "series": "series",
        "events": "event table",
        "corrections": "list of corrections",
    }
    for key, name in names.items():
        before, after = stored["digests"].get(key), now["digests"].get(key)
        if before != after:
            found.append(f"the {name} is another one (then {_short(before)}, now {_short(after)})")
    return found


def _short(digest: str | None) -> str:
    return "none" if digest is None else digest.removeprefix("sha256:")[:12]


def _compare(stored: Any, computed: Any, pointer: str) -> Iterator[_Compared]:
    """Yield every place where two documents differ."""
    if isinstance(stored, dict) and isinstance(computed, dict):
        for key in sorted(stored.keys() | computed.keys()):
            step = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
            if key in stored and key in computed:
                yield from _compare(stored[key], computed[key], step)
            else:
                yield _Compared(step, stored.get(key), computed.get(key), None)
    elif isinstance(stored, list) and isinstance(computed, list):
        if len(stored) != len(computed):
            yield _Compared(pointer, f"{len(stored)} items", f"{len(computed)} items", None)
        for number, (a, b) in enumerate(zip(stored, computed, strict=False)):
            yield from _compare(a, b, f"{pointer}/{number}")
    elif _is_number(stored) and _is_number(computed):
        if stored != computed:
            relative = abs(stored - computed) / max(1.0, abs(stored), abs(computed))
            yield _Compared(pointer, stored, computed, relative)
    elif stored != computed:
        yield _Compared(pointer, stored, computed, None)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
