"""Search one series for breaks at unknown dates, and set every break beside the events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from analysis.breaks.bai_intervals import bai_intervals
from analysis.breaks.bai_perron import FEWEST_FOR_HAC, Covariance
from analysis.breaks.classical import ClassicalTests, classical_tests
from analysis.breaks.date_sets import DateSet, date_sets
from analysis.breaks.detectors import second_opinions
from analysis.breaks.matching import (
    EventWindow,
    Matching,
    chance_of_meeting,
    event_windows,
    is_change_of_record,
    match_by_chance,
    meets,
)
from analysis.breaks.posterior import break_posterior, condition
from analysis.breaks.result import CHANGE_OF_RECORD, BreakResult, DatedBreak
from analysis.breaks.sample import Model, Sample, Scale, build_sample
from analysis.breaks.segments_fit import SegmentsFit, fit_segments
from analysis.breaks.sensitivity import by_trimming, sensitivity_sentences
from analysis.breaks.sized import SizedSearch
from analysis.breaks.trend_steps import decide
from analysis.breaks.wandering import compare_with_wandering_level
from analysis.domain import EventTable, Period, TradeSeries
from analysis.domain.declared import RegimeChoice
from analysis.errors import UsageError

Errors = Literal["ar", "hac", "iid"]

_NULLS = {
    "mean": "one mean throughout (with fixed seasonal means, if any), {errors}",
    "trend": "one level and one linear trend throughout (with fixed seasonal means, if any), {errors}",
}
_ERRORS = {
    "ar": "stationary AR(1) errors",
    "hac": "stationary, weakly dependent errors (HAC variance, quadratic spectral kernel, prewhitened)",
    "iid": "independent errors of one variance",
}


def find_breaks(
    series: TradeSeries,
    *,
    model: Model = "mean",
    scale: Scale | None = None,
    seasonal: bool | None = None,
    max_breaks: int = 5,
    trimming: float = 0.15,
    errors: Errors | None = None,
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
    model : {"mean", "trend"}
        What may change: the mean, or level and slope of a linear trend.
    scale : {"log", "level"}, optional
        Default: log if every value is above zero.
    seasonal : bool, optional
        Seasonal means common to all segments; default: for monthly and quarterly series.
    max_breaks : int
    trimming : float
        Shortest segment as a share of the observed periods.
    errors : {"ar", "hac", "iid"}, optional
        How the number of breaks is decided. ``ar``, the default, is the sized procedure; ``hac`` and
        ``iid`` are the sequential tests of Bai and Perron with that covariance, whose size fails under
        autocorrelation.
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
    sample = build_sample(
        series,
        model=model,
        scale=scale,
        seasonal=seasonal,
        max_breaks=max_breaks,
        trimming=trimming,
        regime=regime,
        controls=controls,
    )
    covariance = _covariance(rule, sample)
    classical = classical_tests(sample, covariance)
    search = decide(sample) if rule == "ar" else None
    breaks = search.breaks if search is not None else classical.chosen
    fit = fit_segments(sample, breaks, covariance=rule)
    table = _event_table(series, events)
    windows = None if table is None else event_windows(table, series.first, series.last, series.id)
    found = _dated(sample, breaks, fit, windows, rule, covariance, level)
    posterior = break_posterior(sample, fit)
    opinions = second_opinions(sample, len(breaks))
    wandering = compare_with_wandering_level(sample, breaks)

    def chosen(other: Sample) -> tuple[int, ...]:
        if rule == "ar":
            return decide(other).breaks
        return classical_tests(other, _covariance(rule, other)).chosen

    trimmings = by_trimming(sample, breaks, chosen, int(max_breaks), declared=rule == "ar")
    return BreakResult(
        sample=sample,
        errors=rule,
        level=float(level),
        breaks=tuple(dated for dated, _ in found),
        matching=_matching(sample, found, windows, level),
        events_without_break=_unmet(windows, found),
        steps=search.steps if search is not None else (),
        tests=_tests(classical, search),
        selection=classical.selection | {"sized": len(search.breaks) if search is not None else None},
        posterior=posterior.dates,
        posterior_number=posterior.number,
        posterior_given=condition(sample, fit.rho),
        detectors=opinions.to_record(sample),
        agreement=opinions.agreement(sample, breaks),
        wandering_level=wandering.to_record(),
        event_table=None if table is None else table.digest(),
        by_trimming=trimmings,
        sensitivity=sensitivity_sentences(sample, trimmings),
        null_hypothesis=_NULLS[model].format(errors=_ERRORS[rule]),
        variance_factor=fit.factor if sample.regimes else None,
        assumptions=_assumptions(rule, sample),
        caveats=_caveats(sample, search, classical, opinions.reason, max_breaks),
    )


def _checked_errors(errors: Errors | None, model: Model) -> Errors:
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
    long_enough = sample.min_length >= sample.changing.shape[1] + FEWEST_FOR_HAC
    return "hac" if rule == "ar" and long_enough else "iid"


def _event_table(series: TradeSeries, events: EventTable | None) -> EventTable | None:
    if events is None and series.catalogue:
        from analysis import catalogue

        return catalogue.events(series)
    return events


Found = tuple[DatedBreak, tuple[tuple[Period, Period], ...]]


def _dated(
    sample: Sample,
    breaks: tuple[int, ...],
    fit: SegmentsFit,
    windows: Sequence[EventWindow] | None,
    rule: Errors,
    covariance: Covariance,
    level: float,
) -> list[Found]:
    """Return every break with the ranges of first new periods that its set admits."""
    if not breaks:
        return []
    sets = date_sets(sample, breaks, level)
    conventions = {
        name: bai_intervals(sample.regression, breaks, level=level, covariance=covariance, convention=name)
        for name in ("strucchange", "mbreaks")
    }
    found: list[Found] = []
    for k, position in enumerate(breaks):
        simulated, asymptotic = sets[k]
        intervals: dict[str, Any] = {
            "lr_simulated": _set_record(sample, simulated),
            "eo_morley": _set_record(sample, asymptotic),
        }
        for name, values in conventions.items():
            bai = values[k]
            intervals[f"bai1997_{name}"] = {
                "lower": str(sample.last_before(bai.lower)),
                "upper": str(sample.last_before(bai.upper)),
                "clipped": bai.clipped,
            }
        ranges: tuple[tuple[int, int], ...]
        if rule == "ar":
            method, ranges = "lr_simulated", simulated.ranges
        else:
            chosen = conventions["strucchange"][k]
            method, ranges = "bai1997_strucchange", ((chosen.lower, chosen.upper),)
        possible = tuple((sample.last_before(a) + 1, sample.first_after(b)) for a, b in ranges)
        met = [w for w in windows or () if meets(w, possible)]
        record = is_change_of_record(met)
        first_after = sample.first_after(position)
        found.append(
            (
                DatedBreak(
                    position=position,
                    index=int(sample.calendar[position - 1]),
                    last_before=str(sample.last_before(position)),
                    first_after=str(first_after),
                    magnitude=fit.jumps[k],
                    se=fit.jump_errors[k],
                    percent=float(100 * np.expm1(fit.jumps[k])) if sample.scale == "log" else None,
                    slope_change=fit.slope_changes[k] if fit.slope_changes else None,
                    title=CHANGE_OF_RECORD if record else f"break in the {sample.model}",
                    ci={
                        "level": float(level),
                        "lower": str(sample.last_before(ranges[0][0])),
                        "upper": str(sample.last_before(ranges[-1][1])),
                        "method": method,
                        "set": [[str(sample.last_before(a)), str(sample.last_before(b))] for a, b in ranges],
                        "intervals": intervals,
                    },
                    events=tuple(
                        {
                            "event_id": w.event.id,
                            "kind": w.event.kind,
                            "lag": first_after - w.full,
                            "lag_adopted": first_after - w.adopted,
                        }
                        for w in met
                    ),
                ),
                possible,
            )
        )
    return found


def _set_record(sample: Sample, dates: DateSet) -> dict[str, Any]:
    return {
        "lower": str(sample.last_before(dates.lower)),
        "upper": str(sample.last_before(dates.upper)),
        "clipped": dates.at_edge,
        "critical": dates.critical,
        "set": [[str(sample.last_before(a)), str(sample.last_before(b))] for a, b in dates.ranges],
    }


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


def _tests(classical: ClassicalTests, search: SizedSearch | None) -> dict[str, Any]:
    sized = [step.to_record() for step in search.steps] if search is not None else None
    return classical.to_record() | {"sized": sized}


def _assumptions(rule: Errors, sample: Sample) -> tuple[str, ...]:
    common: tuple[str, ...] = (
        "Between breaks the series is stationary around its "
        + ("mean" if sample.model == "mean" else "linear trend")
        + " and its seasonal pattern does not change.",
        "Breaks are abrupt: a gradual change appears as one or several steps.",
        "A break says that the recorded figures changed at that date, not why.",
    )
    stretches = ", ".join(str(window) for window in sample.regimes)
    if stretches:
        common = (
            f"In {stretches} the variance of the errors is multiplied by one factor, which is estimated.",
            *common,
        )
    if rule == "ar":
        return (
            "Errors follow one stationary AR(1) process throughout; critical values are simulated for it.",
            *common,
        )
    return (
        f"The tests assume {_ERRORS[rule]}; with autocorrelated errors they find breaks that are not there.",
        *common,
    )


def _caveats(
    sample: Sample,
    search: SizedSearch | None,
    classical: ClassicalTests,
    detectors: str,
    asked: int,
) -> tuple[str, ...]:
    lines = []
    if sample.max_breaks < asked:
        lines.append(
            f"At most {sample.max_breaks} breaks were searched: {sample.n} observed periods hold no more "
            f"segments of {sample.min_length}."
        )
    if search is not None:
        notes = dict.fromkeys(step.note for step in search.steps if step.note)
        lines += [f"The {note}." for note in notes]
        if len(search.breaks) == sample.max_breaks:
            lines.append("Every break that was allowed was found; there may be more.")
    if classical.covariance == "iid" and search is not None:
        lines.append(
            "The segments are too short for HAC variances: supF and its kin take independent errors here."
        )
    lines += [f"{reason}." for reason in classical.reasons]
    lines += [
        f"The variance of {window} enters the sized procedure, its sets and the posterior by its own factor; "
        "the other rules, Bai's intervals and the second opinions take one variance throughout."
        for window in sample.regimes
    ]
    if detectors:
        lines.append(f"No second opinions: {detectors}.")
    return (*lines, *sample.series.caveats)
