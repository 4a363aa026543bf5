"""How many breaks: information criteria beside the tests.

BIC counts every break date as a parameter (Yao 1988; Bai and Perron 2003; as R's strucchange). LWZ: Liu, Wu
and Zidek (1997) with c0 = 0.299 and δ0 = 0.1. KT: Kurozumi and Tuvaandorj (2011), another variance in every
segment.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.breaks.bai_perron import BreakRegression
from analysis.numerics.least_squares import FloatArray
from analysis.numerics.partitions import Partitions

LWZ_WEIGHT, LWZ_POWER = 0.299, 0.1


@dataclass(frozen=True, slots=True)
class InformationCriteria:
    """Criteria for m = 0, 1, ... breaks; the smallest value chooses.

    Attributes
    ----------
    bic, lwz, kt : FloatArray
        Shape (max_breaks + 1,).
    """

    bic: FloatArray
    lwz: FloatArray
    kt: FloatArray

    def choices(self) -> dict[str, int]:
        """Return the number of breaks that each criterion chooses."""
        return {
            "bic": int(np.argmin(self.bic)),
            "lwz": int(np.argmin(self.lwz)),
            "kt": int(np.argmin(self.kt)),
        }


def information_criteria(model: BreakRegression, partitions: Partitions) -> InformationCriteria:
    """Return BIC, LWZ and KT at the global minimisers.

    Parameters
    ----------
    model : BreakRegression
    partitions : Partitions
        Its global minimisers.
    """
    n, q, p = model.n, model.changing.shape[1], model.common.shape[1]
    m = np.arange(partitions.ssr.size)
    tiny = np.finfo(float).tiny
    ssr = np.maximum(partitions.ssr, tiny)
    parameters = (m + 1) * q + p + m + 1
    bic = n * (np.log(ssr) + 1 - np.log(n) + np.log(2 * np.pi)) + np.log(n) * parameters
    left = np.maximum(n - (m + 1) * q - m - p, 1)
    lwz = np.log(ssr / left) + m * (q + 1) * LWZ_WEIGHT * np.log(n) ** (2 + LWZ_POWER) / n
    kt = np.empty(m.size)
    for breaks in partitions.breaks:
        residuals = model.fit(breaks).residuals
        edges = (0, *breaks, n)
        total = 2 * (len(breaks) + 1) * np.log(n)
        for s in range(len(edges) - 1):
            length = edges[s + 1] - edges[s]
            own = residuals[edges[s] : edges[s + 1]]
            total += length * np.log(max(float(own @ own) / length, tiny)) + q * np.log(length)
        kt[len(breaks)] = total
    return InformationCriteria(bic, lwz, kt)
