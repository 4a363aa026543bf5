"""Search one series for breaks at unknown dates, and set every break beside the events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from analysis.breaks.bai_perron import FEWEST_FOR_HAC, Covariance
from analysis.breaks.choices import Decision, ModelChoice, decide
from analysis.breaks.classical import ClassicalTests, classical_tests
from analysis.breaks.dated import Found, Setting, dated_breaks, dated_ramps
from analysis.breaks.detectors import second_opinions
from analysis.breaks.elements import dip_columns
from analysis.breaks.kinds import Ramp, gradual_changes
from analysis.breaks.likelihood import base_columns, error_weights
from analysis.breaks.matching import (
    EventWindow,
    Matching,
    chance_of_meeting,
    event_windows,
    match_by_chance,
    meets,
)
from analysis.breaks.posterior import break_posterior, condition
from analysis.breaks.result import BreakResult
from analysis.breaks.sample import Sample, Scale
from analysis.breaks.segments_fit import SegmentsFit, fit_segments
from analysis.breaks.sensitivity import AtSegment, by_segment, sensitivity_sentences, with_one_variance
from analysis.breaks.sized import SIZE, SizedSearch
from analysis.breaks.variance_change import variance_change
from analysis.breaks.wandering import compare_with_wandering_level
from analysis.breaks.words import ERRORS, NULLS, assumptions, caveats, udmax_sentence
from analysis.catalogue.remembered import remembered
from analysis.domain import EventTable, TradeSeries
from analysis.domain.declared import RegimeChoice
from analysis.errors import UsageError
from analysis.numerics.break_likelihood import Whitening
from analysis.numerics.least_squares import FloatArray, least_squares

Errors = Literal["ar", "hac", "iid"]

MAX_BREAKS = 8


def find_breaks(
    series: TradeSeries,
    *,
    model: ModelChoice = "auto",
    scale: Scale | None = None,
    seasonal: bool | None = None,
    max_breaks: int = MAX_BREAKS,
    min_segment: int | None = None,
    trimming: float | None = None,
    errors: Errors | None = None,
    guard: bool = True,
    events: EventTable | None = None,
    level: float = 0.95,
    regime: RegimeChoice = None,
    controls: object = None,
) -> BreakResult:
    """Find breaks at unknown dates and match them to events.

    Parameters
    ----------
    series : TradeSeries
        Missing periods are allowed; segments are counted in observed periods.
    model : {"auto", "mean", "trend"}
        What may change: the mean, or level and slope of a linear trend. ``auto``, the default, takes the mean
        unless a trend test that is valid with and without a unit root rejects and BIC prefers the trend.
    scale : {"log", "level"}, optional
        Default: log if every value is above zero.
    seasonal : bool, optional
        Seasonal means common to all segments; default: for monthly and quarterly series in which Kruskal and
        Wallis' test sees a season.
    max_breaks : int
        Lasting breaks at most.
    min_segment : int, optional
        Observed periods in the shortest segment between lasting breaks; default: 8 months, 6 quarters, 3
        years, 60 days. A change that is undone sooner is a dip.
    trimming : float, optional
        The shortest segment as a share of the observed periods; decides instead of `min_segment` if given.
        The tests of Bai and Perron and of trend breaks use it in any case, 0.15 by default.
    errors : {"ar", "hac", "iid"}, optional
        How the number of breaks is decided. ``ar``, the default, is the sized procedure; ``hac`` and
        ``iid`` are the sequential tests of Bai and Perron with that covariance, whose size fails under
        autocorrelation.
    guard : bool
        Whether a wild bootstrap must agree with every rejection of the sized procedure.
    events : EventTable, optional
        Default: the events of a catalogue series' recipe; none for a caller's series.
    level : float
        Of intervals and sets.
    regime : str, Window or a list of them, optional
        Stretches in which the variance of the errors is multiplied by an estimated factor; default: those
        that the series' recipe declares.
    controls : mapping or DataFrame, optional
        Covariates by name, with the same coefficients in all segments; see
        `analysis.domain.declared.read_controls`.

    Returns
    -------
    BreakResult

    Raises
    ------
    UsageError
        If an option has no meaning, or the tests asked for are not valid for the model.
    InputError
        If the log of a value at or below zero is asked for, or regime or controls do not fit the series.
    CannotEstimateError
        If the observations are too few or do not vary.
    """
    rule = _checked_errors(errors, model)
    if isinstance(level, bool) or not isinstance(level, (int, float)) or not 0.5 <= level < 1:
        raise UsageError(f"level is a fraction from 0.5 to below 1, not {level!r}", pointer="/options/level")
    if not isinstance(guard, bool):
        raise UsageError(f"guard is true or false, not {guard!r}", pointer="/options/guard")
    options: dict[str, Any] = {
        "scale": scale,
        "max_breaks": max_breaks,
        "min_segment": min_segment,
        "trimming": trimming,
        "regime": regime,
        "controls": controls,
    }
    decision, season = decide(series, model, seasonal, rule, guard, **options)
    sample, found = decision.sample, decision.search
    covariance = _covariance(rule, sample)
    classical = classical_tests(sample.by_share(), covariance)
    if rule != "ar":
        found = SizedSearch(classical.chosen, ())
        decision = Decision(sample, found, decision.reason)
    held = sample.with_columns(dip_columns(sample, found.dips))
    steps = found.breaks
    ramps: tuple[Ramp, ...] = ()
    if rule == "ar" and sample.model == "mean" and steps:
        ramps = gradual_changes(held, steps, fit_segments(held, steps, covariance=rule))
        steps = _without(steps, ramps)
        if ramps:
            held = held.with_columns(np.column_stack([ramp.column(sample.n) for ramp in ramps]))
    fit = fit_segments(held, steps, covariance=rule)
    table = _event_table(series, events)
    windows = None if table is None else event_windows(table, series.first, series.last, series.id)
    setting = Setting(held, rule, covariance, level, windows)
    effects = fit.common[len(fit.common) - len(ramps) - len(found.dips) :]
    dated = [
        *dated_breaks(setting, steps, fit),
        *dated_ramps(setting, ramps, effects[len(found.dips) :]),
    ]
    dated.sort(key=lambda pair: pair[0].position)
    breaks = tuple(one for one, _ in dated)
    posterior = break_posterior(held, fit)
    contradicts = not breaks and posterior.at_least_one > 0.5
    opinions = second_opinions(sample, len(breaks))
    rows: tuple[AtSegment, ...] = ()
    plain = None
    if rule == "ar" and sample.model == "mean":
        rows = by_segment(sample, found, int(max_breaks))
        plain = with_one_variance(sample, found, guard)
    variance = variance_change(sample, _innovations(held, steps, fit), level)
    beside = caveats(decision, breaks, classical, rule, fit.rho, opinions.reason, int(max_breaks))
    if contradicts:
        beside = (*beside, _NO_POSTERIOR.format(rho=fit.rho))
    return BreakResult(
        sample=sample,
        errors=rule,
        level=float(level),
        breaks=breaks,
        dips=_dips(sample, found, effects, windows),
        variance=variance,
        matching=_matching(sample, dated, windows, level),
        events_without_break=_unmet(windows, dated),
        steps=found.steps,
        guard_pvalue=_guard_pvalue(found),
        limit_reached=found.limit_reached,
        tests=_tests(classical, found, rule),
        selection=classical.selection | {"sized": len(found.breaks) if rule == "ar" else None},
        posterior=None if contradicts else posterior.dates,
        posterior_number=None if contradicts else posterior.number,
        posterior_given=condition(sample, fit.rho),
        detectors=opinions.to_record(sample),
        agreement=opinions.agreement(sample, tuple(b.position for b in breaks)),
        wandering_level=compare_with_wandering_level(held, steps, len(ramps)).to_record(),
        event_table=None if table is None else table.digest(),
        by_segment=rows,
        one_variance=plain,
        sensitivity=sensitivity_sentences(sample, rows, plain) if rule == "ar" else (),
        chosen_by_rule=tuple(line for line in (decision.reason, season) if line),
        udmax=udmax_sentence(classical, len(breaks)),
        null_hypothesis=NULLS[sample.model].format(errors=ERRORS[rule]),
        variance_factor=fit.factor if sample.regimes else None,
        assumptions=assumptions(rule, sample),
        caveats=beside,
    )


_NO_POSTERIOR = (
    "No posterior is shown: conditional on an AR(1) of {rho:.2f} it would favour a break, but it does not "
    "hold its size as the test does."
)


def _checked_errors(errors: Errors | None, model: ModelChoice) -> Errors:
    if model not in ("auto", "mean", "trend"):
        raise UsageError(f"model is 'auto', 'mean' or 'trend', not '{model}'", pointer="/options/model")
    if errors not in (None, "ar", "hac", "iid"):
        raise UsageError(f"errors is 'ar', 'hac' or 'iid', not '{errors}'", pointer="/options/errors")
    if model == "trend" and errors in ("hac", "iid"):
        raise UsageError(
            f"errors '{errors}' has no meaning with model 'trend': the tables of Bai and Perron hold for "
            "non-trending regressors only; leave errors out",
            pointer="/options/errors",
        )
    return errors or "ar"


def _covariance(rule: Errors, sample: Sample) -> Covariance:
    """Covariance of the classical tests: HAC where the segments can carry it or the caller asks for it."""
    if rule == "hac":
        return "hac"
    long_enough = sample.by_share().min_length >= sample.changing.shape[1] + FEWEST_FOR_HAC
    return "hac" if rule == "ar" and long_enough else "iid"


def _event_table(series: TradeSeries, events: EventTable | None) -> EventTable | None:
    if events is None and series.catalogue:
        from analysis import catalogue

        return catalogue.events(series)
    return events


def _without(breaks: tuple[int, ...], ramps: Sequence[Ramp]) -> tuple[int, ...]:
    replaced = {position for ramp in ramps for position in ramp.replaced}
    return tuple(position for position in breaks if position not in replaced)


def _innovations(sample: Sample, breaks: tuple[int, ...], fit: SegmentsFit) -> FloatArray:
    weights = error_weights(sample, fit.factor)
    white = Whitening.of(fit.rho, sample.calendar)
    columns = base_columns(sample, breaks) * weights[:, None]
    return least_squares(white.apply(sample.y * weights), white.apply(columns)).residuals


def _dips(
    sample: Sample,
    found: SizedSearch,
    effects: Sequence[tuple[float, float]],
    windows: Sequence[EventWindow] | None,
) -> tuple[dict[str, Any], ...]:
    rows = []
    for (start, end), (depth, error) in zip(found.dips, effects, strict=False):
        first, last = sample.period(start), sample.period(end - 1)
        met = [w for w in windows or () if meets(w, ((first, last),))]
        rows.append(
            {
                "first": str(first),
                "last": str(last),
                "periods": last - first + 1,
                "depth": depth,
                "se": error,
                "depth_percent": float(100 * np.expm1(depth)) if sample.scale == "log" else None,
                "events": [w.event.id for w in met],
            }
        )
    return tuple(rows)


def _guard_pvalue(found: SizedSearch) -> float | None:
    """Return the largest p-value of the wild bootstrap among the looks that decided."""
    accepted = [step.guard for step in found.steps if step.guard is not None and step.guard <= SIZE]
    asked = [step.guard for step in found.steps if step.guard is not None]
    return max(accepted or asked) if asked else None


def _matching(
    sample: Sample, found: Sequence[Found], windows: Sequence[EventWindow] | None, level: float
) -> Matching | None:
    if not found or not windows:
        return None
    h = sample.min_length
    admissible = [sample.first_after(position) for position in range(h, sample.n - h + 1)]
    chances = []
    for dated, possible in found:
        at = sample.first_after(dated.position)
        chances.append(chance_of_meeting(windows, [(a - at, b - at) for a, b in possible], admissible))
    matched = sum(1 for dated, _ in found if dated.events)
    return match_by_chance(matched, chances, level)


def _unmet(windows: Sequence[EventWindow] | None, found: Sequence[Found]) -> tuple[str, ...]:
    met = {event["event_id"] for dated, _ in found for event in dated.events}
    return tuple(w.event.id for w in windows or () if w.event.id not in met)


def _tests(classical: ClassicalTests, found: SizedSearch, rule: str) -> dict[str, Any]:
    sized = [step.to_record() for step in found.steps] if rule == "ar" else None
    return classical.to_record() | {"sized": sized}


breaks_once = remembered(find_breaks, most=32)
"""The same, its last results on catalogue series kept."""
