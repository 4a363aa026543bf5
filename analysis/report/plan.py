"""What a report asks: which series, changes, spans, statements and dossiers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """A change that the report divides.

    Attributes
    ----------
    series, start, end : str
    evidence : bool
        Whether refits speak for or against it.
    """

    series: str
    start: str
    end: str
    evidence: bool = False

    @property
    def id(self) -> str:
        """Name for files."""
        return f"{self.series}.{self.start}-{self.end}"


@dataclass(frozen=True, slots=True)
class Span:
    """A loss cumulated over a span, under the fit of a question."""

    series: str
    start: str
    end: str
    window: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The contents of a report.

    Attributes
    ----------
    series : tuple of str
        Shown with chart, quality and breaks.
    searched : tuple of str or None
        Series of the table of breaks; all of the catalogue if None.
    questions : tuple of Question
    years : tuple of (str, int, int)
        Series, first and last year of a change year by year.
    spans : tuple of Span
    claims : tuple of str
        Ids; all if empty.
    dossiers : tuple of str
        Events.
    """

    series: tuple[str, ...]
    searched: tuple[str, ...] | None
    questions: tuple[Question, ...]
    years: tuple[tuple[str, int, int], ...]
    spans: tuple[Span, ...]
    claims: tuple[str, ...]
    dossiers: tuple[str, ...]


PLAN = Plan(
    series=("dprk.total.a", "dprk.exports.china.m", "dprk.imports.china.m", "interkorean.total.a"),
    searched=None,
    questions=(
        Question("dprk.total.a", "2014", "2018", evidence=True),
        Question("dprk.total.a", "2015", "2016"),
        Question("dprk.total.a", "2016", "2017"),
        Question("dprk.total.a", "2018", "2019"),
        Question("dprk.total.a", "2019", "2020"),
        Question("dprk.exports.china.m", "2016", "2018", evidence=True),
        Question("dprk.imports.china.m", "2016", "2018", evidence=True),
    ),
    years=(("dprk.total.a", 2014, 2020),),
    spans=(Span("dprk.exports.china.m", "2016", "2018", "2017-03..2019-12"),),
    claims=(),
    dossiers=(
        "unscr_2270",
        "unscr_2321",
        "unscr_2371",
        "unscr_2375",
        "unscr_2397",
        "covid_border_closure",
        "kic_closure_2016",
    ),
)
"""The full report on the embedded data."""
