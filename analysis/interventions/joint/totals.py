"""Totals over spans as evidence on unobserved months (year-to-date figures, spans, annual totals).

In logs a total is ``ln sum_m exp(eta_m)``. It is linearised at smoothed months ``eta0``:
``ln sum exp(eta0) + sum_m w_m (eta_m - eta0_m)`` with ``w_m = exp(eta0_m) / sum exp(eta0)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.domain import FloatArray, Total, TradeSeries
from analysis.numerics.noise import NoiseGrid, NoiseSample, integrated_walk, random_walk


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over spans that contain unobserved periods.

    Attributes
    ----------
    member : ndarray of bool, shape (J, T)
        Periods of each span.
    value : ndarray, shape (J,)
        Sum in the unit of the series.
    error : ndarray, shape (J,)
        Relative standard error of the sum.
    logs : bool
        Whether the model is in logs.
    """

    member: NDArray[np.bool_]
    value: FloatArray
    error: FloatArray
    logs: bool

    @property
    def sd(self) -> FloatArray:
        """Standard error of each total on the model's scale, shape (J,)."""
        return self.error if self.logs else self.error * np.abs(self.value)

    def covariances(
        self, weights: FloatArray, grid: NoiseGrid, sample: NoiseSample
    ) -> tuple[FloatArray, FloatArray]:
        """Return the covariances of the linearised totals at every cell.

        Parameters
        ----------
        weights : ndarray, shape (J, T)
        grid : NoiseGrid
        sample : NoiseSample

        Returns
        -------
        with_observed : ndarray, shape (G, T, J)
        among : ndarray, shape (G, J, J)
        """
        months = np.flatnonzero(self.member.any(axis=0))
        steps = np.arange(weights.shape[1])
        inflation = sample.inflation(grid.kappa)
        root = np.sqrt(inflation)
        apart = np.abs(steps[:, None] - months)
        with np.errstate(divide="ignore"):
            autoregressive = np.where(apart == 0, 1.0, grid.rho[:, None, None] ** apart)
        autoregressive *= grid.share[:, None, None]
        block = autoregressive + (1 - grid.share)[:, None, None] * (apart == 0)
        block *= root.T[:, :, None] * root.T[:, None, months]
        block += grid.q[:, None, None] * random_walk(steps, months)
        if grid.slope.any():
            block += grid.slope[:, None, None] * integrated_walk(steps, months)
        with_observed = block @ weights[:, months].T
        among = weights @ with_observed
        sigma2 = np.full(len(grid), sample.against) if grid.sigma2 is None else grid.sigma2
        return with_observed, among + np.diag(self.sd**2) / sigma2[:, None, None]


def usable_totals(series: TradeSeries, *, logs: bool) -> Totals | None:
    """Return the totals of `series` that say something about unobserved periods.

    Shorter spans come first; a total whose unobserved periods are all covered by accepted ones is the basis
    of a derived figure and stays out.
    """
    covered = np.isfinite(series.values)
    accepted: list[tuple[NDArray[np.bool_], Total]] = []
    for total in sorted(series.totals, key=lambda t: (len(t.window), t.window.first)):
        if total.window.first < series.first or total.window.last > series.last:
            continue
        member = np.array([period in total.window for period in series.periods])
        if (member & ~covered).any() and not (logs and total.value <= 0):
            accepted.append((member, total))
            covered = covered | member
    if not accepted:
        return None
    return Totals(
        np.array([member for member, _ in accepted]),
        np.array([total.value for _, total in accepted]),
        np.array([total.rse for _, total in accepted]),
        logs,
    )


def linearise(totals: Totals, months: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return weights and values of the totals, linear in the months (equation 9).

    Parameters
    ----------
    totals : Totals
    months : ndarray, shape (T,)
        Smoothed months on the model's scale.

    Returns
    -------
    weights : ndarray, shape (J, T)
    values : ndarray, shape (J,)
        What ``weights @ months`` is observed to be.
    """
    if not totals.logs:
        return totals.member.astype(np.float64), totals.value.copy()
    weights = np.zeros(totals.member.shape)
    values = np.empty(len(totals.value))
    for j, member in enumerate(totals.member):
        weights[j, member] = special.softmax(months[member])
        values[j] = (
            np.log(totals.value[j]) - special.logsumexp(months[member]) + weights[j, member] @ months[member]
        )
    return weights, values
