"""The explorer and the page of one attribution: a question, its answer, what speaks for and against it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis.attribution.windows import years
from analysis.catalogue import Question, SeriesEntry
from analysis.domain import EventTable, TradeSeries
from analysis.domain.periods import FREQUENCY_NAMES
from analysis.errors import TradebreaksError
from analysis.reporting.headline import CAVEATS, Headline, window_words
from service.answers import Answers
from service.views.charts import names
from service.views.queries import VINTAGES, PageQuery


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a list in the form."""

    value: str
    words: str


@dataclass(frozen=True, slots=True)
class Explored:
    """A question with its answer.

    Attributes
    ----------
    query : PageQuery
    series : TradeSeries
    headline : Headline
    record : dict
        Of the attribution.
    design : EventTable
        Events that the recipe lists, those left out included.
    names : dict
        Short name of every event.
    title : str
        The question, as the data package words it, or series and windows.
    years : tuple of int
        What a window can be.
    data : str
        Digest of the data package.
    """

    query: PageQuery
    series: TradeSeries
    headline: Headline
    record: dict[str, Any]
    design: EventTable
    names: dict[str, str]
    title: str
    years: tuple[int, ...]
    data: str

    @property
    def caveats(self) -> tuple[str, ...]:
        """What holds of every answer."""
        return CAVEATS

    @property
    def said(self) -> tuple[str, ...]:
        """The answer in sentences, the share first."""
        return tuple(text for text in (self.headline.lead, *self.headline.sentences()) if text)

    @property
    def copied(self) -> str:
        """The answer with where it is from, for a text."""
        return f"{' '.join(self.said)} (tradebreaks, data package {self.data[:12]}; {self.query.again()})"


def explored(answers: Answers, query: PageQuery) -> Explored:
    """Answer the question of a page.

    Raises
    ------
    TradebreaksError
        As the library does.
    """
    from analysis import catalogue

    series = catalogue.series(query.series, vintage=query.vintage)
    design = catalogue.events(series)
    record = answers.attribution(query.attribution()).record
    headline = Headline.of(record, series.title, design)
    return Explored(
        query,
        series,
        headline,
        record,
        design,
        names(),
        titled(query),
        years(series),
        catalogue.data_digest(),
    )


def titled(query: PageQuery) -> str:
    """Return the question in words: as the data package has it, or series and windows."""
    from analysis import catalogue

    worded = next((q for q in catalogue.questions() if _asks(query, q)), None)
    if worded:
        return worded.title
    return f"{catalogue.series(query.series, vintage=query.vintage).title}, {_windows(query)}"


def _windows(query: PageQuery) -> str:
    return f"{window_words(query.start)} to {window_words(query.end)}"


def _asks(query: PageQuery, question: Question) -> bool:
    """Return whether a page asks a question of the data package, by whichever method."""
    return (query.series, query.start, query.end) == (question.series, question.start, question.end)


def asked(query: PageQuery) -> tuple[TradeSeries | None, EventTable, TradebreaksError | None]:
    """Return series and design of a question that may be wrong, and what is wrong with them."""
    from analysis import catalogue

    try:
        series = catalogue.series(query.series, vintage=query.vintage)
        return series, catalogue.events(series), None
    except TradebreaksError as error:
        return None, EventTable(()), error


def series_choices() -> dict[str, list[Choice]]:
    """Return every series with its variants, by group."""
    from analysis import catalogue

    found: dict[str, list[Choice]] = {}
    for entry in catalogue.listing():
        found.setdefault(entry.group, []).extend(_with_variants(entry))
    return found


def _with_variants(entry: SeriesEntry) -> list[Choice]:
    plain = Choice(entry.id, f"{entry.title} ({FREQUENCY_NAMES[entry.frequency]}, {entry.unit})")
    return [
        plain,
        *(
            Choice(f"{entry.id}:{variant}", f"{entry.title}: {variant.replace('=', ' ')}")
            for variant in entry.variants
        ),
    ]


CHOICES: dict[str, tuple[Choice, ...]] = {
    "vintage": tuple(Choice(value, words) for value, words in VINTAGES.items()),
    "scale": (
        Choice("", "by the rule (log if every value is above zero)"),
        Choice("log", "log"),
        Choice("level", "level"),
    ),
    "trend": (
        Choice("local", "local: its slope may change every period"),
        Choice("linear", "linear"),
        Choice("none", "none"),
    ),
    "clock": (
        Choice("all", "all three datings, weighted"),
        Choice("full", "first full month in force"),
        Choice("ramp", "rising from the first partial month"),
        Choice("adopted", "day of adoption"),
    ),
    "evidence": (
        Choice("none", "none (fastest)"),
        Choice("basic", "basic: leave one out, changes before the events"),
        Choice("full", "full: placebos and specification curve too (up to two minutes)"),
    ),
    "lens": (
        Choice("all", "all three"),
        Choice("timing", "timing: dated events"),
        Choice("accounting", "accounting: products and partners"),
        Choice("comparison", "comparison: other economies"),
    ),
    "marks": (
        Choice("design", "those of the design"),
        Choice("all", "all of the event table"),
        Choice("none", "none"),
    ),
}
"""What the lists of the form offer, the default first."""
