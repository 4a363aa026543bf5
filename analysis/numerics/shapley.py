"""Exact Shapley values of a product game (Owen 1972, Management Science 18, P64-P79).

For one period the value of a coalition S is ``exp(base) * prod_{i in S} (1 + a_i)``, where an absent
player stands at its reference. The Shapley value of player j is the integral over the diagonal of the
multilinear extension, ``exp(base) * a_j * int_0^1 prod_{i != j} (1 + x a_i) dx``: a polynomial of degree
``p - 1``, which Gauss-Legendre quadrature with ``ceil(p / 2)`` nodes integrates exactly.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from analysis.numerics.noise import FloatArray


def product_shapley(base: FloatArray, moves: FloatArray) -> FloatArray:
    """Return the Shapley value of every player in the game of each period.

    Parameters
    ----------
    base : ndarray, shape (...)
        Logarithm of the value when every player stands at its reference.
    moves : ndarray, shape (p, ...)
        ``g - g_reference`` of each player, in logs.

    Returns
    -------
    ndarray, shape (p, ...)
        They sum to ``exp(base + moves.sum(0)) - exp(base)``.
    """
    gains = np.expm1(moves)
    nodes, weights = _gauss_legendre(max((len(moves) + 1) // 2, 1))
    integral = np.zeros_like(gains)
    for node, weight in zip(0.5 * (nodes + 1), 0.5 * weights, strict=True):
        factors = 1 + node * gains
        everyone = weight * np.prod(factors, axis=0)
        integral += everyone / factors
    return np.asarray(np.exp(base) * gains * integral)


@cache
def _gauss_legendre(count: int) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights on (-1, 1)."""
    return np.polynomial.legendre.leggauss(count)
