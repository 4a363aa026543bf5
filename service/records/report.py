"""A record as a report for an annex: answer, evidence, methods, provenance, citation, sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from analysis import catalogue
from analysis.domain import Cell, EventTable
from analysis.report.blocks import Block, Chart, Heading, Reference, References, Sentences, Table
from analysis.report.closing import method_blocks, references
from analysis.report.document import document
from analysis.report.page import page
from analysis.reporting.charts import (
    curve_chart,
    placebo_chart,
    placebos,
    series_chart,
    specification,
    to_pdf,
    to_svg,
)
from analysis.reporting.headline import (
    PERIODS_A_YEAR,
    Headline,
    per_of,
    percent_words,
    precision_words,
    signed,
)
from analysis.reporting.labels import event_label
from analysis.reporting.methods import METHODS
from service.records.citations import Citation
from service.records.drawing import chart, headline
from service.records.tables import main_table, notes, target
from service.store import Record

METHODS_OF = {
    "attribution": ("structural", "decomposition", "accounting", "comparison", "evidence"),
    "interventions": ("structural", "peers"),
    "breaks": ("breaks",),
}
CHECKS = ("pre_trend", "leave_one_out", "placebo_dates", "parametric_placebo", "specification_curve")
LENSES = (
    ("timing", "timing"),
    ("first_binding", "first bound by"),
    ("in_force_by_year", "newest in force"),
    ("comparison", "comparison"),
)


def as_report_page(record: Record, base: str) -> bytes:
    """Return the report as one HTML file that holds its charts.

    Parameters
    ----------
    record : Record
    base : str
        Address of the service, for the citation.
    """
    blocks = report_blocks(record, base)
    drawn = {b.id: to_svg(b.specification) for b in blocks if isinstance(b, Chart)}
    return page(main_table(record).title, blocks, _footer(record), drawn).encode("utf-8")


def as_report_document(record: Record, base: str) -> bytes:
    """Return the report as PDF; parameters as for the page.

    Raises
    ------
    MissingExtraError
        If `typst` is not installed.
    """
    blocks = report_blocks(record, base)
    drawn = {b.id: to_pdf(b.specification) for b in blocks if isinstance(b, Chart)}
    return document(main_table(record).title, blocks, drawn, _footer(record))


def report_blocks(record: Record, base: str) -> list[Block]:
    """Return what stands in the report of `record`, from the stored JSON.

    The chart of the series and the sources are the catalogue's; they are left out, which the report says,
    where the data package is another one than that of the record.
    """
    citation = Citation.of(record, base)
    body = _attribution(record) if record.kind == "attribution" else _plain(record)
    return [
        *body,
        Heading(1, "What it rests on"),
        Sentences(tuple(notes(record))),
        *method_blocks(m for m in METHODS if m.id in METHODS_OF[record.kind]),
        Heading(1, "Provenance"),
        _provenance(record),
        Heading(1, "How to cite"),
        _reference(citation),
        Sentences((citation.note,)),
        Heading(1, "Sources of the figures"),
        *_sources(record),
    ]


def _reference(citation: Citation) -> References:
    text = citation.sentence()
    shown = text.removesuffix(f" {citation.address}.") if citation.address else text
    return References((Reference(shown, citation.address),))


def _footer(record: Record) -> str:
    return f"tradebreaks {record.software}, engine {record.engine}, record {record.id}"


def _same_data(record: Record) -> bool:
    return bool(record.document["record"]["digests"]["data"] == catalogue.data_digest())


def _plain(record: Record) -> list[Block]:
    table = main_table(record)
    drawn = Chart("answer", table.title, f"{table.title}: the figures are in the table.", _drawn(record))
    rows = tuple(tuple(row) for row in table.rows)
    caption = f"{table.title}, {table.unit}, {100 * table.level:.0f} % intervals"
    columns = tuple(field.label for field in table.fields)
    return [Heading(1, "The answer"), drawn, Table("answer", caption, columns, rows)]


def _drawn(record: Record) -> Mapping[str, Any]:
    return chart(record)


@dataclass(frozen=True, slots=True)
class _Words:
    """How an attribution is written: names of rows, and periods of the series a year."""

    factor: float
    names: Mapping[str, str]

    def row(self, item: Mapping[str, Any]) -> str:
        return " + ".join(self.names.get(i, i) for i in item["event_ids"]) or str(item["label"])

    def interval(self, item: Mapping[str, Any] | None) -> str:
        if item is None or item["estimate"] is None:
            return ""
        estimate, lower, upper = (self.factor * item[key] for key in ("estimate", "lower", "upper"))
        if lower == upper:
            return signed(estimate)
        return f"{signed(estimate)} [{signed(lower)}, {signed(upper)}]"


def _attribution(record: Record) -> list[Block]:
    found, answer = record.document, headline(record)
    known = {event.id: event_label(event) for event in catalogue.events()} if _same_data(record) else {}
    factor = PERIODS_A_YEAR[found["change"]["per"]] if found["change"]["annualised"] else 1
    words = _Words(factor, known)
    caption = f"{answer.unit} a {answer.per}, {100 * answer.level:.0f} % intervals"
    sentences = answer.sentences()
    return [
        Heading(1, "The answer"),
        Sentences((*sentences, found["estimand"])),
        *_series(record),
        _contributions(answer, caption),
        Chart("answer", f"The change in steps, {caption}.", " ".join(sentences), _drawn(record)),
        Heading(1, "Three lenses side by side"),
        *_lenses(found, words),
        Heading(1, "Under each dating of the resolutions"),
        _datings(found, words, caption),
        Heading(1, "Which events can be told apart"),
        Table(
            "identification",
            "Grades: A to C by the width of the effect's interval, D not estimated alone",
            ("event", "grade", "reason"),
            tuple(
                (words.names.get(row["event_id"], row["event_id"]), row["grade"], row["reason"])
                for row in found["identification"]
            ),
        ),
        Heading(1, "Evidence for and against"),
        *_evidence(found, words, caption),
    ]


def _series(record: Record) -> Iterable[Block]:
    question = record.document["record"]["question"]
    if "series" not in question or not _same_data(record):
        return
    series = catalogue.series(question["series"], vintage=question.get("vintage", "first"))
    shown = _events(record)
    drawn = series_chart(series, events=EventTable(tuple(e for e in catalogue.events() if e.id in shown)))
    words = f"{series.title}: recorded trade with the events of the design."
    yield Chart("series", words, words, specification(drawn))


def _contributions(answer: Headline, caption: str) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            row.label,
            f"{signed(row.estimate)} [{signed(row.lower)}, {signed(row.upper)}]",
            percent_words(row.share),
            precision_words(row.grade),
        )
        for row in (*answer.sums, *answer.rows)
    ]
    rows.append(("change on record", signed(answer.change), "", ""))
    columns = ("came with", "a year, with its interval", "of the change", "precision")
    return Table("contributions", f"What the change is dated to: {caption}", columns, tuple(rows))


def _lenses(found: Mapping[str, Any], words: _Words) -> Iterable[Block]:
    beside = found.get("triangulation")
    yearly = _Words(1, words.names)
    if beside:
        rows: list[tuple[Cell, ...]] = [
            (
                words.row(row),
                *(yearly.interval(row[key]) for key, _ in LENSES),
                f"{row['agreement']}: {row['words']}" if row["words"] else row["agreement"],
            )
            for row in beside["rows"]
        ]
        columns = ("row", *(label for _, label in LENSES), "the lenses")
        yield Table("lenses", f"{beside['unit']}; never averaged", columns, tuple(rows))
    accounting = found["lenses"]["accounting"]
    silent = found["lenses"].get("silent") or {}
    yield Sentences(
        (
            *((*accounting["words"], *accounting["caveats"]) if accounting else ()),
            *(f"The lens of {lens} cannot speak here: {why}." for lens, why in silent.items()),
        )
    )


def _datings(found: Mapping[str, Any], words: _Words, caption: str) -> Table:
    datings = found["lenses"]["timing"]["datings"]
    rows: list[tuple[Cell, ...]] = [
        (words.row(first), *(words.interval(dating["contributions"][k]) for dating in datings))
        for k, first in enumerate(datings[0]["contributions"])
    ]
    columns = ("dated to", *(f"{d['dating']} (weight {d['weight']:.2f})" for d in datings))
    return Table("datings", f"{caption}; the answer mixes the datings by their weights", columns, tuple(rows))


def _evidence(found: Mapping[str, Any], words: _Words, caption: str) -> Iterable[Block]:
    evidence = found["evidence"]
    if not evidence:
        yield Sentences(("None was asked for.",))
        return
    if evidence.get("parts"):
        for part in evidence["parts"]:
            said = [part[name] for name in CHECKS if part.get(name)]
            texts = [f"{part['title']}: {found.get('words') or found.get('reason')}" for found in said]
            yield Sentences(tuple(texts))
        yield Sentences((evidence["refits"],))
        return
    pre_trend, left_out = evidence["pre_trend"], evidence["leave_one_out"]
    yield _said(pre_trend, "leads before the dates")
    if pre_trend.get("leads"):
        yield Table(
            "pre-trend",
            "Changes before the dates, per cent, with their intervals",
            ("before", "periods", "effect", "reading"),
            tuple(
                (words.row(lead), lead["window"], _Words(1, {}).interval(lead["percent"]), lead["verdict"])
                for lead in pre_trend["leads"]
            ),
        )
    yield _said(left_out, "leaving one event out")
    if left_out.get("left_out"):
        yield _left_out(left_out, words, caption)
    for name in ("placebo_dates", "parametric_placebo"):
        if evidence.get(name):
            yield _said(evidence[name], name.replace("_", " "))
    shown = placebos(evidence)
    if shown is not None:
        title = "The real dates among placebos"
        yield Chart("placebo", title, title, specification(placebo_chart(shown, words.names)))
    curve = evidence.get("specification_curve")
    if curve:
        yield _said(curve, "the specification curve")
        yield from _curves(found, curve, words)
    yield Sentences((evidence["refits"],))


def _said(finding: Mapping[str, Any], name: str) -> Sentences:
    """Return what a check found in words, or why it cannot speak on this question."""
    return Sentences((finding.get("words") or f"{name} cannot speak here: {finding['reason']}.",))


def _left_out(left_out: Mapping[str, Any], words: _Words, caption: str) -> Table:
    columns = ("dated to", "nothing left out", *(f"without {words.row(o)}" for o in left_out["left_out"]))
    rows: list[tuple[Cell, ...]] = []
    for k, row in enumerate(left_out["baseline"]):
        others = (other["contributions"][k] for other in left_out["left_out"])
        rows.append((words.row(row), words.interval(row), *(words.interval(o) or "left out" for o in others)))
    return Table("leave-one-out", f"One event or group left out: {caption}", columns, tuple(rows))


def _curves(found: Mapping[str, Any], curve: Mapping[str, Any], words: _Words) -> Iterable[Block]:
    for k, row in enumerate(curve.get("rows", ())):
        if not row["event_ids"]:
            continue
        quartiles = [signed(words.factor * row["quartiles"][key]) for key in ("lower", "median", "upper")]
        drawn = curve_chart(
            curve,
            k,
            words.names,
            factor=words.factor,
            unit=found["change"]["unit"],
            level=found["level"],
        )
        title = (
            f"{words.row(row)} in {row['count']} specifications; quartiles {', '.join(quartiles)} "
            f"{found['change']['unit']}{per_of(found['change'])[1]}."
        )
        yield Chart(f"curve-{k}", title, title, specification(drawn))


def _provenance(record: Record) -> Table:
    inner = record.document["record"]
    rows: list[tuple[Cell, ...]] = [
        ("record", record.id),
        ("stored", f"{record.created_at[:10]} by tradebreaks {record.software}, engine {record.engine}"),
        ("series", target(record.document)),
        *((f"digest of {name}", value) for name, value in inner["digests"].items() if value),
        ("answer, SHA-256", record.answer_sha256),
        ("computed anew by", f"tradebreaks verify {record.id}"),
        ("randomness", "none: integration over grids and fixed sequences"),
    ]
    return Table("provenance", "What this was made with", ("what", "which"), tuple(rows))


def _sources(record: Record) -> Iterable[Block]:
    found = record.document["record"]
    if "series" not in found["question"]:
        yield Sentences(("The series was supplied by the caller, who knows its sources.",))
        return
    if not _same_data(record):
        yield Sentences(
            (
                f"They are listed in the data package {found['digests']['data'][:12]}; this service has a "
                "newer one, so that the chart of the series and its sources are not repeated here.",
            )
        )
        return
    yield References(references([found["question"]["series"]], sorted(_events(record))))


def _events(record: Record) -> set[str]:
    """Return the events of the record that the catalogue knows."""
    found = record.document
    named = [row["event_id"] for row in found.get("identification", ())]
    named += [event["event_id"] for row in found.get("breaks", ()) for event in row["events"]]
    return {event.id for event in catalogue.events()}.intersection(named)
