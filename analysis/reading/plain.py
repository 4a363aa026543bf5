"""Long rows read as they stream by: what the whole file decides, and cells in plain notation."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TextIO

from analysis.domain import Period
from analysis.errors import InputError
from analysis.reading.calendar import Column, order_of, read_calendar
from analysis.reading.dates import dated
from analysis.reading.encodings import decode
from analysis.reading.grid import ZIP, read_grid, separate
from analysis.reading.numbers import Written, decimal_mark, number, written
from analysis.reading.question import Choices, DateOrder, Decimal

SAMPLE_BYTES = 1 << 20
_PLAIN = re.compile(r"-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?\Z", re.ASCII)
_FISCAL = re.compile(r"\d{2}(\d{2})-(\d{2})\Z", re.ASCII)
_CODECS = {"UTF-8": "utf-8-sig", "UTF-16 without mark": "utf-16-le", "Windows-1252": "cp1252"}
MOST_DATES = 20_000
MOST_NUMBERS = 5_000


@dataclass(frozen=True, slots=True)
class Opened:
    """How a file of text is read.

    Attributes
    ----------
    name, encoding, separator : str
    header : tuple of str
    skip : int
        Lines up to and with the header.
    is_text : bool
        False for a workbook.
    """

    name: str
    encoding: str
    separator: str
    header: tuple[str, ...]
    skip: int
    is_text: bool = True

    def file(self) -> TextIO:
        """Open the file anew."""
        codec = _CODECS.get(self.encoding, self.encoding)
        return Path(self.name).open(encoding=codec, newline="")


def open_text(name: str, choices: Choices) -> Opened:
    """Find out encoding, separator and header from the beginning of a file.

    Raises
    ------
    InputError
        If it cannot be read, or is empty.
    """
    try:
        with Path(name).open("rb") as file:
            raw = file.read(SAMPLE_BYTES)
    except OSError as problem:
        raise InputError(f"the file {os.fspath(name)} cannot be read ({problem.strerror})") from None
    if raw.startswith(ZIP):
        return Opened(name, "", ",", (), 0, is_text=False)
    if len(raw) == SAMPLE_BYTES:
        raw = raw[: raw.rfind(b"\n") + 1] or raw
    text = decode(raw, name, choices.encoding)
    grid = read_grid(text.text.encode("utf-8"), name, Choices())
    separator, stated = separate(text.text)
    first = grid.rows[0]
    return Opened(
        name, text.encoding, separator, tuple(str(c) for c in first.cells), first.number if not stated else 2
    )


@dataclass(slots=True)
class Conventions:
    """What the numbers and dates of a whole file show, gathered row by row."""

    marks: set[str] = field(default_factory=set)
    numbers: dict[str, Written] = field(default_factory=dict)
    dates: dict[str, None] = field(default_factory=dict)
    decimal: Decimal = "point"
    order: DateOrder | None = None

    def see(self, period: Any, value: Any) -> None:
        """Take note of a row."""
        if isinstance(value, str):
            _, dot, fraction = value.partition(".")
            if "," in value or (dot and len(fraction) == 3 and "point" not in self.marks):
                found = written(value)
                if found.decides:
                    self.marks.add(found.decides)
                if found.is_number and len(self.numbers) < MOST_NUMBERS:
                    self.numbers.setdefault(value, found)
            elif dot and _PLAIN.match(value):
                self.marks.add("point")
        if (
            isinstance(period, str)
            and len(self.dates) < MOST_DATES
            and ("/" in period or "." in period or " " in period)
        ):
            self.dates.setdefault(period)

    def decide(self, name: str, choices: Choices) -> None:
        """Decide for the whole file.

        Raises
        ------
        FileQuestion
            If two readings are possible.
        """
        seen = [*self.numbers.values(), *(Written(1.0, None) for mark in self.marks if mark == "point")]
        self.decimal = decimal_mark(
            seen, choices.decimal, [("", text) for text in self.numbers], f"{name}, column 'value'"
        )
        turned = [text for text in self.dates if dated(text).turned]
        self.order = choices.date_order
        if turned and self.order is None:
            column = Column("period", turned, [f"the file {name}"] * len(turned))
            self.order = order_of(column, [dated(text) for text in turned])

    def plain(
        self, name: str, periods: Sequence[str], values: Sequence[Any], choices: Choices
    ) -> tuple[list[str], list[Any], str]:
        """Return the rows of a series in plain notation, and why they cannot be read, empty if they can."""
        places = [f"the series '{name}', {period}" for period in periods]
        try:
            if not all(map(_is_iso, periods)) or _may_be_fiscal(periods) or choices.frequency:
                periods = self._periods(periods, places, choices)
            if self.decimal != "point" or not all(map(_is_plain, values)):
                values = [
                    value
                    if _is_plain(value) and self.decimal == "point"
                    else number(value, self.decimal, place, "value")
                    for value, place in zip(values, places, strict=True)
                ]
        except InputError as problem:
            return list(periods), list(values), problem.message
        return list(periods), list(values), ""

    def _periods(self, periods: Sequence[str], places: Sequence[str], choices: Choices) -> list[str]:
        calendar = read_calendar(Column("period", periods, places), self.order, choices.frequency)
        return [str(p) if isinstance(p, Period) else f"{p.first}..{p.last}" for p in calendar.periods]


@lru_cache(maxsize=100_000)
def _is_iso(text: str) -> bool:
    try:
        return str(Period.parse(text)) == text
    except InputError:
        return False


def _is_plain(value: Any) -> bool:
    return not isinstance(value, str) or not value or _PLAIN.match(value) is not None


def _may_be_fiscal(periods: Sequence[str]) -> bool:
    """Tell whether two rows read 2010-11, 2011-12: fiscal years, or months a year apart."""
    found = [_FISCAL.match(text) for text in periods[:2]]
    return bool(found) and all(m is not None and int(m[2]) == (int(m[1]) + 1) % 100 for m in found)
