"""Tests of one break and of parameter stability.

Null of all: the coefficients are the same throughout. Errors are independent, or a HAC variance is used
where it says so. Sources: Andrews (1993), Andrews and Ploberger (1994), Hansen (1997) for sup-, ave- and
exp-F; Chow (1960); Brown, Durbin and Evans (1975) and Ploberger and Krämer (1992) for CUSUM; Chu, Hornik
and Kuan (1995) for MOSUM and moving estimates; Nyblom (1989) and Hansen (1992).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import chdtrc, fdtrc, ndtr

from analysis.breaks.quadratic_form import bridge_square_p_value
from analysis.errors import CannotEstimateError, UsageError
from analysis.numerics.critical_values import SupKind, hansen_p_value, table
from analysis.numerics.least_squares import FloatArray, least_squares
from analysis.numerics.long_run_variance import long_run_variance
from analysis.numerics.partitions import scan_break

Covariance = Literal["iid", "hac"]


@dataclass(frozen=True, slots=True)
class StabilityTest:
    """One test.

    Attributes
    ----------
    name : str
    statistic : float
    pvalue : float or None
        None where the literature has no distribution; `note` says why.
    position : int or None
        Observations before the likeliest break, where the test names one.
    null : str
        In words.
    alternative : str
        In words.
    note : str
    """

    name: str
    statistic: float
    pvalue: float | None
    position: int | None
    null: str
    alternative: str
    note: str = ""

    def to_record(self) -> dict[str, Any]:
        """Return the test as JSON-ready values."""
        return {
            "name": self.name,
            "stat": self.statistic,
            "pvalue": self.pvalue,
            "null": self.null,
            "alternative": self.alternative,
            "note": self.note,
        }


NARROWEST, WIDEST = 0.05, 0.5
"""Windows of the table of moving sums, shares of the sample."""

STABLE = "the coefficients are the same throughout"


@dataclass(frozen=True, slots=True)
class FStatistics:
    """Chow's F statistics, in chi-square form, at every date.

    Attributes
    ----------
    positions : FloatArray
        Observations before each candidate, shape (d,).
    statistics : FloatArray
        Shape (d,).
    q : int
        Coefficients that change.
    trimming : float
        Equivalent symmetric trimming, for the p-values.
    """

    positions: FloatArray
    statistics: FloatArray
    q: int
    trimming: float

    def test(self, kind: SupKind) -> StabilityTest:
        """Return sup-, ave- or exp-F with Hansen's p-value."""
        halves = self.statistics / 2
        top = float(halves.max())
        value = {
            "sup": float(self.statistics.max()),
            "ave": float(self.statistics.mean()),
            "exp": top + float(np.log(np.mean(np.exp(halves - top)))),
        }[kind]
        return StabilityTest(
            f"{kind}F",
            value,
            hansen_p_value(kind, value, self.q, self.trimming),
            int(self.positions[int(np.argmax(self.statistics))]),
            STABLE,
            "one break at an unknown date",
        )


def f_statistics(
    y: FloatArray, changing: FloatArray, common: FloatArray, trimming: float = 0.15
) -> FStatistics:
    """Compute the F statistic of one break at every admissible date.

    Parameters
    ----------
    y : FloatArray
        Shape (n,).
    changing : FloatArray
        Columns whose coefficients may break, shape (n, q).
    common : FloatArray
        The others, shape (n, p).
    trimming : float
        Share left out at either end.

    Raises
    ------
    CannotEstimateError
        If no date is admissible.
    """
    n, q, p = y.shape[0], changing.shape[1], common.shape[1]
    first = max(int(np.floor(trimming * n + 1e-9)), q + 1)
    last = n - first
    if last < first or n <= 2 * q + p:
        raise CannotEstimateError(f"{n} observations hold no break with trimming {trimming:g}")
    scan = scan_break(y, np.column_stack([changing, common]), changing, np.arange(first, last + 1))
    variance = scan.ssr / (n - 2 * q - p)
    ratio = (n - first) * last / (first * (n - last))
    return FStatistics(
        scan.positions.astype(float),
        (scan.base_ssr - scan.ssr) / variance,
        q,
        float(1 / (1 + np.sqrt(ratio))),
    )


def chow_test(
    y: FloatArray,
    changing: FloatArray,
    common: FloatArray,
    position: int | Sequence[int],
    covariance: Covariance = "iid",
) -> StabilityTest:
    """Test breaks at one or several known dates jointly: F with independent errors, Wald with a HAC variance.

    Parameters
    ----------
    y, changing, common : FloatArray
        As for `f_statistics`.
    position : int or sequence of int
        Observations before the break, or before each.
    covariance : {"iid", "hac"}

    Raises
    ------
    CannotEstimateError
        If a segment cannot carry the changing coefficients.
    """
    dates = (position,) if isinstance(position, int | np.integer) else tuple(sorted(position))
    n, p, each = y.shape[0], common.shape[1], changing.shape[1]
    q = each * len(dates)
    named = ", ".join(str(date) for date in dates)
    edges = (0, *dates, n)
    if min(np.diff(edges)) < each or n <= each + q + p:
        raise CannotEstimateError(f"{n} observations cannot test a break after {named}")
    time = np.arange(n)
    after = np.column_stack([changing * (time >= date)[:, None] for date in dates])
    base = np.column_stack([changing, common])
    fit = least_squares(y, np.column_stack([base, after]))
    freedom = n - each - q - p
    if fit.rank < each + q + p:
        raise CannotEstimateError(f"a break after {named} of {n} observations is not identified")
    if covariance == "iid":
        restricted = least_squares(y, base).ssr
        value = (restricted - fit.ssr) / q / (fit.ssr / freedom)
        pvalue, note = float(fdtrc(q, freedom, max(value, 0.0))), "F, independent errors"
    else:
        design = np.column_stack([base, after])[:, list(fit.kept)]
        meat = n * long_run_variance(design * fit.residuals[:, None]).matrix
        where = [fit.kept.index(each + p + i) for i in range(q)]
        variance = fit.sandwich(meat)[np.ix_(where, where)]
        delta = fit.params[each + p :]
        size = np.sqrt(np.diag(variance))
        scaled = delta / size
        value = float(scaled @ np.linalg.solve(variance / np.outer(size, size), scaled))
        pvalue, note = (
            float(chdtrc(q, max(value, 0.0))),
            "Wald, HAC variance (quadratic spectral, prewhitened)",
        )
    if len(dates) == 1:
        return StabilityTest(
            "Chow", float(value), pvalue, dates[0], STABLE, "a break at the given date", note
        )
    name, words = f"Chow, {len(dates)} dates", "a break at one of the given dates at least"
    return StabilityTest(name, float(value), pvalue, None, STABLE, words, note)


def recursive_residuals(y: FloatArray, design: FloatArray) -> FloatArray:
    """Return standardised one-step prediction errors, shape (n - k,)."""
    n, k = design.shape
    start = k
    while start < n and np.linalg.matrix_rank(design[:start]) < k:
        start += 1
    gram = design[:start].T @ design[:start]
    moment = design[:start].T @ y[:start]
    residuals = np.empty(n - start)
    for t in range(start, n):
        row = design[t]
        solved = np.linalg.solve(gram, np.column_stack([moment, row]))
        residuals[t - start] = (y[t] - row @ solved[:, 0]) / np.sqrt(1 + row @ solved[:, 1])
        gram += np.outer(row, row)
        moment += row * y[t]
    return residuals


def recursive_cusum(y: FloatArray, design: FloatArray) -> StabilityTest:
    """CUSUM of recursive residuals against the linear boundary (Brown, Durbin and Evans 1975)."""
    residuals = recursive_residuals(y, design)
    m = residuals.size
    process = np.cumsum(residuals) / (np.std(residuals, ddof=1) * np.sqrt(m))
    share = np.arange(1, m + 1) / m
    value = float(np.max(np.abs(process / (1 + 2 * share))))
    if value < 0.3:
        pvalue = 1 - 0.1465 * value
    else:
        pvalue = 2 * float(
            ndtr(-3 * value)
            + np.exp(-4 * value**2) * (ndtr(value) + ndtr(5 * value) - 1)
            - np.exp(-16 * value**2) * ndtr(-value)
        )
    return StabilityTest(
        "recursive CUSUM", value, float(np.clip(pvalue, 0, 1)), None, STABLE, "they change at some date"
    )


def bridge_maximum_p_value(value: float, k: int = 1) -> float:
    """Return P(largest |Brownian bridge| of k independent ones ≥ value), Kolmogorov's distribution."""
    if value < 0.1:
        return 1.0
    a = np.arange(1, 101)
    below = 1 + 2 * float(np.sum((-1.0) ** a * np.exp(-2 * a**2 * value**2)))
    return float(np.clip(1 - below**k, 0.0, 1.0))


def ols_cusum(y: FloatArray, design: FloatArray, covariance: Covariance = "iid") -> StabilityTest:
    """CUSUM of least squares residuals (Ploberger and Krämer 1992).

    With ``hac`` the scale is the root of the long-run variance of the residuals.
    """
    n, k = design.shape
    residuals = least_squares(y, design).residuals
    if covariance == "iid":
        scale = np.sqrt(residuals @ residuals / (n - k))
    else:
        scale = np.sqrt(float(long_run_variance(residuals[:, None]).matrix[0, 0]))
    process = np.abs(np.cumsum(residuals)) / (scale * np.sqrt(n))
    value = float(process.max())
    return StabilityTest(
        "OLS-CUSUM",
        value,
        bridge_maximum_p_value(value),
        int(np.argmax(process)) + 1,
        STABLE,
        "the mean of the errors changes at some date",
    )


def ols_mosum(y: FloatArray, design: FloatArray, window: float = 0.15) -> StabilityTest:
    """Return the test of moving sums of residuals over a share `window` of the sample."""
    n, k = design.shape
    width = int(np.floor(n * window + 1e-9))
    residuals = least_squares(y, design).residuals
    scale = np.sqrt(residuals @ residuals / (n - k))
    sums = np.concatenate([[0.0], np.cumsum(residuals)])
    process = np.abs(sums[width:] - sums[:-width]) / (scale * np.sqrt(n))
    value = float(process.max())
    if not NARROWEST <= window <= WIDEST:
        raise UsageError(
            f"no p-value for a window of {window:g}: the table of moving sums has {NARROWEST} to {WIDEST}"
        )
    return StabilityTest(
        "OLS-MOSUM",
        value,
        moving_p_value(value, 1, window),
        None,
        STABLE,
        "the mean of the errors changes for a while",
        f"window {width} observations; p-values between 0.10 and 0.01 only, interpolated",
    )


def moving_p_value(value: float, k: int, window: float) -> float:
    """Interpolate the p-value of a moving-estimates statistic in the table; 0.01 stands for smaller ones."""
    header, numbers = table("moving_estimates")
    rows = numbers[numbers[:, 0] == min(k, 6)]
    critical = [float(np.interp(window, rows[:, 1], rows[:, 2 + j])) for j in range(4)]
    levels = [float(name) for name in header[2:]]
    return float(np.interp(value, [0.0, *critical], [1.0, *levels]))


def recursive_estimates(y: FloatArray, design: FloatArray) -> StabilityTest:
    """Return the fluctuation test of recursive estimates (Ploberger, Krämer and Kontrus 1989)."""
    n, k = design.shape
    full = least_squares(y, design)
    scale = np.sqrt(full.ssr / (n - k))
    largest = 0.0
    for i in range(k, n):
        gram = design[:i].T @ design[:i]
        values, vectors = np.linalg.eigh(gram)
        root = vectors @ (np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T) / np.sqrt(i)
        fit = least_squares(y[:i], design[:i])
        if fit.rank < k:
            continue
        largest = max(
            largest, float(np.max(np.abs(root @ (fit.params - full.params)))) * i / (scale * np.sqrt(n))
        )
    return StabilityTest(
        "recursive estimates", largest, bridge_maximum_p_value(largest, k), None, STABLE, "they change"
    )


def nyblom_hansen(y: FloatArray, design: FloatArray) -> StabilityTest:
    """Nyblom's test of all coefficients and the variance, against coefficients that wander (Hansen 1992)."""
    n = y.shape[0]
    residuals = least_squares(y, design).residuals
    variance = float(residuals @ residuals) / n
    scores = np.column_stack([design * residuals[:, None], residuals**2 - variance])
    sums = np.cumsum(scores, axis=0)
    outer = scores.T @ scores
    value = float(np.mean(np.einsum("ti,it->t", sums, np.linalg.solve(outer, sums.T))))
    return StabilityTest(
        "Nyblom-Hansen",
        value,
        bridge_square_p_value(value, scores.shape[1]),
        None,
        STABLE,
        "coefficients or variance follow a random walk",
    )
