"""The series of a table: which columns are periods, values and labels; long, or with periods across."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis.errors import InputError
from analysis.reading.body import (
    LEAST_ACROSS,
    PERIODS,
    SERIES_ID,
    TOTAL,
    Body,
    across,
    month_of,
    parts_across,
    period_name,
    quarter_of,
)
from analysis.reading.dates import dated
from analysis.reading.grid import Cell, Row
from analysis.reading.numbers import written
from analysis.reading.question import Alternative, Choices, FileQuestion

VALUES = ("value", "obs_value", "primaryvalue", "美元", "人民币")
STATUSES = ("status", "obs_status", "obs_flag", "flag", "flags")
UNITS = ("unit", "unit of measure", "unit_measure", "units")
ERRORS = ("rse",)
SERIES = (SERIES_ID,)
PART_OF, SIGN, ROLE, TITLE = "part_of", "sign", "role", "title"
"""Columns of a file of series that add up (`analysis.reading.parts`)."""
ROW_NUMBERS = ("", "index", "unnamed: 0", "x", "id", "row", "no", "no.", "column 1")
CURRENCIES = {"美元": "US dollars", "人民币": "yuan"}
MULTIPLIERS = {"3": "thousands", "6": "millions", "9": "billions"}
MOST_NAMED = 8
YEARS = range(1500, 2200)


@dataclass(frozen=True)
class Strand:
    """One series as it stands in a file, unread.

    Attributes
    ----------
    label : str
        What distinguishes it from the others of the file; empty if it is alone.
    column : str
        Column of its values.
    period_column : str
    periods, values : tuple of Cell
    places : tuple of str
        Where each value stands.
    unit : str
    status, errors : tuple of Cell or None
    """

    label: str
    column: str
    period_column: str
    periods: tuple[Cell, ...]
    values: tuple[Cell, ...]
    places: tuple[str, ...]
    unit: str = ""
    status: tuple[Cell, ...] | None = None
    errors: tuple[Cell, ...] | None = None


@dataclass(frozen=True)
class Strands:
    """All series of a file.

    Attributes
    ----------
    body : Body
    found : tuple of Strand
    unread : tuple of str
        Columns that were not read.
    notes : tuple of str
        What was decided, in words.
    """

    body: Body
    found: tuple[Strand, ...]
    unread: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def find_strands(body: Body, choices: Choices) -> Strands:
    """Find the series of a table.

    Raises
    ------
    FileQuestion
        If several columns could be the periods or the values.
    InputError
        If none is.
    """
    wide = across(body.header)
    if wide and not choices.value:
        return _periods_across(body, wide)
    for part, least, word in ((month_of, LEAST_ACROSS, "month"), (quarter_of, LEAST_ACROSS, "quarter")):
        positions = parts_across(body.header, part, least)
        if positions and not choices.value:
            return _parts_across(body, positions, word)
    return _long(body, choices)


def _periods_across(body: Body, at: Sequence[int]) -> Strands:
    labels = [k for k in range(len(body.header)) if k not in at]
    months = [month_of(row.cells[labels[0]]) for row in body.rows] if len(labels) == 1 else [None]
    if all(month is not None for month in months) and len(set(months)) == len(months) > 1:
        return _transposed(body, at, [m for m in months if m is not None])
    totals = [k for k in labels if TOTAL.fullmatch(body.header[k].strip())]
    labels = [k for k in labels if k not in totals]
    varying = [k for k in labels if len(set(body.cells(k))) > 1 and not _numbers(body.cells(k))]
    shown = _shortest(body, varying) or labels[:1]
    found = []
    units = [k for k in labels if body.header[k].casefold() in UNITS]
    for row in body.rows:
        label = (
            ", ".join(str(row.cells[k]) for k in shown if row.cells[k] != "") if len(body.rows) > 1 else ""
        )
        filled = [k for k in at if row.cells[k] != ""]
        kept = [k for k in at if filled and filled[0] <= k <= filled[-1]] or list(at)
        found.append(
            Strand(
                label,
                body.header[shown[0]] if shown else "value",
                "header",
                tuple(period_name(body.header[k]) for k in kept),
                tuple(row.cells[k] for k in kept),
                tuple(f"{body.grid.place(row)}, column '{body.header[k]}'" for k in kept),
                str(row.cells[units[0]]) if units else body.unit,
            )
        )
    return Strands(body, tuple(found), tuple(body.header[k] for k in totals), ("periods stand across",))


def _shortest(body: Body, varying: Sequence[int]) -> list[int]:
    """Return as few columns as name every row differently: one if one does, else all that vary."""
    for k in varying:
        if len(set(body.cells(k))) == len(body.rows):
            return [k]
    return list(varying)


def _transposed(body: Body, at: Sequence[int], months: Sequence[int]) -> Strands:
    """Read months down and years across."""
    cells = [
        (
            f"{dated(period_name(body.header[k])).period}-{month:02d}",
            row.cells[k],
            f"{body.grid.place(row)}, {body.header[k]}",
        )
        for k in at
        for month, row in zip(months, body.rows, strict=True)
    ]
    return _matrix(body, cells, (), "months stand down, years across")


def _parts_across(body: Body, positions: dict[int, int], word: str) -> Strands:
    """Read a year a row and its months or quarters across."""
    others = [k for k in range(len(body.header)) if k not in positions]
    totals = [
        k for k in others if TOTAL.fullmatch(body.header[k].strip()) or body.header[k].casefold() == "annual"
    ]
    years = [k for k in others if all(_year(cell) for cell in body.cells(k))]
    if len(years) != 1:
        raise InputError(
            f"the file {body.grid.name} has {word}s across and {len(years)} columns of years beside them; "
            "give one row a year, with the year in a column of its own"
        )
    labels = [k for k in others if k not in (*totals, *years) and len(set(body.cells(k))) > 1]
    groups: dict[str, list[tuple[str, Cell, str]]] = {}
    for row in body.rows:
        year = _year(row.cells[years[0]])
        label = ", ".join(str(row.cells[k]) for k in labels)
        for k, part in positions.items():
            period = f"{year}-{part:02d}" if word == "month" else f"{year}-Q{part}"
            place = f"{body.grid.place(row)}, column '{body.header[k]}'"
            groups.setdefault(label, []).append((period, row.cells[k], place))
    found = [
        strand
        for label, cells in groups.items()
        for strand in (replace(s, label=label) for s in _matrix(body, cells, (), "").found)
    ]
    unread = tuple(body.header[k] for k in totals)
    return Strands(body, tuple(found), unread, (f"{word}s stand across, years down",))


def _matrix(
    body: Body, cells: Sequence[tuple[str, Cell, str]], unread: tuple[str, ...], note: str
) -> Strands:
    ordered = sorted(cells, key=lambda one: one[0])
    filled = [k for k, one in enumerate(ordered) if one[1] != ""]
    kept = ordered[filled[0] : filled[-1] + 1] if filled else ordered
    strand = Strand(
        "", "value", "header", tuple(p for p, _, _ in kept), tuple(v for _, v, _ in kept),
        tuple(place for _, _, place in kept), body.unit,
    )  # fmt: skip
    return Strands(body, (strand,), unread, (note,) if note else ())


def _long(body: Body, choices: Choices) -> Strands:
    periods, period_column, used = find_period_column(body, choices)
    rest = [k for k in range(len(body.header)) if k not in used and not _row_numbers(body, k)]
    by_name = {name: _named(body, rest, names) for name, names in
               (("status", STATUSES), ("rse", ERRORS), ("unit", UNITS), ("series", SERIES))}  # fmt: skip
    if by_name["unit"] is not None and _numbers(body.cells(by_name["unit"]), most=True):
        by_name["unit"] = None  # units sold, not a unit
    special = {k for k in by_name.values() if k is not None}
    if by_name["series"] is not None and _named(body, rest, (PART_OF,)) is not None:
        special |= {k for k in rest if body.header[k].casefold() in (PART_OF, SIGN, ROLE, TITLE)}
    value = _value_column(body, choices, [k for k in rest if k not in special], periods)
    labels = [k for k in rest if k not in special and k != value]
    if by_name["series"] is not None:
        labels = [by_name["series"]]
    elif len(set(periods)) == len(periods):
        labels = []
    else:
        labels = _labels(body, labels, periods)
    groups: dict[str, list[int]] = {}
    for at, row in enumerate(body.rows):
        groups.setdefault(", ".join(str(row.cells[k]) for k in labels), []).append(at)
    read = {*used, value, *labels, *special}
    unread = tuple(
        body.header[k] for k in rest if k not in read and any(cell != "" for cell in body.cells(k))
    )
    found = []
    for label, places in groups.items():
        rows = [body.rows[k] for k in places]

        def picked(column: int | None, rows: Sequence[Row] = tuple(rows)) -> tuple[Cell, ...] | None:
            return None if column is None else tuple(row.cells[column] for row in rows)

        units = list(dict.fromkeys(picked(by_name["unit"]) or ())) or [
            CURRENCIES.get(body.header[value], body.unit)
        ]
        if len(units) > 1:
            raise InputError(
                f"the file {body.grid.name}: {label or 'the series'} is in "
                f"{' and in '.join(map(str, units[:3]))}; "
                "bring it to one unit"
            )
        found.append(
            Strand(
                label,
                body.header[value],
                period_column,
                tuple(periods[k] for k in places),
                picked(value) or (),
                tuple(body.grid.place(row) for row in rows),
                _unit(body, str(units[0]), rows[0].cells),
                picked(by_name["status"]),
                picked(by_name["rse"]),
            )
        )
    return Strands(body, tuple(found), unread)


def _unit(body: Body, unit: str, cells: Sequence[Cell]) -> str:
    """Return the unit with the multiplier that SDMX states beside it."""
    at = [k for k, name in enumerate(body.header) if name.upper() == "UNIT_MULT"]
    word = MULTIPLIERS.get(str(cells[at[0]]).partition(":")[0].strip(), "") if at else ""
    return f"{unit}, {word}" if word and unit else unit or word


def find_period_column(body: Body, choices: Choices) -> tuple[list[Cell], str, set[int]]:
    """Return the cells that are the periods, the name of their column, and the positions that they use.

    Raises
    ------
    FileQuestion
        If several columns could be the periods.
    InputError
        If none is.
    """
    if choices.period:
        at = body.find(choices.period, "period")
        return list(body.cells(at)), body.header[at], {at}
    folded = [name.casefold() for name in body.header]
    combined = _two_columns(body, folded)
    if combined is not None:
        return combined
    named = [
        folded.index(name) for name in PERIODS if name in folded
        and any(dated(cell).is_date for cell in body.cells(folded.index(name)))
    ]  # fmt: skip
    if named:
        return list(body.cells(named[0])), body.header[named[0]], {named[0]}
    possible = [k for k in range(len(body.header)) if _dates(body.cells(k))]
    clear = [k for k in possible if not _numbers(body.cells(k))] or possible
    if len(clear) > 1:
        raise FileQuestion(
            f"the file {body.grid.name} has {len(clear)} columns that could be the periods",
            [Alternative("period", body.header[k], f"begins {body.cells(k)[0]}") for k in clear],
            pointer="/period",
        )
    if clear:
        return list(body.cells(clear[0])), body.header[clear[0]], {clear[0]}
    called = next((folded.index(name) for name in PERIODS if name in folded), None)
    if called is not None:
        return list(body.cells(called)), body.header[called], {called}
    raise InputError(
        f"the file {body.grid.name} has no column of periods: it has {', '.join(body.header[:MOST_NAMED])}; "
        "name one 'period' and write 2016, 2016-Q1, 2016-03, 2016-W07 or 2016-03-01, or give --period COLUMN"
    )


def _two_columns(body: Body, folded: Sequence[str]) -> tuple[list[Cell], str, set[int]] | None:
    """Join a column of years and one of months or quarters, if these are the two."""
    year = next(
        (
            folded.index(n)
            for n in ("year", "jahr", "année", "año", "ano", "年", "연도", "refyear")
            if n in folded
        ),
        None,
    )
    if year is None or not all(_year(cell) for cell in body.cells(year)):
        return None
    for names, part, form in (
        (("month", "monat", "mois", "mes", "mês", "月", "월", "refmonth"), month_of, "{}-{:02d}"),
        (("quarter", "quartal", "trimestre", "qtr"), _quarter_number, "{}-Q{}"),
    ):
        at = next((folded.index(n) for n in names if n in folded), None)
        if at is not None and all(part(cell) is not None for cell in body.cells(at)):
            cells: list[Cell] = [
                form.format(_year(row.cells[year]), part(row.cells[at])) for row in body.rows
            ]
            return cells, f"{body.header[year]} and {body.header[at]}", {year, at}
    return None


def _quarter_number(cell: Cell) -> int | None:
    return int(str(cell)) if str(cell) in ("1", "2", "3", "4") else quarter_of(cell)


def _value_column(body: Body, choices: Choices, columns: Sequence[int], periods: Sequence[Cell]) -> int:
    if choices.value:
        return body.find(choices.value, "value")
    folded = {body.header[k].casefold(): k for k in columns}
    named = [folded[name] for name in VALUES if name in folded]
    if named:
        return named[0]
    numeric = [k for k in columns if _numbers(body.cells(k), most=True)]
    if len(numeric) == 1:
        return numeric[0]
    if not numeric:
        tried = [k for k in columns if any(written(cell).is_number for cell in body.cells(k))] or list(
            columns
        )
        if len(tried) == 1:
            return tried[0]
        raise InputError(
            f"the file {body.grid.name} has no column of numbers beside the periods; name one 'value', "
            f"or give --value COLUMN; it has {', '.join(body.header[:MOST_NAMED])}"
        )
    raise FileQuestion(
        f"the file {body.grid.name} has {len(numeric)} columns of numbers",
        [
            Alternative(
                "value",
                body.header[k],
                f"begins {body.cells(k)[0]}",
                tuple((str(p), str(v)) for p, v in zip(periods[:3], body.cells(k)[:3], strict=True)),
            )
            for k in numeric
        ],
        pointer="/value",
    )


def _labels(body: Body, columns: Sequence[int], periods: Sequence[Cell]) -> list[int]:
    """Return the columns that tell rows of the same period apart, none if no columns do."""
    varying = [k for k in columns if len(set(body.cells(k))) > 1]
    texts = [k for k in varying if not _numbers(body.cells(k))]
    for chosen in ([k] for k in texts):
        if _tells_apart(body, chosen, periods):
            return chosen
    for several in (texts, varying):
        if several and _tells_apart(body, several, periods):
            return list(several)
    return []


def _tells_apart(body: Body, columns: Sequence[int], periods: Sequence[Cell]) -> bool:
    labels = [tuple(row.cells[k] for k in columns) for row in body.rows]
    pairs = set(zip(periods, labels, strict=True))
    return len(pairs) == len(body.rows) and 2 * len(set(labels)) <= len(body.rows)


def _named(body: Body, columns: Sequence[int], names: Sequence[str]) -> int | None:
    return next((k for name in names for k in columns if body.header[k].casefold() == name), None)


def _numbers(cells: Sequence[Cell], *, most: bool = False) -> bool:
    """Tell whether a column holds numbers: all its filled cells, or most of them."""
    filled = [written(cell) for cell in cells if cell != ""]
    present = [cell for cell in filled if not cell.missing]
    count = sum(cell.is_number for cell in present)
    return bool(present) and count >= (0.5 if most else 1.0) * len(present)


def _dates(cells: Sequence[Cell]) -> bool:
    filled = [cell for cell in cells if cell != ""]
    if not filled or not all(dated(cell).is_date for cell in filled):
        return False
    return not all(
        str(cell).isdecimal() and len(str(cell)) == 4 and int(str(cell)) not in YEARS for cell in filled
    )


def _year(cell: Cell) -> int | None:
    period = dated(cell).period
    return period.ordinal if period is not None and period.frequency == "A" else None


def _row_numbers(body: Body, at: int) -> bool:
    """Tell whether a column only counts the rows, as R and pandas write it."""
    if body.header[at].casefold() not in ROW_NUMBERS or at != 0:
        return False
    numbers = [str(cell) for cell in body.cells(at)]
    return any(numbers == [str(k) for k in range(first, first + len(numbers))] for first in (0, 1))
