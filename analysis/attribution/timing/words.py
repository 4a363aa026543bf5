"""The answer in sentences: what fell, what of it came with which events, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from analysis.attribution.timing.sums import EventSum
from analysis.domain import UN_RESOLUTION, Event, Window

if TYPE_CHECKING:
    from analysis.attribution.result import AttributionResult

NUMBERS = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
MINUS = "−"
WORTH_SAYING = 0.005
"""Share of the change from which the movement before the events is named."""


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
    years = window.years
    if years is not None:
        return "–".join(map(str, dict.fromkeys(years)))
    return str(window).replace("..", " to ")


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
        when = (
            str(years[0])
            if len(years) == 1
            else f"{years[0]} and {years[-1]}"
            if len(years) == 2
            else f"{years[0]} to {years[-1]}"
        )
        words.append(f"the {count} UN resolutions of {when}")
    else:
        others = named
    if len(others) <= 2:
        words += [event.noun for event in others]
    elif others:
        count = NUMBERS[len(others)] if len(others) < len(NUMBERS) else str(len(others))
        words.append(f"{count} {'other events' if words else 'events'}")
    return " and ".join(words)


def sentence(answer: AttributionResult) -> str:
    """Return the answer in one sentence.

    It names the change, what of it came with the events of the first sum that is estimated, with interval and
    per cent, what is exact, and what moved before any of the events. An amount whose sign is not known is
    given by its limits alone.
    """
    series, factor = answer.series, answer.per_year
    change = factor * answer.absolute
    unit = unit_words(series.unit, answer.per.removeprefix("a ") or None)
    noun = series.noun or series.title or series.id
    when = f"from {window_words(answer.before)} to {window_words(answer.after)}"
    if not any(character in "123456789" for character in whole(change)):
        level = whole(factor * answer.ends[1])
        subject = noun[:1].upper() + noun[1:]
        return f"{subject}: {level} {unit} in both periods, {when}; there is no change to divide."
    kind = "fall" if change < 0 else "rise"
    opening = f"he {kind} of {whole(change)} {unit} in {noun} {when}"
    exact = [row for row in answer.rows if row.exact and row.event_ids and row.value]
    told = [
        f"{_moved(factor * (row.value or 0.0), change)} came with "
        f"{' and '.join(answer.events[i].noun for i in row.event_ids)} (exact)"
        for row in exact
    ]
    found = next((item for item in answer.sums if item.grade != "exact"), None)
    if found is None and not told:
        why = next((part.note for part in answer.parts if part.note), "")
        if why:
            return f"T{opening} is not divided among events: {why}."
        return f"T{opening} is dated to no event: none came into force between the two."
    if found is None:
        return f"Of t{opening}, {'; '.join(told)}."
    return (
        f"Of t{opening}, {'; '.join([_dated(answer, found, change), *told, *_ahead(answer, found, change)])}."
    )


def _dated(answer: AttributionResult, found: EventSum, change: float) -> str:
    open_parts = any(part.role in ("open", "stated") for part in answer.parts)
    scope = answer.series.design.scope
    names = events_words(found, list(answer.events.values())) + (
        f" in {scope}" if open_parts and scope else ""
    )
    estimate, low, high = (answer.per_year * value for value in found.interval)
    level = f"{100 * answer.level:g} % interval"
    if found.grade == "D":
        return f"what came with {names} has no known sign ({level} {signed(low)} to {signed(high)})"
    near, far = sorted((abs(low), abs(high)))
    percent = "" if found.percent is None else f"; {found.percent[0]:.0f} %"
    return f"{_moved(estimate, change)} ({level} {whole(near)} to {whole(far)}{percent}) came with {names}"


def _ahead(answer: AttributionResult, found: EventSum, change: float) -> list[str]:
    """Return what the parts of a sum moved by before its events, if it is worth saying."""
    used = {k for r in found.rows for k, _ in answer.rows[r].members}
    amount = answer.per_year * sum(
        part.sign * part.factor * part.way.before
        for k, part in enumerate(answer.parts)
        if k in used and part.way is not None
    )
    if abs(amount) < WORTH_SAYING * abs(change):
        return []
    verb = "fell" if amount < 0 else "rose"
    same = amount * change > 0
    return [f"{whole(amount)} {verb if same else f'had gone the other way ({verb})'} before any of them"]


def _moved(amount: float, change: float) -> str:
    return whole(amount) if amount * change >= 0 else f"{whole(amount)} in the other direction"
