"""Each chart in one sentence: what a reader hears who does not see it, on the page and in the file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from analysis.errors import NotFoundError
from analysis.reporting.charts import placebos
from analysis.reporting.headline import Headline, window_words
from service.answers import Answers
from service.views.queries import PageQuery


def words(answers: Answers, kind: str, query: PageQuery) -> str:
    """Return the sentence of a chart of catalogue data.

    Raises
    ------
    NotFoundError
        If there is no such chart.
    """
    if kind not in _WORDS:
        raise NotFoundError(f"no chart '{kind}'; there are {', '.join(_WORDS)}")
    return _WORDS[kind](answers, query)


def _series(_: Answers, query: PageQuery) -> str:
    from analysis import catalogue

    series = catalogue.series(query.series, vintage=query.vintage)
    seen = [o for o in series.observations if o.value is not None]
    first, last, most = seen[0], seen[-1], max(seen, key=lambda o: o.value or 0.0)
    return (
        f"{series.title}, {series.unit}: {first.value:,.0f} in {first.period}, at most {most.value:,.0f} in "
        f"{most.period}, {last.value:,.0f} in {last.period}."
    )


def _waterfall(answers: Answers, query: PageQuery) -> str:
    from analysis import catalogue

    record = answers.attribution(query.attribution()).record
    head = Headline.of(record, catalogue.series(query.series, vintage=query.vintage).title)
    return " ".join(text for text in (head.lead, *head.sentences()) if text)


def _counterfactual(answers: Answers, query: PageQuery) -> str:
    record = answers.interventions(query.interventions()).record
    row = [item for item in record["counterfactual"] if item["observed"] is not None][-1]
    said = (
        f"In {window_words(row['period'])} {row['observed']:,.0f} {record['model']['unit']} were recorded; "
    )
    if row["lower"] is None:
        return f"{said}what the model expects without the events has no interval there."
    return (
        f"{said}without the events the model expects {row['expected']:,.0f} "
        f"({100 * record['level']:g} % interval {row['lower']:,.0f} to {row['upper']:,.0f})."
    )


def _posterior(answers: Answers, query: PageQuery) -> str:
    found = [row["first_after"] for row in answers.breaks(query.breaks()).record["breaks"]]
    where = f"breaks at {', '.join(found)}" if found else "no lasting break"
    return f"How probable a break is at each date; the data show {where}."


def _evidence(answers: Answers, query: PageQuery) -> dict[str, Any]:
    record: dict[str, Any] = answers.attribution(query.attribution("full")).record["evidence"]
    return record


def _placebo(answers: Answers, query: PageQuery) -> str:
    return str((placebos(_evidence(answers, query)) or {}).get("words") or "The real dates among placebos.")


def _curve(answers: Answers, query: PageQuery) -> str:
    curve = _evidence(answers, query)["specification_curve"] or {}
    return str(curve.get("words") or "The answer under other choices.")


_WORDS: dict[str, Callable[[Answers, PageQuery], str]] = {
    "series": _series,
    "waterfall": _waterfall,
    "counterfactual": _counterfactual,
    "posterior": _posterior,
    "placebo": _placebo,
    "curve": _curve,
}
