"""`fit_panel`: the joint model of `fit_interventions` on many series, sharing what they have in common.

Series on one calendar with the same events differ in their values, their missing months, their outliers
and the scale of their trend. One filter pass per noise cell serves a whole block of them; a fixed grid
takes the place of the refinement of each. A series that declares more (measurement error, a variance regime,
totals, controls, catalogue events under several datings, an estimated decay) is fitted by
`fit_interventions` itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from analysis.domain import EventTable, FloatArray, TradeSeries
from analysis.domain.declared import RegimeChoice
from analysis.errors import InputError, TradebreaksError, UsageError
from analysis.interventions.dating import DATINGS
from analysis.interventions.design import Scale, Trend
from analysis.interventions.effects import GRADE_LEVEL
from analysis.interventions.fit import STRUCTURAL, fit_interventions
from analysis.interventions.identification import DEFAULT_BOUNDS, Bounds, find_aliasing
from analysis.interventions.panel_block import Frame, PanelSample, SeriesBlock, representative_order
from analysis.interventions.panel_groups import panel_groups
from analysis.interventions.panel_passes import fit_block
from analysis.interventions.panel_rows import (
    SUM,
    PanelResult,
    PanelRow,
    PanelSummaries,
    rows_of,
    terms_within,
)
from analysis.interventions.peers import PEERS
from analysis.interventions.sample import SPARE_OBSERVATIONS, check_events
from analysis.interventions.settings import DesignRecipe, read_settings


@dataclass(frozen=True)
class PanelOptions:
    """Options of `fit_interventions` that hold for every series of a panel.

    `sums` are events whose effects are summed, each written ``a+b``: a row of its own for every series.
    """

    scale: str | None = None
    seasonal: bool | None = None
    trend: str = "linear"
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
    def shared(self) -> bool:
        """Whether series can be fitted together under these options."""
        plain = self.regime is None and self.controls is None and not self.lunar
        return plain and self.method == STRUCTURAL and self.trend != "local"


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
    for (first, _), positions in representative_order(series).items():
        alike = [k for k in positions if chosen.shared and _plain(series[k])]
        for k in set(positions) - set(alike):
            rows[k] = fit_alone(series[k], events, chosen)
        if alike:
            values = np.array([series[k].values for k in alike])
            block = SeriesBlock(tuple(series[k].id for k in alike), first, values)
            for k, found in zip(alike, fit_series_block(block, events, chosen), strict=True):
                rows[k] = found
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
            scale=options.scale,
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
        return (PanelRow(series.id, "", error=problem.message),)
    except (ArithmeticError, ValueError) as problem:
        # LinAlgError is a ValueError: numbers that no check foresaw end one series, not the run.
        return (PanelRow(series.id, "", error=f"the arithmetic failed: {problem}"),)


def fit_series_block(
    block: SeriesBlock, events: EventTable, options: PanelOptions
) -> list[tuple[PanelRow, ...]]:
    """Fit the series of one calendar; return the rows of each."""
    prepared = prepare_block(block, events, options)
    rows: list[tuple[PanelRow, ...]] = [()] * len(block)
    if prepared is not None:
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            found = _fit_together(block, prepared, options)
        for k, own in zip(prepared.which, found, strict=True):
            rows[k] = own
    for k, own in enumerate(rows):
        if not own:
            rows[k] = fit_alone(block.series(k), events, options)
    return rows


@dataclass(frozen=True)
class PreparedBlock:
    """What the series of a block share, and which of them.

    Attributes
    ----------
    frame : Frame
    which : ndarray of int
        Positions of the series that can be fitted together.
    logs : ndarray of bool
        Whether each of those is in logs.
    """

    frame: Frame
    which: NDArray[np.intp]
    logs: NDArray[np.bool_]


def prepare_block(block: SeriesBlock, events: EventTable, options: PanelOptions) -> PreparedBlock | None:
    """Return the shared frame of a block and the series it holds for; None if there is none.

    Whatever is refused here is refused again, with its own name, by `fit_interventions`.
    """
    values = block.values
    seen = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        positive = np.asarray(~(values <= 0).any(axis=1))
    logs = positive if options.scale is None else np.full(len(block), options.scale == "log")
    usable = np.flatnonzero(seen.any(axis=1) & (positive | ~logs))
    if not len(usable):
        return None
    one = block.series(int(usable[0]))
    try:
        settings = read_settings(
            one,
            options.scale,
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
        return None
    if len(design.variants) != 1 or not design.event_terms:
        return None
    patterns, pattern_of = np.unique(seen[usable], axis=0, return_inverse=True)
    whole = np.array([not find_aliasing(design, pattern).pinned for pattern in patterns])[pattern_of.ravel()]
    held = _enough(values[usable], seen[usable], len(design.precision), settings.seasonal, one)
    which = usable[whole & held]
    return PreparedBlock(Frame.of(design, one, events), which, logs[which]) if len(which) else None


def _enough(
    values: FloatArray, seen: NDArray[np.bool_], coefficients: int, seasonal: bool, one: TradeSeries
) -> NDArray[np.bool_]:
    """Which series pass the checks of `check_sample`, shape (S,)."""
    spread = np.nanmax(values, axis=1) - np.nanmin(values, axis=1)
    fine = spread > 1e-12 * np.maximum(1.0, np.nanmax(np.abs(values), axis=1))
    fine &= seen.sum(axis=1) - coefficients >= SPARE_OBSERVATIONS
    if seasonal:
        seasons = np.array([period.season for period in one.periods])
        for season in range(one.first.per_year):
            fine &= seen[:, seasons == season].sum(axis=1) >= 2
    return np.asarray(fine)


def _fit_together(
    block: SeriesBlock, prepared: PreparedBlock, options: PanelOptions
) -> list[tuple[PanelRow, ...]]:
    frame, which, logs = prepared.frame, prepared.which, prepared.logs
    sample = PanelSample.of(block.values[which], logs)
    posterior = fit_block(frame, sample, outliers=options.outliers)
    mixture, firsts, terms = posterior.mixture, frame.firsts, frame.design.event_terms
    single = np.eye(mixture.mean.shape[1])[firsts]
    within = [terms_within(terms, members) for members in options.members]
    added = [single[[term.name in names for term in terms]].sum(axis=0) for names in within if names]
    contrasts = np.vstack([single, *added])
    marginals = mixture.contrast(contrasts)
    mean, sd = marginals.moments()
    lower, upper = marginals.interval(options.level)
    low, high = (lower, upper) if options.level == GRADE_LEVEL else marginals.interval(GRADE_LEVEL)
    covariance = mixture.covariance()[:, firsts][:, :, firsts]
    wrong = marginals.opposite_sign()
    summaries = PanelSummaries(
        frame,
        options.members,
        np.stack([mean, sd, lower, upper, 1 - wrong, np.minimum(2 * wrong, 1.0)], axis=2),
        0.5 * (high - low) / sample.size[:, None],
        panel_groups(terms, frame.events, covariance, sample.size, options.bounds),
        logs,
        options.bounds,
    )
    return [summaries.rows(block.ids[k], s) if posterior.sound[s] else () for s, k in enumerate(which)]
