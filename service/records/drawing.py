"""The chart of a record, drawn from the stored JSON alone."""

from __future__ import annotations

from datetime import date
from typing import Any

from analysis.domain import Event
from analysis.reporting.charts import (
    counterfactual_chart,
    posterior_chart,
    to_pdf,
    to_png,
    to_svg,
    waterfall_chart,
)
from analysis.reporting.headline import PERIODS_A_YEAR, Headline, Row, per, window_words
from analysis.reporting.labels import event_label
from service.records.tables import UNEXPLAINED, main_table, target
from service.store import Record

UNDATED = date(1, 1, 1)
"""The labels of a chart are made of titles; the day of the event is not shown."""


def chart(record: Record) -> Any:
    """Return the chart of `record`: a waterfall, the path without the events, or the dates of breaks.

    Raises
    ------
    MissingExtraError
        If the extra ``charts`` is not installed.
    """
    document = record.document
    if record.kind == "attribution":
        return waterfall_chart(headline(record))
    title = main_table(record).title
    if record.kind == "interventions":
        return counterfactual_chart(document, title=title)
    return posterior_chart(document, title=title)


def as_svg(record: Record) -> bytes:
    """Draw the chart as SVG."""
    return to_svg(chart(record)).encode("utf-8")


def as_png(record: Record) -> bytes:
    """Draw the chart as PNG."""
    return to_png(chart(record))


def as_chart_pdf(record: Record) -> bytes:
    """Draw the chart as PDF with its fonts embedded."""
    return to_pdf(chart(record))


def headline(record: Record) -> Headline:
    """Return an attribution as people read it, named after the titles that the record holds."""
    document = record.document
    change = document["change"]
    yearly = change["annualised"] or change
    factor = PERIODS_A_YEAR[change["per"]] if change["annualised"] else 1

    def row(item: dict[str, Any], kind: str, label: str) -> Row:
        return Row(
            kind,
            label,
            factor * item["estimate"],
            factor * item["lower"],
            factor * item["upper"],
            item.get("share"),
            item.get("grade"),
        )

    rows = [row(item, item["kind"], _label(item)) for item in document["contributions"]]
    rows.append(row(document["residual"], "residual", UNEXPLAINED))
    return Headline(
        series=document["series"],
        title=target(document),
        unit=change["unit"],
        start=window_words(change["from_window"]),
        end=window_words(change["to_window"]),
        before=yearly["from"],
        after=yearly["to"],
        change=yearly["absolute"],
        rows=tuple(rows),
        level=document["level"],
        per=per(change),
    )


def _label(item: dict[str, Any]) -> str:
    titles = str(item["label"]).split(" + ")
    if len(titles) != len(item["event_ids"]):
        return str(item["label"])
    pairs = zip(item["event_ids"], titles, strict=True)
    return " + ".join(event_label(Event(name, title, UNDATED)) for name, title in pairs)
