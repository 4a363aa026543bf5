"""Unobserved components by statsmodels: fitted before the first event, predicted beyond it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.domain import FloatArray
from analysis.errors import CannotEstimateError
from analysis.interventions.counterfactual import Path
from analysis.interventions.peers.estimate import Draws, PeerEstimate
from analysis.interventions.peers.problem import PeerProblem
from analysis.interventions.peers.windows import BeforeAfter, before_after, describe_windows, measured
from analysis.numerics.fixed_sequence import normals

PATHS = 2048
"""Simulated paths; with their mirror images, so that their mean is exact."""
STREAM = 19
MOST_ITERATIONS = 500
FITS = ("lbfgs", "bfgs", "nm")


@dataclass(frozen=True, kw_only=True)
class PathEstimate(PeerEstimate):
    """Effects read off simulated paths.

    Attributes
    ----------
    draws : ndarray, shape (D, E)
        Effects of the event terms on each path.
    columns : tuple of int
        Where each event term's effect stands among the coefficients.
    """

    draws: FloatArray
    columns: tuple[int, ...]

    def combination(self, weights: FloatArray) -> Draws:
        """Return the distribution of ``weights @ beta``."""
        return Draws(self.draws @ weights[list(self.columns)])


@dataclass(frozen=True)
class _Prediction:
    """Simulated values without events, and the fit they come from."""

    paths: FloatArray
    fitted: FloatArray
    error: FloatArray
    details: dict[str, Any]


def fit_unobserved(problem: PeerProblem) -> PeerEstimate:
    """Predict beyond the first event, and read the effects off the gaps.

    The level is a random walk (with ``trend="local"`` its slope wanders too); season, trend and controls are
    regressors of a flat prior in the state, so that their doubt is in the paths; the variances are held at
    their maximum-likelihood values.

    Raises
    ------
    CannotEstimateError
        If too little precedes the first event, or it cannot carry the season and the controls, or the search
        does not converge.
    """
    windows = before_after(problem)
    predicted = _predict(problem, windows)
    averages = predicted.paths @ windows.averaging.T
    gaps = windows.averaging @ np.nan_to_num(problem.y) - averages
    draws = gaps @ windows.effects_of_gaps.T
    columns = tuple(t.columns.start for t in problem.design.event_terms)
    p = len(problem.design.precision)
    mean, covariance = np.zeros(p), np.zeros((p, p))
    mean[list(columns)] = draws.mean(axis=0)
    covariance[np.ix_(columns, columns)] = np.atleast_2d(np.cov(draws.T, bias=True))
    details = {
        "fitted_before": {
            "observations": int(windows.before.sum()),
            "last": str(problem.series.periods[int(np.flatnonzero(windows.before)[-1])]),
        },
        "windows": describe_windows(problem, windows, [Draws(a) for a in averages.T]),
        "paths": 2 * PATHS,
        **predicted.details,
    }
    return PathEstimate(
        dating=problem.dating,
        mean=mean,
        covariance=covariance,
        dof=None,
        path=_path(problem, predicted, windows, mean),
        details=details,
        draws=draws,
        columns=columns,
    )


def _predict(problem: PeerProblem, windows: BeforeAfter) -> _Prediction:
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    local = problem.wandering_slope
    base = [t for t in problem.design.terms if not t.event_ids and t.kind != "intercept"]
    wanted = [j for t in base if not (local and t.kind == "trend") for j in range(*t.columns.indices(10**6))]
    x = problem.variants[0].columns[:, wanted]
    last = int(np.flatnonzero(windows.before)[-1])
    y = np.where(windows.before, problem.y, np.nan)[: last + 1]
    _check(problem, y, x)
    centre, unit = float(np.nanmean(y)), float(np.nanstd(y))
    size = np.linalg.norm(x[: last + 1], axis=0)
    model = UnobservedComponents(
        (y - centre) / unit,
        level="lltrend" if local else "llevel",
        exog=x[: last + 1] / size if wanted else None,
        mle_regression=False,
        use_exact_diffuse=True,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # convergence is judged below
        start: Any = None
        for method in FITS:
            fit = model.fit(start, method=method, maxiter=MOST_ITERATIONS, disp=0, cov_type="none")
            start = fit.params
            if fit.mle_retvals["converged"]:
                break
    if not fit.mle_retvals["converged"] or not np.isfinite(fit.llf):
        raise CannotEstimateError(
            f"the likelihood of the components of '{problem.series.id}' did not converge in "
            f"{MOST_ITERATIONS} iterations: use the structural method"
        )
    named = dict(zip(fit.model.param_names, np.asarray(fit.params), strict=True))
    noise = float(np.sqrt(named["sigma2.irregular"]))
    walk = float(np.sqrt(named["sigma2.level"]))
    slope = float(np.sqrt(named.get("sigma2.trend", 0.0)))
    ahead = len(problem.y) - last - 1
    states = _states(fit, 2 * PATHS)
    shocks = normals((PATHS, 3, ahead), STREAM)
    shocks = np.concatenate([shocks, -shocks])
    level = states[:, :1] + walk * np.cumsum(shocks[:, 0], axis=1)
    if local:
        slopes = states[:, 1:2] + slope * np.cumsum(shocks[:, 2], axis=1)
        level += np.cumsum(np.column_stack([states[:, 1], slopes[:, :-1]]), axis=1)
    regression = states[:, 1 + local :] @ (x[last + 1 :] / size).T if wanted else 0.0
    future = centre + unit * (level + regression + noise * shocks[:, 1])
    smoothed = np.asarray(fit.smoothed_state)
    signal = np.column_stack(
        [np.ones(last + 1), *([np.zeros(last + 1)] if local else []), x[: last + 1] / size]
    )
    fitted = np.einsum("tk,kt->t", signal, smoothed)
    spread = np.einsum("tk,klt,tl->t", signal, np.asarray(fit.smoothed_state_cov), signal)
    whole = np.zeros((2 * PATHS, len(problem.y)))
    whole[:, last + 1 :] = future
    return _Prediction(
        whole,
        centre + unit * fitted,
        unit * np.sqrt(np.maximum(spread, 0.0) + noise**2),
        {
            "noise_sd": unit * noise,
            "level_sd": unit * walk,
            **({"slope_sd": unit * slope} if local else {}),
            "converged": True,
            "log_likelihood": float(fit.llf) - int(np.isfinite(y).sum()) * float(np.log(unit)),
        },
    )


def _states(fit: Any, count: int) -> FloatArray:
    """Return draws of the state at the last fitted period, in mirrored pairs, shape (count, k)."""
    centre = np.asarray(fit.filtered_state)[:, -1]
    values, vectors = np.linalg.eigh(np.asarray(fit.filtered_state_cov)[:, :, -1])
    drawn = normals((count // 2, len(centre)), STREAM + 1)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    return np.asarray(centre + np.concatenate([drawn, -drawn]) @ root.T)


def _check(problem: PeerProblem, y: FloatArray, x: FloatArray) -> None:
    seen = np.isfinite(y)
    if np.ptp(y[seen]) <= 0:
        raise CannotEstimateError(
            f"'{problem.series.id}' is constant before the first event: there is nothing to predict from"
        )
    full = np.column_stack([np.ones(len(x)), x])[: len(y)][seen]
    size = np.maximum(np.linalg.norm(full, axis=0), 1e-300)
    if np.linalg.matrix_rank(full / size, tol=1e-8) < full.shape[1]:
        raise CannotEstimateError(
            f"the periods of '{problem.series.id}' before the first event cannot carry every season and "
            "control: leave the season out, or use the structural method"
        )


def _path(problem: PeerProblem, predicted: _Prediction, windows: BeforeAfter, mean: FloatArray) -> Path:
    """Return the fitted path and then the predictive one; changes of record stay in it."""
    level = problem.settings.level
    last = int(np.flatnonzero(windows.before)[-1])
    own = problem.path(predicted.fitted, predicted.error, None)
    ends = np.quantile(predicted.paths[:, last + 1 :], (0.5, 0.5 * (1 - level), 0.5 * (1 + level)), axis=0)
    shift = measured(problem, mean)[last + 1 :]
    beyond = np.exp(ends + shift) if problem.scale == "log" else ends + shift
    return Path(
        *(np.concatenate([a, b]) for a, b in zip((own.median, own.lower, own.upper), beyond, strict=True))
    )
