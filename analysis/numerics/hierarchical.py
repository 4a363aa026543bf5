"""Normal estimates of many effects around a line: exact posterior on a grid of heterogeneity.

    b_i = beta_i + e_i,     e_i ~ N(0, s_i**2),     beta_i ~ N(x_i' gamma, tau_c(i)**2)

Given the standard deviations ``tau`` (one for each class c of units) the line and the effects are normal,
with the line under a flat prior; ``tau`` is uniform on the half-line (Gelman 2006), integrated on a grid.
Errors with a common part, ``corr(e_i, e_j) = r``, are one more coefficient with a normal prior.

References
----------
Rubin (1981), Estimation in parallel randomized experiments, Journal of Educational Statistics 6, 377-401;
Fay & Herriot (1979), JASA 74, 269-277; DuMouchel & Harris (1983), JASA 78, 293-308; Gelman (2006), Prior
distributions for variance parameters in hierarchical models, Bayesian Analysis 1, 515-534.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy import special

from analysis.numerics.least_squares import FloatArray, IntArray

NODES = 40
"""Gauss-Legendre nodes of each standard deviation."""
SEARCH_NODES = 48
LEFT_OUT = 1e-9
"""Weight of a cell over the heaviest, below which it is left out."""
ZOOMS = 4
MOST_STEPS = 100
STEP = 1e-8
"""A search for a quantile ends at a step below this share of the standard deviation."""
BLOCK = 2_000_000
"""Points of mixtures held together (16 MB)."""


@dataclass(frozen=True)
class NormalMixtures:
    """Mixtures of G normals with common weights, for N quantities.

    Attributes
    ----------
    weight : ndarray, shape (G,)
        Sums to one.
    centre, sd : ndarray, shape (G, N)
    """

    weight: FloatArray
    centre: FloatArray
    sd: FloatArray

    def mean(self) -> FloatArray:
        """Return the means, shape (N,)."""
        return np.asarray(self.weight @ self.centre)

    def spread(self) -> FloatArray:
        """Return the standard deviations, shape (N,)."""
        return np.asarray(np.sqrt(self.weight @ (self.sd**2 + (self.centre - self.mean()) ** 2)))

    def below(self, x: FloatArray) -> FloatArray:
        """Return the probabilities of values at or below `x`, shape (N,)."""
        return np.asarray(self.weight @ special.ndtr((x - self.centre) / self.sd))

    def quantile(self, probability: float) -> FloatArray:
        """Return quantiles, shape (N,), by Newton's method inside a bracket."""
        z = float(special.ndtri(probability))
        ends = self.centre + z * self.sd
        low, high, spread = ends.min(axis=0), ends.max(axis=0), self.spread()
        x = np.clip(self.mean() + z * spread, low, high)
        for _ in range(MOST_STEPS):
            standard = (x - self.centre) / self.sd
            excess = self.weight @ special.ndtr(standard) - probability
            density = self.weight @ (np.exp(-0.5 * standard**2) / self.sd) / np.sqrt(2 * np.pi)
            low, high = np.where(excess > 0, low, x), np.where(excess > 0, x, high)
            step = x - excess / np.maximum(density, np.finfo(float).tiny)
            following = np.where((step >= low) & (step <= high), step, 0.5 * (low + high))
            moved = np.abs(following - x)
            x = following
            if (moved <= STEP * spread).all():
                break
        return np.asarray(x)


@dataclass(frozen=True)
class Hierarchy:
    """Posterior of a normal hierarchy over G cells of heterogeneity.

    Attributes
    ----------
    estimate, error : ndarray, shape (P,)
        What was pooled.
    columns : ndarray, shape (P, k)
        ``x_i``; a last column stands for the common part of the errors where they have one.
    own : ndarray, shape (P,)
        Variance of the part of each error that is its own.
    member : ndarray of int, shape (P,)
        Class of each unit.
    tau : ndarray, shape (G, C)
    weight : ndarray, shape (G,)
    gamma : ndarray, shape (G, k)
        Mean of the line given ``tau``.
    root : ndarray, shape (G, k, k)
        ``root @ root.T`` is its covariance.
    common : bool
        Whether the last column is the common part of the errors.
    """

    estimate: FloatArray
    error: FloatArray
    columns: FloatArray
    own: FloatArray
    member: IntArray
    tau: FloatArray
    weight: FloatArray
    gamma: FloatArray
    root: FloatArray
    common: bool

    def effects(self, part: slice = slice(None)) -> NormalMixtures:
        """Return the posteriors of the units' own effects."""
        centre, loading, own = self.conditional(part)
        spread = np.einsum("gpk,gkl->gpl", loading, self.root)
        return NormalMixtures(self.weight, centre, np.sqrt(own + (spread**2).sum(axis=2)))

    def conditional(self, part: slice = slice(None)) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return centre (G, P), loadings on the line (G, P, k) and own variance (G, P) given ``tau``."""
        between = self.tau[:, self.member[part]] ** 2
        kept = between / (between + self.own[part])
        columns = self.columns[part]
        loading = (1 - kept)[:, :, None] * columns
        if self.common:
            loading[:, :, -1] = -kept * columns[:, -1]
        centre = kept * self.estimate[part] + np.einsum("gpk,gk->gp", loading, self.gamma)
        return centre, loading, kept * self.own[part]

    def line(self, contrasts: FloatArray) -> NormalMixtures:
        """Return the posteriors of contrasts of the line, shape (N, k)."""
        spread = np.einsum("nk,gkl->gnl", contrasts, self.root)
        floor = np.finfo(float).tiny
        return NormalMixtures(self.weight, self.gamma @ contrasts.T, np.sqrt((spread**2).sum(axis=2) + floor))

    def blocks(self) -> Sequence[slice]:
        """Return slices of units that bound the memory of their mixtures."""
        step = max(1, BLOCK // (len(self.weight) * (self.columns.shape[1] + 2)))
        return [slice(start, start + step) for start in range(0, len(self.estimate), step)]


def fit_hierarchy(
    estimate: FloatArray,
    error: FloatArray,
    columns: FloatArray,
    member: IntArray,
    correlation: float = 0.0,
    *,
    nodes: int = NODES,
) -> Hierarchy:
    """Integrate the heterogeneity of every class; return the posterior over its grid.

    Parameters
    ----------
    estimate, error : ndarray, shape (P,)
        Estimates and standard errors, the latter above zero.
    columns : ndarray, shape (P, k)
        Full rank within the sample.
    member : ndarray of int, shape (P,)
        Classes 0 to C - 1, each with at least three more units than columns it alone identifies, else the
        posterior is improper.
    correlation : float
        Of every two errors, in [0, 1).
    nodes : int
        Of each class's standard deviation.
    """
    unit = float(np.sqrt(np.mean(error**2)))
    y, s = estimate / unit, error / unit
    x = columns if correlation == 0 else np.column_stack([columns, s])
    prior = np.zeros(x.shape[1])
    if correlation > 0:
        prior[-1] = 1 / correlation
    own = (1 - correlation) * s**2
    classes = int(member.max()) + 1
    bounds = [(0.0, 1.0)] * classes
    for _ in range(ZOOMS):
        axes = [_axis(low, high, SEARCH_NODES) for low, high in bounds]
        log_weight = _score(axes, y, x, prior, own, member)[0]
        bounds = [_held(axes[c][0], log_weight, c, bounds[c]) for c in range(classes)]
    axes = [_axis(low, high, nodes) for low, high in bounds]
    log_weight, gamma, root = _score(axes, y, x, prior, own, member)
    weight = np.exp(log_weight - log_weight.max()).ravel()
    kept = weight > LEFT_OUT
    tau = np.array(list(product(*[_sd(nodes_) for nodes_, _ in axes])))
    scaled = np.full(x.shape[1], unit)
    if correlation > 0:
        scaled[-1] = 1.0
        x = np.column_stack([columns, error])
    return Hierarchy(
        estimate,
        error,
        x,
        own * unit**2,
        member,
        tau[kept] * unit,
        weight[kept] / weight[kept].sum(),
        gamma.reshape(-1, x.shape[1])[kept] * scaled,
        root.reshape(-1, x.shape[1], x.shape[1])[kept] * scaled[:, None],
        correlation > 0,
    )


def _sd(u: FloatArray) -> FloatArray:
    """Map the unit interval to standard deviations, in units of the mean error."""
    return u / (1 - u)


def _axis(low: float, high: float, count: int) -> tuple[FloatArray, FloatArray]:
    """Return nodes in (low, high) and the log of their weights under a uniform standard deviation."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    u = low + 0.5 * (high - low) * (nodes + 1)
    return u, np.log(0.5 * (high - low) * weights) - 2 * np.log1p(-u)


def _held(
    u: FloatArray, log_weight: FloatArray, axis: int, bounds: tuple[float, float]
) -> tuple[float, float]:
    """Return the neighbours of the nodes whose marginal weight counts."""
    others = tuple(k for k in range(log_weight.ndim) if k != axis)
    marginal = np.exp(log_weight - log_weight.max()).sum(axis=others)
    inside = np.flatnonzero(marginal > LEFT_OUT * marginal.max())
    ends = np.concatenate([[bounds[0]], u, [bounds[1]]])
    return float(ends[inside[0]]), float(ends[inside[-1] + 2])


def _score(
    axes: Sequence[tuple[FloatArray, FloatArray]],
    y: FloatArray,
    x: FloatArray,
    prior: FloatArray,
    own: FloatArray,
    member: IntArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return log weights, means and covariance roots of the line in every cell, the axes of cells first."""
    classes = len(axes)
    k = x.shape[1]
    shape = tuple(len(u) for u, _ in axes)
    gram, cross = np.zeros((*shape, k, k)), np.zeros((*shape, k))
    square, logdet, mass = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for c, (u, log_mass) in enumerate(axes):
        units = member == c
        precision = 1 / (_sd(u)[:, None] ** 2 + own[units])
        along = tuple(slice(None) if a == c else None for a in range(classes))
        rows, values = x[units], y[units]
        gram += np.einsum("gp,pk,pl->gkl", precision, rows, rows, optimize=True)[along]
        cross += np.einsum("gp,pk,p->gk", precision, rows, values, optimize=True)[along]
        square += (precision @ values**2)[along]
        logdet -= np.log(precision).sum(axis=1)[along]
        mass += log_mass[along]
    gram += np.diag(prior)
    factor = np.linalg.cholesky(gram)
    half = np.linalg.solve(factor, cross[..., None])[..., 0]
    inverse = np.linalg.solve(factor, np.broadcast_to(np.eye(k), gram.shape))
    root = np.swapaxes(inverse, -1, -2)
    gamma = np.einsum("...kl,...l->...k", root, half)
    volume = 2 * np.log(np.einsum("...kk->...k", factor)).sum(axis=-1)
    log_weight = mass - 0.5 * (logdet + volume + square - (half**2).sum(axis=-1))
    return log_weight, gamma, root
