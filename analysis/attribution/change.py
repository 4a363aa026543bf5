"""`attribute`: the change between two windows, dated to events, with the doubt of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from analysis import catalogue
from analysis.attribution.accounting import account_or_reason
from analysis.attribution.ends import declare_ends
from analysis.attribution.evidence import (
    EveryResolution,
    EvidenceLevel,
    EvidenceReport,
    PartEvidence,
    gather,
)
from analysis.attribution.result import AttributionResult
from analysis.attribution.timing.divided import Divided, divide_change
from analysis.attribution.timing.exact import account_rows
from analysis.attribution.timing.parts import Part, Resolver, on_frequency
from analysis.domain import UN_RESOLUTION, Event, EventTable, TradeSeries, Window
from analysis.domain.declared import RegimeChoice
from analysis.errors import CannotEstimateError, InputError, UsageError
from analysis.interventions import InterventionResult, fit_interventions
from analysis.interventions.dating import DATINGS
from analysis.interventions.fit import fit_once

FitSeries = Callable[[TradeSeries], InterventionResult]


def attribute(
    series: TradeSeries,
    events: EventTable | None = None,
    *,
    start: str | Window,
    end: str | Window,
    scale: str | None = None,
    seasonal: bool | None = None,
    trend: str = "local",
    clock: str = "all",
    method: str = "structural",
    level: float = 0.95,
    regime: RegimeChoice = None,
    controls: object = None,
    evidence: str = "basic",
    outliers: bool = True,
    totals: bool = True,
    parts: Mapping[str, TradeSeries] | None = None,
    shape: str = "declared",
) -> AttributionResult:
    """Divide the change of a series between two windows among events and everything else.

    Parameters
    ----------
    series : TradeSeries
        If its recipe declares parts, each is answered by the series that observes it.
    events : EventTable, optional
        Default for a catalogue series: the list of its recipe, of each part its own.
    start, end : str or Window
        The windows ``from`` and ``to``, both inclusive; a year means its periods. They may not overlap.
    scale, seasonal, trend, level, regime, controls, outliers, totals, shape
        As in `fit_interventions`; they go to every modelled part.
    clock : {"all", "full", "ramp", "adopted"}
        ``all`` mixes the datings by their posterior probability for all parts together.
    method : str
        ``structural``.
    evidence : {"none", "basic", "full"}
        Refits that speak for or against the answer: ``basic`` leaves each event out and looks for effects
        before the events; ``full`` adds placebos and the specification curve.
    parts : mapping of str to TradeSeries, optional
        A caller's own series by id, for the parts that `series` declares (`analysis.read_parts`). An event
        with ``ended_by`` takes away what those parts were before it, exactly, and is in no other model.

    Returns
    -------
    AttributionResult
        Contributions and residual add up to the observed change. A catalogue series that no model can be
        fitted to is answered by accounting.

    Raises
    ------
    UsageError, InputError, CannotEstimateError
        As `fit_interventions`; also for windows outside the sample, that overlap, or that are covered in
        fewer than half of their periods.
    """
    if clock not in ("all", *DATINGS):
        raise UsageError(
            f"clock is one of all, {', '.join(DATINGS)}, not '{clock}'", pointer="/options/clock"
        )
    chosen = next((asked for asked in get_args(EvidenceLevel) if asked == evidence), None)
    if chosen is None:
        raise UsageError(
            f"evidence is one of {', '.join(get_args(EvidenceLevel))}, not '{evidence}'",
            pointer="/options/evidence",
        )
    if method != "structural":
        raise UsageError(
            "attribute divides the change by the structural posterior; other methods belong to intervene",
            pointer="/options/method",
        )

    everything = events
    if events is not None and any(event.ended for event in events):
        series, parts, events = declare_ends(series, parts or {}, events)

    def fit(own: TradeSeries, table: EventTable | None = None) -> InterventionResult:
        felt = everything if own.id == series.id else events
        return fit_once(
            own,
            felt if table is None else table,
            scale=scale,
            seasonal=seasonal if own.frequency == series.frequency else None,
            trend=trend,
            clock="full" if clock == "all" else clock,
            level=level,
            regime=regime,
            controls=controls,
            outliers=outliers,
            totals=totals,
            shape=shape,
        )

    answer = attribute_by(
        series, fit, start=start, end=end, clock=clock, level=level, parts=parts, events=everything
    )
    return replace(answer, evidence=evidence_of(answer, chosen, fit))


def evidence_of(
    answer: AttributionResult,
    level: EvidenceLevel,
    refit: Callable[[TradeSeries, EventTable], InterventionResult] = fit_interventions,
) -> EvidenceReport | PartEvidence | None:
    """Return the evidence of an answer, of each modelled part where it has several.

    Parameters
    ----------
    answer : AttributionResult
    level : {"none", "basic", "full"}
    refit : callable
        Returns the joint model of a part with other events.
    """
    if level == "none" or not answer.fits:
        return None
    if answer.single:
        return gather(answer, level)
    found, indirect = [], []
    resolutions = [e for fit in answer.fits for e in fit.events if e.kind == UN_RESOLUTION]
    moving = [
        part for part in answer.parts if part.fit is not None and part.way is not None and part.way.active
    ]
    for part in moving:
        assert part.fit is not None
        own = part.fit.series
        before, after = (on_frequency(window, own) for window in (answer.before, answer.after))
        if before is None or after is None:
            continue
        single = attribute_fit(part.fit, start=before, end=after)
        evidence = gather(single, level, among=len(moving))
        if evidence is not None:
            found.append((part.id, part.title, evidence))
        others = {e.id: e for e in resolutions if e.id not in part.fit.events}
        if others and own.catalogue:
            table = EventTable((*part.fit.events, *others.values()))
            whole = attribute_fit(refit(own, table), start=before, end=after)
            indirect.append(_every_resolution(part, single, whole, tuple(others)))
    return PartEvidence(level, tuple(found), tuple(indirect))


def _every_resolution(
    part: Part, single: AttributionResult, whole: AttributionResult, added: tuple[str, ...]
) -> EveryResolution:
    def resolutions(answer: AttributionResult) -> tuple[float, float, float]:
        estimate, lower, upper = answer.combined(
            lambda row: any(answer.events[i].kind == UN_RESOLUTION for i in row.event_ids)
        )
        factor = part.sign * answer.per_year
        low, high = sorted((factor * lower, factor * upper))
        return factor * estimate, low, high

    interval = resolutions(whole)
    moved = interval[0] - resolutions(single)[0]
    return EveryResolution(part.id, part.title, added, interval, moved, single.series.unit)


def attribute_fit(fit: InterventionResult, *, start: str | Window, end: str | Window) -> AttributionResult:
    """Divide the change between two windows under a fit that exists, in the mixture of its datings.

    Parameters
    ----------
    fit : InterventionResult
        Of `fit_interventions`. Parts that the recipe of its series declares are not used.
    start, end : str or Window
        As in `attribute`.

    Returns
    -------
    AttributionResult
        The same as that of `attribute` with the choices of the fit, without evidence.

    Raises
    ------
    InputError, CannotEstimateError
        As `attribute`.
    """
    series = fit.series
    alone = replace(series, design=replace(series.design, parts=()))
    return attribute_by(alone, lambda _: fit, start=start, end=end, level=fit.level)


def attribute_by(
    series: TradeSeries,
    fit: FitSeries,
    *,
    start: str | Window,
    end: str | Window,
    clock: str = "all",
    level: float = 0.95,
    parts: Mapping[str, TradeSeries] | None = None,
    events: EventTable | None = None,
    **choices: Any,
) -> AttributionResult:
    """Divide a change with the joint models that `fit` returns.

    Parameters
    ----------
    series : TradeSeries
    fit : callable
        Returns the joint model of the series and of each of its parts.
    start, end, clock, level, parts, events
        As in `attribute`; of the events those that end a part.
    **choices
        ``order``, ``dependence``, ``log2_points`` and ``joined`` of `divide_change`, for branches.
    """
    before, after = _windows(series, start, end)
    backwards = after.last < before.first
    early, late = (after, before) if backwards else (before, after)
    sign = -1.0 if backwards else 1.0
    resolver = Resolver(early, late, fit, _finder(parts), _event_of(events))
    accounting = False
    try:
        found = resolver.resolve(series, sign)
    except CannotEstimateError as problem:
        if not series.catalogue:
            raise
        found = (resolver.whole(series, problem.message, sign),)
        accounting = True
    ends = _ends(found, backwards, sign)
    names = _names(found)
    divided = divide_change(
        found,
        title=lambda ids: " + ".join(names[i].title for i in ids),
        change=ends[1] - ends[0],
        level=level,
        clock=clock,
        **choices,
    )
    shut = [p for p in divided.parts if p.way is not None and p.way.undivided]
    if accounting or (series.catalogue and shut and not any(p.way and p.way.legs for p in divided.parts)):
        divided = _accounted(divided, series, before, after)
    return AttributionResult(series, before, after, ends, divided, clock, backwards)


def _ends(parts: tuple[Part, ...], backwards: bool, sign: float) -> tuple[float, float]:
    """Return the target in ``from`` and ``to``: the sum of its parts, per period."""
    early = sum(sign * part.sign * part.start for part in parts)
    late = sum(sign * part.sign * part.end for part in parts)
    return (late, early) if backwards else (early, late)


def _names(parts: tuple[Part, ...]) -> dict[str, Event]:
    found = {event.id: event for part in parts if part.fit is not None for event in part.fit.events}
    return found | {part.event.id: part.event for part in parts if part.event is not None}


def _accounted(divided: Divided, series: TradeSeries, before: Window, after: Window) -> Divided:
    """Return the answer of accounting: exact rows by the provision that binds the goods first."""
    accounting, _ = account_or_reason(series, before, after)
    if accounting is None:
        return divided
    return replace(divided, **account_rows(divided, accounting))


def _finder(parts: Mapping[str, TradeSeries] | None) -> Callable[[str, str], TradeSeries]:
    def find(name: str, vintage: str) -> TradeSeries:
        if parts and name in parts:
            return parts[name]
        return catalogue.series(name, vintage or "first")

    return find


def _event_of(events: EventTable | None) -> Callable[[str], Event]:
    def find(name: str) -> Event:
        return events[name] if events is not None and name in events else catalogue.events()[name]

    return find


@dataclass(frozen=True, slots=True)
class _Asked:
    name: str
    window: str | Window


def _windows(series: TradeSeries, start: str | Window, end: str | Window) -> tuple[Window, Window]:
    fitted = []
    for asked in (_Asked("from", start), _Asked("to", end)):
        try:
            fitted.append(series.window(asked.window)[0])
        except InputError as problem:
            raise InputError(f"'{asked.name}': {problem.message}", pointer=f"/{asked.name}") from None
    before, after = fitted
    if before.first <= after.last and after.first <= before.last:
        raise InputError(f"the windows {before} and {after} overlap: choose two that do not", pointer="/to")
    return before, after
