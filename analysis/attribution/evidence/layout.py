"""Parts of a design: what refits leave out, put in or exchange."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.attribution.result import AttributionResult
from analysis.domain import FloatArray
from analysis.interventions.dating import Dating
from analysis.interventions.design import PINNED, Design, Term, TermKind, Variant
from analysis.interventions.joint.posterior import DatingPosterior

RANK_TOLERANCE = 1e-6
"""A refit is refused where a singular value of its scaled columns is below this; a fit allows 1e-8."""


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """One named term with its columns under every dating.

    Attributes
    ----------
    name : str
    kind : TermKind
    event_ids : tuple of str
    precision : ndarray, shape (c,)
        As in `Design`: 0 is flat; the trend's awaits the stationary variance.
    columns : mapping of Dating to ndarray of shape (T, c)
    """

    name: str
    kind: TermKind
    event_ids: tuple[str, ...]
    precision: FloatArray
    columns: Mapping[Dating, FloatArray]

    @classmethod
    def flat(
        cls, name: str, kind: TermKind, columns: Mapping[Dating, FloatArray], event_ids: tuple[str, ...] = ()
    ) -> Part:
        """Return a part with a flat prior."""
        width = next(iter(columns.values())).shape[1]
        return cls(name, kind, event_ids, np.zeros(width), columns)

    def with_columns(self, columns: Mapping[Dating, FloatArray]) -> Part:
        """Return the part with other columns of the same number."""
        return replace(self, columns=columns)


def modal_variant(design: Design, posterior: DatingPosterior) -> int:
    """Return the variant (dating and decays) that holds most of the posterior under one dating."""
    mass = np.bincount(posterior.variant, weights=posterior.weight, minlength=len(design.variants))
    return int(np.argmax(mass))


def parts_of(answer: AttributionResult) -> tuple[Part, ...]:
    """Return the parts of the answer's design under its datings; decays stand at their most likely values."""
    posterior = answer.fit.posterior
    design = posterior.design
    columns = {
        d.dating: design.variants[modal_variant(design, posterior.dating(d.dating))].columns
        for d in answer.datings
    }
    return tuple(
        Part(
            term.name,
            term.kind,
            term.event_ids,
            design.precision[term.columns],
            {dating: matrix[:, term.columns] for dating, matrix in columns.items()},
        )
        for term in design.terms
    )


def shares_of(answer: AttributionResult) -> dict[str, dict[Dating, FloatArray]]:
    """Return the share in force of every event term, shape (T,), under the answer's datings."""
    posterior = answer.fit.posterior
    design = posterior.design
    found: dict[str, dict[Dating, FloatArray]] = {term.name: {} for term in design.event_terms}
    for dated in answer.datings:
        variant = design.variants[modal_variant(design, posterior.dating(dated.dating))]
        for k, term in enumerate(design.event_terms):
            found[term.name][dated.dating] = variant.shares[:, k]
    return found


def assemble(parts: Sequence[Part], datings: Sequence[Dating]) -> Design:
    """Return the design of `parts`, one variant for each dating."""
    terms = []
    width = 0
    for part in parts:
        terms.append(Term(part.name, part.kind, slice(width, width + len(part.precision)), part.event_ids))
        width += len(part.precision)
    variants = tuple(
        Variant(dating, (), np.column_stack([part.columns[dating] for part in parts]), _shares(parts, dating))
        for dating in datings
    )
    trend = next((term.columns.start for term in terms if term.kind == "trend"), None)
    return Design(tuple(terms), variants, np.concatenate([part.precision for part in parts]), trend)


def _shares(parts: Sequence[Part], dating: Dating) -> FloatArray:
    """Return the share in force of every event part as its column tells, shape (T, E)."""
    length = len(parts[0].columns[dating])
    columns = [part.columns[dating][:, 0] for part in parts if part.event_ids]
    return np.clip(np.abs(np.column_stack(columns)), 0.0, 1.0) if columns else np.empty((length, 0))


def identified(design: Design, observed: np.ndarray) -> bool:
    """Return whether every free coefficient is identified at the observed periods, shape (T,).

    Columns held at zero in the answer do not count.
    """
    free = design.precision < PINNED
    for variant in design.variants:
        matrix = variant.columns[observed][:, free]
        size = np.linalg.norm(matrix, axis=0)
        if (size == 0).any():
            return False
        if np.linalg.matrix_rank(matrix / size, tol=RANK_TOLERANCE) < matrix.shape[1]:
            return False
    return True


def own_share(design: Design, observed: np.ndarray, column: int) -> float:
    """Return the share of a column's sum of squares that no other column of the design carries.

    Parameters
    ----------
    design : Design
    observed : ndarray of bool, shape (T,)
    column : int
        The smallest share over the datings counts.
    """
    free = design.precision < PINNED
    free[column] = False
    shares = []
    for variant in design.variants:
        matrix = variant.columns[observed]
        others = matrix[:, free]
        scaled = others / np.maximum(np.linalg.norm(others, axis=0), 1e-300)
        target = matrix[:, column]
        left = target - scaled @ np.linalg.lstsq(scaled, target, rcond=None)[0]
        shares.append(float(left @ left / (target @ target)))
    return min(shares)
