"""Response shapes: from the share in force to the columns of an event."""

from __future__ import annotations

import numpy as np

from analysis.domain import FloatArray, Shape

TWO_COLUMNS: tuple[Shape, ...] = ("level_slope", "rush")
"""Shapes with two coefficients, of which the first is the effect."""
DECAYING: tuple[Shape, ...] = ("gradual", "temporary")
"""Shapes with a decay that is integrated over."""

SHAPE_WORDS: dict[Shape, str] = {
    "pulse": "in its first period only",
    "step": "a lasting change of level",
    "ramp": "a lasting change of slope, per year",
    "gradual": "a change that approaches its full size geometrically; the effect is the full size",
    "temporary": "a change that fades geometrically; the effect is the size at the start",
    "level_slope": "a change of level and of slope; the effect is the change of level",
    "rush": "a lasting change of level after a rush of either sign in the periods (lead) before the date; "
    "the effect is the lasting change",
}


def shape_columns(
    shape: Shape, share: FloatArray, per_year: int, decay: float = 0.0, rush: FloatArray | None = None
) -> FloatArray:
    """Return the columns of a response.

    Parameters
    ----------
    shape : Shape
    share : ndarray, shape (T,)
        Share in force.
    per_year : int
        Periods a year; slopes are per year.
    decay : float
        The delta of ``gradual`` (``1 - delta**(h + 1)``) and ``temporary`` (``delta**h``), h periods after
        the start.
    rush : ndarray, shape (T,), optional
        Share of each period that lies in the rush, for ``rush``.

    Returns
    -------
    ndarray, shape (T, c)
        c is 2 for ``level_slope`` and ``rush``, else 1.
    """
    if shape == "step":
        return share[:, None]
    if shape == "pulse":
        column = np.zeros_like(share)
        started = np.flatnonzero(share > 0)
        column[started[:1]] = 1.0
        return column[:, None]
    if shape == "rush":
        return np.column_stack([share, np.zeros_like(share) if rush is None else rush])
    slope = np.cumsum(share) / per_year
    if shape == "ramp":
        return slope[:, None]
    if shape == "level_slope":
        return np.column_stack([share, slope])
    column = np.empty_like(share)
    value, before = 0.0, 0.0
    for t, now in enumerate(share):
        value = decay * value + ((1 - decay) * now if shape == "gradual" else now - before)
        column[t], before = value, now
    return column[:, None]
