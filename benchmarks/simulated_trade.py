"""A simulated world of trade: planted events, season, growth and noise, from fixed sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis import catalogue
from analysis.domain import EventTable, Period, Total, TradeSeries, Window
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
USES = ("noise", "slope", "price", "parameters", "second")


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
    dof : float
        Degrees of freedom of Student-t white noise and shocks, scaled to the same variance; 0 is normal.
    """

    sd: float
    rho: float = 0.0
    share: float = 1.0
    walk: float = 0.0
    dof: float = 0.0

    def paths(
        self, length: int, stream: int, other: int | None = None, correlation: float = 0.0
    ) -> tuple[Array, Array]:
        """Return the stationary part and the random walk from fixed sequences, each of shape (length,).

        Parameters
        ----------
        length, stream : int
        other : int, optional
            Stream of another series whose innovations have the correlation `correlation` with these.
        correlation : float
        """
        drawn = normals((3, length), stream)
        if other is not None:
            drawn = np.sqrt(1 - correlation**2) * drawn + correlation * normals((3, length), other)
        if self.dof:
            drawn = special.stdtrit(self.dof, special.ndtr(drawn)) * np.sqrt((self.dof - 2) / self.dof)
        white, shocks, steps = drawn
        regular = np.empty(length)
        regular[0] = shocks[0]
        for t in range(1, length):
            regular[t] = self.rho * regular[t - 1] + np.sqrt(1 - self.rho**2) * shocks[t]
        stationary = np.sqrt(1 - self.share) * white + np.sqrt(self.share) * regular
        return self.sd * stationary, self.walk * np.cumsum(steps)

    def path(self, length: int, stream: int) -> Array:
        """Return one path from a fixed sequence, shape (length,)."""
        stationary, walk = self.paths(length, stream)
        return stationary + walk

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
        In the order of their dates.
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
    growth : tuple of (str, float)
        Growth a year in per cent from a period on; without it the slope is drawn from the model's prior.
    also : tuple of (str, str)
        Further pairs of windows.
    regime : tuple of (str, float) or None
        A declared stretch and how many times its noise has the standard deviation of the rest.
    hidden : tuple of str
        Months that are not observed; the printed total of their year is.
    correlation : float or None
        Two parts add up to the target, both with the events; correlation of their noise and their walks.
    trends : tuple of str
        Trends of the model that are compared.
    place : int
        Position among all worlds, which decides its fixed sequences.
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
    growth: tuple[tuple[str, float], ...] = ()
    also: tuple[tuple[str, str], ...] = ()
    regime: tuple[str, float] | None = None
    hidden: tuple[str, ...] = ()
    correlation: float | None = None
    trends: tuple[str, ...] = ("local",)
    place: int = 0

    def stream(self, use: str, number: int) -> int:
        """Return the fixed sequence of series `number` for one use."""
        return STREAMS * (2500 + len(USES) * self.place + USES.index(use)) + number

    @property
    def periods(self) -> list[Period]:
        """The calendar."""
        return [Period.parse(self.first) + t for t in range(self.length)]

    @property
    def windows(self) -> tuple[tuple[str, str], ...]:
        """All pairs of windows."""
        return ((self.start, self.end), *self.also)

    @property
    def events(self) -> EventTable:
        """The events as a caller would declare them, or the catalogue's."""
        if self.dated:
            everything = catalogue.events()
            return EventTable([everything[e.id] for e in self.planted])
        return EventTable.from_rows(
            [{"id": e.id, "title": e.id, "effective": e.effective, "shape": e.shape} for e in self.planted]
        )

    @property
    def named(self) -> dict[str, date]:
        """The day on which every event begins."""
        own = self.events
        return {e.id: own[e.id].full.start if own[e.id].full else own[e.id].effective for e in self.planted}

    def parts(self, number: int, control: Array) -> dict[str, Array]:
        """Return the true named parts of series `number` in logs, each of shape (T,)."""
        periods = self.periods
        parts = {"trend": self._trend(number)}
        if periods[0].per_year == len(SEASON):
            parts["seasonal"] = SEASON[[p.season for p in periods]]
        if self.new_year:
            parts[LUNAR] = lunar_columns(periods, catalogue.lunar_new_year()) @ NEW_YEAR
        if self.price:
            parts[PRICE] = self.price * control
        if self.dated:
            return parts | {event.id: self._dated(event, number) for event in self.planted}
        return parts | {event.id: event.path(periods) for event in self.planted}

    def _trend(self, number: int) -> Array:
        per_year = self.periods[0].per_year
        if self.growth:
            rate = np.zeros(self.length)
            for begin, percent in self.growth:
                rate[Period.parse(begin) - Period.parse(self.first) :] = np.log1p(percent / 100) / per_year
            return np.cumsum(rate) - rate[0]
        years = (np.arange(self.length) - 0.5 * self.length) / per_year
        slope = TREND_SD_PER_YEAR * float(normals((1,), self.stream("slope", number))[0])
        return np.asarray(slope * years)

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

    def noises(self, number: int) -> tuple[tuple[Array, Array], ...]:
        """Return stationary noise and random walk of every part of series `number`."""
        noise, first = self.noise_of(number), self.stream("noise", number)
        found = [noise.paths(self.length, first)]
        if self.correlation is not None:
            second = self.stream("second", number)
            found.append(noise.paths(self.length, second, first, self.correlation))
        if self.regime is not None:
            window, times = Window.parse(self.regime[0]).on(self.periods[0].frequency), self.regime[1]
            size = np.where([p in window for p in self.periods], times, 1.0)
            found = [(size * stationary, walk) for stationary, walk in found]
        return tuple(found)

    def series(self, number: int, parts: Mapping[str, Array], part: int = 0) -> TradeSeries:
        """Return series `number`: the parts and its noise; in a world of two parts, one of them."""
        stationary, walk = self.noises(number)[part]
        logs = LEVEL + sum(parts.values(), np.zeros(self.length)) + stationary + walk
        values = np.exp(logs)
        hidden = [str(p) in self.hidden for p in self.periods]
        shown = [None if h else float(v) for v, h in zip(values, hidden, strict=True)]
        found = TradeSeries.from_values(self.periods, shown, id=f"{self.name}{part or ''}")
        return replace(
            found,
            design=replace(found.design, lunar_new_year=self.new_year),
            year_totals=self._totals(values),
        )

    def _totals(self, values: Array) -> tuple[Total, ...]:
        years = sorted({Period.parse(text).year for text in self.hidden})
        inside = {year: [p.year == year for p in self.periods] for year in years}
        return tuple(
            Total(
                Window.parse(str(year)).on(self.periods[0].frequency), float(values[inside[year]].sum()), 0.0
            )
            for year in years
        )
