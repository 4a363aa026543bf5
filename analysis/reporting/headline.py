"""The headline: what people read first, computed from the attribution of declared questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import expm1
from statistics import NormalDist
from typing import Any

from analysis.domain import Cell, EventTable, Window, plain_table
from analysis.reporting.labels import event_label

MINUS = "−"

PERIODS_A_YEAR = {"year": 1, "quarter": 4, "month": 12, "day": 365}

CAVEATS = (
    "Figures are nominal dollars of recorded trade; after a ban trade may continue unrecorded.",
    "A contribution is dated to an event: falls that began in the same months are counted with it.",
    "Events that the data cannot tell apart are one row.",
)


@dataclass(frozen=True, slots=True)
class Question:
    """A change that the headline asks about."""

    series: str
    start: str
    end: str


QUESTIONS = (
    Question("dprk.total.a", "2014", "2018"),
    Question("dprk.exports.china.m", "2016-01..2016-12", "2018-01..2018-12"),
)
"""The fall of the headline total from its peak, and of recorded exports to China around the bans of 2017."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a headline table, in the unit of the series a year.

    `share` is a fraction of the change, None where the change is within its own noise.
    """

    kind: str
    label: str
    estimate: float
    lower: float
    upper: float
    share: float | None
    grade: str | None


def per(change: Mapping[str, Any]) -> str:
    """Return what the figures of a change are for: a year, unless it could not be made one."""
    return "year" if change["annualised"] else str(change["per"])


@dataclass(frozen=True, slots=True)
class Headline:
    """An attribution as people read it: annualised, one row per group or ungrouped event.

    Attributes
    ----------
    series, title, unit : str
    start, end : str
        Windows as asked.
    before, after, change : float
        A year (or `per`), in `unit`.
    rows : tuple of Row
        Contributions, then the residual; they add up to `change`.
    level : float
        Probability of the intervals.
    per : str
        What the figures are for: a year, or a day where the windows are too short to be made years.
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
    per: str = "year"

    @classmethod
    def of(cls, record: Mapping[str, Any], title: str, events: EventTable) -> Headline:
        """Read the record of an attribution.

        Parameters
        ----------
        record : mapping
            With the contract's keys.
        title : str
            Of the series.
        events : EventTable
            The events of the design; rows are named after them.
        """
        change = record["change"]
        yearly = change["annualised"] or change
        factor = PERIODS_A_YEAR[change["per"]] if change["annualised"] else 1

        def row(item: Mapping[str, Any], kind: str, label: str) -> Row:
            return Row(
                kind,
                label,
                factor * item["estimate"],
                factor * item["lower"],
                factor * item["upper"],
                item.get("share"),
                item.get("grade"),
            )

        rows = [row(item, item["kind"], _label(item, events)) for item in record["contributions"]]
        rows.append(row(record["residual"], "residual", "Not explained by a named part"))
        return cls(
            series=record["series"],
            title=title,
            unit=change["unit"],
            start=window_words(change["from_window"]),
            end=window_words(change["to_window"]),
            before=yearly["from"],
            after=yearly["to"],
            change=yearly["absolute"],
            rows=tuple(rows),
            level=record["level"],
            per=per(change),
        )

    def sentences(self) -> tuple[str, str]:
        """Return the answer in two sentences: the change, and what its largest part is dated to."""
        direction = "a fall" if self.change < 0 else "a rise"
        first = (
            f"{self.title}, as recorded and in nominal terms: from {self.before:,.0f} {self.unit} "
            f"a {self.per} in {self.start} to {self.after:,.0f} in {self.end}, {direction} of "
            f"{abs(self.change):,.0f}."
        )
        dated = [row for row in self.rows if row.kind == "event"]
        if not dated:
            return first, "No event of the design is in force in one window and not in the other."
        largest = max(dated, key=lambda row: abs(row.estimate))
        second = (
            f"The largest contribution of an event or group of events, {signed(largest.estimate)} "
            f"{self.unit} a {self.per} with the {100 * self.level:.0f} % interval [{signed(largest.lower)}, "
            f"{signed(largest.upper)}], is dated to {largest.label}."
        )
        return first, second

    def share_words(self, row: Row) -> str:
        """Return the share of a row in the change with its interval; empty where it has none.

        The change is what was recorded, so the limits are those of the row divided by it.
        """
        if row.share is None:
            return ""
        lower, upper = sorted((row.lower / self.change, row.upper / self.change))
        return f"{fraction(row.share)} [{fraction(lower)}, {fraction(upper)}]"

    def text(self) -> str:
        """Return heading and table as plain text."""
        columns = ("dated to", f"a {self.per}", "lower", "upper", "share", "grade")
        cells: list[Sequence[Cell]] = [
            [
                row.label,
                signed(row.estimate),
                signed(row.lower),
                signed(row.upper),
                self.share_words(row) or None,
                row.grade,
            ]
            for row in self.rows
        ]
        cells.append(["change", signed(self.change), None, None, None, None])
        heading = (
            f"{self.title} ({self.series}), {self.unit} a {self.per}: "
            f"{self.before:,.0f} in {self.start}, {self.after:,.0f} in {self.end}"
        )
        return f"{heading}\n\n{plain_table(columns, cells)}"


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
    window = Window.parse(text)
    first, last = window.first.start, window.last.end
    if (first.month, first.day, last.month, last.day) == (1, 1, 12, 31):
        return str(first.year) if first.year == last.year else f"{first.year} to {last.year}"
    return text.replace("..", " to ")


def _label(item: Mapping[str, Any], events: EventTable) -> str:
    """Return the short names of a row's events, or the name that the row has where it has none."""
    return " + ".join(event_label(events[name]) for name in item["event_ids"]) or str(item["label"])
