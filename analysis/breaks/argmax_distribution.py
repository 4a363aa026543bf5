"""Distribution of the argmax of a two-sided Brownian motion with drift (Bai 1997, appendix B)."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_ndtr

FARTHEST = 1e7
"""Quantiles beyond it are returned as infinite; an interval that wide is clipped to the sample anyway."""


def argmax_cdf(x: float, xi: float = 1.0, phi1: float = 1.0, phi2: float = 1.0) -> float:
    """Return P(argmax ≤ x).

    Parameters
    ----------
    x : float
        Scaled time; negative before the break.
    xi : float
        Ratio of the regressors' second moments after and before the break, along the shift.
    phi1, phi2 : float
        Standard deviations before and after the break, along the shift.
    """
    phi = xi * (phi2 / phi1) ** 2
    if x < 0:
        return _before(-x, xi, phi)
    return _after(x, xi, phi)


def _before(x: float, xi: float, phi: float) -> float:
    ratio = xi / phi
    root = np.sqrt(x)
    first = -np.exp(0.5 * np.log(x) - x / 8 - 0.5 * np.log(2 * np.pi))
    weight = phi / xi * (phi + 2 * xi) / (phi + xi)
    second = -weight * np.exp(ratio * (1 + ratio) * x / 2 + log_ndtr(-(0.5 + ratio) * root))
    third = (x / 2 - 2 + (phi + 2 * xi) ** 2 / ((phi + xi) * xi)) * np.exp(log_ndtr(-root / 2))
    return float(first + second + third)


def _after(x: float, xi: float, phi: float) -> float:
    ratio = xi**2 / phi
    root = np.sqrt(x)
    first = 1 + np.sqrt(ratio) * (
        np.exp(0.5 * np.log(x) - ratio * x / 8 - 0.5 * np.log(2 * np.pi)) if x > 0 else 0
    )
    weight = xi / phi * (2 * phi + xi) / (phi + xi)
    second = weight * np.exp((phi + xi) * x / 2 + log_ndtr(-(phi + xi / 2) / np.sqrt(phi) * root))
    third = -((2 * phi + xi) ** 2 / ((phi + xi) * phi) - 2 + ratio * x / 2) * np.exp(
        log_ndtr(-np.sqrt(ratio) * root / 2)
    )
    return float(first + second + third)


def argmax_quantile(probability: float, xi: float = 1.0, phi1: float = 1.0, phi2: float = 1.0) -> float:
    """Return the quantile of the argmax; infinite (with sign) if it lies beyond 10⁷."""
    centre = argmax_cdf(0.0, xi, phi1, phi2)
    if probability == centre:
        return 0.0
    sign = 1.0 if probability > centre else -1.0
    edge = 1.0
    while (argmax_cdf(sign * edge, xi, phi1, phi2) - probability) * sign < 0:
        edge *= 4
        if edge > FARTHEST:
            return sign * np.inf
    inner = sign * min(edge / 4, 1e-9) if edge <= 1 else sign * edge / 4
    low, high = sorted((inner, sign * edge))
    if (argmax_cdf(low, xi, phi1, phi2) - probability) * (argmax_cdf(high, xi, phi1, phi2) - probability) > 0:
        return low if sign > 0 else high
    return float(brentq(lambda x: argmax_cdf(x, xi, phi1, phi2) - probability, low, high, xtol=1e-10))
