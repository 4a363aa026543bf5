"""Which events the data can tell apart: aliasing, groups and grades.

Two events are linked, and a group is a connected component of links, when

* their columns are aliased (rank-revealing QR); or
* in any dating the posterior correlation of their effects is at most `CORRELATION_BOUND` and the
  standard deviation of their difference exceeds `DIFFERENCE_SD`; or
* both are UN resolutions whose windows from adoption to the first day of the first full month overlap,
  and between the datings either effect changes sign or moves by more than its standard deviation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from analysis.domain import UN_RESOLUTION, Event, EventTable, FloatArray
from analysis.interventions.design import Design, Term

if TYPE_CHECKING:
    from analysis.interventions.effects import EffectEstimates

Grade = Literal["A", "B", "C", "D"]

ALIAS_TOLERANCE = 1e-8
CORRELATION_BOUND = -0.5
DIFFERENCE_SD = 0.35
GRADE_A = 0.35
GRADE_B = 0.70
"""Bounds on the half-width of the 95 % interval, in logs; on the level scale times the mean of |y|."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The constants of the rule, shown with every result and varied in the calibration table."""

    correlation: float = CORRELATION_BOUND
    difference_sd: float = DIFFERENCE_SD
    grade_a: float = GRADE_A
    grade_b: float = GRADE_B

    def link(self, correlation: FloatArray, apart: FloatArray) -> NDArray[np.bool_]:
        """Return which pairs are linked: correlation of the effects, and sd of their difference."""
        return np.asarray((correlation <= self.correlation) & (apart > self.difference_sd))


DEFAULT_BOUNDS = Bounds()


@dataclass(frozen=True, slots=True)
class Aliasing:
    """What the design cannot tell apart at all.

    Attributes
    ----------
    pinned : tuple of int
        Columns whose coefficient is held at zero because others carry it.
    unidentified : frozenset of str
        Names of event terms without an estimate of their own.
    partners : tuple of (str, str)
        Pairs of event terms whose columns are aliased with one another.
    null : ndarray, shape (p, k)
        Null space of the observed design, in the units of the coefficients.
    """

    pinned: tuple[int, ...]
    unidentified: frozenset[str]
    partners: tuple[tuple[str, str], ...]
    null: FloatArray

    def estimable(self, weights: FloatArray) -> bool:
        """Return whether ``weights @ beta`` is identified."""
        return bool(np.all(np.abs(weights @ self.null) < ALIAS_TOLERANCE * max(1.0, np.abs(weights).max())))


def find_aliasing(design: Design, observed: NDArray[np.bool_]) -> Aliasing:
    """Examine every variant of the design at the observed periods, shape (T,)."""
    pinned: set[int] = set()
    nulls = []
    for variant in design.variants:
        matrix = variant.columns[observed]
        size = np.linalg.norm(matrix, axis=0)
        scale = np.where(size > 0, size, 1.0)
        unit = matrix / scale
        _, r, order = linalg.qr(unit, mode="economic", pivoting=True)
        diagonal = np.abs(np.diag(r))
        rank = int((diagonal > ALIAS_TOLERANCE * max(diagonal[0], 1.0)).sum())
        pinned |= {int(j) for j in order[rank:]}
        if rank < matrix.shape[1]:
            _, _, vt = np.linalg.svd(unit)
            nulls.append(vt[rank:].T / scale[:, None])
    p = len(design.precision)
    null = np.column_stack(nulls) if nulls else np.zeros((p, 0))
    names = {term.name: np.abs(null[term.columns]).sum(axis=0) for term in design.event_terms}
    loose = {name for name, load in names.items() if (load > ALIAS_TOLERANCE).any()}
    partners = tuple(
        (a, b)
        for a, b in combinations(sorted(loose), 2)
        if ((names[a] > ALIAS_TOLERANCE) & (names[b] > ALIAS_TOLERANCE)).any()
    )
    return Aliasing(_prefer_events(design, pinned, null), frozenset(loose), partners, null)


def _prefer_events(design: Design, pinned: set[int], null: FloatArray) -> tuple[int, ...]:
    """Pin event columns rather than season, trend or intercept, in one set that restores full rank."""
    if not pinned:
        return ()
    order = [j for term in design.event_terms for j in range(term.columns.start, term.columns.stop)][::-1]
    order += [j for j in range(null.shape[0]) if j not in order]
    chosen: list[int] = []
    for j in order:
        rows = null[[*chosen, j]]
        if np.linalg.matrix_rank(rows, tol=ALIAS_TOLERANCE) > len(chosen):
            chosen.append(j)
    return tuple(sorted(chosen))


@dataclass(frozen=True, slots=True)
class Group:
    """Events that are reported together.

    Attributes
    ----------
    id : str
    event_ids : tuple of str
    terms : tuple of str
        Names of the design's terms that belong to it.
    reason : str
        Why, in words.
    """

    id: str
    event_ids: tuple[str, ...]
    terms: tuple[str, ...]
    reason: str


def find_groups(
    posterior: EffectEstimates,
    events: EventTable,
    aliasing: Aliasing,
    *,
    active: Sequence[str] | None = None,
    size: float = 1.0,
    bounds: Bounds = DEFAULT_BOUNDS,
) -> tuple[Group, ...]:
    """Return the groups among event terms, in canonical order.

    Parameters
    ----------
    posterior : EffectEstimates
    events : EventTable
    aliasing : Aliasing
    active : sequence of str, optional
        Names of the terms that may be linked; default all.
    size : float
        1 in logs; the mean of |y| on the level scale.
    bounds : Bounds
    """
    terms = [t for t in posterior.design.event_terms if active is None or t.name in active]
    policy = [t for t in terms if t.kind == "event"]
    links: dict[tuple[str, str], str] = {}
    for a, b in combinations(policy, 2):
        reason = _link(posterior, events, aliasing, a, b, size, bounds)
        if reason:
            links[a.name, b.name] = reason
    places = {t.name: k for k, t in enumerate(policy)}
    linked = np.zeros((len(policy), len(policy)), dtype=bool)
    for a_name, b_name in links:
        linked[places[a_name], places[b_name]] = linked[places[b_name], places[a_name]] = True
    groups = []
    lead = leaders(linked)
    for first in np.unique(lead):
        members = [t for k, t in enumerate(policy) if lead[k] == first]
        component = {t.name for t in members}
        ids = tuple(event_id for t in members for event_id in t.event_ids)
        if len(ids) < 2:
            continue
        reasons = [text for (a, b), text in links.items() if a in component and b in component]
        if not reasons:
            reasons = ["they come into force in the same period of the series"]
        groups.append(
            Group("+".join(ids), ids, tuple(t.name for t in members), "; ".join(dict.fromkeys(reasons)))
        )
    return tuple(groups)


def _link(
    posterior: EffectEstimates,
    events: EventTable,
    aliasing: Aliasing,
    a: Term,
    b: Term,
    size: float,
    bounds: Bounds,
) -> str:
    first, second = events[a.event_ids[0]], events[b.event_ids[0]]
    if first.group is not None and first.group == second.group:
        return f"declared as the group '{first.group}'"
    if (min(a.name, b.name), max(a.name, b.name)) in aliasing.partners:
        return "their columns are the same in the sample (aliased)"
    if a.name in aliasing.unidentified or b.name in aliasing.unidentified:
        return ""
    pair = np.array([a.columns.start, b.columns.start])
    for dating in posterior.datings:
        correlation, apart = (m[0, 1] for m in nearness(dating.covariance[np.ix_(pair, pair)], size))
        if bounds.link(correlation, apart):
            return (
                f"{a.name} and {b.name}: correlation of the effects {correlation:.2f}, standard deviation of "
                f"their difference {apart:.2f} (dating '{dating.dating}')"
            )
    if _windows_overlap(first, second):
        for term in (a, b):
            moved = _moves(posterior, term)
            if moved:
                return f"{a.name} and {b.name} overlap between adoption and full force, and {moved}"
    return ""


def _windows_overlap(a: Event, b: Event) -> bool:
    if a.kind != UN_RESOLUTION or b.kind != UN_RESOLUTION:
        return False
    if a.adopted is None or b.adopted is None or a.full is None or b.full is None:
        return False
    return a.adopted <= b.full.start and b.adopted <= a.full.start


def _moves(posterior: EffectEstimates, term: Term) -> str:
    column = term.columns.start
    reference = posterior.dating("full")
    sd = float(np.sqrt(reference.covariance[column, column]))
    means = {d.dating: float(d.mean[column]) for d in posterior.datings}
    if len({np.sign(value) for value in means.values()}) > 1:
        return f"the effect of {term.name} changes sign with the dating"
    spread = max(means.values()) - min(means.values())
    if spread > sd:
        return f"the effect of {term.name} moves by {spread:.2f} between datings (sd {sd:.2f})"
    return ""


def nearness(covariance: FloatArray, size: FloatArray | float) -> tuple[FloatArray, FloatArray]:
    """Return correlations, and standard deviations of differences over `size`, both of shape (..., E, E)."""
    variance = np.diagonal(covariance, axis1=-2, axis2=-1)
    correlation = covariance / np.sqrt(variance[..., :, None] * variance[..., None, :])
    squared = variance[..., :, None] + variance[..., None, :] - 2 * covariance
    return correlation, np.sqrt(np.maximum(squared, 0.0)) / size


def leaders(links: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the first member of each node's connected component, shape (..., E)."""
    count = links.shape[-1]
    if not count:
        return np.empty(links.shape[:-1], dtype=np.intp)
    reach = (links | np.eye(count, dtype=bool)).astype(np.float64)
    for _ in range(max(count - 1, 1).bit_length()):
        reach = np.minimum(reach @ reach, 1.0)
    return np.asarray(np.argmax(reach > 0, axis=-1))


def group_names(
    terms: Sequence[Term], events: EventTable, covariance: FloatArray, size: FloatArray, bounds: Bounds
) -> list[tuple[str | None, ...]]:
    """Return for many series the group of each event term of a design with one dating and no aliased columns.

    Parameters
    ----------
    terms : sequence of Term
        E of them.
    events : EventTable
    covariance : ndarray, shape (S, E, E)
        Posterior covariance of the effects of each series.
    size : ndarray, shape (S,)
        1 in logs; the mean of |y| on the level scale.
    bounds : Bounds
    """
    heads = [events[term.event_ids[0]] for term in terms]
    declared = np.array([[a.group is not None and a.group == b.group for b in heads] for a in heads])
    policy = np.array([term.kind == "event" for term in terms])
    links = bounds.link(*nearness(covariance, size[:, None, None])) | declared
    patterns, which = np.unique(leaders(links & policy[:, None] & policy), axis=0, return_inverse=True)
    named = []
    for pattern in patterns:
        members = [
            [i for k, t in enumerate(terms) if pattern[k] == lead for i in t.event_ids] for lead in pattern
        ]
        named.append(
            tuple("+".join(m) if len(m) > 1 and p else None for m, p in zip(members, policy, strict=True))
        )
    return [named[k] for k in which.ravel()]


def grade(half_width: float, size: float = 1.0, bounds: Bounds = DEFAULT_BOUNDS) -> Grade:
    """Return A, B or C for the half-width of a 95 % interval.

    Parameters
    ----------
    half_width : float
        On the model's scale.
    size : float
        1 in logs; the mean of |y| on the level scale.
    bounds : Bounds
    """
    if half_width <= bounds.grade_a * size:
        return "A"
    return "B" if half_width <= bounds.grade_b * size else "C"
