"""Donor weights on the simplex and the nested choice of predictor weights. Ours: statsmodels has neither.

Given predictor weights V the donor weights minimise ``(x1 - X0 w)'V(x1 - X0 w)`` over the simplex, an
exact non-negative least-squares problem; V minimises the mean squared gap of the outcome before the event
(Abadie & Gardeazabal 2003; Abadie, Diamond & Hainmueller 2010, JASA 105, 493-505). V is screened at the
points of a fixed sequence and searched from the best of them, so the same data give the same weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from analysis.domain import FloatArray
from analysis.numerics.sequences import sobol

MOST_EVALUATIONS = 500
"""Evaluations of each local search over V."""
LOG2_POINTS = 11
BLOCK = 512
"""Points of the fixed sequence that one search screens; the sequence holds four such blocks."""
EQUAL = 4
SEARCHES = (0, EQUAL, 1, 2, 3)
"""In the order in which several are run."""
POLISHED = 3
"""Best points of a block that a local search starts from."""
LOG_SPAN = 12.0
"""Logarithm of the largest ratio between two predictor weights at the start."""
LEAST_LOG = -16.0
FIRST_STEP = 1.5


@dataclass(frozen=True, slots=True)
class DonorWeights:
    """A synthetic control.

    Attributes
    ----------
    weights : ndarray, shape (J,)
        Of the donors; non-negative, sum to one.
    importance : ndarray, shape (K,)
        Predictor weights V; sum to one.
    rmspe : float
        Root mean squared gap before the event, in the unit of the outcome.
    evaluations : int
    criterion : float
        Mean squared gap over the periods that the importance was chosen to match.
    """

    weights: FloatArray
    importance: FloatArray
    rmspe: float
    evaluations: int
    criterion: float


def simplex_weights(target: FloatArray, donors: FloatArray) -> FloatArray:
    """Return the exact minimiser of ``|target - donors @ w|`` over the simplex.

    Parameters
    ----------
    target : ndarray, shape (K,)
    donors : ndarray, shape (K, J)

    Notes
    -----
    With ``w`` on the simplex the criterion is ``|C w|`` for ``C = donors - target``. Minimising
    ``|C w|^2 + (1 - sum w)^2`` over ``w >= 0`` scales the same solution, which is then divided by its sum.
    """
    gap = donors - target[:, None]
    size = float(np.sqrt((gap**2).mean()))
    stacked = np.vstack([gap / (size or 1.0), np.ones(donors.shape[1])])
    found, _ = optimize.nnls(stacked, np.append(np.zeros(len(target)), 1.0))
    return np.asarray(found / found.sum())


def fit_weights(
    outcome: FloatArray,
    donors: FloatArray,
    predictor: FloatArray | None = None,
    donor_predictors: FloatArray | None = None,
    start: int = 0,
) -> DonorWeights:
    """Choose donor weights on the periods before the event.

    Parameters
    ----------
    outcome : ndarray, shape (n,)
        Of the treated unit before the event.
    donors : ndarray, shape (n, J)
    predictor : ndarray, shape (K,), optional
        Predictors of the treated unit; without them the outcomes themselves are matched, each alike.
    donor_predictors : ndarray, shape (K, J), optional
    start : int
        One of `SEARCHES`: 0 to 3, the stretch of the fixed sequence whose points are screened first; `EQUAL`,
        predictors of equal weight, where R's Synth starts.
    """
    if predictor is None or donor_predictors is None:
        weights = simplex_weights(outcome, donors)
        even = np.full(len(outcome), 1 / len(outcome))
        return DonorWeights(weights, even, _rmspe(outcome, donors, weights), 1, 0.0)
    spread = np.column_stack([predictor, donor_predictors]).std(axis=1, ddof=1)
    target = predictor / spread
    pool = donor_predictors / spread[:, None]
    evaluations = 0

    def weights_of(free: FloatArray) -> FloatArray:
        root = np.sqrt(_shares(free))
        return simplex_weights(target * root, pool * root[:, None])

    def criterion(free: FloatArray) -> float:
        nonlocal evaluations
        evaluations += 1
        return _rmspe(outcome, donors, weights_of(free)) ** 2

    points = np.zeros((1, len(predictor))) if start == EQUAL else starting_points(len(predictor), start)
    screened = np.array([criterion(point) for point in points])
    found = [search(criterion, points[i]) for i in np.argsort(screened, kind="stable")[:POLISHED]]
    least, free = min(found, key=lambda pair: pair[0])
    weights = weights_of(free)
    return DonorWeights(weights, _shares(free), _rmspe(outcome, donors, weights), evaluations, least)


def starting_points(count: int, block: int) -> FloatArray:
    """Return one block of the unscrambled Sobol sequence as logarithms of V, shape (512, count)."""
    points = sobol(LOG2_POINTS, count)[block * BLOCK : (block + 1) * BLOCK]
    return np.asarray(LOG_SPAN * (points - 1.0))


def search(criterion: Callable[[FloatArray], float], start: FloatArray) -> tuple[float, FloatArray]:
    """Return minimum and minimiser of a simplex search from `start`."""
    corners = np.vstack([start, start + FIRST_STEP * np.eye(len(start))])
    found = optimize.minimize(
        criterion,
        start,
        method="Nelder-Mead",
        options={
            "maxfev": MOST_EVALUATIONS,
            "xatol": 1e-4,
            "fatol": 1e-9,
            "adaptive": True,
            "initial_simplex": corners,
        },
    )
    return float(found.fun), np.asarray(found.x)


def _shares(free: FloatArray) -> FloatArray:
    raised = np.exp(np.maximum(free - free.max(), LEAST_LOG))
    return np.asarray(raised / raised.sum())


def _rmspe(outcome: FloatArray, donors: FloatArray, weights: FloatArray) -> float:
    return float(np.sqrt(((outcome - donors @ weights) ** 2).mean()))
