"""Simulated monthly series like the real ones: trend, season, six events, and noise of known kind.

Noise comes from fixed sequences; series 2k and 2k + 1 are an antithetic pair (the same noise with the other
sign), so that the mean error of an unbiased method is close to zero in few series.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.domain import EventTable, Period
from analysis.numerics.fixed_sequence import normals, uniforms

Array = NDArray[np.float64]

SAMPLES = {96: "2014-12", 144: "2010-01", 199: "2010-01"}
"""First month by number of months."""
DATES = {
    "unscr_2270": "2016-05",
    "unscr_2321": "2017-03",
    "unscr_2371": "2017-10",
    "unscr_2375": "2018-01",
    "unscr_2397": "2018-02",
    "covid": "2020-02",
}
"""First full months of the six core events."""
EFFECTS = np.array([-0.2, -0.3, -0.4, -0.4, -0.5, -1.5])
SUM = ("unscr_2371", "unscr_2375", "unscr_2397")
TREND_SD = 0.10
"""Slopes in logs a year are drawn from the model's prior, one for each pair."""
SEASON = np.array([0.15, -0.3, 0.05, 0.0, 0.05, 0.1, 0.0, 0.05, 0.0, -0.05, -0.05, 0.0])
SD = 0.2
"""Standard deviation of the white and AR parts, in logs."""
LEVEL = 4.5
REGIME = ("2020-02", "2022-09")
BURN_IN = 300
NEVER_MISSING = "2018-01"
"""The one month that tells two of the events apart."""


@dataclass(frozen=True)
class World:
    """One kind of noise.

    Attributes
    ----------
    name, words : str
    rho : float
        Of the AR(1) part, which makes up `share` of the stationary variance.
    share : float
    walk : float
        Variance of the random walk's step over the stationary variance.
    tails : int
        Degrees of freedom of the innovations (scaled to unit variance); 0 is normal.
    outliers : int
        Months with a disturbance of `outlier_sd` (from, to) standard deviations and either sign added.
    kappa : float
        Variance ratio of the stationary part in `REGIME`.
    missing : float
        Share of missing months.
    """

    name: str
    words: str
    rho: float = 0.0
    share: float = 0.0
    walk: float = 0.0
    tails: int = 0
    outliers: int = 0
    outlier_sd: tuple[float, float] = (6.0, 9.0)
    kappa: float = 1.0
    missing: float = 0.0

    @property
    def stream(self) -> int:
        """First of this world's fixed sequences."""
        return 1_000_000 * (1 + [world.name for world in WORLDS].index(self.name))


WORLDS = (
    World("white", "white noise"),
    World("ar40", "AR(1), .4", rho=0.4, share=1.0),
    World("ar70", "AR(1), .7", rho=0.7, share=1.0),
    World("ar90", "AR(1), .9", rho=0.9, share=1.0),
    World("ar95", "AR(1), .95", rho=0.95, share=1.0),
    World("level", "local level: white noise + random walk, q = .05", walk=0.05),
    World("ar_walk", "AR(1) .5 + white noise + random walk, q = .02", rho=0.5, share=0.5, walk=0.02),
    World("heavy", "AR(1) .4 with t(3) innovations", rho=0.4, share=1.0, tails=3),
    World("outliers", "AR(1) .4 and three months off by 6 to 9 sd", rho=0.4, share=1.0, outliers=3),
    World("regime", "AR(1) .5, variance 30 times in 2020-02..2022-09", rho=0.5, share=1.0, kappa=30.0),
    World("missing", "AR(1) .7, a tenth of the months missing", rho=0.7, share=1.0, missing=0.1),
)


@dataclass(frozen=True)
class Simulated:
    """Series of one world.

    Attributes
    ----------
    values : ndarray, shape (S, n)
        Trade, above zero; NaN where missing.
    outlying : ndarray of bool, shape (S, n)
    """

    values: Array
    outlying: NDArray[np.bool_]


def periods(n: int) -> list[Period]:
    """Return the calendar of a sample size."""
    first = Period.parse(SAMPLES[n])
    return [first + step for step in range(n)]


def events() -> EventTable:
    """Return the six events, each in force from the first of its first full month."""
    rows = [{"id": name, "title": name, "effective": f"{month}-01"} for name, month in DATES.items()]
    return EventTable.from_rows(rows)


def regime_index(n: int) -> NDArray[np.bool_]:
    """Return the months of the regime, shape (n,)."""
    first, last = map(Period.parse, REGIME)
    return np.array([first <= p <= last for p in periods(n)])


def simulate(world: World, n: int, numbers: range, slope: float | None = None) -> Simulated:
    """Return the series of the given numbers, with slopes of their own or all with `slope`."""
    calendar = periods(n)
    steps = np.array([[p >= Period.parse(month) for p in calendar] for month in DATES.values()])
    years = np.arange(n) / 12
    mean = LEVEL + SEASON[[p.season for p in calendar]] + EFFECTS @ steps
    noise = np.empty((len(numbers), n))
    outlying = np.zeros((len(numbers), n), dtype=bool)
    missing = np.zeros((len(numbers), n), dtype=bool)
    for row, number in enumerate(numbers):
        sign = 1.0 if number % 2 == 0 else -1.0
        stream = world.stream + number // 2
        own = TREND_SD * float(normals((1,), stream + 400_000)[0]) if slope is None else slope
        noise[row] = own * years + sign * SD * _noise(world, n, stream)
        if world.outliers:
            outlying[row, _months(n, world.outliers, stream)] = True
            draws = uniforms((2, n), stream + 300_000)
            low, high = world.outlier_sd
            size = (low + (high - low) * draws[0]) * np.where(draws[1] < 0.5, -1.0, 1.0)
            noise[row] += np.where(outlying[row], sign * SD * size, 0.0)
        if world.missing:
            missing[row, _months(n, round(world.missing * n), stream)] = True
    missing[:, calendar.index(Period.parse(NEVER_MISSING))] = False
    values = np.exp(mean + noise)
    values[missing] = np.nan
    return Simulated(values, outlying)


def covariance(world: World, n: int) -> Array:
    """Return the covariance of the noise of one series, outliers apart, shape (n, n)."""
    steps = np.arange(n)
    apart = np.abs(np.subtract.outer(steps, steps))
    stationary = world.share * world.rho**apart + (1 - world.share) * np.eye(n)
    factor = np.where(regime_index(n), np.sqrt(world.kappa), 1.0)
    level = world.walk * np.minimum.outer(steps, steps)
    return SD**2 * (stationary * np.outer(factor, factor) + level)


def _noise(world: World, n: int, stream: int) -> Array:
    """Noise in units of the stationary standard deviation."""
    draws = normals((3, n + BURN_IN), stream)
    innovations = draws[0]
    if world.tails:
        from scipy.special import stdtrit

        innovations = stdtrit(world.tails, uniforms((n + BURN_IN,), stream + 100_000))
        innovations = innovations / np.sqrt(world.tails / (world.tails - 2))
    part = np.empty(n + BURN_IN)
    part[0] = innovations[0]
    for t in range(1, n + BURN_IN):
        part[t] = world.rho * part[t - 1] + np.sqrt(1 - world.rho**2) * innovations[t]
    stationary = np.sqrt(world.share) * part[BURN_IN:] + np.sqrt(1 - world.share) * draws[1, BURN_IN:]
    stationary = stationary * np.where(regime_index(n), np.sqrt(world.kappa), 1.0)
    return stationary + np.sqrt(world.walk) * np.cumsum(draws[2, BURN_IN:])


def _months(n: int, count: int, stream: int) -> NDArray[np.intp]:
    return np.argsort(uniforms((n,), stream + 200_000))[:count]
