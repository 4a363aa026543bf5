"""The joint posterior by brute force: dense covariances, every cell of one fine grid, no refinement.

Written from the model's statement alone (`docs/methods/joint-model.md`) and sharing nothing with the
engine, so that it can judge any engine. For short series only.

u = white noise + AR(1) + random walk. With theta = (q, share, rho) measured against the stationary variance
sigma^2: a tenth of the prior mass at q = 0 and the rest uniform in log10 q on (-4, 1); share 0, 1/2 or 1;
-ln(1 - rho) uniform on (0, 3.9); p(sigma^2) proportional to 1 / sigma^2; coefficients flat but for the trend.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy import optimize, special

Q_CELLS, RHO_CELLS, SIGMA_CELLS = 30, 16, 60
SIGMA_DECADES = (-3.0, 1.0)
"""Range of log10 sigma where sigma is no scale that integrates out: the measurement error is absolute."""


@dataclass(frozen=True)
class Marginal:
    """Posterior of one contrast: a mixture of t distributions, or of normals where `dof` is infinite."""

    weight: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    dof: float

    def cdf(self, x: float) -> float:
        z = (x - self.centre) / self.scale
        below = special.ndtr(z) if np.isinf(self.dof) else special.stdtr(self.dof, z)
        return float(self.weight @ below)

    def mean(self) -> float:
        return float(self.weight @ self.centre)

    def sd(self) -> float:
        inner = 1.0 if np.isinf(self.dof) else self.dof / (self.dof - 2)
        return float(np.sqrt(self.weight @ (self.scale**2 * inner + (self.centre - self.mean()) ** 2)))

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        low, high = (self.centre - 60 * self.scale).min(), (self.centre + 60 * self.scale).max()
        lower, upper = (
            float(optimize.brentq(lambda x, p: self.cdf(x) - p, low, high, args=(p,)))
            for p in (0.5 * (1 - level), 0.5 * (1 + level))
        )
        return lower, upper


@dataclass(frozen=True)
class Dense:
    """The posterior on the grid.

    `log_marginal` is comparable between designs with the same number of flat coefficients.
    """

    weight: np.ndarray
    q: np.ndarray
    share: np.ndarray
    mean: np.ndarray
    root: np.ndarray
    dof: float
    variance: float
    log_marginal: float

    def combination(self, contrast: np.ndarray) -> Marginal:
        scale = np.linalg.norm(contrast @ self.root, axis=1)
        return Marginal(self.weight, self.mean @ contrast, scale, self.dof)


def cells() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return q, share, rho and log prior mass of every cell."""
    walk = [(0.0, 0.1)]
    edges = np.linspace(-4, 1, Q_CELLS + 1)
    walk += [(10.0**m, 0.9 / Q_CELLS) for m in 0.5 * (edges[1:] + edges[:-1])]
    edges = np.linspace(0, 3.9, RHO_CELLS + 1)
    shapes = [(0.0, 0.0, 1 / 3)]
    for share in (0.5, 1.0):
        shapes += [(share, -np.expm1(-m), 1 / 3 / RHO_CELLS) for m in 0.5 * (edges[1:] + edges[:-1])]
    rows = [(q, s, r, np.log(a * b)) for (q, a), (s, r, b) in product(walk, shapes)]
    q, share, rho, mass = map(np.array, zip(*rows, strict=True))
    return q, share, rho, mass


def correlations(n: int) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Return the covariance of u over sigma^2 in every cell, shape (G, n, n), and the cells."""
    q, share, rho, mass = cells()
    t = np.arange(n)
    apart = np.abs(np.subtract.outer(t, t))
    ar = np.where(apart == 0, 1.0, rho[:, None, None] ** np.maximum(apart, 1))
    found = q[:, None, None] * np.minimum.outer(t, t) + share[:, None, None] * ar
    found += (1 - share)[:, None, None] * np.eye(n)
    return found, (q, share, rho, mass)


def dense_posterior(
    y: np.ndarray, x: np.ndarray, *, trend: int | None = None, trend_sd: float = 0.0, s2: float | None = None
) -> Dense:
    """Return the posterior without measurement error: sigma^2 integrates out, coefficients are Student-t.

    Parameters
    ----------
    y : ndarray, shape (n,)
    x : ndarray, shape (n, p)
    trend : int, optional
        Column whose coefficient is N(0, trend_sd^2 sigma^2 / s2); `s2` is the mean of sigma^2 under a flat
        prior of the trend, and computed when left out.
    """
    if trend is not None and s2 is None:
        s2 = dense_posterior(y, x).variance
    n, p = x.shape
    prior = np.zeros(p)
    if trend is not None:
        assert s2 is not None
        prior[trend] = s2 / trend_sd**2
    dof = n - int((prior == 0).sum())
    r, (q, share, _, mass) = correlations(n)
    inverse = np.linalg.inv(r)
    gram = x.T @ inverse @ x + np.diag(prior)
    mean = np.linalg.solve(gram, (x.T @ inverse @ y)[..., None])[..., 0]
    rss = np.einsum("i,gij,j->g", y, inverse, y) - np.einsum("gp,gpq,gq->g", mean, gram, mean)
    log = mass - 0.5 * (np.linalg.slogdet(r)[1] + np.linalg.slogdet(gram)[1] + dof * np.log(rss))
    log += 0.5 * np.log(prior[prior > 0]).sum()
    weight = np.exp(log - log.max())
    total = weight.sum()
    weight /= total
    root = np.linalg.cholesky(np.linalg.inv(gram)) * np.sqrt(rss / dof)[:, None, None]
    return Dense(
        weight,
        q,
        share,
        mean,
        root,
        dof,
        float(weight @ (rss / (dof - 2))),
        float(log.max() + np.log(total)),
    )


def dense_posterior_with_errors(y: np.ndarray, x: np.ndarray, error: np.ndarray) -> Dense:
    """Return the posterior with measurement errors of known standard deviations `error`, shape (n,).

    Their variance is no multiple of sigma^2: V = sigma^2 R(theta) + diag(error^2), with sigma on a grid and
    all coefficients flat and the prior 1 / (sigma^2 + mean error^2).
    """
    r, (q, share, _, mass) = correlations(len(y))
    logs, means, roots, sigmas = [], [], [], []
    for sigma in 10.0 ** np.linspace(*SIGMA_DECADES, SIGMA_CELLS):
        v = sigma**2 * r + np.diag(error**2)
        inverse = np.linalg.inv(v)
        gram = x.T @ inverse @ x
        mean = np.linalg.solve(gram, (x.T @ inverse @ y)[..., None])[..., 0]
        rss = np.einsum("i,gij,j->g", y, inverse, y) - np.einsum("gp,gpq,gq->g", mean, gram, mean)
        prior = np.log(sigma**2 / (sigma**2 + np.mean(error**2)))
        logs.append(mass + prior - 0.5 * (np.linalg.slogdet(v)[1] + np.linalg.slogdet(gram)[1] + rss))
        means.append(mean)
        roots.append(np.linalg.cholesky(np.linalg.inv(gram)))
        sigmas.append(np.full(len(q), sigma))
    log = np.concatenate(logs)
    weight = np.exp(log - log.max())
    total = weight.sum()
    weight /= total
    return Dense(
        weight,
        np.tile(q, SIGMA_CELLS),
        np.tile(share, SIGMA_CELLS),
        np.concatenate(means),
        np.concatenate(roots),
        np.inf,
        float(weight @ np.concatenate(sigmas) ** 2),
        float(log.max() + np.log(total)),
    )
