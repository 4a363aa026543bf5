"""The section with the breaks of every series of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from analysis import catalogue
from analysis.attribution.study import Study
from analysis.domain import Cell
from analysis.errors import CannotEstimateError
from analysis.report.blocks import MINUS, Block, Heading, Sentences, Table

if TYPE_CHECKING:
    from analysis.breaks import BreakResult

COLUMNS = ("series", "last before", "first after", "set", "change", "events (lag)", "title", "verdict")
CHANCE_COLUMNS = ("series", "breaks", "meet an event", "random dates would", "p", "events no break meets")
TRIMMING_COLUMNS = ("series", "how the answer moves")
KEPT = (
    "n_breaks",
    "breaks",
    "matching",
    "events_without_break",
    "wandering_level",
    "dips",
    "by_min_segment",
    "sensitivity",
    "sample",
)
"""Keys of a record of breaks that stand in the report's record."""

_INTRODUCTION = (
    "Every series of the catalogue, searched without being told a date, with the default options. A break is "
    "named by the last observed period before it; the set holds all dates that the data cannot tell apart. "
    "The lag counts periods from the first full period of an event to the first after the break. The verdict "
    "says whether steps describe the series better than a slowly wandering level, which would break as well.",
    "A break that meets nothing but a change of what is recorded is titled change of record, never policy.",
    "Series contain each other (exports are part of the total): the rows are no independent confirmations.",
)


def every_break(
    study: Study, records: dict[str, Any], searched: Sequence[str] | None = None
) -> Sequence[Block]:
    """Return the tables of all breaks, of their events beside chance, and of series without an answer.

    Parameters
    ----------
    study : Study
    records : dict
        Receives ``every_break``: by series the breaks, or the reason why there is no answer.
    searched : sequence of str, optional
        Series; every one of the catalogue if absent.
    """
    found: dict[str, BreakResult] = {}
    refused: dict[str, str] = {}
    for name in catalogue.series_ids() if searched is None else searched:
        try:
            found[name] = study.breaks(name)
        except CannotEstimateError as reason:
            refused[name] = reason.message
    answers = {name: result.to_record() for name, result in found.items()}
    records["every_break"] = {
        name: {key: record[key] for key in KEPT} for name, record in answers.items()
    } | {name: {"refused": reason} for name, reason in refused.items()}
    rows = [row for name, record in answers.items() for row in _rows(name, record)]
    chance = [_beside_chance(name, record) for name, record in answers.items()]
    moves = [(name, " ".join(result.sensitivity)) for name, result in found.items()]
    return [
        Heading(1, "Breaks of every series"),
        Sentences(_INTRODUCTION),
        Table("breaks.every", "Breaks at unknown dates", COLUMNS, tuple(rows)),
        Table("breaks.chance", "Breaks that meet an event, beside chance", CHANCE_COLUMNS, tuple(chance)),
        Table("breaks.trimming", "Breaks with other shortest segments", TRIMMING_COLUMNS, tuple(moves)),
        Table(
            "breaks.refused",
            "Series that cannot be searched",
            ("series", "why"),
            tuple(refused.items()),
        ),
    ]


def _rows(name: str, record: dict[str, Any]) -> list[tuple[Cell, ...]]:
    return [_row(name, one, record) for one in record["breaks"]] or [
        (name, "none", *[None] * (len(COLUMNS) - 2))
    ]


def _row(name: str, one: dict[str, Any], record: dict[str, Any]) -> tuple[Cell, ...]:
    ranges = ", ".join(low if low == high else f"{low}..{high}" for low, high in one["ci"]["set"])
    events = ", ".join(f"{event['event_id']} ({_signed(event['lag'])})" for event in one["events"])
    percent, unit = one["percent"], record["sample"]["unit"]
    return (
        name,
        one["last_before"],
        one["first_after"],
        ranges,
        f"{_signed(percent)} %" if percent is not None else f"{_signed(one['magnitude'])} {unit}",
        events or "none",
        one["title"],
        record["wandering_level"]["verdict"].replace("_", " "),
    )


def _beside_chance(name: str, record: dict[str, Any]) -> tuple[Cell, ...]:
    unmet = ", ".join(record["events_without_break"]) or "none"
    matching = record["matching"]
    if matching is None:
        return (name, record["n_breaks"], None, None, None, unmet)
    chance = f"{matching['expected_by_chance']:.1f} ({matching['lower']} to {matching['upper']})"
    return (name, record["n_breaks"], matching["matched"], chance, matching["pvalue"], unmet)


def _signed(value: float) -> str:
    return f"{value:+,.0f}".replace("-", MINUS)
