"""The answer in sentences: what fell, what of it came with which events, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.attribution.timing.divided import Interval
from analysis.attribution.timing.sums import EventSum
from analysis.domain import UN_RESOLUTION, Event, Window

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
MINUS = "−"


def whole(value: float) -> str:
    """Return a number without its sign, rounded to what a reader can use: thousands separated."""
    size = abs(value)
    return f"{size:,.0f}" if size >= 10 or size < 0.05 else f"{size:,.1f}"


def signed(value: float) -> str:
    """Return a number with its sign."""
    text = whole(value)
    if not any(c in "123456789" for c in text):
        return "0"
    return f"{MINUS if value < 0 else '+'}{text}"


def window_words(window: Window) -> str:
    """Return a window as people write it: whole years as years, ranges with the word between."""
    first, last = window.first.start, window.last.end
    if (first.month, first.day, last.month, last.day) == (1, 1, 12, 31):
        return str(first.year) if first.year == last.year else f"{first.year}–{last.year}"
    text = str(window)
    return text.replace("..", " to ")


def unit_words(unit: str, per: str | None) -> str:
    """Return a unit as people write it, with the period it is counted by."""
    plain = {"USD million": "million dollars", "CNY million": "million yuan"}.get(unit, unit)
    return f"{plain} a {per}" if plain and per else plain or (f"a {per}" if per else "")


def events_words(found: EventSum, events: Sequence[Event]) -> str:
    """Return the events of a sum as a reader would name them."""
    named = [event for event in events if event.id in found.event_ids]
    resolutions = [event for event in named if event.kind == UN_RESOLUTION]
    others = [event for event in named if event.kind != UN_RESOLUTION]
    words = []
    if len(resolutions) > 1:
        years = sorted({(event.adopted or event.effective).year for event in resolutions})
        count = NUMBERS[len(resolutions)] if len(resolutions) < len(NUMBERS) else str(len(resolutions))
        when = str(years[0]) if len(years) == 1 else f"{years[0]} and {years[-1]}" if len(years) == 2 else f"{years[0]} to {years[-1]}"
        words.append(f"the {count} UN resolutions of {when}")
    else:
        others = named
    if len(others) <= 2:
        words += [event.title for event in others]
    elif others:
        count = NUMBERS[len(others)] if len(others) < len(NUMBERS) else str(len(others))
        words.append(f"{count} {'other events' if words else 'events'}")
    return " and ".join(words)


def sentence(
    *,
    noun: str,
    scope: str,
    before: Window,
    after: Window,
    change: float,
    unit: str,
    found: EventSum | None,
    events: Sequence[Event],
    exact: Sequence[tuple[str, float]],
    ahead: float,
    level: float,
    factor: float,
) -> str:
    """Return the answer in one sentence, or two where some of it is exact.

    Parameters
    ----------
    noun : str
        What is measured, as in "exports to China".
    scope : str
        Where the events are looked for, if other parts are open.
    before, after : Window
    change : float
        Observed, a year.
    unit : str
        In words, with the period.
    found : EventSum or None
        The sum that the sentence is about.
    events : sequence of Event
    exact : sequence of (str, float)
        Titles and amounts a year of events that ended a part.
    ahead : float
        Observed change before any event, a year.
    level : float
    factor : float
        Periods a year.
    """
    kind = "fall" if change < 0 else "rise"
    verb = "fell" if change < 0 else "came"
    start = f"Of the {kind} of {whole(change)} {unit} in {noun} from {window_words(before)} to {window_words(after)}, "
    told = [
        f"{_moved(amount, change)} came with {title} (exact)" for title, amount in exact if abs(amount) >= 0.5
    ]
    if found is None:
        if told:
            return f"{start}{' and '.join(told)}."
        opening = f"The {kind} of {whole(change)} {unit} in {noun} from {window_words(before)} to {window_words(after)}"
        return f"{opening} is dated to no event: none came into force between the two."
    where = f" in {scope}" if scope else ""
    words = f"{_moved(factor * found.interval[0], change)} ({_limits(found, change, level, factor)}) came with {events_words(found, events)}{where}"
    if found.grade == "D":
        low, high = sorted((factor * found.interval[1], factor * found.interval[2]))
        words = (
            f"what came with {events_words(found, events)}{where} cannot be signed: between {signed(low)} and "
            f"{signed(high)} ({100 * level:.0f} % interval)"
        )
    parts = [words, *told]
    if abs(factor) and abs(ahead) >= 0.005 * abs(change):
        same = ahead * change > 0
        parts.append(
            f"{whole(ahead)} {verb} before any of them" if same else f"{whole(ahead)} went the other way before any of them"
        )
    return f"{start}{'; '.join(parts)}."


def _moved(amount: float, change: float) -> str:
    return whole(amount) if amount * change >= 0 else f"{whole(amount)} in the other direction"


def _limits(found: EventSum, change: float, level: float, factor: float) -> str:
    low, high = (factor * value for value in found.interval[1:])
    ends = sorted((abs(low), abs(high))) if low * high > 0 else (low, high)
    shown = " to ".join(whole(end) if low * high > 0 else signed(end) for end in ends)
    percent = "" if found.percent is None else f"; {found.percent[0]:.0f} %"
    return f"{100 * level:.0f} % interval {shown}{percent}"


def interval_words(interval: Interval, factor: float) -> str:
    """Return estimate and limits a year, signed."""
    estimate, low, high = (factor * value for value in interval)
    return f"{signed(estimate)} [{signed(low)}, {signed(high)}]"
