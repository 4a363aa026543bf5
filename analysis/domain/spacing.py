"""The frequency of a series from the spacing of its dates, not from how they are written.

FRED, pandas and R write a month as its first day, others as its last or its last business day. Days that fall
once a month are months, once a quarter quarters, once a year years, every seven days weeks.
"""

from __future__ import annotations

import itertools
import math
from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from typing import get_args

from analysis.domain.periods import FREQUENCY_NAMES, Frequency, Period
from analysis.errors import InputError

BEGINS_BY, ENDS_WITHIN = 4, 4
"""First and last business days lie this near to the ends of their month, holidays included."""
LEAST_SPACED = 4
"""Months from which their spacing says that they are quarters or years."""
MOSTLY = 0.75
"""Share of steps of one month that makes dates of no fixed day (third Fridays) months."""
_CODES: dict[str, Frequency] = {
    "Y": "A",
    "A": "A",
    "Q": "Q",
    "M": "M",
    "W": "W",
    "D": "D",
    "B": "D",
    "C": "D",
}


def on_spacing(periods: Sequence[Period], frequency: Frequency | None = None) -> list[Period]:
    """Return the same rows in periods of the frequency at which they are spaced.

    Parameters
    ----------
    periods : sequence of Period
        In any order; a mixture of frequencies is returned as it is, for the caller to refuse.
    frequency : Frequency, optional
        Decides instead of the spacing; periods that are coarser are refused.

    Raises
    ------
    InputError
        If days have no regular spacing, or one that is no frequency here (half-years), or a period is coarser
        than `frequency`.
    """
    own = {period.frequency for period in periods}
    if frequency is not None:
        order = get_args(Frequency)
        for period in periods:
            if order.index(period.frequency) < order.index(frequency):
                raise InputError(f"{period} is coarser than {FREQUENCY_NAMES[frequency]}")
        return [Period.containing(p.end, frequency) for p in periods]
    if own in ({"D"}, {"M"}):
        _refuse_other_spacing(periods)
    if own == {"D"}:
        found = frequency_of_days([period.start for period in periods])
        if found is None:
            raise InputError(
                f"the dates {_some(periods)} have no regular spacing: say the frequency (--frequency M for "
                "months), or write periods such as 2016-03"
            )
        return list(periods) if found == "D" else [Period.containing(p.start, found) for p in periods]
    coarser = _spaced_months(periods) if own == {"M"} else None
    return [Period.containing(p.start, coarser) for p in periods] if coarser else list(periods)


def frequency_of_days(days: Sequence[date]) -> Frequency | None:
    """Return the frequency of dates, None if they have no regular spacing.

    Parameters
    ----------
    days : sequence of date
        In any order; repetitions count once.
    """
    ordered = sorted(set(days))
    gaps = {(b - a).days for a, b in itertools.pairwise(ordered)}
    if not gaps or min(gaps) == 1:
        return "D"
    months = [day.year * 12 + day.month - 1 for day in ordered]
    if len(set(months)) == len(months):
        steps = [b - a for a, b in itertools.pairwise(months)]
        aligned = _aligned(ordered)
        if all(step % 12 == 0 for step in steps):
            return "A"
        if aligned and all(step % 3 == 0 for step in steps):
            return "Q"
        if aligned or (len(steps) >= 3 and steps.count(1) >= MOSTLY * len(steps)):
            return "M"
    return "W" if min(gaps) == 7 and all(gap % 7 == 0 for gap in gaps) else None


def pandas_frequency(name: str) -> Frequency:
    """Return the frequency of a pandas index by its name (``MS``, ``BQE-DEC``, ``W-FRI``).

    Raises
    ------
    InputError
        If it is none of years, quarters, months, weeks and days.
    """
    core = name.split("-", maxsplit=1)[0]
    letter = core.removeprefix("C").removeprefix("B")[:1] or core[:1]
    if core[:1].isdigit() or letter not in _CODES:
        raise InputError(f"the index has frequency {name}: use years, quarters, months, weeks or days")
    return _CODES[letter]


def _aligned(days: Sequence[date]) -> bool:
    """Tell whether dates stand at one place of their months: a fixed day, the beginning or the end."""
    lengths = [monthrange(day.year, day.month)[1] for day in days]
    latest = max(day.day for day in days)
    return (
        all(day.day == min(latest, length) for day, length in zip(days, lengths, strict=True))
        or all(day.day <= BEGINS_BY for day in days)
        or all(day.day > length - ENDS_WITHIN for day, length in zip(days, lengths, strict=True))
    )


def _refuse_other_spacing(periods: Sequence[Period]) -> None:
    """Refuse half-years and the like: as months or quarters most of them would be missing."""
    ordered = sorted({period.start for period in periods})
    months = [day.year * 12 + day.month - 1 for day in ordered]
    if len(set(months)) < LEAST_SPACED or len(set(months)) != len(periods) or not _aligned(ordered):
        return
    every = math.gcd(*(b - a for a, b in itertools.pairwise(months)))
    if every not in (2, 4, 6):
        return
    what = "half-years" if every == 6 else f"every {every} months"
    raise InputError(
        f"the dates {ordered[0]}, {ordered[1]}, {ordered[2]} are {what}, which is none of the frequencies: "
        "add them up to years, or, if each is a month's value, say --frequency M"
    )


def _spaced_months(periods: Sequence[Period]) -> Frequency | None:
    """Return what four months or more, spaced as FRED writes them, are: quarters, years or neither."""
    months = sorted({period.ordinal for period in periods})
    if len(months) < LEAST_SPACED or len(months) != len(periods):
        return None
    steps = [b - a for a, b in itertools.pairwise(months)]
    if all(step % 12 == 0 for step in steps):
        return "A" if 12 in steps else None
    return "Q" if 3 in steps and all(step % 3 == 0 for step in steps) else None


def _some(periods: Sequence[Period]) -> str:
    ordered = sorted({period.ordinal for period in periods})[:3]
    return ", ".join(str(Period("D", ordinal)) for ordinal in ordered)
