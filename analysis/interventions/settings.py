"""Choices of a fit, checked at the edge; defaults that depend on the series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import get_args

import numpy as np

from analysis import catalogue
from analysis.domain import EventTable, FloatArray, Period, TradeSeries
from analysis.errors import InputError, UsageError
from analysis.interventions.dating import DATINGS, Dating
from analysis.interventions.design import Design, Scale, Trend, build_design, lunar_columns
from analysis.interventions.doubts.search import Search
from analysis.interventions.identification import Aliasing
from analysis.interventions.joint.grids import GridSize
from analysis.interventions.sample import choose_scale, choose_seasonal


@dataclass(frozen=True, slots=True)
class Settings:
    """Choices of a fit after checking.

    Attributes
    ----------
    scale : Scale
    seasonal : bool
    trend : Trend
    clock : Dating
    level : float
    lunar : bool
        Whether Chinese New Year columns enter.
    outliers, totals : bool
        Whether outlying months are looked for, and totals over spans used.
    initial, final : GridSize
    """

    scale: Scale
    seasonal: bool
    trend: Trend
    clock: Dating
    level: float
    lunar: bool
    outliers: bool = True
    totals: bool = True
    initial: GridSize | None = None
    final: GridSize | None = None


def default_events(series: TradeSeries) -> EventTable:
    """Return the events of a catalogue series' recipe.

    Raises
    ------
    InputError
        For a caller's series: it has no list of its own.
    """
    if not series.catalogue:
        raise InputError(
            f"'{series.id}' is not a catalogue series and has no events of its own: give an event table",
            pointer="/events",
        )
    return catalogue.events(series=series.id)


def read_settings(
    series: TradeSeries,
    scale: str | None,
    seasonal: bool | None,
    trend: str,
    clock: str,
    level: float,
    lunar: bool | None,
    outliers: bool,
    totals: bool,
) -> Settings:
    """Check the choices of a caller and fill in the defaults.

    Raises
    ------
    UsageError
        Naming the allowed values.
    InputError
        If logs were asked for and a value is not above zero.
    """
    for name, value, allowed in (("trend", trend, get_args(Trend)), ("clock", clock, DATINGS)):
        if value not in allowed:
            raise UsageError(
                f"{name} is one of {', '.join(allowed)}, not '{value}'", pointer=f"/options/{name}"
            )
    if isinstance(level, bool) or not 0.5 <= level <= 0.999:
        raise UsageError(
            f"level is a probability between 0.5 and 0.999, not {level}", pointer="/options/level"
        )
    wanted = series.design.lunar_new_year if lunar is None else lunar
    if wanted and series.frequency != "M":
        raise UsageError("Chinese New Year columns need a monthly series", pointer="/options/lunar")
    return Settings(
        choose_scale(series, scale),
        choose_seasonal(series, seasonal),
        next(t for t in get_args(Trend) if t == trend),
        next(d for d in DATINGS if d == clock),
        level,
        wanted,
        outliers,
        totals,
    )


@lru_cache(maxsize=32)
def _lunar_calendar(first: Period, length: int) -> FloatArray:
    return lunar_columns([first + step for step in range(length)], catalogue.lunar_new_year())


def lunar_block(series: TradeSeries, wanted: bool) -> FloatArray | None:
    """Return the Chinese New Year columns, shape (T, 2), or None if they are not wanted."""
    return _lunar_calendar(series.first, len(series)) if wanted else None


@dataclass(frozen=True)
class DesignRecipe:
    """What the design of one fit is built from.

    Attributes
    ----------
    series : TradeSeries
    events : EventTable
    settings : Settings
    controls : mapping of str to ndarray of shape (T,)
        Standardised.
    search : Search or None
        Dates and shapes to integrate over instead of the datings.
    """

    series: TradeSeries
    events: EventTable
    settings: Settings
    controls: Mapping[str, FloatArray]
    search: Search | None = None

    def build(
        self,
        effects: Mapping[tuple[str, Dating], float] | None = None,
        decays: Mapping[tuple[float, ...], float] | None = None,
    ) -> Design:
        """Return the design for given effects and weighted decays, as `build_design` takes them."""
        design = build_design(
            self.series,
            self.events,
            scale=self.settings.scale,
            seasonal=self.settings.seasonal,
            trend=self.settings.trend,
            datings=DATINGS if self.search is None else ("full",),
            controls=self.controls,
            lunar=lunar_block(self.series, self.settings.lunar),
            effects=effects,
            decays=decays,
        )
        return design if self.search is None else self.search.apply(design)


def check_controls(series: TradeSeries, design: Design) -> None:
    """Refuse controls that other regressors span.

    Raises
    ------
    InputError
        Naming the first such column and those it repeats.
    """
    base = [term for term in design.terms if not term.event_ids]
    width = base[-1].columns.stop
    matrix = design.variants[0].columns[np.isfinite(series.values), :width]
    scaled = matrix / np.maximum(np.linalg.norm(matrix, axis=0), 1e-300)
    if np.linalg.matrix_rank(scaled, tol=1e-8) == width:
        return
    rank = 0
    for term in base:
        found = int(np.linalg.matrix_rank(scaled[:, : term.columns.stop], tol=1e-8))
        if found - rank < term.columns.stop - term.columns.start:
            raise InputError(
                f"'{term.name}' is collinear with {', '.join(t.name for t in base[: base.index(term)])} in "
                f"'{series.id}': remove it",
                pointer="/controls",
            )
        rank = found


def scale_warnings(series: TradeSeries, scale: Scale, asked: str | None) -> tuple[str, ...]:
    """Return the sentence that says why the level scale is used where none was asked for."""
    if asked is not None or scale == "log":
        return ()
    bad = next(p for p, v in zip(series.periods, series.values, strict=True) if v <= 0)
    return (f"The level scale is used because '{series.id}' is not above zero in {bad}.",)


def unidentified_warnings(aliasing: Aliasing) -> tuple[str, ...]:
    """Return a sentence for every event without an estimate of its own."""
    return tuple(f"{name} cannot be estimated: see identification." for name in sorted(aliasing.unidentified))
