"""`fit_panel`: the joint model of `fit_interventions` on many series, by the same engine.

Series on one calendar with the same events differ in their values, their missing months and their outliers.
One pass of the filter per noise cell serves a whole block of them. A series that declares more (measurement
error, a regime, totals, controls) or whose events have several datings or an estimated decay is a block of
its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from analysis.domain import EventTable, FloatArray, Period, TradeSeries
from analysis.domain.declared import RegimeChoice
from analysis.domain.seasons import HARMONIC
from analysis.errors import CannotEstimateError, InputError, TradebreaksError, UsageError
from analysis.interventions.dating import DATINGS
from analysis.interventions.design import Scale, Trend
from analysis.interventions.fit import STRUCTURAL, fit_interventions, transitions
from analysis.interventions.identification import DEFAULT_BOUNDS, Bounds, find_aliasing
from analysis.interventions.joint.block import Block, Evidence
from analysis.interventions.joint.fit import BlockPosterior, fit_block
from analysis.interventions.joint.frame import Frame
from analysis.interventions.panel_rows import SUM, PanelResult, PanelRow, rows_of, rows_of_block
from analysis.interventions.peers import PEERS
from analysis.interventions.sample import SPARE_OBSERVATIONS, check_events, check_season
from analysis.interventions.settings import DesignRecipe, read_settings

ONE_SCALE = " for the whole request (scale=level), whose rows are in one unit, or leave this series out"
MOST_ABSENT = 6
"""Missing periods up to which a series joins a block of others: each is a column more in its own system."""


@dataclass(frozen=True)
class PanelOptions:
    """Options of `fit_interventions` that hold for every series of a panel.

    `sums` are events whose effects are summed, each written ``a+b``: a row of its own for every series.
    """

    scale: str | None = None
    seasonal: bool | None = None
    trend: str = "local"
    clock: str = "full"
    method: str = "structural"
    level: float = 0.95
    regime: RegimeChoice = None
    controls: object = None
    lunar: bool | None = None
    outliers: bool = True
    sums: Sequence[str] = ()
    bounds: Bounds = DEFAULT_BOUNDS

    def check(self) -> None:
        """Refuse options that no series can be fitted with.

        Raises
        ------
        UsageError
            Naming the allowed values.
        """
        for name, value, allowed in (
            ("scale", self.scale, (None, *get_args(Scale))),
            ("trend", self.trend, get_args(Trend)),
            ("clock", self.clock, DATINGS),
            ("method", self.method, (STRUCTURAL, *PEERS)),
        ):
            if value not in allowed:
                words = ", ".join(one for one in allowed if one)
                raise UsageError(f"{name} is one of {words}, not '{value}'", pointer=f"/options/{name}")
        if isinstance(self.level, bool) or not 0.5 <= self.level <= 0.999:
            raise UsageError(
                f"level is a probability between 0.5 and 0.999, not {self.level}", pointer="/options/level"
            )

        for asked in self.sums:
            members = asked.split(SUM)
            if len(members) < 2 or len(set(members)) != len(members) or "" in members:
                raise UsageError(
                    f"a sum is of two or more events, written a{SUM}b, not '{asked}'", pointer="/options/sums"
                )

    @property
    def members(self) -> tuple[tuple[str, ...], ...]:
        """The events of each sum."""
        return tuple(tuple(asked.split(SUM)) for asked in self.sums)

    def check_sums(self, events: EventTable) -> None:
        """Refuse sums of events that are not in the table.

        Raises
        ------
        InputError
            Naming the event.
        """
        known = {event.id for event in events}
        for event_id in (one for members in self.members for one in members):
            if event_id not in known:
                raise InputError(f"a sum names '{event_id}', which the event table does not have")

    @property
    def one_scale(self) -> str | None:
        """The scale of all series: rows of one request are in one unit. Peers choose their own by default."""
        return "log" if self.scale is None and self.method == STRUCTURAL else self.scale

    @property
    def shared(self) -> bool:
        """Whether series can be fitted together under these options."""
        plain = self.regime is None and self.controls is None and not self.lunar
        return plain and self.method == STRUCTURAL


def fit_panel(series: Sequence[TradeSeries], events: EventTable, **options: Any) -> PanelResult:
    """Estimate the effects of the same events on many series.

    Parameters
    ----------
    series : sequence of TradeSeries
        Of any calendars; those with the same one are fitted together.
    events : EventTable
    **options
        Those of `fit_interventions`, the same for every series.

    Returns
    -------
    PanelResult
        A series that cannot be fitted is one row of status ``error``.

    Raises
    ------
    InputError
        If the event table is no design.
    UsageError
        An option that does not exist.
    """
    chosen = PanelOptions(**options)
    chosen.check()
    check_events(events)
    chosen.check_sums(events)
    rows: list[tuple[PanelRow, ...]] = [()] * len(series)
    calendars: dict[tuple[Period, int], list[int]] = {}
    for k, one in enumerate(series):
        if chosen.shared and _plain(one):
            calendars.setdefault((one.first, len(one)), []).append(k)
    for positions in calendars.values():
        found = fit_together([series[k] for k in positions], events, chosen)
        for k, own in zip(positions, found, strict=True):
            rows[k] = own
    for k, own in enumerate(rows):
        if not own:
            rows[k] = fit_alone(series[k], events, chosen)
    return PanelResult(tuple(rows), chosen.level)


def _plain(series: TradeSeries) -> bool:
    design = series.design
    return not (
        series.totals or design.regimes or design.controls or design.lunar_new_year or series.rse.any()
    )


def fit_alone(series: TradeSeries, events: EventTable, options: PanelOptions) -> tuple[PanelRow, ...]:
    """Fit one series by `fit_interventions`; return its rows."""
    try:
        result = fit_interventions(
            series,
            events,
            scale=options.one_scale,
            seasonal=options.seasonal,
            trend=options.trend,
            clock=options.clock,
            method=options.method,
            level=options.level,
            regime=options.regime,
            controls=options.controls,
            lunar=options.lunar,
            outliers=options.outliers,
        )
        return rows_of(result, options.members)
    except TradebreaksError as problem:
        remedy = ONE_SCALE if problem.pointer == "/options/scale" and options.scale is None else ""
        return (PanelRow(series.id, "", error=problem.message + remedy),)
    except (ArithmeticError, ValueError) as problem:
        # LinAlgError is a ValueError: numbers that no check foresaw end one series, not the run.
        return (PanelRow(series.id, "", error=f"the arithmetic failed: {problem}"),)


def fit_together(
    series: Sequence[TradeSeries], events: EventTable, options: PanelOptions
) -> list[tuple[PanelRow, ...]]:
    """Fit series of one calendar in blocks; return the rows of each, none for a series to be fitted alone."""
    rows: list[tuple[PanelRow, ...]] = [()] * len(series)
    for which, posterior in fit_blocks(series, events, options):
        found = rows_of_block([series[k].id for k in which], posterior, events, options)
        for k, own in zip(which, found, strict=True):
            rows[k] = own
    return rows


def fit_blocks(
    series: Sequence[TradeSeries], events: EventTable, options: PanelOptions
) -> list[tuple[NDArray[np.intp], BlockPosterior]]:
    """Return the posteriors of series of one calendar, in blocks, with the positions of the series in each.

    Series with few missing periods form one block; the others are together with those of the same pattern.
    Whatever cannot be shared is left out; what is refused is refused, with its own name, by
    `fit_interventions`.
    """
    values = np.array([one.values for one in series])
    seen = np.isfinite(values)
    logs = options.one_scale == "log"
    with np.errstate(invalid="ignore"):
        positive = np.asarray(~(values <= 0).any(axis=1))
    usable = np.flatnonzero(seen.any(axis=1) & (positive | (not logs)))
    if not len(usable):
        return []
    one = series[int(usable[0])]
    try:
        settings = read_settings(
            one,
            options.one_scale,
            options.seasonal,
            options.trend,
            options.clock,
            options.level,
            lunar=False,
            outliers=options.outliers,
            totals=False,
        )
        design = DesignRecipe(one, events, settings, {}).build()
    except TradebreaksError:
        return []
    if len(design.variants) != 1 or not design.event_terms:
        return []
    patterns, pattern_of = np.unique(seen[usable], axis=0, return_inverse=True)
    whole = np.array([not find_aliasing(design, pattern).pinned for pattern in patterns])[pattern_of.ravel()]
    held = _enough(values[usable], seen[usable], len(design.precision), settings.seasonal, one)
    usable, pattern_of = usable[whole & held], pattern_of.ravel()[whole & held]
    if not len(usable):
        return []
    frame = Frame.of(design, events, logs=logs)
    quiet = np.zeros(len(one), dtype=bool)
    for window in transitions(one, events):
        quiet |= np.array([p in window for p in one.periods])
    none = np.zeros(len(one))
    y = np.log(np.where(positive[:, None], values, np.nan)) if logs else values
    gone = (seen[usable].any(axis=0) & ~seen[usable]).sum(axis=1)
    label = np.where(gone <= MOST_ABSENT, -1, pattern_of)
    found = []
    for kind in np.unique(label):
        which = usable[label == kind]
        calendar = np.where(seen[which].any(axis=0), 0.0, np.nan)
        shared = Evidence(calendar, none, none.astype(np.intp), None, quiet)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            posterior = fit_block(
                Block.of(shared, logs, y[which]),
                frame,
                local=options.trend == "local",
                outliers=options.outliers,
            )
        found.append((which, posterior))
    return found


def _enough(
    values: FloatArray, seen: NDArray[np.bool_], coefficients: int, seasonal: bool, one: TradeSeries
) -> NDArray[np.bool_]:
    """Which series pass the checks of `check_sample`, shape (S,)."""
    spread = np.nanmax(values, axis=1) - np.nanmin(values, axis=1)
    fine = spread > 1e-12 * np.maximum(1.0, np.nanmax(np.abs(values), axis=1))
    fine &= seen.sum(axis=1) - coefficients >= SPARE_OBSERVATIONS
    if seasonal and one.frequency in HARMONIC:
        fine &= np.array([_shows_its_season(one, row) for row in seen])
    elif seasonal:
        seasons = np.array([period.season for period in one.periods])
        for season in range(one.first.per_year):
            fine &= seen[:, seasons == season].sum(axis=1) >= 2
    return np.asarray(fine)


def _shows_its_season(one: TradeSeries, seen: NDArray[np.bool_]) -> bool:
    try:
        check_season(one, seen)
    except CannotEstimateError:
        return False
    return True
