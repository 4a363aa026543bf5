"""The brief: two pages with the answers, their doubt, the verdicts and what none of it can say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis import catalogue
from analysis.attribution.limits import CANNOT_SAY
from analysis.domain import Cell
from analysis.report.blocks import Block, Chart, Heading, Sentences, Table
from analysis.report.closing import Setting, how_to_cite
from analysis.report.plan import Plan
from analysis.reporting.headline import Headline, percent_words, precision_words, signed

COLUMNS = (
    "dated to",
    "a year, with its interval",
    "share of the change",
    "grade",
    "goods first bound by it",
    "goods while it was newest in force",
    "the lenses",
)
CHART_WIDTH = 0.56
"""Share of the text's width, so that the brief keeps to two pages."""
NOTES = (
    "The last three columns are the accounting lens (recorded trade in the goods that provisions name, under "
    "two assignments) and whether the lenses agree; they are never averaged. An empty cell is a lens that "
    "cannot speak.",
    "Grades: A to C by the width of the effect's interval, D where the data cannot tell.",
)


def brief_blocks(
    plan: Plan, records: Mapping[str, Any], charts: Mapping[str, Chart], setting: Setting
) -> list[Block]:
    """Return what stands in the brief, from what the full report found.

    Parameters
    ----------
    plan : Plan
        Its questions with evidence are the answers of the brief.
    records : mapping
        As gathered by the sections.
    charts : mapping of str to Chart
        By id; the first series of the plan is shown.
    setting : Setting
    """
    asked = {(q.series, q.start, q.end) for q in plan.questions if q.evidence}
    found = [r for r in records["attributions"] if _key(r) in asked]
    headlines = [Headline.of(r, catalogue.series(r["series"]).title, catalogue.events()) for r in found]
    blocks: list[Block] = [
        Sentences(tuple(" ".join(headline.sentences()) for headline in headlines)),
        *(
            Chart(chart.id, chart.title, chart.words, chart.specification, CHART_WIDTH)
            for chart in (charts[name] for name in plan.series[:1])
        ),
    ]
    for number, (record, headline) in enumerate(zip(found, headlines, strict=True), start=1):
        blocks.append(_answer(number, record, headline))
    return [
        *blocks,
        Sentences(NOTES),
        Heading(1, "Statements of the note behind the chart"),
        _verdicts(records["claims"]),
        Heading(1, "How wrong the record would have to be"),
        Sentences(_doubts(records["sensitivity"])),
        Heading(1, "What this cannot say"),
        Sentences(CANNOT_SAY),
        Heading(1, "How to cite"),
        Sentences(how_to_cite(setting)),
    ]


def _key(record: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return series and years of a record, as a plan names them."""
    windows = (str(record["change"][name]) for name in ("from_window", "to_window"))
    start, end = (text[:4] if _whole_year(text) else text for text in windows)
    return record["series"], start, end


def _whole_year(window: str) -> bool:
    first, _, last = window.partition("..")
    return bool(last) and first[:4] == last[:4] and first.endswith("-01") and last.endswith("-12")


def _answer(number: int, record: Mapping[str, Any], headline: Headline) -> Table:
    lenses = {tuple(row["event_ids"]): row for row in record["triangulation"]["rows"] if row["event_ids"]}
    rows: list[tuple[Cell, ...]] = []
    for row in (*headline.sums, *headline.rows):
        other = lenses.get(row.event_ids, {}) if row.kind != "sum" else {}
        rows.append(
            (
                row.label,
                f"{signed(row.estimate)} [{signed(row.lower)}, {signed(row.upper)}]",
                percent_words(row.share),
                precision_words(row.grade),
                _amount(other.get("first_binding")),
                _amount(other.get("in_force_by_year")),
                str(other.get("agreement") or ""),
            )
        )
    rows.append(("change on record", signed(headline.change), "", "", "", "", ""))
    caption = (
        f"{headline.title}, {headline.start} to {headline.end}: {headline.unit} a year, "
        f"{100 * headline.level:.0f} % intervals"
    )
    return Table(f"brief.{number}", caption, COLUMNS, tuple(rows))


def _amount(interval: Mapping[str, float] | None) -> str:
    return "" if interval is None else signed(interval["estimate"])


def _verdicts(record: Mapping[str, Any]) -> Table:
    rows: list[tuple[Cell, ...]] = [(one["statement"], one["verdict"]) for one in record["claims"]]
    share = record["thresholds"]["share"]
    return Table(
        "brief.claims",
        "Verdicts, computed from the figures",
        ("statement", "verdict"),
        tuple(rows),
        (
            "True and false are for arithmetic. A statement of cause is consistent with the data if the "
            f"interval of its share lies above {share:g}, contradicted if below, else partly.",
        ),
    )


def _doubts(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Return for each headline the missing flow that would undo it, and whether other errors tried do."""
    found = []
    for one in record["headlines"]:
        fails = one["fails_from"]
        others = "holds under every error tried" if one["robust"] else "does not hold under every error tried"
        share = 100 * fails["unrecorded_share_of_record"]
        found.append(
            f"{one['headline']}: it {others}; {fails['unrecorded']:,.0f} {one['unit']} missing from the "
            f"record of {fails['unrecorded_year']} ({share:,.0f} per cent of it) "
            "would undo it."
        )
    return tuple(found)
