"""R's CausalImpact 1.4.1 by quadrature. Ours: statsmodels has no priors on variances and no spike and slab.

The design of Brodersen et al. (2015): fitted before the first event, predicted beyond it. With the priors of
CausalImpact 1.4.1 and bsts 0.9.10 the numbers are those of the package within its own Monte Carlo error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy import special

from analysis.domain import FloatArray
from analysis.domain.seasons import HARMONIC, season_columns
from analysis.errors import CannotEstimateError
from analysis.interventions.counterfactual import Path
from analysis.interventions.peers.estimate import NormalMixture, PeerEstimate, path_quantiles
from analysis.interventions.peers.level_mixture import (
    LevelModel,
    LevelPosterior,
    LogPrior,
    fit_level,
    predict,
)
from analysis.interventions.peers.problem import PeerProblem
from analysis.interventions.peers.windows import BeforeAfter, before_after, describe_windows, measured

PATH_CELLS = 48
"""Heaviest cells at which the pointwise path is evaluated."""
LEVEL_GUESS, LEVEL_DF, LEVEL_LIMIT = 0.01, 32.0, 1.0
"""CausalImpact: prior of the level's innovations, in standard deviations of y before the event."""
NOISE_GUESS, NOISE_DF, NOISE_LIMIT = 1.0, 0.01, 1.2
"""bsts without regressors."""
EXPECTED_R2, REGRESSION_DF, EXPECTED_SIZE = 0.8, 50.0, 3.0
"""CausalImpact with regressors: expected R squared, its degrees of freedom, expected number of regressors."""
SLAB_WEIGHT, SLAB_DIAGONAL = 0.01, 0.5
"""bsts: prior information weight and share of the diagonal in the slab's precision."""
MOST_CONTROLS = 8
"""Controls whose every subset is summed over."""
LEAST_NOISE = 1e-3


@dataclass(frozen=True, kw_only=True)
class GapEstimate(PeerEstimate):
    """Effects as linear functions of predicted averages, a mixture of normals.

    Attributes
    ----------
    weight : ndarray, shape (G,)
    centre : ndarray, shape (G, E)
        Effects of the event terms in each cell.
    spread : ndarray, shape (G, E, E)
    columns : tuple of int
        Where each event term's effect stands among the coefficients.
    """

    weight: FloatArray
    centre: FloatArray
    spread: FloatArray
    columns: tuple[int, ...]

    def combination(self, weights: FloatArray) -> NormalMixture:
        """Return the distribution of ``weights @ beta``."""
        own = weights[list(self.columns)]
        return NormalMixture(
            self.weight, self.centre @ own, np.sqrt(np.einsum("i,gij,j->g", own, self.spread, own))
        )


def fit_causal_impact(problem: PeerProblem) -> PeerEstimate:
    """Predict beyond the first event, and read the effects off the gaps.

    Raises
    ------
    CannotEstimateError
        If too little precedes the first event, or the controls are too many.
    """
    windows = before_after(problem)
    y, before = problem.y, windows.before
    centre, unit = float(y[before].mean()), float(y[before].std(ddof=1))
    if unit <= 0:
        raise CannotEstimateError(
            f"'{problem.series.id}' is constant before the first event: there is nothing to predict from"
        )
    z = (y - centre) / unit
    posteriors, named = _posteriors(problem, windows, z)
    offset = z[np.flatnonzero(before)[0]]
    averages = predict(posteriors, windows.averaging)
    gaps = windows.averaging @ np.nan_to_num(z) - offset - averages.centre
    to_effects = windows.effects_of_gaps * unit
    effects = gaps @ to_effects.T
    spread = to_effects @ averages.covariance @ to_effects.T
    mean_effects = averages.weight @ effects
    apart = effects - mean_effects
    covariance = np.einsum("g,gij->ij", averages.weight, spread)
    covariance += (averages.weight[:, None] * apart).T @ apart
    columns = tuple(t.columns.start for t in problem.design.event_terms)
    p = len(problem.design.precision)
    mean, full = np.zeros(p), np.zeros((p, p))
    mean[list(columns)] = mean_effects
    full[np.ix_(columns, columns)] = covariance
    path = _path(problem, posteriors, mean, centre + unit * offset, unit)
    predicted = [
        NormalMixture(
            averages.weight,
            centre + unit * (offset + averages.centre[:, j]),
            unit * np.sqrt(averages.covariance[:, j, j]),
        )
        for j in range(len(windows.terms))
    ]
    details = {
        "fitted_before": {
            "observations": int(before.sum()),
            "last": str(problem.series.periods[int(np.flatnonzero(before)[-1])]),
        },
        "windows": describe_windows(problem, windows, predicted),
        "noise_sd": unit * _mean(posteriors, "noise"),
        "level_sd": unit * _mean(posteriors, "level"),
        **named,
    }
    return GapEstimate(
        dating=problem.dating,
        mean=mean,
        covariance=full,
        dof=None,
        path=path,
        details=details,
        weight=averages.weight,
        centre=effects,
        spread=spread,
        columns=columns,
    )


def _posteriors(
    problem: PeerProblem, windows: BeforeAfter, z: FloatArray
) -> tuple[list[LevelPosterior], dict[str, object]]:
    """Return the posteriors of every subset of the controls under the priors of CausalImpact."""
    before = windows.before
    length = len(z)
    blocks = [np.ones((length, 1))]
    if problem.settings.seasonal and problem.series.frequency in HARMONIC:
        blocks.append(season_columns(problem.series.periods))
    elif problem.settings.seasonal:
        cycle = problem.series.first.per_year
        seasons = np.array([p.season for p in problem.series.periods])
        blocks.append((seasons[:, None] == np.arange(cycle)).astype(np.float64) - 1 / cycle)
    blocks += [
        problem.variants[0].columns[:, t.columns] for t in problem.design.terms if t.name == "lunar_new_year"
    ]
    state = np.column_stack(blocks)
    given = problem.recipe.controls
    if len(given) > MOST_CONTROLS:
        raise CannotEstimateError(
            f"{len(given)} controls have too many subsets to sum over: keep {MOST_CONTROLS}, or use uc"
        )
    controls = np.column_stack([np.ones(length), *given.values()])
    controls[:, 1:] -= controls[before, 1:].mean(axis=0)
    controls[:, 1:] /= np.maximum(controls[before, 1:].std(axis=0, ddof=1), 1e-300)
    gram = controls[before].T @ controls[before]
    slab = SLAB_WEIGHT / before.sum() * ((1 - SLAB_DIAGONAL) * gram + SLAB_DIAGONAL * np.diag(np.diag(gram)))
    share = min(1.0, EXPECTED_SIZE / controls.shape[1])
    first = z[np.flatnonzero(before)[0]]
    posteriors, inclusion, sizes = [], [], []
    for chosen in product((False, True), repeat=len(given)):
        count = sum(chosen)
        if share == 1.0 and count < len(given):
            continue
        picked = np.flatnonzero([bool(given), *chosen])
        log_prior = 0.0 if share == 1.0 else count * np.log(share) + (len(given) - count) * np.log1p(-share)
        regressors = np.column_stack([state, controls[:, picked]])
        k, r = state.shape[1], regressors.shape[1]
        absolute, relative = np.zeros((r, r)), np.zeros((r, r))
        absolute[:k, :k] = np.eye(k)
        relative[k:, k:] = slab[np.ix_(picked, picked)]
        posteriors.append(
            fit_level(
                LevelModel(
                    z - first,
                    before,
                    regressors,
                    absolute,
                    relative,
                    _prior(bool(given), log_prior),
                    (LEAST_NOISE, NOISE_LIMIT),
                    (LEVEL_GUESS / 10, LEVEL_LIMIT),
                )
            )
        )
        inclusion.append(chosen)
        sizes.append(count)
    evidence = special.softmax([p.log_evidence for p in posteriors])
    included = evidence @ np.array(inclusion, dtype=np.float64).reshape(len(posteriors), len(given))
    return posteriors, {
        "prior": "R CausalImpact 1.4.1: level sd guess 0.01 sd(y) with 32 degrees of freedom",
        "inclusion": dict(zip(given, map(float, included), strict=True)),
    }


def _prior(regression: bool, log_prior: float) -> LogPrior:
    guess, df = ((1 - EXPECTED_R2) ** 0.5, REGRESSION_DF) if regression else (NOISE_GUESS, NOISE_DF)

    def prior(noise: FloatArray, level: FloatArray) -> FloatArray:
        return (
            log_prior
            + _inverse_gamma(noise, guess, df, NOISE_LIMIT)
            + _inverse_gamma(level, LEVEL_GUESS, LEVEL_DF, LEVEL_LIMIT)
        )

    return prior


def _inverse_gamma(sd: FloatArray, guess: float, df: float, limit: float) -> FloatArray:
    """Log density, in log sd, of ``1 / sd^2 ~ Gamma(df / 2, df guess^2 / 2)`` cut off at `limit`."""
    shape, rate = 0.5 * df, 0.5 * df * guess**2
    constant = shape * np.log(rate) - special.gammaln(shape) + np.log(2)
    density = constant - 2 * shape * np.log(sd) - rate / sd**2
    return np.where(sd <= limit, density, -np.inf)


def _mean(posteriors: Sequence[LevelPosterior], name: str) -> float:
    weights = np.concatenate([p.log_weight for p in posteriors])
    return float(special.softmax(weights) @ np.concatenate([getattr(p, name) for p in posteriors]))


def _path(
    problem: PeerProblem, posteriors: list[LevelPosterior], mean: FloatArray, centre: float, unit: float
) -> Path:
    """Return the predictive path; changes of record stay in it."""
    found = predict(posteriors, np.eye(len(problem.y)), PATH_CELLS)
    centres = centre + unit * found.centre + measured(problem, mean)
    scales = unit * np.sqrt(np.einsum("gtt->gt", found.covariance))
    level = problem.settings.level
    lines = [
        path_quantiles(found.weight, centres, scales, p) for p in (0.5, 0.5 * (1 - level), 0.5 * (1 + level))
    ]
    return Path(*(np.exp(line) if problem.scale == "log" else line for line in lines))
