"""The quadrature against the definition: enumeration of all coalitions."""

from itertools import combinations
from math import factorial

import numpy as np
import pytest

from analysis.numerics.shapley import product_shapley

ENUMERATION = 1e-13
"""Rounding of sums of at most 2**9 terms of size one."""


def by_enumeration(base: float, moves: np.ndarray) -> np.ndarray:
    players = range(len(moves))

    def value(coalition) -> float:
        return float(np.exp(base + sum(moves[i] for i in coalition)) - np.exp(base))

    shares = np.zeros(len(moves))
    for j in players:
        others = [i for i in players if i != j]
        for size in range(len(moves)):
            weight = factorial(size) * factorial(len(moves) - size - 1) / factorial(len(moves))
            for coalition in combinations(others, size):
                shares[j] += weight * (value((*coalition, j)) - value(coalition))
    return shares


@pytest.mark.parametrize("players", [1, 2, 3, 6, 9])
def test_values_equal_enumeration(players):
    moves = 1.3 * np.sin(np.arange(1.0, players + 1) * 2.7)
    found = product_shapley(np.array(0.4), moves)
    np.testing.assert_allclose(found, by_enumeration(0.4, moves), atol=ENUMERATION)


def test_efficiency_null_player_and_symmetry():
    moves = np.array([[-2.1, 0.3], [0.0, 0.0], [0.7, -1.0], [0.7, -1.0]])
    base = np.array([5.0, 4.0])
    found = product_shapley(base, moves)
    np.testing.assert_allclose(found.sum(axis=0), np.exp(base + moves.sum(axis=0)) - np.exp(base), rtol=1e-13)
    assert (found[1] == 0).all()
    np.testing.assert_array_equal(found[2], found[3])
