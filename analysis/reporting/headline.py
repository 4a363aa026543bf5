"""The headline: what people read first, computed from the attribution of declared questions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import expm1
from statistics import NormalDist
from textwrap import fill
from typing import Any

from analysis.domain import Cell, Event, EventTable, Window, plain_table
from analysis.reporting.labels import event_label

MINUS = "−"

UNDATED = date(1, 1, 1)
"""Labels are made of titles; the day of the event is not shown."""
PERIODS_A_YEAR = {"year": 1, "quarter": 4, "month": 12, "week": 52, "day": 365}

NOMINAL = re.compile(r"USD|EUR|CNY|KRW|JPY|GBP|dollar|euro|yuan|\$|€|£|¥", re.IGNORECASE)
"""Units of money, of which a sentence says that they are nominal."""

TOGETHER = ", together"
"""What follows the label of a sum in a table."""
EVERYTHING_ELSE = "Everything else (growth, prices, noise)"
UNEXPLAINED = "Not explained by a named part"
CAVEATS = (
    "Figures are nominal dollars of recorded trade; after a ban trade may continue unrecorded.",
    "We know when trade fell, not why: anything else that started in the same months counts as part of the "
    "event.",
    "Events that the data cannot tell apart are one row.",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a headline table, in the unit of the series a year.

    `share` is a fraction of the change, None where the change is within its own noise; sums have its limits.
    """

    kind: str
    label: str
    estimate: float
    lower: float
    upper: float
    share: float | None
    grade: str | None
    event_ids: tuple[str, ...] = ()
    share_limits: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Headline:
    """An attribution as people read it: annualised, one row per group or ungrouped event.

    Attributes
    ----------
    series, title, unit : str
    start, end : str
        Windows as asked.
    before, after, change : float
        In `measure`.
    rows : tuple of Row
        Events, other parts and everything else; they add up to `change`.
    level : float
        Probability of the intervals.
    sums : tuple of Row
        What all resolutions, all closures, all events add up to.
    answer : str
        The answer in one sentence; empty in a record of an earlier engine.
    doubts : tuple of str
        What speaks against it.
    per : str
        What follows the unit: `` a year``, `` a day``, or nothing for a rate.
    """

    series: str
    title: str
    unit: str
    start: str
    end: str
    before: float
    after: float
    change: float
    rows: tuple[Row, ...]
    level: float
    sums: tuple[Row, ...] = ()
    answer: str = ""
    doubts: tuple[str, ...] = ()
    per: str = " a year"

    @property
    def measure(self) -> str:
        """The unit and what it is per: a year; a day where nothing is annualised; of a rate the unit."""
        return f"{self.unit}{self.per}".strip()

    @property
    def nominal(self) -> str:
        """The words that say how money was measured; empty for another unit."""
        return ", as recorded and in nominal terms" if NOMINAL.search(self.unit) else ", as recorded"

    @property
    def basis(self) -> str:
        """The same in a caption."""
        return ", recorded trade, nominal" if NOMINAL.search(self.unit) else ", as recorded"

    @classmethod
    def of(cls, record: Mapping[str, Any], title: str, events: EventTable | None = None) -> Headline:
        """Read the record of an attribution.

        Parameters
        ----------
        record : mapping
            With the contract's keys.
        title : str
            Of the series.
        events : EventTable, optional
            The events of the design, after which rows are named; default the titles that the record holds.
        """
        change = record["change"]
        yearly = change["annualised"] or change
        factor, per = per_of(change)

        def row(item: Mapping[str, Any], kind: str, label: str) -> Row:
            return Row(
                kind,
                label,
                factor * item["estimate"],
                factor * item["lower"],
                factor * item["upper"],
                item.get("share"),
                item.get("grade"),
                tuple(item.get("event_ids", ())),
            )

        shown = [
            row(item, item["kind"], _label(item, events))
            for item in record["contributions"]
            if "sums" not in record or item["event_ids"] or item["kind"] == "part"
        ]
        if "sums" in record:
            shown.append(row(record["everything_else"], "residual", EVERYTHING_ELSE))
        else:
            shown.append(row(record["residual"], "residual", UNEXPLAINED))
        return cls(
            series=record["series"],
            title=title,
            unit=change["unit"],
            start=window_words(change["from_window"]),
            end=window_words(change["to_window"]),
            before=yearly["from"],
            after=yearly["to"],
            change=yearly["absolute"],
            rows=tuple(shown),
            level=record["level"],
            sums=tuple(_sum_row(item, factor) for item in record.get("sums", ())),
            answer=record.get("sentence", ""),
            doubts=tuple(doubt["text"] for doubt in record.get("doubts", ())),
            per=per,
        )

    @property
    def lead(self) -> str:
        """The share of the change that came with the first estimated sum; empty where its sign is open."""
        found = next((row for row in self.sums if row.grade != "exact"), None)
        if found is None or found.share is None or found.share_limits is None or found.grade == "D":
            return ""
        low, high = (percent_words(value) for value in sorted(found.share_limits))
        events = found.label.removesuffix(TOGETHER)
        kind = "fall" if self.change < 0 else "rise"
        more = f" Without them there would have been no {kind}." if found.share > 1 else ""
        return (
            f"{percent_words(found.share)} of the {kind} came with {events[:1].lower()}{events[1:]} "
            f"({100 * self.level:g} % interval {low} to {high}; {precision_words(found.grade)}).{more}"
        )

    def sentences(self) -> tuple[str, ...]:
        """Return the answer: in one sentence, or as an earlier engine gave it."""
        if self.answer:
            return (self.answer,)
        direction = "a fall" if self.change < 0 else "a rise"
        first = (
            f"{self.title}{self.nominal}: from {self.before:,.0f} {self.measure} in "
            f"{self.start} to {self.after:,.0f} in {self.end}, {direction} of {abs(self.change):,.0f}."
        )
        return (first, "This record is of an earlier engine: its rows are below.")

    def text(self) -> str:
        """Return heading and table as plain text."""
        columns = ("came with", self.per.strip() or "change", "lower", "upper", "of the change", "precision")
        cells: list[Sequence[Cell]] = [
            [
                line,
                *(
                    [signed(row.estimate), signed(row.lower), signed(row.upper)]
                    if first
                    else [None, None, None]
                ),
                percent_words(row.share) if first else None,
                precision_words(row.grade) if first else None,
            ]
            for row in (*self.sums, *self.rows)
            for first, line in _lines(row.label)
        ]
        cells.append(["Change", signed(self.change), None, None, None, None])
        heading = (
            f"{self.title} ({self.series}), {self.measure}: "
            f"{self.before:,.0f} in {self.start}, {self.after:,.0f} in {self.end}"
        )
        table = plain_table(columns, cells).rstrip("\n")
        doubts = "\n".join(wrapped(f"Doubt: {text}") for text in self.doubts)
        return "\n\n".join([*map(wrapped, (*self.sentences(), heading)), table, doubts]).rstrip() + "\n"


PRECISION = {"exact": "exact", "A": "precise", "B": "fair", "C": "rough", "D": "sign not known"}
"""Grades of a contribution in words."""
WIDTH, LABEL = 100, 46
"""Columns of a terminal, and of its first one in a table."""


def precision_words(grade: str | None) -> str:
    """Return a grade of a contribution in words; empty where there is none."""
    return "" if grade is None else PRECISION.get(grade, grade)


def percent_words(share: float | None) -> str:
    """Return a share of the change in per cent; empty where it has none."""
    return "" if share is None else f"{round(100 * share) + 0:,d} %".replace("-", MINUS)


def wrapped(text: str, width: int = WIDTH) -> str:
    """Return a text broken into lines of at most `width` columns."""
    return fill(text, width, break_long_words=False, break_on_hyphens=False)


def per_of(change: Mapping[str, Any]) -> tuple[int, str]:
    """Return by what the numbers of an attribution are multiplied to be read, and what follows their unit."""
    if change["annualised"]:
        return PERIODS_A_YEAR[change["per"]], " a year"
    return 1, "" if change.get("rate") else f" a {change['per']}"


def signed(value: float) -> str:
    """Return a whole number with its sign and thousands separated; what rounds to nothing is 0."""
    return f"{value:+,.0f}".replace("-", MINUS) if round(value) else "0"


def fraction(value: float) -> str:
    """Return a fraction with two decimals and a real minus; what rounds to nothing is 0.00."""
    return f"{round(value, 2) + 0.0:.2f}".replace("-", MINUS)


def break_change(item: Mapping[str, Any], level: float = 0.95) -> str:
    """Return the change at a break with its interval, its date taken as known: per cent, or in the unit.

    Parameters
    ----------
    item : mapping
        One of ``breaks`` in the record of a break result.
    level : float
        Probability of the interval, by the normal distribution.
    """
    half = NormalDist().inv_cdf(0.5 + level / 2) * item["se"]
    values = [item["magnitude"] + step for step in (0.0, -half, half)]
    if item["percent"] is not None:
        values = [100 * expm1(value) for value in values]
    words = [signed(value) for value in values]
    return f"{words[0]}{' %' if item['percent'] is not None else ''} [{words[1]}, {words[2]}]"


def window_words(text: str) -> str:
    """Return a window as people write it: whole years as years, ranges with the word between."""
    years = Window.parse(text).years
    if years is not None:
        return " to ".join(map(str, dict.fromkeys(years)))
    return text.replace("..", " to ")


def _lines(label: str) -> list[tuple[bool, str]]:
    """Return a label on lines of at most `LABEL` columns, the first one marked."""
    return [(k == 0, line) for k, line in enumerate(wrapped(label, LABEL).split("\n"))]


def _sum_row(item: Mapping[str, Any], factor: float) -> Row:
    percent = item["percent"]
    return Row(
        "sum",
        f"{item['label']}{TOGETHER}",
        factor * item["estimate"],
        factor * item["lower"],
        factor * item["upper"],
        None if percent is None else percent / 100,
        item["grade"],
        tuple(item["event_ids"]),
        None if percent is None else (item["percent_lower"] / 100, item["percent_upper"] / 100),
    )


def _label(item: Mapping[str, Any], events: EventTable | None) -> str:
    """Return the short names of a row's events, or the name that the row has where it has none."""
    ids = item["event_ids"]
    if events is not None and all(name in events for name in ids):
        named = [events[name] for name in ids]
    else:
        titles = str(item["label"]).split(" + ")
        if len(titles) != len(ids):
            return str(item["label"])
        named = [Event(name, title, UNDATED) for name, title in zip(ids, titles, strict=True)]
    return " + ".join(event_label(event) for event in named) or str(item["label"])
