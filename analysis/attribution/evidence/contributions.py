"""Contributions of the answer's rows in a refit, and intervals as evidence shows them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.attribution.decomposition import decompose, mixture_weights, weighted_quantiles
from analysis.attribution.result import AttributionResult
from analysis.attribution.rows import UNEXPLAINED, Row
from analysis.attribution.windows import WindowMeans
from analysis.domain import FloatArray
from analysis.interventions.joint.posterior import StructuralPosterior
from analysis.numerics.mixture import StudentMixture

NOTHING = 1e-9
"""Contributions below this share of the windows' means are rounding and count as none."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its limits."""

    estimate: float
    lower: float
    upper: float

    @property
    def excludes_zero(self) -> bool:
        """Whether zero lies outside the limits."""
        return self.lower > 0 or self.upper < 0

    @property
    def half_width(self) -> float:
        """Half of the distance between the limits."""
        return 0.5 * (self.upper - self.lower)

    def contains(self, value: float) -> bool:
        """Whether `value` lies within the limits."""
        return self.lower <= value <= self.upper

    def to_record(self) -> dict[str, float]:
        """Return estimate and limits."""
        return {"estimate": self.estimate, "lower": self.lower, "upper": self.upper}


def answered(answer: AttributionResult) -> list[Interval]:
    """Return the rows of the answer as it stands, the residual last."""
    rows = [Interval(row.estimate, row.lower, row.upper) for row in answer.contributions]
    return [*rows, Interval(*answer.residual)]


def row_names(answer: AttributionResult) -> list[dict[str, object]]:
    """Return event ids and label of the rows of `answered`."""
    named: list[dict[str, object]] = [
        {"event_ids": list(row.event_ids), "label": row.label} for row in answer.rows
    ]
    return [*named, {"event_ids": [], "label": UNEXPLAINED}]


def policy_rows(answer: AttributionResult) -> tuple[Row, ...]:
    """Return the rows of events and data breaks."""
    return tuple(row for row in answer.rows if row.event_ids)


def belongs(names: Collection[str], name: str, event_ids: Collection[str], own: Collection[str]) -> bool:
    """Return whether a term of a refit stands in a row: by its name, or by an event they share."""
    return bool(set(event_ids) & set(own)) if own else name in names


def divided(
    posterior: StructuralPosterior,
    windows: WindowMeans,
    rows: Sequence[Row],
    *,
    logs: bool,
    level: float,
    log2_points: int,
) -> list[Interval | None]:
    """Return the contribution of every row in a refit, and what no part of it explains last.

    A part of the refit that the answer does not have is in no row and not in the residual.

    Parameters
    ----------
    posterior : StructuralPosterior
        Its datings are mixed by the weights of `mixture_weights`.
    windows : WindowMeans
    rows : sequence of Row
        Matched by their events; other parts by name. None where no member of a row in the refit differs
        between the windows.
    logs : bool
    level : float
    log2_points : int
    """
    parts = [
        decompose(posterior, dating, windows, logs=logs, log2_points=log2_points)
        for dating in posterior.datings
    ]
    _, weights = mixture_weights([dating.log_marginal for dating in posterior.datings])
    players = parts[0].players
    members = [
        [k for k, p in enumerate(players) if belongs(row.terms, p.name, p.event_ids, row.event_ids)]
        for row in rows
    ]
    tiny = NOTHING * max(abs(windows.observed_before), abs(windows.observed_after))
    moving = np.any([(np.abs(part.draws) > tiny).any(axis=1) for part in parts], axis=0)
    shown = [where for where in members if moving[where].any()]
    estimate = np.asarray(sum(w * d.estimate for w, d in zip(weights, parts, strict=True)))
    sums = np.array([estimate[where].sum() for where in shown])
    change = windows.change
    draws: list[FloatArray] = []
    for part in parts:
        values = np.array([part.draws[where].sum(axis=0) for where in shown])
        values = values.reshape(len(shown), part.draws.shape[1])
        draws.append(np.vstack([values, change - part.draws.sum(axis=0)]))
    tail = 0.5 * (1 - level)
    limits = weighted_quantiles(draws, list(weights), (tail, 1 - tail))
    numbers = np.column_stack([[*sums, change - estimate.sum()], limits])
    numbers[np.abs(numbers) <= tiny] = 0.0
    found = iter(Interval(float(e), float(low), float(high)) for e, low, high in numbers)
    return [*(next(found) if moving[where].any() else None for where in members), next(found)]


def mixed(posterior: StructuralPosterior, contrast: FloatArray) -> StudentMixture:
    """Return the posterior of ``contrast @ beta`` over the datings of a refit."""
    _, weights = mixture_weights([dating.log_marginal for dating in posterior.datings])
    pieces = [dating.combination(contrast) for dating in posterior.datings]
    return StudentMixture(
        np.concatenate([w * piece.weight for w, piece in zip(weights, pieces, strict=True)]),
        np.concatenate([piece.centre for piece in pieces]),
        np.concatenate([piece.scale for piece in pieces]),
        pieces[0].dof,
    )
