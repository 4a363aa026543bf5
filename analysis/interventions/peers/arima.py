"""Regression with ARIMA errors, and Box-Tiao transfer functions with ARIMA noise."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from analysis.domain import FloatArray
from analysis.errors import CannotEstimateError
from analysis.interventions.counterfactual import Path
from analysis.interventions.design import Term
from analysis.interventions.peers.arma import ArimaFit, ArimaOrder, ArimaRegression, Columns
from analysis.interventions.peers.estimate import PeerEstimate
from analysis.interventions.peers.problem import PeerProblem
from analysis.interventions.shapes import shape_columns

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
    regression = ArimaRegression(problem.y, lambda _: variant.columns[:, kept], order)
    decays = {t.name: (d, None) for t, d in zip(problem.decaying_terms(), variant.decays, strict=True)}
    return _finish(problem, regression, regression.fit(), variant.columns, kept, decays)


def fit_transfer(problem: PeerProblem) -> PeerEstimate:
    """Estimate with the decays of gradual and temporary responses as parameters of the likelihood.

    Raises
    ------
    CannotEstimateError
        As `fit_sarimax`.
    """
    variant = problem.variant()
    terms = problem.decaying_terms()
    order = problem.order or MOVING_AVERAGE
    kept = _kept(problem, variant.columns, order)
    columns = _columns(problem, terms, variant.columns, variant.shares)
    regression = ArimaRegression(problem.y, lambda d: columns(d)[:, kept], order, len(terms))
    fit = regression.fit()
    decays = {
        t.name: (float(d), float(s) if np.isfinite(s) else None)
        for t, d, s in zip(terms, fit.decays, fit.decay_se, strict=True)
    }
    return _finish(problem, regression, fit, columns(fit.decays), kept, decays)


def _columns(problem: PeerProblem, terms: list[Term], base: FloatArray, shares: FloatArray) -> Columns:
    """Return the function from the decays to the whole design."""
    events, per_year = problem.recipe.events, problem.series.first.per_year
    position = {term.name: j for j, term in enumerate(problem.design.event_terms)}

    def columns(decays: FloatArray) -> FloatArray:
        result = base.copy()
        for term, decay in zip(terms, decays, strict=True):
            shape = events[term.event_ids[0]].shape
            result[:, term.columns] = shape_columns(
                shape, shares[:, position[term.name]], per_year, float(decay)
            )
        return result

    return columns


def _kept(problem: PeerProblem, columns: FloatArray, order: ArimaOrder) -> np.ndarray:
    """Return the columns that differencing leaves; those of season, trend and intercept may vanish."""
    regression = ArimaRegression(problem.y, lambda _: columns, order)
    kept = problem.kept
    before = np.linalg.norm(columns[problem.observed], axis=0)
    after = np.linalg.norm(regression.design(np.zeros(0)), axis=0)
    gone = after <= VANISHED * np.maximum(before, 1e-300)
    events = {j for t in problem.design.event_terms for j in range(t.columns.start, t.columns.stop)}
    lost = [j for j in kept if gone[j] and j in events]
    if lost:
        name = next(t.name for t in problem.design.event_terms if t.columns.start <= lost[0] < t.columns.stop)
        raise CannotEstimateError(
            f"differencing takes the column of {name} away: no change of '{problem.series.id}' informs it; "
            "use noise without differences"
        )
    kept = kept[~gone[kept]]
    differenced = regression.design(np.zeros(0))[:, kept]
    size = np.linalg.norm(differenced, axis=0)
    if np.linalg.matrix_rank(differenced / size, tol=1e-8) < len(kept):
        raise CannotEstimateError(
            f"the differenced columns of '{problem.series.id}' cannot be told apart: leave out season or "
            "trend, or use noise without differences"
        )
    return np.asarray(kept)


def _finish(
    problem: PeerProblem,
    regression: ArimaRegression,
    fit: ArimaFit,
    columns: FloatArray,
    kept: np.ndarray,
    decays: Mapping[str, tuple[float, float | None]],
) -> PeerEstimate:
    order = regression.order
    p = len(problem.design.precision)
    mean, covariance = np.zeros(p), np.zeros((p, p))
    mean[kept] = fit.beta
    covariance[np.ix_(kept, kept)] = fit.covariance
    path = _path(problem, order, columns, mean, covariance)
    details = {
        "order": list(order.order),
        "seasonal_order": [*order.seasonal, order.period],
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
    }
    return PeerEstimate(problem.dating, mean, covariance, None, path, details, decays)


def _path(
    problem: PeerProblem, order: ArimaOrder, columns: FloatArray, mean: FloatArray, covariance: FloatArray
) -> Path:
    """Return the fitted path without events, or with differenced noise the observations less the events."""
    if order.order[1] == 0 and order.seasonal[1] == 0:
        return problem.mean_path(columns, mean, covariance, None)
    rows = columns - problem.without_events(columns)
    error = np.sqrt(np.maximum(np.einsum("ti,ij,tj->t", rows, covariance, rows), 0.0))
    return problem.path(problem.y - rows @ mean, error, None)
