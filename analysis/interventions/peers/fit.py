"""`fit_peer`: one of the usual methods on a series and its events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Unpack

import numpy as np

from analysis.domain import EventTable, FloatArray, TradeSeries
from analysis.domain.declared import RegimeChoice, read_controls, read_regimes, standardise_controls
from analysis.errors import CannotEstimateError, InputError, UsageError
from analysis.interventions.dating import Dating
from analysis.interventions.design import Design
from analysis.interventions.identification import find_aliasing
from analysis.interventions.peers.arima import AUTOREGRESSION, MOVING_AVERAGE, fit_sarimax, fit_transfer
from analysis.interventions.peers.arma import ArimaOrder
from analysis.interventions.peers.causal_impact import fit_causal_impact
from analysis.interventions.peers.counts import fit_counts
from analysis.interventions.peers.donors import fit_synthetic
from analysis.interventions.peers.estimate import PeerEstimate, PeerEstimates
from analysis.interventions.peers.inputs import read_inputs
from analysis.interventions.peers.methods import PEERS
from analysis.interventions.peers.options import MethodOptions, read_options, take_offset
from analysis.interventions.peers.problem import SHARE_PASSES, PeerProblem
from analysis.interventions.peers.regression import fit_glsar, fit_ols
from analysis.interventions.peers.result import PeerResult
from analysis.interventions.peers.unobserved import fit_unobserved
from analysis.interventions.sample import check_events, check_sample
from analysis.interventions.settings import (
    DesignRecipe,
    check_controls,
    default_events,
    read_settings,
    scale_warnings,
    unidentified_warnings,
)
from analysis.numerics.least_squares import least_squares

ESTIMATORS: dict[str, Callable[[PeerProblem], PeerEstimate]] = {
    "ols": fit_ols,
    "ols_hac": partial(fit_ols, hac=True),
    "glsar": fit_glsar,
    "sarimax": fit_sarimax,
    "transfer": fit_transfer,
    "uc": fit_unobserved,
    "uc_bsts": fit_causal_impact,
    "poisson": fit_counts,
    "negbin": partial(fit_counts, negative_binomial=True),
    "synthetic": fit_synthetic,
}
COUNTS = ("poisson", "negbin")
BEFORE_AFTER = ("uc", "uc_bsts", "synthetic")
"""Methods that are fitted before the first event only."""
LINEAR = "{method} has no wandering slope: its trend is linear."
PATH_WORDS = {
    "regression": "the fitted mean without events; limits of the mean, not of a single period",
    "differenced": "the observed values less the events' effects; none in unobserved periods",
    "before": "the prediction from the periods before the first event, new noise included",
    "donors": "the weighted donors; no limits",
}


def fit_peer(
    series: TradeSeries,
    events: EventTable | None = None,
    *,
    method: str,
    scale: str | None = None,
    seasonal: bool | None = None,
    trend: str = "linear",
    clock: str = "full",
    level: float = 0.95,
    regime: RegimeChoice = None,
    controls: object = None,
    lunar: bool | None = None,
    **given: Unpack[MethodOptions],
) -> PeerResult:
    """Estimate the effects of events by one of the usual methods.

    Parameters
    ----------
    series : TradeSeries
    events : EventTable, optional
        Default for a catalogue series: the list of its recipe.
    method : str
        A name of `PEERS`.
    scale, seasonal, clock, level, regime, controls, lunar
        As in `fit_interventions`. A variance regime is checked and named as not in the model; the controls
        of ``synthetic`` are the donors and their predictors.
    trend : {"linear", "local", "none"}
        ``local`` is a wandering slope in ``uc``; the other methods take a linear trend and say so.
    **given
        What only some methods read; see `MethodOptions`.

    Returns
    -------
    PeerResult

    Raises
    ------
    UsageError, InputError, CannotEstimateError
        As `fit_interventions`; also where the method does not apply or does not converge.
    """
    if method not in PEERS:
        raise UsageError(
            f"method is one of structural, {', '.join(PEERS)}, not '{method}'", pointer="/options/method"
        )
    options = read_options(series, method, given)
    counts = method in COUNTS
    if counts and scale is not None:
        raise UsageError(f"{method} has a log link: leave the scale out", pointer="/options/scale")
    settings = read_settings(series, scale, seasonal, trend, clock, level, lunar, False, False)
    wandering = settings.trend == "local"
    settings = replace(
        settings,
        trend="linear" if wandering else settings.trend,
        scale="log" if counts else settings.scale,
    )
    table = default_events(series) if events is None else events
    if not len(table):
        raise InputError("the event table is empty: give at least one event", pointer="/events")
    check_events(table)
    check_sample(series, 0, settings.seasonal)
    windows, _ = read_regimes(series, regime)
    raw_controls = read_controls(series, controls)
    exposure, raw_controls = take_offset(options.offset, raw_controls)
    inputs = read_inputs(options.inputs, raw_controls)
    donors = raw_controls if method == "synthetic" else {}
    standardised = standardise_controls(
        series, {k: v for k, v in raw_controls.items() if k not in {i.name for i in inputs}} or None
    )
    recipe = DesignRecipe(series, table, settings, {} if donors else standardised)
    raw = recipe.build()
    check_controls(series, raw)
    aliasing = find_aliasing(raw, np.isfinite(series.values))
    if method in BEFORE_AFTER and aliasing.unidentified:
        raise CannotEstimateError(
            f"{', '.join(sorted(aliasing.unidentified))} cannot be told apart in the sample: {method} needs "
            "a window of its own for each event; use the structural method"
        )
    if method not in BEFORE_AFTER:
        check_sample(series, len(raw.precision) - len(aliasing.pinned), settings.seasonal)
    problem = PeerProblem(
        recipe,
        raw.pin(aliasing.pinned),
        aliasing,
        "full",
        link="log" if counts else "identity",
        order=options.order,
        raw_controls=donors,
        inputs=inputs,
        offset=exposure,
        wandering_slope=wandering,
        synthetic=options.synthetic,
    )
    problem = replace(problem, design=_settled(problem, method).pin(aliasing.pinned))
    datings = list(dict.fromkeys(v.dating for v in problem.design.variants))
    if method in BEFORE_AFTER:
        datings = [d for d in datings if d == settings.clock] or datings[:1]
    estimates = tuple(ESTIMATORS[method](replace(problem, dating=d)) for d in datings)
    return PeerResult(
        series,
        table,
        PeerEstimates(problem.design, estimates),
        aliasing,
        settings.scale,
        settings.seasonal,
        settings.trend,
        settings.clock,
        settings.level,
        (),
        tuple(standardised),
        settings.lunar,
        (
            *scale_warnings(series, settings.scale, scale),
            *(f"The variance regime {window} is not in the method {method}." for window in windows),
            *([LINEAR.format(method=method)] if wandering and method != "uc" else []),
            *unidentified_warnings(aliasing),
            *_bounded(estimates, settings.level),
        ),
        method=method,
        path_words=PATH_WORDS[_path_kind(method, problem.order)],
    )


def _bounded(estimates: Sequence[PeerEstimate], level: float) -> list[str]:
    """Return a sentence for every effect that has a bound alone, under the first dating."""
    lines = []
    for name, bound in estimates[0].bounds.items():
        end = next(
            (e for e in (("at most", bound.upper), ("at least", bound.lower)) if e[1] is not None), None
        )
        size = f"; its effect is {end[0]} {end[1]:.2f} in logs ({50 * (1 + level):g} %)" if end else ""
        lines.append(f"{name}: {bound.reason}{size}.")
    return lines


def _path_kind(method: str, order: ArimaOrder | None) -> str:
    if method in BEFORE_AFTER:
        return "donors" if method == "synthetic" else "before"
    noise = order or (MOVING_AVERAGE if method == "transfer" else AUTOREGRESSION)
    differenced = method in ("sarimax", "transfer") and (noise.order[1] or noise.seasonal[1])
    return "differenced" if differenced else "regression"


def _settled(problem: PeerProblem, method: str) -> Design:
    """Return the design after the passes in which the columns of partial periods settle."""
    shares = [v.shares for v in problem.design.variants]
    moving = any(((share > 0) & (share < 1)).any() for share in shares)
    if problem.scale != "log" or method in BEFORE_AFTER or not moving:
        return problem.design
    design = problem.design
    for _ in range(SHARE_PASSES):
        effects: dict[tuple[str, Dating], float] = {}
        for dating in dict.fromkeys(v.dating for v in design.variants):
            mean = _preliminary(replace(problem, design=design, dating=dating))
            effects |= {(t.name, dating): float(mean[t.columns.start]) for t in design.event_terms}
        design = problem.recipe.build(effects).pin(problem.aliasing.pinned)
    return design


def _preliminary(problem: PeerProblem) -> FloatArray:
    """Return coefficients by least squares, or by the quasi-likelihood where the link is logarithmic."""
    if problem.link == "log":
        return fit_counts(problem).mean
    seen = problem.observed
    beta = least_squares(problem.y[seen], problem.variant().columns[seen][:, problem.kept]).params
    return problem.embed(beta, np.zeros((len(beta), len(beta))))[0]
