"""The design matrix of the joint model: named terms, and the variants of its event columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.domain import DATA_BREAK, UN_RESOLUTION, Event, EventTable, FloatArray, Period, TradeSeries
from analysis.domain.seasons import HARMONIC, season_columns
from analysis.errors import InputError
from analysis.interventions.dating import (
    COARSE,
    DATINGS,
    Dating,
    coarse_column,
    first_period,
    in_logs,
    share_in_force,
)
from analysis.interventions.shapes import DECAYING, TWO_COLUMNS, shape_columns

Trend = Literal["none", "linear", "local"]
Scale = Literal["log", "level"]
TermKind = Literal["intercept", "seasonal", "trend", "covariate", "event", "measurement"]

TREND_SD_PER_YEAR = 0.10
"""Prior standard deviation of the linear trend, in logs a year."""
CONTROL_SD = 5.0
"""Prior standard deviation of a standardised control's coefficient, in units of sigma."""
PINNED = 1e30
"""Prior precision that holds the coefficient of an aliased column at zero."""
DECAY_CELLS = 8
MOST_DECAY_COMBINATIONS = 64


@dataclass(frozen=True, slots=True)
class Term:
    """One named part of the model: a player of the decomposition, except the intercept.

    Attributes
    ----------
    name : str
    kind : TermKind
    columns : slice
        Its columns in the design.
    event_ids : tuple of str
        The events it stands for; several share one column on annual and quarterly series.
    """

    name: str
    kind: TermKind
    columns: slice
    event_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Variant:
    """One choice of dating and decays.

    Attributes
    ----------
    dating : Dating
    decays : tuple of float
        The delta of every decaying event, in event order.
    columns : ndarray, shape (T, p)
        The complete design matrix.
    shares : ndarray, shape (T, E)
        Share in force of each event term, a rush before its date included.
    curved : tuple of bool
        Whether a partial period's column depends on the effect (`in_logs`), of each event term.
    log_prior : float
        Log weight beside the others of its dating; 0 where all weigh the same.
    """

    dating: Dating
    decays: tuple[float, ...]
    columns: FloatArray
    shares: FloatArray
    curved: tuple[bool, ...] = ()
    log_prior: float = 0.0


@dataclass(frozen=True)
class Design:
    """Terms and variants of the joint model on one calendar.

    Attributes
    ----------
    terms : tuple of Term
        In column order.
    variants : tuple of Variant
        All of equal shape (T, p).
    precision : ndarray, shape (p,)
        Prior precision per unit of ``1 / prior variance``; 0 is flat. Entries of the trend are in units of
        ``1 / prior sd ** 2`` and await the stationary variance; those of controls are already relative to it.
    trend_column : int or None
    left_out : mapping
        Events that are not in the design, with the reason in words.
    """

    terms: tuple[Term, ...]
    variants: tuple[Variant, ...]
    precision: FloatArray
    trend_column: int | None
    left_out: Mapping[str, str] = field(default_factory=dict)

    def pin(self, columns: Sequence[int]) -> Design:
        """Return the design with the coefficients of aliased columns held at zero."""
        if not len(columns):
            return self
        precision = self.precision.copy()
        precision[list(columns)] = PINNED
        variants = []
        for variant in self.variants:
            matrix = variant.columns.copy()
            matrix[:, list(columns)] = 0.0
            variants.append(replace(variant, columns=matrix))
        return replace(self, variants=tuple(variants), precision=precision)

    @property
    def event_terms(self) -> tuple[Term, ...]:
        """Terms of events and data breaks."""
        return tuple(term for term in self.terms if term.event_ids)

    @property
    def n_flat(self) -> int:
        """Number of coefficients with a flat prior."""
        return int((self.precision == 0).sum())


@dataclass(frozen=True, slots=True)
class EventColumn:
    """Events that share one column, and the response to them."""

    events: tuple[Event, ...]

    @property
    def name(self) -> str:
        """Ids joined by a plus sign."""
        return " + ".join(event.id for event in self.events)

    @property
    def dated(self) -> bool:
        """Whether the datings move it."""
        head = self.events[0]
        return head.kind == UN_RESOLUTION and head.full is not None

    @property
    def decaying(self) -> bool:
        """Whether its shape has a decay to integrate over."""
        return self.events[0].shape in DECAYING

    def without_lead(self) -> EventColumn:
        """Return the same events in force from their dates on."""
        return EventColumn(tuple(replace(event, shape="step", lead=0) for event in self.events))


def event_columns(series: TradeSeries, events: EventTable) -> tuple[tuple[EventColumn, ...], dict[str, str]]:
    """Return the event columns in canonical order, and the events left out with the reason.

    Raises
    ------
    InputError
        If an event of a caller's table lies outside the sample.
    """
    left_out: dict[str, str] = {}
    inside: list[tuple[int, Event]] = []
    for event in events.chronological():
        position = _first_in_force(event, series.periods)
        if position is None or not series.first.start <= _start(event) <= series.last.end:
            reason = (
                f"not in the sample {series.first}..{series.last}"
                if not series.first.start <= _start(event) <= series.last.end
                else "in force for half of no period"
            )
            if not event.catalogue and reason.startswith("not in"):
                raise InputError(
                    f"the event '{event.id}' ({event.effective}) lies outside the sample "
                    f"{series.first}..{series.last} of '{series.id}': remove it or extend the series"
                )
            left_out[event.id] = reason
        else:
            inside.append((position, event))
    if series.frequency not in COARSE:
        return tuple(EventColumn((event,)) for _, event in inside), left_out
    columns: dict[tuple[object, ...], list[Event]] = {}
    for position, event in inside:
        kind = event.kind if event.kind == DATA_BREAK else ""
        columns.setdefault((position, event.shape, kind), []).append(event)
    return tuple(EventColumn(tuple(members)) for members in columns.values()), left_out


def build_design(
    series: TradeSeries,
    events: EventTable,
    *,
    scale: Scale,
    seasonal: bool,
    trend: Trend,
    datings: Sequence[Dating] = DATINGS,
    controls: Mapping[str, FloatArray] | None = None,
    lunar: FloatArray | None = None,
    effects: Mapping[tuple[str, Dating], float] | None = None,
    decays: Mapping[tuple[float, ...], float] | None = None,
) -> Design:
    """Build the design of the joint model.

    Parameters
    ----------
    series : TradeSeries
        T periods.
    events : EventTable
    scale : {"log", "level"}
    seasonal : bool
        Whether dummies of the months or quarters enter, or the columns of `analysis.domain.seasons`.
    trend : {"none", "linear", "local"}
        ``local`` has the columns of ``linear``; its wandering slope is noise.
    datings : sequence of Dating
        Those to build; reduced to ``full`` where no event is moved by them.
    controls : mapping of str to ndarray of shape (T,), optional
        Standardised controls by name.
    lunar : ndarray, shape (T, 2), optional
        Chinese New Year columns.
    effects : mapping, optional
        Effects of the previous pass by (column name, dating): partial periods use them (`in_logs`).
    decays : mapping, optional
        Log weights by the deltas of the decaying events; by default all points of a tensor grid alike, or,
        where they are too many for one, the middle alone (`analysis.interventions.joint.decays`).
    """
    groups, left_out = event_columns(series, events)
    base, terms, precision = _base_columns(series, scale, seasonal, trend, controls, lunar)
    width = base.shape[1]
    for group in groups:
        extra = 2 if group.events[0].shape in TWO_COLUMNS else 1
        kind: TermKind = "measurement" if group.events[0].kind == DATA_BREAK else "event"
        ids = tuple(event.id for event in group.events)
        terms.append(Term(group.name, kind, slice(width, width + extra), ids))
        width += extra
    used = tuple(datings) if series.frequency not in COARSE and any(g.dated for g in groups) else ("full",)
    variants = []
    points = _decay_grid(sum(group.decaying for group in groups)) if decays is None else decays
    for dating in used:
        shares = [_share(group, series, dating) for group in groups]
        for deltas, log_prior in points.items():
            pending = iter(deltas)
            columns, curved = [base], []
            for group, share in zip(groups, shares, strict=True):
                effect = (effects or {}).get((group.name, dating), 0.0)
                shape = group.events[0].shape
                ramp = dating == "ramp" and group.dated
                curved.append(scale == "log" and shape == "step" and not ramp)
                logged = in_logs(share, effect) if curved[-1] else share
                decay = next(pending) if group.decaying else 0.0
                rush = None
                if shape == "rush":
                    logged = _share(group.without_lead(), series, dating)
                    rush = np.maximum(share - logged, 0.0)
                columns.append(shape_columns(shape, logged, series.first.per_year, decay, rush))
            stacked = np.column_stack(shares) if shares else np.empty((len(series), 0))
            variants.append(
                Variant(dating, deltas, np.column_stack(columns), stacked, tuple(curved), log_prior)
            )
    flat = np.zeros(width)
    flat[: len(precision)] = precision
    at = next((term.columns.start for term in terms if term.kind == "trend"), None)
    return Design(tuple(terms), tuple(variants), flat, at, left_out)


def lunar_columns(periods: Sequence[Period], new_year: Mapping[int, date]) -> FloatArray:
    """Return the Chinese New Year columns of a monthly calendar, shape (T, 2).

    Days of the seven from New Year's Day that fall in the month, and of the fourteen before it, over 7 and
    14, each less its calendar-month mean over the years given.
    """

    def days(period: Period, start: int, length: int) -> float:
        total = 0
        for year in (period.year, period.year + 1):
            day = new_year.get(year)
            if day is not None:
                begin = day + timedelta(days=start)
                last = min(period.end, begin + timedelta(days=length - 1))
                total += max((last - max(period.start, begin)).days + 1, 0)
        return total / length

    years = [year for year in new_year if 2010 <= year <= 2026]
    if not years:
        raise InputError("the table of lunar new years holds none of 2010 to 2026")
    result = np.empty((len(periods), 2))
    for column, (start, length) in enumerate(((0, 7), (-14, 14))):
        means = [
            float(np.mean([days(Period("M", year * 12 + month), start, length) for year in years]))
            for month in range(12)
        ]
        result[:, column] = [days(p, start, length) - means[p.season] for p in periods]
    return result


def _base_columns(
    series: TradeSeries,
    scale: Scale,
    seasonal: bool,
    trend: Trend,
    controls: Mapping[str, FloatArray] | None,
    lunar: FloatArray | None,
) -> tuple[FloatArray, list[Term], list[float]]:
    length = len(series)
    columns: list[NDArray[np.float64]] = [np.ones((length, 1))]
    terms = [Term("intercept", "intercept", slice(0, 1))]
    precision = [0.0]

    def add(name: str, kind: TermKind, block: FloatArray, prior: float) -> None:
        start = len(precision)
        columns.append(block)
        terms.append(Term(name, kind, slice(start, start + block.shape[1])))
        precision.extend([prior] * block.shape[1])

    if seasonal and series.frequency in HARMONIC:
        add("seasonal", "seasonal", season_columns(series.periods), 0.0)
    elif seasonal:
        seasons = np.array([period.season for period in series.periods])
        cycle = series.first.per_year
        dummies = (seasons[:, None] == np.arange(1, cycle)).astype(np.float64)
        add("seasonal", "seasonal", dummies - (seasons == 0)[:, None], 0.0)
    if trend != "none":
        years = (np.arange(length) - (length - 1) / 2) / series.first.per_year
        unit = 1.0 if scale == "log" else float(np.nanmean(np.abs(series.values)))
        add("trend", "trend", years[:, None], 1 / (TREND_SD_PER_YEAR * unit) ** 2)
    if lunar is not None:
        add("lunar_new_year", "covariate", lunar, 0.0)
    for name, values in (controls or {}).items():
        add(name, "covariate", values[:, None], 1 / CONTROL_SD**2)
    return np.column_stack(columns), terms, precision


def _share(group: EventColumn, series: TradeSeries, dating: Dating) -> FloatArray:
    if series.frequency in COARSE:
        return coarse_column(group.events, series.periods)
    return share_in_force(group.events[0], series.periods, dating)


def _decay_grid(count: int) -> dict[tuple[float, ...], float]:
    cells = next((cells for cells in range(DECAY_CELLS, 2, -1) if cells**count <= MOST_DECAY_COMBINATIONS), 1)
    return dict.fromkeys(product(decay_axis(cells), repeat=count), 0.0)


def decay_axis(cells: int = DECAY_CELLS) -> list[float]:
    """Return the midpoints of equal cells of a decay."""
    return [(k + 0.5) / cells for k in range(cells)]


def _start(event: Event) -> date:
    return event.full.start if event.full is not None else event.effective


def _first_in_force(event: Event, periods: Sequence[Period]) -> int | None:
    if periods[0].frequency in COARSE:
        return first_period(event, periods)
    started = np.flatnonzero(share_in_force(event, periods, "full") > 0)
    return int(started[0]) if len(started) else None
