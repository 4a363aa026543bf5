"""Regression with ARIMA errors: the exact likelihood of statsmodels' SARIMAX, coefficients concentrated out.

statsmodels filters the noise; the same gains whiten the regressors, so that coefficients and innovation
variance are least squares and the search sees the noise alone: the maximum of `SARIMAX.fit` in a tenth of its
time, for regressors that may depend on parameters of the likelihood (transfer functions, which it lacks).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import optimize

from analysis.domain import FloatArray
from analysis.errors import CannotEstimateError
from analysis.numerics.least_squares import least_squares

Columns = Callable[[FloatArray], FloatArray]
"""From the decays of a transfer function to the regressors, shape (T, k)."""

BOUNDARY = 0.995
"""A lone coefficient of the noise, or a decay, beyond it is held there: its likelihood is flat."""
SLOPE = 1e-3
"""Largest slope of the log-likelihood per unit of a transformed parameter at which it counts as converged."""
STARTS = (0.3, 0.8)
"""Of every decay; the likelihood may have more than one maximum."""
STEP = 1e-4
"""Of central differences, in natural parameters of order one."""
IMPOSSIBLE = -1e10


@dataclass(frozen=True, slots=True)
class ArimaOrder:
    """Orders (p, d, q) and (P, D, Q) at `period` steps."""

    order: tuple[int, int, int]
    seasonal: tuple[int, int, int] = (0, 0, 0)
    period: int = 1

    @property
    def differenced(self) -> bool:
        """Whether the noise is differenced."""
        return bool(self.order[1] or self.seasonal[1])

    @property
    def names(self) -> tuple[str, ...]:
        """Name of every coefficient: ``ar1``, ``ma1``, ``seasonal ma1``."""
        parts = (
            ("ar", self.order[0]),
            ("ma", self.order[2]),
            ("seasonal ar", self.seasonal[0]),
            ("seasonal ma", self.seasonal[2]),
        )
        return tuple(f"{name}{i + 1}" for name, length in parts for i in range(length))

    def difference(self, columns: FloatArray) -> FloatArray:
        """Return the columns after differencing, shape (T - d, k)."""
        result = np.asarray(columns, dtype=np.float64)
        for lag, times in ((1, self.order[1]), (self.period, self.seasonal[1])):
            for _ in range(times):
                result = result[lag:] - result[:-lag]
        return result


@dataclass(frozen=True, slots=True)
class ArimaFit:
    """Maximum likelihood estimates.

    Attributes
    ----------
    beta : ndarray, shape (k,)
    covariance : ndarray, shape (k, k)
        From the observed information; includes the doubt of noise parameters and decays.
    noise : ndarray
        ARMA coefficients in the order of `ArimaOrder.names`.
    noise_se : ndarray
        NaN for a parameter held at its boundary.
    decays, decay_se : ndarray
    variance : float
        Of the innovations.
    loglik : float
    n_used : int
        Observations less those that differencing takes.
    evaluations : int
        Of the likelihood.
    slope : float
        Largest absolute slope of the log-likelihood per unit of a transformed parameter.
    held : tuple of str
        Parameters at their boundary.
    residuals : ndarray
        Standardised one-step errors of the observed periods.
    """

    beta: FloatArray
    covariance: FloatArray
    noise: FloatArray
    noise_se: FloatArray
    decays: FloatArray
    decay_se: FloatArray
    variance: float
    loglik: float
    n_used: int
    evaluations: int
    slope: float
    held: tuple[str, ...]
    residuals: FloatArray


@dataclass(frozen=True)
class _Regression:
    """Generalised least squares at given noise parameters and decays."""

    beta: FloatArray
    covariance: FloatArray
    variance: float
    loglik: float
    residuals: FloatArray


class ArimaRegression:
    """``y_t = x_t(decays)'beta + u_t`` with ARIMA noise.

    Parameters
    ----------
    y : ndarray, shape (T,)
        NaN where unobserved.
    columns : Columns
    order : ArimaOrder
    n_decays : int
    """

    def __init__(self, y: FloatArray, columns: Columns, order: ArimaOrder, n_decays: int = 0) -> None:
        self.y, self.columns, self.order, self.n_decays = y, columns, order, n_decays
        self.count = len(order.names)
        self.evaluations = 0

    @cached_property
    def model(self) -> Any:
        """Statsmodels' model of the noise, fed with least squares residuals for its starting values."""
        from statsmodels.tsa.statespace.sarimax import SARIMAX

        seen = np.isfinite(self.y)
        x = self.columns(np.full(self.n_decays, STARTS[0]))
        residuals = np.full(len(self.y), np.nan)
        residuals[seen] = self.y[seen] - x[seen] @ least_squares(self.y[seen], x[seen]).params
        seasonal = (*self.order.seasonal, self.order.period if any(self.order.seasonal) else 0)
        return SARIMAX(
            residuals / np.nanstd(residuals),
            order=self.order.order,
            seasonal_order=seasonal,
            concentrate_scale=True,
        )

    def natural(self, free: FloatArray) -> FloatArray:
        """Return noise coefficients inside stationarity and decays in (-1, 1) of unbounded parameters."""
        decays = free[self.count :] / np.sqrt(1 + free[self.count :] ** 2)
        noise = self.model.transform_params(free[: self.count]) if self.count else free[:0]
        return np.concatenate([noise, decays])

    def unbounded(self, values: FloatArray) -> FloatArray:
        """Return the inverse of `natural`."""
        decays = values[self.count :] / np.sqrt(1 - values[self.count :] ** 2)
        noise = self.model.untransform_params(values[: self.count]) if self.count else values[:0]
        return np.concatenate([noise, decays])

    def gls(self, values: FloatArray) -> _Regression:
        """Return coefficients and likelihood at given natural parameters."""
        self.model.update(np.asarray(values[: self.count]))
        filtered = self.model.ssm.filter()
        skipped = self.model.loglikelihood_burn
        stacked = np.column_stack([self.columns(values[self.count :]), self.y])
        root = np.sqrt(filtered.forecasts_error_cov[0, 0])
        white = _innovations(stacked, filtered)[skipped:] / root[skipped:, None]
        white = white[np.isfinite(white[:, -1])]
        fit = least_squares(white[:, -1], white[:, :-1])
        n = len(white)
        variance = fit.ssr / n
        used = np.log(root[skipped:][np.isfinite(self.y[skipped:])]).sum()
        loglik = -0.5 * n * (np.log(2 * np.pi * variance) + 1) - used
        kept, inverse = list(fit.kept), np.linalg.inv(fit.triangle)
        covariance = np.zeros((len(fit.params), len(fit.params)))
        covariance[np.ix_(kept, kept)] = variance * inverse @ inverse.T
        innovation = variance * float(filtered.scale)  # the filter's variances carry its own scale
        return _Regression(fit.params, covariance, innovation, float(loglik), fit.residuals)

    def loglik(self, values: FloatArray) -> float:
        """Return the concentrated log-likelihood; a very small number where it has none."""
        self.evaluations += 1
        try:
            found = self.gls(values).loglik
        except np.linalg.LinAlgError:
            return IMPOSSIBLE
        return found if np.isfinite(found) else IMPOSSIBLE

    def search(self, start: FloatArray) -> FloatArray:
        """Return the natural parameters at a maximum: quasi-Newton, then a simplex while a slope is left."""
        free = self.unbounded(start)
        if not len(free):
            return free

        def objective(at: FloatArray) -> float:
            return -self.loglik(self.natural(at))

        free = optimize.minimize(objective, free, method="L-BFGS-B", options={"ftol": 1e-13, "eps": 1e-6}).x
        if self._slope(free) > SLOPE:
            options = {"xatol": 1e-7, "fatol": 1e-10, "maxiter": 2000}
            free = optimize.minimize(objective, free, method="Nelder-Mead", options=options).x
        return self.natural(free)

    def _slope(self, free: FloatArray) -> float:
        steps = np.eye(len(free)) * STEP
        ends = [self.loglik(self.natural(free + s)) - self.loglik(self.natural(free - s)) for s in steps]
        return max((abs(e) / (2 * STEP) for e in ends), default=0.0)

    def fit(self) -> ArimaFit:
        """Maximise the likelihood.

        Raises
        ------
        CannotEstimateError
            If the search does not converge, or the likelihood has no curvature at its maximum.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # statsmodels warns of starting values that it replaces
            noise = np.asarray(self.model.start_params)[: self.count]
        decays = STARTS if self.n_decays else STARTS[:1]
        found = [self.search(np.append(noise, np.full(self.n_decays, d))) for d in decays]
        values = max(found, key=self.loglik)
        held = [j for j in self._lone() if abs(values[j]) > BOUNDARY]
        values[held] = np.sign(values[held]) * BOUNDARY
        free = np.setdiff1d(np.arange(len(values)), held)
        slope, information, moved = self._curvature(values, free)
        at = self.gls(values)
        if slope > SLOPE * max(1.0, abs(at.loglik)):
            raise CannotEstimateError(
                f"the likelihood of the ARIMA noise did not converge: after {self.evaluations} evaluations "
                f"its slope is still {slope:.3g}; use another order, or the structural method"
            )
        names = (*self.order.names, *(f"decay{i + 1}" for i in range(self.n_decays)))
        doubt = _inverse(information, names)
        error = np.full(len(values), np.nan)
        error[free] = np.sqrt(np.diag(doubt))
        return ArimaFit(
            at.beta,
            at.covariance + moved @ doubt @ moved.T,
            values[: self.count],
            error[: self.count],
            values[self.count :],
            error[self.count :],
            at.variance,
            at.loglik,
            len(at.residuals),
            self.evaluations,
            slope,
            tuple(names[j] for j in held),
            at.residuals,
        )

    def _lone(self) -> list[int]:
        """Return the positions of the parameters that are alone in their polynomial, and of the decays."""
        lengths = (self.order.order[0], self.order.order[2], self.order.seasonal[0], self.order.seasonal[2])
        ends = np.cumsum(lengths)
        lone = [int(end) - 1 for end, length in zip(ends, lengths, strict=True) if length == 1]
        return [*lone, *range(self.count, self.count + self.n_decays)]

    def _curvature(self, values: FloatArray, free: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Return slope, observed information, and the derivative of the coefficients, by free parameters."""
        from statsmodels.tools.numdiff import approx_hess3

        def whole(part: FloatArray) -> FloatArray:
            result = values.copy()
            result[free] = part
            return result

        if not len(free):
            return 0.0, np.zeros((0, 0)), np.zeros((len(self.gls(values).beta), 0))
        centre = values[free]
        steps = np.eye(len(free)) * np.minimum(STEP, 0.25 * (1 - np.minimum(np.abs(centre), BOUNDARY)))
        pairs = [(self.gls(whole(centre + s)), self.gls(whole(centre - s))) for s in steps]
        sizes = 2 * np.diag(steps)
        slope = max(abs(up.loglik - down.loglik) / d for (up, down), d in zip(pairs, sizes, strict=True))
        moved = [(up.beta - down.beta) / d for (up, down), d in zip(pairs, sizes, strict=True)]
        hessian = approx_hess3(centre, lambda part: self.loglik(whole(part)), np.diag(steps))
        return float(slope), -np.asarray(hessian), np.array(moved).T


def _innovations(stacked: FloatArray, filtered: Any) -> FloatArray:
    """Return the one-step errors of every column by the gains of the filter of the last, shape (T, k)."""
    transition, design = filtered.transition[:, :, 0], filtered.design[:, :, 0]
    gain = filtered.kalman_gain[:, 0]
    state = np.zeros((len(transition), stacked.shape[1]))
    errors = np.full(stacked.shape, np.nan)
    for t in range(len(stacked)):
        ahead = transition @ state
        if np.isfinite(stacked[t, -1]):
            errors[t] = stacked[t] - (design @ state)[0]
            ahead += np.outer(gain[:, t], errors[t])
        state = ahead
    return errors


def _inverse(information: FloatArray, names: tuple[str, ...]) -> FloatArray:
    if not len(information):
        return information
    eigen, vectors = np.linalg.eigh(information)
    if eigen[0] <= 0:
        raise CannotEstimateError(
            "the likelihood of the ARIMA noise has no curvature at its maximum: its parameters "
            f"({', '.join(names)}) cannot be told apart; use a lower order, or the structural method"
        )
    return np.asarray(vectors @ np.diag(1 / eigen) @ vectors.T)
