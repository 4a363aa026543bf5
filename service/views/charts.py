"""Charts of answers: each drawn once for each theme, from the same specification in every format."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from analysis.domain import EventTable, TradeSeries
from analysis.errors import CannotEstimateError, NotFoundError
from analysis.reporting.charts import (
    counterfactual_chart,
    curve_chart,
    placebo_chart,
    placebos,
    posterior_chart,
    series_chart,
    specification,
    waterfall_chart,
    with_source,
)
from analysis.reporting.headline import PERIODS_A_YEAR, Headline
from analysis.reporting.labels import event_label
from service.answers import Answers
from service.compute import tasks
from service.views.chartwords import words
from service.views.queries import PageQuery

FORMATS = {
    "svg": "image/svg+xml",
    "png": "image/png",
    "pdf": "application/pdf",
    "json": "application/json",
}
"""Media type of each suffix."""

PUBLISHERS = 3
"""How many a chart names."""


def draw(answers: Answers, kind: str, query: PageQuery, suffix: str) -> tuple[str, bytes]:
    """Draw a chart of catalogue data.

    Returns
    -------
    media type and bytes

    Raises
    ------
    NotFoundError
        If there is no such chart or format.
    CannotEstimateError
        If the answer has nothing that this chart shows.
    """
    if kind not in _KINDS:
        raise NotFoundError(f"no chart '{kind}'; there are {', '.join(_KINDS)}")
    if suffix not in FORMATS:
        raise NotFoundError(f"no format '{suffix}'; there are {', '.join(FORMATS)}")
    key = answers.key(f"chart {kind}", query.model_dump(by_alias=True))
    kept = answers.slowly(key, lambda: _sourced(answers, kind, query))
    text = json.dumps(kept.record, ensure_ascii=False)
    if suffix == "json":
        return FORMATS[suffix], text.encode("utf-8")
    drawn = answers.rendered(f"{suffix} {key}", lambda: answers.drawn(tasks.draw, suffix, text))
    return FORMATS[suffix], drawn


def _sourced(answers: Answers, kind: str, query: PageQuery) -> dict[str, Any]:
    """Return the specification of a chart with where it is from, and its sentence."""
    return with_source(
        specification(_KINDS[kind](answers, query)),
        source(query, kind),
        alt=words(answers, kind, query),
        theme=query.theme,
        size=query.size,
    )


def source(query: PageQuery, kind: str = "series") -> tuple[str, ...]:
    """Return the lines below a chart: publishers, vintage, data package, and the command or address."""
    from analysis import __version__, catalogue

    publishers = list(catalogue.describe(query.series, query.vintage).publishers)
    named = ", ".join(publishers[:PUBLISHERS])
    more = f" and {len(publishers) - PUBLISHERS} more" if len(publishers) > PUBLISHERS else ""
    return (
        f"Source: {named}{more}; {query.series}, {query.vintage_words}.",
        f"tradebreaks {__version__}, data package {catalogue.data_digest()[:12]}. Again: {query.again(kind)}",
    )


def events_shown(query: PageQuery) -> EventTable:
    """Return the events that a chart marks."""
    from analysis import catalogue

    if query.marks == "none":
        return EventTable(())
    table = catalogue.events(None if query.marks == "all" else query.series)
    return EventTable(tuple(event for event in table if event.id not in query.without))


def names() -> dict[str, str]:
    """Return the short name of every event of the catalogue."""
    from analysis import catalogue

    return {event.id: event_label(event) for event in catalogue.events()}


def headline(record: Mapping[str, Any], series: TradeSeries, events: EventTable) -> Headline:
    """Return an attribution as people read it."""
    return Headline.of(record, series.title, events)


def _series(query: PageQuery) -> TradeSeries:
    from analysis import catalogue

    return catalogue.series(query.series, vintage=query.vintage)


def _of_series(answers: Answers, query: PageQuery) -> Any:
    from analysis import catalogue

    first = None if query.vintage == "first" else catalogue.series(query.series)
    try:
        breaks = answers.breaks(query.breaks()).record["breaks"]
    except CannotEstimateError:
        # A series too short for breaks is drawn without them.
        breaks = []
    return series_chart(
        _series(query),
        events=events_shown(query),
        breaks=breaks,
        first=first,
        theme=query.theme,
        size=query.size,
    )


def _waterfall(answers: Answers, query: PageQuery) -> Any:
    from analysis import catalogue

    record = answers.attribution(query.attribution()).record
    return waterfall_chart(
        headline(record, _series(query), catalogue.events(query.series)), theme=query.theme, size=query.size
    )


def _counterfactual(answers: Answers, query: PageQuery) -> Any:
    record = answers.interventions(query.interventions()).record
    return counterfactual_chart(
        record, title=_series(query).title, events=events_shown(query), theme=query.theme, size=query.size
    )


def _posterior(answers: Answers, query: PageQuery) -> Any:
    record = answers.breaks(query.breaks()).record
    return posterior_chart(
        record, title=_series(query).title, events=events_shown(query), theme=query.theme, size=query.size
    )


def _evidence(answers: Answers, query: PageQuery) -> dict[str, Any]:
    record = answers.attribution(query.attribution("full")).record
    return {**record["evidence"], "change": record["change"], "level": record["level"]}


def _placebo(answers: Answers, query: PageQuery) -> Any:
    found = placebos(_evidence(answers, query))
    if found is None:
        raise CannotEstimateError("no placebo can speak on this question")
    return placebo_chart(found, names(), theme=query.theme, size=query.size)


def _curve(answers: Answers, query: PageQuery) -> Any:
    evidence = _evidence(answers, query)
    curve = evidence["specification_curve"]
    if not curve or "rows" not in curve:
        raise CannotEstimateError("no specification curve on this question")
    if query.row >= len(curve["rows"]):
        raise NotFoundError(f"the curve has {len(curve['rows'])} rows, counted from 0")
    return curve_chart(
        curve,
        query.row,
        names(),
        factor=PERIODS_A_YEAR[evidence["change"]["per"]],
        unit=evidence["change"]["unit"],
        level=evidence["level"],
        theme=query.theme,
        size=query.size,
    )


_KINDS: dict[str, Callable[[Answers, PageQuery], Any]] = {
    "series": _of_series,
    "waterfall": _waterfall,
    "counterfactual": _counterfactual,
    "posterior": _posterior,
    "placebo": _placebo,
    "curve": _curve,
}
