"""`fit_interventions`: the joint effects of all events of a design on one series."""

from __future__ import annotations

from typing import Literal, Unpack, overload

import numpy as np
from numpy.typing import NDArray

from analysis.catalogue.remembered import remembered
from analysis.domain import UN_RESOLUTION, EventTable, Period, TradeSeries, Window
from analysis.domain.declared import RegimeChoice, read_regimes, standardise_controls
from analysis.errors import CannotEstimateError, UsageError
from analysis.interventions.doubts.search import search
from analysis.interventions.effects import EffectResult
from analysis.interventions.identification import find_aliasing
from analysis.interventions.joint.block import Block, Evidence
from analysis.interventions.joint.decays import many, sampled_decays
from analysis.interventions.joint.fit import fit_block
from analysis.interventions.joint.frame import Frame
from analysis.interventions.joint.totals import usable_totals
from analysis.interventions.peers import fit_peer
from analysis.interventions.peers.options import MethodOptions, refuse_options
from analysis.interventions.result import InterventionResult
from analysis.interventions.sample import check_events, check_sample
from analysis.interventions.settings import (
    DesignRecipe,
    Settings,
    check_controls,
    default_events,
    read_settings,
    scale_warnings,
    unidentified_warnings,
)

STRUCTURAL = "structural"
SHAPES_OF_EVENTS = ("declared", "auto")


class Choices(MethodOptions, total=False):
    """Keyword arguments of `fit_interventions` beside the method."""

    scale: str | None
    seasonal: bool | None
    trend: str | None
    clock: str
    level: float
    regime: RegimeChoice
    controls: object
    lunar: bool | None
    outliers: bool
    totals: bool
    shape: str


@overload
def fit_interventions(
    series: TradeSeries,
    events: EventTable | None = None,
    *,
    method: Literal["structural"] = "structural",
    **choices: Unpack[Choices],
) -> InterventionResult: ...


@overload
def fit_interventions(
    series: TradeSeries, events: EventTable | None = None, *, method: str, **choices: Unpack[Choices]
) -> EffectResult: ...


def fit_interventions(
    series: TradeSeries,
    events: EventTable | None = None,
    *,
    scale: str | None = None,
    seasonal: bool | None = None,
    trend: str | None = None,
    clock: str = "full",
    method: str = "structural",
    level: float = 0.95,
    regime: RegimeChoice = None,
    controls: object = None,
    lunar: bool | None = None,
    outliers: bool = True,
    totals: bool = True,
    shape: str = "declared",
    **given: Unpack[MethodOptions],
) -> EffectResult:
    """Estimate the effects of all events of a design together.

    Parameters
    ----------
    series : TradeSeries
        T periods, any of them missing.
    events : EventTable, optional
        Default for a catalogue series: the list of its recipe.
    scale : {"log", "level"}, optional
        Default ``log`` if every value is above zero.
    seasonal : bool, optional
        Default on for months and quarters, and for weeks over two years; of days the days of the week.
    trend : {"local", "linear", "none"}, optional
        ``local``: the slope wanders as a random walk (a local linear trend); the default of the joint
        posterior. The default of other methods is ``linear``.
    clock : {"full", "ramp", "adopted"}
        Dating of the catalogue's UN resolutions whose effects are reported.
    method : str
        ``structural``, the joint posterior; or one of `analysis.interventions.peers.PEERS`.
    level : float
        Probability of the intervals.
    regime : str, Window or a list of them, optional
        Stretches of other variance; default those of the series' recipe.
    controls : mapping or DataFrame, optional
        Covariates by name; see `domain.declared.read_controls`.
    lunar : bool, optional
        Chinese New Year columns; default as the series' recipe declares.
    outliers, totals : bool
        Whether outlying months are looked for, and totals over spans used.
    shape : {"declared", "auto"}
        ``auto`` integrates over dates up to a year off and over steps and phase-ins, of every step
        (`analysis.interventions.doubts.search`), instead of the datings; the joint posterior only.
    **given
        What only some of the other methods read; see `analysis.interventions.peers.options.MethodOptions`.

    Returns
    -------
    InterventionResult
        Of another method a `PeerResult`, with the same record.

    Raises
    ------
    UsageError
        An option that does not exist.
    InputError
        Events, regime or controls that do not fit the series.
    CannotEstimateError
        Too few observations, a constant series, a season observed less than twice.

    References
    ----------
    Box & Tiao (1975), JASA 70, 70-79 (interventions); Harvey & Durbin (1986), JRSS A 149, 187-227
    (structural noise); Patterson & Thompson (1971), Biometrika 58, 545-554 (restricted likelihood).
    """
    if shape not in SHAPES_OF_EVENTS:
        raise UsageError(
            f"shape is one of {', '.join(SHAPES_OF_EVENTS)}, not '{shape}'", pointer="/options/shape"
        )
    if method != STRUCTURAL:
        if shape != "declared":
            raise UsageError(
                "shape auto belongs to the joint posterior (method structural)", pointer="/options/shape"
            )
        return fit_peer(
            series,
            events,
            method=method,
            scale=scale,
            seasonal=seasonal,
            trend=trend or "linear",
            clock=clock,
            level=level,
            regime=regime,
            controls=controls,
            lunar=lunar,
            **given,
        )
    refuse_options(STRUCTURAL, given)
    settings = read_settings(series, scale, seasonal, trend or "local", clock, level, lunar, outliers, totals)
    table = default_events(series) if events is None else events
    check_events(table)
    check_sample(series, 0, settings.seasonal)
    windows, regime_index = read_regimes(series, regime)
    standardised = standardise_controls(series, controls)
    found_shapes = None
    if shape == "auto":
        found_shapes = search(
            fit_interventions(
                series,
                table,
                scale=scale,
                seasonal=seasonal,
                trend=trend,
                level=level,
                regime=regime,
                controls=controls,
                lunar=lunar,
                outliers=outliers,
                totals=totals,
            )
        )
    recipe = DesignRecipe(series, table, settings, standardised, found_shapes)
    raw = recipe.build()
    check_controls(series, raw)
    aliasing = find_aliasing(raw, np.isfinite(series.values))
    check_sample(series, len(raw.precision) - len(aliasing.pinned), settings.seasonal)

    design = raw.pin(aliasing.pinned)
    logs = settings.scale == "log"
    block = Block.of(_evidence(series, table, settings, regime_index), logs)
    local, decays = settings.trend == "local", None
    if many(design):
        decays = sampled_decays(
            block,
            table,
            len(design.variants[0].decays),
            lambda points: recipe.build(decays=points).pin(aliasing.pinned),
            primary=settings.clock,
            local=local,
        )
        design = recipe.build(decays=decays).pin(aliasing.pinned)
    found = fit_block(
        block,
        Frame.of(design, table, logs=logs),
        primary=settings.clock,
        local=local,
        outliers=settings.outliers,
        initial=settings.initial,
        final=settings.final,
    )
    if not found.points.sound.all():
        raise CannotEstimateError(
            f"the arithmetic failed for '{series.id}': its columns are nearly collinear"
        )
    if found.effects is not None:
        settled = {
            (term.name, dating): float(found.effects[0, d, term.columns.start])
            for d, dating in enumerate(found.frame.datings)
            for term in design.event_terms
        }
        design = recipe.build(settled, decays).pin(aliasing.pinned)
    posterior = found.alone(design)
    return InterventionResult(
        series,
        table,
        posterior,
        aliasing,
        settings.scale,
        settings.seasonal,
        settings.trend,
        settings.clock,
        settings.level,
        windows,
        tuple(standardised),
        settings.lunar,
        (*scale_warnings(series, settings.scale, scale), *unidentified_warnings(aliasing)),
        search=found_shapes,
    )


def _evidence(
    series: TradeSeries, events: EventTable, settings: Settings, regime: NDArray[np.intp]
) -> Evidence:
    logs = settings.scale == "log"
    values = series.values
    y = np.log(values) if logs else values
    error = series.rse if logs else series.rse * np.abs(np.nan_to_num(values))
    quiet = regime > 0
    for window in transitions(series, events):
        quiet |= np.array([p in window for p in series.periods])
    used = usable_totals(series, logs=logs) if settings.totals else None
    return Evidence(np.array(y), np.array(error), regime, used, quiet)


def transitions(series: TradeSeries, events: EventTable) -> list[Window]:
    """Return for each event its onset: the periods from its first partial to its first full one."""
    found = []
    for event in events:
        first = event.partial.start if event.partial else event.effective
        if event.kind == UN_RESOLUTION and event.adopted:
            first = min(first, event.adopted)
        last = max(first, event.full.start if event.full else event.effective)
        end = Period.containing(last, series.frequency)
        whole = end if end.start == last else end + 1
        found.append(Window(Period.containing(first, series.frequency) + -event.lead, whole))
    return found


fit_once = remembered(fit_interventions, most=4)
"""The same, its last results on catalogue series kept: what one question on a total and its parts needs."""
