"""From a strand of a file to a series: numbers, periods, sums, flags, and what was read in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from analysis.domain import FREQUENCY_NAMES, STATUSES, Gaps, Period, TradeSeries, Window
from analysis.domain.periods import PERIOD_WORDS
from analysis.domain.spacing import on_spacing
from analysis.errors import InputError
from analysis.reading.calendar import Column, read_calendar
from analysis.reading.numbers import STATUS_FLAGS, decimal_mark, mark_by_size, number, written
from analysis.reading.question import Alternative, Choices, Decimal, FileQuestion
from analysis.reading.strands import Strand, Strands
from analysis.reading.totals import (
    Parted,
    doubled_februaries,
    looks_cumulative,
    part_cumulative,
    part_february,
)

SDMX_STATUSES = "ABDEFGHIJKLMNOPQSUVWXZRCT"
"""Codes of SDMX's CL_OBS_STATUS and letters of Eurostat; those without a status here leave a value normal."""
LONGEST_ID = 60
ARTICLES = {"A": "an"}


@dataclass(frozen=True)
class Decided:
    """What holds for the whole file."""

    decimal: Decimal
    gaps: Gaps
    choices: Choices


def decide(strands: Strands, choices: Choices, gaps: Gaps) -> Decided:
    """Return the decimal mark of a file, from all its columns of numbers.

    Raises
    ------
    FileQuestion
        If two marks are possible.
    """
    body = strands.body
    periods = {strand.period_column for strand in strands.found}
    columns = [[written(value) for value in strand.values] for strand in strands.found]
    for at, name in enumerate(body.header):
        column = [written(cell) for cell in body.cells(at) if cell != ""]
        if name not in periods and column and all(one.is_number or one.missing for one in column):
            columns.append(column)
    cells = [cell for column in columns for cell in column]
    first = strands.found[0]
    rows = [(str(p), v) for p, v in zip(first.periods, first.values, strict=True)]
    rows.sort(key=lambda row: not written(row[1]).open)
    every = rows if any(written(v).open for _, v in rows) else [
        (str(p), v) for s in strands.found for p, v in zip(s.periods, s.values, strict=True)
        if written(v).open
    ]  # fmt: skip
    place = f"{body.grid.name}, column '{first.column}'"
    given = choices.decimal or (None if any(cell.decides for cell in cells) else mark_by_size(columns))
    return Decided(decimal_mark(cells, given, every or rows, place), gaps, choices)


def build(strands: Strands, strand: Strand, decided: Decided, **fields: Any) -> TradeSeries:
    """Return a strand as a series; its first caveat is the sentence that says what was read.

    Parameters
    ----------
    strands : Strands
        The file.
    strand : Strand
        One of them.
    decided : Decided
    **fields
        Attributes of the series that the caller gives: ``id``, ``title``, ``unit``.

    Raises
    ------
    InputError
        Naming file, row, column and remedy.
    FileQuestion
        If dates, running totals or a missing January leave a choice.
    """
    name, choices = strands.body.grid.name, decided.choices
    column = Column(strand.period_column, strand.periods, strand.places, strand.values)
    calendar = read_calendar(column, choices.date_order, choices.frequency)
    single = [period for period in calendar.periods if isinstance(period, Period)]
    if not single:
        raise InputError(
            f"the file {name} holds sums over several periods only; give values of single periods too"
        )
    try:
        placed = on_spacing(single, choices.frequency)
    except InputError as problem:
        raise InputError(
            f"the file {name}, column '{column.name}': {problem.message}", pointer="/frequency"
        ) from None
    values = [
        number(cell, decided.decimal, place, strand.column)
        for cell, place in zip(strand.values, strand.places, strict=True)
    ]
    at = iter(placed)
    rows = [(None if isinstance(p, Window) else next(at), k) for k, p in enumerate(calendar.periods)]
    own = [(period, k) for period, k in rows if period is not None]
    _check(own, strand, name)
    parted = _parted({period: values[k] for period, k in own}, name, strand, choices)
    held: dict[Period | Window, float | None] = dict(parted.values.items())
    held |= dict(parted.sums.items())
    held |= {p: values[k] for k, p in enumerate(calendar.periods) if isinstance(p, Window)}
    where: dict[Period | Window, int] = dict(own)
    status: dict[Period | Window, str | None] = {p: _status(strand, k, parted.values.get(p)) for p, k in own}
    errors: dict[Period | Window, float | None] = {p: _error(strand, k, decided.decimal) for p, k in own}
    fallback = fields.pop("id", None) or _id(strand, name)
    title = fields.pop("title", None) or (strand.label or ("" if strand.column == "value" else strand.column))
    try:
        series = TradeSeries.from_values(
            list(held),
            list(held.values()),
            id=fallback,
            title=title,
            unit=fields.pop("unit", None) or strand.unit,
            rse=[errors.get(p) or 0.0 for p in held],
            status=[status.get(p) if held[p] is not None else None for p in held],
            gaps=decided.gaps,
            frequency=placed[0].frequency,
            places=[strand.places[where[p]] if p in where else name for p in held],
            **fields,
        )
    except InputError as problem:
        raise InputError(f"the file {name}: {problem.message}", pointer=problem.pointer) from None
    notes = [*strands.notes, *([calendar.note] if calendar.note else []), *_spacing(single, placed)]
    notes += _flags(strand)
    if decided.decimal == "comma":
        notes.append("decimal commas")
    return _with_sentence(series, strands, strand, notes)


def _check(own: Sequence[tuple[Period, int]], strand: Strand, name: str) -> None:
    """Refuse a period that stands twice and a frequency that changes, naming the row."""
    seen: set[Period] = set()
    first = own[0][0].frequency
    for period, k in own:
        if period.frequency != first:
            raise InputError(
                f"{strand.places[k]}: {period} is not {FREQUENCY_NAMES[first]} like the rows before "
                "it; take out "
                "rows of another frequency, such as sums of the year"
            )
        if period in seen:
            raise InputError(f"{strand.places[k]}: the period {period} appears twice in {name}; keep one row")
        seen.add(period)


def _parted(values: dict[Period, float | None], name: str, strand: Strand, choices: Choices) -> Parted:
    if choices.cumulative is None and looks_cumulative(values):
        parted = part_cumulative(values)
        raise FileQuestion(
            f"the file {name}, column '{strand.column}': the values rise within every year and fall "
            "at its turn, as "
            "running totals of the year do",
            [
                Alternative("cumulative", "yes", "takes the differences", _first_rows(parted.values)),
                Alternative("cumulative", "no", "takes each value for its own period", _first_rows(values)),
            ],
            pointer="/cumulative",
        )
    if choices.cumulative:
        return part_cumulative(values)
    februaries = doubled_februaries(values)
    if februaries and choices.february is None:
        year = februaries[0].year
        raise FileQuestion(
            f"the file {name}, column '{strand.column}': January {year} has no value and February "
            "about that of two "
            "months",
            [
                Alternative(
                    "february", "sum", "takes February as the sum of both", _rows_of(values, februaries, "..")
                ),
                Alternative("february", "month", "takes it as a month", _rows_of(values, februaries, "")),
            ],
            pointer="/february",
        )
    return part_february(values, februaries) if choices.february == "sum" else Parted(values, {})


def _first_rows(values: dict[Period, float | None]) -> tuple[tuple[str, str], ...]:
    return tuple((str(p), "" if v is None else f"{v:.12g}") for p, v in list(values.items())[:3])


def _rows_of(
    values: dict[Period, float | None], februaries: Sequence[Period], span: str
) -> tuple[tuple[str, str], ...]:
    return tuple((f"{p + -1}{span}{p}" if span else str(p), f"{values[p]:.12g}") for p in februaries[:3])


def _status(strand: Strand, at: int, value: float | None) -> str | None:
    """Return the OBS_STATUS of a row: its own column's, else that of the flag beside the number."""
    cell = "" if strand.status is None else str(strand.status[at]).partition(":")[0].strip()
    if not cell:
        return written(strand.values[at]).status or None
    letters = cell.upper()
    if not all(letter in SDMX_STATUSES for letter in letters) or len(letters) > 3:
        raise InputError(
            f"{strand.places[at]}: status '{cell}' is none of {', '.join(STATUSES)}, nor a code of "
            "SDMX or Eurostat"
        )
    known = [STATUS_FLAGS[c] for c in "bep" if c.upper() in letters]
    if "M" in letters and value is None:
        return "M"
    return known[0] if known else "E" if letters in ("F", "I") else "A"


def _error(strand: Strand, at: int, decimal: Decimal) -> float | None:
    if strand.errors is None:
        return None
    return number(strand.errors[at], decimal, strand.places[at], "rse")


def _flags(strand: Strand) -> list[str]:
    marks: dict[str, int] = {}
    for cell in strand.values:
        mark = written(cell).flag
        if mark:
            marks[mark] = marks.get(mark, 0) + 1
    return ["flags " + ", ".join(f"{mark} ({count})" for mark, count in marks.items())] if marks else []


def _spacing(single: Sequence[Period], placed: Sequence[Period]) -> list[str]:
    before, after = single[0].frequency, placed[0].frequency
    if before == after:
        return []
    return [f"{PERIOD_WORDS[before]}s that fall once a {PERIOD_WORDS[after]} are {PERIOD_WORDS[after]}s"]


def _id(strand: Strand, name: str) -> str:
    stem = PurePath(name).stem or "series"
    return strand.label if strand.label and len(strand.label) <= LONGEST_ID else stem


def _with_sentence(
    series: TradeSeries, strands: Strands, strand: Strand, notes: Sequence[str]
) -> TradeSeries:
    grid = strands.body.grid
    what = f"'{strand.label}', column '{strand.column}'," if strand.label else f"Column '{strand.column}'"
    said = [*notes]
    if strands.body.left_out:
        said.append(f"left out: {', '.join(strands.body.left_out)}")
    if strands.unread:
        said.append(f"not read: {', '.join(strands.unread)}")
    kind = f"{ARTICLES.get(series.frequency, 'a')} {FREQUENCY_NAMES[series.frequency]} series"
    unit = f" in {series.unit}" if series.unit else ""
    sums = f", {len(series.totals)} sums over several periods" if series.totals else ""
    sentence = (
        f"{what} of {grid.name} ({grid.form}) was read as {kind}{unit}, {series.first} to {series.last}: "
        f"{series.n_observed} values, {len(series) - series.n_observed} missing{sums}"
        f"{''.join(f'; {one}' for one in said)}."
    )
    return replace(series, caveats=(sentence, *series.caveats))
