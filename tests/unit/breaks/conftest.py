"""Series with known breaks, from fixed sequences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from analysis.domain import Period, TradeSeries
from analysis.numerics.fixed_sequence import normals

SEASON = np.array([0.3, -0.4, 0.1, 0.0, 0.1, 0.2, -0.1, 0.0, 0.1, 0.0, -0.1, -0.2])

Maker = Callable[..., TradeSeries]


def make_series(
    n: int = 96,
    *,
    rho: float = 0.5,
    steps: dict[int, float] | None = None,
    missing: tuple[int, ...] = (),
    first: str = "2012-01",
    stream: int = 3,
    slope: float = 0.0,
    id: str = "simulated",
) -> TradeSeries:
    """AR(1) of unit variance, seasons on monthly calendars, steps {position: size}, missing positions."""
    noise = normals((n,), 70_000 + stream)
    errors = np.empty(n)
    errors[0] = noise[0]
    for t in range(1, n):
        errors[t] = rho * errors[t - 1] + np.sqrt(1 - rho**2) * noise[t]
    start = Period.parse(first)
    season = SEASON[np.arange(n) % 12] if start.frequency == "M" else 0.0
    values = 10 + errors + season + slope * np.arange(n)
    for position, size in (steps or {}).items():
        values[position:] += size
    return TradeSeries.from_values(
        [str(start + t) for t in range(n)],
        [None if t in missing else float(values[t]) for t in range(n)],
        id=id,
        unit="USD million",
    )


@pytest.fixture
def make() -> Maker:
    return make_series
