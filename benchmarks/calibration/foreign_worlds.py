"""Twenty-six kinds of noise of which nothing is drawn from the joint model, with six steps of known size.

The steps stand at 30 to 88 % of the sample. Growth and season are fixed numbers, noise comes from fixed
sequences; series 2k and 2k + 1 are an antithetic pair. Sources of the processes: Box & Jenkins (1970), ch. 9
(airline model); Granger & Joyeux (1980), J. Time Series Analysis 1, 15-29 (fractional noise); Bollerslev
(1986), J. Econometrics 31, 307-327 (GARCH); Harvey (1989), ch. 2 (local linear trend, drifting season).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats
from scipy.signal import lfilter

from analysis.domain import EventTable, Period
from analysis.numerics.fixed_sequence import normals, uniforms

Array = NDArray[np.float64]
Noise = Callable[[Array, int], Array]
"""Noise of unit size, shape (S, n), of standard normals of shape (S, blocks, BURN_IN + n)."""

EFFECTS = np.array([-0.3, 0.0, -0.6, -0.4, 0.0, -1.0])
"""In logs; two events have none."""
PLACES = np.linspace(0.30, 0.88, 6)
"""Of the events, as shares of the sample."""
IDS = tuple(f"e{k + 1}" for k in range(6))
FIRST = {"M": "2010-01", "Q": "2008-Q1", "A": "1990"}
A_YEAR = {"M": 12, "Q": 4, "A": 1}
SEASON = {
    12: np.array([0.12, -0.25, 0.06, 0.02, 0.05, 0.1, -0.02, 0.04, 0.0, -0.04, -0.05, -0.03]),
    4: np.array([-0.1, 0.06, 0.05, -0.01]),
    1: np.zeros(1),
}
LEVEL, GROWTH, SD = 5.0, 0.03, 0.2
"""Log level, growth a year, standard deviation of the noise in logs."""
BURN_IN = 240
UNLISTED = -0.4
HIDDEN = 0.3
"""Share of missing periods."""
GAP = range(-6, 6)
"""Periods around the third event that one world does not observe."""
AHEAD, PHASE = 3, 6
"""Periods by which effects come before their event, or take to be whole."""
FIRST_COUNT = 8.0


@dataclass(frozen=True)
class World:
    """One kind of series.

    Attributes
    ----------
    name, words : str
    noise : callable
    frequency : {"M", "Q", "A"}
    n : int
    blocks : int
        Of normals that the noise is made of.
    drift : callable
        Returns what else moves the level, shape (n,).
    gaussian : bool
        Whether the noise is a linear function of the normals, so that there is an oracle.
    ahead, phase : int
        Periods by which the effects come early, and take to be whole.
    missing : {"", "random", "gap"}
    counts : bool
        Whether small Poisson counts are observed.
    """

    name: str
    words: str
    noise: Noise
    frequency: str = "M"
    n: int = 144
    blocks: int = 1
    drift: Callable[[int], Array] = np.zeros
    gaussian: bool = True
    ahead: int = 0
    phase: int = 1
    missing: str = ""
    counts: bool = False

    @property
    def stream(self) -> int:
        """First of this world's fixed sequences."""
        return 50_000_000 + 100_000 * [world.name for world in WORLDS].index(self.name)

    @property
    def positions(self) -> NDArray[np.intp]:
        """First period of each event, shape (6,)."""
        return np.rint(PLACES * self.n).astype(np.intp)

    def periods(self) -> list[str]:
        """Return the calendar."""
        first = Period.parse(FIRST[self.frequency])
        return [str(first + step) for step in range(self.n)]

    def events(self) -> EventTable:
        """Return the six events, each in force from the first day of its period."""
        first = Period.parse(FIRST[self.frequency])
        return EventTable.from_rows(
            [
                {"id": name, "title": name, "effective": (first + int(at)).start.isoformat()}
                for name, at in zip(IDS, self.positions, strict=True)
            ]
        )

    def columns(self) -> Array:
        """Return the steps at the events' dates, shape (n, 6)."""
        return (np.arange(self.n)[:, None] >= self.positions).astype(np.float64)


def _filtered(numerator: list[float] | Array, denominator: list[float] | Array) -> Noise:
    """Return a stationary linear filter of the normals, of unit variance."""
    impulse = np.zeros(4000)
    impulse[0] = 1.0
    size = np.sqrt((lfilter(numerator, denominator, impulse) ** 2).sum())
    return lambda z, n: lfilter(numerator, denominator, z[:, 0], axis=1)[:, -n:] / size


def _lag(coefficient: float, lag: int) -> list[float]:
    return [1.0, *[0.0] * (lag - 1), -coefficient]


def _fractional(d: float) -> Array:
    """Return the moving-average weights of (1 - B)^-d."""
    k = np.arange(1, BURN_IN + 144)
    return np.concatenate([[1.0], np.cumprod((k - 1 + d) / k)])


def _airline(z: Array, n: int) -> Array:
    shocks = z[:, 0, -n:]
    both = np.convolve(_lag(0.4, 1), _lag(0.6, 12))
    return 0.25 * lfilter(both, np.convolve(_lag(1.0, 1), _lag(1.0, 12)), shocks, axis=1)


def _walk(z: Array, n: int) -> Array:
    return 0.4 * np.cumsum(z[:, 0, -n:], axis=1)


def _drifting_season(z: Array, n: int) -> Array:
    moving = np.stack([np.cumsum(z[:, 1, k:n:12], axis=1) for k in range(12)], axis=2)
    return AR5(z, n) + 0.25 * moving.reshape(len(z), -1)[:, :n]


def _local_linear(z: Array, n: int) -> Array:
    slope = np.cumsum(z[:, 2, -n:], axis=1)
    return 0.7 * z[:, 0, -n:] + np.cumsum(0.15 * z[:, 1, -n:] + 0.01 * slope, axis=1)


def _garch(z: Array, n: int) -> Array:
    variance = np.ones(len(z))
    path = np.empty(z[:, 0].shape)
    for t in range(path.shape[1]):
        path[:, t] = np.sqrt(variance) * z[:, 0, t]
        variance = 0.05 + 0.25 * path[:, t] ** 2 + 0.70 * variance
    return path[:, -n:]


def _heavy(z: Array, n: int) -> Array:
    """Return t(2.5) of unit variance."""
    return special.stdtrit(2.5, special.ndtr(z[:, 0, -n:])) / np.sqrt(2.5 / 0.5)


def _outliers(z: Array, n: int) -> Array:
    chosen = special.ndtr(z[:, 1, -n:])
    size = np.where(chosen < 0.04, -5.0, np.where(chosen > 0.96, 5.0, 0.0))
    return AR5(z, n) + size


def _tripled(z: Array, n: int) -> Array:
    return AR5(z, n) * np.where(np.arange(n) < 0.6 * n, 1.0, 3.0)


def _kink(n: int) -> Array:
    years = np.arange(n) / 12
    return 0.12 * np.minimum(years, years[n // 2]) - 0.12 * np.maximum(years - years[n // 2], 0)


def _sine(n: int) -> Array:
    return 0.25 * np.sin(2 * np.pi * np.arange(n) / 84)


def _midway(n: int) -> Array:
    return UNLISTED * (np.arange(n) >= n // 2)


def _before_second(n: int) -> Array:
    return UNLISTED * (np.arange(n) >= np.rint(PLACES[1] * n) - 2)


AR5 = _filtered([1.0], _lag(0.5, 1))
_AR5 = World("ar5_144", "AR(1) .5, 144 months", AR5)

WORLDS = (
    replace(_AR5, name="ar5_60", words="AR(1) .5, 60 months", n=60),
    replace(_AR5, name="ar5_84", words="AR(1) .5, 84 months", n=84),
    _AR5,
    replace(_AR5, name="quarterly", words="AR(1) .5, 48 quarters", frequency="Q", n=48),
    replace(_AR5, name="annual", words="AR(1) .5, 30 years", frequency="A", n=30),
    World("arma", "ARMA(2,1): .5, .3; .4", _filtered([1.0, 0.4], [1.0, -0.5, -0.3])),
    World("cycle", "AR(2) cycle of 24 months, damping .9", _filtered([1.0], [1.0, -1.739, 0.81])),
    World("lag12", "AR at lag 12, .6", _filtered([1.0], _lag(0.6, 12))),
    World("long_memory", "fractional noise, d = .35", _filtered(_fractional(0.35), [1.0])),
    World("garch", "GARCH(1,1): .25, .70", _garch, gaussian=False),
    World("airline", "airline model: .4, .6", _airline),
    World("season", "AR(1) .5 and a season that drifts by .05 a year", _drifting_season, blocks=2),
    World("walk", "random walk, .08 a month", _walk),
    replace(
        _AR5, name="kink", words="AR(1) .5, slope of +.12 a year that turns to -.12 mid-way", drift=_kink
    ),
    replace(_AR5, name="sine", words="AR(1) .5, trend a sine of 7 years and .25", drift=_sine),
    World("local_linear", "local linear trend", _local_linear, blocks=3),
    replace(_AR5, name="unlisted", words="AR(1) .5, an unlisted step of -.4 mid-way", drift=_midway),
    replace(
        _AR5,
        name="unlisted_near",
        words="AR(1) .5, an unlisted step of -.4 two months before e2, which has no effect",
        drift=_before_second,
    ),
    World("outliers", "AR(1) .5, 8 % of months off by e or 1/e", _outliers, blocks=2, gaussian=False),
    World("heavy", "t(2.5)", _heavy, gaussian=False),
    replace(_AR5, name="missing", words="AR(1) .5, 30 % of months missing", missing="random"),
    replace(_AR5, name="gap", words="AR(1) .5, the year around e3 missing", missing="gap"),
    World("tripled", "AR(1) .5, sd tripled from 60 % of the sample on, undeclared", _tripled),
    replace(
        _AR5, name="counts", words="Poisson counts from 8 down, by `poisson`", counts=True, gaussian=False
    ),
    replace(_AR5, name="early", words="AR(1) .5, every effect three months early", ahead=AHEAD),
    replace(_AR5, name="phased", words="AR(1) .5, every effect phased in over six months", phase=PHASE),
)


def path(world: World) -> Array:
    """Return the log level without noise, shape (n,)."""
    a_year = A_YEAR[world.frequency]
    t = np.arange(world.n)
    since = t[:, None] - world.positions + world.ahead
    share = np.clip((since + 1) / world.phase, 0.0, 1.0)
    fixed = LEVEL + GROWTH * t / a_year + SEASON[a_year][t % a_year]
    return fixed + world.drift(world.n) + share @ EFFECTS


def simulate(world: World, numbers: range) -> Array:
    """Return the series of the given numbers, shape (S, n); NaN where missing."""
    shape = (world.blocks, BURN_IN + world.n)
    z = np.stack([normals(shape, world.stream + number // 2) for number in numbers])
    sign = np.array([1.0 if number % 2 == 0 else -1.0 for number in numbers])[:, None]
    if world.counts:
        mean = FIRST_COUNT * np.exp(path(world) - LEVEL)
        share = np.clip(special.ndtr(sign * z[:, 0, -world.n :]), 1e-12, 1 - 1e-12)
        return np.asarray(stats.poisson.ppf(share, mean))
    values = np.exp(path(world) + SD * sign * world.noise(z, world.n))
    values[hidden(world, numbers)] = np.nan
    return np.asarray(values)


def hidden(world: World, numbers: range) -> NDArray[np.bool_]:
    """Return which periods are missing, shape (S, n)."""
    found = np.zeros((len(numbers), world.n), dtype=bool)
    if world.missing == "gap":
        found[:, [world.positions[2] + k for k in GAP]] = True
    if world.missing == "random":
        for row, number in enumerate(numbers):
            order = np.argsort(uniforms((world.n,), world.stream + 50_000 + number // 2))
            found[row, order[: round(HIDDEN * world.n)]] = True
    return found


def covariance(world: World) -> Array:
    """Return the exact covariance of the noise in logs, shape (n, n), of a linear world."""
    size = world.blocks * (BURN_IN + world.n)
    impulses = np.eye(size).reshape(size, world.blocks, BURN_IN + world.n)
    response = SD * world.noise(impulses, world.n)
    return np.asarray(response.T @ response)
