"""Breaks at dates that many series share: summed evidence, joint permutations, and a set of dates.

Every series is whitened by its own AR(1), and a shift at a date is a standardised coefficient
``t_i(date)``. The evidence of a date is the probability that the series breaks there, given that it
breaks once or never: no single series can carry a date. The test asks whether one date stands out
from the mean of all dates, in standard errors over series. Under its null every series has at most
one break, at a date of its own: its likeliest break, shrunk by what noise alone would find, is
moved to a date drawn anew, and the innovations are permuted over time, the same for all series,
which keeps their dependence across series.

References
----------
Bai (2010), Common breaks in means and variances for panel data, Journal of Econometrics 157, 78-92 (the
estimator: the date that maximises the summed likelihood); Horvath & Huskova (2012), Change-point detection in
panel data, Journal of Time Series Analysis 33, 631-648 (tests from summed statistics); Eo & Morley (2015),
Likelihood-ratio-based confidence sets for the timing of structural breaks, Quantitative Economics 6, 463-497.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from analysis.numerics.break_likelihood import Whitening, break_likelihood
from analysis.numerics.fixed_sequence import uniforms
from analysis.numerics.least_squares import FloatArray, IntArray

PERMUTATIONS = 399
STREAM = 8_801
FLOOR = 1e-12


@dataclass(frozen=True)
class Whitened:
    """One series less its base, whitened, and the shifts at all candidate dates.

    Attributes
    ----------
    calendar : ndarray of int, shape (n,)
        Observed positions.
    rho : float
    directions : ndarray, shape (n, d)
        Whitened steps less their projection on the base, of unit length; 0 where the base holds the step.
    residual : ndarray, shape (n,)
        Whitened series less its projection on the base, in units of its standard deviation.
    dof : int
        Observations less base columns.
    """

    calendar: IntArray
    rho: float
    directions: FloatArray
    residual: FloatArray
    dof: int

    @property
    def shifts(self) -> FloatArray:
        """Standardised coefficients, shape (d,)."""
        return np.asarray(self.directions.T @ self.residual)

    def loglik(self, shifts: FloatArray) -> FloatArray:
        """Return log likelihoods with a shift over those without, of the shape of `shifts`."""
        share = np.minimum(shifts**2 / self.dof, 1 - FLOOR)
        return np.asarray(-0.5 * len(self.residual) * np.log1p(-share))

    def evidence(self, shifts: FloatArray) -> FloatArray:
        """Return the probability of a break at each date, shape (d, ...) like `shifts`.

        A break at some date is as likely beforehand as none, all dates alike; its size costs half the
        logarithm of the number of observations (Schwarz 1978, Annals of Statistics 6, 461-464).
        """
        score = self.loglik(shifts) - 0.5 * np.log(len(self.residual))
        top = np.maximum(score.max(axis=0), 0.0)
        odds = np.exp(score - top)
        return np.asarray(odds / (len(score) * np.exp(-top) + odds.sum(axis=0)))

    def permuted(self, order: IntArray, length: int) -> FloatArray:
        """Return residuals permuted over the calendar, shape (n, B), scaled to the variance of innovations.

        Parameters
        ----------
        order : ndarray of int, shape (length, B)
            Permutations of the calendar, the same for every series.
        length : int
            Of the calendar.
        """
        spread = np.zeros(length)
        spread[self.calendar] = self.residual * np.sqrt(length / self.dof)
        return np.asarray(spread[order[self.calendar]])


def whiten_series(y: FloatArray, base: FloatArray, positions: IntArray, rho: float | None = None) -> Whitened:
    """Whiten one series by its own AR(1).

    Parameters
    ----------
    y : ndarray, shape (T,)
        NaN where unobserved.
    base : ndarray, shape (T, k)
        Of full rank over the observed periods.
    positions : ndarray of int, shape (d,)
        Candidate first periods after a break.
    rho : float, optional
        Of the errors; by default the mean of the restricted maximum likelihood estimates without a break and
        with the likeliest one.
    """
    seen = np.flatnonzero(np.isfinite(y))
    steps = (seen[:, None] >= positions).astype(np.float64)
    if rho is None:
        inside = np.unique(np.searchsorted(seen, positions))
        inside = inside[(inside > 0) & (inside < len(seen))]
        found = break_likelihood(y[seen], base[seen], np.ones((len(seen), 1)), inside, seen)
        rho = float((found.reml_null[0] + found.reml_break[0]) / 2)
    white = Whitening.of(rho, seen)
    q, _ = np.linalg.qr(white.apply(base[seen]))
    along = white.apply(steps)
    along -= q @ (q.T @ along)
    length = np.sqrt((along**2).sum(axis=0))
    directions = np.where(length > 1e-8, along / np.maximum(length, 1e-8), 0.0)
    values = white.apply(y[seen])
    residual = values - q @ (q.T @ values)
    dof = len(seen) - base.shape[1]
    return Whitened(seen, rho, directions, residual / np.sqrt(residual @ residual / dof), dof)


@lru_cache(maxsize=4)
def permutations(length: int, count: int) -> IntArray:
    """Return fixed permutations of a calendar, shape (length, count)."""
    order = np.argsort(uniforms((count, length), STREAM), axis=1, kind="stable").T
    return order.astype(np.intp)


@dataclass(frozen=True)
class CommonBreakTest:
    """Test of no date at which the series break together.

    Attributes
    ----------
    evidence : ndarray, shape (d,)
        Mean over series of the probability of a break there.
    statistic : float
        Most that a date's evidence stands out from the mean of all dates, in standard errors over series.
    pvalue : float
        At least ``1 / (B + 1)``.
    loglik : ndarray, shape (d,)
        Summed log likelihood ratio of a break at each date, the sizes free for each series.
    best : int
        Position in d of the date that maximises it.
    """

    evidence: FloatArray
    statistic: float
    pvalue: float
    loglik: FloatArray
    best: int


def compare_dates(series: Sequence[Whitened], length: int, *, count: int = PERMUTATIONS) -> CommonBreakTest:
    """Test whether one of the candidate dates stands out.

    Parameters
    ----------
    series : sequence of Whitened
        On the same candidate dates.
    length : int
        Of the calendar.
    count : int
        Draws under the null.
    """
    order = permutations(length, count)
    observed = np.array([one.shifts for one in series])
    dates = observed.shape[1]
    noise = [_without_own_break(one) for one in series]
    null_peak = np.mean(
        [((one.directions.T @ one.permuted(order, length)) ** 2).max(axis=0).mean() for one in noise]
    )
    peaks = (observed**2).max(axis=1)
    shrink = np.sqrt(max(0.0, 1 - len(series) * null_peak / max(float(peaks.sum()), FLOOR)))
    total, squares = np.zeros((dates, count)), np.zeros((dates, count))
    for number, (one, left) in enumerate(zip(series, noise, strict=True)):
        best = int(np.argmax(np.abs(one.shifts)))
        elsewhere = (uniforms((count,), STREAM + 1 + number) * dates).astype(np.intp)
        moved = one.directions.T @ one.directions[:, elsewhere] * (shrink * one.shifts[best])
        drawn = moved + left.directions.T @ left.permuted(order, length)
        apart = _apart(one.evidence(drawn))
        total += apart
        squares += apart**2
    evidence = np.array([one.evidence(one.shifts) for one in series]).T
    own = _apart(evidence)
    statistic = float(_standing_out(own.sum(axis=1), (own**2).sum(axis=1), len(series)).max())
    others = _standing_out(total, squares, len(series)).max(axis=0)
    loglik = np.sum([one.loglik(one.shifts) for one in series], axis=0)
    reached = int((others >= statistic - 1e-12).sum())
    return CommonBreakTest(
        evidence.mean(axis=1),
        statistic,
        (1 + reached) / (count + 1),
        loglik,
        int(np.argmax(loglik)),
    )


def _without_own_break(one: Whitened) -> Whitened:
    """Return the series less its own likeliest break, in units of what is left."""
    best = int(np.argmax(np.abs(one.shifts)))
    left = one.residual - one.directions[:, best] * one.shifts[best]
    sd = np.sqrt(max(float(left @ left), FLOOR) / (one.dof - 1))
    return Whitened(one.calendar, one.rho, one.directions, left / sd, one.dof - 1)


def _apart(evidence: FloatArray) -> FloatArray:
    """Return the evidence of each date less its mean over dates, of its shape (d, ...)."""
    return np.asarray(evidence - evidence.mean(axis=0))


def _standing_out(total: FloatArray, squares: FloatArray, count: int) -> FloatArray:
    """Return the mean over series of what a date stands out, in standard errors over series."""
    variance = np.maximum(squares / count - (total / count) ** 2, FLOOR)
    return np.asarray(total / count / np.sqrt(variance / count))


def date_set(
    series: Sequence[Whitened], best: int, length: int, level: float, *, count: int = PERMUTATIONS
) -> NDArray[np.bool_]:
    """Return which candidate dates a confidence set of the common date holds, shape (d,).

    The drop of the summed log likelihood from its top to the date is compared with its distribution when
    the break is at `best`: the fitted shifts, shrunk by the share of their squares that noise explains, plus
    permuted residuals.
    """
    order = permutations(length, count)
    at_best = np.array([one.shifts[best] for one in series])
    shrink = np.sqrt(max(0.0, 1 - len(series) / max(float((at_best**2).sum()), FLOOR)))
    observed = np.zeros(series[0].directions.shape[1])
    simulated = np.zeros((len(observed), count))
    for one, shift in zip(series, at_best, strict=True):
        along = one.directions[:, best]
        left = one.residual - along * shift
        sd = np.sqrt(max(float(left @ left), FLOOR) / (one.dof - 1))
        noise = Whitened(one.calendar, one.rho, one.directions, left / sd, one.dof - 1)
        kept = shrink * (one.directions.T @ along) * shift / sd
        drawn = kept[:, None] + one.directions.T @ noise.permuted(order, length)
        scale = np.sqrt(1 + drawn[best] ** 2 / one.dof)
        simulated += one.loglik(drawn / scale)
        observed += one.loglik(one.shifts)
    drop = np.sort(2 * (simulated.max(axis=0) - simulated[best]))
    critical = float(drop[min(int(np.ceil(level * (count + 1))) - 1, count - 1)])
    inside = 2 * (observed.max() - observed) <= critical
    inside[best] = True
    return np.asarray(inside)
