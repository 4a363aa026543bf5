"""False-discovery control: step-up procedures over many p-values."""

from __future__ import annotations

from typing import Literal

import numpy as np

from analysis.numerics.least_squares import FloatArray

StepUp = Literal["bh", "by"]
"""Benjamini-Hochberg; Benjamini-Yekutieli."""


def adjusted_pvalues(pvalues: FloatArray, method: StepUp) -> FloatArray:
    """Return step-up adjusted p-values: a test is a discovery at rate q where its value is at most q.

    Parameters
    ----------
    pvalues : ndarray, shape (m,)
        In [0, 1].
    method : {"bh", "by"}
        ``bh`` holds the rate under independence and positive regression dependence on the true nulls; ``by``
        divides by 1 + 1/2 + ... + 1/m and holds it under any dependence.

    Returns
    -------
    ndarray, shape (m,)

    References
    ----------
    Benjamini & Hochberg (1995), JRSS B 57, 289-300; Benjamini & Yekutieli (2001), Annals of Statistics 29,
    1165-1188.
    """
    m = len(pvalues)
    if m == 0:
        return np.empty(0)
    order = np.argsort(pvalues, kind="stable")
    rank = np.arange(1, m + 1)
    dependence = float(np.sum(1 / rank)) if method == "by" else 1.0
    raw = pvalues[order] * m * dependence / rank
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(np.minimum.accumulate(raw[::-1])[::-1], 1.0)
    return adjusted
