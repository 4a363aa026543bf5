"""Least squares with classical and with Newey-West standard errors, and iterated AR(1) errors."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.domain import FloatArray
from analysis.errors import CannotEstimateError
from analysis.interventions.peers.estimate import PeerEstimate
from analysis.interventions.peers.problem import PeerProblem
from analysis.numerics.least_squares import LeastSquares, least_squares
from analysis.numerics.long_run_variance import newey_west_lags, newey_west_sum

MOST_ITERATIONS = 200
RHO_TOLERANCE = 1e-8
LARGEST_RHO = 0.999


def fit_ols(problem: PeerProblem, *, hac: bool = False) -> PeerEstimate:
    """Estimate by least squares.

    Parameters
    ----------
    problem : PeerProblem
    hac : bool
        Newey-West instead of classical standard errors.
    """
    variant = problem.variant()
    x = variant.columns[problem.observed][:, problem.kept]
    fit = least_squares(problem.y[problem.observed], x)
    dof = len(x) - fit.rank
    details: dict[str, Any] = {"residual_sd": float(np.sqrt(fit.ssr / dof))}
    if hac:
        lags = newey_west_lags(len(x))
        order = list(fit.kept)
        meat = newey_west_sum(x[:, order] * fit.residuals[:, None], problem.observed, lags)
        covariance = _placed(fit, fit.sandwich(meat) * len(x) / dof)
        details |= {"bandwidth": lags, "kernel": "Bartlett"}
    else:
        covariance = _placed(fit, fit.sandwich(_gram(fit)) * fit.ssr / dof)
    return _finish(problem, variant.columns, variant.decays, fit.params, covariance, dof, details)


def fit_glsar(problem: PeerProblem) -> PeerEstimate:
    """Estimate with AR(1) errors by iterated feasible generalised least squares.

    An observation g periods after the one before is whitened by ``rho ** g``; the first is dropped.

    Raises
    ------
    CannotEstimateError
        If the autocorrelation does not settle.
    """
    variant = problem.variant()
    seen = np.flatnonzero(problem.observed)
    x, y = variant.columns[seen][:, problem.kept], problem.y[seen]
    gaps = np.diff(seen)
    rho, fit = 0.0, least_squares(y, x)
    iterations = 0
    while True:
        iterations += 1
        following = _autocorrelation(y - x @ fit.params, gaps)
        settled = abs(following - rho) < RHO_TOLERANCE
        rho = following
        powers = rho**gaps
        weight = np.sqrt((1 - rho**2) / (1 - powers**2))
        white = weight[:, None] * (x[1:] - powers[:, None] * x[:-1])
        fit = least_squares(weight * (y[1:] - powers * y[:-1]), white)
        if fit.rank < x.shape[1]:
            raise CannotEstimateError(
                f"after whitening by its autocorrelation {rho:.3f} the design of '{problem.series.id}' "
                "cannot tell its columns apart: use the structural method"
            )
        if settled:
            break
        if iterations == MOST_ITERATIONS:
            raise CannotEstimateError(
                f"the autocorrelation of the errors did not settle in {MOST_ITERATIONS} iterations (last "
                f"value {rho:.3f}): use the structural method"
            )
    dof = len(white) - fit.rank
    covariance = _placed(fit, fit.sandwich(_gram(fit)) * fit.ssr / dof)
    details = {"rho": rho, "iterations": iterations, "converged": True}
    return _finish(problem, variant.columns, variant.decays, fit.params, covariance, dof, details)


def _autocorrelation(residuals: FloatArray, gaps: np.ndarray) -> float:
    """Yule-Walker estimate from neighbouring periods, each moment over its own number of terms."""
    centred = residuals - residuals.mean()
    next_to = gaps == 1
    if next_to.sum() < 2:
        raise CannotEstimateError(
            "too few neighbouring periods are observed to estimate the autocorrelation: use another method"
        )
    first = float((centred[1:] * centred[:-1])[next_to].mean())
    rho = first / float((centred**2).mean())
    return float(np.clip(rho, -LARGEST_RHO, LARGEST_RHO))


def _gram(fit: LeastSquares) -> FloatArray:
    return fit.triangle.T @ fit.triangle


def _placed(fit: LeastSquares, covariance: FloatArray) -> FloatArray:
    size = len(fit.params)
    placed = np.zeros((size, size))
    placed[np.ix_(fit.kept, fit.kept)] = covariance
    return placed


def _finish(
    problem: PeerProblem,
    columns: FloatArray,
    decays: tuple[float, ...],
    beta: FloatArray,
    covariance: FloatArray,
    dof: int,
    details: dict[str, Any],
) -> PeerEstimate:
    mean, full = problem.embed(beta, covariance)
    return PeerEstimate(
        problem.dating,
        mean,
        full,
        dof,
        problem.mean_path(columns, mean, full, dof),
        details,
        {t.name: (d, None) for t, d in zip(problem.decaying_terms(), decays, strict=True)},
    )
