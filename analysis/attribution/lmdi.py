"""Logarithmic mean Divisia index: the closed form that stands beside the answer.

Ang (2004), Energy Policy 32, 1131-1139 (LMDI-I, additive). Windows of equal length are paired period by
period. With ``ln y_t = sum_j g_jt`` the change of a pair is divided exactly by
``L(y_1, y_0) (g_j1 - g_j0)``, ``L(a, b) = (a - b) / ln(a / b)``; the contribution of j is the mean over the
pairs. What is left for u, the residual here, holds the noise of both windows, where the division of
`analysis.attribution.timing.division` holds u at one constant; so the two differ also where both are right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.attribution.timing.rows import LABELS, UNEXPLAINED
from analysis.domain import FloatArray
from analysis.numerics.mixture import StudentMixture

if TYPE_CHECKING:
    from analysis.attribution.result import AttributionResult

METHOD = (
    "additive LMDI-I (Ang 2004), the mean over paired periods; the residual holds the noise of both windows"
)


def logarithmic_mean(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return ``(a - b) / ln(a / b)``, and b where both are equal; a and b above zero, shape (...)."""
    ratio = np.log(a / b)
    near = ratio == 0
    return np.asarray(b * np.where(near, 1.0, np.expm1(ratio) / np.where(near, 1.0, ratio)))


@dataclass(frozen=True, slots=True)
class Part:
    """One row: estimate and limits, per period and in the unit of the series."""

    label: str
    event_ids: tuple[str, ...]
    estimate: float
    lower: float
    upper: float

    def to_record(self) -> dict[str, Any]:
        """Return the row as JSON-ready values."""
        return {
            "label": self.label,
            "event_ids": list(self.event_ids),
            "estimate": self.estimate,
            "lower": self.lower,
            "upper": self.upper,
        }


@dataclass(frozen=True, slots=True)
class Lmdi:
    """The change of a pair of windows by LMDI.

    Attributes
    ----------
    parts : tuple of Part
        The rows of the answer, then other parts of the model whose pairs of periods differ; with the residual
        they add up to the change.
    residual : Part or None
    pairs : int
        Pairs of periods.
    reason : str or None
        Why it is not defined; then there are no parts.
    """

    parts: tuple[Part, ...]
    residual: Part | None
    pairs: int
    reason: str | None

    def to_record(self) -> dict[str, Any]:
        """Return contributions and residual, or the reason why there are none."""
        return {
            "contributions": [part.to_record() for part in self.parts],
            "residual": None if self.residual is None else self.residual.to_record(),
            "pairs": self.pairs,
            "method": METHOD,
            "reason": self.reason,
        }


def undefined_because(answer: AttributionResult) -> str | None:
    """Return why the change of `answer` has no LMDI, or None."""
    if not answer.single:
        return "the change is that of several parts"
    windows = answer.windows
    if not answer.fit.logs:
        return "the model is on the level scale, where the parts add up already"
    if len(answer.before) != len(answer.after):
        return f"the windows are of unequal length ({len(answer.before)} and {len(answer.after)} periods)"
    if len(windows.before) != len(answer.before) or len(windows.after) != len(answer.after):
        return "a period of the windows is not observed, so a pair is missing"
    return None


def lmdi(answer: AttributionResult) -> Lmdi:
    """Return contributions by LMDI: of the rows of `answer`, and of unmoved parts that differ within pairs.

    The parts are linear in the coefficients, so their posterior is an exact mixture of t distributions.
    """
    reason = undefined_because(answer)
    if reason is not None:
        return Lmdi((), None, 0, reason)
    windows = answer.windows
    values = answer.fit.series.values
    weights = logarithmic_mean(values[windows.after], values[windows.before]) / len(windows.before)
    moves = [
        weights @ (variant.columns[windows.after] - variant.columns[windows.before])
        for variant in answer.fit.posterior.design.variants
    ]
    slices = {term.name: term.columns for term in answer.fit.posterior.design.terms}
    parts = []
    everything = np.zeros_like(np.array(moves))
    shown = [(row.label, row.event_ids, row.terms) for row in answer.rows if row.terms]
    named = {name for _, _, terms in shown for name in terms} | {"intercept"}
    shown += [(LABELS.get(name, name), (), (name,)) for name in slices if name not in named]
    for label, event_ids, terms in shown:
        contrasts = np.zeros_like(everything)
        for name in terms:
            contrasts[:, slices[name]] = np.array(moves)[:, slices[name]]
        if not contrasts.any():
            continue
        everything += contrasts
        parts.append(Part(label, event_ids, *_posterior(answer, contrasts)))
    _, low, high = _posterior(answer, everything)
    change = answer.absolute
    rest = change - sum(part.estimate for part in parts)
    return Lmdi(
        tuple(parts),
        Part(UNEXPLAINED, (), rest, change - high, change - low),
        len(windows.before),
        None,
    )


def _posterior(answer: AttributionResult, contrasts: FloatArray) -> tuple[float, float, float]:
    """Mean and limits of ``contrasts[variant] @ beta``, for contrasts of shape (variants, p)."""
    if not contrasts.any():
        return 0.0, 0.0, 0.0
    weight: list[FloatArray] = []
    centre: list[FloatArray] = []
    scale: list[FloatArray] = []
    for dated in answer.datings:
        posterior = answer.fit.posterior.dating(dated.dating)
        c = posterior.coefficients
        own = contrasts[posterior.variant]
        weight.append(dated.weight * posterior.weight)
        centre.append((c.mean * own).sum(axis=1))
        spread = np.linalg.norm((own[:, None, :] @ c.root)[:, 0], axis=1)
        scale.append(np.sqrt(c.rss / c.dof) * spread)
    mixture = _joined(weight, centre, scale, answer.fit.reported.coefficients.dof)
    return mixture.mean(), *mixture.interval(answer.fit.level)


def _joined(
    weight: Sequence[FloatArray], centre: Sequence[FloatArray], scale: Sequence[FloatArray], dof: int
) -> StudentMixture:
    tiny = np.concatenate(scale)
    return StudentMixture(
        np.concatenate(weight), np.concatenate(centre), np.maximum(tiny, 1e-14 * tiny.max()), dof
    )
