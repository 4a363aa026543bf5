"""Simulated worlds in which every contribution is known.

In most worlds the noise of every series is drawn from what the model integrates over: the share of the AR(1)
part, its coefficient, and the random walk beside it. There a 95 % interval of any row is to hold the truth in
95 of 100 series. In the others the noise is held at one value, on which no interval can know to rely.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis import catalogue
from analysis.domain import EventTable, Period, TradeSeries
from analysis.interventions.dating import DATINGS, share_in_force
from analysis.interventions.design import TREND_SD_PER_YEAR, lunar_columns
from analysis.numerics.fixed_sequence import normals, uniforms
from analysis.numerics.noise import LOG_Q, MINUS_LOG_ONE_MINUS_RHO, SHARES, ZERO_Q_MASS

Array = NDArray[np.float64]

LEVEL = 4.5
SEASON = np.array([0.15, -0.3, 0.05, 0.0, 0.05, 0.1, 0.0, 0.05, 0.0, -0.05, -0.05, 0.0])
NEW_YEAR = np.array([-0.35, 0.15])
"""Effects of the week from Chinese New Year and of the two weeks before, in logs."""
PRICE, LUNAR = "price", "lunar_new_year"
STREAMS = 2_000
"""Fixed sequences set aside for each use in each world: no more series than that."""
USES = ("noise", "slope", "price", "parameters")


@dataclass(frozen=True)
class Planted:
    """One event of a world.

    Attributes
    ----------
    id : str
        In a world of the catalogue's events, that of the event.
    effective : str
    size : float
        In logs; full size of a gradual step.
    shape : str
    decay : float
    """

    id: str
    effective: str
    size: float
    shape: str = "step"
    decay: float = 0.0

    def path(self, periods: Sequence[Period]) -> Array:
        """Return the true response in logs; a flow stopped on day d of its month loses the days from d on."""
        day = Period.parse(self.effective).start
        share = np.array([min(max((p.end - day).days + 1, 0), p.days) / p.days for p in periods])
        if self.shape == "gradual":
            level, column = 0.0, np.empty(len(share))
            for t, now in enumerate(share):
                level = self.decay * level + (1 - self.decay) * now
                column[t] = level
            return self.size * column
        return np.log1p(share * np.expm1(self.size))


@dataclass(frozen=True)
class Noise:
    """White noise and AR(1), of standard deviation `sd` together, and a random walk.

    Attributes
    ----------
    sd : float
    rho : float
        Coefficient of the AR(1) part.
    share : float
        The AR(1) part of the variance.
    walk : float
        Standard deviation of the random walk's step.
    """

    sd: float
    rho: float = 0.0
    share: float = 1.0
    walk: float = 0.0

    def path(self, length: int, stream: int) -> Array:
        """Return one path from a fixed sequence, shape (length,)."""
        white, shocks, steps = normals((3, length), stream)
        regular = np.empty(length)
        regular[0] = shocks[0]
        for t in range(1, length):
            regular[t] = self.rho * regular[t - 1] + np.sqrt(1 - self.rho**2) * shocks[t]
        stationary = np.sqrt(1 - self.share) * white + np.sqrt(self.share) * regular
        return np.asarray(self.sd * stationary + self.walk * np.cumsum(steps))

    @property
    def ratio(self) -> float:
        """Variance of the random walk's step over that of the rest."""
        return (self.walk / self.sd) ** 2

    @classmethod
    def drawn(cls, stream: int, per_year: int, spread: float) -> Noise:
        """Draw the noise from the prior of the model; its change over four years has the sd `spread`."""
        zero, place, part, memory = uniforms((4,), stream)
        q = 0.0 if zero < ZERO_Q_MASS else 10 ** (LOG_Q[0] + place * (LOG_Q[1] - LOG_Q[0]))
        share = SHARES[int(part * len(SHARES))]
        rho = -np.expm1(-MINUS_LOG_ONE_MINUS_RHO[1] * memory)
        lag = 4 * per_year
        sd = spread / np.sqrt(2 * (1 - share * rho**lag) + lag * q)
        return cls(float(sd), float(rho), share, float(np.sqrt(q) * sd))


@dataclass(frozen=True)
class ContributionWorld:
    """Series with known contributions.

    Attributes
    ----------
    name, words : str
    planted : tuple of Planted
    start, end : str
        The windows compared.
    noise : Noise or None
        None draws that of every series from the model's prior.
    spread : float
        Standard deviation of the change over four years of noise that is drawn.
    price : float
        Coefficient of the standardised control; 0 is none.
    new_year : bool
        Whether Chinese New Year moves the months.
    dated : bool
        Whether the events are the catalogue's, each series with one of the three datings.
    first : str
    length : int
    """

    name: str
    words: str
    planted: tuple[Planted, ...]
    start: str
    end: str
    noise: Noise | None = None
    spread: float = 0.25
    price: float = 0.0
    new_year: bool = False
    dated: bool = False
    first: str = "2010-01"
    length: int = 120

    def stream(self, use: str, number: int) -> int:
        """Return the fixed sequence of series `number` for one use."""
        place = len(USES) * [world.name for world in WORLDS].index(self.name) + USES.index(use)
        return STREAMS * (2500 + place) + number

    @property
    def periods(self) -> list[Period]:
        """The calendar."""
        return [Period.parse(self.first) + t for t in range(self.length)]

    @property
    def events(self) -> EventTable:
        """The events as a caller would declare them, or the catalogue's."""
        if self.dated:
            everything = catalogue.events()
            return EventTable([everything[e.id] for e in self.planted])
        return EventTable.from_rows(
            [{"id": e.id, "title": e.id, "effective": e.effective, "shape": e.shape} for e in self.planted]
        )

    def parts(self, number: int, control: Array) -> dict[str, Array]:
        """Return the true named parts of series `number` in logs, each of shape (T,)."""
        periods = self.periods
        years = (np.arange(self.length) - 0.5 * self.length) / periods[0].per_year
        slope = TREND_SD_PER_YEAR * float(normals((1,), self.stream("slope", number))[0])
        parts = {"trend": slope * years}
        if periods[0].per_year == len(SEASON):
            parts["seasonal"] = SEASON[[p.season for p in periods]]
        if self.new_year:
            parts[LUNAR] = lunar_columns(periods, catalogue.lunar_new_year()) @ NEW_YEAR
        if self.price:
            parts[PRICE] = self.price * control
        if self.dated:
            return parts | {event.id: self._dated(event, number) for event in self.planted}
        return parts | {event.id: event.path(periods) for event in self.planted}

    def _dated(self, planted: Planted, number: int) -> Array:
        """Return the true response to a catalogue event under the dating of series `number`."""
        dating = DATINGS[number % len(DATINGS)]
        share = share_in_force(catalogue.events()[planted.id], self.periods, dating)
        return planted.size * share if dating == "ramp" else np.log1p(share * np.expm1(planted.size))

    def control(self, number: int) -> Array:
        """Return the standardised price of series `number`: a random walk that falls in its middle."""
        walk = np.cumsum(0.1 * normals((self.length,), self.stream("price", number)))
        walk -= 1.5 / (1 + np.exp(-0.1 * (np.arange(self.length) - 0.55 * self.length)))
        return np.asarray((walk - walk.mean()) / walk.std())

    def noise_of(self, number: int) -> Noise:
        """Return the noise of series `number`."""
        stream = self.stream("parameters", number)
        return self.noise or Noise.drawn(stream, self.periods[0].per_year, self.spread)

    def series(self, number: int, parts: dict[str, Array]) -> TradeSeries:
        """Return series `number`: the parts and its noise."""
        noise = self.noise_of(number).path(self.length, self.stream("noise", number))
        logs = LEVEL + sum(parts.values()) + noise
        found = TradeSeries.from_values(self.periods, [float(v) for v in np.exp(logs)], id=self.name)
        return replace(found, design=replace(found.design, lunar_new_year=self.new_year))


STEPS = (Planted("ban", "2014-04-01", -0.5), Planted("stop", "2016-10-11", -0.9))
MONTH_APART = (Planted("first", "2016-03-01", -0.6), Planted("second", "2016-04-01", -0.5))
WORLDS = (
    ContributionWorld("steps", "two steps, one of them in mid-month", STEPS, "2013", "2018"),
    ContributionWorld(
        "gradual",
        "a gradual step, its decay unknown, and a step; the later window lies in the transition and holds "
        "other months than the earlier",
        (Planted("early", "2012-06-01", -0.3), Planted("ban", "2014-06-01", -1.0, "gradual", 0.8)),
        "2011",
        "2014-09..2015-02",
    ),
    ContributionWorld(
        "price",
        "a price that falls, as a control, and a step",
        (Planted("ban", "2016-03-01", -0.6),),
        "2013",
        "2018",
        price=0.25,
    ),
    ContributionWorld(
        "overlap",
        "two steps two months apart and a third; more noise, so that some answers group the two",
        (
            Planted("early", "2013-02-01", -0.3),
            Planted("first", "2016-03-01", -0.6),
            Planted("second", "2016-05-01", -0.5),
        ),
        "2012",
        "2018",
        spread=0.6,
    ),
    ContributionWorld(
        "same_month",
        "two steps in the same month, of which only the sum is known, and a third",
        (
            Planted("early", "2013-02-01", -0.3),
            Planted("first", "2016-03-01", -0.6),
            Planted("second", "2016-03-01", -0.5),
        ),
        "2012",
        "2018",
    ),
    ContributionWorld(
        "datings",
        "five resolutions of the catalogue; each series follows one of the three datings, which the model "
        "does not know",
        (
            Planted("unscr_2270", "", -0.2),
            Planted("unscr_2321", "", -0.4),
            Planted("unscr_2371", "", -0.5),
            Planted("unscr_2375", "", -0.4),
            Planted("unscr_2397", "", -0.6),
        ),
        "2015",
        "2018",
        dated=True,
    ),
    ContributionWorld(
        "new_year",
        "a step, and Chinese New Year, which falls on other days in the two Februaries compared",
        (Planted("ban", "2014-04-01", -0.5),),
        "2013-02",
        "2017-02",
        new_year=True,
    ),
    ContributionWorld(
        "annual",
        "34 years, a step of one year and two events of another",
        (
            Planted("early", "2006-01-01", -0.5),
            Planted("first", "2015-01-01", -0.4),
            Planted("second", "2015-01-01", -0.4),
        ),
        "2004",
        "2018",
        first="1989",
        length=34,
    ),
    ContributionWorld(
        "month_30", "two steps one month apart; white noise .3", MONTH_APART, "2014", "2018", Noise(0.3)
    ),
    ContributionWorld(
        "month_10", "two steps one month apart; white noise .1", MONTH_APART, "2014", "2018", Noise(0.1)
    ),
    ContributionWorld(
        "memory", "the steps of the first world; AR(1) .5, sd .15", STEPS, "2013", "2018", Noise(0.15, 0.5)
    ),
    ContributionWorld(
        "walk",
        "the same steps; white noise .12 and a random walk of steps .025",
        STEPS,
        "2013",
        "2018",
        Noise(0.12, walk=0.025),
    ),
)


def world(name: str) -> ContributionWorld:
    """Return a world by name."""
    return next(found for found in WORLDS if found.name == name)
