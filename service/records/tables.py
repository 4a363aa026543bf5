"""The main table of a record: events that the data cannot tell apart share one row, here as everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.domain import Cell
from analysis.reporting.headline import per_of, window_words
from service.store import Record

CHANGE = "observed change"
UNEXPLAINED = "Not explained by a named part"

Row = list[Cell]


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes
    ----------
    name : str
        At most 32 characters, as Stata wants.
    label : str
        In words, at most 80 characters.
    """

    name: str
    label: str


@dataclass(frozen=True, slots=True)
class MainTable:
    """What people quote from a record.

    Attributes
    ----------
    title : str
    unit : str
        Of `estimate`, `lower` and `upper`.
    level : float
        Probability of the intervals.
    fields : tuple of Column
    rows : tuple of list
    """

    title: str
    unit: str
    level: float
    fields: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return [field.name for field in self.fields]

    def records(self) -> list[dict[str, Cell]]:
        """Return the rows by column name."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def main_table(record: Record) -> MainTable:
    """Return the main table of `record`."""
    document = record.document
    if record.kind == "attribution":
        return _attribution(document)
    if record.kind == "interventions":
        return _interventions(document)
    return _breaks(document)


def notes(record: Record) -> list[str]:
    """Return estimand, unidentified events, warnings, assumptions and provenance, as sentences."""
    document = record.document
    lines = [f"What is measured: {document['estimand']}"]
    alike: dict[str, list[str]] = {}
    for row in document.get("identification", []):
        if row["group"] is None and row["grade"] is None:
            alike.setdefault(row["reason"], []).append(row["event_id"])
    lines += [f"{', '.join(ids)}: {reason}." for reason, ids in alike.items()]
    lines += [
        f"One group, {' + '.join(group['event_ids'])}: {group['reason']}."
        for group in document.get("groups", [])
    ]
    if "null_hypothesis" in document:
        lines.append(f"Null hypothesis: {document['null_hypothesis']}.")
    lines += document.get("warnings", []) + document["assumptions"]
    lines.append(provenance(record))
    return lines


def provenance(record: Record) -> str:
    """Return where a record comes from, in one sentence."""
    digests = record.document["record"]["digests"]
    data = f"data package {digests['data'][:12]}" if digests["data"] else "data supplied by the caller"
    return (
        f"Record {record.id}, computed {record.created_at[:10]} by tradebreaks {record.software} "
        f"(engine {record.engine}) on {data}."
    )


def target(document: Mapping[str, Any]) -> str:
    """Return the id of the series of a record, in words for a caller's own."""
    question = document["record"]["question"]
    name = question.get("series")
    if name is None:
        return "a series supplied by the caller"
    vintage = question.get("vintage", "first")
    return str(name) if vintage == "first" else f"{name} ({vintage} vintage)"


def _attribution(document: Mapping[str, Any]) -> MainTable:
    change = document["change"]
    factor, per = per_of(change)
    per = per.strip()
    rows: list[Row] = [
        [
            item["kind"],
            " ".join(item["event_ids"]) or None,
            item["label"],
            *(factor * item[key] for key in ("estimate", "lower", "upper")),
            item["share"],
            item["grade"],
        ]
        for item in (*map(_as_row, document.get("sums", ())), *document["contributions"])
    ]
    rest = document["residual"]
    rows.append(
        [
            "residual",
            None,
            UNEXPLAINED,
            *(factor * rest[k] for k in ("estimate", "lower", "upper")),
            None,
            None,
        ]
    )
    rows.append([CHANGE, None, "Change of the recorded mean", factor * change["absolute"], *[None] * 4])
    start, end = window_words(change["from_window"]), window_words(change["to_window"])
    return MainTable(
        f"Change of {target(document)} from {start} to {end}, dated to events",
        f"{change['unit']} {per}".strip(),
        document["level"],
        (
            Column("kind", "Kind of row"),
            Column("event_ids", "Events of the row; a group is one row"),
            Column("label", "Dated to"),
            Column("estimate", "Contribution to the change"),
            Column("lower", "Lower limit of the interval"),
            Column("upper", "Upper limit of the interval"),
            Column("share", "Share of the change, a fraction"),
            Column("grade", "Precision: exact, A precise, B fair, C rough, D sign not known"),
        ),
        tuple(rows),
    )


def _as_row(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return a sum as a row of the table; a sum is no part of what adds up to the change."""
    percent = item["percent"]
    share = None if percent is None else percent / 100
    return {**item, "kind": "sum", "label": f"{item['label']}, together", "share": share}


def _interventions(document: Mapping[str, Any]) -> MainTable:
    logs = document["model"]["scale"] == "log"
    keys = (
        ["log_effect", "lower", "upper", "percent", "percent_lower", "percent_upper"]
        if logs
        else ["effect", "lower", "upper"]
    )
    names = ["estimate", *keys[1:]]
    alone = [item for item in document["effects"] if item["group"] is None]
    rows: list[Row] = [
        ["event", item["event_id"], *(item[key] for key in keys), item.get("grade")] for item in alone
    ]
    rows += [
        ["group", " ".join(item["event_ids"]), *(item[key] for key in keys), item.get("grade")]
        for item in document["groups"]
    ]
    labels = {
        "estimate": "Effect in logs" if logs else "Effect",
        "lower": "Lower limit of the interval",
        "upper": "Upper limit of the interval",
        "percent": "Effect, per cent",
        "percent_lower": "Lower limit, per cent",
        "percent_upper": "Upper limit, per cent",
    }
    return MainTable(
        f"Joint effects of dated events on {target(document)}",
        "logs" if logs else str(document["model"]["unit"]),
        document["level"],
        (
            Column("kind", "Kind of row"),
            Column("event_ids", "Events of the row; a group is one row"),
            *(Column(name, labels[name]) for name in names),
            Column("grade", "Precision of the effect: A precise, B fair, C rough, D sign not known"),
        ),
        tuple(rows),
    )


def _breaks(document: Mapping[str, Any]) -> MainTable:
    rows: list[Row] = []
    for item in document["breaks"]:
        ci = item["ci"] or {}
        rows.append(
            [
                item.get("title"),
                item["last_before"],
                item["first_after"],
                ci.get("lower"),
                ci.get("upper"),
                ci.get("method"),
                " ".join(event["event_id"] for event in item["events"]) or None,
            ]
        )
    return MainTable(
        f"Breaks of {target(document)} at unknown dates",
        "dates",
        document.get("level", 0.95),
        (
            Column("title", "What it is"),
            Column("last_before", "Last observed period before the break"),
            Column("first_after", "First observed period after it"),
            Column("lower", "First of the possible dates of the last period before"),
            Column("upper", "Last of them"),
            Column("method", "How the possible dates were found"),
            Column("event_ids", "Events on those dates"),
        ),
        tuple(rows),
    )


def shown(cell: Cell) -> str:
    """Return a cell as people read it."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        text = f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:.3g}"
        return text.replace("-", "\N{MINUS SIGN}")
    return str(cell)
