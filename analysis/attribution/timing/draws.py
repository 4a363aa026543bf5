"""Draws of the coefficients of several parts together, and the weights of the datings.

Every part is a fit of its own. Given the noise the coefficients are Student-t; the noise is a point of the
part's grid. The first coordinate of a fixed sequence picks the point, the second the chi-squared of the
variance, the others are normal. Parts have coordinates of their own, correlated as the parts' errors are:
with ``beta_p - b = G_p u_p`` at the modal point, ``cov(beta_p, beta_q) = G_p cov(u_p, u_q) G_q'``, where the
stationary parts of two errors have the correlation of the one-step errors and their levels that of the
changes over a year.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special

from analysis.attribution.timing.nodes import YEAR
from analysis.domain import FloatArray, TradeSeries
from analysis.interventions.dating import Dating
from analysis.interventions.joint.posterior import DatingPosterior, StructuralPosterior
from analysis.numerics.noise import covariance
from analysis.numerics.sequences import sobol

LOG2_POINTS = 13
"""8,192 points of the fixed sequence for each dating: on the catalogue series 4,096 leave limits up to 1.7 %
of their width away from those of 65,536 points, 8,192 at most 0.6 %."""
DRAWS_AT_ONCE = 512
DATING_PRIOR: dict[Dating, float] = {"full": 0.5, "ramp": 0.25, "adopted": 0.25}
LEAST_PAIRS = 24
"""Common periods without which two parts are taken as independent."""
MOST_CORRELATION = 0.999

Dependence = Literal["estimated", "independent", "perfect"]


class Fitted(Protocol):
    """A joint model: its posterior, and the series that it is of."""

    @property
    def posterior(self) -> StructuralPosterior:
        """The joint posterior."""

    @property
    def series(self) -> TradeSeries:
        """The series."""


@dataclass(frozen=True, slots=True)
class PartDraws:
    """Draws of one part's coefficients under one dating.

    Attributes
    ----------
    beta : ndarray, shape (N, p)
    variant : ndarray of int, shape (N,)
        Variant of the design at each draw.
    """

    beta: FloatArray
    variant: NDArray[np.intp]


def dating_weights(fits: Sequence[Fitted], chosen: Sequence[Dating]) -> FloatArray:
    """Return the posterior probability of every dating for all parts together, shape (D,).

    Parameters
    ----------
    fits : sequence of Fitted
    chosen : sequence of Dating
        Prior probabilities are `DATING_PRIOR`; a part with one dating has no say.
    """
    score = np.log([DATING_PRIOR[d] for d in chosen])
    for fit in fits:
        score = score + [fit.posterior.dating(d).log_marginal for d in chosen]
    weight = np.exp(score - score.max())
    return np.asarray(weight / weight.sum())


def joint_draws(
    fits: Sequence[Fitted],
    dating: Dating,
    *,
    log2_points: int = LOG2_POINTS,
    dependence: Dependence = "estimated",
    extra: int = 0,
) -> tuple[list[PartDraws], FloatArray]:
    """Return draws of the coefficients of every part under one dating, and further normal coordinates.

    Parameters
    ----------
    fits : sequence of Fitted
    dating : Dating
    log2_points : int
        ``2 ** log2_points`` draws.
    dependence : {"estimated", "independent", "perfect"}
        Correlation of the parts' errors: from the data, 0, or 1.
    extra : int
        Number of further coordinates, for the errors of exact figures.

    Returns
    -------
    list of PartDraws
    ndarray, shape (N, extra)
        Standard normal.
    """
    posteriors = [fit.posterior.dating(dating) for fit in fits]
    widths = [p.coefficients.mean.shape[1] for p in posteriors]
    starts = np.cumsum([0, *(w + 2 for w in widths)])
    width = int(starts[-1]) + extra
    normal = _points(log2_points, width)
    own = [normal[:, start : start + 2 + w] for start, w in zip(starts, widths, strict=False)]
    own = _correlated(fits, posteriors, own, dependence)
    found = []
    for fit, posterior, coordinates in zip(fits, posteriors, own, strict=True):
        c = posterior.coefficients
        place, scale, z = special.ndtr(coordinates[:, 0]), coordinates[:, 1], coordinates[:, 2:]
        chi2 = 2 * special.gammaincinv(0.5 * c.dof, special.ndtr(scale))
        order = _order(fit, posterior)
        cumulative = np.cumsum(posterior.weight[order])
        chosen = order[np.minimum(np.searchsorted(cumulative, place), len(order) - 1)]
        step = np.empty_like(z)
        for first in range(0, len(chosen), DRAWS_AT_ONCE):
            block = slice(first, first + DRAWS_AT_ONCE)
            step[block] = (c.root[chosen[block]] @ z[block, :, None])[:, :, 0]
        beta = c.mean[chosen] + np.sqrt(c.rss[chosen] / chi2)[:, None] * step
        found.append(PartDraws(beta, posterior.variant[chosen]))
    return found, normal[:, int(starts[-1]) :]


@lru_cache(maxsize=4)
def _points(log2_points: int, dimension: int) -> FloatArray:
    normal: FloatArray = special.ndtri(sobol(log2_points, dimension))
    normal.flags.writeable = False
    return normal


def _order(fit: Fitted, posterior: DatingPosterior) -> NDArray[np.intp]:
    """Return the points in an order in which neighbours are alike, so that the sequence spreads over them."""
    grid = fit.posterior.grid
    middle = grid.midpoint[posterior.cell]
    keys = [middle[:, k] for k in reversed(range(middle.shape[1]))]
    return np.lexsort([*keys, grid.share[posterior.cell], posterior.factor, posterior.variant])


def _correlated(
    fits: Sequence[Fitted],
    posteriors: Sequence[DatingPosterior],
    normal: Sequence[FloatArray],
    dependence: Dependence,
) -> list[FloatArray]:
    """Return the normal coordinates of every part, place and scale first, correlated between parts."""
    if len(fits) < 2 or dependence == "independent":
        return list(normal)
    modes = [Mode.of(fit, posterior) for fit, posterior in zip(fits, posteriors, strict=True)]
    widths = [z.shape[1] for z in normal]
    edges = np.cumsum([0, *widths])
    joint = np.eye(int(edges[-1]))
    for a, b in combinations(range(len(fits)), 2):
        block = modes[a].correlation(modes[b], dependence)
        joint[edges[a] : edges[a + 1], edges[b] : edges[b + 1]] = block
        joint[edges[b] : edges[b + 1], edges[a] : edges[a + 1]] = block.T
    values, vectors = np.linalg.eigh(joint)
    if values[0] < 1 - MOST_CORRELATION:
        joint = (vectors * np.maximum(values, 1 - MOST_CORRELATION)) @ vectors.T
        size = np.sqrt(np.diag(joint))
        joint /= np.outer(size, size)
    together = np.column_stack(list(normal)) @ np.linalg.cholesky(joint).T
    return [together[:, edges[k] : edges[k + 1]] for k in range(len(fits))]


@dataclass(frozen=True, slots=True)
class Mode:
    """One part at the most likely point of its noise.

    Attributes
    ----------
    start : int
        Ordinal of the first period.
    year : int
        Periods a year.
    seen : ndarray of int
        Calendar positions observed, n of them.
    level, stationary : ndarray, shape (n, n)
        Roots of the two covariances of the noise over its variance, lower triangular.
    gain : ndarray, shape (p, n)
        ``G`` over the root of the coefficients' covariance: coefficients in standard coordinates.
    errors : ndarray, shape (n,)
        Standardised one-step errors.
    disturbance : ndarray, shape (n,)
        Data less the fitted columns; NaN inside declared regimes.
    """

    start: int
    year: int
    seen: NDArray[np.intp]
    level: FloatArray
    stationary: FloatArray
    gain: FloatArray
    errors: FloatArray
    disturbance: FloatArray

    @classmethod
    def of(cls, fit: Fitted, posterior: DatingPosterior) -> Mode:
        """Return the heaviest point of a posterior under one dating."""
        point = int(np.argmax(posterior.weight))
        whole, c = fit.posterior, posterior.coefficients
        seen = np.flatnonzero(whole.evidence.observed)
        level, noise = whole.noise_covariance(int(posterior.cell[point]), int(posterior.factor[point]))
        _, stationary = covariance(whole.grid, int(posterior.cell[point]), whole.sample)
        level, noise, stationary = (m[np.ix_(seen, seen)] for m in (level, noise, stationary))
        columns = whole.design.variants[int(posterior.variant[point])].columns[seen]
        root = np.linalg.cholesky(noise)
        weighted = linalg.cho_solve((root, True), columns)
        own = c.root[point]
        disturbance = whole.evidence.y[seen] - columns @ c.mean[point]
        errors = linalg.solve_triangular(root, disturbance, lower=True)
        calm = np.where(whole.evidence.regime[seen] > 0, np.nan, disturbance)
        walk = np.zeros_like(level)
        used = np.diag(level) > 0
        if used.any():
            inner = level[np.ix_(used, used)]
            inner = inner + 1e-10 * np.diag(inner).max() * np.eye(len(inner))
            walk[np.ix_(used, used)] = np.linalg.cholesky(inner)
        return cls(
            fit.series.first.ordinal,
            YEAR[fit.series.frequency],
            seen,
            np.asarray(walk, dtype=np.float64),
            np.asarray(np.linalg.cholesky(stationary), dtype=np.float64),
            own.T @ weighted.T,
            np.asarray(errors / np.sqrt(np.mean(errors**2)), dtype=np.float64),
            calm,
        )

    def correlation(self, other: Mode, dependence: Dependence) -> FloatArray:
        """Return the correlation of two parts' coordinates, shape (p + 2, q + 2); 0 if not of one calendar.

        Errors of correlation r have sums of squares of correlation r squared: so have the coordinates of the
        noise's place and scale.
        """
        mine, theirs = self.seen + self.start, other.seen + other.start
        common, a, b = np.intersect1d(mine, theirs, return_indices=True)
        found = np.zeros((len(self.gain) + 2, len(other.gain) + 2))
        if self.year != other.year or len(common) < LEAST_PAIRS:
            return found
        short, long = 1.0, 1.0
        if dependence == "estimated":
            short = _correlation(self.errors[a], other.errors[b])
            long = _yearly(self, other, short)
        same = (mine[:, None] == theirs[None, :]).astype(np.float64)
        across = short * self.stationary @ same @ other.stationary.T
        across += long * self.level @ same @ other.level.T
        found[0, 0] = found[1, 1] = short**2
        found[2:, 2:] = self.gain @ across @ other.gain.T
        return found


def _correlation(x: FloatArray, y: FloatArray) -> float:
    ok = np.isfinite(x) & np.isfinite(y)
    if ok.sum() < LEAST_PAIRS:
        return 0.0
    x, y = x[ok] - x[ok].mean(), y[ok] - y[ok].mean()
    size = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / size if size > 0 else 0.0


def _yearly(a: Mode, b: Mode, otherwise: float) -> float:
    """Return the correlation of the changes over a year of two parts' disturbances."""
    first = {int(t) + a.start: u for t, u in zip(a.seen, a.disturbance, strict=True)}
    second = {int(t) + b.start: u for t, u in zip(b.seen, b.disturbance, strict=True)}
    pairs = [
        (first[t] - first[t - a.year], second[t] - second[t - a.year])
        for t in sorted(first.keys() & second.keys())
        if t - a.year in first and t - a.year in second
    ]
    if len(pairs) < LEAST_PAIRS:
        return otherwise
    x, y = np.array(pairs).T
    ok = np.isfinite(x) & np.isfinite(y)
    return _correlation(x, y) if ok.sum() >= LEAST_PAIRS else otherwise
