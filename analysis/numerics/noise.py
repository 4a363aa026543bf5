"""The noise of the joint model: its parameters on a grid of cells, and its covariance.

The disturbance is ``u = white + AR(1) + random-walk level``. Its parameters ``theta`` are measured
against the stationary variance ``sigma2`` (white plus AR, outside declared regimes):

* ``q``      random-walk variance per step over ``sigma2``: a tenth of the prior mass at ``q = 0``, the
  rest uniform in ``log10 q`` on (-4, 1);
* ``share``  the AR part of ``sigma2``: 0, 1/2 or 1, equally likely;
* ``rho``    its coefficient: ``-ln(1 - rho)`` uniform on (0, 3.9);
* ``slope``  variance per step of the innovations of the level's slope over ``sigma2``, where a local linear
  trend is asked for: a tenth of the prior mass at 0, the rest uniform in ``log10`` on (-8, -1);
* ``kappa``  for each declared regime, the ratio by which the white and AR variances are multiplied:
  ``log10 kappa`` uniform on (-1/2, 4).

A cell is a box in the continuous coordinates. Its weight in the posterior is the marginal likelihood
at its midpoint times its prior mass; splitting a cell splits its mass, so refinement never changes
the prior.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

LOG_Q = (-4.0, 1.0)
LOG_SLOPE = (-8.0, -1.0)
ZERO_Q_MASS = 0.1
"""Prior mass at 0 of the random walk's variance, and of its slope's."""
SHARES = (0.0, 0.5, 1.0)
MINUS_LOG_ONE_MINUS_RHO = (0.0, 3.9)
LOG_KAPPA = (-0.5, 4.0)

Q, RHO, SLOPE, KAPPA = 0, 1, 2, 3
"""Columns of the continuous coordinates; the ``log10 kappa`` of the regimes follow from `KAPPA` on."""


@dataclass(frozen=True, slots=True)
class NoiseGrid:
    """Cells of the noise parameters.

    Attributes
    ----------
    lower, upper : ndarray, shape (G, 3 + K)
        Ends of each cell in ``log10 q``, ``-ln(1 - rho)``, ``log10 slope`` and ``log10 kappa`` of the K
        regimes. Equal ends mark a coordinate that the cell does not have (``q = 0``; no AR part; a slope
        that stays).
    share : ndarray, shape (G,)
        AR share of the stationary variance.
    zero_q : ndarray of bool, shape (G,)
        Cells of the point mass at ``q = 0``.
    mass : ndarray, shape (G,)
        Prior mass of each cell; sums to one.
    sigma2 : ndarray, shape (G,), or None
        The stationary variance, where it is a coordinate of the grid as well (declared measurement error);
        None where it is integrated out analytically.
    """

    lower: FloatArray
    upper: FloatArray
    share: FloatArray
    zero_q: BoolArray
    mass: FloatArray
    sigma2: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.mass)

    @property
    def midpoint(self) -> FloatArray:
        """Midpoints in the continuous coordinates, shape (G, 3 + K)."""
        return 0.5 * (self.lower + self.upper)

    @property
    def q(self) -> FloatArray:
        """Random-walk variance per step over the stationary variance, shape (G,)."""
        return np.where(self.zero_q, 0.0, 10.0 ** self.midpoint[:, Q])

    @property
    def rho(self) -> FloatArray:
        """AR(1) coefficient, shape (G,); 0 where there is no AR part."""
        return np.where(self.share > 0, -np.expm1(-self.midpoint[:, RHO]), 0.0)

    @property
    def slope(self) -> FloatArray:
        """Variance per step of the slope over the stationary variance, shape (G,)."""
        middle = self.midpoint[:, SLOPE]
        return np.where(middle > LOG_SLOPE[0], 10.0**middle, 0.0)

    @property
    def kappa(self) -> FloatArray:
        """Variance ratio of each regime, shape (G, K)."""
        return 10.0 ** self.midpoint[:, KAPPA:]

    def take(self, which: NDArray[np.intp] | BoolArray) -> NoiseGrid:
        """Return the selected cells with their masses as they are."""
        return NoiseGrid(
            self.lower[which],
            self.upper[which],
            self.share[which],
            self.zero_q[which],
            self.mass[which],
            None if self.sigma2 is None else self.sigma2[which],
        )

    def join(self, other: NoiseGrid) -> NoiseGrid:
        """Return these cells followed by `other`."""
        return NoiseGrid(
            np.concatenate([self.lower, other.lower]),
            np.concatenate([self.upper, other.upper]),
            np.concatenate([self.share, other.share]),
            np.concatenate([self.zero_q, other.zero_q]),
            np.concatenate([self.mass, other.mass]),
            None
            if self.sigma2 is None or other.sigma2 is None
            else np.concatenate([self.sigma2, other.sigma2]),
        )

    def at_variance(self, sigma2: FloatArray, mass: FloatArray) -> NoiseGrid:
        """Return the cells with known stationary variances and new masses, each of shape (G,)."""
        return replace(self, sigma2=sigma2, mass=mass)

    def split(self) -> tuple[NoiseGrid, NDArray[np.intp]]:
        """Return the children of every cell, and the cell that each comes from.

        Children are halves along each coordinate that the cell has; its mass is divided among them.
        """
        pieces, parents = [], []
        has = self.upper > self.lower
        middle = self.midpoint
        for side in product((0, 1), repeat=self.lower.shape[1]):
            right = np.array(side, dtype=bool)
            keep = (has | ~right).all(axis=1)
            if not keep.any():
                continue
            low = np.where(has & right, middle, self.lower)
            high = np.where(has & ~right, middle, self.upper)
            child = replace(self, lower=low, upper=high, mass=self.mass / 2.0 ** has.sum(axis=1))
            pieces.append(child.take(keep))
            parents.append(np.flatnonzero(keep))
        joined = pieces[0]
        for piece in pieces[1:]:
            joined = joined.join(piece)
        return joined, np.concatenate(parents)


@lru_cache(maxsize=16)
def noise_grid(
    *,
    q_cells: int,
    rho_cells: int,
    regimes: int = 0,
    kappa_cells: int = 1,
    slope_cells: int = 0,
) -> NoiseGrid:
    """Return the tensor grid with the stated number of equal cells in each coordinate.

    Parameters
    ----------
    q_cells, rho_cells, kappa_cells : int
        Cells in ``log10 q`` (beside the point mass), ``-ln(1 - rho)`` and each ``log10 kappa``.
    regimes : int
        Number of declared variance regimes, K.
    slope_cells : int
        Cells in ``log10 slope``, beside the point mass; with 0 the slope stays.
    """
    q_axis = _with_atom(LOG_Q, q_cells)
    s_axis = _with_atom(LOG_SLOPE, slope_cells)
    rho_edges = np.linspace(*MINUS_LOG_ONE_MINUS_RHO, rho_cells + 1)
    shapes = []
    for share in SHARES:
        if share == 0:
            shapes.append((0.0, 0.0, share, 1 / len(SHARES)))
        else:
            shapes += [(low, high, share, 1 / len(SHARES) / rho_cells) for low, high in pairwise(rho_edges)]
    kappa_axis = list(pairwise(np.linspace(*LOG_KAPPA, kappa_cells + 1)))
    lower, upper, shares, zeros, mass = [], [], [], [], []
    for (q_low, q_high, q_mass, zero), (r_low, r_high, share, r_mass), (
        s_low,
        s_high,
        s_mass,
        _,
    ), *kappas in product(q_axis, shapes, s_axis, *[kappa_axis] * regimes):
        lower.append([q_low, r_low, s_low, *(low for low, _ in kappas)])
        upper.append([q_high, r_high, s_high, *(high for _, high in kappas)])
        shares.append(share)
        zeros.append(zero)
        mass.append(q_mass * r_mass * s_mass / kappa_cells**regimes)
    return NoiseGrid(np.array(lower), np.array(upper), np.array(shares), np.array(zeros), np.array(mass))


def _with_atom(ends: tuple[float, float], count: int) -> list[tuple[float, float, float, bool]]:
    """Return (low, high, mass, whether it is the atom at 0) of equal cells below which an atom stands."""
    edges = np.linspace(*ends, count + 1)[: count + 1 if count else 0]
    cells = [(low, high, (1 - ZERO_Q_MASS) / count, False) for low, high in pairwise(edges)]
    return [(ends[0], ends[0], ZERO_Q_MASS if count else 1.0, True), *cells]


@dataclass(frozen=True, slots=True)
class NoiseSample:
    """What the covariance needs of the sample, beside ``theta``.

    Attributes
    ----------
    observed : ndarray of bool, shape (T,)
        Calendar positions with an observation.
    measurement : ndarray, shape (T,)
        Variance of the measurement error.
    regime : ndarray of int, shape (T,)
        0 outside regimes, k in the k-th declared regime.
    against : float
        Stationary variance that the measurement error is measured against in cells without one of their own.
    discounted : ndarray, shape (T,), or None
        Variance added to single periods, over the stationary variance.
    """

    observed: BoolArray
    measurement: FloatArray
    regime: NDArray[np.intp]
    against: float = 1.0
    discounted: FloatArray | None = None

    def error(self, grid: NoiseGrid) -> FloatArray:
        """Return the variance of every period beside the noise's, over the stationary one, shape (T, G)."""
        scale = np.full(len(grid), self.against) if grid.sigma2 is None else grid.sigma2
        found = self.measurement[:, None] / scale
        return found if self.discounted is None else found + self.discounted[:, None]

    def inflation(self, kappa: FloatArray) -> FloatArray:
        """Return the variance factor of every period, shape (T, G), for `kappa` of shape (G, K)."""
        factors = np.concatenate([np.ones((len(kappa), 1)), kappa], axis=1)
        return np.ascontiguousarray(factors.T[self.regime])


def random_walk(first: NDArray[np.intp], second: NDArray[np.intp]) -> FloatArray:
    """Return the covariance of a random walk of unit steps between two sets of calendar positions."""
    return np.minimum.outer(first, second).astype(np.float64)


def integrated_walk(first: NDArray[np.intp], second: NDArray[np.intp]) -> FloatArray:
    """Return the covariance of a sum of random walks of unit steps: the level of a wandering slope.

    The slope moves from the first step on: ``sum_j (s - j)(t - j)`` over ``j < min(s, t)``.
    """
    s, t = np.asarray(first)[:, None].astype(np.float64), np.asarray(second)[None, :].astype(np.float64)
    m = np.maximum(np.minimum(s, t) - 1, 0.0)
    return np.asarray(s * t * m - (s + t) * m * (m + 1) / 2 + m * (m + 1) * (2 * m + 1) / 6)


def covariance(grid: NoiseGrid, cell: int, sample: NoiseSample) -> tuple[FloatArray, FloatArray]:
    """Return the dense covariance of ``u`` over ``sigma2`` at one cell, without measurement error.

    Returns
    -------
    level : ndarray, shape (T, T)
        Part of the random-walk level and its slope, both started at zero in the first period.
    stationary : ndarray, shape (T, T)
        White and AR parts, multiplied by the regimes' ratios.
    """
    steps = np.arange(len(sample.observed))
    level = grid.q[cell] * random_walk(steps, steps)
    if grid.slope[cell]:
        level = level + grid.slope[cell] * integrated_walk(steps, steps)
    factor = np.sqrt(sample.inflation(grid.kappa[cell : cell + 1])[:, 0])
    apart = np.abs(np.subtract.outer(steps, steps))
    share = grid.share[cell]
    stationary = share * grid.rho[cell] ** apart + (1 - share) * np.eye(len(steps))
    return level, stationary * np.outer(factor, factor)
