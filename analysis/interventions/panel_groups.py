"""Groups of events for many series at once: the rule of `analysis.interventions.identification`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.domain import EventTable, FloatArray
from analysis.interventions.design import Term
from analysis.interventions.identification import DEFAULT_BOUNDS, Bounds


def panel_groups(
    terms: Sequence[Term],
    events: EventTable,
    covariance: FloatArray,
    size: FloatArray,
    bounds: Bounds = DEFAULT_BOUNDS,
) -> list[tuple[str | None, ...]]:
    """Return for every series the group of each event, in the order of the terms' events.

    Parameters
    ----------
    terms : sequence of Term
        Event terms of a design with one dating and no aliased columns; E of them.
    events : EventTable
    covariance : ndarray, shape (S, E, E)
        Posterior covariance of the effects of each series.
    size : ndarray, shape (S,)
        1 in logs; the mean of |y| on the level scale.
    bounds : Bounds
    """
    leader = _leaders(_linked(terms, events, covariance, size, bounds))
    patterns, which = np.unique(leader, axis=0, return_inverse=True)
    named = [_names(terms, pattern) for pattern in patterns]
    return [named[k] for k in which.ravel()]


def _linked(
    terms: Sequence[Term], events: EventTable, covariance: FloatArray, size: FloatArray, bounds: Bounds
) -> NDArray[np.bool_]:
    """Which pairs of terms are linked in each series, shape (S, E, E)."""
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    correlation = covariance / np.sqrt(variance[:, :, None] * variance[:, None, :])
    apart = np.sqrt(np.maximum(variance[:, :, None] + variance[:, None, :] - 2 * covariance, 0.0))
    links = (correlation <= bounds.correlation) & (apart > bounds.difference_sd * size[:, None, None])
    heads = [events[term.event_ids[0]] for term in terms]
    declared = np.array([[a.group is not None and a.group == b.group for b in heads] for a in heads])
    policy = np.array([term.kind == "event" for term in terms])
    return np.asarray((links | declared) & policy[:, None] & policy & ~np.eye(len(terms), dtype=bool))


def _leaders(links: NDArray[np.bool_]) -> NDArray[np.intp]:
    """First member of the connected component of each term, shape (S, E)."""
    reach = links | np.eye(links.shape[1], dtype=bool)
    for _ in range(int(np.ceil(np.log2(max(links.shape[1], 2))))):
        reach = (reach.astype(np.float64) @ reach.astype(np.float64)) > 0
    return np.asarray(np.argmax(reach, axis=2))


def _names(terms: Sequence[Term], leader: NDArray[np.intp]) -> tuple[str | None, ...]:
    found: list[str | None] = []
    for e, term in enumerate(terms):
        members = [i for k, t in enumerate(terms) if leader[k] == leader[e] for i in t.event_ids]
        name = "+".join(members) if len(members) > 1 and term.kind == "event" else None
        found += [name] * len(term.event_ids)
    return tuple(found)
