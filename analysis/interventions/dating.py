"""When an event is in force: its share of every period, under each dating.

Datings of catalogue events on monthly series (contract, "Dates in force"):

* ``full``     0 before the first full month F, 1 from F on;
* ``ramp``     ``(k + 1) / (F - P + 1)`` in the k-th month from the first partial month P;
* ``adopted``  the day rule on the day of adoption A.

``ramp`` and ``adopted`` move the columns of UN resolutions only. A caller's event follows the day rule
on ``effective``: on day d of a period of D days the share is ``(D - d + 1) / D``, the day itself counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from analysis.domain import UN_RESOLUTION, Event, FloatArray, Period

Dating = Literal["full", "ramp", "adopted"]
DATINGS: tuple[Dating, ...] = get_args(Dating)

WHOLE_PERIOD = 0.9
"""Share of a coarse period's days from which an event counts as in force in all of it."""
COARSE = ("A", "Q")
"""Frequencies on which an event belongs to the first period it is in force for half of."""


@lru_cache(maxsize=64)
def calendar_edges(first: Period, length: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the ordinals of the first and last day of `length` periods from `first`, each of shape (T,)."""
    starts = np.array([(first + step).start.toordinal() for step in range(length + 1)])
    return starts[:-1], starts[1:] - 1


def days_in_force(periods: Sequence[Period], start: date, end: date | None, lead: int = 0) -> FloatArray:
    """Return the share of the days of each period from `start` to `end`, both inclusive, shape (T,).

    With a lead every period looks that many periods ahead.
    """
    first, last = calendar_edges(periods[0] + lead, len(periods))
    through = last if end is None else np.minimum(last, end.toordinal())
    days = np.maximum(through - np.maximum(first, start.toordinal()) + 1, 0)
    return np.asarray(days / (last - first + 1))


def share_in_force(event: Event, periods: Sequence[Period], dating: Dating) -> FloatArray:
    """Return the share of each period of a monthly or daily series in which `event` is in force.

    Parameters
    ----------
    event : Event
        Of the catalogue (with P, F and A) or of a caller (with ``effective``).
    periods : sequence of Period
        The calendar of the series, length T.
    dating : Dating

    Returns
    -------
    ndarray, shape (T,)
        Between 0 and 1. A lead of the event moves it that many periods earlier.
    """
    if event.full is None or event.partial is None:
        return days_in_force(periods, event.effective, event.end, event.lead)
    moved = event.kind == UN_RESOLUTION
    if moved and dating == "adopted":
        return days_in_force(periods, event.adopted or event.effective, event.end, event.lead)
    through = None if event.end is None else Period.containing(event.end, "M").end
    in_full = days_in_force(periods, event.full.start, through, event.lead)
    if not (moved and dating == "ramp"):
        return in_full
    length = event.full - event.partial + 1
    ramp = in_full.copy()
    for k in range(length - 1):
        month = days_in_force(periods, (event.partial + k).start, (event.partial + k).end, event.lead)
        ramp[month > 0] = (k + 1) / length
    return ramp


def first_period(event: Event, periods: Sequence[Period]) -> int | None:
    """Return the position of the first period of a coarse calendar in force for half of its days.

    None if the event is in force for half of no period of the sample.
    """
    shares = _coarse_shares(event, periods)
    enough = np.flatnonzero(shares >= 0.5)
    return int(enough[0]) if len(enough) else None


def coarse_column(events: Sequence[Event], periods: Sequence[Period]) -> FloatArray:
    """Return the one column of events that share their first period on an annual or quarterly series.

    Returns
    -------
    ndarray, shape (T,)
        0 before the first period, the mean of the events' shares of days from then on.
    """
    start = first_period(events[0], periods)
    column = np.asarray(np.mean([_coarse_shares(event, periods) for event in events], axis=0))
    column[:start] = 0.0
    return column


def _coarse_shares(event: Event, periods: Sequence[Period]) -> FloatArray:
    start = event.full.start if event.full is not None else event.effective
    shares = days_in_force(periods, start, event.end, event.lead)
    return np.where((shares >= WHOLE_PERIOD) & (shares < 1), 1.0, shares)


def in_logs(share: FloatArray, effect: float) -> FloatArray:
    """Return ``ln(1 - f + f exp(effect)) / effect`` for shares f of a flow; f itself where effect is 0.

    A month in force for the share f of its days carries ``1 - f + f exp(effect)`` of its flow, so in logs
    the column of a partial month is not f. The ``ramp`` dating is a ramp of the effect in logs and stays as
    it is.
    """
    partial = (share > 0) & (share < 1)
    if effect == 0 or not partial.any():
        return share
    column = share.copy()
    column[partial] = np.log1p(share[partial] * np.expm1(effect)) / effect
    return column
