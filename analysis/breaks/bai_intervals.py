"""Intervals of break dates under shrinking shifts (Bai 1997), in both published conventions.

``strucchange``: kernel divisor n - d, bandwidth from autoregressions with intercept, limits rounded
outwards. ``mbreaks``: kernel divisor n - 1 - d, bandwidth from autoregressions without intercept, limits
rounded to the nearest and one added to the upper. Version 1.0.1 of that package adds it again for every
break that follows, so that the first of m upper limits is m - 1 observations later than its formula says;
the convention repeats what it prints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.breaks.argmax_distribution import argmax_quantile
from analysis.breaks.bai_perron import FEWEST_FOR_HAC, BreakRegression, Covariance
from analysis.numerics.least_squares import FloatArray
from analysis.numerics.long_run_variance import long_run_variance

Convention = Literal["strucchange", "mbreaks"]


LEAST_SHARE = 1e-6
"""A segment whose variance is below this share of the pooled one is given the pooled one."""


@dataclass(frozen=True, slots=True)
class BaiInterval:
    """Interval of one break.

    Attributes
    ----------
    lower, upper : int
        Break positions, INCLUSIVE, clipped to the sample.
    clipped : bool
        Whether a limit lay outside the sample.
    convention : Convention
    """

    lower: int
    upper: int
    clipped: bool
    convention: Convention


def bai_intervals(
    model: BreakRegression,
    breaks: tuple[int, ...],
    *,
    level: float,
    covariance: Covariance,
    convention: Convention,
) -> tuple[BaiInterval, ...]:
    """Return the interval of every break.

    Parameters
    ----------
    model : BreakRegression
    breaks : tuple of int
        Estimated positions.
    level : float
        Such as 0.95.
    covariance : {"iid", "hc", "hac"}
        Errors alike in all segments; another variance in each; another long-run variance in each (segments
        too short for one have the pooled variance).
    convention : {"strucchange", "mbreaks"}
    """
    n, q = model.n, model.changing.shape[1]
    edges = (0, *breaks, n)
    fit = model.fit(breaks)
    moments, spreads = [], []
    for s in range(len(edges) - 1):
        rows = slice(edges[s], edges[s + 1])
        x, u = model.changing[rows], fit.residuals[rows]
        moment = x.T @ x / x.shape[0]
        moments.append(moment)
        pooled = fit.ssr / n * moment
        if covariance == "hac" and x.shape[0] >= q + FEWEST_FOR_HAC:
            spreads.append(long_run_variance(x * u[:, None], convention=_KERNEL[convention]).matrix)
        elif covariance == "hc":
            spreads.append(float(u @ u) / x.shape[0] * moment)
        else:
            spreads.append(pooled)
        if not np.trace(spreads[-1]) > LEAST_SHARE * np.trace(pooled):
            spreads[-1] = pooled
    found = []
    for k, position in enumerate(breaks):
        delta = fit.params[(k + 1) * q : (k + 2) * q] - fit.params[k * q : (k + 1) * q]
        found.append(
            _interval(
                position,
                delta,
                (moments[k], moments[k + 1]),
                (spreads[k], spreads[k + 1]),
                level,
                convention,
                n,
                len(breaks) - k,
            )
        )
    return tuple(found)


_KERNEL: dict[Convention, Literal["andrews", "sandwich"]] = {"mbreaks": "andrews", "strucchange": "sandwich"}


def _interval(
    position: int,
    delta: FloatArray,
    moments: tuple[FloatArray, FloatArray],
    spreads: tuple[FloatArray, FloatArray],
    level: float,
    convention: Convention,
    n: int,
    added: int,
) -> BaiInterval:
    before, after = (float(delta @ m @ delta) for m in moments)
    wide_before, wide_after = (max(float(delta @ s @ delta), np.finfo(float).tiny) for s in spreads)
    if before <= 0 or after <= 0:
        return BaiInterval(1, n - 1, True, convention)
    phi1, phi2, xi = np.sqrt(wide_before / before), np.sqrt(wide_after / after), after / before
    scale = phi1**2 / before
    tail = (1 - level) / 2
    low = argmax_quantile(tail, xi, phi1, phi2) * scale
    high = argmax_quantile(1 - tail, xi, phi1, phi2) * scale
    reach = float(2 * n)
    low, high = max(low, -reach), min(high, reach)
    if convention == "strucchange":
        lower, upper = position - int(np.ceil(high)), position - int(np.floor(low))
    else:
        lower, upper = int(np.round(position - high)), int(np.round(position - low)) + added
    return BaiInterval(
        min(max(lower, 1), n - 1), max(min(upper, n - 1), 1), lower < 1 or upper > n - 1, convention
    )
