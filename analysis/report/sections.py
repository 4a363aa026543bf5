"""The sections of the report: each is a step with a name, made from a study."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from analysis import catalogue
from analysis.attribution import AttributionResult
from analysis.attribution.change import evidence_of
from analysis.attribution.claims import evaluate_claims
from analysis.attribution.comparison import neighbour_index
from analysis.attribution.dossier import compose_dossier
from analysis.attribution.evidence import EvidenceLevel
from analysis.attribution.limits import CANNOT_SAY
from analysis.attribution.sensitivity import mirror_sensitivity
from analysis.attribution.span import cumulative_loss
from analysis.attribution.study import Study
from analysis.attribution.waterfall import waterfall
from analysis.domain import Cell
from analysis.report.blocks import Block, Chart, Heading, Sentences, Table
from analysis.report.every_break import every_break
from analysis.report.plan import Plan, Question, Span
from analysis.reporting.charts import series_chart, specification, waterfall_chart
from analysis.reporting.charts.index import index_chart
from analysis.reporting.headline import Headline, signed

if TYPE_CHECKING:
    from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the report.

    Attributes
    ----------
    name : str
        What is being done, for the progress bar.
    make : callable
        Returns the blocks.
    """

    name: str
    make: Callable[[], Sequence[Block]]


@dataclass
class Gathered:
    """What the steps leave beside their blocks: records for ``report.json`` and texts for files."""

    records: dict[str, Any]
    texts: dict[str, str]


def steps(plan: Plan, study: Study, evidence: EvidenceLevel, gathered: Gathered) -> list[Step]:
    """Return every step of the report in order.

    Parameters
    ----------
    plan : Plan
    study : Study
    evidence : {"none", "basic", "full"}
        Refits for the main questions.
    gathered : Gathered
        Filled by the steps.
    """
    found = [Step("what the report is", partial(_opening, gathered))]
    found += [Step(f"breaks of {name}", partial(_series, study, name, gathered)) for name in plan.series]
    found.append(Step("breaks of every series", partial(every_break, study, gathered.records, plan.searched)))
    found += [
        Step(f"change of {q.series}, {q.start} to {q.end}", partial(_change, study, q, evidence, gathered))
        for q in plan.questions
    ]
    found += [Step(f"year by year, {asked[0]}", partial(_years, study, *asked)) for asked in plan.years]
    found += [Step(f"loss over {span.window}", partial(_span, study, span)) for span in plan.spans]
    found += [
        Step("claims", partial(_claims, study, plan.claims, gathered)),
        Step("sensitivity to mirror error", partial(_sensitivity, gathered)),
        Step("the months since 2024", _months),
    ]
    found += [
        Step(f"dossier of {name}", partial(_dossier, study, name, evidence, gathered))
        for name in plan.dossiers
    ]
    return found


def _opening(gathered: Gathered) -> Sequence[Block]:
    gathered.records["data"] = catalogue.data_digest()
    first = (
        "Structural breaks in North Korea's recorded trade, and how much of each change belongs to which "
        "dated event, under three lenses side by side, never averaged."
    )
    return [Heading(1, "What this is"), Sentences((first, *CANNOT_SAY))]


def _series(study: Study, name: str, gathered: Gathered) -> Sequence[Block]:
    series = catalogue.series(name)
    breaks = study.breaks(name)
    record = breaks.to_record()
    gathered.records.setdefault("breaks", {})[name] = record
    chart = series_chart(series, events=catalogue.events(name), breaks=record["breaks"])
    panel = catalogue.describe(name)
    gathered.records.setdefault("quality", {})[name] = panel.to_record()
    return [
        Heading(1, series.title),
        Chart(f"{name}", series.title, f"{series.title} with events and breaks.", specification(chart)),
        Table.of(f"breaks.{name}", breaks),
        Table.of(f"quality.{name}", panel, f"How good the figures are: {panel.heading()}"),
    ]


def _change(study: Study, q: Question, evidence: EvidenceLevel, gathered: Gathered) -> Sequence[Block]:
    answer = study.attribution(q.series, q.start, q.end)
    if q.evidence:
        answer = replace(answer, evidence=evidence_of(answer, evidence))
    record = answer.to_record()
    gathered.records.setdefault("attributions", []).append(record)
    series = answer.series
    headline = Headline.of(record, series.title, catalogue.events())
    blocks: list[Block] = [
        Heading(1, f"{series.title}, {q.start} to {q.end}"),
        Sentences(headline.sentences()),
        Chart(
            f"change.{q.id}",
            headline.sentences()[0],
            " ".join(headline.sentences()),
            specification(waterfall_chart(headline)),
        ),
        Table.of(f"timing.{q.id}", answer, "Timing lens: dated to events, USD million a year"),
        Table.of(f"triangulation.{q.id}", answer.triangulation),
    ]
    return [*blocks, *_other_lenses(answer, q)]


def _other_lenses(answer: AttributionResult, q: Question) -> Iterable[Block]:
    accounting, _ = answer.accounting
    if accounting is not None:
        yield Table.of(f"accounting.{q.id}", accounting, "Accounting lens: " + accounting.heading())
        yield Sentences(accounting.words())
    comparison, _ = answer.comparison
    if comparison is not None:
        yield Table.of(f"comparison.{q.id}", comparison, "Comparison lens: " + comparison.heading())


def _years(study: Study, name: str, first: int, last: int) -> Sequence[Block]:
    answer = study.attribution(name, str(first), str(last))
    found = waterfall(answer, first=first, last=last)
    columns, rows = found.table()
    factor = answer.per_year
    shown: list[tuple[Cell, ...]] = [("observed change", *(signed(float(cell or 0)) for cell in rows[0][1:]))]
    for k, bar in enumerate(found.steps[0].bars):
        bars = [step.bars[k] for step in found.steps]
        cells = [_interval(factor * b.estimate, factor * b.lower, factor * b.upper) for b in bars]
        shown.append((bar.label, *cells))
    table = Table(f"years.{name}", found.heading(), tuple(columns), tuple(shown), tuple(found.notes()))
    return [Heading(1, "Year by year"), table]


def _interval(estimate: float, lower: float, upper: float) -> str:
    return f"{signed(estimate)} [{signed(lower)}, {signed(upper)}]" if estimate or lower or upper else "0"


def _span(study: Study, span: Span) -> Sequence[Block]:
    found = cumulative_loss(study.attribution(span.series, span.start, span.end), span.window)
    return [Heading(1, f"Over a whole span: {span.window}"), Table.of(f"span.{span.series}", found)]


def _claims(study: Study, ids: Sequence[str], gathered: Gathered) -> Sequence[Block]:
    report = evaluate_claims(ids, study)
    gathered.records["claims"] = report.to_record()
    rows: list[tuple[Cell, ...]] = [
        (v.claim.statement, v.verdict, v.outcome.why, " ".join(v.claim.limits)) for v in report.verdicts
    ]
    columns = ("statement", "verdict", "why", "limits")
    return [
        Heading(1, "Statements of the note behind the chart"),
        Table("claims", report.heading(), columns, tuple(rows), tuple(report.notes())),
    ]


def _sensitivity(gathered: Gathered) -> Sequence[Block]:
    found = mirror_sensitivity()
    gathered.records["sensitivity"] = found.to_record()
    return [Heading(1, "Sensitivity to errors of the record"), Table.of("sensitivity", found)]


def _months() -> Sequence[Block]:
    blocks: list[Block] = [
        Heading(1, "The months since 2024 beside neighbours"),
        Sentences(("An index of trade with China, the mean month of 2024 set to 100; no estimate.",)),
    ]
    for flow, words in (("exports", "Exports to China"), ("imports", "Imports from China")):
        lines = neighbour_index(flow)
        title = f"{words}, mean month of 2024 = 100"
        values = [(line.name, period, value) for line in lines for period, value in line.values]
        first, *others = (line.name for line in lines)
        drawn = specification(index_chart(values, title=title))
        shown = f"{title}. In colour: {first}; in grey: {', '.join(others)}."
        blocks.append(Chart(f"index.{flow}", shown, shown, drawn))
        table = {(name, period): value for name, period, value in values}
        rows: list[tuple[Cell, ...]] = [
            (str(period), *(table.get((line.name, period)) for line in lines))
            for period in sorted({period for _, period, _ in values})
        ]
        columns = ("month", *(line.name for line in lines))
        blocks.append(Table(f"index.{flow}", title, columns, tuple(rows)))
    return blocks


def _dossier(study: Study, name: str, evidence: EvidenceLevel, gathered: Gathered) -> Sequence[Block]:
    dossier = compose_dossier(name, study, full=evidence == "full")
    gathered.records.setdefault("dossiers", {})[name] = dossier.to_record()
    gathered.texts[f"dossiers/{name}.txt"] = dossier.summary()
    tables = [
        Table(f"dossier.{name}.{part}", caption, tuple(columns), tuple(map(tuple, rows)))
        for part, caption, columns, rows in dossier.tables()
    ]
    summary = str(dossier.event.details.get("summary", ""))
    return [
        Heading(1, dossier.heading()),
        Sentences((summary,)),
        *tables,
        Sentences(tuple(dossier.sentences())),
    ]
