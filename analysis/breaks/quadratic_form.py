"""Tail of a sum of integrals of squared Brownian bridges (the limit of Nyblom's statistic)."""

from __future__ import annotations

import numpy as np
from scipy.integrate import quad

EIGENVALUES = 400
"""Terms kept of Σ χ²/(π j)²; the mean of the rest is added to the statistic's shift."""


def bridge_square_p_value(value: float, k: int) -> float:
    """Return P(∑ of k independent ∫B² ≥ value), B a Brownian bridge (Imhof 1961, equation 3.2).

    Parameters
    ----------
    value : float
        Statistic.
    k : int
        Number of independent bridges.
    """
    if value <= 0:
        return 1.0
    weights = 1 / (np.pi * np.arange(1, EIGENVALUES + 1)) ** 2
    shift = k * (1 / 6 - float(weights.sum()))
    x = value - shift

    def integrand(u: float) -> float:
        angle = 0.5 * k * float(np.sum(np.arctan(weights * u))) - 0.5 * x * u
        log_modulus = 0.25 * k * float(np.sum(np.log1p((weights * u) ** 2)))
        return float(np.sin(angle) / (u * np.exp(log_modulus)))

    total, _ = quad(integrand, 0, np.inf, limit=400)
    return float(np.clip(0.5 + total / np.pi, 0.0, 1.0))
