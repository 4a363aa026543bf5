"""Deterministic series with known effects, for tests of the joint model."""

from collections.abc import Sequence

import numpy as np
from scipy import special

from analysis.domain import EventTable, Period, TradeSeries


def normals(stream: int, count: int) -> np.ndarray:
    """Return a fixed sequence of standard normals (raw PCG64 output through the inverse distribution)."""
    raw = np.random.PCG64(stream).random_raw(count)
    return special.ndtri((np.asarray(raw, dtype=np.float64) + 0.5) / 2.0**64)


def ar1(stream: int, count: int, rho: float, sd: float) -> np.ndarray:
    """Return a stationary AR(1) with unconditional standard deviation `sd`."""
    shocks = normals(stream, count)
    path = np.empty(count)
    path[0] = shocks[0]
    for t in range(1, count):
        path[t] = rho * path[t - 1] + np.sqrt(1 - rho**2) * shocks[t]
    return sd * path


def steps(first: str, length: int, effects: dict[str, float]) -> np.ndarray:
    """Return the sum of steps, each from the first day of its month on."""
    start = Period.parse(first)
    total = np.zeros(length)
    for month, size in effects.items():
        total[Period.parse(month) - start :] += size
    return total


def monthly(first: str, logs: Sequence[float], **fields) -> TradeSeries:
    """Return a monthly series of exp(logs); NaN is missing."""
    start = Period.parse(first)
    values = [None if np.isnan(v) else float(np.exp(v)) for v in logs]
    return TradeSeries.from_values([start + k for k in range(len(values))], values, **fields)


def table(**months: str) -> EventTable:
    """Return events in full force from the first of the given months."""
    return EventTable.from_rows(
        [
            {"id": name, "title": name.capitalize(), "effective": f"{month}-01"}
            for name, month in months.items()
        ]
    )
