"""Where the table of a file begins and ends: title lines, header, units, rows of totals, footnotes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from analysis.errors import InputError
from analysis.reading.dates import MONTHS, dated
from analysis.reading.grid import Cell, Grid, Row
from analysis.reading.numbers import written
from analysis.reading.question import Alternative, Choices, FileQuestion

TOTAL = re.compile(
    r"(grand |sub-?|year |annual )?(total|sum|average|mean)s?|year to date|"
    r"合计|总计|總計|合計|小计|총계|합계|소계|계|"
    r"summe|gesamt|insgesamt|totaal|totale|suma|somme",
    re.IGNORECASE,
)
"""Words that make a row or a column a sum of the others."""
PERIODS = (
    "period", "time_period", "date", "observation_date", "time", "month", "yearmonth", "year_month",
    "quarter", "week", "year", "day", "refperiod", "reference period", "datum", "monat", "jahr", "zeit",
    "zeitraum", "période", "periode", "mois", "année", "fecha", "mes", "año", "data", "ano", "数据年月",
    "日期", "时间", "年月", "月份", "年份", "年", "年月日", "기간", "년월", "년도", "연도", "날짜", "период",
    "дата", "год", "месяц",
)  # fmt: skip
"""Names under which columns of periods stand, in small letters, the likeliest first."""
_BRACKETED = re.compile(r"(?P<code>[12]\d{3}(?:[MQ]\d{1,2})?) \[YR?(?P=code)\]\Z")
_MONTH_NUMBER = re.compile(r"(?:m|0)?(?P<m>[1-9]|1[0-2])(?:\s?[月월])?\Z", re.IGNORECASE)
_QUARTER_NUMBER = re.compile(
    r"q(?:uarter|tr)?\.?\s?(?P<q>[1-4])\Z|(?P<q2>[1-4])(?:q|\s?분기|季度)\Z", re.IGNORECASE
)
_BEGINS_AS_DATE = re.compile(r"['\"]?\d")
SERIES_ID = "series_id"
LEAST_ACROSS = 3
"""Cells of a row that must be periods for the row to be a header with periods across."""
STEADY = 0.75


@dataclass(frozen=True)
class Body:
    """The table of a file.

    Attributes
    ----------
    grid : Grid
    header : tuple of str
        Names of the columns; an unnamed column is called by its number.
    rows : tuple of Row
        As wide as the header.
    left_out : tuple of str
        What is not part of it, in words.
    unit : str
        Of a line of units below the header, of the one value column.
    """

    grid: Grid
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    left_out: tuple[str, ...] = ()
    unit: str = ""

    def column(self, name: str) -> int:
        """Return the position of a column by its name."""
        return self.header.index(name)

    def cells(self, at: int) -> tuple[Cell, ...]:
        """Return a column."""
        return tuple(row.cells[at] for row in self.rows)

    def find(self, asked: str, option: str) -> int:
        """Return the position of the column that a caller chose, by name or by number from 1.

        Raises
        ------
        InputError
            Naming the columns that there are.
        """
        folded = [name.casefold() for name in self.header]
        if asked in self.header:
            return self.header.index(asked)
        if folded.count(asked.casefold()) == 1:
            return folded.index(asked.casefold())
        if asked.isdecimal() and 1 <= int(asked) <= len(self.header):
            return int(asked) - 1
        raise InputError(
            f"the file {self.grid.name} has no column '{asked}'; it has {', '.join(self.header)}",
            pointer=f"/{option}",
        )


def month_of(name: Cell) -> int | None:
    """Return the month that a cell names (Jan, 1, M01, 1月), None if it names none."""
    text = str(name).strip().rstrip(".").lower()
    found = _MONTH_NUMBER.match(text)
    return int(found["m"]) if found else MONTHS.get(text)


def quarter_of(name: Cell) -> int | None:
    """Return the quarter that a cell names (Q1, 1q), None if it names none."""
    found = _QUARTER_NUMBER.match(str(name).strip())
    return int(found["q"] or found["q2"]) if found else None


def period_name(cell: Cell) -> Cell:
    """Return a cell of a header without the code that the World Bank writes behind it."""
    found = _BRACKETED.match(cell) if isinstance(cell, str) else None
    return found["code"] if found else cell


def across(cells: Sequence[Cell]) -> list[int]:
    """Return the positions at which periods stand across a header; empty if it is none."""
    at = [k for k, cell in enumerate(cells) if cell != "" and dated(period_name(cell)).period is not None]
    if len(at) < LEAST_ACROSS:
        return []
    periods = [dated(period_name(cells[k])).period for k in at]
    frequencies = {p.frequency for p in periods if p is not None}
    if len(frequencies) != 1:
        return []
    steps = [b.ordinal - a.ordinal for a, b in itertools.pairwise(periods) if a and b]
    usual = max(set(steps), key=steps.count)
    steady = usual != 0 and steps.count(usual) >= STEADY * len(steps)
    return (
        at
        if steady and (abs(usual) == 1 or frequencies == {"D"}) and len(set(periods)) == len(periods)
        else []
    )


def parts_across(cells: Sequence[Cell], part: Callable[[Cell], int | None], least: int) -> dict[int, int]:
    """Return months or quarters that stand across a header, by position; empty if it is none."""
    found = {k: number for k, cell in enumerate(cells) if (number := part(cell)) is not None}
    steady = all(b == a + 1 for a, b in zip(found.values(), list(found.values())[1:], strict=False))
    if all(str(cells[k]).isdecimal() for k in found):
        least = 12  # a row of small numbers is no header
    return found if len(found) >= least and steady and 1 in found.values() else {}


def find_body(grid: Grid, choices: Choices) -> Body:
    """Find header and rows.

    Raises
    ------
    FileQuestion
        If the first line is data already.
    InputError
        If there is no row below the header, or one has more cells than it.
    """
    first = next((k for k, row in enumerate(grid.rows) if _is_data(row)), None)
    above = grid.rows if first is None else grid.rows[: first + 1]
    at = next((k for k, row in enumerate(above) if _is_wide(row)), None)
    if at is None:
        if first == 0:
            return _headless(grid, choices)
        at = _header(grid.rows[:first]) if first else 0
    head = grid.rows[at]
    header = _names(head.cells, grid.rows[first].cells if first is not None and first > at else ())
    header = _apart(header, grid.rows[at - 1].cells if at else ())
    rows, unit, left = _rows(grid, header, grid.rows[at + 1 :])
    lines = (f"{_count(at, 'line')} above the header",) if at else ()
    return Body(grid, header, rows, (*lines, *left), unit)


def _is_data(row: Row) -> bool:
    """Tell whether a row holds a period and, in another cell, a number or a code for a missing one."""
    dates = [k for k, cell in enumerate(row.cells) if cell != "" and dated(cell).is_date]
    return any(
        k != date and cell != "" and (written(cell).is_number or written(cell).missing)
        for date in dates
        for k, cell in enumerate(row.cells)
    )


def _is_wide(row: Row) -> bool:
    texts = [str(cell) for cell in row.cells]
    return (
        bool(across(row.cells))
        or bool(parts_across(texts, month_of, LEAST_ACROSS))
        or bool(parts_across(texts, quarter_of, LEAST_ACROSS))
    )


def _header(rows: Sequence[Row]) -> int:
    """Return which of the rows above the first data row is the header: of the widest ones the last.

    Where the row just above the data names its periods, and the widest one says something else in that place,
    the widest is one of the notes above the table, and the row above the data is the header.
    """
    texts = [
        sum(cell != "" and not written(cell).is_number for cell in row.cells)
        if not any(written(cell).is_number for cell in row.cells if cell != "")
        else 0
        for row in rows
    ]
    widest = max(texts)
    if not widest:
        return len(rows) - 1
    at = max(k for k, count in enumerate(texts) if count == widest)
    named = next((k for k, cell in enumerate(rows[-1].cells) if str(cell).casefold() in PERIODS), None)
    beside = rows[at].cells[named : named + 1] if named is not None else ()
    return len(rows) - 1 if beside and beside[0] != "" else at


def _headless(grid: Grid, choices: Choices) -> Body:
    width = max(len(row.cells) for row in grid.rows)
    header = tuple(f"column {k + 1}" for k in range(width))
    rows, unit, left = _rows(grid, header, grid.rows)
    if choices.period and choices.value:
        return Body(grid, header, rows, left, unit)
    first = grid.rows[0]
    numbers = [
        k + 1 for k, cell in enumerate(first.cells) if written(cell).is_number and not dated(cell).is_date
    ]
    period = next(k + 1 for k, cell in enumerate(first.cells) if dated(cell).is_date)
    raise FileQuestion(
        f"the file {grid.name} has no header: its first line, {', '.join(map(str, first.cells[:4]))}, is "
        f"data (add a line such as period,value, or give --period {period} and --value)",
        [
            Alternative(
                "value",
                str(k),
                f"takes column {k} (with --period {period})",
                tuple((str(row.cells[period - 1]), str(row.cells[k - 1])) for row in rows[:3]),
            )
            for k in numbers or [width]
        ],
        pointer="/value",
    )


def _names(cells: Sequence[Cell], data: Sequence[Cell]) -> tuple[str, ...]:
    """Return the names of the columns, also of one that has data and an empty cell above them."""
    filled = [k for row in (cells, data[: len(cells)]) for k, cell in enumerate(row) if cell != ""]
    last = max(filled) + 1
    return tuple(str(cell) if cell != "" else f"column {k + 1}" for k, cell in enumerate(cells[:last]))


def _apart(names: tuple[str, ...], above: Sequence[Cell]) -> tuple[str, ...]:
    """Return names that differ: those that stand twice with the words above them, else with their place."""
    folded = [name.casefold() for name in names]
    if len(set(folded)) == len(folded):
        return names
    groups, group = [], ""
    for k in range(len(names)):
        group = str(above[k]).strip() if k < len(above) and above[k] != "" else group
        groups.append(group)
    grouped = [f"{group} {name}" if group else name for group, name in zip(groups, names, strict=True)]
    if len(set(grouped)) == len(grouped):
        return tuple(grouped)
    return tuple(
        f"{name} (column {k + 1})" if folded.count(folded[k]) > 1 else name for k, name in enumerate(names)
    )


def _rows(
    grid: Grid, header: Sequence[str], rows: Sequence[Row]
) -> tuple[tuple[Row, ...], str, tuple[str, ...]]:
    """Return the rows below a header without units, totals and footnotes, the unit, and what was left out."""
    kept, left, unit = list(rows), [], ""
    if len(kept) > 1 and _is_units(kept[0]):
        unit = next((str(cell) for cell in reversed(kept[0].cells) if cell != ""), "")
        left.append("the line of units")
        kept = kept[1:]
    footnotes = 0
    while len(kept) > 1 and _is_footnote(kept[-1]):
        kept.pop()
        footnotes += 1
    if footnotes:
        left.append(f"{_count(footnotes, 'line')} below the table")
    named = any(name.casefold() == SERIES_ID for name in header)  # there "total" is the name of a series
    totals = [] if named else [row for row in kept if _is_total(row)]
    if totals and len(totals) < len(kept):
        kept = [row for row in kept if not _is_total(row)]
        left.append(f"{_count(len(totals), 'row')} of totals")
    if not kept:
        raise InputError(f"the file {grid.name} has a header but no rows")
    width = len(header)
    square = []
    for row in kept:
        if len(row.cells) < width or any(cell != "" for cell in row.cells[width:]):
            raise InputError(
                f"{grid.place(row)}: {len(row.cells)} cells, but the header has {width} columns; put "
                "numbers with "
                "commas into quotation marks, or separate the columns with semicolons"
            )
        square.append(Row(row.number, row.cells[:width]))
    return tuple(square), unit, tuple(left)


def _is_units(row: Row) -> bool:
    filled = [cell for cell in row.cells if cell != ""]
    return (
        row.cells[0] in ("", "unit", "Unit", "units", "Units")
        and bool(filled)
        and all(isinstance(c, str) and not written(c).is_number and not written(c).missing for c in filled)
    )


def _is_footnote(row: Row) -> bool:
    """Tell whether a row is words alone: a sentence, or a name with a colon and what it names."""
    words = [cell for cell in row.cells if cell != ""]
    first = row.cells[0]
    return (
        len(words) <= 2
        and isinstance(first, str)
        and len(first) > 3
        and _BEGINS_AS_DATE.match(first) is None
        and not any(written(cell).is_number for cell in words)
        and (len(words) == 1 or first.rstrip().endswith(":"))
    )


def _is_total(row: Row) -> bool:
    """Tell whether the first words of a row are those of a total, with no period before them."""
    for cell in row.cells:
        if cell != "" and not written(cell).is_number:
            return isinstance(cell, str) and TOTAL.fullmatch(cell.strip().rstrip(":")) is not None
        if cell != "" and dated(cell).is_date:
            return False
    return False


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
