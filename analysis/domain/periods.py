"""Calendar periods: years, quarters, months, ISO weeks and days as integers on their own line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import total_ordering
from typing import Literal, get_args

from analysis.errors import InputError

Frequency = Literal["A", "Q", "M", "W", "D"]
"""SDMX FREQ codes, coarse to fine: annual, quarterly, monthly, weekly, daily."""

PERIODS_PER_YEAR: dict[Frequency, int] = {"A": 1, "Q": 4, "M": 12, "W": 52, "D": 365}
FREQUENCY_NAMES: dict[Frequency, str] = {
    "A": "annual",
    "Q": "quarterly",
    "M": "monthly",
    "W": "weekly",
    "D": "daily",
}
PERIOD_WORDS: dict[Frequency, str] = {"A": "year", "Q": "quarter", "M": "month", "W": "week", "D": "day"}

LAST_YEAR = 9998
"""Last year that is read: the calendar of Python ends a year later, so that a next period always exists."""

_FORMS = "2016, 2016-Q1, 2016-03, 2016-W07 or 2016-03-01"
_TO_THURSDAY = timedelta(days=3)
"""From the Monday of an ISO week to the Thursday that says which year it belongs to (ISO 8601)."""
_PATTERN = re.compile(
    r"(?P<year>\d{4})(?:-Q(?P<quarter>[1-4])|-W(?P<week>\d{2})|-(?P<month>\d{2})(?:-(?P<day>\d{2}))?)?\Z",
    re.ASCII,
)


@total_ordering
@dataclass(frozen=True, slots=True)
class Period:
    """One period of a calendar.

    Attributes
    ----------
    frequency : Frequency
        ``A``, ``Q``, ``M``, ``W`` or ``D``.
    ordinal : int
        Years, quarters, months counted from year 0; days as the proleptic Gregorian ordinal; ISO weeks from
        the one that begins on 1 January of year 1.
    """

    frequency: Frequency
    ordinal: int

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read an ISO period: ``2016``, ``2016-Q1``, ``2016-03``, ``2016-W07`` or ``2016-03-01``.

        Raises
        ------
        InputError
            If `text` is none of the five forms, no date of the calendar, or beyond `LAST_YEAR`.
        """
        found = _PATTERN.match(text.strip()) if isinstance(text, str) else None
        if found is None:
            raise InputError(f"'{text}' is not a period: write {_FORMS}")
        year = int(found["year"])
        if year > LAST_YEAR:
            raise InputError(f"'{text}' lies beyond the year {LAST_YEAR}")
        try:
            if found["quarter"]:
                return cls(
                    "Q", date(year, 3 * int(found["quarter"]) - 2, 1).year * 4 + int(found["quarter"]) - 1
                )
            if found["week"]:
                return cls.containing(date.fromisocalendar(year, int(found["week"]), 1), "W")
            if found["day"]:
                return cls("D", date(year, int(found["month"]), int(found["day"])).toordinal())
            if found["month"]:
                return cls("M", date(year, int(found["month"]), 1).year * 12 + int(found["month"]) - 1)
            return cls("A", date(year, 1, 1).year)
        except ValueError:
            raise InputError(f"'{text}' is no date of the calendar: write {_FORMS}") from None

    @classmethod
    def containing(cls, day: date, frequency: Frequency) -> Period:
        """Return the period of `frequency` that contains `day`."""
        if frequency == "A":
            return cls("A", day.year)
        if frequency == "Q":
            return cls("Q", day.year * 4 + (day.month - 1) // 3)
        if frequency == "M":
            return cls("M", day.year * 12 + day.month - 1)
        if frequency == "W":
            return cls("W", (day.toordinal() - 1) // 7)
        return cls("D", day.toordinal())

    @property
    def start(self) -> date:
        """First day of the period."""
        if self.frequency == "A":
            return date(self.ordinal, 1, 1)
        if self.frequency == "Q":
            return date(self.ordinal // 4, 3 * (self.ordinal % 4) + 1, 1)
        if self.frequency == "M":
            return date(self.ordinal // 12, self.ordinal % 12 + 1, 1)
        if self.frequency == "W":
            return date.fromordinal(7 * self.ordinal + 1)
        return date.fromordinal(self.ordinal)

    @property
    def end(self) -> date:
        """Last day of the period, inclusive."""
        if self.frequency == "D":
            return self.start
        return (self + 1).start - timedelta(days=1)

    @property
    def days(self) -> int:
        """Number of days in the period."""
        return (self.end - self.start).days + 1

    @property
    def year(self) -> int:
        """Calendar year of the first day; of a week, the ISO year, which is that of its Thursday."""
        return self.start.isocalendar().year if self.frequency == "W" else self.start.year

    @property
    def season(self) -> int:
        """Position in the seasonal cycle, from 0: month, quarter, or 0 for years, weeks and days."""
        return self.ordinal % PERIODS_PER_YEAR[self.frequency] if self.frequency in ("Q", "M") else 0

    @property
    def per_year(self) -> int:
        """Periods per year: 1, 4, 12, 52 or 365."""
        return PERIODS_PER_YEAR[self.frequency]

    def __add__(self, steps: int) -> Period:
        return Period(self.frequency, self.ordinal + int(steps))

    def __sub__(self, other: Period) -> int:
        if other.frequency != self.frequency:
            raise InputError(f"{self} and {other} are of different frequency")
        return self.ordinal - other.ordinal

    def __lt__(self, other: Period) -> bool:
        return self - other < 0

    def __str__(self) -> str:
        if self.frequency == "A":
            return f"{self.ordinal:04d}"
        if self.frequency == "Q":
            return f"{self.ordinal // 4:04d}-Q{self.ordinal % 4 + 1}"
        if self.frequency == "M":
            return f"{self.ordinal // 12:04d}-{self.ordinal % 12 + 1:02d}"
        if self.frequency == "W":
            year, week, _ = self.start.isocalendar()
            return f"{year:04d}-W{week:02d}"
        return self.start.isoformat()


@dataclass(frozen=True, slots=True)
class Window:
    """An inclusive range of periods of one frequency.

    Attributes
    ----------
    first, last : Period
        Both INCLUSIVE.
    """

    first: Period
    last: Period

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise InputError(f"the window {self.first}..{self.last} ends before it begins: exchange its ends")

    @classmethod
    def parse(cls, text: str) -> Window:
        """Read ``2015`` or ``2015-01..2015-12``; both ends are inclusive.

        Raises
        ------
        InputError
            If an end is unreadable, the ends differ in frequency or are in the wrong order.
        """
        if not isinstance(text, str) or not text.strip():
            raise InputError("a window is a period or a range such as 2015-01..2015-12")
        first, separator, last = text.partition("..")
        start = Period.parse(first)
        end = Period.parse(last) if separator else start
        if start.frequency != end.frequency:
            raise InputError(f"the ends of the window {text} are of different frequency: write both alike")
        return cls(start, end)

    def on(self, frequency: Frequency) -> Window:
        """Return the same stretch in periods of `frequency`.

        A year, quarter or month on a weekly calendar is the weeks whose Thursday lies in it, so that every
        week belongs to one of them (ISO 8601).

        Raises
        ------
        InputError
            If this window is finer than `frequency`.
        """
        order = get_args(Frequency)
        if order.index(self.first.frequency) > order.index(frequency):
            raise InputError(
                f"the window {self} is finer than the {FREQUENCY_NAMES[frequency]} series: "
                f"give it in {FREQUENCY_NAMES[frequency]} periods"
            )
        if frequency == "W" and self.first.frequency != "W":
            return Window(
                Period.containing(self.first.start + _TO_THURSDAY, "W"),
                Period.containing(self.last.end - _TO_THURSDAY, "W"),
            )
        return Window(
            Period.containing(self.first.start, frequency), Period.containing(self.last.end, frequency)
        )

    @property
    def years(self) -> tuple[int, int] | None:
        """First and last year of a stretch of whole years (of weeks the years of ISO 8601), else None."""
        years = (self.first.year, self.last.year)
        whole = Window(Period("A", years[0]), Period("A", years[1]))
        return years if whole.on(self.first.frequency) == self else None

    def periods(self) -> Iterator[Period]:
        """Iterate over the periods from first to last."""
        return (self.first + step for step in range(len(self)))

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __contains__(self, period: object) -> bool:
        return isinstance(period, Period) and self.first <= period <= self.last

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}..{self.last}"


def parse_day(text: str | date, field: str = "effective") -> date:
    """Read a date; a year, quarter, month or week means its first day.

    Raises
    ------
    InputError
        Naming `field`, if `text` is no date.
    """
    if isinstance(text, date):
        return text if type(text) is date else date(text.year, text.month, text.day)
    try:
        return Period.parse(text).start
    except InputError:
        raise InputError(f"'{text}' in '{field}' is not a date: write 2017-09-05, 2017-09 or 2017") from None


def parse_end(text: str | date, field: str = "end") -> date:
    """Read the last day of a stretch, INCLUSIVE; a year, quarter, month or week means its last day.

    Raises
    ------
    InputError
        Naming `field`, if `text` is no date.
    """
    start = parse_day(text, field)
    return start if isinstance(text, date) else Period.parse(text).end
