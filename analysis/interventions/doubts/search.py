"""Dates and shapes to integrate over (``shape="auto"``): what is likely beside what was declared.

Every step is tried at all dates `SHIFTS` away and as a phase-in over `PHASES` periods, one event at a time
with the others at their mode, in two rounds, at the points of the noise of the checks (`Whitened`). What
holds nearly all of the weight is kept; the fit integrates over the heaviest combinations, equally likely
beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.domain import FloatArray, Frequency
from analysis.interventions.design import PINNED, Design, Variant
from analysis.interventions.doubts.alternatives import SHIFTS, moved, phased
from analysis.interventions.doubts.whitening import Whitened

if TYPE_CHECKING:
    from analysis.interventions.result import InterventionResult

PHASES: dict[Frequency, tuple[int, ...]] = {
    "A": (1, 2),
    "Q": (1, 2, 4),
    "M": (1, 3, 6, 12),
    "W": (1, 4, 13),
    "D": (1, 7, 30),
}
ROUNDS = 2
KEPT = 0.99
"""Weight of the candidates of an event that are kept."""
MOST = 64
"""Combinations of dates and shapes at most."""
LEAST_LEFT = 0.02
"""Share of a column's sum of squares that the rest of the model may not carry."""

Choice = tuple[int, int]
"""Periods by which an event is moved, and over which it phases in."""
DECLARED: Choice = (0, 1)


@dataclass(frozen=True)
class Search:
    """Combinations of dates and shapes.

    Attributes
    ----------
    terms : tuple of str
        Event terms that were searched.
    combinations : tuple of tuple of Choice
        For every combination the choice of each term, the heaviest first.
    kept : float
        Share of the candidates' weight that the combinations hold.
    """

    terms: tuple[str, ...]
    combinations: tuple[tuple[Choice, ...], ...]
    kept: float

    def apply(self, design: Design) -> Design:
        """Return the design with every combination as a variant."""
        terms = {term.name: k for k, term in enumerate(design.event_terms)}
        variants = []
        for chosen in self.combinations:
            for variant in design.variants:
                columns, shares = variant.columns.copy(), variant.shares.copy()
                curved = list(variant.curved)
                for name, choice in zip(self.terms, chosen, strict=True):
                    k = terms[name]
                    place = design.event_terms[k].columns
                    columns[:, place] = altered(columns[:, place], choice)
                    shares[:, [k]] = altered(shares[:, [k]], choice)
                    curved[k] = curved[k] and choice[1] == 1
                variants.append(replace(variant, columns=columns, shares=shares, curved=tuple(curved)))
        return replace(design, variants=tuple(variants))

    def record(self, weight: FloatArray) -> dict[str, Any]:
        """Return the posterior of every event's date and shape.

        Parameters
        ----------
        weight : ndarray, shape (combinations,)
            Posterior weights.
        """
        found = []
        for k, name in enumerate(self.terms):
            mass: dict[Choice, float] = {}
            for chosen, own in zip(self.combinations, weight, strict=True):
                mass[chosen[k]] = mass.get(chosen[k], 0.0) + float(own)
            ranked = sorted(mass.items(), key=lambda item: (-item[1], item[0]))
            found.append(
                {
                    "event": name,
                    "candidates": [
                        {"moved": shift, "phased_in_over": phase, "probability": own}
                        for (shift, phase), own in ranked
                    ],
                }
            )
        return {"combinations": len(self.combinations), "weight_kept": self.kept, "events": found}


def altered(columns: FloatArray, choice: Choice) -> FloatArray:
    """Return columns, shape (T, k), moved and phased in."""
    return phased(moved(columns, choice[0]), choice[1])


def search(fit: InterventionResult) -> Search | None:
    """Find the likely dates and shapes of the steps of a fitted joint model.

    Parameters
    ----------
    fit : InterventionResult
        As declared.

    Returns
    -------
    Search or None
        None if there is no step to search for.
    """
    posterior = fit.posterior.dating("full")
    design = fit.posterior.design
    variant = design.variants[int(posterior.variant[int(np.argmax(posterior.weight))])]
    terms = [
        term
        for term in design.event_terms
        if term.kind == "event"
        and fit.events[term.event_ids[0]].shape == "step"
        and design.precision[term.columns.start] < PINNED
        and term.name not in fit.aliasing.unidentified
    ]
    if not terms:
        return None
    everywhere = np.ones(len(fit.series), dtype=bool)
    points = Whitened.points(fit.posterior, posterior, everywhere)
    frequency = fit.series.frequency
    reach = range(-SHIFTS[frequency], SHIFTS[frequency] + 1)
    choices = [(shift, phase) for shift in reach for phase in PHASES[frequency]]
    places = [term.columns.start for term in terms]
    mode = [DECLARED] * len(terms)
    weights: list[FloatArray] = []
    for _ in range(ROUNDS):
        weights = []
        for k, place in enumerate(places):
            weights.append(_weights(points, variant, places, mode, place, choices))
            mode[k] = choices[int(np.argmax(weights[k]))]
    return _combine(design, variant, fit, [t.name for t in terms], places, choices, weights)


def _weights(
    points: Sequence[Whitened],
    variant: Variant,
    places: Sequence[int],
    mode: Sequence[Choice],
    place: int,
    choices: Sequence[Choice],
) -> FloatArray:
    """Return the weight of every choice of one event, with the others at their mode."""
    score = np.full((len(points), len(choices)), -np.inf)
    own = np.column_stack([altered(variant.columns[:, [place]], choice)[:, 0] for choice in choices])
    others = np.column_stack(
        [altered(variant.columns[:, [p]], m)[:, 0] for p, m in zip(places, mode, strict=True)]
    )
    for j, white in enumerate(points):
        columns = white.columns.copy()
        columns[: len(white.seen), list(places)] = white.whiten(others)[: len(white.seen)]
        there = replace(white, columns=columns)
        basis = there.residual_maker(np.array([place], dtype=np.intp))
        tried = white.whiten(own)
        size = (tried**2).sum(axis=0)
        tried = tried - basis @ (basis.T @ tried)
        left = (tried**2).sum(axis=0)
        y = white.y - basis @ (basis.T @ white.y)
        told = left > LEAST_LEFT * np.maximum(size, 1e-300)
        rss = y @ y - (tried[:, told].T @ y) ** 2 / left[told]
        own_size = np.log(left[told]) - np.log(left[choices.index(DECLARED)])
        score[j, told] = white.likelihood(rss) - 0.5 * own_size
    together = np.logaddexp.reduce(score, axis=0)
    weight = np.exp(together - together.max())
    return np.asarray(weight / weight.sum())


def _combine(
    design: Design,
    variant: Variant,
    fit: InterventionResult,
    names: Sequence[str],
    places: Sequence[int],
    choices: Sequence[Choice],
    weights: Sequence[FloatArray],
) -> Search:
    """Return the heaviest combinations of the likely choices of every event that the data can tell apart."""
    likely = []
    for weight in weights:
        order = np.argsort(-weight, kind="stable")
        count = int(np.searchsorted(np.cumsum(weight[order]), KEPT)) + 1
        likely.append([(choices[k], float(weight[k])) for k in order[:count]])
    most = max(MOST // len({v.decays for v in design.variants}), 1)
    pool: list[tuple[float, tuple[Choice, ...]]] = [(1.0, ())]
    for own in likely:
        grown = [(w * v, (*chosen, choice)) for (w, chosen), (choice, v) in product(pool, own)]
        pool = sorted(grown, key=lambda item: (-item[0], item[1]))[: 4 * most]
    observed = np.isfinite(fit.series.values)
    rank = _rank(variant.columns[observed])
    kept = []
    for held, chosen in pool:
        columns = variant.columns.copy()
        for place, choice in zip(places, chosen, strict=True):
            columns[:, [place]] = altered(columns[:, [place]], choice)
        if _rank(columns[observed]) == rank:
            kept.append((held, chosen))
        if len(kept) == most:
            break
    if not kept:
        kept = [(0.0, (DECLARED,) * len(names))]
    return Search(tuple(names), tuple(chosen for _, chosen in kept), sum(weight for weight, _ in kept))


def _rank(columns: FloatArray) -> int:
    size = np.linalg.norm(columns, axis=0)
    return int(np.linalg.matrix_rank(columns / np.where(size > 0, size, 1.0), tol=1e-8))


def by_combination(
    variant: NDArray[np.intp], weight: FloatArray, count: int, per_combination: int
) -> FloatArray:
    """Return the posterior weight of every combination, shape (count,), from that of the points."""
    mass = np.bincount(variant // per_combination, weights=weight, minlength=count)
    return np.asarray(mass, dtype=np.float64)
