"""Synthetic control with in-space placebos and leave-one-donor-out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.domain import FloatArray
from analysis.errors import CannotEstimateError, InputError
from analysis.interventions.counterfactual import Path
from analysis.interventions.peers.estimate import PeerEstimate
from analysis.interventions.peers.problem import PeerProblem
from analysis.interventions.peers.simplex import DonorWeights, fit_weights
from analysis.interventions.peers.windows import before_after

LEAST_DONORS = 2
WORTH_LEAVING_OUT = 0.01
"""Weight above which a donor is left out in turn."""


@dataclass(frozen=True)
class SyntheticControl:
    """A treated unit beside its weighted donors.

    Attributes
    ----------
    fit : DonorWeights
    path : ndarray, shape (T,)
        The weighted donors.
    gap : ndarray, shape (T,)
        Treated less path; NaN where the treated unit is unobserved.
    ratio : float
        Root mean squared gap after the event over that before.
    mean_gap : float
        Over the periods after.
    """

    fit: DonorWeights
    path: FloatArray
    gap: FloatArray
    ratio: float
    mean_gap: float


@dataclass(frozen=True)
class SyntheticStudy:
    """A synthetic control, its placebos and what each donor does to it.

    Attributes
    ----------
    control : SyntheticControl
    placebos : mapping of str to SyntheticControl
        Each donor in the place of the treated unit.
    without : mapping of str to SyntheticControl
        Each donor with a weight left out in turn.
    """

    control: SyntheticControl
    placebos: dict[str, SyntheticControl]
    without: dict[str, SyntheticControl]

    @property
    def rank(self) -> int:
        """Rank of the treated unit's ratio among all, 1 the largest."""
        return 1 + sum(placebo.ratio >= self.control.ratio for placebo in self.placebos.values())

    @property
    def pvalue(self) -> float:
        """Rank over the number of units; no smaller than one over it."""
        return self.rank / (len(self.placebos) + 1)


def synthetic_control(
    treated: FloatArray,
    donors: FloatArray,
    before: NDArray[np.bool_],
    after: NDArray[np.bool_],
    predictors: FloatArray | None = None,
    block: int = 0,
) -> SyntheticControl:
    """Weight the donors before the event and carry them on.

    Parameters
    ----------
    treated : ndarray, shape (T,)
    donors : ndarray, shape (T, J)
    before, after : ndarray of bool, shape (T,)
        Periods of the fit and of the effect.
    predictors : ndarray, shape (K, 1 + J), optional
        Of the treated unit, then of the donors; default the outcomes before the event, each alike.
    block : int
        Which stretch of the fixed sequence the search over predictor weights starts from.
    """
    own, others = (None, None) if predictors is None else (predictors[:, 0], predictors[:, 1:])
    fit = fit_weights(treated[before], donors[before], own, others, block)
    path = donors @ fit.weights
    gap = treated - path
    around = float(np.sqrt((gap[before] ** 2).mean()))
    beyond = float(np.sqrt((gap[after] ** 2).mean()))
    size = float(np.abs(treated[before]).max())
    return SyntheticControl(
        fit, path, gap, beyond / max(around, 1e-12 * max(size, 1.0)), float(gap[after].mean())
    )


def synthetic_study(
    treated: FloatArray,
    donors: FloatArray,
    names: list[str],
    before: NDArray[np.bool_],
    after: NDArray[np.bool_],
    predictors: FloatArray | None = None,
) -> SyntheticStudy:
    """Return the synthetic control with its placebos and leave-one-donor-out; parameters as above."""
    control = synthetic_control(treated, donors, before, after, predictors)
    placebos, without = {}, {}
    for j, name in enumerate(names):
        others = np.arange(len(names)) != j
        own = None
        if predictors is not None:
            own = np.column_stack([predictors[:, 1 + j], predictors[:, 1:][:, others]])
        placebos[name] = synthetic_control(donors[:, j], donors[:, others], before, after, own)
        if control.fit.weights[j] > WORTH_LEAVING_OUT:
            rest = None if predictors is None else np.delete(predictors, 1 + j, axis=1)
            without[name] = synthetic_control(treated, donors[:, others], before, after, rest)
    return SyntheticStudy(control, placebos, without)


def fit_synthetic(problem: PeerProblem) -> PeerEstimate:
    """Compare the series with a weighted mean of donors, the controls of the call.

    Raises
    ------
    InputError
        Without donors, or with a donor that has no logarithm on the log scale.
    CannotEstimateError
        If too little precedes the first event.
    """
    donors, names = _donors(problem)
    windows = before_after(problem)
    seen = problem.observed
    after = seen & (windows.averaging > 0).any(axis=0)
    study = synthetic_study(problem.y, donors, names, windows.before, after)
    gap = np.where(seen, np.nan_to_num(study.control.gap), 0.0)
    effects = windows.effects_of_gaps @ (windows.averaging @ gap)
    p = len(problem.design.precision)
    mean, covariance = np.zeros(p), np.full((p, p), np.nan)
    for term, effect in zip(problem.design.event_terms, effects, strict=True):
        mean[term.columns.start] = effect
    complete = np.all(np.isfinite(donors), axis=1)
    path = np.where(complete, study.control.path, np.nan)
    nothing = np.full(len(path), np.nan)
    details = {
        "weights": {n: float(w) for n, w in zip(names, study.control.fit.weights, strict=True) if w > 0},
        "rmspe_before": study.control.fit.rmspe,
        "ratio_after_to_before": study.control.ratio,
        "placebos": {
            "kind": "in space: each donor in the place of the series",
            "count": len(study.placebos),
            "rank": study.rank,
            "pvalue": study.pvalue,
            "smallest_possible": 1 / (len(names) + 1),
            "ratios": {n: c.ratio for n, c in study.placebos.items()},
        },
        "without_donor": {n: c.mean_gap for n, c in study.without.items()},
        "mean_gap": study.control.mean_gap,
    }
    return PeerEstimate(
        problem.dating,
        mean,
        covariance,
        None,
        Path(np.exp(path) if problem.scale == "log" else path, nothing, nothing),
        details,
    )


def _donors(problem: PeerProblem) -> tuple[FloatArray, list[str]]:
    given = problem.raw_controls or {}
    if len(given) < LEAST_DONORS:
        raise InputError(
            f"synthetic needs at least {LEAST_DONORS} donors on the calendar of '{problem.series.id}': give "
            "them as controls",
            pointer="/controls",
        )
    columns = []
    for name, values in given.items():
        if problem.scale == "log":
            low = np.flatnonzero(problem.observed & (values <= 0))
            if len(low):
                raise InputError(
                    f"the donor '{name}' is not above zero in {problem.series.periods[low[0]]}: use the "
                    "level scale",
                    pointer="/controls",
                )
            with np.errstate(divide="ignore", invalid="ignore"):
                columns.append(np.where(values > 0, np.log(values), np.nan))
        else:
            columns.append(values)
    stacked = np.column_stack(columns)
    if not np.isfinite(stacked[problem.observed]).all():
        raise CannotEstimateError("a donor has no value in an observed period")
    return stacked, list(given)
