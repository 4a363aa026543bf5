"""Shapley values by enumeration, of any game with few players (Shapley 1953; for R², Grömping 2006).

The product game of a decomposition has a closed form (:mod:`analysis.numerics.shapley`); this is the
general definition, which that form is tested against and which divides a product of price and quantity.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import factorial
from typing import TypeVar

from analysis.errors import InputError

MOST_PLAYERS = 15
"""Enumeration visits every coalition: 2¹⁵ of them."""

Coalition = frozenset[int]
Number = TypeVar("Number", float, Fraction)


def shapley_by_enumeration(worth: Callable[[Coalition], Number], players: int) -> tuple[Number, ...]:
    """Return every player's Shapley value: the mean of its marginal contributions over all orders.

    Parameters
    ----------
    worth : callable
        Value of a coalition of player numbers 0 to ``players - 1``; called once a coalition. With
        ``Fraction`` values the arithmetic is exact.
    players : int
        At most `MOST_PLAYERS`.

    Returns
    -------
    tuple, length `players`
        They sum to ``worth(everyone) - worth(nobody)``.

    Raises
    ------
    InputError
        If there are too many players.
    """
    if not 0 <= players <= MOST_PLAYERS:
        raise InputError(f"enumeration takes 0 to {MOST_PLAYERS} players, not {players}")
    everyone = range(players)
    members = [frozenset(i for i in everyone if mask >> i & 1) for mask in range(1 << players)]
    values = [worth(coalition) for coalition in members]
    shares = [Fraction(factorial(s) * factorial(players - 1 - s), factorial(players)) for s in everyone]
    result: list[Number] = []
    for i in everyone:
        total = values[0] - values[0]
        for mask, coalition in enumerate(members):
            if not mask >> i & 1:
                weight = shares[len(coalition)]
                gain = values[mask | 1 << i] - values[mask]
                total += gain * weight if isinstance(gain, Fraction) else gain * float(weight)
        result.append(total)
    return tuple(result)
