"""Least squares, plain and with Newey-West errors, and AR(1) errors by GLSAR: all by statsmodels.

A missing period keeps its place in the calendar. For the Newey-West covariance it is a row of zeros, so that
lags count periods (Parzen 1963, Sankhya A 25, 383-392); for GLSAR it is a parameter of its own, which leaves
the likelihood of the other periods given the autocorrelation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.domain import FloatArray
from analysis.errors import CannotEstimateError
from analysis.interventions.peers.estimate import PeerEstimate
from analysis.interventions.peers.problem import PeerProblem
from analysis.interventions.peers.residuals import residual_tests

MOST_ITERATIONS = 500
TOLERANCE = 1e-10
"""Largest relative change of a coefficient at which the iterations of GLSAR count as settled."""


def bandwidth(n: int) -> int:
    """Return the rule of thumb ``floor(4 (n / 100)^(2/9))``."""
    return int(np.floor(4 * (n / 100) ** (2 / 9)))


def fit_ols(problem: PeerProblem, *, hac: bool = False) -> PeerEstimate:
    """Estimate by least squares.

    Parameters
    ----------
    problem : PeerProblem
    hac : bool
        Newey-West instead of classical standard errors.
    """
    from statsmodels.regression.linear_model import OLS

    variant = problem.variant()
    seen = problem.observed
    x = variant.columns[:, problem.kept]
    fit = OLS(problem.y[seen], x[seen]).fit()
    dof = int(fit.df_resid)
    details: dict[str, Any] = {"residual_sd": float(np.sqrt(fit.scale)), **residual_tests(fit.resid)}
    covariance = np.asarray(fit.cov_params())
    if hac:
        lags = bandwidth(int(fit.nobs))
        placed = OLS(np.where(seen, problem.y, 0.0), np.where(seen[:, None], x, 0.0)).fit(
            cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": False}
        )
        covariance = np.asarray(placed.cov_params()) * fit.nobs / dof
        details |= {"bandwidth": lags, "kernel": "Bartlett"}
    return _finish(problem, variant.columns, variant.decays, fit.params, covariance, dof, details)


def fit_glsar(problem: PeerProblem) -> PeerEstimate:
    """Estimate with AR(1) errors by iterated feasible generalised least squares.

    The first observation is dropped.

    Raises
    ------
    CannotEstimateError
        If the autocorrelation does not settle, or whitening leaves columns that cannot be told apart.
    """
    from statsmodels.regression.linear_model import GLSAR

    variant = problem.variant()
    first, last = np.flatnonzero(problem.observed)[[0, -1]]
    span = slice(first, last + 1)
    seen, x = problem.observed[span], variant.columns[span][:, problem.kept]
    absent = np.flatnonzero(~seen)
    blanks = np.zeros((len(seen), len(absent)))
    blanks[absent, np.arange(len(absent))] = 1.0
    y = np.where(seen, problem.y[span], problem.y[span][seen].mean())
    model = GLSAR(y, np.column_stack([x, blanks]), rho=1)
    fit = model.iterative_fit(maxiter=MOST_ITERATIONS, rtol=TOLERANCE)
    rho = float(model.rho[0])
    if not fit.converged:
        raise CannotEstimateError(
            f"the autocorrelation of the errors did not settle in {MOST_ITERATIONS} iterations (last value "
            f"{rho:.3f}): use the structural method"
        )
    if np.linalg.matrix_rank(model.wexog) < model.exog.shape[1]:
        raise CannotEstimateError(
            f"after whitening by its autocorrelation {rho:.3f} the design of '{problem.series.id}' "
            "cannot tell its columns apart: use the structural method"
        )
    k = x.shape[1]
    details = {
        "rho": rho,
        "iterations": int(fit.iter),
        "converged": bool(fit.converged),
        **residual_tests(np.asarray(fit.wresid)[seen[1:]]),
    }
    return _finish(
        problem,
        variant.columns,
        variant.decays,
        np.asarray(fit.params)[:k],
        np.asarray(fit.cov_params())[:k, :k],
        int(fit.df_resid),
        details,
    )


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
