"""The first page, and the headlines that the server prints: gathered from answers that the API gives too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from analysis.domain import TradeSeries
from analysis.reporting.headline import CAVEATS, QUESTIONS, Headline, Question
from service.answers import Answers
from service.views.charts import names
from service.views.queries import PageQuery


@dataclass(frozen=True, slots=True)
class Section:
    """One question of the overview, answered; `names` holds the short name of each event."""

    series: TradeSeries
    query: PageQuery
    headline: Headline
    attribution: dict[str, Any]
    breaks: dict[str, Any]
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class Overview:
    """The first page."""

    sections: tuple[Section, ...]
    caveats: tuple[str, ...]
    data_digest: str


def overview(answers: Answers) -> Overview:
    """Answer the headline questions."""
    from analysis import catalogue

    return Overview(
        sections=tuple(_section(answers, question) for question in QUESTIONS),
        caveats=CAVEATS,
        data_digest=catalogue.data_digest(),
    )


def headlines(answers: Answers) -> Iterator[Headline]:
    """Answer the headline questions one by one, without breaks and charts."""
    return (_headline(answers, question)[0] for question in QUESTIONS)


def _query(question: Question) -> PageQuery:
    return PageQuery.model_validate({"series": question.series, "from": question.start, "to": question.end})


def _headline(answers: Answers, question: Question) -> tuple[Headline, TradeSeries, dict[str, Any]]:
    from analysis import catalogue

    series = catalogue.series(question.series)
    record = answers.attribution(_query(question).attribution()).record
    return Headline.of(record, series.title, catalogue.events(series)), series, record


def _section(answers: Answers, question: Question) -> Section:
    headline, series, record = _headline(answers, question)
    query = _query(question)
    return Section(
        series=series,
        query=query,
        headline=headline,
        attribution=record,
        breaks=answers.breaks(query.breaks()).record,
        names=names(),
    )
