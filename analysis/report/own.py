"""The report on a caller's own series: what was read, breaks, effects, the change, as page and document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from analysis.attribution import AttributionResult, attribute
from analysis.attribution.limits import cannot_say
from analysis.breaks import find_breaks
from analysis.domain import EventTable, TradeSeries, Window
from analysis.domain.engine import ENGINE
from analysis.errors import CannotEstimateError
from analysis.report.blocks import Block, Chart, Heading, Sentences, Table
from analysis.report.document import document
from analysis.report.sections import Gathered
from analysis.report.write import Progress, Written, files_of, prepared, put, silent
from analysis.reporting.charts import series_chart, specification, to_pdf, waterfall_chart
from analysis.reporting.headline import Headline
from analysis.version import VERSION


def write_own_report(
    out: str | Path,
    series: TradeSeries,
    events: EventTable,
    *,
    start: str | Window,
    end: str | Window,
    parts: Mapping[str, TradeSeries] | None = None,
    evidence: str = "basic",
    progress: Progress | None = None,
    **declared: Any,
) -> Written:
    """Write a report on one series: the chart, breaks, effects of the events, the change between two windows.

    Parameters
    ----------
    out : path
        A directory; it is made if it does not exist. Files of the same names are replaced.
    series : TradeSeries
        Of `analysis.read_series` or `read_parts`; what was read is the first of its caveats.
    events : EventTable
    start, end, parts, evidence
        As in `analysis.attribute`.
    progress : callable, optional
        Told of every step.
    **declared
        ``regime`` and ``controls`` of `analysis.attribute` and `analysis.find_breaks`.

    Returns
    -------
    Written
        ``index.html``, ``report.pdf``, ``report.json``, every table and every chart.

    Raises
    ------
    MissingExtraError
        If the extra ``report`` is not installed.
    InputError, UsageError, CannotEstimateError
        As `analysis.attribute`; also if nothing can be written at `out`.
    """
    directory = prepared(out)
    tell = progress or silent
    gathered = Gathered({}, {})
    tell(0, 3, f"change of {series.id}")
    answer = attribute(series, events, start=start, end=end, parts=parts, evidence=evidence, **declared)
    tell(1, 3, f"breaks of {series.id}")
    breaks = _breaks(series, events, gathered, declared)
    title = f"{series.title or series.id}: breaks and dated changes"
    blocks = [*_opening(series, events, gathered), *breaks, *_change(answer, gathered), *_effects(answer)]
    footer = f"tradebreaks {VERSION}, engine {ENGINE}, data {series.digest()[:12]}, evidence {evidence}"
    blocks += [
        Heading(1, "What this cannot say, and how to make it anew"),
        Sentences(
            (
                *cannot_say(series),
                f"Made with tradebreaks {VERSION}, engine {ENGINE}; the observations have the SHA-256 "
                f"{series.digest()}. The same file and installation write the same bytes again.",
            )
        ),
    ]
    tell(2, 3, "the documents")
    files = files_of(title, blocks, gathered, footer)
    drawn = {block.id: to_pdf(block.specification) for block in blocks if isinstance(block, Chart)}
    files["report.pdf"] = document(title, blocks, drawn, footer)
    tell(3, 3, "done")
    return put(directory, files)


def _opening(series: TradeSeries, events: EventTable, gathered: Gathered) -> Sequence[Block]:
    gathered.records["series"] = series.to_record()
    gathered.records["events"] = events.to_record()["events"]
    found = gathered.records["breaks"].get("breaks", ())
    name = series.title or series.id
    chart = series_chart(series, events=events, breaks=found)
    return [
        Heading(1, "What was read"),
        Sentences(tuple(series.caveats) or (f"{name}, {series.first} to {series.last}.",)),
        Chart(
            "series", name, f"{name} with its events, and breaks found without them.", specification(chart)
        ),
    ]


def _breaks(
    series: TradeSeries, events: EventTable, gathered: Gathered, declared: Mapping[str, Any]
) -> Sequence[Block]:
    heading = Heading(1, "Breaks found without being told a date")
    try:
        found = find_breaks(series, events=events, **declared)
    except CannotEstimateError as problem:
        gathered.records["breaks"] = {"refused": problem.message}
        return [heading, Sentences((f"Not computed: {problem.message}.",))]
    gathered.records["breaks"] = found.to_record()
    return [heading, Table.of("breaks", found)]


def _change(answer: AttributionResult, gathered: Gathered) -> Sequence[Block]:
    record = answer.to_record()
    gathered.records["attribution"] = record
    series = answer.series
    headline = Headline.of(record, series.title or series.id, EventTable(tuple(answer.events.values())))
    words = headline.sentences()
    return [
        Heading(1, f"The change, {headline.start} to {headline.end}"),
        Sentences(words),
        Chart("change", words[0], " ".join(words), specification(waterfall_chart(headline))),
        Table.of("change", answer, f"Dated to events{f', {headline.measure}' if headline.measure else ''}"),
    ]


def _effects(answer: AttributionResult) -> Sequence[Block]:
    tables = [Table.of(f"effects.{number}", fit) for number, fit in enumerate(answer.fits, 1)]
    return [Heading(1, "Effects of the events"), *tables] if tables else []
