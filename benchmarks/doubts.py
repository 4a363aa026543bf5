"""Doubts in worlds of known truth: how often wrong dates, shapes and noise are seen, and clean ones pass.

``python -m benchmarks.doubts --series 10 --out docs/doubts.md`` writes the page.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.domain import EventTable, Frequency, Period, TradeSeries
from analysis.domain.engine import ENGINE
from analysis.interventions import InterventionResult, fit_interventions
from analysis.interventions.doubts import Doubt
from analysis.numerics.fixed_sequence import normals

STREAM = 61_000_000
RHO = 0.4
AUTO_EFFECT = -0.6
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
    def with_auto(self) -> bool:
        """Whether ``shape="auto"`` is tried: clean worlds, and wrong dates and shapes of one size."""
        return self.clean or (self.effect == AUTO_EFFECT and bool(self.late or self.phase > 1))

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


INTRODUCTION = """# Doubts

Every `intervene` and `attribute` checks what was declared: the date of every event, its shape, effects
before it, steps where no event is listed, and the noise. A check that finds something is a *doubt*, a
sentence beside the number; one that finds nothing says how large an effect it would have seen four times in
five (`checks` in the record).

- **Date**: the log likelihood with one event, or group, moved by up to twelve months, four quarters, one
  year. **Shape**: phase-ins, temporary and fading effects, and a rush before the date.
- **Before**: effects in the 1, 2, 3, 6 and 12 months before. **Unlisted**: the largest step elsewhere.
- **Noise**: Ljung-Box, kurtosis, and the cumulated squares of the errors.
- A wrong date makes a random walk of what it leaves over, in which nothing could be told; so date, shape and
  steps are tried in quiet noise as well, and the likelihood decides between them.
- All checks have one null, data of the fitted model at fixed sequences; all together raise a doubt in 5 % of
  it (the minimum-p method of Westfall and Young 1993).

`--shape auto` (`shape="auto"`) integrates over the dates and over phase-ins of 3, 6 and 12 months of every
step, in place of the datings of resolutions. Candidates are weighed by their likelihood, one event at a time
with the others at their mode, in two rounds; the fit then holds the heaviest combinations, at most 64, which
`model.shape` lists with their probability. A `rush` is not among them: declare it where you expect one.

## Measured
"""


@dataclass
class Tally:
    """Counts of one world.

    Attributes
    ----------
    count, named, doubted, covered, covered_auto : int
        Series; those whose doubt says what is wrong; with any doubt; whose interval holds the effect, as
        declared and under ``shape="auto"``.
    fit, check : float
        Seconds of processor time.
    """

    count: int = 0
    named: int = 0
    doubted: int = 0
    covered: int = 0
    covered_auto: int = 0
    fit: float = 0.0
    check: float = 0.0


def study(world: World, count: int, auto: bool) -> Tally:
    """Return how often the mistake of a world is named and the effect is covered.

    Parameters
    ----------
    world : World
    count : int
        Series.
    auto : bool
        Whether dates and shapes are integrated over as well.
    """
    found = Tally(count)
    for number in range(count):
        start = time.process_time()
        fit = world.fit(number)
        fitted = time.process_time()
        doubts = fit.checks.doubts
        found.check += time.process_time() - fitted
        found.fit += fitted - start
        found.doubted += bool(doubts)
        found.named += any(world.right(doubt) for doubt in doubts)
        found.covered += _covers(fit, world.effect)
        if auto:
            found.covered_auto += _covers(world.fit(number, shape="auto"), world.effect)
    return found


def _covers(fit: InterventionResult, truth: float) -> bool:
    effect = fit.effects[0]
    return effect.lower is not None and effect.upper is not None and effect.lower <= truth <= effect.upper


def worlds() -> list[World]:
    """Return the worlds of the page."""
    found = [World(f"clean, {size:g}", effect=size) for size in (-0.4, -1.0)]
    found.append(World("clean, noise .15", noise=0.15))
    found.append(World("clean, 34 years", noise=0.15, frequency="A"))
    for noise in (0.08, 0.15):
        for size in (-0.4, -0.6, -1.0):
            what = f"effect {size:g}, noise {noise:g}"
            found.append(World(f"begins three months before its date; {what}", size, noise, late=3))
            found.append(World(f"begins three months after its date; {what}", size, noise, late=-3))
            found.append(World(f"phases in over six months; {what}", size, noise, phase=6))
            found.append(World(f"phases in over twelve months; {what}", size, noise, phase=12))
    half = float(np.log(0.5))
    found.append(
        World("34 years, an unlisted fall of half one year before", -0.6, 0.15, unlisted=half, frequency="A")
    )
    found.append(World("variance tripled in the second half", tripled=3**0.5))
    found.append(World("standard deviation tripled in the second half", tripled=3.0))
    return found


def page(results: list[tuple[World, Tally]], command: str) -> str:
    """Return the page in Markdown."""
    clean = [t for w, t in results if w.clean]
    doubted, total = sum(t.doubted for t in clean), sum(t.count for t in clean)
    fits, checks = (sum(getattr(t, name) for _, t in results) for name in ("fit", "check"))
    lines = [
        INTRODUCTION,
        f"Engine {ENGINE}.",
        "",
        f"Monthly worlds have 120 months, noise AR(1) {RHO:g}, one step mid-way. Made by `{command}`.",
        "*Named*: the doubt names the month within one, the phase-in, the step or the variance.",
        "Series come in pairs, with noise of opposite sign.",
        "",
        f"Clean answers with any doubt: {doubted} of {total}. Time of the checks over that of the fit:",
        f"{checks / fits:.1f}.",
        "",
        "| world | series | named | any doubt | covered as declared | covered by `auto` |",
        "|---|---|---|---|---|---|",
    ]
    for world, tally in results:
        named = "" if world.clean else f"{tally.named / tally.count:.2f}"
        auto = "" if not world.with_auto else f"{tally.covered_auto / tally.count:.2f}"
        lines.append(
            f"| {world.name} | {tally.count} | {named} | {tally.doubted / tally.count:.2f} | "
            f"{tally.covered / tally.count:.2f} | {auto} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the study and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=10)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    results = []
    for world in worlds():
        count = 2 * options.series if world.clean else options.series
        results.append((world, study(world, count, auto=world.with_auto)))
    command = f"python -m benchmarks.doubts --series {options.series} --out docs/doubts.md"
    options.out.write_text(page(results, command), encoding="utf-8")


if __name__ == "__main__":
    main()
