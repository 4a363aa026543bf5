"""The `attribute` document: what is stored, cited and rendered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from analysis.attribution.limits import cannot_say
from analysis.attribution.lmdi import lmdi
from analysis.attribution.timing.divided import Interval
from analysis.attribution.timing.parts import Part
from analysis.attribution.timing.sums import EventSum
from analysis.interventions.describe import assumptions, model

if TYPE_CHECKING:
    from analysis.attribution.result import AttributionResult

METHOD = (
    "from node to node in the order of time, season and covariates first and growth last, the larger window "
    "as the base; medians of the mixture of datings"
)
NAMES = ("estimate", "lower", "upper")
CONSTANT = "constant: in force alike in both windows"


def record(answer: AttributionResult) -> dict[str, Any]:
    """Return the contract's `attribute` document."""
    accounting, comparison = answer.accounting, answer.comparison
    lenses = {"accounting": accounting, "comparison": comparison}
    fits = answer.fits
    return {
        "series": answer.series.id,
        "sentence": answer.sentence(),
        "change": answer.change(),
        "sums": [_sum(answer, k) for k in range(len(answer.sums))],
        "contributions": [_row(answer, k) for k in range(len(answer.rows))],
        "residual": _interval(answer, answer.residual),
        "everything_else": _interval(answer, answer.everything_else),
        "parts": [_part(answer, part) for part in answer.parts],
        "nodes": nodes(answer),
        "doubts": [doubt.to_record() for doubt in answer.doubts],
        "checks": {part.id: part.fit.checks.to_record() for part in answer.parts if part.fit is not None},
        "level": answer.level,
        "identification": identification(answer),
        "lenses": {
            "timing": timing(answer),
            **{name: None if found is None else found.to_record() for name, (found, _) in lenses.items()},
            "silent": {name: reason for name, (_, reason) in lenses.items() if reason},
        },
        "triangulation": answer.triangulation.to_record(),
        "evidence": None if answer.evidence is None else answer.evidence.to_record(),
        "model": model(fits[0]) if answer.single else {"parts": {f.series.id: model(f) for f in fits}},
        "warnings": list(answer.warnings),
        "assumptions": _assumptions(answer),
        "estimand": answer.series.estimand,
        "record_id": None,
        "stored": False,
        "url": None,
    }


def _assumptions(answer: AttributionResult) -> list[str]:
    told = [text for fit in answer.fits for text in assumptions(fit)]
    return list(dict.fromkeys([*told, *cannot_say(answer.series)]))


def _interval(answer: AttributionResult, interval: Interval) -> dict[str, Any]:
    values = dict(zip(NAMES, interval, strict=True))
    return {**values, "per_year": _per_year(answer, interval)}


def _per_year(answer: AttributionResult, interval: Interval) -> dict[str, float] | None:
    if answer.change()["annualised"] is None:
        return None
    return {name: answer.per_year * value for name, value in zip(NAMES, interval, strict=True)}


def _sum(answer: AttributionResult, k: int) -> dict[str, Any]:
    item = answer.sums[k]
    percent = item.percent or (None, None, None)
    return {
        "label": item.label,
        "event_ids": list(item.event_ids),
        "with_others": list(item.with_others),
        **_interval(answer, item.interval),
        "percent": percent[0],
        "percent_lower": percent[1],
        "percent_upper": percent[2],
        "missing_now": None if item.missing_now is None else _interval(answer, item.missing_now),
        "grade": item.grade,
    }


def _row(answer: AttributionResult, k: int) -> dict[str, Any]:
    found = answer.contributions[k]
    return {
        "kind": found.row.kind,
        "event_ids": list(found.row.event_ids),
        "group": found.row.group,
        "label": found.row.label,
        "parts": list(found.row.parts),
        **_interval(answer, found.interval),
        "share": found.share,
        "grade": found.grade,
        "by_goods": _goods(answer, found.row.event_ids),
    }


def _goods(answer: AttributionResult, event_ids: Sequence[str]) -> list[dict[str, Any]] | None:
    """Return the exact change of the goods that each event of a group binds first, a year."""
    accounting, _ = answer.accounting
    if accounting is None or len(event_ids) < 2:
        return None
    found = [
        {"event_id": t.key, "change": t.change / 1e6} for t in accounting.first_binding if t.key in event_ids
    ]
    return found or None


def _part(answer: AttributionResult, part: Part) -> dict[str, Any]:
    start, end = (part.end, part.start) if answer.backwards else (part.start, part.end)
    factor = answer.per_year
    return {
        "id": part.id,
        "title": part.title,
        "role": part.role,
        "sign": int(-part.sign if answer.backwards else part.sign),
        "from": start,
        "to": end,
        "change": part.change,
        "per_year": {"from": factor * start, "to": factor * end, "change": factor * part.change},
        "event_id": None if part.event is None else part.event.id,
        "merged": list(part.merged),
        "note": part.note,
    }


def nodes(answer: AttributionResult) -> list[dict[str, Any]]:
    """Return the windows that events are measured against, with what was observed in them a year."""
    found = []
    for part in answer.parts:
        factor = answer.per_year * part.factor
        if part.fit is not None and part.way is not None:
            series, terms = part.fit.series, part.fit.posterior.design.event_terms
            for cluster in part.way.clusters:
                ids = [i for k in cluster.terms if k in part.way.active for i in terms[k].event_ids]
                places = cluster.node.positions
                window = (
                    [str(series.periods[places[0]]), str(series.periods[places[-1]])] if len(places) else []
                )
                value = factor * cluster.node.mean if cluster.node.enough else None
                found.append(
                    {"part": part.id, "events": ids, "window": window, "value": value, "note": cluster.note}
                )
        if part.event is not None and part.taken_from is not None and part.taken:
            value = factor * part.taken_from.mean
            found.append(
                {"part": part.id, "events": [part.event.id], "window": [], "value": value, "note": ""}
            )
    return found


def timing(answer: AttributionResult) -> dict[str, Any]:
    """Return the timing lens: the answer under each dating, groups as rows, and each dating's sums."""
    divided = answer.divided
    datings = []
    for k, dated in enumerate(answer.datings):
        intervals = divided.under(k)
        rest = answer.absolute - sum(interval[0] for interval in intervals)
        datings.append(
            {
                "dating": dated.dating,
                "weight": dated.weight,
                "contributions": [
                    {"label": row.label, "event_ids": list(row.event_ids), **dict(zip(NAMES, i, strict=True))}
                    for row, i in zip(answer.rows, intervals, strict=True)
                ],
                "sums": [_sum_under(answer, k, item) for item in answer.sums],
                "residual": {"estimate": rest},
            }
        )
    others = [
        {"name": branch.name, **_interval(answer, branch.interval), "moved": branch.moved}
        for branch in answer.branches
    ]
    return {"datings": datings, "branches": others, "lmdi": lmdi(answer).to_record(), "method": METHOD}


def _sum_under(answer: AttributionResult, dating: int, item: EventSum) -> dict[str, Any]:
    own = [answer.rows[r] for r in item.rows]
    interval = answer.divided.combined_under(dating, lambda row: row in own)
    return {"label": item.label, **dict(zip(NAMES, interval, strict=True))}


def identification(answer: AttributionResult) -> list[dict[str, Any]]:
    """Return every event with grade, group and reason; constant and left-out ones included."""
    found: dict[str, dict[str, Any]] = {}
    for contribution in answer.contributions:
        row = contribution.row
        for event_id in row.event_ids:
            found[event_id] = {
                "event_id": event_id,
                "grade": "D" if row.group else contribution.grade,
                "group": row.group,
                "reason": row.reason if row.group else _alone(contribution.grade),
            }
    for fit in answer.fits:
        design = fit.posterior.design
        silent = {event_id: CONSTANT for term in design.event_terms for event_id in term.event_ids}
        silent |= {event_id: f"left out: {reason}" for event_id, reason in design.left_out.items()}
        for event_id, reason in silent.items():
            found.setdefault(event_id, {"event_id": event_id, "grade": None, "group": None, "reason": reason})
    for part in answer.parts:
        if part.event is not None and part.event.id not in found:
            found[part.event.id] = {
                "event_id": part.event.id,
                "grade": None,
                "group": None,
                "reason": CONSTANT,
            }
    return list(found.values())


def _alone(grade: str | None) -> str:
    if grade == "exact":
        return "known from the figures alone"
    return "its sign is not known" if grade == "D" else "estimated alone between these windows"


def part_notes(answer: AttributionResult) -> list[str]:
    """Return what was merged, why a part is open, and nodes that are not the year before."""
    lines = []
    for part in answer.parts:
        if part.merged:
            lines.append(
                f"{part.title}: {', '.join(part.merged)} not observed in both windows, so merged here."
            )
        if part.note:
            lines.append(f"{part.title}: {part.note}.")
    lines += [f"{node['part']}: {node['note']}." for node in nodes(answer) if node["note"]]
    return lines
