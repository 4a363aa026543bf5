"""Which events a break meets, at the edge of their windows; the sign of a lag; the rate by chance."""

import pytest

from analysis.breaks import find_breaks
from analysis.breaks.matching import PERIODS_AFTER
from analysis.domain import Event, EventTable, Period
from tests.unit.breaks.conftest import Maker

BREAK = 48
"""Position of the first new period: 2016-01 of a monthly series from 2012-01."""


def event(name: str, adopted: Period, full: Period | None = None) -> Event:
    """Return an event adopted on the first day of one period and in full force from the first of another."""
    return Event(name, name, adopted.start, adopted=adopted.start, full=full or adopted)


def month(text: str) -> Period:
    return Period.parse(text)


def test_a_lag_counts_from_the_event_to_the_break(make: Maker) -> None:
    """Positive where the break comes after the event, negative where it comes before full force."""
    events = EventTable(
        (
            event("before", month("2015-10"), month("2015-11")),
            event("same", month("2016-01")),
            event("straddles", month("2015-12"), month("2016-04")),
        )
    )
    found = find_breaks(make(steps={BREAK: 6.0}), scale="level", events=events)
    (only,) = found.breaks
    assert only.first_after == "2016-01"
    lags = {e["event_id"]: (e["lag"], e["lag_adopted"]) for e in only.events}
    assert lags == {"before": (2, 3), "same": (0, 0), "straddles": (-3, 1)}


def test_a_break_whose_date_is_sure_meets_the_windows_that_hold_it_and_no_other(make: Maker) -> None:
    """The window runs from the month of the event to two months later, both ends included."""
    events = EventTable(tuple(event(f"{shift:+d}", month("2016-01") + shift) for shift in range(-5, 5)))
    found = find_breaks(make(steps={BREAK: 8.0}), scale="level", events=events)
    (only,) = found.breaks
    assert only.ci["set"] == [["2015-12", "2015-12"]], "the date is sure"
    assert {e["event_id"] for e in only.events} == {"-2", "-1", "+0"}
    assert set(found.events_without_break) == {"-5", "-4", "-3", "+1", "+2", "+3", "+4"}


@pytest.mark.parametrize(("first", "frequency", "after"), [("1960-Q1", "Q", 1), ("1930", "A", 0)])
def test_windows_of_quarters_and_years_end_one_quarter_and_no_year_later(
    make: Maker, first: str, frequency: str, after: int
) -> None:
    assert PERIODS_AFTER[frequency] == after
    new = month(first) + BREAK
    events = EventTable(tuple(Event(f"{k:+d}", "E", (new + k).start) for k in range(-3, 3)))
    found = find_breaks(make(first=first, steps={BREAK: 8.0}), scale="level", events=events)
    (only,) = found.breaks
    assert {e["event_id"] for e in only.events} == {f"{k:+d}" for k in range(-after, 1)}


@pytest.mark.parametrize(
    ("adopted", "meets"),
    [("2015-09", False), ("2015-10", True), ("2016-03", True), ("2016-04", False)],
)
def test_a_break_in_a_gap_may_lie_in_any_of_its_months(make: Maker, adopted: str, meets: bool) -> None:
    """Last observed 2015-11, next 2016-03: the first new month is one of 2015-12 to 2016-03."""
    series = make(steps={BREAK: 8.0}, missing=(47, 48, 49))
    found = find_breaks(series, scale="level", events=EventTable((event("e", month(adopted)),)))
    (only,) = found.breaks
    assert (only.last_before, only.first_after) == ("2015-11", "2016-03")
    assert bool(only.events) is meets


@pytest.mark.parametrize("at", ["2013-06", "2014-02", "2016-01", "2018-06"])
def test_the_rate_by_chance_counts_the_admissible_dates_that_meet_a_window(make: Maker, at: str) -> None:
    """One sure date: the chance is the share of admissible first new months inside the window."""
    series = make(steps={BREAK: 8.0})
    found = find_breaks(series, scale="level", events=EventTable((event("e", month(at)),)))
    h = found.sample.min_length
    admissible = [month("2012-01") + k for k in range(h, len(series) - h + 1)]
    window = [month(at) + k for k in range(3)]
    assert found.matching is not None
    expected = len(set(admissible) & set(window)) / len(admissible)
    assert found.matching.expected_by_chance == pytest.approx(expected)
    assert found.matching.matched == (1 if month("2016-01") in window else 0)


def test_a_set_of_several_months_meets_a_window_that_any_of_them_touches(make: Maker) -> None:
    """A smaller step has a set of several dates; who is met is decided by the set and not by the estimate."""
    series = make(steps={BREAK: 2.0})
    plain = find_breaks(series, scale="level")
    (only,) = plain.breaks
    possible = {
        month(low) + 1 + k for low, high in only.ci["set"] for k in range(month(high) - month(low) + 1)
    }
    assert len(possible) > 1
    first, last = min(possible), max(possible)
    table = EventTable(tuple(event(f"e{k:+d}", first + k) for k in range(-6, last - first + 6)))
    met = {e["event_id"] for e in find_breaks(series, scale="level", events=table).breaks[0].events}
    wanted = {e.id for e in table if possible & {Period.containing(e.effective, "M") + k for k in range(3)}}
    assert met == wanted
    assert len(wanted) < len(table.events)
