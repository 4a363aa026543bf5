"""Doubts in worlds of known truth: how often wrong dates, shapes and noise are seen, and clean ones pass.

``python -m benchmarks.doubts --series 40 --out docs/doubts.md`` writes the page.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.domain import EventTable, Frequency, Period, TradeSeries
from analysis.interventions import InterventionResult, fit_interventions
from analysis.interventions.doubts import Doubt
from analysis.numerics.fixed_sequence import normals

STREAM = 61_000_000
RHO = 0.4
Array = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """One effect on one series, with a mistake in how it is declared.

    Attributes
    ----------
    name : str
    effect, noise : float
        In logs; the noise is AR(1) of coefficient `RHO`.
    late : int
        Periods by which the declared date is too late (negative: too early).
    phase : int
        Periods over which the effect phases in, while a step is declared.
    unlisted : float
        Another step one year before the event, in no table.
    tripled : float
        What the standard deviation is multiplied by in the second half.
    frequency : {"M", "A"}
    """

    name: str
    effect: float = -0.6
    noise: float = 0.08
    late: int = 0
    phase: int = 1
    unlisted: float = 0.0
    tripled: float = 1.0
    frequency: Frequency = "M"

    @property
    def length(self) -> int:
        """Periods of a series."""
        return 120 if self.frequency == "M" else 34

    @property
    def clean(self) -> bool:
        """Whether what is declared is right."""
        return self.late == 0 and self.phase == 1 and self.unlisted == 0 and self.tripled == 1

    @property
    def at(self) -> int:
        """Position of the true start of the effect."""
        return self.length // 2

    def series(self, number: int) -> TradeSeries:
        """Return one series; odd numbers have the noise of the even one before with the other sign."""
        shocks = normals((self.length,), STREAM + number // 2) * (1 if number % 2 == 0 else -1)
        noise = np.empty(self.length)
        noise[0] = shocks[0]
        for t in range(1, self.length):
            noise[t] = RHO * noise[t - 1] + np.sqrt(1 - RHO**2) * shocks[t]
        t = np.arange(self.length)
        noise *= self.noise * np.where(t >= self.at, self.tripled, 1.0)
        share = np.clip((t - self.at + 1) / self.phase, 0.0, 1.0)
        before = self.unlisted * (t >= self.at - (1 if self.frequency == "A" else 12))
        logs = 4 + self.effect * share + before + noise
        first = Period.parse("2010-01" if self.frequency == "M" else "1990")
        return TradeSeries.from_values([first + int(k) for k in t], np.exp(logs).tolist())

    def events(self) -> EventTable:
        """Return the event as it is declared."""
        first = Period.parse("2010-01" if self.frequency == "M" else "1990")
        day = (first + self.at + self.late).start.isoformat()
        return EventTable.from_rows([{"id": "e", "title": "The event", "effective": day}])

    def fit(self, number: int, **choices: str) -> InterventionResult:
        """Return the joint model of one series."""
        return fit_interventions(self.series(number), self.events(), **choices)

    def right(self, doubt: Doubt) -> bool:
        """Return whether a doubt says what is wrong: the month, within one; the shape; the noise."""
        what, periods = doubt.numbers.get("what"), doubt.numbers.get("periods", 0)
        if self.late:
            return what == "moved" and abs(periods + self.late) <= 1
        if self.phase > 1:
            return what == "phase-in" or (what == "moved" and 0 < periods < self.phase)
        if self.unlisted:
            return doubt.kind in ("unlisted", "before", "date") or what == "rush"
        return doubt.kind == "variance"
