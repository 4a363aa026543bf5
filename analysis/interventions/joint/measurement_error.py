"""Declared measurement error: an unscaled part of the observation variance (equations 10 and 11).

With errors of known variance D the stationary variance no longer cancels, so it becomes a coordinate of the
grid: in every noise cell the trapezoidal rule over ``ln sigma``, around the value that the conjugate pass
finds there. Its prior is ``1 / (sigma2 + mean D)``: as without errors where they are small, and proper where
they explain everything (Daniels 1999, Canadian Journal of Statistics 27, 567-578).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.domain import FloatArray
from analysis.interventions.joint.refinement import Scored, Scorer
from analysis.numerics.noise import NoiseGrid

MATERIAL = 0.01
"""Mean share of the errors in the variance of the white and AR parts from which the stationary variance is a
coordinate of the grid; below, they are held against its first-pass estimate. On China's exports, where they
are 0.6 %, that moves an end of an interval by at most 1 % of its width, in the regime 3 %."""
NODES = np.arange(-4, 4)
"""Nodes around the conjugate value, in steps of `STEP` posterior standard deviations of ``ln sigma``."""
STEP = 1.3
"""The trapezoidal rule on a normal density with this step is wrong by 2 exp(-2 pi^2 / 1.3^2) = 2e-5."""
BEYOND, WIDER, EXTENSIONS = 6, 2.0, 3
"""Further nodes below, each extension with steps so many times as wide, while the lowest holds mass."""
END_MASS = 0.002
LIKELY, LEADING = 5e-4, 0.1
"""Noise cells with less of the conjugate pass's mass are left out, unless the errors' share is above the
second number: that pass then ranks the cells wrongly. Where errors were most of the noise, an estimate was
off by 5 % of its interval (`tests/unit/interventions/test_measurement_error.py`)."""


def share_of_error(error: FloatArray, observed: NDArray[np.bool_], variance: FloatArray) -> float:
    """Return the mean of the error variances over those of the noise, each of shape (T,)."""
    return float(np.mean((error**2)[observed] / variance[observed]))


def with_stationary_variance(scorer: Scorer, pilot: Scored, error: FloatArray, share: float) -> Scored:
    """Score the cases with the stationary variance as a coordinate, in the noise cells that matter.

    Parameters
    ----------
    scorer : Scorer
        Of one series.
    pilot : Scored
        The conjugate pass, its errors held against an estimate of the stationary variance.
    error : ndarray, shape (T,)
        Standard deviation of the measurement error.
    share : float
        Mean share of its variance in that of the noise.
    """
    mass = pilot.masses()
    cells = np.flatnonzero((mass > (LIKELY if share < LEADING else 0.0)).any(axis=0))
    dof = int(scorer.dof[0])
    best = np.argmax(pilot.score[:, cells], axis=0)
    centre = 0.5 * np.log(pilot.rss[best, cells] / dof)
    step = STEP * (1 + min(share, 1.0)) / np.sqrt(2 * dof)
    level = float(np.mean((error**2)[scorer.block.observed]))
    grid = pilot.grid.take(cells)

    def nodes(offsets: FloatArray, width: FloatArray) -> NoiseGrid:
        """Cells at ``centre + offsets``; `width` is what each node stands for."""
        logs = (centre[:, None] + offsets).ravel()
        sigma2 = np.exp(2 * logs)
        repeated = grid.take(np.repeat(np.arange(len(grid)), len(offsets)))
        prior = sigma2 / (sigma2 + level) if level > 0 else np.ones(len(sigma2))
        return repeated.at_variance(sigma2, repeated.mass * prior * np.tile(width, len(grid)))

    offsets = NODES * step
    found = scorer.score(nodes(offsets, np.full(len(NODES), step)), pilot.groups)
    lowest = np.tile(np.arange(len(NODES)) == 0, len(grid))
    reach = step
    for _ in range(EXTENSIONS):
        if found.masses()[:, lowest].sum(axis=1).max() < END_MASS:
            break
        # The end of a finer stretch is half of its step and half of the wider one that begins there.
        wider = reach * WIDER
        found.score[:, lowest] += np.log(0.5 * (1 + WIDER))
        further = offsets.min() - wider * np.arange(1, BEYOND + 1)
        added = scorer.score(nodes(further, np.full(BEYOND, wider)), pilot.groups)
        lowest = np.concatenate(
            [np.zeros(len(lowest), dtype=bool), np.tile(np.arange(BEYOND) == BEYOND - 1, len(grid))]
        )
        found = Scored(
            found.grid.join(added.grid),
            found.forms.join(added.forms),
            found.groups,
            np.concatenate([found.score, added.score], axis=1),
            np.concatenate([found.rss, added.rss], axis=1),
        )
        offsets, reach = further, wider
    return found
