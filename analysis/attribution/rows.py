"""Rows of a table of contributions: events that cannot be told apart share one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.domain import EventTable
from analysis.interventions.design import Design, Term
from analysis.interventions.identification import Group

LABELS = {"trend": "Trend", "seasonal": "Season", "lunar_new_year": "Chinese New Year"}
UNEXPLAINED = "not explained by a named part"
"""Label of the residual."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: an event, a group, or another named part.

    Attributes
    ----------
    kind : str
        ``event``, ``covariate``, ``trend``, ``seasonal`` or ``measurement``.
    event_ids : tuple of str
    group : Group or None
    label : str
    members : tuple of int
        Positions of its players.
    terms : tuple of str
        Names of its terms.
    grade : str or None
        Of events and data breaks.
    """

    kind: str
    event_ids: tuple[str, ...]
    group: Group | None
    label: str
    members: tuple[int, ...]
    terms: tuple[str, ...]
    grade: str | None


def active_terms(design: Design, periods: NDArray[np.intp]) -> tuple[str, ...]:
    """Return the event terms whose share in force differs among `periods`, in any variant of the design."""
    terms = design.event_terms
    moving = np.zeros(len(terms), dtype=bool)
    for variant in design.variants:
        shares = variant.shares[periods]
        columns = variant.columns[periods]
        for k, term in enumerate(terms):
            moving[k] |= np.ptp(shares[:, k]) > 0 or np.ptp(columns[:, term.columns], axis=0).max() > 0
    return tuple(term.name for k, term in enumerate(terms) if moving[k])


def build_rows(
    players: Sequence[Term],
    active: Sequence[str],
    groups: Sequence[Group],
    events: EventTable,
    grade: Callable[[Sequence[str]], str],
) -> tuple[Row, ...]:
    """Return the rows of a table, in the order of the players; a group stands where its first member does.

    Parameters
    ----------
    players : sequence of Term
    active : sequence of str
        Names of the event terms that have a row.
    groups : sequence of Group
        Among the active terms.
    events : EventTable
    grade : callable
        Returns the grade of the summed effects of the terms named.
    """
    position = {term.name: k for k, term in enumerate(players)}
    owner = {name: group for group in groups for name in group.terms}
    rows: list[Row] = []
    done: set[str] = set()
    for term in players:
        if not term.event_ids:
            label = LABELS.get(term.name, term.name)
            rows.append(Row(term.kind, (), None, label, (position[term.name],), (term.name,), None))
        elif term.name in active and term.name not in done:
            group = owner.get(term.name)
            names = group.terms if group else (term.name,)
            done.update(names)
            members = tuple(position[name] for name in names)
            ids = group.event_ids if group else term.event_ids
            label = " + ".join(events[i].title for i in ids)
            rows.append(Row(term.kind, ids, group, label, members, names, grade(names)))
    return tuple(rows)
