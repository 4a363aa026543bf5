"""Fixed grids of the noise parameters for panels, in place of the refinement of each series.

In ``log10 q`` the posterior is wide and ends at the prior's bounds: Gauss-Legendre nodes settle with few
points. In ``-ln(1 - rho)`` it is a narrow hill inside them: equal cells settle faster there (Davis &
Rabinowitz 1984, Methods of Numerical Integration, sections 2.7 and 2.9). A node carries the prior mass of its
quadrature weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from analysis.numerics.noise import (
    LOG_Q,
    LOG_SLOPE,
    MINUS_LOG_ONE_MINUS_RHO,
    SHARES,
    ZERO_Q_MASS,
    NoiseGrid,
    noise_grid,
)


@dataclass(frozen=True, slots=True)
class PanelGrid:
    """Size and kind of a fixed grid.

    Attributes
    ----------
    q, rho : int
        Points in ``log10 q`` (beside the atom at ``q = 0``) and in ``-ln(1 - rho)``.
    gauss : bool
        Whether the points in ``log10 q`` are Gauss-Legendre nodes; otherwise midpoints of equal cells.
    """

    q: int
    rho: int
    gauss: bool = True

    def cells(self) -> NoiseGrid:
        """Return the points and their prior masses."""
        return _cells(self)


@lru_cache(maxsize=8)
def _cells(size: PanelGrid) -> NoiseGrid:
    if not size.gauss:
        return noise_grid(q_cells=size.q, rho_cells=size.rho)
    nodes, weights = np.polynomial.legendre.leggauss(size.q)
    q_axis = np.append(LOG_Q[0], LOG_Q[0] + 0.5 * (LOG_Q[1] - LOG_Q[0]) * (nodes + 1))
    q_mass = np.append(ZERO_Q_MASS, (1 - ZERO_Q_MASS) * 0.5 * weights)
    rho_axis = MINUS_LOG_ONE_MINUS_RHO[1] * (np.arange(size.rho) + 0.5) / size.rho
    shapes = np.concatenate([[0.0] if share == 0 else rho_axis for share in SHARES])
    count = np.array([1 if share == 0 else size.rho for share in SHARES])
    shape_mass = np.repeat(1 / (count * len(SHARES)), count)
    q, rho = np.repeat(q_axis, len(shapes)), np.tile(shapes, len(q_axis))
    points = np.column_stack([q, rho, np.full(len(q), LOG_SLOPE[0])])
    return NoiseGrid(
        points,
        points,
        np.tile(np.repeat(SHARES, count), len(q_axis)),
        np.repeat(np.arange(len(q_axis)) == 0, len(shapes)),
        np.outer(q_mass, shape_mass).ravel(),
    )
