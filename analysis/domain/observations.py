"""Observations, totals over spans, and what a recipe declares for the models."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from analysis.domain.periods import Frequency, Period, Window
from analysis.errors import InputError

Gaps = Literal["refuse", "missing"]

MOST_PERIODS = 200_000
"""Longest calendar that is accepted; a longer one is a mistyped year."""

STATUSES = {"A": "normal", "E": "estimated", "P": "provisional", "M": "missing", "B": "break in the record"}
"""SDMX OBS_STATUS codes in use."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One period of a series.

    Attributes
    ----------
    period : Period
    value : float or None
        In the unit of the series; None is a missing observation.
    status : str
        SDMX OBS_STATUS: ``A``, ``E``, ``P``, ``M`` or ``B``.
    rse : float
        Relative standard error of the recorded figure, a fraction (rounding, derivation, vintages).
    lower, upper : float or None
        Hard bounds, where the figure is known only between two values.
    figures : tuple of str
        Ids of the published figures it was built from; empty for a caller's data.
    note : str
        One sentence on how the value came about, if it is not the printed figure itself.
    """

    period: Period
    value: float | None
    status: str = "A"
    rse: float = 0.0
    lower: float | None = None
    upper: float | None = None
    figures: tuple[str, ...] = ()
    note: str = ""

    def to_record(self) -> dict[str, Any]:
        """Return the observation with the contract's keys; bounds and note only where present."""
        record: dict[str, Any] = {
            "period": str(self.period),
            "value": self.value,
            "status": self.status,
            "rse": self.rse,
            "figures": list(self.figures),
        }
        if self.lower is not None or self.upper is not None:
            record |= {"lower": self.lower, "upper": self.upper}
        return record | ({"note": self.note} if self.note else {})


@dataclass(frozen=True, slots=True)
class Total:
    """A figure known only for a span of periods: evidence on their sum.

    Attributes
    ----------
    window : Window
        The span, both ends INCLUSIVE.
    value : float
        Sum over the span, in the unit of the series.
    rse : float
        Relative standard error, a fraction.
    figures : tuple of str
        Ids of the published figures.
    note : str
        Formula or basis.
    """

    window: Window
    value: float
    rse: float
    figures: tuple[str, ...] = ()
    note: str = ""

    def to_record(self) -> dict[str, Any]:
        """Return the span, its sum and its doubt."""
        return {
            "from": str(self.window.first),
            "to": str(self.window.last),
            "value": self.value,
            "rse": self.rse,
            "figures": list(self.figures),
            "note": self.note,
        }


PartRole = Literal["modelled", "ended_by", "stated", "open"]
PART_ROLES: tuple[PartRole, ...] = get_args(PartRole)


@dataclass(frozen=True, slots=True)
class DeclaredPart:
    """A series that a target adds up from.

    Attributes
    ----------
    series : str
        Id of the part, variants included; empty for the rest: the target less its other parts.
    sign : int
        1 or -1.
    role : PartRole
        ``modelled``: the part's own joint model divides its change. ``ended_by``: its trade went on
        unhindered until `event`, which took away what was there. ``stated``: the change of a published
        estimate. ``open``: not attributed.
    event : str or None
        The event that ends a part of role ``ended_by``.
    title : str
        What the part is called in an answer; default the title of its series.
    """

    series: str = ""
    sign: int = 1
    role: PartRole = "modelled"
    event: str | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class SeriesDesign:
    """What the recipe of a series declares for the models.

    Attributes
    ----------
    events : tuple of str
        Event ids of the design, one per measure.
    regimes : tuple of Window
        Stretches of other variance, both ends inclusive.
    lunar_new_year : bool
        Whether the Chinese New Year columns enter.
    controls : tuple of str
        Covariate ids.
    masks : tuple of Period
        Single periods taken out by a pulse each (product series only).
    parts : tuple of DeclaredPart
        Series that add up to this one, period by period.
    scope : str
        The modelled parts together in words, where other parts are open (``trade with China``).
    """

    events: tuple[str, ...] = ()
    regimes: tuple[Window, ...] = ()
    lunar_new_year: bool = False
    controls: tuple[str, ...] = ()
    masks: tuple[Period, ...] = ()
    parts: tuple[DeclaredPart, ...] = ()
    scope: str = ""


NO_DESIGN = SeriesDesign()


LEAST, MOST = 1e-12, 1e15
"""Smallest and largest size of a number: squares and their sums stay far from the ends of doubles."""

RANGE = f"numbers are 0 or between {LEAST:g} and {MOST:g} in size; choose another unit"


def read_observation(period: str | Period, value: object, rse: object, status: str | None) -> Observation:
    """Return one row as an observation.

    Raises
    ------
    InputError
        If the period cannot be read, a number is no finite number, or the status is no OBS_STATUS code.
    """
    at = period if isinstance(period, Period) else Period.parse(period)
    number = _number(value, "value", at)
    error = _number(rse, "rse", at) or 0.0
    if not 0 <= error < 1:
        raise InputError(f"the rse of {at} is {error}; give a fraction in [0, 1)")
    code = status or ("M" if number is None else "A")
    if code not in STATUSES:
        raise InputError(f"status '{code}' of {at} is none of {', '.join(STATUSES)}")
    return Observation(at, number, code, error)


def dense_calendar(
    rows: dict[int, Observation], frequency: Frequency, name: str, gaps: Gaps
) -> tuple[Observation, ...]:
    """Return every period from the first row to the last.

    Raises
    ------
    InputError
        Naming the first period without a row, unless gaps are declared missing.
    """
    first, last = min(rows), max(rows)
    if last - first + 1 > MOST_PERIODS:
        raise InputError(
            f"the series '{name}' spans {last - first + 1} periods; check its first and last period"
        )
    if last - first + 1 != len(rows) and gaps == "refuse":
        absent = next(k for k in range(first, last) if k not in rows)
        raise InputError(
            f"the series '{name}' has no row for {Period(frequency, absent)}: add it "
            "(with an empty value if nothing was recorded) or say --gaps missing"
        )
    return tuple(rows.get(k) or Observation(Period(frequency, k), None, "M") for k in range(first, last + 1))


def _number(value: object, what: str, at: Period) -> float | None:
    if value is None:
        return None
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise InputError(f"the {what} of {at} is '{value}', which is not a number")
    number = float(value)
    if math.isnan(number):
        return None
    if math.isinf(number):
        raise InputError(f"the {what} of {at} is infinite")
    if not computable(number):
        raise InputError(f"the {what} of {at} is {number:g}: {RANGE}")
    return number


def computable(number: float) -> bool:
    """Tell whether the models can carry a finite number: 0, or a size from `LEAST` to `MOST`."""
    return number == 0 or LEAST <= abs(number) <= MOST
