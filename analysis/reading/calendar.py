"""A column of periods, read as one: the order of day and month, fiscal years, day numbers of Excel."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from analysis.domain import Frequency, Period, Window
from analysis.domain.spacing import frequency_of_days
from analysis.errors import InputError
from analysis.reading.dates import Dated, dated
from analysis.reading.grid import Cell
from analysis.reading.question import Alternative, DateOrder, FileQuestion

FORMS = "write 2016, 2016-Q1, 2016-03, 2016-W07 or 2016-03-01"
SERIALS = range(18_000, 80_000)
"""Day numbers of Excel from 1949 to 2119, counted from 30 December 1899."""
EPOCH = date(1899, 12, 30)
_ORDERS: dict[DateOrder, str] = {
    "dmy": "the day before the month",
    "mdy": "the month before the day",
    "ymd": "the year before month and day",
}


@dataclass(frozen=True, slots=True)
class Calendar:
    """A column of periods as read.

    Attributes
    ----------
    periods : tuple of (Period or Window)
        A window where a row states the sum of several periods.
    note : str
        What was decided, in words; empty where nothing was.
    """

    periods: tuple[Period | Window, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """Cells of a column of periods, where each stands, and what stands beside them."""

    name: str
    cells: Sequence[Cell]
    places: Sequence[str]
    beside: Sequence[Cell] = ()

    def question(
        self, at: int, words: str, ways: Sequence[tuple[str, str, Sequence[object]]]
    ) -> FileQuestion:
        """Return the question which of several readings holds: option, value, and every cell under it."""
        beside = self.beside or [""] * len(self.cells)
        return FileQuestion(
            f"{self.places[at]}: '{self.cells[at]}' in the column '{self.name}' {words}",
            [
                Alternative(
                    option,
                    value,
                    f"reads {read[at]}",
                    tuple((str(read[k]), str(beside[k])) for k in range(min(3, len(read)))),
                )
                for option, value, read in ways
            ],
            pointer=f"/{ways[0][0]}",
        )


def read_calendar(column: Column, order: DateOrder | None, frequency: Frequency | None) -> Calendar:
    """Read periods that were written together.

    Parameters
    ----------
    column : Column
    order : {"dmy", "mdy", "ymd"} or None
        Decides about 01/02/2014.
    frequency : Frequency or None
        Decides about 2011-12, a month or a fiscal year.

    Raises
    ------
    InputError
        Naming file, row, column and remedy of the first cell that is no period.
    FileQuestion
        If day and month could be exchanged throughout, or fiscal years be months.
    """
    serial = _serials(column.cells)
    if serial is not None:
        return Calendar(serial, "day numbers of Excel")
    found = [dated(cell) for cell in _unpadded(column.cells)]
    for k, one in enumerate(found):
        if not one.is_date:
            raise _no_period(column, k)
    if any(one.fiscal for one in found) and all(one.fiscal for one in found) and frequency in (None, "A"):
        return _fiscal(column, found, frequency)
    chosen = order or order_of(column, found)
    periods: list[Period | Window] = []
    for k, one in enumerate(found):
        period = one.span or one.on(chosen)
        if period is None and one.turned:
            raise InputError(
                f"{column.places[k]}: '{column.cells[k]}' in the column '{column.name}' is no date with "
                f"{_ORDERS[chosen or 'dmy']}; mend it, or give another --date-order"
            )
        if period is None:
            raise _no_period(column, k)
        periods.append(period)
    turned = any(one.turned and one.period is None for one in found)
    return Calendar(tuple(periods), _ORDERS[chosen] if turned and chosen else "")


def _no_period(column: Column, at: int) -> InputError:
    if column.cells[at] == "":
        return InputError(f"{column.places[at]}: the column '{column.name}' is empty; fill it in")
    return InputError(
        f"{column.places[at]}: '{column.cells[at]}' in the column '{column.name}' is not a period: {FORMS}"
    )


def order_of(column: Column, found: Sequence[Dated]) -> DateOrder | None:
    """Return the one order of day, month and year in which every cell is a date, None if none is turned.

    Raises
    ------
    FileQuestion
        If two orders are possible and give other dates.
    """
    turned = [one for one in found if one.turned is not None]
    if not turned:
        return None
    short = all(one.short for one in turned)
    orders: tuple[DateOrder, ...] = ("dmy", "mdy", "ymd") if short else ("dmy", "mdy")
    possible = [way for way in orders if all(one.on(way) is not None for one in turned)]
    if short and len(possible) > 1:
        days = {way: [p.start for one in turned if (p := one.on(way)) is not None] for way in possible}
        possible = [way for way in possible if frequency_of_days(days[way]) is not None] or possible
    if len({tuple(one.on(way) for one in turned) for way in possible}) > 1:
        at = next(
            k for k, one in enumerate(found) if one.turned and len({one.on(way) for way in possible}) > 1
        )
        ways = [("date_order", way, [one.on(way) or one.span for one in found]) for way in possible]
        raise column.question(at, "can be read in two ways", ways)
    return possible[0] if possible else "dmy"


def _fiscal(column: Column, found: Sequence[Dated], frequency: Frequency | None) -> Calendar:
    years = tuple(one.fiscal for one in found if one.fiscal is not None)
    if frequency is None and all(one.period is not None for one in found):
        names = [f"the year {year}/{str(year + 1)[-2:]}" for year in years]
        months = [f"the month {one.period}" for one in found]
        ways = [("frequency", "A", names), ("frequency", "M", months)]
        raise column.question(0, "is a fiscal year or a month", ways)
    return Calendar(years, f"fiscal years, {column.cells[0]} called {years[0]}")


def _serials(cells: Sequence[Cell]) -> tuple[Period, ...] | None:
    """Return days if every cell is a day number of Excel, None otherwise."""
    days: list[Period] = []
    for cell in cells:
        text = f"{cell:.10g}" if isinstance(cell, (int, float)) else str(cell).strip().removesuffix(".0")
        if isinstance(cell, date) or len(text) != 5 or not text.isdecimal() or int(text) not in SERIALS:
            return None
        days.append(Period.containing(EPOCH + timedelta(days=int(text)), "D"))
    return tuple(days) or None


def _unpadded(cells: Sequence[Cell]) -> list[Cell]:
    """Mend 2018.1 where a sheet has cut the zero of 2018.10: other months of the column have two digits."""
    texts = [f"{cell:.10g}" if isinstance(cell, float) else cell for cell in cells]
    if not any(isinstance(text, str) and re.fullmatch(r"[12]\d{3}\.0[1-9]", text) for text in texts):
        return list(texts)
    return [f"{t}0" if isinstance(t, str) and re.fullmatch(r"[12]\d{3}\.1", t) else t for t in texts]
