"""The chart of a record, drawn from the stored JSON alone."""

from __future__ import annotations

from typing import Any

from analysis.reporting.charts import (
    counterfactual_chart,
    posterior_chart,
    to_pdf,
    to_png,
    to_svg,
    waterfall_chart,
)
from analysis.reporting.headline import Headline
from service.records.tables import main_table, target
from service.store import Record


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
    return Headline.of(record.document, target(record.document))
