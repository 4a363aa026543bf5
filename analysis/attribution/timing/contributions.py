"""Contributions of a modelled part: the walk from node to node, draw by draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from analysis.attribution.timing.division import divide, first_full, order_of_play
from analysis.attribution.timing.draws import DRAWS_AT_ONCE, PartDraws
from analysis.attribution.timing.nodes import Leg, Walk
from analysis.attribution.timing.parts import Part
from analysis.domain import FloatArray
from analysis.interventions.design import Design, Term, Variant
from analysis.numerics.shapley import product_shapley

Order = Literal["time", "base_from", "growth_first", "shapley"]
"""``time`` is the answer; the others are branches: the base is always the earlier window, growth is played
before the events, or every order counts alike."""

SAME_MEAN = 1e-9
"""Difference of a column's means over two windows, of order one, that is rounding."""


@dataclass(frozen=True, slots=True)
class Players:
    """Who plays in one leg under one variant of the design.

    Attributes
    ----------
    named : tuple of Term
    order : list of list of int
        Positions in `named`, in the order in which they are played.
    fixed : tuple of Term
        Parts that keep their own value in every period, as the season does between whole years.
    """

    named: tuple[Term, ...]
    order: list[list[int]]
    fixed: tuple[Term, ...]


def contributions(part: Part, draws: PartDraws, *, order: Order = "time") -> dict[str, FloatArray]:
    """Return the contribution of every term of a modelled part that plays, by name, each of shape (N,).

    Terms that begin in the same period share one, under their names joined by a bar.

    Parameters
    ----------
    part : Part
    draws : PartDraws
    order : Order

    Returns
    -------
    dict of str to ndarray
        Per period of the target, with the sign of the part in the target.
    """
    assert part.fit is not None
    assert part.way is not None
    found = along(part.fit.posterior.design, part.way, draws, logs=part.fit.logs, order=order)
    return {name: part.sign * part.factor * value for name, value in found.items()}


def along(
    design: Design, way: Walk, draws: PartDraws, *, logs: bool, order: Order = "time"
) -> dict[str, FloatArray]:
    """Return the contributions along a walk, per period of the series that is modelled.

    Parameters
    ----------
    design : Design
    way : Walk
    draws : PartDraws
    logs : bool
    order : Order
    """
    legs = way.legs
    if order in ("base_from", "shapley") and legs:
        legs = (Leg(way.origin, way.destination, 1.0, 0),)
    found: dict[str, FloatArray] = {}
    for v in np.unique(draws.variant):
        own = np.flatnonzero(draws.variant == v)
        for leg in legs:
            for start in range(0, len(own), DRAWS_AT_ONCE):
                block = own[start : start + DRAWS_AT_ONCE]
                values = _leg(design, design.variants[int(v)], leg, draws.beta[block], logs, order)
                for name, value in values.items():
                    held = found.setdefault(name, np.zeros(len(draws.beta)))
                    held[block] += leg.sign * value
    return found


def _leg(
    design: Design, variant: Variant, leg: Leg, beta: FloatArray, logs: bool, order: Order
) -> dict[str, FloatArray]:
    places = np.concatenate([leg.start.positions, leg.end.positions])
    split = len(leg.start.positions)
    later = leg.end.mean > leg.start.mean and order in ("time", "growth_first")
    base = leg.end if later else leg.start
    columns = variant.columns[places]
    players = _players(design, columns, split, later=later, growth_first=order == "growth_first")
    fixed = beta[:, :1] + sum(
        (beta[:, t.columns] @ columns[:, t.columns].T for t in players.fixed),
        np.zeros((len(beta), len(places))),
    )
    if not players.named:
        return {}
    named = np.array([beta[:, t.columns] @ columns[:, t.columns].T for t in players.named])
    if order == "shapley" and logs:
        values = _shapley(named, fixed, split, base.mean)
        return {term.name: values[k] for k, term in enumerate(players.named)}
    values = divide(named, fixed, split, base.mean, later=later, players=players.order, logs=logs)
    return {
        "|".join(players.named[k].name for k in player): value
        for player, value in zip(players.order, values, strict=True)
    }


def _players(design: Design, columns: FloatArray, split: int, *, later: bool, growth_first: bool) -> Players:
    moves = np.abs(columns[split:].mean(axis=0) - columns[:split].mean(axis=0))
    named: list[Term] = []
    fixed: list[Term] = []
    for term in design.terms:
        if term.kind == "intercept":
            continue
        block = columns[:, term.columns]
        plays = np.ptp(block, axis=0).max() > 0 if term.event_ids else moves[term.columns].max() > SAME_MEAN
        (named if plays else fixed).append(term)
    full = next((v for v in design.variants if v.dating == "full"), design.variants[0])
    begins = dict(zip((t.name for t in design.event_terms), first_full(full.shares), strict=True))
    first = np.array([begins.get(t.name, -1.0) for t in named])
    events = order_of_play(first, [k for k, t in enumerate(named) if t.event_ids], later=later)
    calm = [[k] for k, t in enumerate(named) if not t.event_ids and t.kind != "trend"]
    growth = [[k] for k, t in enumerate(named) if t.kind == "trend"]
    ordered = [*calm, *growth, *events] if growth_first else [*calm, *events, *growth]
    return Players(tuple(named), ordered, tuple(fixed))


def _shapley(named: FloatArray, fixed: FloatArray, split: int, base: float) -> FloatArray:
    total = fixed[:, :split] + named[:, :, :split].sum(axis=0)
    constant = np.log(base) + np.log(split) - special.logsumexp(total, axis=1)
    reference = named[:, :, :split].mean(axis=2, keepdims=True)
    start = fixed + constant[:, None] + reference.sum(axis=0)
    values = product_shapley(start, named - reference)
    return np.asarray(values[:, :, split:].mean(axis=2) - values[:, :, :split].mean(axis=2))


def played_together(found: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the terms that share one contribution because they begin in the same period."""
    return [tuple(name.split("|")) for name in found if "|" in name]
