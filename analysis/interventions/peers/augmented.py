"""Ridge augmentation of a synthetic control. Ours: statsmodels has no synthetic control.

Where no weights on the simplex reproduce the outcomes before the event, what is left is projected on the
donors by ridge regression and added to the weights, which may then be negative. Ben-Michael, Feller &
Rothstein (2021), JASA 116, 1789-1803, equations 8 to 10; the penalty as in their R package augsynth: the
largest within one standard error of the smallest error of leaving one period out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analysis.domain import FloatArray

PENALTIES = 21
SMALLEST_RATIO = 1e-8
"""Smallest penalty over the largest, which is the largest eigenvalue of the donors' moments."""

Weigh = Callable[[FloatArray, FloatArray], FloatArray]
"""From outcomes of the treated unit (n,) and the donors (n, J) to weights on the simplex (J,)."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Weights after the augmentation.

    Attributes
    ----------
    weights : ndarray, shape (J,)
        Sum to one; may be negative.
    penalty : float
    chosen : bool
        Whether cross-validation chose the penalty.
    """

    weights: FloatArray
    penalty: float
    chosen: bool


def augment(
    treated: FloatArray, donors: FloatArray, weights: FloatArray, penalty: float | None, weigh: Weigh
) -> Augmentation:
    """Add to the weights what ridge regression makes of their imbalance.

    Parameters
    ----------
    treated : ndarray, shape (n,)
        Outcomes before the event.
    donors : ndarray, shape (n, J)
    weights : ndarray, shape (J,)
        On the simplex.
    penalty : float or None
        None leaves the choice to cross-validation.
    weigh : Weigh
        The weights of a sample in which a period is left out.
    """
    centre = donors.mean(axis=1)
    own, others = treated - centre, donors - centre[:, None]
    chosen = penalty is None
    value = _validated(own, others, weigh) if penalty is None else penalty
    return Augmentation(weights + _corrections(own, others, weights, np.array([value]))[0], value, chosen)


def _corrections(
    own: FloatArray, others: FloatArray, weights: FloatArray, penalties: FloatArray
) -> FloatArray:
    """Return what each penalty adds to the weights, shape (L, J)."""
    values, vectors = np.linalg.eigh(others @ others.T)
    left = vectors.T @ (own - others @ weights)
    return np.asarray((left / (np.maximum(values, 0.0) + penalties[:, None])) @ vectors.T @ others)


def _validated(own: FloatArray, others: FloatArray, weigh: Weigh) -> float:
    largest = float(np.linalg.norm(others, 2)) ** 2
    penalties = largest * SMALLEST_RATIO ** (np.arange(PENALTIES) / (PENALTIES - 1))
    errors = np.empty((len(own), PENALTIES))
    for t in range(len(own)):
        rest = np.arange(len(own)) != t
        base = weigh(own[rest], others[rest])
        weights = base + _corrections(own[rest], others[rest], base, penalties)
        errors[t] = (own[t] - weights @ others[t]) ** 2
    mean = errors.mean(axis=0)
    best = int(np.argmin(mean))
    limit = mean[best] + errors[:, best].std(ddof=1) / np.sqrt(len(own))
    return float(penalties[mean <= limit].max())
