"""Synthetic control with placebos in space and time. Ours: statsmodels has none.

Abadie & Gardeazabal (2003), AER 93, 113-132; Abadie, Diamond & Hainmueller (2010), JASA 105, 493-505; (2015),
AJPS 59, 495-510.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.domain import FloatArray
from analysis.interventions.peers.augmented import Augmentation, augment
from analysis.interventions.peers.simplex import SEARCHES, DonorWeights, fit_weights, simplex_weights

WORTH_LEAVING_OUT = 0.01
"""Weight above which a donor is left out in turn."""
FOLLOWS = 0.5
"""The fit before is called poor beyond this share of the treated unit's own standard deviation."""
UNUSUAL = 0.1


@dataclass(frozen=True)
class Matching:
    """What the weights are made from.

    Attributes
    ----------
    predictors : ndarray, shape (K, 1 + J), or None
        Of the treated unit, then of the donors; None matches the outcomes, each alike.
    training : ndarray, shape (K, 1 + J), or None
        The same variables over earlier periods, from which their importance is chosen (Abadie, Diamond &
        Hainmueller 2015); None chooses it from `predictors`.
    fitted : ndarray of bool, shape (T,), or None
        Periods whose outcome the importance is chosen to match; None is all before the event.
    starts : int
        Searches over the importance, each from its own stretch of the fixed sequence.
    ridge : bool
        Whether the weights are augmented.
    penalty : float or None
        Of the augmentation; None is chosen by cross-validation.
    """

    predictors: FloatArray | None = None
    training: FloatArray | None = None
    fitted: NDArray[np.bool_] | None = None
    starts: int = 1
    ridge: bool = False
    penalty: float | None = None

    def of(self, unit: int, donors: NDArray[np.intp]) -> Matching:
        """Return the same for another treated unit and pool, by columns of `predictors`."""
        columns = np.concatenate([[unit], donors])
        return replace(
            self,
            predictors=None if self.predictors is None else self.predictors[:, columns],
            training=None if self.training is None else self.training[:, columns],
        )


@dataclass(frozen=True)
class SyntheticControl:
    """A treated unit beside its weighted donors.

    Attributes
    ----------
    fit : DonorWeights
        On the simplex.
    path : ndarray, shape (T,)
        The weighted donors.
    gap : ndarray, shape (T,)
        Treated less path; NaN where the treated unit is unobserved.
    rmspe : float
        Root mean squared gap before.
    ratio : float
        The same after over that before.
    mean_gap : float
        Over the periods after.
    equal : float
        Root mean squared gap before to the plain mean of the donors.
    starts : tuple of DonorWeights
        What each search found, the one that matches its own periods best first.
    augmentation : Augmentation or None
    """

    fit: DonorWeights
    path: FloatArray
    gap: FloatArray
    rmspe: float
    ratio: float
    mean_gap: float
    equal: float
    starts: tuple[DonorWeights, ...]
    augmentation: Augmentation | None = None

    @property
    def weights(self) -> FloatArray:
        """The weights in use, shape (J,)."""
        return self.fit.weights if self.augmentation is None else self.augmentation.weights


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
    earlier : SyntheticControl or None
        The event moved to a date before it.
    spread : float
        Standard deviation of the treated unit's outcome before the event.
    start_gaps : tuple of float
        Mean gap after the event by the weights of each start.
    poor_at : float
        Root mean squared gap before beyond which the fit is called poor.
    """

    control: SyntheticControl
    placebos: dict[str, SyntheticControl]
    without: dict[str, SyntheticControl]
    earlier: SyntheticControl | None = None
    spread: float = float("inf")
    start_gaps: tuple[float, ...] = field(default=())
    poor_at: float = float("inf")

    @property
    def rank(self) -> int:
        """Rank of the treated unit's ratio among all, 1 the largest."""
        return 1 + sum(placebo.ratio >= self.control.ratio for placebo in self.placebos.values())

    @property
    def pvalue(self) -> float:
        """Rank over the number of units; no smaller than one over it."""
        return self.rank / (len(self.placebos) + 1)

    @property
    def smallest_pvalue(self) -> float:
        """The smallest p-value that so few units can give."""
        return 1 / (len(self.placebos) + 1)

    @property
    def poor(self) -> bool:
        """Whether the donors follow the treated unit poorly before the event."""
        return self.control.rmspe > self.poor_at

    def verdict(self) -> str:
        """Return in words what fit and placebos say."""
        units = len(self.placebos) + 1
        if self.poor:
            return (
                "The donors do not follow the series before the event (root mean squared gap "
                f"{self.control.rmspe:.3g}, its own standard deviation {self.spread:.3g}): the gap after it "
                "says little."
            )
        if self.smallest_pvalue > UNUSUAL:
            return (
                f"The donors follow the series before the event, but {units} units are too few for a placebo "
                f"to speak: the smallest possible p is {self.smallest_pvalue:.2f}."
            )
        if self.earlier is not None and abs(self.earlier.mean_gap) >= abs(self.control.mean_gap):
            return (
                "A placebo before the event leaves as large a gap as the event itself: the gap cannot be "
                "dated to it."
            )
        if self.pvalue >= UNUSUAL:
            return (
                f"The gap after the event is not unusual: {self.rank - 1} of {len(self.placebos)} donors in "
                f"the place of the series depart as far (p = {self.pvalue:.2f})."
            )
        return (
            f"The gap after the event stands out: {self.rank - 1} of {len(self.placebos)} donors in the "
            f"place of the series depart as far (p = {self.pvalue:.3f}, the smallest possible "
            f"{self.smallest_pvalue:.3f})."
        )

    def to_record(self, names: list[str]) -> dict[str, Any]:
        """Return weights, fit, placebos and verdict as JSON-ready values."""
        control = self.control
        record: dict[str, Any] = {
            "weights": {n: float(w) for n, w in zip(names, control.weights, strict=True) if abs(w) > 0},
            "rmspe_before": control.rmspe,
            "improvement_over_equal_weights": 1 - control.rmspe / control.equal
            if control.equal > 0
            else None,
            "ratio_after_to_before": control.ratio,
            "mean_gap": control.mean_gap,
            "placebos": {
                "kind": "in space: each donor in the place of the series",
                "count": len(self.placebos),
                "rank": self.rank,
                "pvalue": self.pvalue,
                "smallest_possible": self.smallest_pvalue,
                "ratios": {n: c.ratio for n, c in self.placebos.items()},
            },
            "without_donor": {n: c.mean_gap for n, c in self.without.items()},
            "verdict": self.verdict(),
        }
        if self.earlier is not None:
            record["placebo_in_time"] = {"mean_gap": self.earlier.mean_gap, "ratio": self.earlier.ratio}
        if len(control.starts) > 1:
            record["starts"] = [
                {
                    "rmspe_before": found.rmspe,
                    "criterion": found.criterion,
                    "mean_gap": gap,
                    "weights": {n: float(w) for n, w in zip(names, found.weights, strict=True) if w > 0},
                }
                for found, gap in zip(control.starts, self.start_gaps, strict=True)
            ]
        if control.augmentation is not None:
            plain = {n: float(w) for n, w in zip(names, control.fit.weights, strict=True) if w > 0}
            record["augmentation"] = {
                "penalty": control.augmentation.penalty,
                "chosen_by_cross_validation": control.augmentation.chosen,
                "plain_weights": plain,
                "plain_rmspe_before": control.fit.rmspe,
                "plain_mean_gap": self.start_gaps[0],
            }
        return record


def synthetic_control(
    treated: FloatArray,
    donors: FloatArray,
    before: NDArray[np.bool_],
    after: NDArray[np.bool_],
    matching: Matching | None = None,
    start: int | None = None,
) -> SyntheticControl:
    """Weight the donors before the event and carry them on.

    Parameters
    ----------
    treated : ndarray, shape (T,)
    donors : ndarray, shape (T, J)
    before, after : ndarray of bool, shape (T,)
        Periods of the fit and of the effect.
    matching : Matching, optional
        Default: the outcomes before the event, each alike.
    start : int, optional
        Run this one of `SEARCHES` alone.
    """
    matching = matching or Matching()
    wanted = SEARCHES[: matching.starts if matching.predictors is not None else 1]
    tried = wanted if start is None else (start,)
    found = [_weights(treated, donors, before, matching, one) for one in tried]
    found.sort(key=lambda one: one.criterion)
    fit = found[0]
    raised = None
    if matching.ridge:
        raised = augment(treated[before], donors[before], fit.weights, matching.penalty, simplex_weights)
    weights = fit.weights if raised is None else raised.weights
    gap = treated - donors @ weights
    around, beyond = (float(np.sqrt((gap[rows] ** 2).mean())) for rows in (before, after))
    equal = float(np.sqrt(((treated - donors.mean(axis=1))[before] ** 2).mean()))
    size = max(float(np.abs(treated[before]).max()), 1.0)
    ratio = beyond / max(around, 1e-12 * size)
    mean_gap = float(gap[after].mean())
    return SyntheticControl(fit, donors @ weights, gap, around, ratio, mean_gap, equal, tuple(found), raised)


def _weights(
    treated: FloatArray, donors: FloatArray, before: NDArray[np.bool_], matching: Matching, start: int
) -> DonorWeights:
    """Return the weights of one search; `rmspe` is over all periods before the event."""
    fitted = before if matching.fitted is None else matching.fitted & before
    predictors = matching.predictors
    if predictors is None:
        return fit_weights(treated[before], donors[before])
    trained = predictors if matching.training is None else matching.training
    found = fit_weights(treated[fitted], donors[fitted], trained[:, 0], trained[:, 1:], start)
    if matching.training is not None:
        spread = predictors.std(axis=1, ddof=1)
        root = np.sqrt(found.importance) / spread
        weights = simplex_weights(predictors[:, 0] * root, predictors[:, 1:] * root[:, None])
        found = replace(found, weights=weights)
    gap = treated[before] - donors[before] @ found.weights
    return replace(found, rmspe=float(np.sqrt((gap**2).mean())))


def synthetic_study(
    treated: FloatArray,
    donors: FloatArray,
    names: list[str],
    before: NDArray[np.bool_],
    after: NDArray[np.bool_],
    matching: Matching | None = None,
    earlier: int | None = None,
    poor: float | None = None,
) -> SyntheticStudy:
    """Return the synthetic control, its placebos in space and time, and the donors left out in turn.

    Parameters
    ----------
    treated, donors, before, after, matching
        As in `synthetic_control`.
    names : list of str
        Of the donors.
    earlier : int, optional
        Position at which the placebo in time pretends that the event began. Predictors are left to the
        outcomes there: theirs may be measured later.
    poor : float, optional
        Root mean squared gap before beyond which the fit is called poor; default half of the treated unit's
        own standard deviation.
    """
    matching = matching or Matching()
    control = synthetic_control(treated, donors, before, after, matching)
    chosen = matching.penalty if control.augmentation is None else control.augmentation.penalty
    single = replace(matching, starts=1, penalty=chosen)
    placebos, without = {}, {}
    for j, name in enumerate(names):
        others = np.flatnonzero(np.arange(len(names)) != j)
        placebos[name] = synthetic_control(
            donors[:, j], donors[:, others], before, after, single.of(1 + j, 1 + others)
        )
        if control.fit.weights[j] > WORTH_LEAVING_OUT:
            pool = single.of(0, 1 + others)
            without[name] = synthetic_control(treated, donors[:, others], before, after, pool)
    moved = None
    if earlier is not None:
        early = np.arange(len(treated)) < earlier
        outcomes = Matching(ridge=matching.ridge, penalty=chosen)
        moved = synthetic_control(treated, donors, before & early, before & ~early, outcomes)
    gaps = [float((treated - donors @ found.weights)[after].mean()) for found in control.starts]
    spread = float(treated[before].std())
    limit = FOLLOWS * spread if poor is None else poor
    return SyntheticStudy(control, placebos, without, moved, spread, tuple(gaps), limit)
