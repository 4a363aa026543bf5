"""`fit_peer`: one of the usual methods on a series and its events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from analysis.domain import EventTable, FloatArray, TradeSeries
from analysis.domain.declared import RegimeChoice, read_controls, read_regimes, standardise_controls
from analysis.errors import CannotEstimateError, InputError, UsageError
from analysis.interventions.dating import Dating
from analysis.interventions.design import Design
from analysis.interventions.identification import find_aliasing
from analysis.interventions.peers.arima import AUTOREGRESSION, MOVING_AVERAGE, fit_sarimax, fit_transfer
from analysis.interventions.peers.arma import ArimaOrder
from analysis.interventions.peers.estimate import PeerEstimate, PeerEstimates
from analysis.interventions.peers.methods import PEERS
from analysis.interventions.peers.poisson import fit_poisson
from analysis.interventions.peers.problem import SHARE_PASSES, PeerProblem
from analysis.interventions.peers.regression import fit_glsar, fit_ols
from analysis.interventions.peers.result import PeerResult
from analysis.interventions.peers.synthetic import fit_synthetic
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
    "uc_bsts": partial(fit_unobserved, bsts=True),
    "poisson": fit_poisson,
    "synthetic": fit_synthetic,
}
MOST_LAGS = 24
BEFORE_AFTER = ("uc", "uc_bsts", "synthetic")
"""Methods that are fitted before the first event only."""
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
    order: tuple[int, int, int] | None = None,
    seasonal_order: tuple[int, int, int] = (0, 0, 0),
) -> PeerResult:
    """Estimate the effects of events by one of the usual methods.

    Parameters
    ----------
    series : TradeSeries
    events : EventTable, optional
        Default for a catalogue series: the list of its recipe.
    method : str
        A name of `PEERS`.
    scale, seasonal, trend, clock, level, regime, controls, lunar
        As in `fit_interventions`. A variance regime is checked and named as not in the model; the controls
        of ``synthetic`` are the donors.
    order, seasonal_order : tuple of int, optional
        (p, d, q) and (P, D, Q) of the noise of ``sarimax`` and ``transfer``.

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
    if order is not None and method not in ("sarimax", "transfer"):
        raise UsageError(f"an ARIMA order has no meaning for {method}", pointer="/options/order")
    if method == "poisson" and scale is not None:
        raise UsageError("poisson has a log link: leave the scale out", pointer="/options/scale")
    settings = read_settings(series, scale, seasonal, trend, clock, level, lunar, False, False)
    if settings.trend == "local":
        raise UsageError(
            f"a trend of wandering slope belongs to the structural method; {method} has linear or none",
            pointer="/options/trend",
        )
    if method == "poisson":
        settings = replace(settings, scale="log")
    table = default_events(series) if events is None else events
    if not len(table):
        raise InputError("the event table is empty: give at least one event", pointer="/events")
    check_events(table)
    check_sample(series, 0, settings.seasonal)
    windows, _ = read_regimes(series, regime)
    standardised = standardise_controls(series, controls)
    donors = standardised if method == "synthetic" else {}
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
        "log" if method == "poisson" else "identity",
        _order(series, order, seasonal_order),
        read_controls(series, controls) if donors else {},
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
            *unidentified_warnings(aliasing),
        ),
        method=method,
        path_words=PATH_WORDS[_path_kind(method, problem.order)],
    )


def _order(
    series: TradeSeries, order: tuple[int, int, int] | None, seasonal: tuple[int, int, int]
) -> ArimaOrder | None:
    if order is None:
        return None
    if min(*order, *seasonal) < 0 or max(*order, *seasonal) > MOST_LAGS:
        raise UsageError(
            f"an ARIMA order holds whole numbers from 0 to {MOST_LAGS}", pointer="/options/order"
        )
    return ArimaOrder(order, seasonal, series.first.per_year if any(seasonal) else 1)


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
        return fit_poisson(problem).mean
    seen = problem.observed
    beta = least_squares(problem.y[seen], problem.variant().columns[seen][:, problem.kept]).params
    return problem.embed(beta, np.zeros((len(beta), len(beta))))[0]
