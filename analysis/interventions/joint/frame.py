"""The design that the series of a block share: distinct columns, and where each variant finds its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.domain import EventTable, FloatArray
from analysis.interventions.dating import Dating
from analysis.interventions.design import PINNED, Design

SUPPORT = 0.05
"""Share of its peak down to which a temporary response counts as the event's own support."""
SETTLED = 0.95
"""Share of its full size up to which a gradual response counts as the event's onset."""
LEAST_SUPPORT = 3
"""Periods of it at least, whatever the decay."""

IndexArray = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Partial:
    """Periods in force for a part of their days, of one variant: their columns depend on the effect.

    Attributes
    ----------
    months, owner : ndarray of int, shape (M,)
        Calendar position, and the design column of the event.
    share : ndarray, shape (M,)
    """

    months: IndexArray
    owner: IndexArray
    share: FloatArray

    def weights(self, effects: FloatArray | None, count: int) -> FloatArray:
        """Return what the columns hold there, ``ln(1 - f + f exp(b)) / b`` (equation 2), shape (S, M).

        Parameters
        ----------
        effects : ndarray, shape (S, p), optional
            Coefficients of the previous pass; without them the share itself.
        count : int
            S.
        """
        weights = np.broadcast_to(self.share, (count, len(self.share))).copy()
        if effects is None or not len(self.share):
            return weights
        beta = effects[:, self.owner]
        safe = np.where(beta != 0, beta, 1.0)
        return np.where(beta != 0, np.log1p(self.share * np.expm1(safe)) / safe, weights)


@dataclass(frozen=True)
class Frame:
    """The design that the series of a block share.

    Attributes
    ----------
    design : Design
    columns : ndarray, shape (T, w)
        Distinct columns of all variants, those of intercept and season first; partial periods are empty.
    positions : ndarray of int, shape (V, p)
        Where each variant finds its columns.
    partial : tuple of Partial
        Of each variant.
    shared : int
        Leading columns that are the same for all series and variants, with flat priors.
    shapes : tuple of str
        Response shape of each event term.
    """

    design: Design
    columns: FloatArray
    positions: IndexArray
    partial: tuple[Partial, ...]
    shared: int
    shapes: tuple[str, ...]

    @classmethod
    def of(cls, design: Design, events: EventTable, *, logs: bool) -> Frame:
        """Gather the columns of a design."""
        matrices, partial = [], []
        for variant in design.variants:
            matrix = variant.columns.copy()
            months: list[int] = []
            owner: list[int] = []
            share: list[float] = []
            for term, shares, curved in zip(
                design.event_terms, variant.shares.T, variant.curved, strict=True
            ):
                column = term.columns.start
                if not logs or not curved or design.precision[column] >= PINNED:
                    continue
                inside = np.flatnonzero((shares > 0) & (shares < 1))
                months.extend(inside)
                owner.extend([column] * len(inside))
                share.extend(shares[inside])
                matrix[inside, column] = 0.0
            matrices.append(matrix)
            partial.append(
                Partial(
                    np.array(months, dtype=np.intp),
                    np.array(owner, dtype=np.intp),
                    np.array(share, dtype=np.float64),
                )
            )
        base = [term for term in design.terms if term.kind in ("intercept", "seasonal")]
        flat = design.precision[: base[-1].columns.stop] == 0
        shared = int(len(flat) if flat.all() else np.argmin(flat))
        shapes = tuple(events[term.event_ids[0]].shape for term in design.event_terms)
        return cls(design, *_distinct(matrices), tuple(partial), shared, shapes)

    def settled(self, effects: FloatArray | None) -> Frame:
        """Return the frame of one series with its partial periods filled in.

        Parameters
        ----------
        effects : ndarray, shape (1, D, p), optional
            As in `Partial.weights`.
        """
        matrices = []
        for v, partial in enumerate(self.partial):
            matrix = self.columns[:, self.positions[v]]
            own = None if effects is None else effects[:, self.dating_of[v]]
            matrix[partial.months, partial.owner] = partial.weights(own, 1)[0]
            matrices.append(matrix)
        none = np.empty(0, dtype=np.intp)
        columns, positions = _distinct(matrices)
        empty = (Partial(none, none, np.empty(0)),) * len(matrices)
        return replace(self, columns=columns, positions=positions, partial=empty)

    @property
    def datings(self) -> tuple[Dating, ...]:
        """The datings of the variants, each once."""
        return tuple(dict.fromkeys(variant.dating for variant in self.design.variants))

    @cached_property
    def dating_of(self) -> IndexArray:
        """Position among the datings of each variant, shape (V,)."""
        names = self.datings
        return np.array([names.index(v.dating) for v in self.design.variants], dtype=np.intp)

    @cached_property
    def first_event(self) -> int:
        """Design column from which on the columns are events'."""
        terms = self.design.event_terms
        return terms[0].columns.start if terms else len(self.design.precision)

    @cached_property
    def months(self) -> IndexArray:
        """Partial periods of any variant."""
        return np.unique(np.concatenate([p.months for p in self.partial]))

    def support(self, variant: int) -> NDArray[np.bool_]:
        """Periods of a temporary effect's own support or of a gradual one's onset, shape (T,)."""
        found = np.zeros(len(self.columns), dtype=bool)
        chosen = self.design.variants[variant]
        for term, shape in zip(self.design.event_terms, self.shapes, strict=True):
            column = np.abs(chosen.columns[:, term.columns.start])
            peak = column.max()
            started = np.flatnonzero(column > 0)
            if shape not in ("temporary", "gradual") or not len(started):
                continue
            inside = column >= SUPPORT * peak if shape == "temporary" else column < SETTLED * peak
            found |= inside & (np.arange(len(column)) >= started[0])
            found[started[0] : started[0] + LEAST_SUPPORT] = True
        return found


def _distinct(matrices: Sequence[FloatArray]) -> tuple[FloatArray, IndexArray]:
    """Return the distinct columns of some matrices, and where each finds its own."""
    seen: dict[bytes, int] = {}
    columns: list[FloatArray] = []
    positions = []
    for matrix in matrices:
        where = []
        for column in matrix.T:
            key = column.tobytes()
            if key not in seen:
                seen[key] = len(columns)
                columns.append(column)
            where.append(seen[key])
        positions.append(where)
    return np.column_stack(columns), np.array(positions, dtype=np.intp)
