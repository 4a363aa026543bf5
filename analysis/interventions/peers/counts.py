"""Quasi-Poisson and negative binomial regression by statsmodels' GLM, with Newey-West errors.

Effects are in logs of the expected value, so values may be zero. An event in whose window every value is
zero has no finite estimate; it has a bound: the largest effect under which so many zeros are not rare.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from analysis.domain import FloatArray
from analysis.errors import CannotEstimateError, InputError
from analysis.interventions.design import Term, Variant
from analysis.interventions.peers.estimate import Bound, PeerEstimate
from analysis.interventions.peers.problem import PeerProblem
from analysis.interventions.peers.regression import bandwidth
from analysis.interventions.peers.residuals import residual_tests

MOST_ITERATIONS = 200
TOLERANCE = 1e-12
LOG_ALPHA = (-12.0, 4.0)
"""Where the logarithm of the negative binomial's dispersion is looked for."""
WHOLE = 1 - 1e-9
BOUNDED_SHAPES = ("step", "pulse")


@dataclass(frozen=True)
class _Zeros:
    """An event beside which every value is zero, while it is in force or while it is not.

    Attributes
    ----------
    term : Term
    out : ndarray of bool, shape (T,)
        Rows that inform nothing but this effect.
    own : ndarray of bool, shape (T,)
        Those of them that bound it.
    in_force : bool
    """

    term: Term
    out: NDArray[np.bool_]
    own: NDArray[np.bool_]
    in_force: bool


def fit_counts(problem: PeerProblem, *, negative_binomial: bool = False) -> PeerEstimate:
    """Estimate ``E y = exposure exp(x'beta)`` by quasi-likelihood.

    Parameters
    ----------
    problem : PeerProblem
    negative_binomial : bool
        Variance ``mu + alpha mu^2``, alpha by maximum likelihood, instead of a multiple of the mean.

    Raises
    ------
    InputError
        If a value is below zero.
    CannotEstimateError
        If every value is zero, an event of a shape without a bound has zeros only, or the iterations do not
        converge.
    """
    from statsmodels.genmod.families import NegativeBinomial, Poisson

    _check(problem)
    variant = problem.variant()
    zeros = _zeros(problem, variant)
    used = problem.observed.copy()
    for found in zeros:
        used &= ~found.out
    kept = _kept(problem, variant.columns, used, zeros)
    x, y = variant.columns[:, kept], np.where(used, problem.y, 1.0)
    offset = np.zeros(len(y)) if problem.offset is None else problem.offset
    details: dict[str, Any] = {}
    family: Any = Poisson()
    if negative_binomial:
        alpha = _dispersion(y[used], x[used], offset[used])
        family, details["alpha"] = NegativeBinomial(alpha=alpha), alpha
    lags, dof = bandwidth(int(used.sum())), int(used.sum()) - len(kept)
    fit = _glm(
        y,
        np.where(used[:, None], x, 0.0),
        np.where(used, offset, 0.0),
        family,
        problem.series.id,
        cov_type="HAC",
        cov_kwds={"maxlags": lags, "use_correction": False},
    )
    covariance = np.asarray(fit.cov_params()) * used.sum() / dof
    p = len(problem.design.precision)
    mean, full = np.zeros(p), np.zeros((p, p))
    mean[kept], full[np.ix_(kept, kept)] = fit.params, covariance
    residuals = np.asarray(fit.resid_pearson)[used]
    details |= {
        "bandwidth": lags,
        "kernel": "Bartlett",
        "dispersion": float((residuals**2).sum() / dof),
        "zeros": int((problem.y[problem.observed] == 0).sum()),
        "iterations": int(fit.fit_history["iteration"]),
        "converged": bool(fit.converged),
        **residual_tests(residuals),
    }
    spread = max(1.0, _long_run(residuals, lags)) * (1.0 if negative_binomial else details["dispersion"])
    bounds = {
        z.term.name: _bound(problem, z, variant.columns, mean, full, offset, spread, details.get("alpha"))
        for z in zeros
    }
    for name in bounds:
        at = next(t.columns.start for t in problem.design.event_terms if t.name == name)
        full[at, :] = full[:, at] = np.nan
    return PeerEstimate(
        problem.dating,
        mean,
        full,
        dof,
        problem.mean_path(variant.columns, mean, np.nan_to_num(full), dof, offset),
        details,
        {t.name: (d, None) for t, d in zip(problem.decaying_terms(), variant.decays, strict=True)},
        bounds,
    )


def _check(problem: PeerProblem) -> None:
    series = problem.series
    values = series.values
    below = np.flatnonzero(np.nan_to_num(values) < 0)
    if len(below):
        raise InputError(
            f"'{series.id}' is {values[below[0]]:g} in {series.periods[below[0]]}: a regression for counts "
            "needs values of zero or more"
        )
    if not (values > 0).any():
        raise CannotEstimateError(f"every value of '{series.id}' is zero: there is no change to estimate")


def _zeros(problem: PeerProblem, variant: Variant) -> list[_Zeros]:
    """Return the events with zeros only while they are in force, or while they are not."""
    seen, values = problem.observed, np.nan_to_num(problem.series.values)
    found = []
    for j, term in enumerate(problem.design.event_terms):
        if term.name in problem.aliasing.unidentified:
            continue
        column, share = variant.columns[:, term.columns.start], variant.shares[:, j]
        shape = problem.recipe.events[term.event_ids[0]].shape
        inside = seen & (column != 0) & (share >= WHOLE if shape == "step" else True)
        for rows, out, in_force in (
            (inside, column != 0, True),
            (seen & (column == 0), (column == 0) | (share < WHOLE), False),
        ):
            if not rows.any() or (values[rows] > 0).any():
                continue
            if shape not in BOUNDED_SHAPES:
                raise CannotEstimateError(
                    f"every value of '{problem.series.id}' while {term.name} is "
                    f"{'in force' if in_force else 'not in force'} is zero: a response of shape {shape} "
                    "has no finite estimate; use the level scale"
                )
            found.append(_Zeros(term, out, rows, in_force))
    return [_Zeros(z.term, z.out, z.own & ~_others(found, z), z.in_force) for z in found]


def _others(found: list[_Zeros], own: _Zeros) -> NDArray[np.bool_]:
    """Return the rows in which another such event is in force, or not, as well."""
    rows = np.zeros(len(own.out), dtype=bool)
    for other in found:
        if other is not own and other.in_force == own.in_force:
            rows |= other.out
    return rows


def _kept(
    problem: PeerProblem, columns: FloatArray, used: NDArray[np.bool_], zeros: list[_Zeros]
) -> NDArray[np.intp]:
    """Return the columns that the rows used can tell apart, the bounded effects left out."""
    gone = [j for z in zeros for j in range(z.term.columns.start, z.term.columns.stop)]
    kept = np.setdiff1d(problem.kept, gone)
    rows = columns[used][:, kept]
    size = np.linalg.norm(rows, axis=0)
    if (size == 0).any() or np.linalg.matrix_rank(rows / size, tol=1e-8) < len(kept):
        raise CannotEstimateError(
            f"in the periods of '{problem.series.id}' that are not all zero the design cannot tell its "
            "columns apart: leave out an event or the season"
        )
    return kept


def _glm(y: FloatArray, x: FloatArray, offset: FloatArray, family: Any, name: str, **options: Any) -> Any:
    import warnings

    from statsmodels.genmod.generalized_linear_model import GLM

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # convergence is judged below
        try:
            fit = GLM(y, x, family=family, offset=offset).fit(
                maxiter=MOST_ITERATIONS, tol=TOLERANCE, **options
            )
        except (ValueError, FloatingPointError, np.linalg.LinAlgError):
            fit = None
    if fit is None or not fit.converged or not np.isfinite(fit.params).all():
        raise CannotEstimateError(
            f"the regression for counts of '{name}' did not converge in {MOST_ITERATIONS} iterations: a "
            "season or an event may hold zeros only"
        )
    return fit


def _dispersion(y: FloatArray, x: FloatArray, offset: FloatArray) -> float:
    """Return the dispersion of the negative binomial that maximises the likelihood, coefficients refitted."""
    from statsmodels.genmod.families import NegativeBinomial

    def loss(log_alpha: float) -> float:
        family = NegativeBinomial(alpha=float(np.exp(log_alpha)))
        return -float(_glm(y, x, offset, family, "the series").llf)

    found = optimize.minimize_scalar(loss, bounds=LOG_ALPHA, method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))


def _long_run(residuals: FloatArray, lags: int) -> float:
    """Return the long-run variance of the residuals over their variance."""
    from statsmodels.stats.sandwich_covariance import S_hac_simple

    centred = residuals - residuals.mean()
    return float(np.squeeze(S_hac_simple(centred[:, None], nlags=lags)) / (centred @ centred))


def _bound(
    problem: PeerProblem,
    zeros: _Zeros,
    columns: FloatArray,
    mean: FloatArray,
    covariance: FloatArray,
    offset: FloatArray,
    spread: float,
    alpha: float | None,
) -> Bound:
    """Return the effect beyond which the zeros would have had less than the tail probability.

    A variance `spread` times the Poisson's is read as that many units to an event of a Poisson process, so
    that the probability of a total of zero is ``exp(-expected / spread)``; the negative binomial has its own.
    The expected values stand at the lower end of their own interval.
    """
    tail = 0.5 * (1 - problem.settings.level)
    words = "in force" if zeros.in_force else "not in force"
    if not zeros.own.any():
        return Bound(None, None, f"every value while it is {words} is zero, as beside another event")
    rows = columns[zeros.own]
    rows[:, zeros.term.columns.start] = 0.0
    expected = np.exp(rows @ mean + offset[zeros.own])
    slope = expected @ rows / expected.sum()
    error = float(np.sqrt(slope @ np.nan_to_num(covariance) @ slope))
    expected = expected * np.exp(special.ndtri(tail) * error)
    if alpha is None:
        limit = float(np.log(-np.log(tail) * spread / expected.sum()))
    else:

        def excess(effect: float) -> float:
            return float(np.log1p(alpha * np.exp(effect) * expected).sum() / (alpha * spread) + np.log(tail))

        limit = float(optimize.brentq(excess, -60.0, 60.0))
    reason = f"every value while it is {words} is zero: no finite estimate, a bound alone"
    return Bound(None, limit, reason) if zeros.in_force else Bound(-limit, None, reason)
