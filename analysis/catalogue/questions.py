"""Questions that the first page answers or offers, as ``questions.yaml`` holds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis.catalogue.package import Package
from analysis.errors import DataPackageError

QUESTION_FILE = "questions.yaml"
_KEYS = {"label": "label", "title": "title", "series": "series", "from": "start", "to": "end"}


@dataclass(frozen=True, slots=True)
class Question:
    """A change that readers ask about.

    Attributes
    ----------
    label : str
        A link to it.
    title : str
        The question in words.
    series : str
    start, end : str
        Windows.
    """

    label: str
    title: str
    series: str
    start: str
    end: str


def read_questions(package: Package) -> tuple[Question, ...]:
    """Read ``questions.yaml``.

    Raises
    ------
    DataPackageError
        If the package asks nothing, or naming the entry that is wrong.
    """
    entries = package.yaml(QUESTION_FILE).get("questions") or []
    if not entries:
        raise DataPackageError(f"{QUESTION_FILE}: at least one question is expected")
    return tuple(_question(entry, number) for number, entry in enumerate(entries, start=1))


def _question(entry: Any, number: int) -> Question:
    if not isinstance(entry, dict) or sorted(entry) != sorted(_KEYS):
        raise DataPackageError(
            f"{QUESTION_FILE}: entry {number}: a mapping with {', '.join(_KEYS)} is expected"
        )
    return Question(**{field: str(entry[key]) for key, field in _KEYS.items()})
