"""Quasi-Poisson regression: effects in logs on values that may be zero."""

from __future__ import annotations

import numpy as np
from scipy import special

from analysis.domain import FloatArray
from analysis.errors import CannotEstimateError, InputError
from analysis.interventions.peers.estimate import PeerEstimate
from analysis.interventions.peers.problem import PeerProblem
from analysis.numerics.least_squares import least_squares
from analysis.numerics.long_run_variance import newey_west_lags, newey_west_sum

MOST_ITERATIONS = 100
DEVIANCE_TOLERANCE = 1e-12


def fit_poisson(problem: PeerProblem) -> PeerEstimate:
    """Estimate ``E y = exp(x'beta)`` by quasi-likelihood with Newey-West standard errors.

    Raises
    ------
    InputError
        If a value is below zero.
    CannotEstimateError
        If every value in an event's window is zero, or the iterations do not converge.
    """
    _check(problem)
    variant = problem.variant()
    seen, kept = problem.observed, problem.kept
    x, y = variant.columns[seen][:, kept], problem.y[seen]
    beta, mean, iterations = _iterate(x, y, problem.series.id)
    weighted = least_squares(y, np.sqrt(mean)[:, None] * x)
    if weighted.rank < x.shape[1]:
        raise CannotEstimateError(
            f"the weighted design of '{problem.series.id}' cannot tell its columns apart: leave out an event"
        )
    lags = newey_west_lags(len(y))
    dof = len(y) - x.shape[1]
    order = list(weighted.kept)
    meat = newey_west_sum(x[:, order] * (y - mean)[:, None], seen, lags)
    covariance = np.zeros((x.shape[1], x.shape[1]))
    covariance[np.ix_(order, order)] = weighted.sandwich(meat) * len(y) / dof
    full_mean, full = problem.embed(beta, covariance)
    details = {
        "bandwidth": lags,
        "kernel": "Bartlett",
        "dispersion": float(((y - mean) ** 2 / mean).sum() / dof),
        "zeros": int((y == 0).sum()),
        "iterations": iterations,
        "converged": True,
    }
    return PeerEstimate(
        problem.dating,
        full_mean,
        full,
        dof,
        problem.mean_path(variant.columns, full_mean, full, dof),
        details,
        {t.name: (d, None) for t, d in zip(problem.decaying_terms(), variant.decays, strict=True)},
    )


def _check(problem: PeerProblem) -> None:
    series = problem.series
    values = series.values
    below = np.flatnonzero(np.nan_to_num(values) < 0)
    if len(below):
        raise InputError(
            f"'{series.id}' is {values[below[0]]:g} in {series.periods[below[0]]}: a quasi-Poisson "
            "regression needs values of zero or more"
        )
    if not (values > 0).any():
        raise CannotEstimateError(f"every value of '{series.id}' is zero: there is no change to estimate")
    seen = problem.observed
    for term in problem.design.event_terms:
        column = problem.variants[0].columns[:, term.columns.start]
        for name, inside in (("in force", seen & (column != 0)), ("not in force", seen & (column == 0))):
            if inside.any() and not (values[inside] > 0).any():
                raise CannotEstimateError(
                    f"every value of '{series.id}' while {term.name} is {name} is zero: its effect has "
                    "no finite estimate; use the level scale"
                )


def _iterate(x: FloatArray, y: FloatArray, name: str) -> tuple[FloatArray, FloatArray, int]:
    """Newton's method (iteratively reweighted least squares) with halved steps."""
    mean = 0.5 * (y + y.mean())
    beta = least_squares(np.log(mean), x).params
    mean = np.exp(x @ beta)
    deviance = _deviance(y, mean)
    for iteration in range(1, MOST_ITERATIONS + 1):
        root = np.sqrt(mean)
        step = least_squares((y - mean) / root, root[:, None] * x).params
        for halving in range(30):
            trial = beta + step / 2.0**halving
            expected = np.exp(np.minimum(x @ trial, 700.0))
            following = _deviance(y, expected)
            if following <= deviance + 1e-12 * abs(deviance):
                break
        moved = abs(deviance - following)
        beta, mean, deviance = trial, expected, following
        if moved <= DEVIANCE_TOLERANCE * (abs(deviance) + 1.0) * y.mean():
            return beta, mean, iteration
    raise CannotEstimateError(
        f"the quasi-Poisson regression of '{name}' did not converge in {MOST_ITERATIONS} iterations: a "
        "season or an event may hold zeros only"
    )


def _deviance(y: FloatArray, mean: FloatArray) -> float:
    return float(2 * (special.xlogy(y, y / mean) - (y - mean)).sum())
