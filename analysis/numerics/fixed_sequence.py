"""Fixed sequences of numbers: the same on every call and every installation, so that results can be cited."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from analysis.numerics.least_squares import FloatArray


def uniforms(shape: tuple[int, ...], stream: int) -> FloatArray:
    """Return numbers in (0, 1) from the raw output of PCG64 number `stream`; never 0 or 1.

    Parameters
    ----------
    shape : tuple of int
    stream : int
        Different streams are independent.
    """
    raw = np.random.PCG64(stream).random_raw(int(np.prod(shape)))
    return ((raw >> np.uint64(11)).astype(np.float64).reshape(shape) + 0.5) / 2.0**53


def normals(shape: tuple[int, ...], stream: int) -> FloatArray:
    """Return standard normal numbers: the inverse distribution function of `uniforms`."""
    values: FloatArray = ndtri(uniforms(shape, stream))
    return values
