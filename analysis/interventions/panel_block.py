"""Series that share a calendar, and what their joint models share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.domain import EventTable, FloatArray, Period, TradeSeries
from analysis.interventions.design import TREND_SD_PER_YEAR, Design
from analysis.interventions.fit import transitions


@dataclass(frozen=True)
class SeriesBlock:
    """Series on one calendar, without measurement error, regimes, controls or totals.

    Attributes
    ----------
    ids : tuple of str
        S series.
    first : Period
    values : ndarray, shape (S, T)
        NaN where unobserved.
    """

    ids: tuple[str, ...]
    first: Period
    values: FloatArray

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def periods(self) -> tuple[Period, ...]:
        """The calendar."""
        return tuple(self.first + step for step in range(self.values.shape[1]))

    def series(self, position: int) -> TradeSeries:
        """Return one series as a value of its own."""
        values = [None if np.isnan(v) else float(v) for v in self.values[position]]
        return TradeSeries.from_values(self.periods, values, id=self.ids[position])

    def take(self, which: NDArray[np.intp]) -> SeriesBlock:
        """Return some of the series."""
        return SeriesBlock(tuple(self.ids[i] for i in which), self.first, self.values[which])


@dataclass(frozen=True)
class PanelSample:
    """Series of a block as the model sees them.

    Attributes
    ----------
    y : ndarray, shape (T, S)
        On each series' scale, less its mean; 0 where unobserved.
    observed : ndarray of bool, shape (T,)
        Periods that any series observes.
    missing : ndarray of bool, shape (S, T)
        Observed by others and not by this one.
    logs : ndarray of bool, shape (S,)
    size : ndarray, shape (S,)
        1 in logs; the mean of |y| on the level scale.
    n_observed : ndarray of int, shape (S,)
    """

    y: FloatArray
    observed: NDArray[np.bool_]
    missing: NDArray[np.bool_]
    logs: NDArray[np.bool_]
    size: FloatArray
    n_observed: NDArray[np.intp]

    @classmethod
    def of(cls, values: FloatArray, logs: NDArray[np.bool_]) -> PanelSample:
        """Build the sample from values of shape (S, T), NaN where unobserved."""
        seen = np.isfinite(values)
        filled = np.where(seen, values, 1.0)
        y = np.where(logs[:, None], np.log(np.where(logs[:, None], filled, 1.0)), filled)
        count = seen.sum(axis=1)
        mean = np.where(seen, y, 0.0).sum(axis=1) / count
        size = np.where(logs, 1.0, np.where(seen, np.abs(y), 0.0).sum(axis=1) / count)
        observed = np.asarray(seen.any(axis=0))
        centred = np.where(seen, y - mean[:, None], 0.0)
        return cls(np.ascontiguousarray(centred.T), observed, observed & ~seen, logs, size, count)


@dataclass(frozen=True)
class Frame:
    """The design that the series of a block share.

    Attributes
    ----------
    design : Design
        With one variant.
    events : EventTable
    columns : ndarray, shape (T, p)
        Periods in which an event is in force for part of the days are empty in its column.
    months : ndarray of int, shape (M,)
        Those periods.
    owner : ndarray of int, shape (M,)
        The event column of each.
    share : ndarray, shape (M,)
        Share of its days.
    quiet : ndarray of bool, shape (T,)
        Periods in which no outlier is looked for.
    """

    design: Design
    events: EventTable
    columns: FloatArray
    months: NDArray[np.intp]
    owner: NDArray[np.intp]
    share: FloatArray
    quiet: NDArray[np.bool_]

    @classmethod
    def of(cls, design: Design, representative: TradeSeries, events: EventTable) -> Frame:
        """Build the frame from the design of one of the series."""
        variant = design.variants[0]
        columns = variant.columns.copy()
        months, owner, share = [], [], []
        for term, shares in zip(design.event_terms, variant.shares.T, strict=True):
            if events[term.event_ids[0]].shape != "step":
                continue
            for t in np.flatnonzero((shares > 0) & (shares < 1)):
                months.append(t)
                owner.append(term.columns.start)
                share.append(shares[t])
                columns[t, term.columns.start] = 0.0
        quiet = np.zeros(len(columns), dtype=bool)
        for window in transitions(representative, events):
            quiet |= np.array([p in window for p in representative.periods])
        return cls(
            design,
            events,
            columns,
            np.array(months, dtype=np.intp),
            np.array(owner, dtype=np.intp),
            np.array(share, dtype=np.float64),
            quiet,
        )

    @cached_property
    def shared(self) -> int:
        """Number of leading columns that are the same for all series, with flat priors."""
        return int(next(t.columns.start for t in self.design.terms if t.kind == "trend" or t.event_ids))

    @property
    def trend(self) -> bool:
        """Whether the linear trend is among the columns; it stands right behind the shared ones."""
        return self.design.trend_column is not None

    @cached_property
    def firsts(self) -> NDArray[np.intp]:
        """Position among the event columns of the first column of each term."""
        starts = [term.columns.start for term in self.design.event_terms]
        return np.array(starts, dtype=np.intp) - self.shared - int(self.trend)

    def trend_precision(self, sample: PanelSample) -> FloatArray:
        """Return the prior precision of each series' trend before the variance is known, shape (S,)."""
        return 1 / (TREND_SD_PER_YEAR * sample.size) ** 2

    def weights(self, sample: PanelSample, effects: FloatArray | None) -> FloatArray:
        """Return what the columns hold in the partial periods, shape (S, M).

        Parameters
        ----------
        sample : PanelSample
        effects : ndarray, shape (S, E), optional
            Effects of the previous pass by event column.
        """
        weights = np.broadcast_to(self.share, (len(sample.logs), len(self.share))).copy()
        if effects is None or not len(self.share):
            return weights
        beta = effects[:, self.owner - self.shared - int(self.trend)]
        curved = sample.logs[:, None] & (beta != 0)
        safe = np.where(curved, beta, 1.0)
        return np.where(curved, np.log1p(self.share * np.expm1(safe)) / safe, weights)


def representative_order(series: Sequence[TradeSeries]) -> dict[tuple[Period, int], list[int]]:
    """Return positions of series by calendar (first period and length), in order of appearance."""
    found: dict[tuple[Period, int], list[int]] = {}
    for position, one in enumerate(series):
        found.setdefault((one.first, len(one)), []).append(position)
    return found
