"""Numbers as people and offices write them: decided by the column, never by one cell.

Missing are the empty cell, ``.``, ``..``, ``...``, ``:``, ``-`` (also as a dash), ``NA``, ``n.a.``, ``N/A``,
``NaN``, ``null``, ``none``, ``#N/A``, ``(D)``, ``c`` and ``x``: the codes of R, pandas, Stata, Eurostat, the
World Bank, Excel and the US Census. A zero is a zero.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from analysis.errors import InputError
from analysis.reading.grid import Cell
from analysis.reading.question import Alternative, Decimal, FileQuestion

MISSING = frozenset(
    ["", ".", "..", "...", "…", ":", "-", "--", "–", "—", "−", "na", "n.a.", "n.a", "n/a", "#n/a", "nan",
     "null", "none", "nil", "(d)", "<na>", "#value!", "#div/0!", "c", "x"]
)  # fmt: skip
STATUS_FLAGS = {"p": "P", "e": "E", "b": "B"}
"""Flags of Eurostat and SDMX that have a status here; others (r, u, s, d, i, f, n, z) leave it normal."""
_OTHER_FLAGS = "rusdifzc"
_FLAG = f"[{_OTHER_FLAGS}peb]{{1,3}}|n"
_FLAGS = re.compile(rf"(?<=[\d)])(?:\s+(?P<flag>{_FLAG})|\s*\((?P<inside>{_FLAG})\))\Z", re.IGNORECASE)
"""A flag stands apart from its number: ``3b`` and ``3 bn`` may be three billions."""
_MARKS = re.compile(r"\s*(?:\[[0-9a-z]{1,2}\]|[*†‡§¹²³⁴⁵⁶⁷⁸⁹⁰]+|(?<=\d)\s*\(\d\))+\Z", re.IGNORECASE)
_CURRENCY = re.compile(
    r"\A(?P<sign>[-+(]?\s*)(?:US\$|USD|EUR|GBP|CNY|RMB|KRW|JPY|CHF|Rs\.?|R\$|[$€£¥₩₹₽￥￦])\s*|"
    r"\s*(?:US\$|USD|EUR|GBP|CNY|RMB|KRW|JPY|CHF|[$€£¥₩₹₽￥￦元원円])(?=\)?\Z)",
)
_SPACES = str.maketrans(
    dict.fromkeys("\xa0\u2007\u2008\u2009\u200a\u202f\u2002\u2003", " ") | dict.fromkeys("’‘ʼ`´", "'")
)
_INVISIBLE = str.maketrans("", "", "\u200e\u200f\u061c\u202a\u202b\u202c\u2066\u2067\u2068\u2069\ufeff\u200b")
_PLAIN = re.compile(r"\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?\Z|[.,]\d+\Z")
_POINT, _COMMA = "point", "comma"
ENOUGH, THOUSAND = 44, 1000
"""Numbers of a column after which the absence of a last zero is none by chance (0.9 ** 44 is below 1 %)."""


@dataclass(frozen=True, slots=True)
class Written:
    """One cell that may be a number: its readings, by what the decimal mark is.

    Attributes
    ----------
    point, comma : float or None
        The number if the decimal mark is a point, or a comma; None if it is none then.
    missing : bool
    status : str
        SDMX OBS_STATUS of the cell's flag, else empty.
    flag : str
        The flag or footnote mark as it stands.
    """

    point: float | None
    comma: float | None
    missing: bool = False
    status: str = ""
    flag: str = ""

    @property
    def is_number(self) -> bool:
        """Whether there is a reading."""
        return self.point is not None or self.comma is not None

    @property
    def decides(self) -> str:
        """The decimal mark that the cell alone shows, else empty."""
        if self.point is None and self.comma is not None:
            return _COMMA
        return _POINT if self.comma is None and self.point is not None else ""

    @property
    def open(self) -> bool:
        """Whether the two readings differ."""
        return self.point is not None and self.comma is not None and self.point != self.comma


def written(cell: Cell) -> Written:
    """Return what a cell may be as a number; of a workbook a number is itself."""
    if isinstance(cell, date):
        return Written(None, None)
    if isinstance(cell, (int, float)):
        value = float(cell)
        return (
            Written(value, value) if math.isfinite(value) else Written(None, None, missing=math.isnan(value))
        )
    return _written(cell)


@lru_cache(maxsize=65_536)
def _written(cell: str) -> Written:
    text = cell.translate(_INVISIBLE).translate(_SPACES).strip()
    if text.lower() in MISSING:
        return Written(None, None, missing=True)
    head, _, tail = text.partition(" ")
    if head in (":", "..", ".", "-") and len(tail) <= 3 and tail.isalpha():
        return Written(None, None, missing=True, flag=tail)
    if re.search(r"[^\W\d_]", text) is None or not text.isascii():
        text = unicodedata.normalize("NFKC", _marks_off(text)[0]) + _marks_off(text)[1]
    text, mark = _marks_off(text)
    flag = _FLAGS.search(text)
    if flag is not None:
        text, mark = text[: flag.start()], (flag["flag"] or flag["inside"]) + mark
    text = text.strip()
    text = _CURRENCY.sub(lambda m: m.groupdict().get("sign") or "", text, count=1)
    text = text.removesuffix("%").strip()
    negative = False
    if text.startswith("(") and text.endswith(")"):
        text, negative = text[1:-1].strip(), True
    elif text[-1:] in "-−" and text[:-1]:
        text, negative = text[:-1].strip(), True
    elif text and text[0] in "-−+":
        text, negative = text[1:].strip(), text[0] in "-−"
    text = _CURRENCY.sub("", text, count=1)
    point, comma = _readings(_digits(text))
    sign = -1.0 if negative else 1.0
    status = next((STATUS_FLAGS[f] for f in mark.lower() if f in STATUS_FLAGS and flag is not None), "")
    return Written(
        None if point is None else sign * point, None if comma is None else sign * comma, False, status, mark
    )


def _marks_off(text: str) -> tuple[str, str]:
    found = _MARKS.search(text)
    if found is None or not re.search(r"\d", text[: found.start()]):
        return text, ""
    return text[: found.start()].rstrip(), text[found.start() :].strip()


def _digits(text: str) -> str:
    """Return decimal digits of any script as ASCII, and Arabic marks as those of the column's two kinds."""
    return "".join(
        {"٫": "٫", "٬": "'"}.get(
            c, str(unicodedata.decimal(c, "")) if not c.isascii() and c.isdecimal() else c
        )
        for c in text
    )


def _readings(text: str) -> tuple[float | None, float | None]:
    if "٫" in text:
        found = _value(text.replace("٫", "."), ".") if "." not in text and "," not in text else None
        return found, found
    return _value(text, "."), _value(text, ",")


def _value(text: str, decimal: str) -> float | None:
    """Return the number if `decimal` is its decimal mark, None if it is none."""
    other = "," if decimal == "." else "."
    whole, mark, fraction = text.partition(decimal)
    exponent = ""
    if mark and decimal in fraction:
        return None
    body = fraction if mark else whole
    power = re.search(r"[eE][+-]?\d+\Z", body)
    if power is not None:
        exponent = power.group()
        body = body[: power.start()]
        whole, fraction = (whole, body) if mark else (body, "")
    if (mark and not fraction.isdigit() and not (fraction == "" and whole)) or not fraction.isascii():
        return None
    if not mark and not whole:
        return None
    groups = [g for g in (other, " ", "'") if g in whole]
    if len(groups) > 1:
        return None
    if groups:
        parts = whole.split(groups[0])
        if not _grouped(parts):
            return None
        whole = "".join(parts)
    if whole and not (whole.isascii() and whole.isdigit()):
        return None
    number = float(f"{whole or '0'}.{fraction or '0'}{exponent}")
    return number if math.isfinite(number) else None


def _grouped(parts: Sequence[str]) -> bool:
    """Tell whether digits stand in groups of three, or as in India two and a last of three."""
    first, *rest = parts
    if not all(p.isascii() and p.isdigit() for p in parts) or len(rest[-1]) != 3 or first.startswith("0"):
        return False
    by_three = 1 <= len(first) <= 3 and all(len(p) == 3 for p in rest)
    return by_three or (1 <= len(first) <= 2 and all(len(p) == 2 for p in rest[:-1]))


def decimal_mark(
    cells: Sequence[Written], given: Decimal | None, rows: Sequence[tuple[str, Cell]], place: str
) -> Decimal:
    """Return the decimal mark of numbers that were written together.

    Parameters
    ----------
    cells : sequence of Written
        All numbers of the file that speak for it.
    given : {"point", "comma"} or None
        Decides.
    rows : sequence of (period, cell)
        For the question.
    place : str
        File and column, for messages.

    Raises
    ------
    FileQuestion
        If both marks are possible and give other values, or cells contradict one another.
    """
    if given is not None:
        return given
    seen = {cell.decides for cell in cells} - {""}
    if len(seen) == 1:
        return "comma" if _COMMA in seen else "point"
    if not seen and not any(cell.open for cell in cells):
        return "point"
    first = next((str(cell) for _, cell in rows if written(cell).open), "")
    raise FileQuestion(
        f"{place}: '{first}' can be read in two ways"
        if not seen
        else f"{place} has numbers with a decimal point and numbers with a decimal comma",
        [
            Alternative(
                "decimal",
                mark,
                f"reads {_shown(getattr(written(first), mark))}"
                if first
                else f"takes the {mark} as decimal mark",
                tuple((label, _shown(getattr(written(cell), mark))) for label, cell in rows[:3]),
            )
            for mark in (_POINT, _COMMA)
        ],
        pointer="/decimal",
    )


def mark_by_size(columns: Iterable[Sequence[Written]]) -> Decimal | None:
    """Return the decimal mark if marks before three digits stand in all numbers from 1,000 on, in none below.

    Decimals would give whole numbers of the same column three zeros, or leave out zeros at the end: that no
    decimal of `ENOUGH` ends in one happens in less than 1 column of 100.

    Parameters
    ----------
    columns : iterable of sequence of Written
    """
    found: set[Decimal] = set()
    for cells in columns:
        marked = [cell for cell in cells if cell.open]
        bare = [abs(cell.point) for cell in cells if cell.point is not None and cell.point == cell.comma]
        below = [size for size in bare if size]
        if len(marked) >= ENOUGH and below and max(below) < THOUSAND and all(map(float.is_integer, below)):
            found |= {"point" if abs(c.point or 0) > abs(c.comma or 0) else "comma" for c in marked}
    return found.pop() if len(found) == 1 else None


def number(cell: Cell, mark: Decimal, place: str, column: str) -> float | None:
    """Return a cell as a number, None where missing.

    Raises
    ------
    InputError
        Naming file, row, column and remedy.
    """
    found = written(cell)
    if found.missing:
        return None
    value: float | None = getattr(found, mark)
    if value is None:
        hint = ", with a decimal comma" if mark == "comma" else ""
        raise InputError(
            f"{place}: '{cell}' in the column '{column}' is not a number{hint}; "
            "write digits with a point, and leave a missing value empty"
        )
    return value


def _shown(value: float | None) -> str:
    return "no number" if value is None else f"{value:.12g}"
