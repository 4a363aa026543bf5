"""Alternatives to the declared columns of an event: other dates, other shapes, an effect before the date."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.domain import FloatArray, Frequency

Family = Literal["date", "shape", "before"]

SHIFTS: dict[Frequency, int] = {"A": 1, "Q": 4, "M": 12, "W": 26, "D": 30}
"""Periods by which a date is moved, each way."""
PHASES: dict[Frequency, tuple[int, ...]] = {
    "A": (2, 3),
    "Q": (2, 4),
    "M": (3, 6, 12),
    "W": (4, 13, 26),
    "D": (7, 30, 90),
}
"""Periods over which an effect may phase in, or after which a temporary one is gone."""
LEADS: dict[Frequency, tuple[int, ...]] = {
    "A": (1, 2),
    "Q": (1, 2, 4),
    "M": (1, 2, 3, 6, 12),
    "W": (4, 13),
    "D": (7, 30),
}
"""Periods before a date in which there should be no effect."""
RUSH: dict[Frequency, tuple[int, ...]] = {"A": (1,), "Q": (1,), "M": (1, 2, 3), "W": (4, 8), "D": (7, 14)}
"""Periods of a rush before the date."""


@dataclass(frozen=True, slots=True)
class Example:
    """Mistakes for which a check says how large an effect it would have seen.

    Attributes
    ----------
    shift, phase, lead : int
        Periods by which a date is too late, over which an effect phases in, in which it comes before.
    """

    shift: int
    phase: int
    lead: int


EXAMPLE: dict[Frequency, Example] = {
    "A": Example(1, 2, 1),
    "Q": Example(1, 2, 1),
    "M": Example(3, 6, 3),
    "W": Example(4, 13, 4),
    "D": Example(14, 30, 14),
}


@dataclass(frozen=True)
class Alternative:
    """Columns that stand in place of the declared ones, or beside them.

    Attributes
    ----------
    family : Family
    periods : int
        By which the date is moved (negative: earlier), or over which the shape extends.
    what : str
        ``moved``, ``phase-in``, ``temporary``, ``fading``, ``rush`` or ``lead``.
    columns : ndarray, shape (T, k)
    added : bool
        Whether they stand beside the declared columns.
    """

    family: Family
    periods: int
    what: str
    columns: FloatArray
    added: bool


def alternatives(columns: FloatArray, frequency: Frequency) -> Iterator[Alternative]:
    """Yield the alternatives to the columns of one event, or of events that share a row.

    Parameters
    ----------
    columns : ndarray, shape (T, k)
        As declared, on the whole calendar.
    frequency : Frequency
    """
    for shift in range(-SHIFTS[frequency], SHIFTS[frequency] + 1):
        if shift:
            yield Alternative("date", shift, "moved", moved(columns, shift), False)
    for length in PHASES[frequency]:
        yield Alternative("shape", length, "phase-in", phased(columns, length), False)
        yield Alternative("shape", length, "temporary", columns - moved(columns, length), False)
    for length in PHASES[frequency]:
        faded = fading(columns, length)
        yield Alternative("shape", length, "fading", faded, True)
    for length in RUSH[frequency]:
        yield Alternative("shape", length, "rush", before(columns, length), True)
    for length in LEADS[frequency]:
        yield Alternative("before", length, "lead", before(columns, length), True)


def examples(columns: FloatArray, frequency: Frequency) -> Iterator[tuple[Family, FloatArray]]:
    """Yield for each family the columns that the data would have if the mistake of `EXAMPLE` were made."""
    example = EXAMPLE[frequency]
    yield "date", moved(columns, -example.shift)
    yield "shape", phased(columns, example.phase)
    yield "before", before(columns, example.lead)


def moved(columns: FloatArray, shift: int) -> FloatArray:
    """Return columns moved by some periods, later if `shift` is positive; the ends are carried on."""
    length = len(columns)
    places = np.clip(np.arange(length) - shift, 0, length - 1)
    return np.asarray(columns[places])


def phased(columns: FloatArray, length: int) -> FloatArray:
    """Return columns that reach their full value in equal steps over `length` periods from their start."""
    steps = [moved(columns, k) for k in range(length)]
    return np.asarray(np.mean(steps, axis=0))


def fading(columns: FloatArray, length: int) -> FloatArray:
    """Return one column that falls from 1 at the start to a half after `length` periods, and so on."""
    first = int(np.argmax((columns != 0).any(axis=1)))
    after = np.arange(len(columns)) - first
    return np.where(after >= 0, 0.5 ** (np.maximum(after, 0) / length), 0.0)[:, None]


def before(columns: FloatArray, length: int) -> FloatArray:
    """Return one column that is 1 in the `length` periods before the first in which any of them is not 0."""
    first = int(np.argmax((columns != 0).any(axis=1)))
    found = np.zeros((len(columns), 1))
    found[max(first - length, 0) : first] = 1.0
    return found
