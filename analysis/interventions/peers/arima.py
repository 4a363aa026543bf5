"""Regression with ARIMA errors, and Box-Tiao transfer functions of events and of measured inputs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from analysis.domain import FloatArray
from analysis.errors import CannotEstimateError
from analysis.interventions.counterfactual import Path
from analysis.interventions.design import Term
from analysis.interventions.peers.arma import ArimaFit, ArimaOrder, ArimaRegression
from analysis.interventions.peers.estimate import PeerEstimate
from analysis.interventions.peers.inputs import MeasuredInput, response
from analysis.interventions.peers.problem import PeerProblem
from analysis.interventions.peers.residuals import residual_tests

AUTOREGRESSION = ArimaOrder((1, 0, 0))
MOVING_AVERAGE = ArimaOrder((0, 1, 1))
VANISHED = 1e-9
"""A differenced column below this share of its size before carries nothing."""


def fit_sarimax(problem: PeerProblem) -> PeerEstimate:
    """Estimate with ARIMA errors; the decays of responses are held where least squares put them.

    Raises
    ------
    CannotEstimateError
        If the likelihood does not converge, or differencing leaves an event without a column.
    """
    variant = problem.variant()
    order = problem.order or AUTOREGRESSION
    kept = _kept(problem, variant.columns, order)
    fit = ArimaRegression(problem.y, lambda _: variant.columns[:, kept], order).fit()
    decays = {t.name: (d, None) for t, d in zip(problem.decaying_terms(), variant.decays, strict=True)}
    return _finish(problem, order, fit, variant.columns, kept, decays)


def fit_transfer(problem: PeerProblem) -> PeerEstimate:
    """Estimate with the decays of responses, to events and to inputs, as parameters of the likelihood.

    Raises
    ------
    CannotEstimateError
        As `fit_sarimax`.
    """
    variant = problem.variant()
    terms, inputs = problem.decaying_terms(), problem.inputs
    order = problem.order or MOVING_AVERAGE
    kept = _kept(problem, variant.columns, order)
    count = len(terms)

    def columns(decays: FloatArray) -> FloatArray:
        whole = _events(problem, terms, variant.columns, variant.shares, decays[:count])[:, kept]
        blocks = [i.columns(decays[count + at : count + at + i.decays]) for at, i in _placed(inputs)]
        return np.column_stack([whole, *blocks])

    y = problem.y.copy()
    y[: max((i.lost for i in inputs), default=0)] = np.nan
    fit = ArimaRegression(y, columns, order, count + sum(i.decays for i in inputs)).fit()
    decays = {
        t.name: (float(d), float(s) if np.isfinite(s) else None)
        for t, d, s in zip(terms, fit.decays, fit.decay_se, strict=False)
    }
    design = _events(problem, terms, variant.columns, variant.shares, fit.decays[:count])
    estimate = _finish(problem, order, fit, design, kept, decays, columns(fit.decays)[:, len(kept) :])
    if inputs:
        estimate.details["inputs"] = [
            i.describe(fit, len(kept) + sum(j.lags for j in inputs[:n]), count + at)
            for n, (at, i) in enumerate(_placed(inputs))
        ]
    return estimate


def _placed(inputs: tuple[MeasuredInput, ...]) -> list[tuple[int, MeasuredInput]]:
    """Return each input with the position of its first decay among those of all inputs."""
    return [(sum(j.decays for j in inputs[:n]), i) for n, i in enumerate(inputs)]


def _events(
    problem: PeerProblem, terms: list[Term], base: FloatArray, shares: FloatArray, decays: FloatArray
) -> FloatArray:
    """Return the design with the columns of decaying responses for given decays."""
    position = {term.name: j for j, term in enumerate(problem.design.event_terms)}
    result = base.copy()
    for term, decay in zip(terms, decays, strict=True):
        share = shares[:, position[term.name]]
        gradual = problem.recipe.events[term.event_ids[0]].shape == "gradual"
        source = (1 - decay) * share if gradual else np.diff(share, prepend=0.0)
        result[:, term.columns.start] = response(source, np.array([decay]))
    return np.asarray(result)


def _kept(problem: PeerProblem, columns: FloatArray, order: ArimaOrder) -> np.ndarray:
    """Return the columns that differencing leaves; those of season, trend and intercept may vanish."""
    kept = problem.kept
    if not order.differenced:
        return kept
    before = np.linalg.norm(columns, axis=0)
    differenced = order.difference(columns)
    gone = np.linalg.norm(differenced, axis=0) <= VANISHED * np.maximum(before, 1e-300)
    events = {j for t in problem.design.event_terms for j in range(t.columns.start, t.columns.stop)}
    lost = [j for j in kept if gone[j] and j in events]
    if lost:
        name = next(t.name for t in problem.design.event_terms if t.columns.start <= lost[0] < t.columns.stop)
        raise CannotEstimateError(
            f"differencing takes the column of {name} away: no change of '{problem.series.id}' informs it; "
            "use noise without differences"
        )
    kept = kept[~gone[kept]]
    scaled = differenced[:, kept] / np.linalg.norm(differenced[:, kept], axis=0)
    if np.linalg.matrix_rank(scaled, tol=1e-8) < len(kept):
        raise CannotEstimateError(
            f"the differenced columns of '{problem.series.id}' cannot be told apart: leave out season or "
            "trend, or use noise without differences"
        )
    return np.asarray(kept)


def _finish(
    problem: PeerProblem,
    order: ArimaOrder,
    fit: ArimaFit,
    columns: FloatArray,
    kept: np.ndarray,
    decays: Mapping[str, tuple[float, float | None]],
    extra: FloatArray | None = None,
) -> PeerEstimate:
    p, k = len(problem.design.precision), len(kept)
    mean, covariance = np.zeros(p), np.zeros((p, p))
    mean[kept] = fit.beta[:k]
    covariance[np.ix_(kept, kept)] = fit.covariance[:k, :k]
    path = _path(problem, order, columns, mean, covariance, extra is None or not extra.shape[1])
    details = {
        "order": list(order.order),
        "seasonal_order": [*order.seasonal, order.period],
        "cov_type": "approx: second derivative of the exact likelihood by central differences",
        "noise": {
            name: {"estimate": float(v), "se": float(s) if np.isfinite(s) else None}
            for name, v, s in zip(order.names, fit.noise, fit.noise_se, strict=True)
        },
        "innovation_variance": fit.variance,
        "log_likelihood": fit.loglik,
        "aic": -2 * fit.loglik + 2 * (len(fit.beta) + len(fit.noise) + len(fit.decays) + 1),
        "observations_used": fit.n_used,
        "converged": True,
        "likelihood_evaluations": fit.evaluations,
        "largest_slope": fit.slope,
        "held_at_the_boundary": list(fit.held),
        **residual_tests(fit.residuals, len(order.names)),
    }
    return PeerEstimate(problem.dating, mean, covariance, None, path, details, decays)


def _path(
    problem: PeerProblem,
    order: ArimaOrder,
    columns: FloatArray,
    mean: FloatArray,
    covariance: FloatArray,
    whole: bool,
) -> Path:
    """Return the fitted path without events; with differences or inputs the observations less the events."""
    if whole and not order.differenced:
        return problem.mean_path(columns, mean, covariance, None)
    rows = columns - problem.without_events(columns)
    error = np.sqrt(np.maximum(np.einsum("ti,ij,tj->t", rows, covariance, rows), 0.0))
    return problem.path(problem.y - rows @ mean, error, None)
