"""Periods as people and offices write them: decided by the column where day and month could be exchanged."""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from analysis.domain import Period, Window
from analysis.reading.grid import Cell
from analysis.reading.question import DateOrder

MONTHS: dict[str, int] = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar jän jänner janvier janv enero ene janeiro gennaio gen januari "
            "январь января янв",
            "february feb februar février févr fév fev febrero fevereiro febbraio februari "
            "февраль февраля фев",
            "march mar märz mär mrz mars marzo março maart mrt март марта мар",
            "april apr avril avr abril abr aprile апрель апреля апр",
            "may mai mayo maio maggio mag mei май мая",
            "june jun juni juin junio junho giugno giu июнь июня июн",
            "july jul juli juillet juil julio julho luglio lug июль июля июл",
            "august aug août aou aoû agosto ago augustus август августа авг",
            "september sep sept septembre septiembre setembro set settembre сентябрь сентября сен сент",
            "october oct oktober okt octobre octubre outubro out ottobre ott октябрь октября окт",
            "november nov novembre noviembre novembro ноябрь ноября ноя нояб",
            "december dec dezember dez décembre déc diciembre dic dezembro dicembre декабрь декабря дек",
        ),
        start=1,
    )
    for name in names.split()
}
"""Names of months in English, German, French, Spanish, Portuguese, Italian, Dutch and Russian."""
PIVOT = 69
"""Two digits up to it are years of this century (POSIX)."""

_YEAR = r"(?P<y>[12]\d{3})"
_QUARTERLY = re.compile(
    rf"{_YEAR}[-/ .:]?(?:q|qtr|t|tr|trim)\.?\s?(?P<q>[1-4])\Z|"
    r"(?:q|qtr|t)\.?\s?(?P<q2>[1-4])[-/ .:']{0,2}(?P<y2>[12]\d{3})\Z|"
    r"(?P<q3>[1-4])(?:q|\.\s?quartal|(?:st|nd|rd|th)\s?quarter)[-/ .:]?(?P<y3>[12]\d{3})\Z|"
    r"(?P<y4>[12]\d{3})\s?[年년]\s?第?(?P<q4>[1-4一二三四])\s?(?:季度|季|분기)\Z",
    re.IGNORECASE,
)
_MONTHLY = re.compile(
    rf"{_YEAR}(?:-?m-?|[-/.:]\s?)(?P<m>\d{{1,2}})\Z|(?P<y2>[12]\d{{3}})(?P<m2>0[1-9]|1[0-2])\Z|"
    r"(?P<m3>\d{1,2})[-/.](?P<y3>[12]\d{3})\Z|(?P<y4>[12]\d{3})\s?[年년]\s?(?P<m4>\d{1,2})\s?[月월]\Z",
    re.IGNORECASE,
)
_SPAN = re.compile(
    r"(?P<y>[12]\d{3})\s?(?:[年년]\s?|[-/.])(?P<a>\d{1,2})\s?[月월]?\s?[-–~至]\s?(?P<b>\d{1,2})\s?[月월]?\Z|"
    r"(?P<first>.+?)\s?(?:\.\.|…)\s?(?P<last>.+)\Z"
)
_DAILY = re.compile(
    rf"{_YEAR}(?:[-/]|\.\s?)(?P<m>\d{{1,2}})(?:[-/]|\.\s?)(?P<d>\d{{1,2}})\.?"
    r"(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-]00:?00)?)?\Z|"
    r"(?P<y2>(?:19|20)\d{2})(?P<m2>\d{2})(?P<d2>\d{2})\Z|"
    r"(?P<y3>[12]\d{3})\s?[年년]\s?(?P<m3>\d{1,2})\s?[月월]\s?(?P<d3>\d{1,2})\s?[日일]\Z"
)
_TURNED = re.compile(
    r"(?P<a>\d{1,2})(?P<s>[-/.])\s?(?P<b>\d{1,2})(?P=s)\s?(?P<y>\d{4}|\d{2})(?: 00:00(?::00)?)?\Z"
)
_WEEKLY = re.compile(rf"{_YEAR}-?[wW](?P<w>\d{{1,2}})(?:-?(?P<d>[1-7]))?\Z")
_FISCAL = re.compile(
    rf"(?:fy|fiscal year)?\s?'?{_YEAR}\s?[/–-]\s?(?P<next>\d{{4}}|\d{{2}})\Z|fy\s?(?P<y2>[12]\d{{3}})\Z",
    re.IGNORECASE,
)
_ANNUAL = re.compile(rf"{_YEAR}(?:\s?[年년](?:度)?)?\Z|a(?P<y2>[12]\d{{3}})\Z", re.IGNORECASE)
_NAMED = re.compile(
    r"(?:(?P<d>\d{1,2})(?:st|nd|rd|th|\.)?[-/ .]{0,2}(?:de )?)?(?P<name>[^\W\d_]{3,10})\.?"
    r"[-/ ,.']{0,2}(?:de )?(?:(?P<d2>\d{1,2})(?:st|nd|rd|th)?,? )?(?P<y>\d{4}|\d{2})\Z|"
    r"(?P<y2>\d{4})[-/ :.]{0,2}(?P<name2>[^\W\d_]{3,10})\.?(?:[-/ .]{1,2}(?P<d3>\d{1,2}))?\Z"
)
_CHINESE = {"一": 1, "二": 2, "三": 3, "四": 4}
FOLLOWING = 100


@dataclass(frozen=True, slots=True)
class Dated:
    """One cell that may be a period.

    Attributes
    ----------
    period : Period or None
        The reading, unless the order of day and month or the notation leaves a choice.
    turned : (int, int, int) or None
        First number, second number and year of a date such as 01/02/2014.
    span : Window or None
        A stretch of several periods.
    fiscal : Period or None
        The year by which a fiscal year (2012/13, FY2012) is called; of ``2011-12`` beside the month.
    short : bool
        Whether the year has two digits only.
    """

    period: Period | None = None
    turned: tuple[int, int, int] | None = None
    span: Window | None = None
    fiscal: Period | None = None
    short: bool = False

    @property
    def is_date(self) -> bool:
        """Whether there is a reading."""
        return any(one is not None for one in (self.period, self.turned, self.span, self.fiscal))

    def on(self, order: DateOrder | None) -> Period | None:
        """Return the period with day, month and year in that order."""
        if self.turned is None or order is None:
            return self.period
        first, second, last = self.turned
        if order == "ymd":
            return _day(_century(first), second, last) if self.short else None
        year = _century(last) if self.short else last
        return _day(year, second, first) if order == "dmy" else _day(year, first, second)


def dated(cell: Cell) -> Dated:
    """Return what a cell may be as a period."""
    if isinstance(cell, date):
        return Dated(Period.containing(cell, "D"))
    if isinstance(cell, (int, float)):
        return _dated(f"{cell:.10g}") if float(cell).is_integer() else Dated()
    return _dated(cell)


@lru_cache(maxsize=65_536)
def _dated(cell: str) -> Dated:
    text = unicodedata.normalize("NFKC", cell).strip().strip("'\"").strip()
    text = re.sub(r"\s+", " ", text)
    if re.fullmatch(r"\d{4,8}\.0+", text):
        text = text.partition(".")[0]
    if not 4 <= len(text) <= 40:
        return Dated()
    for read in (_year, _month, _quarter, _week, _iso_day, _by_name, _turned, _span):
        found = read(text)
        if found is not None:
            return found
    return Dated()


def _year(text: str) -> Dated | None:
    found = _ANNUAL.match(text)
    if found:
        return Dated(Period("A", int(found["y"] or found["y2"])))
    fiscal = _FISCAL.match(text)
    if not fiscal:
        return None
    year = int(fiscal["y"] or fiscal["y2"])
    if fiscal["next"] is None:
        return Dated(fiscal=Period("A", year))
    if int(fiscal["next"]) % FOLLOWING != (year + 1) % FOLLOWING:
        return None
    month = _month(text)
    return Dated(month.period if month else None, fiscal=Period("A", year))


def _month(text: str) -> Dated | None:
    found = _MONTHLY.match(text)
    if not found:
        return None
    year, month = (int(next(found[k + n] for n in ("", "2", "3", "4") if found[k + n])) for k in ("y", "m"))
    return Dated(Period("M", year * 12 + month - 1)) if 1 <= month <= 12 else None


def _quarter(text: str) -> Dated | None:
    found = _QUARTERLY.match(text)
    if not found:
        return None
    year, quarter = (next(found[k + n] for n in ("", "2", "3", "4") if found[k + n]) for k in ("y", "q"))
    return Dated(
        Period("Q", int(year) * 4 + _CHINESE.get(quarter, 0 if not quarter.isdigit() else int(quarter)) - 1)
    )


def _week(text: str) -> Dated | None:
    found = _WEEKLY.match(text)
    if not found:
        return None
    try:
        monday = date.fromisocalendar(int(found["y"]), int(found["w"]), int(found["d"] or 1))
    except ValueError:
        return None
    return Dated(Period.containing(monday, "D" if found["d"] else "W"))


def _iso_day(text: str) -> Dated | None:
    found = _DAILY.match(text)
    if not found:
        return None
    year, month, day = (int(next(found[k + n] for n in ("", "2", "3") if found[k + n])) for k in "ymd")
    period = _day(year, month, day)
    return Dated(period) if period else None


def _turned(text: str) -> Dated | None:
    found = _TURNED.match(text)
    if not found:
        return None
    short = len(found["y"]) == 2
    one = Dated(None, (int(found["a"]), int(found["b"]), int(found["y"])), short=short)
    if found["s"] == "." and not short:  # no country writes the month first with points
        return Dated(one.on("dmy")) if one.on("dmy") else None
    return one if one.on("dmy") or one.on("mdy") or one.on("ymd") else None


def _by_name(text: str) -> Dated | None:
    found = _NAMED.match(text)
    if not found:
        return None
    month = MONTHS.get((found["name"] or found["name2"]).lower())
    if month is None:
        return None
    given = found["y"] or found["y2"]
    year = _century(int(given)) if len(given) == 2 else int(given)
    day = found["d"] or found["d2"] or found["d3"]
    if day is None:
        return Dated(Period("M", year * 12 + month - 1)) if year else None
    period = _day(year, month, int(day))
    return Dated(period) if period else None


def _span(text: str) -> Dated | None:
    found = _SPAN.match(text)
    if not found:
        return None
    if found["y"]:
        year, a, b = int(found["y"]), int(found["a"]), int(found["b"])
        if not 1 <= a <= b <= 12:
            return None
        return Dated(span=Window(Period("M", 12 * year + a - 1), Period("M", 12 * year + b - 1)))
    first, last = _dated(found["first"]).period, _dated(found["last"]).period
    if first is None or last is None or first.frequency != last.frequency or last < first:
        return None
    return Dated(span=Window(first, last))


def _day(year: int, month: int, day: int) -> Period | None:
    if not 1 <= year <= 9998 or not 1 <= month <= 12 or not 1 <= day <= monthrange(year, month)[1]:
        return None
    return Period.containing(date(year, month, day), "D")


def _century(year: int) -> int:
    if year >= FOLLOWING:
        return year
    return 2000 + year if year <= PIVOT else 1900 + year
