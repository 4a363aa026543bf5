"""The chart of a record, drawn from the stored JSON alone."""

from __future__ import annotations

from typing import Any

from analysis.reporting.charts import (
    Size,
    counterfactual_chart,
    posterior_chart,
    specification,
    to_pdf,
    to_png,
    to_svg,
    waterfall_chart,
    with_source,
)
from analysis.reporting.headline import Headline
from service.records.citations import Citation
from service.records.tables import main_table, target
from service.store import Record


def chart(record: Record, base: str = "", size: Size = "wide") -> dict[str, Any]:
    """Return the chart of `record` as a specification: a waterfall, the path without the events, or breaks.

    Below it stands where it is from: the record's address below `base`, or the command that verifies it.

    Raises
    ------
    MissingExtraError
        If the extra ``charts`` is not installed.
    """
    return with_source(specification(_drawn(record, size)), source(record, base), alt=said(record), size=size)


def _drawn(record: Record, size: Size) -> Any:
    document = record.document
    if record.kind == "attribution":
        return waterfall_chart(headline(record), size=size)
    title = main_table(record).title
    if record.kind == "interventions":
        return counterfactual_chart(document, title=title, size=size)
    return posterior_chart(document, title=title, size=size)


def source(record: Record, base: str) -> tuple[str, ...]:
    """Return the lines that say where the chart of a record is from."""
    cited = Citation.of(record, base)
    return (f"tradebreaks {record.software}, {cited.day_words}: {cited.where}",)


def said(record: Record) -> str:
    """Return the chart of a record in words."""
    if record.kind == "attribution":
        return " ".join(text for text in (headline(record).lead, *headline(record).sentences()) if text)
    return f"{main_table(record).title}; the numbers are in its table."


def as_svg(record: Record, base: str = "") -> bytes:
    """Draw the chart as SVG."""
    return to_svg(chart(record, base)).encode("utf-8")


def as_narrow_svg(record: Record, base: str = "") -> bytes:
    """Draw the chart as SVG for a phone."""
    return to_svg(chart(record, base, "narrow")).encode("utf-8")


def as_png(record: Record, base: str = "") -> bytes:
    """Draw the chart as PNG."""
    return to_png(chart(record, base))


def as_chart_pdf(record: Record, base: str = "") -> bytes:
    """Draw the chart as PDF with its fonts embedded."""
    return to_pdf(chart(record, base))


def headline(record: Record) -> Headline:
    """Return an attribution as people read it, named after the titles that the record holds."""
    return Headline.of(record.document, target(record.document))
