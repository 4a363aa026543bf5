"""Fixed low-discrepancy sequences: the same points on every run."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from analysis.numerics.noise import FloatArray


@lru_cache(maxsize=16)
def sobol(log2_points: int, dimension: int) -> FloatArray:
    """Return the unscrambled Sobol sequence, shifted by half a step into the open unit cube.

    Parameters
    ----------
    log2_points : int
        The number of points is ``2 ** log2_points``.
    dimension : int

    Returns
    -------
    ndarray, shape (2 ** log2_points, dimension)
        Read-only. Direction numbers of Joe & Kuo (2008), through SciPy.
    """
    from scipy.stats import qmc

    points = qmc.Sobol(dimension, scramble=False).random_base2(log2_points)
    shifted: FloatArray = np.asarray(points, dtype=np.float64) + 0.5 / 2**log2_points
    shifted.flags.writeable = False
    return shifted
