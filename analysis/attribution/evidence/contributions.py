"""Contributions of the answer's rows in a refit, and intervals as evidence shows them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.attribution.result import AttributionResult
from analysis.attribution.timing.contributions import along
from analysis.attribution.timing.divided import weighted_quantiles
from analysis.attribution.timing.draws import DATING_PRIOR, dating_weights, joint_draws
from analysis.attribution.timing.nodes import find_clusters, walk
from analysis.attribution.timing.observed import observe
from analysis.attribution.timing.rows import UNEXPLAINED, Row
from analysis.domain import FloatArray, TradeSeries, Window
from analysis.interventions.design import Design
from analysis.interventions.joint.posterior import StructuralPosterior
from analysis.numerics.mixture import StudentMixture

NO_EVENT = "no event of the joint model differs between the windows"
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
    """Return the rows of events and data breaks that the joint model estimates, and accounting does not."""
    estimated = {term.name for term in answer.fit.posterior.design.event_terms}
    return tuple(row for row in answer.rows if row.event_ids and estimated & set(row.terms))


def belongs(names: Collection[str], name: str, event_ids: Collection[str], own: Collection[str]) -> bool:
    """Return whether a term of a refit stands in a row: by its name, or by an event they share."""
    return bool(set(event_ids) & set(own)) if own else name in names


@dataclass(frozen=True, slots=True)
class Refit:
    """The posterior of a refit and the series that it is of."""

    posterior: StructuralPosterior
    series: TradeSeries


def divided(
    refit: Refit,
    windows: tuple[Window, Window],
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
    refit : Refit
        Its datings are mixed by their posterior probabilities.
    windows : tuple of Window
        ``from`` and ``to``.
    rows : sequence of Row
        Matched by their events; other parts by name. None where no member of a row in the refit differs
        between the windows.
    logs : bool
    level : float
    log2_points : int
    """
    series, design = refit.series, refit.posterior.design
    backwards = windows[1].last < windows[0].first
    early, late = (observe(series, _places(series, w)) for w in (windows[::-1] if backwards else windows))
    way = walk(design, find_clusters(series, None, design), early, late)
    datings = [dating.dating for dating in refit.posterior.datings]
    weights = dating_weights([refit], datings)
    sign = -1.0 if backwards else 1.0
    change = sign * (late.mean - early.mean)
    tiny = NOTHING * max(abs(early.mean), abs(late.mean))
    draws: list[FloatArray] = []
    for dating in datings:
        own, _ = joint_draws([refit], dating, log2_points=log2_points)
        found = along(design, way, own[0], logs=logs)
        whole = sum(found.values(), np.zeros(len(own[0].beta))) + way.before
        values = [_row_draws(row, design, found, way.before, len(whole)) for row in rows]
        draws.append(sign * np.vstack([*values, late.mean - early.mean - whole]))
    tail = 0.5 * (1 - level)
    numbers = weighted_quantiles(draws, list(weights), (0.5, tail, 1 - tail))
    numbers[np.abs(numbers) <= tiny] = 0.0
    moving = np.any([np.abs(d).max(axis=1) > tiny for d in draws], axis=0)
    intervals: list[Interval | None] = [
        Interval(float(e), float(low), float(high)) if moves or not row.event_ids else None
        for row, moves, (e, low, high) in zip(rows, moving[:-1], numbers[:-1], strict=True)
    ]
    rest = change - sum(i.estimate for i in intervals if i is not None)
    return [*intervals, Interval(rest, min(float(numbers[-1, 1]), rest), max(float(numbers[-1, 2]), rest))]


def _places(series: TradeSeries, window: Window) -> NDArray[np.intp]:
    _, where = series.window(window)
    return np.arange(where.start, where.stop, dtype=np.intp)


def _row_draws(
    row: Row, design: Design, found: Mapping[str, FloatArray], before: float, count: int
) -> FloatArray:
    if row.kind == "before_events":
        return np.full(count, before)
    ids = {term.name: term.event_ids for term in design.terms}
    total = np.zeros(count)
    for name, value in found.items():
        names = name.split("|")
        events = {event for own in names for event in ids[own]}
        if any(belongs(row.terms, own, events, row.event_ids) for own in names):
            total = total + value
    return total


def mixed(posterior: StructuralPosterior, contrast: FloatArray) -> StudentMixture:
    """Return the posterior of ``contrast @ beta`` over the datings of a refit."""
    datings = posterior.datings
    score = np.array([d.log_marginal + np.log(DATING_PRIOR[d.dating]) for d in datings])
    weights = np.exp(score - score.max()) / np.exp(score - score.max()).sum()
    pieces = [dating.combination(contrast) for dating in posterior.datings]
    return StudentMixture(
        np.concatenate([w * piece.weight for w, piece in zip(weights, pieces, strict=True)]),
        np.concatenate([piece.centre for piece in pieces]),
        np.concatenate([piece.scale for piece in pieces]),
        pieces[0].dof,
    )
