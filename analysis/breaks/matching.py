"""Which breaks meet which events, and how many would meet one by chance.

A break meets an event if its date set touches the event's window: from adoption (a caller's `effective`) to
the first full period, and two months, one quarter or no year longer. The rate is set beside that of dates
thrown at random over the admissible positions, each with the shape of its own set: the number met is then a
sum of independent indicators with known probabilities, whose distribution is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from analysis.domain import (
    DATA_BREAK,
    Cell,
    Event,
    EventTable,
    FloatArray,
    Period,
    Result,
    TradeSeries,
    Window,
)
from analysis.errors import UsageError

PERIODS_AFTER = {"A": 0, "Q": 1, "M": 2, "W": 9, "D": 61}
"""Periods added to an event's window: no year, one quarter, two months (61 days)."""


@dataclass(frozen=True, slots=True)
class EventWindow:
    """An event on the calendar of a series.

    Attributes
    ----------
    event : Event
    adopted : Period
        Period of adoption, or of a caller's effective day.
    full : Period
        First period in full force; on years and quarters the first in force for half of the days.
    window : Window
        From `adopted` to `full` and a little longer, both INCLUSIVE.
    """

    event: Event
    adopted: Period
    full: Period
    window: Window


def event_windows(events: EventTable, first: Period, last: Period, series_id: str) -> tuple[EventWindow, ...]:
    """Return the windows that touch the sample, in the order of their first full period.

    A change of record that is declared for other series only is left out.
    """
    found = []
    base = series_id.partition(":")[0]
    for event in events:
        if event.kind == DATA_BREAK and event.applies_to and base not in event.applies_to:
            continue
        frequency = first.frequency
        start = Period.containing(event.adopted or event.effective, frequency)
        full = _first_full(event, first)
        end = max(full, start) + PERIODS_AFTER[frequency]
        if end >= first and start <= last:
            found.append(EventWindow(event, start, full, Window(start, end)))
    return tuple(sorted(found, key=lambda w: (w.full, w.event.id)))


def _first_full(event: Event, like: Period) -> Period:
    day: date = event.full.start if event.full is not None else event.effective
    period = Period.containing(day, like.frequency)
    remaining = (period.end - day).days + 1
    if like.frequency in ("A", "Q"):
        return period if 2 * remaining >= period.days else period + 1
    return period if remaining == period.days else period + 1


def meets(window: EventWindow, ranges: Sequence[tuple[Period, Period]]) -> bool:
    """Return whether any range of possible first new periods touches the window; both ends inclusive."""
    return any(low <= window.window.last and high >= window.window.first for low, high in ranges)


def is_change_of_record(windows: Sequence[EventWindow]) -> bool:
    """Return whether a break meets changes of record and nothing else."""
    return bool(windows) and all(w.event.kind == DATA_BREAK for w in windows)


@dataclass(frozen=True, slots=True)
class Matching:
    """How many breaks meet an event, and how many would by chance.

    Attributes
    ----------
    matched : int
    expected_by_chance : float
        Mean number for random dates.
    lower, upper : int
        Central range of that number that holds at least `level` of its distribution.
    pvalue : float
        Probability that random dates meet at least as many.
    level : float
    """

    matched: int
    expected_by_chance: float
    lower: int
    upper: int
    pvalue: float
    level: float

    def to_record(self) -> dict[str, Any]:
        """Return the contract's keys."""
        return {
            "matched": self.matched,
            "expected_by_chance": self.expected_by_chance,
            "lower": self.lower,
            "upper": self.upper,
            "pvalue": self.pvalue,
            "level": self.level,
        }


def match_by_chance(matched: int, chances: Sequence[float], level: float) -> Matching:
    """Compare the number of matched breaks with random dates.

    Parameters
    ----------
    matched : int
    chances : sequence of float
        For each break, the share of admissible positions at which its set would meet an event.
    level : float
        Of the range.
    """
    distribution = count_distribution(chances)
    cumulative = np.cumsum(distribution)
    tail = (1 - level) / 2
    lower = int(np.searchsorted(cumulative, tail, side="right"))
    upper = int(np.searchsorted(cumulative, 1 - tail - 1e-12))
    return Matching(
        matched,
        float(sum(chances)),
        min(lower, len(chances)),
        min(upper, len(chances)),
        float(min(1.0, distribution[matched:].sum())),
        level,
    )


def count_distribution(chances: Sequence[float]) -> FloatArray:
    """Return the distribution of the number of successes of independent trials, shape (K + 1,)."""
    distribution = np.array([1.0])
    for chance in chances:
        distribution = np.convolve(distribution, [1 - chance, chance])
    return distribution


def chance_of_meeting(
    windows: Sequence[EventWindow], reach: Sequence[tuple[int, int]], first_positions: Sequence[Period]
) -> float:
    """Return the share of dates at which a set of the given shape touches any window.

    Parameters
    ----------
    windows : sequence of EventWindow
    reach : sequence of (int, int)
        Ranges of the set in periods from the estimate, both ends INCLUSIVE.
    first_positions : sequence of Period
        Admissible first periods of the new segment.
    """
    if not first_positions:
        return 0.0
    hits = sum(
        any(meets(window, [(at + low, at + high) for low, high in reach]) for window in windows)
        for at in first_positions
    )
    return hits / len(first_positions)


@dataclass(frozen=True)
class DateMatches(Result):
    """Dates of a caller beside events.

    Attributes
    ----------
    series : TradeSeries
    rows : tuple of (Period, tuple of EventWindow)
        Every date, as first new period, with the events that it meets.
    matching : Matching or None
        None where there are no events.
    unmet : tuple of str
        Ids of the events in the sample that no date meets.
    """

    series: TradeSeries
    rows: tuple[tuple[Period, tuple[EventWindow, ...]], ...]
    matching: Matching | None
    unmet: tuple[str, ...]

    def to_record(self) -> dict[str, Any]:
        """Return the dates with their events, and the rate beside chance."""
        return {
            "series": self.series.id,
            "dates": [
                {
                    "first_after": str(at),
                    "events": [
                        {"event_id": w.event.id, "kind": w.event.kind, "lag": at - w.full} for w in met
                    ],
                }
                for at, met in self.rows
            ],
            "matching": self.matching.to_record() if self.matching else None,
            "events_without_break": list(self.unmet),
        }

    def heading(self) -> str:
        """Return one line above the table."""
        met = sum(bool(windows) for _, windows in self.rows)
        return f"{self.series.title} ({self.series.id}): {met} of {len(self.rows)} dates meet an event"

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return one row for each date."""
        rows: list[list[Cell]] = [
            [str(at), ", ".join(f"{w.event.id} ({at - w.full:+d})" for w in met) or "none"]
            for at, met in self.rows
        ]
        return ("first after", "events"), rows

    def notes(self) -> Sequence[str]:
        """Return the rate that random dates would reach."""
        if self.matching is None:
            return ()
        m = self.matching
        return (
            f"Random dates would meet {m.expected_by_chance:.1f} ({m.lower} to {m.upper}), p {m.pvalue:.3f}.",
        )


def match_events(
    series: TradeSeries,
    dates: Sequence[str | Period],
    *,
    events: EventTable | None = None,
    tolerance: int = 0,
    level: float = 0.95,
) -> DateMatches:
    """Set dates that a caller brings beside events, and beside the rate of dates thrown at random.

    Parameters
    ----------
    series : TradeSeries
        Whose calendar and events count.
    dates : sequence of str or Period
        First period of each new segment.
    events : EventTable, optional
        Default: the events of a catalogue series' recipe.
    tolerance : int
        Periods on either side of a date that still meet a window.
    level : float
        Of the range of chance.

    Raises
    ------
    InputError
        If a date is unreadable, of another frequency, or outside the sample.
    UsageError
        If the tolerance is negative or no whole number.
    """
    if isinstance(tolerance, bool) or not isinstance(tolerance, int) or tolerance < 0:
        raise UsageError(f"tolerance is a whole number of periods from 0, not {tolerance!r}")
    if events is None and series.catalogue:
        from analysis import catalogue

        events = catalogue.events(series)
    windows = () if events is None else event_windows(events, series.first, series.last, series.id)
    rows = []
    for given in dates:
        at = given if isinstance(given, Period) else Period.parse(given)
        series.index(at)
        met = tuple(w for w in windows if meets(w, ((at + -tolerance, at + tolerance),)))
        rows.append((at, met))
    positions = [series.first + k for k in range(len(series))]
    chance = chance_of_meeting(windows, [(-tolerance, tolerance)], positions)
    matched = sum(bool(met) for _, met in rows)
    found = {w.event.id for _, met in rows for w in met}
    return DateMatches(
        series,
        tuple(rows),
        match_by_chance(matched, [chance] * len(rows), level) if windows and rows else None,
        tuple(w.event.id for w in windows if w.event.id not in found),
    )
