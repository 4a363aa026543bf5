"""Synthetic control by the common interface: a series, its events, and donors among the controls."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.domain import FloatArray
from analysis.errors import CannotEstimateError, InputError, UsageError
from analysis.interventions.counterfactual import Path
from analysis.interventions.peers.estimate import PeerEstimate
from analysis.interventions.peers.problem import PeerProblem
from analysis.interventions.peers.specification import OUTCOME, Predictor
from analysis.interventions.peers.synthetic import Matching, synthetic_study
from analysis.interventions.peers.windows import LEAST_BEFORE, before_after

LEAST_DONORS = 2


def fit_synthetic(problem: PeerProblem) -> PeerEstimate:
    """Compare the series with a weighted mean of donors, the controls of the call.

    Raises
    ------
    InputError
        Without donors, or with a donor that has no logarithm on the log scale.
    UsageError
        If a predictor is not known for a unit, or an excluded donor does not exist.
    CannotEstimateError
        If too little precedes the first event.
    """
    chosen = problem.synthetic
    donors, names = _donors(problem)
    windows = before_after(problem)
    seen = problem.observed
    after = seen & (windows.averaging > 0).any(axis=0)
    matching = Matching(
        _matrix(problem, chosen.predictors, donors, names),
        _matrix(problem, chosen.training, donors, names),
        _inside(chosen.fit, len(seen)),
        chosen.starts,
        chosen.ridge is not None,
        chosen.ridge if chosen.ridge is None or chosen.ridge >= 0 else None,
    )
    positions = np.flatnonzero(windows.before)
    earlier = chosen.placebo_from
    if earlier is None and len(positions) >= 2 * LEAST_BEFORE:
        earlier = int(positions[len(positions) // 2])
    if earlier is not None and not LEAST_BEFORE <= (positions < earlier).sum() < len(positions):
        raise UsageError(
            f"placebo_from leaves fewer than {LEAST_BEFORE} observations before it, or none between it and "
            "the first event",
            pointer="/options/synthetic/placebo_from",
        )
    study = synthetic_study(problem.y, donors, names, windows.before, after, matching, earlier)
    gap = np.where(seen, np.nan_to_num(study.control.gap), 0.0)
    effects = windows.effects_of_gaps @ (windows.averaging @ gap)
    p = len(problem.design.precision)
    mean, covariance = np.zeros(p), np.full((p, p), np.nan)
    for term, effect in zip(problem.design.event_terms, effects, strict=True):
        mean[term.columns.start] = effect
    complete = np.all(np.isfinite(donors), axis=1)
    path = np.where(complete, study.control.path, np.nan)
    nothing = np.full(len(path), np.nan)
    periods = problem.series.periods
    details = study.to_record(names)
    if earlier is not None:
        details["placebo_in_time"]["from"] = str(periods[earlier])
    details["gaps"] = [
        {"period": str(periods[t]), "gap": float(g)}
        for t, g in enumerate(study.control.gap)
        if np.isfinite(g)
    ]
    if matching.predictors is not None:
        blend = matching.predictors[:, 1:] @ study.control.weights
        values = zip(
            chosen.predictors, study.control.fit.importance, matching.predictors[:, 0], blend, strict=True
        )
        details["predictors"] = [
            {"predictor": x.words, "weight": float(v), "series": float(own), "synthetic": float(other)}
            for x, v, own, other in values
        ]
    return PeerEstimate(
        problem.dating,
        mean,
        covariance,
        None,
        Path(np.exp(path) if problem.scale == "log" else path, nothing, nothing),
        details,
    )


def _inside(positions: tuple[int, ...], length: int) -> NDArray[np.bool_] | None:
    return np.isin(np.arange(length), positions) if positions else None


def _matrix(
    problem: PeerProblem, predictors: tuple[Predictor, ...], donors: FloatArray, names: list[str]
) -> FloatArray | None:
    """Return the predictors of the series and then of the donors, shape (K, 1 + J)."""
    if not predictors:
        return None
    own = problem.series.id
    table = problem.synthetic.variables
    rows = []
    for predictor in predictors:
        at = list(predictor.periods)
        if predictor.variable == OUTCOME:
            values = np.column_stack([problem.y, donors])[at]
        else:
            known = table.get(predictor.variable, {})
            absent = [unit for unit in (own, *names) if unit not in known]
            if absent:
                raise UsageError(
                    f"the predictor '{predictor.variable}' is not given for '{absent[0]}'",
                    pointer="/options/synthetic/predictors",
                )
            values = np.column_stack([known[unit][at] for unit in (own, *names)])
        counts = np.isfinite(values).sum(axis=0)
        if (counts == 0).any():
            absent = [(own, *names)[int(np.argmin(counts))]]
            raise UsageError(
                f"the predictor '{predictor.words}' has no value for '{absent[0]}'",
                pointer="/options/synthetic/predictors",
            )
        rows.append(np.nanmean(values, axis=0))
    matrix = np.array(rows)
    if (matrix.std(axis=1) == 0).any():
        same = predictors[int(np.argmin(matrix.std(axis=1)))].words
        raise UsageError(
            f"the predictor '{same}' is the same for all units", pointer="/options/synthetic/predictors"
        )
    return matrix


def _donors(problem: PeerProblem) -> tuple[FloatArray, list[str]]:
    given = dict(problem.raw_controls or {})
    for name in problem.synthetic.exclude:
        if name not in given:
            raise UsageError(
                f"the donor '{name}' to exclude is not among the controls",
                pointer="/options/synthetic/exclude",
            )
        del given[name]
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
