"""The first page: the first question of the data package, answered; the others are links."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.catalogue import Question
from analysis.reporting.headline import Headline
from service.answers import Answers
from service.views.explorer import Explored, explored
from service.views.queries import PageQuery


@dataclass(frozen=True, slots=True)
class Preset:
    """A question that readers ask first, and the query string that asks it."""

    label: str
    query: str


def overview(answers: Answers) -> Explored:
    """Answer the first question."""
    return explored(answers, _query(_questions()[0]))


def first_headline(answers: Answers) -> Headline:
    """Return the first answer as the server prints it."""
    return overview(answers).headline


def warm(answers: Answers) -> None:
    """Answer the other questions, one after the other, so that their links are quick."""
    for question in _questions()[1:]:
        explored(answers, _query(question))


def presets() -> tuple[Preset, ...]:
    """Return the questions as links."""
    return tuple(Preset(question.label, _query(question).query()) for question in _questions())


def _questions() -> tuple[Question, ...]:
    from analysis import catalogue

    return catalogue.questions()


def _query(question: Question) -> PageQuery:
    return PageQuery.model_validate({"series": question.series, "from": question.start, "to": question.end})
