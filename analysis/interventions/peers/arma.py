"""Regression with ARIMA errors by exact maximum likelihood on any calendar, gaps included.

Differencing is done by the difference operator where the calendar is complete, otherwise by contrasts
that annihilate the starting values, so that missing periods need no imputation. Regression coefficients
and the innovation variance are concentrated out; the optimiser sees the noise parameters alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg, optimize

from analysis.domain import FloatArray
from analysis.errors import CannotEstimateError

Columns = Callable[[FloatArray], FloatArray]
"""From the decays of a transfer function to the regressors, shape (T, k)."""

BOUNDARY = 0.995
"""A partial autocorrelation beyond it (or a decay beyond it) is held there: its likelihood is flat."""
LARGEST = 1 - 1e-9
STEP = 1e-4
"""Step of the central differences, in natural parameters of order one."""
GRADIENT = 1e-3
"""Largest slope of the log-likelihood per unit of an unbounded parameter at which it counts as converged."""
POLISH = 0.1
"""Share of `GRADIENT` above which a simplex search follows."""
STARTS = (0.1, 0.6)


@dataclass(frozen=True, slots=True)
class ArimaOrder:
    """Orders (p, d, q) and (P, D, Q) at `period` steps."""

    order: tuple[int, int, int]
    seasonal: tuple[int, int, int] = (0, 0, 0)
    period: int = 1

    @property
    def count(self) -> int:
        """Number of ARMA coefficients."""
        return self.order[0] + self.order[2] + self.seasonal[0] + self.seasonal[2]

    @property
    def parts(self) -> tuple[tuple[str, int, int], ...]:
        """Name, length and lag step of each polynomial, in the order of the coefficients."""
        return (
            ("ar", self.order[0], 1),
            ("ma", self.order[2], 1),
            ("seasonal ar", self.seasonal[0], self.period),
            ("seasonal ma", self.seasonal[2], self.period),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Name of every coefficient: ``ar1``, ``ma1``, ``seasonal ma1``."""
        return tuple(f"{name}{i + 1}" for name, length, _ in self.parts for i in range(length))

    def differencing(self) -> FloatArray:
        """Return the coefficients of ``(1 - B)^d (1 - B^s)^D``."""
        polynomial = np.ones(1)
        season = np.zeros(self.period + 1)
        season[0], season[-1] = 1.0, -1.0
        for factor, power in ((np.array([1.0, -1.0]), self.order[1]), (season, self.seasonal[1])):
            for _ in range(power):
                polynomial = np.convolve(polynomial, factor)
        return polynomial

    def polynomials(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the AR and MA polynomials, leading one first, of natural coefficients."""
        made: dict[str, FloatArray] = {}
        at = 0
        for name, length, step in self.parts:
            polynomial = np.zeros(length * step + 1)
            polynomial[0] = 1.0
            sign = -1.0 if name.endswith("ar") else 1.0
            polynomial[step::step] = sign * values[at : at + length]
            made[name] = polynomial
            at += length
        return (
            np.convolve(made["ar"], made["seasonal ar"]),
            np.convolve(made["ma"], made["seasonal ma"]),
        )

    def natural(self, partial: FloatArray) -> FloatArray:
        """Return coefficients of partial autocorrelations, polynomial by polynomial (Monahan 1984)."""
        result = np.empty(self.count)
        at = 0
        for name, length, _ in self.parts:
            made = np.zeros(0)
            for value in partial[at : at + length]:
                made = np.append(made - value * made[::-1], value)
            result[at : at + length] = made if name.endswith("ar") else -made
            at += length
        return result


def autocovariances(ar: FloatArray, ma: FloatArray, length: int) -> FloatArray:
    """Return the autocovariances at lags 0 to ``length - 1`` of an ARMA process with unit innovations.

    Parameters
    ----------
    ar, ma : ndarray
        Polynomials with leading one: ``ar(B) x = ma(B) e``; `ar` is stationary.
    length : int
    """
    p, q = len(ar) - 1, len(ma) - 1
    psi = np.zeros(q + 1)
    for j in range(q + 1):
        reach = min(j, p)
        psi[j] = ma[j] - ar[1 : reach + 1] @ psi[j - reach : j][::-1]
    right = np.zeros(max(length, p + 1, q + 1))
    right[: q + 1] = [ma[k:] @ psi[: q + 1 - k] for k in range(q + 1)]
    system = np.zeros((p + 1, p + 1))
    for k in range(p + 1):
        for j in range(p + 1):
            system[k, abs(k - j)] += ar[j]
    gamma = right.copy()
    gamma[: p + 1] = np.linalg.solve(system, right[: p + 1])
    for k in range(p + 1, len(gamma) if p else 0):
        gamma[k] -= ar[1:] @ gamma[k - p : k][::-1]
    return gamma[:length]


@dataclass(frozen=True)
class Contrasts:
    """Linear contrasts of the observed periods that are stationary.

    Attributes
    ----------
    of_observed : ndarray, shape (m, n)
        Applied to the observed values.
    of_noise : ndarray, shape (m, T - d)
        The same contrasts in terms of the ARMA process behind them.
    """

    of_observed: FloatArray
    of_noise: FloatArray

    @classmethod
    def of(cls, order: ArimaOrder, observed: np.ndarray) -> Contrasts:
        """Return the contrasts for the observed positions, shape (T,)."""
        polynomial = order.differencing()
        lost = len(polynomial) - 1
        length = len(observed)
        if lost == 0:
            return cls(np.eye(int(observed.sum())), np.eye(length)[observed])
        operator = np.zeros((length - lost, length))
        for row in range(length - lost):
            operator[row, row : row + lost + 1] = polynomial[::-1]
        if observed.all():
            return cls(operator, np.eye(length - lost))
        complete = np.vstack([np.eye(lost, length), operator])
        inverse = linalg.solve(complete, np.eye(length))[observed]
        full, _, _ = linalg.svd(inverse[:, :lost])
        rank = int(np.linalg.matrix_rank(inverse[:, :lost]))
        basis = full[:, rank:].T
        return cls(basis, basis @ inverse[:, lost:])


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
        Of the differenced observations.
    n_used : int
        Observations less those that differencing takes.
    evaluations : int
    slope : float
        Largest absolute slope of the log-likelihood per unit of a free parameter.
    held : tuple of str
        Parameters at their boundary.
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


@dataclass(frozen=True)
class ArimaRegression:
    """``y_t = x_t(delta)'beta + u_t`` with ARIMA noise.

    Attributes
    ----------
    y : ndarray, shape (T,)
        NaN where unobserved.
    columns : Columns
    order : ArimaOrder
    n_decays : int
    """

    y: FloatArray
    columns: Columns
    order: ArimaOrder
    n_decays: int = 0

    @cached_property
    def observed(self) -> np.ndarray:
        """Positions with a value."""
        return np.isfinite(self.y)

    @cached_property
    def contrasts(self) -> Contrasts:
        """Stationary contrasts of the observations."""
        return Contrasts.of(self.order, self.observed)

    @cached_property
    def target(self) -> FloatArray:
        """Contrasts of the observations, shape (m,)."""
        return np.asarray(self.contrasts.of_observed @ self.y[self.observed])

    def design(self, decays: FloatArray) -> FloatArray:
        """Return the contrasts of the regressors, shape (m, k)."""
        return np.asarray(self.contrasts.of_observed @ self.columns(decays)[self.observed])

    def gls(self, noise: FloatArray, decays: FloatArray) -> tuple[FloatArray, FloatArray, float, float]:
        """Return coefficients, root of their covariance over the variance, variance and log-likelihood."""
        ar, ma = self.order.polynomials(noise)
        basis = self.contrasts.of_noise
        gamma = linalg.toeplitz(autocovariances(ar, ma, basis.shape[1]))
        complete = basis.shape[0] == basis.shape[1]
        joint = gamma if complete else basis @ gamma @ basis.T
        factor = np.linalg.cholesky(joint)
        stacked = np.column_stack([self.design(decays), self.target])
        white = linalg.solve_triangular(factor, stacked, lower=True, check_finite=False)
        x, z = white[:, :-1], white[:, -1]
        q, r = np.linalg.qr(x)
        beta = linalg.solve_triangular(r, q.T @ z)
        rss = float(((z - x @ beta) ** 2).sum())
        m = len(z)
        loglik = float(-0.5 * m * (np.log(2 * np.pi * rss / m) + 1) - np.log(np.diag(factor)).sum())
        root = linalg.solve_triangular(r, np.eye(len(r)))
        return beta, root, rss / m, loglik

    def fit(self) -> ArimaFit:
        """Maximise the likelihood from fixed starts.

        Raises
        ------
        CannotEstimateError
            If the optimiser stops on a slope, or the likelihood has no curvature there.
        """
        count = self.order.count + self.n_decays
        evaluations = 0

        def natural(free: FloatArray) -> FloatArray:
            partial = LARGEST * np.tanh(free[: self.order.count])
            decays = 0.5 * (1 + LARGEST * np.tanh(free[self.order.count :]))
            return np.concatenate([self.order.natural(partial), decays])

        def objective(free: FloatArray) -> float:
            nonlocal evaluations
            evaluations += 1
            return -self._loglik(natural(free))

        best: tuple[float, FloatArray] | None = None
        for start in STARTS if count else ():
            guess = np.full(count, np.arctanh(start))
            found = optimize.minimize(objective, guess, method="BFGS", options={"gtol": 1e-6, "maxiter": 500})
            if best is None or found.fun < best[0] - 1e-9:
                best = (float(found.fun), np.asarray(found.x))
        free = np.zeros(0) if best is None else best[1]
        if count and self._slope(natural, free) > POLISH * GRADIENT:
            free = self._polish(objective, free)
        return self._summarise(natural(free), free, evaluations)

    def _loglik(self, values: FloatArray) -> float:
        try:
            return self.gls(values[: self.order.count], values[self.order.count :])[3]
        except np.linalg.LinAlgError:
            return -1e10

    def _slope(self, natural: Callable[[FloatArray], FloatArray], free: FloatArray) -> float:
        """Return the largest slope per unit of an unbounded parameter."""
        steps = np.eye(len(free)) * STEP
        pairs = [(self._loglik(natural(free + h)), self._loglik(natural(free - h))) for h in steps]
        return max(abs(up - down) / (2 * STEP) for up, down in pairs)

    @staticmethod
    def _polish(objective: Callable[[FloatArray], float], start: FloatArray) -> FloatArray:
        found = optimize.minimize(
            objective, start, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-10, "maxiter": 2000}
        )
        return np.asarray(found.x)

    def _summarise(self, values: FloatArray, free: FloatArray, evaluations: int) -> ArimaFit:
        names = (*self.order.names, *(f"decay{i + 1}" for i in range(self.n_decays)))
        p = self.order.count
        beta, root, variance, loglik = self.gls(values[:p], values[p:])
        loose = np.abs(np.tanh(free)) < BOUNDARY
        held = tuple(name for name, is_free in zip(names, loose, strict=True) if not is_free)
        at = np.flatnonzero(loose)
        slope, information = self._curvature(values, at)
        if slope > GRADIENT * max(1.0, abs(loglik)):
            raise CannotEstimateError(
                f"the likelihood of the ARIMA noise did not converge: after {evaluations} evaluations its "
                f"slope is still {slope:.3g}; use another order, or the structural method"
            )
        covariance = variance * root @ root.T
        spread = np.full(len(values), np.nan)
        if len(at):
            eigen, vectors = np.linalg.eigh(information)
            if eigen[0] <= 0:
                raise CannotEstimateError(
                    "the likelihood of the ARIMA noise has no curvature at its maximum: its parameters "
                    f"({', '.join(names)}) cannot be told apart; use a lower order, or the structural method"
                )
            doubt = vectors @ np.diag(1 / eigen) @ vectors.T
            spread[at] = np.sqrt(np.diag(doubt))
            moved = self._sensitivity(values, at)
            covariance = covariance + moved @ doubt @ moved.T
        return ArimaFit(
            beta,
            covariance,
            values[:p],
            spread[:p],
            values[p:],
            spread[p:],
            variance,
            loglik,
            self.contrasts.of_observed.shape[0],
            evaluations,
            slope,
            held,
        )

    def _curvature(self, values: FloatArray, at: Sequence[int] | np.ndarray) -> tuple[float, FloatArray]:
        """Return slope and negative second derivative of the concentrated log-likelihood."""
        k = len(at)
        steps = np.eye(len(values))[at] * STEP
        centre = self._loglik(values)
        up = np.array([self._loglik(values + step) for step in steps])
        down = np.array([self._loglik(values - step) for step in steps])
        hessian = np.zeros((k, k))
        for i in range(k):
            hessian[i, i] = (up[i] - 2 * centre + down[i]) / STEP**2
            for j in range(i):
                corners = [
                    a * b * self._loglik(values + a * steps[i] + b * steps[j])
                    for a in (1, -1)
                    for b in (1, -1)
                ]
                hessian[i, j] = hessian[j, i] = sum(corners) / (4 * STEP**2)
        slope = float(np.abs((up - down) / (2 * STEP)).max(initial=0.0))
        return slope, -hessian

    def _sensitivity(self, values: FloatArray, at: np.ndarray) -> FloatArray:
        """Return the derivative of the coefficients by the free parameters, shape (k, free)."""
        p = self.order.count
        moved = []
        for position in at:
            step = np.zeros(len(values))
            step[position] = STEP
            above, below = values + step, values - step
            moved.append((self.gls(above[:p], above[p:])[0] - self.gls(below[:p], below[p:])[0]) / (2 * STEP))
        return np.array(moved).T
