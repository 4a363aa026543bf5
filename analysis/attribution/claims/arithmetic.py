"""Tests of arithmetic: true or false at both bounds of the figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from analysis import catalogue
from analysis.attribution.accounting.binding import FLOW_NAMES
from analysis.attribution.accounting.codes import Scope, parse_codes
from analysis.attribution.accounting.goods import MILLION, dollars, goods_table
from analysis.attribution.accounting.partners import partner_rows
from analysis.attribution.claims.bounds import at, difference, negative, positive
from analysis.attribution.claims.outcome import FALSE, TRUE, UNTESTABLE, Number, Outcome, Thresholds, all_of
from analysis.catalogue import Figure, Provision
from analysis.domain import UN_RESOLUTION, TradeSeries, Window, parse_day

CORE_FACTS = ("measure", "provision")
"""Fields of a provision without which it proves nothing."""


def direction(test: Mapping[str, Any], thresholds: Thresholds) -> Outcome:
    """Test whether a yearly series falls or rises in the years named, and peaks where it is said to."""
    series = catalogue.series(test["series"])
    answers: list[bool | None] = []
    numbers: list[Number] = []
    if "peak" in test:
        answers.append(_peaks(series, test["peak"]))
        numbers.append(at(series, test["peak"]))
    for years, sign in ((test.get("falls", ()), negative), (test.get("rises", ()), positive)):
        for year in years:
            before = at(series, year - 1)
            change = difference(f"change of {year}", at(series, year), before)
            numbers.append(change)
            answers.append(sign(change))
            if test.get("sharply"):
                answers.append(_sharply(change, before, thresholds["sharply"]))
    word = all_of(answers)
    moves = "; ".join(f"{n.label} {_signed(n)}" for n in numbers if n.label.startswith("change"))
    why = {
        TRUE: f"It holds at both bounds of the figures: {moves}.",
        FALSE: f"It does not hold: {moves}.",
        UNTESTABLE: f"It holds at one bound of the figures and not at the other: {moves}.",
    }[word]
    return Outcome(word, why, tuple(numbers), rests_on_copies=all(n.unverified for n in numbers))


def peak(test: Mapping[str, Any], _: Thresholds) -> Outcome:
    """Test whether a yearly series is largest in a year, at about a value."""
    series = catalogue.series(test["series"])
    top = at(series, test["year"])
    near = _within(top, test["about"] - test["within"], test["about"] + test["within"])
    word = all_of([_peaks(series, test["year"]), near])
    missing = [str(p) for p, o in zip(series.periods, series.observations, strict=True) if o.value is None]
    gaps = f" Not printed: {', '.join(missing)}." if missing else ""
    why = (
        f"{test['year']}: {top.value:,.0f} {series.unit}, to be within {test['within']:,.0f} of "
        f"{test['about']:,.0f} and above every other year.{gaps}"
    )
    return Outcome(word, why, (top,), rests_on_copies=top.unverified)


def gone(test: Mapping[str, Any], thresholds: Thresholds) -> Outcome:
    """Test whether products all but left the record between two years."""
    answers: list[bool | None] = []
    numbers: list[Number] = []
    for name in test["series"]:
        series = catalogue.series(name)
        before, after = at(series, test["from"]), at(series, test["to"])
        numbers += [before, after]
        least, most = 1 - after.upper / before.lower, 1 - after.lower / before.upper
        answers.append(_beyond(least, most, thresholds["gone"]))
    word = all_of(answers)
    shown = "; ".join(
        f"{before.label} {before.value:,.1f}, {test['to']} {after.value:,.1f}"
        for before, after in zip(numbers[::2], numbers[1::2], strict=True)
    )
    why = f"A fall of at least {100 * thresholds['gone']:.0f} per cent each: {shown}."
    return Outcome(word, why, tuple(numbers), rests_on_copies=all(n.unverified for n in numbers[1::2]))


def provisions(test: Mapping[str, Any], _: Thresholds) -> Outcome:
    """Test whether provisions of the kind named cover every product named."""
    chosen = [p for p in catalogue.provisions() if _asked(p, test)]
    codes = {p.id: parse_codes(p.hs_codes) for p in chosen}
    answers: list[bool | None] = []
    words: list[str] = []
    used: dict[str, Provision] = {}
    solid = True
    for label, texts in test["products"].items():
        scope = Scope(tuple(code.prefix for code in parse_codes(texts)))
        naming = {
            leaf: [p for p in chosen if scope.named(codes[p.id], leaf) == "whole"] for leaf in scope.leaves
        }
        answers.append(all(naming.values()))
        found = {p.id: p for rows in naming.values() for p in rows}
        used |= found
        solid &= all(any(_solid(p) for p in rows) for rows in naming.values() if rows)
        words.append(f"{label}: {', '.join(found) or 'none'}")
    unverified = tuple(f"{p.id}: {', '.join(p.unverified)}" for p in used.values() if p.unverified)
    return Outcome(
        all_of(answers),
        f"Provisions that name the whole product: {'; '.join(words)}.",
        unverified=unverified,
        rests_on_copies=not solid,
    )


def added(test: Mapping[str, Any], thresholds: Thresholds) -> Outcome:
    """Test whether KOTRA's figure for China exceeds China's record from a year on, and not before."""
    numbers: list[Number] = []
    answers: list[bool | None] = []
    limit = thresholds["beyond_rounding"]
    for year in range(test["years"][0], test["years"][1] + 1):
        excess, recorded = _excess(test["flow"], year)
        numbers.append(excess)
        least, most = excess.lower / recorded, excess.upper / recorded
        if year >= test["since"]:
            answers.append(_beyond(least, most, limit))
        else:
            answers.append(_within(excess, -limit * recorded, limit * recorded))
    stated = catalogue.series(test["stated"])
    numbers.append(at(stated, test["since"]))
    early = test["since"] - test["years"][0]
    before, after = ([n.value for n in part] for part in (numbers[:early], numbers[early:-1]))
    why = (
        f"KOTRA's figure for China less China's own record, USD million: {_span(before)} before "
        f"{test['since']}, {_span(after)} since; {numbers[-1].value:,.0f} stated for {test['since']}."
    )
    return Outcome(all_of(answers), why, tuple(numbers), rests_on_copies=all(n.unverified for n in numbers))


def held(test: Mapping[str, Any], thresholds: Thresholds) -> Outcome:
    """Test whether a market rate lost value in some spans and held it in others; other spans are context."""
    quotes = [o for o in catalogue.covariate(test["rate"]).observations if o.value]
    unit = catalogue.covariate(test["rate"]).unit
    answers: list[bool | None] = []
    numbers: list[Number] = []
    words: list[str] = []
    for span in test["spans"]:
        inside = [o for o in quotes if o.period in Window.parse(span["window"])]
        first, last = inside[0], inside[-1]
        years = (last.period - first.period) / first.period.per_year
        yearly = ((last.value or 0.0) / (first.value or 1.0)) ** (1 / years) - 1
        if span["is"] != "context":
            limit = thresholds["held"]
            answers.append(abs(yearly) <= limit if span["is"] == "held" else yearly > limit)
        values = [o.value or 0.0 for o in inside]
        label = f"{first.period} to {last.period}, change a year"
        numbers.append(Number(label, yearly, yearly, yearly, "fraction"))
        words.append(
            f"{first.period} to {last.period}: {first.value:,.0f} to {last.value:,.0f} {unit}, "
            f"{_percent(yearly)} a year (between {min(values):,.0f} and {max(values):,.0f})"
        )
    return Outcome(all_of(answers), f"{'; '.join(words)}.", tuple(numbers), rests_on_copies=True)


def _excess(flow: str, year: int) -> tuple[Number, float]:
    """Return KOTRA's figure for China less China's record, and that record, USD million.

    The record is the customs' printed year; where none is printed, the sum of the sections, which are a
    reconciled copy.
    """
    kotra = next(row for row in partner_rows(flow, (year,), (year,)) if row.partner == "CN")
    figures = catalogue.figures(kotra.figures)
    half = dollars(figures[0].rounding) / 2 / MILLION
    printed = _printed_year(flow, year)
    table = None if printed else goods_table(flow, (year,), (year,))
    recorded = printed.value if printed else table.total(year) / MILLION if table else 0.0
    half += printed.rounding / 2 if printed else 0.0
    value = kotra.end / MILLION - recorded
    ids = (*kotra.figures, *([printed.id] if printed else ()))
    return Number(f"excess of {year}", value, value - half, value + half, "USD million", ids), recorded


def _printed_year(flow: str, year: int) -> Figure | None:
    """Return the customs' first print of a year, that with the most digits."""
    where = {"measure": "trade", "flow": flow, "partner": "CN", "product": "TOTAL", "unit": "USD million"}
    window = Window.parse(f"{year}-01..{year}-12")
    prints = [
        figure
        for figure in catalogue.catalogue().package.matching(("china_cumulative",), where)
        if figure.window == window and figure.tier == "printed" and figure.reporter == "CN"
    ]
    return min(
        prints, key=lambda figure: (figure.vintage != "first", figure.rounding, figure.id), default=None
    )


def _peaks(series: TradeSeries, year: int) -> bool | None:
    top = at(series, year)
    others = [at(series, p.year) for p, o in _observed(series) if p.year != year and o is not None]
    if all(top.lower > other.upper for other in others):
        return True
    return False if any(top.upper < other.lower for other in others) else None


def _observed(series: TradeSeries) -> Iterable[tuple[Any, float | None]]:
    return [(o.period, o.value) for o in series.observations]


def _sharply(change: Number, before: Number, least: float) -> bool | None:
    size = max(abs(before.lower), abs(before.upper))
    small = min(abs(change.lower), abs(change.upper))
    large = max(abs(change.lower), abs(change.upper))
    return _beyond(small / size, large / min(abs(before.lower), abs(before.upper)), least)


def _beyond(lower: float, upper: float, threshold: float) -> bool | None:
    if lower > threshold:
        return True
    return False if upper <= threshold else None


def _within(number: Number, least: float, most: float) -> bool | None:
    if least <= number.lower and number.upper <= most:
        return True
    return False if number.upper < least or number.lower > most else None


def _asked(provision: Provision, test: Mapping[str, Any]) -> bool:
    event = catalogue.events()[provision.event_id]
    if FLOW_NAMES[test["flow"]] not in provision.flow.split(";") or provision.measure not in test["measures"]:
        return False
    if event.kind != UN_RESOLUTION or not provision.hs_codes:
        return False
    if "events" in test:
        return event.id in test["events"]
    first, last = (_day(text) for text in test["adopted"])
    return event.adopted is not None and first <= event.adopted <= last


def _day(text: str | date) -> date:
    return parse_day(text, "adopted")


def _span(values: Sequence[float]) -> str:
    return f"{min(values):,.0f} to {max(values):,.0f}".replace("-", "−")


def _solid(provision: Provision) -> bool:
    return not any(field in provision.unverified for field in CORE_FACTS)


def _percent(value: float) -> str:
    return f"{100 * value:+,.1f} per cent".replace("-", "−")


def _signed(number: Number) -> str:
    shown: Sequence[str] = [
        f"{value:+,.0f}".replace("-", "−") for value in (number.value, number.lower, number.upper)
    ]
    return shown[0] if shown[1] == shown[2] else f"{shown[0]} [{shown[1]}, {shown[2]}]"
