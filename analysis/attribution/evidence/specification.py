"""Specifications: the choices a reasonable analyst could have made otherwise, and which of them are tried.

An axis is one choice with its levels, the answer's own level first. The curve tries the answer, every
single deviation from it, and a balanced fraction of the rest: the points of an unscrambled Sobol sequence,
one coordinate an axis, so that every level and every pair of levels comes up about equally often.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from analysis.attribution.evidence.layout import shares_of
from analysis.attribution.result import AttributionResult
from analysis.domain import Period, TradeSeries
from analysis.domain.seasons import seen_once
from analysis.interventions.dating import COARSE, DATINGS
from analysis.numerics.sequences import sobol

Choice = tuple[int, ...]

LOG2_CANDIDATES = 13
"""8,192 points of the fixed sequence that picks specifications."""
TREND, NOISE, SHAPE, DATING, SAMPLE, SCALE = "trend", "noise", "shape", "dating", "sample", "scale"
CRUDE, KAESONG, CONTROLS = "crude", "kaesong", "controls"
NEW_YEAR, SEASON = "chinese_new_year", "seasonal_pattern"
LOCAL = "local"
"""A trend of wandering slope, an answer's own choice only."""
FULL_NOISE = "white + AR(1) + random walk"
NOISES = (FULL_NOISE, "white + AR(1)", "white + random walk")
AS_DATED, WHOLE, LATER = (
    "as dated",
    "in force for the whole of its first period",
    "from its first full period",
)
MIXED = "all"
DECLARED = "as declared"
ONE_PATTERN = "one pattern"
WHOLE_SAMPLE = "whole"
DECAYS = {"A": (0.25, 0.5), "Q": (0.25, 0.5), "M": (0.5, 0.75), "W": (0.75, 0.9), "D": (0.75, 0.9)}
"""Decays of the gradual steps tried in place of steps, per period."""
RUN_IN_YEARS = {"A": 8, "Q": 4, "M": 2, "W": 2, "D": 1}
"""Years that a later start leaves before the first event and the first window."""
RUN_OUT_YEARS = {"A": 3, "Q": 2, "M": 2, "W": 2, "D": 1}
"""Years after the windows without which leaving out the end is no choice."""
SEASON_CHANGE = Period("M", 2018 * 12 + 1)
"""From 2018-02 on China's monthly series may follow another seasonal pattern."""
CHINESE_PRICES = ("wb.coal_australia", "wb.iron_ore")
CHINESE_DEMAND = {"exports": "cn.imports.world", "imports": "cn.exports.world"}
"""China's trade with all partners, by the flow of the series."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One choice; the answer's level comes first."""

    name: str
    levels: tuple[str, ...]


@dataclass(frozen=True)
class Choices:
    """The axes that exist for one answer.

    Attributes
    ----------
    axes : tuple of Axis
        Each with two levels or more.
    """

    axes: tuple[Axis, ...]

    @cached_property
    def number(self) -> int:
        """How many specifications the axes span."""
        return prod(len(axis.levels) for axis in self.axes)

    def named(self, choice: Choice) -> dict[str, str]:
        """Return the levels of a specification by axis."""
        return {axis.name: axis.levels[k] for axis, k in zip(self.axes, choice, strict=True)}

    def ordered(self) -> Iterator[Choice]:
        """Iterate over distinct specifications: the answer, single deviations, then a balanced sequence."""
        sizes = [len(axis.levels) for axis in self.axes]
        default = (0,) * len(sizes)
        seen = {default}
        yield default
        for position, size in enumerate(sizes):
            for level in range(1, size):
                choice = (*default[:position], level, *default[position + 1 :])
                seen.add(choice)
                yield choice
        points = np.floor(sobol(LOG2_CANDIDATES, len(sizes)) * sizes).astype(int) if sizes else ()
        for point in points:
            choice = tuple(int(k) for k in point)
            if choice not in seen:
                seen.add(choice)
                yield choice

    def to_record(self) -> list[dict[str, Any]]:
        """Return name and levels of every axis, in the order of the numbers of a specification."""
        return [{"name": axis.name, "levels": list(axis.levels)} for axis in self.axes]


def choices_of(answer: AttributionResult) -> Choices:
    """Return the axes that exist for `answer`."""
    fit = answer.fit
    axes = [
        Axis(TREND, _first(fit.trend, ("linear", "none", "flat prior"))),
        Axis(NOISE, NOISES),
        Axis(SHAPE, _shapes(answer)),
        Axis(DATING, _datings(answer)),
        Axis(SAMPLE, (WHOLE_SAMPLE, *samples(answer))),
        Axis(SCALE, _scales(answer)),
        *(Axis(name, _variants(fit.series, name)) for name in (CRUDE, KAESONG)),
        Axis(CONTROLS, _controls(answer)),
        Axis(NEW_YEAR, ("on", "off") if fit.lunar else ("off",)),
        Axis(SEASON, _patterns(answer)),
    ]
    return Choices(tuple(axis for axis in axes if len(axis.levels) > 1))


def samples(answer: AttributionResult) -> dict[str, tuple[Period, Period]]:
    """Return other samples by name: two later starts, and an end with the windows, where there is room."""
    series = answer.fit.series
    years = RUN_IN_YEARS[series.frequency]
    windows = (answer.before, answer.after)
    in_force = [shares for by_dating in shares_of(answer).values() for shares in by_dating.values()]
    first_event = min(int(np.flatnonzero(shares)[0]) for shares in in_force)
    latest = min(
        Period("A", series.periods[first_event].year - years),
        Period("A", min(window.first.year for window in windows) - 1),
    )
    span = latest.ordinal - series.first.year
    found = {}
    for share in (0.5, 1.0):
        start = Period("A", series.first.year + round(share * span))
        if start.ordinal > series.first.year:
            begin = Period.containing(start.start, series.frequency)
            found[f"from {begin}"] = (begin, series.last)
    end = max(window.last for window in windows)
    if series.last.year - end.year >= RUN_OUT_YEARS[series.frequency]:
        found[f"to {end}"] = (series.first, end)
    return found


def season_change(answer: AttributionResult) -> Period:
    """Return when another seasonal pattern may begin: 2018-02 for China's trade, else the first event."""
    series = answer.fit.series
    if series.catalogue and series.frequency == "M":
        return SEASON_CHANGE
    in_force = [shares for by_dating in shares_of(answer).values() for shares in by_dating.values()]
    return series.periods[min(int(np.flatnonzero(shares)[0]) for shares in in_force)]


def seen_on_both_sides(series: TradeSeries, change: Period) -> bool:
    """Return whether every season is observed twice before `change` and twice from it on."""
    observed = [o.period for o in series.observations if o.value is not None]
    sides = ([p for p in observed if p < change], [p for p in observed if p >= change])
    return all(side and seen_once(side) is None for side in sides)


def controls_of(series: TradeSeries) -> tuple[str, ...]:
    """Return the catalogue's covariates that a branch of the curve uses for a series in dollars."""
    if not series.catalogue or series.frequency not in ("A", "M") or not series.unit.startswith("USD"):
        return ()
    demand = [name for flow, name in CHINESE_DEMAND.items() if f".{flow}." in series.id]
    return (*CHINESE_PRICES, *(demand if series.frequency == "M" else ()))


def gradual_words(decay: float) -> str:
    """Return the name of the level with gradual steps of this decay."""
    return f"gradual steps, {decay:g} left after a period"


def base_and_variants(series: TradeSeries) -> tuple[str, dict[str, str]]:
    """Return the id of a catalogue series without its variants, and its variants."""
    base, _, suffix = series.id.partition(":")
    parts = (part.partition("=") for part in suffix.split(",") if part)
    return base, {name: value for name, _, value in parts}


def _first(own: str, levels: Sequence[str]) -> tuple[str, ...]:
    return (own, *(level for level in levels if level != own))


def _shapes(answer: AttributionResult) -> tuple[str, ...]:
    if not any(event.shape == "step" for event in answer.fit.events):
        return (DECLARED,)
    decays = DECAYS[answer.fit.series.frequency]
    return (DECLARED, *(gradual_words(decay) for decay in decays))


def _datings(answer: AttributionResult) -> tuple[str, ...]:
    fitted = [dating.dating for dating in answer.fit.posterior.datings]
    if len(fitted) > 1:
        own = MIXED if len(answer.datings) > 1 else answer.datings[0].dating
        return _first(own, (MIXED, *DATINGS))
    partial = any(
        ((shares > 0) & (shares < 1)).any()
        for by_dating in shares_of(answer).values()
        for shares in by_dating.values()
    )
    if not partial:
        return (AS_DATED,)
    return (AS_DATED, WHOLE) if answer.fit.series.frequency in COARSE else (AS_DATED, WHOLE, LATER)


def _scales(answer: AttributionResult) -> tuple[str, ...]:
    values = answer.fit.series.values
    if (values[np.isfinite(values)] <= 0).any():
        return (answer.fit.scale,)
    return _first(answer.fit.scale, ("log", "level"))


def _variants(series: TradeSeries, name: str) -> tuple[str, ...]:
    if not series.catalogue:
        return ("included",)
    from analysis import catalogue

    base, own = base_and_variants(series)
    if base not in catalogue.series_ids():
        return ("included",)
    offered = catalogue.recipe(base).variants.get(name, {})
    return _first(own.get(name, "included"), ("included", *offered))


def _controls(answer: AttributionResult) -> tuple[str, ...]:
    if answer.fit.controls:
        return (DECLARED, "none")
    return ("none", "prices and demand") if controls_of(answer.fit.series) else ("none",)


def _patterns(answer: AttributionResult) -> tuple[str, ...]:
    series = answer.fit.series
    if not answer.fit.seasonal:
        return (ONE_PATTERN,)
    change = season_change(answer)
    return (ONE_PATTERN, f"another from {change}") if seen_on_both_sides(series, change) else (ONE_PATTERN,)
