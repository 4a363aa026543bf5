"""What stands beside a series: events, controls and other tables, through the same reader."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis.domain import EventTable, Period
from analysis.domain.spacing import on_spacing
from analysis.errors import InputError
from analysis.reading.body import find_body
from analysis.reading.calendar import Column, read_calendar
from analysis.reading.files import Source
from analysis.reading.grid import Grid, read_grid
from analysis.reading.numbers import decimal_mark, number, written
from analysis.reading.question import NO_CHOICES, Choices, Decimal, FileQuestion
from analysis.reading.strands import find_period_column

EVENT_NAMES: dict[str, tuple[str, ...]] = {
    "effective": ("effective", "begin", "begins", "start", "starts", "from", "date", "since", "day"),
    "end": ("end", "ends", "until", "to", "last"),
    "title": ("title", "name", "event", "label", "description", "measure"),
    "id": ("id", "key", "code"),
    "shape": ("shape",),
    "lead": ("lead",),
    "group": ("group",),
    "ended_by": ("ended_by", "ended by"),
}
"""Columns of an event file by what people call them."""


@dataclass(frozen=True, slots=True)
class Cells:
    """One row of a table: cells by column as text, and where it stands."""

    cells: dict[str, str]
    place: str
    decimal: Decimal = "point"

    def get(self, column: str) -> str | None:
        """Return the cell, or None if the column is absent or the cell empty."""
        return self.cells.get(column) or None

    def text(self, column: str) -> str:
        """Return the cell; an empty one raises InputError."""
        cell = self.get(column)
        if cell is None:
            raise InputError(f"{self.place}: the column '{column}' is empty; fill it in")
        return cell

    def number(self, column: str) -> float | None:
        """Return the cell as a number, None if missing; text raises InputError."""
        return number(self.cells.get(column, ""), self.decimal, self.place, column)


def read_rows(
    source: str | os.PathLike[str] | Source,
    *,
    required: Sequence[str],
    optional: Sequence[str] | None = (),
    numbers: Sequence[str] = (),
    choices: Choices = NO_CHOICES,
) -> list[Cells]:
    """Read a table with known columns.

    Parameters
    ----------
    source : path or Source
    required : sequence of str
        Columns that must be there.
    optional : sequence of str or None
        Columns that may be there; None allows any.
    numbers : sequence of str
        Columns of numbers, which show the decimal mark.
    choices : Choices

    Raises
    ------
    InputError
        If the file cannot be read, lacks a column, or has an unknown or doubled one.
    """
    given = Source.of(source)
    grid = read_grid(given.raw, given.name, choices)
    header = [str(cell) for cell in grid.rows[0].cells]
    while header and not header[-1]:
        header.pop()
    _check_header(header, given.name, required, optional)
    return _rows(grid, header, numbers, choices)


def _rows(grid: Grid, header: Sequence[str], numbers: Sequence[str], choices: Choices) -> list[Cells]:
    if len(grid.rows) < 2:
        raise InputError(f"the file {grid.name} has a header but no rows")
    at = [k for k, name in enumerate(header) if name in numbers]
    spoken = [(str(row.number), row.cells[k]) for row in grid.rows[1:] for k in at if k < len(row.cells)]
    mark: Decimal = "point"
    if at:
        mark = decimal_mark([written(c) for _, c in spoken], choices.decimal, spoken, grid.name)
    rows = []
    for row in grid.rows[1:]:
        place = grid.place(row)
        if len(row.cells) < len(header) or any(cell != "" for cell in row.cells[len(header) :]):
            raise InputError(f"{place}: {len(row.cells)} cells, but the header has {len(header)} columns")
        cells = {name: str(cell) for name, cell in zip(header, row.cells, strict=False)}
        rows.append(Cells(cells, place, mark))
    return rows


def _check_header(
    header: Sequence[str], name: str, required: Sequence[str], optional: Sequence[str] | None
) -> None:
    for column in required:
        if column not in header:
            raise InputError(
                f"the file {name} has no column '{column}': its header must contain {','.join(required)}"
            )
    if len(set(header)) != len(header):
        raise InputError(f"the header of {name} names a column twice")
    allowed = (*required, *(optional or ()))
    unknown = [column for column in header if column not in allowed]
    if optional is not None and unknown:
        raise InputError(
            f"the file {name} has an unknown column '{unknown[0]}'; known are {', '.join(allowed)}"
        )


def read_events(source: str | os.PathLike[str] | Source, *, choices: Choices = NO_CHOICES) -> EventTable:
    """Read a table of events.

    The header is ``id,title,effective`` and optionally ``shape,end,lead,group,ended_by``, or what people call
    them (``begin,end,name``); dates are of any form. A year, quarter or month is its first day as a beginning
    and its last as an end. Without ids, titles make them.

    Raises
    ------
    InputError
        Naming file, row, column and remedy.
    FileQuestion
        If day and month of the dates could be exchanged.
    """
    return read_event_tables(source, None, choices=choices)[""]


def read_event_tables(
    source: str | os.PathLike[str] | Source, by: str | None, *, choices: Choices = NO_CHOICES
) -> dict[str, EventTable]:
    """Read events; with `by` return one table for each value of that column, else one under the empty key."""
    given = Source.of(source)
    grid = _event_sheet(given, by, choices)
    header = _header_of(grid)
    names = _event_columns(header, given.name, by)
    rows = _rows(grid, header, (), choices)
    dates = {
        name: _days(rows, column, name == "end", choices)
        for name, column in names.items()
        if name in ("effective", "end")
    }
    tables: dict[str, list[tuple[dict[str, str], str]]] = {}
    taken: set[str] = set()
    for k, row in enumerate(rows):
        cells = {name: row.cells[column] for name, column in names.items() if row.cells[column]}
        cells |= {name: days[k] for name, days in dates.items() if days[k]}
        if "id" not in names and "title" in cells:
            cells["id"] = _made_id(cells["title"], taken)
        if "title" not in names and "id" in cells:
            cells["title"] = cells["id"]
        key = row.text(by) if by else ""
        tables.setdefault(key, []).append((cells, row.place))
    return {
        key: EventTable.from_rows([cells for cells, _ in found], places=[place for _, place in found])
        for key, found in tables.items()
    }


def _header_of(grid: Grid) -> list[str]:
    header = [str(cell) for cell in grid.rows[0].cells]
    while header and not header[-1]:
        header.pop()
    return header


def _event_sheet(given: Source, by: str | None, choices: Choices) -> Grid:
    """Return the file as a grid; of a workbook with several sheets the one that is a table of events."""
    try:
        return read_grid(given.raw, given.name, choices)
    except FileQuestion as question:
        sheets = [one.value for one in question.alternatives if one.option == "sheet"]
        if not sheets:
            raise
    grids = {name: read_grid(given.raw, given.name, replace(choices, sheet=name)) for name in sheets}
    fitting = []
    for name, grid in grids.items():
        try:
            _event_columns(_header_of(grid), given.name, by)
        except InputError:
            continue
        fitting.append(name)
    if len(fitting) != 1:
        raise InputError(
            f"the workbook {given.name} has {len(fitting) or 'no'} sheets with the header id,title,effective "
            "among several; keep the events on one"
        )
    return grids[fitting[0]]


def _event_columns(header: Sequence[str], name: str, by: str | None) -> dict[str, str]:
    folded = {column.casefold(): column for column in header if column != by}
    found = {
        key: folded[next(word for word in words if word in folded)]
        for key, words in EVENT_NAMES.items()
        if any(word in folded for word in words)
    }
    if by and by not in header:
        raise InputError(
            f"the file {name} has no column '{by}': its header must contain id,title,effective,{by}"
        )
    if "effective" not in found or not {"id", "title"} & set(found):
        wanted = "effective" if "effective" not in found else "title"
        raise InputError(
            f"the file {name} has no column '{wanted}': its header must contain id,title,effective"
        )
    if len(set(header)) != len(header):
        raise InputError(f"the header of {name} names a column twice")
    unknown = [column for column in header if column not in found.values() and column != by]
    if unknown:
        raise InputError(
            f"the file {name} has an unknown column '{unknown[0]}'; known are {', '.join(EVENT_NAMES)}"
        )
    return found


def _days(rows: Sequence[Cells], column: str, last: bool, choices: Choices) -> list[str]:
    """Return a column of dates as ISO days, empty where the cell is."""
    filled = [row for row in rows if row.cells[column]]
    if not filled:
        return [""] * len(rows)
    cells = Column(column, [row.cells[column] for row in filled], [row.place for row in filled])
    try:
        calendar = read_calendar(cells, choices.date_order, None)
    except FileQuestion:
        raise
    except InputError as problem:
        message = problem.message.replace("is not a period: write", "is not a date: write")
        raise InputError(message) from None
    days = {
        row.place: (period.last.end if last else period.first.start)
        if not isinstance(period, Period)
        else (period.end if last else period.start)
        for row, period in zip(filled, calendar.periods, strict=True)
    }
    return [days[row.place].isoformat() if row.place in days else "" for row in rows]


def _made_id(title: str, taken: set[str]) -> str:
    base = re.sub(r"[^\w]+", "_", title.casefold()).strip("_")[:40] or "event"
    name, number_ = base, 2
    while name in taken:
        name, number_ = f"{base}_{number_}", number_ + 1
    taken.add(name)
    return name


def read_controls(
    source: str | os.PathLike[str] | Source, *, choices: Choices = NO_CHOICES
) -> dict[str, dict[str, float]]:
    """Read controls: a column of periods, and one column of numbers for each control.

    Returns
    -------
    mapping of name to mapping of ISO period to value

    Raises
    ------
    InputError
        Naming file, row, column and remedy.
    """
    given = Source.of(source)
    body = find_body(read_grid(given.raw, given.name, choices), choices)
    cells, name, used = find_period_column(body, choices)
    places = [body.grid.place(row) for row in body.rows]
    calendar = read_calendar(Column(name, cells, places), choices.date_order, choices.frequency)
    single = [p for p in calendar.periods if isinstance(p, Period)]
    if len(single) != len(places):
        raise InputError(f"the file {given.name} has sums over several periods; a control needs single ones")
    periods = [str(p) for p in on_spacing(single, choices.frequency)]
    columns = [k for k in range(len(body.header)) if k not in used]
    if not columns:
        raise InputError(f"the file {given.name} names no control: its header is period,NAME,…")
    spoken = [(periods[n], row.cells[k]) for n, row in enumerate(body.rows) for k in columns]
    mark = decimal_mark([written(c) for _, c in spoken], choices.decimal, spoken, given.name)
    controls: dict[str, dict[str, float]] = {body.header[k]: {} for k in columns}
    for n, row in enumerate(body.rows):
        for k in columns:
            values, label = controls[body.header[k]], body.header[k]
            if periods[n] in values:
                raise InputError(f"{places[n]}: the period {periods[n]} appears twice; keep one row")
            value = number(row.cells[k], mark, places[n], label)
            if value is None:
                raise InputError(f"{places[n]}: the control '{label}' is empty; a control needs every period")
            values[periods[n]] = value
    return controls
