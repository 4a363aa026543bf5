"""Estimates of a peer method in the form that groups, grades and records are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import special

from analysis.domain import FloatArray
from analysis.interventions.counterfactual import Path
from analysis.interventions.dating import Dating
from analysis.interventions.design import Design
from analysis.interventions.effects import Marginal

QUANTILE_STEPS = 80


@dataclass(frozen=True, slots=True)
class Location:
    """A normal (``dof`` None) or t distribution with a stated standard error."""

    centre: float
    error: float
    dof: int | None

    def mean(self) -> float:
        """Return the estimate."""
        return self.centre

    def sd(self) -> float:
        """Return the standard error."""
        return self.error

    def cdf(self, x: float) -> float:
        """Return the probability of a value at or below `x`."""
        z = (x - self.centre) / self.error
        return float(special.ndtr(z) if self.dof is None else special.stdtr(self.dof, z))

    def survival(self, x: float) -> float:
        """Return the probability of a value above `x`."""
        return Location(-self.centre, self.error, self.dof).cdf(-x)

    def interval(self, level: float) -> tuple[float, float]:
        """Return the equal-tailed interval of probability `level`."""
        tail = 0.5 * (1 + level)
        half = self.error * critical(self.dof, tail)
        return self.centre - half, self.centre + half


def critical(dof: int | None, probability: float) -> float:
    """Return the quantile of the standard normal (`dof` None) or t distribution."""
    return float(special.ndtri(probability) if dof is None else special.stdtrit(dof, probability))


@dataclass(frozen=True, slots=True)
class NormalMixture:
    """A mixture of normal distributions; weights sum to one, all of shape (G,)."""

    weight: FloatArray
    centre: FloatArray
    scale: FloatArray

    def mean(self) -> float:
        """Return the mean."""
        return float(self.weight @ self.centre)

    def sd(self) -> float:
        """Return the standard deviation."""
        return float(np.sqrt(self.weight @ (self.scale**2 + (self.centre - self.mean()) ** 2)))

    def cdf(self, x: float) -> float:
        """Return the probability of a value at or below `x`."""
        return float(self.weight @ special.ndtr((x - self.centre) / self.scale))

    def survival(self, x: float) -> float:
        """Return the probability of a value above `x`."""
        return float(self.weight @ special.ndtr((self.centre - x) / self.scale))

    def quantile(self, probability: float) -> float:
        """Return the quantile by bisection."""
        ends = self.centre + self.scale * special.ndtri(probability)
        low, high = float(ends.min()), float(ends.max())
        for _ in range(QUANTILE_STEPS):
            middle = 0.5 * (low + high)
            low, high = (low, middle) if self.cdf(middle) > probability else (middle, high)
        return 0.5 * (low + high)

    def interval(self, level: float) -> tuple[float, float]:
        """Return the equal-tailed interval of probability `level`."""
        return self.quantile(0.5 * (1 - level)), self.quantile(0.5 * (1 + level))


def path_quantiles(
    weight: FloatArray, centre: FloatArray, scale: FloatArray, probability: float
) -> FloatArray:
    """Return the quantile of every column of a mixture of normals.

    Parameters
    ----------
    weight : ndarray, shape (G,)
    centre, scale : ndarray, shape (G, T)
    probability : float
    """
    ends = centre + scale * special.ndtri(probability)
    low, high = ends.min(axis=0), ends.max(axis=0)
    for _ in range(QUANTILE_STEPS // 2):
        middle = 0.5 * (low + high)
        above = weight @ special.ndtr((middle - centre) / scale) > probability
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.asarray(0.5 * (low + high))


@dataclass(frozen=True, slots=True)
class Draws:
    """A distribution known by equally likely draws, shape (D,)."""

    values: FloatArray

    def mean(self) -> float:
        """Return the mean."""
        return float(self.values.mean())

    def sd(self) -> float:
        """Return the standard deviation."""
        return float(self.values.std())

    def cdf(self, x: float) -> float:
        """Return the share of draws at or below `x`."""
        return float((self.values <= x).mean())

    def survival(self, x: float) -> float:
        """Return the share of draws above `x`."""
        return float((self.values > x).mean())

    def interval(self, level: float) -> tuple[float, float]:
        """Return the equal-tailed interval of probability `level`."""
        low, high = np.quantile(self.values, (0.5 * (1 - level), 0.5 * (1 + level)))
        return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Bound:
    """An effect without an estimate: at least `lower` or at most `upper`, and why."""

    lower: float | None
    upper: float | None
    reason: str


@dataclass(frozen=True)
class PeerEstimate:
    """Estimates under one dating.

    Attributes
    ----------
    dating : Dating
    mean : ndarray, shape (p,)
        0 for coefficients that are not estimated.
    covariance : ndarray, shape (p, p)
    dof : int or None
        Degrees of freedom of the t distribution; None is normal.
    path : Path
        Without policy events, on the scale of the series; NaN where there is none.
    details : mapping
        What the method says of itself.
    decays : mapping
        Estimate and standard error (None where held) of the decay of each term.
    bounds : mapping
        Of the terms that have a bound instead of an estimate.
    """

    dating: Dating
    mean: FloatArray
    covariance: FloatArray
    dof: int | None
    path: Path
    details: dict[str, Any] = field(default_factory=dict)
    decays: Mapping[str, tuple[float, float | None]] = field(default_factory=dict)
    bounds: Mapping[str, Bound] = field(default_factory=dict)

    def combination(self, weights: FloatArray) -> Marginal:
        """Return the distribution of ``weights @ beta``."""
        own = np.flatnonzero(weights)  # what has no standard error says nothing of the others
        variance = weights[own] @ self.covariance[np.ix_(own, own)] @ weights[own]
        return Location(float(weights @ self.mean), float(np.sqrt(variance)), self.dof)


@dataclass(frozen=True)
class PeerEstimates:
    """Estimates under every dating that was fitted.

    Attributes
    ----------
    design : Design
    datings : tuple of PeerEstimate
    """

    design: Design
    datings: tuple[PeerEstimate, ...]

    def dating(self, name: Dating) -> PeerEstimate:
        """Return the estimates under one dating; ``full`` stands for all where there is one only."""
        return next((e for e in self.datings if e.dating == name), self.datings[0])
