"""`attribute`: the change between two windows, dated to events, with the doubt of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import get_args

from analysis.attribution.decomposition import decompose, mixture_weights
from analysis.attribution.evidence import EvidenceLevel, gather
from analysis.attribution.result import AttributionResult, DatedDecomposition
from analysis.attribution.windows import WindowMeans, window_means
from analysis.domain import EventTable, TradeSeries, Window
from analysis.domain.declared import RegimeChoice
from analysis.errors import CannotEstimateError, InputError, UsageError
from analysis.interventions import InterventionResult, fit_interventions
from analysis.interventions.dating import DATINGS


def attribute(
    series: TradeSeries,
    events: EventTable | None = None,
    *,
    start: str | Window,
    end: str | Window,
    scale: str | None = None,
    seasonal: bool | None = None,
    trend: str = "linear",
    clock: str = "all",
    method: str = "structural",
    level: float = 0.95,
    regime: RegimeChoice = None,
    controls: object = None,
    evidence: str = "basic",
    outliers: bool = True,
    totals: bool = True,
) -> AttributionResult:
    """Divide the change of a series between two windows among events, trend, season and covariates.

    Parameters
    ----------
    series : TradeSeries
    events : EventTable, optional
        Default for a catalogue series: the list of its recipe.
    start, end : str or Window
        The windows ``from`` and ``to``, both inclusive; a year means its periods. They may not overlap.
    scale, seasonal, trend, level, regime, controls, outliers, totals
        As in `fit_interventions`.
    clock : {"all", "full", "ramp", "adopted"}
        ``all`` mixes the datings: each has weight 0.1 + 0.7 times its posterior probability.
    method : str
        ``structural``.
    evidence : {"none", "basic", "full"}
        Refits that speak for or against the answer: ``basic`` leaves each event out and looks for effects
        before the events; ``full`` adds placebos and the specification curve.

    Returns
    -------
    AttributionResult
        Contributions and residual add up to the observed change.

    Raises
    ------
    UsageError, InputError, CannotEstimateError
        As `fit_interventions`; also for windows outside the sample, that overlap, or that are observed in
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
    before, after = _windows(series, start, end)
    windows = window_means(series, before, after)
    fit = fit_interventions(
        series,
        events,
        scale=scale,
        seasonal=seasonal,
        trend=trend,
        clock="full" if clock == "all" else clock,
        level=level,
        regime=regime,
        controls=controls,
        outliers=outliers,
        totals=totals,
    )
    answer = _divided(fit, before, after, windows, clock)
    return replace(answer, evidence=gather(answer, chosen))


def attribute_fit(fit: InterventionResult, *, start: str | Window, end: str | Window) -> AttributionResult:
    """Divide the change between two windows under a fit that exists, in the mixture of its datings.

    Parameters
    ----------
    fit : InterventionResult
        Of `fit_interventions`; `attribute` makes it itself.
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
    before, after = _windows(fit.series, start, end)
    return _divided(fit, before, after, window_means(fit.series, before, after), "all")


def _divided(
    fit: InterventionResult, before: Window, after: Window, windows: WindowMeans, clock: str
) -> AttributionResult:
    if fit.logs and windows.observed_before <= 0:
        raise CannotEstimateError(f"the mean of {before} is not above zero: use the level scale")
    return AttributionResult(fit, before, after, windows, _datings(fit, windows, clock))


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


def _datings(fit: InterventionResult, windows: WindowMeans, clock: str) -> tuple[DatedDecomposition, ...]:
    chosen = [d for d in fit.posterior.datings if clock in {"all", d.dating}]
    chosen = chosen or list(fit.posterior.datings)
    probability, weights = mixture_weights([d.log_marginal for d in chosen])
    return tuple(
        DatedDecomposition(d.dating, float(p), float(w), decompose(fit.posterior, d, windows, logs=fit.logs))
        for d, p, w in zip(chosen, probability, weights, strict=True)
    )
