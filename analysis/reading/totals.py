"""Sums over several periods in a column of single ones: running totals of the year, January with February."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from analysis.domain import Period, Window

MONTHS_OF_A_YEAR = 10
"""A year speaks for or against running totals if at least so many of its months are observed."""
YEARS_THAT_SPEAK = 3
DOUBLED = 1.5
"""A February that holds January too is at least this many times the months around it."""

Values = Mapping[Period, float | None]


@dataclass(frozen=True, slots=True)
class Parted:
    """Values of single periods, and sums over several.

    Attributes
    ----------
    values : dict of Period to float or None
    sums : dict of Window to float
        The periods of each are missing from `values`.
    """

    values: dict[Period, float | None]
    sums: dict[Window, float]


def looks_cumulative(values: Values) -> bool:
    """Tell whether a column looks like running totals of the year.

    Then it rises within each of three years or more, and falls at every turn of the year.
    """
    years: dict[int, list[Period]] = {}
    for period, value in sorted(values.items()):
        if value is not None and period.frequency in ("M", "Q"):
            years.setdefault(period.year, []).append(period)
    least = {"M": MONTHS_OF_A_YEAR, "Q": 4}
    full = {year: own for year, own in years.items() if len(own) >= least[own[0].frequency]}
    if len(full) < YEARS_THAT_SPEAK:
        return False
    numbers = [[values[period] or 0.0 for period in own] for _, own in sorted(full.items())]
    rises = all(a <= b for own in numbers for a, b in itertools.pairwise(own))
    grows = all(own[-1] > own[0] for own in numbers)
    falls = all(later[0] < earlier[-1] for earlier, later in itertools.pairwise(numbers))
    return rises and grows and falls


def part_cumulative(values: Values) -> Parted:
    """Return the values of single periods from running totals of the year.

    Where a period before has no total, the difference is the sum over the periods between.
    """
    single: dict[Period, float | None] = {}
    sums: dict[Window, float] = {}
    by_year: dict[int, list[Period]] = {}
    for period in sorted(values):
        by_year.setdefault(period.year, []).append(period)
    for periods in by_year.values():
        before, total = periods[0] + -(periods[0].season + 1), 0.0
        for period in periods:
            value = values[period]
            if value is None:
                single.setdefault(period, None)
                continue
            if period - before == 1:
                single[period] = value - total
            else:
                span = Window(before + 1, period)
                sums[span] = value - total
                single |= dict.fromkeys(span.periods())
            before, total = period, value
    return Parted(single, sums)


def doubled_februaries(values: Values) -> list[Period]:
    """Return the Februaries that seem to hold January as well: January has no value, and they are doubled."""
    alone = [
        period
        for period, value in sorted(values.items())
        if period.frequency == "M"
        and period.season == 1
        and value is not None
        and values.get(period + -1) is None
    ]
    ratios = [ratio for period in alone if (ratio := _beside(values, period)) is not None]
    if not ratios or median(ratios) < DOUBLED:
        return []
    others = [
        ratio
        for period, value in values.items()
        if period.frequency == "M" and period.season == 1 and value is not None and period not in alone
        and (ratio := _beside(values, period)) is not None
    ]  # fmt: skip
    return [] if others and median(others) >= DOUBLED else alone


def part_february(values: Values, februaries: list[Period]) -> Parted:
    """Return the same with January and February of those years as one sum."""
    single, sums = dict(values), {}
    for february in februaries:
        value = single[february]
        if value is not None:
            sums[Window(february + -1, february)] = value
            single |= {february + -1: None, february: None}
    return Parted(single, sums)


def _beside(values: Values, february: Period) -> float | None:
    around = [
        value for step in (-2, 1, 2) if (value := values.get(february + step)) is not None and value > 0
    ]
    own = values[february]
    return own / (sum(around) / len(around)) if around and own is not None else None
