"""A trade series: observations on a dense calendar, each with status, doubt and source."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.domain.hashing import digest
from analysis.domain.observations import (
    NO_DESIGN,
    Gaps,
    Observation,
    SeriesDesign,
    Total,
    dense_calendar,
    read_observation,
)
from analysis.domain.periods import FREQUENCY_NAMES, Frequency, Period, Window
from analysis.domain.results import format_cell
from analysis.domain.spacing import on_spacing, pandas_frequency
from analysis.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class TradeSeries:
    """A series of recorded trade on a dense calendar.

    Attributes
    ----------
    id, title, unit : str
    frequency : Frequency
    observations : tuple of Observation
        Every period from the first to the last; a gap is an observation without value.
    valuation : str
        ``FOB``, ``CIF``, a mixture in words, or empty.
    vintage : str
        ``first``, ``revised``, a date, or empty for a caller's data.
    estimand : str
        In words, what the figures measure and what they leave out.
    totals : tuple of Total
        Sums over spans whose periods are not all observed.
    year_totals : tuple of Total
        Printed sums of calendar years of the same vintage, where a period of the year is missing. They give
        a window its mean and are in no model.
    design : SeriesDesign
        The recipe's declarations for the models.
    caveats : tuple of str
        Sentences printed wherever the series is shown.
    catalogue : bool
        Whether it was built from the curated data package.
    noun : str
        What it measures, as it stands in a sentence (``exports to China``); empty: its title.
    rate : bool
        Whether the values are rates (barrels a day, per cent): windows are means, and nothing is a sum a
        year.
    """

    id: str
    title: str
    unit: str
    frequency: Frequency
    observations: tuple[Observation, ...]
    valuation: str = ""
    vintage: str = ""
    estimand: str = ""
    totals: tuple[Total, ...] = ()
    year_totals: tuple[Total, ...] = ()
    design: SeriesDesign = NO_DESIGN
    caveats: tuple[str, ...] = ()
    catalogue: bool = False
    noun: str = ""
    rate: bool = False

    def __post_init__(self) -> None:
        if not self.observations:
            raise InputError(f"the series '{self.id}' is empty: give at least one period and value")
        first = self.observations[0].period
        for step, observation in enumerate(self.observations):
            period = observation.period
            if period.ordinal != first.ordinal + step or period.frequency != first.frequency:
                raise InputError(f"the series '{self.id}' has no row for {first + step}")

    @classmethod
    def from_values(
        cls,
        periods: Sequence[str | Period | Window],
        values: Sequence[float | None],
        *,
        id: str = "series",
        title: str = "",
        unit: str = "",
        rse: Sequence[float | None] | float = 0.0,
        status: Sequence[str | None] | None = None,
        gaps: Gaps = "refuse",
        frequency: Frequency | None = None,
        places: Sequence[str] | None = None,
        **fields: Any,
    ) -> TradeSeries:
        """Build a series from ISO periods and numbers; rows may come in any order.

        Parameters
        ----------
        periods : sequence of str
            ``2016``, ``2016-Q1``, ``2016-03``, ``2016-W07`` or ``2016-03-01``, all of one frequency. Days
            that
            fall once a month, quarter, year or week are those (`analysis.domain.spacing`). A span such as
            ``2020-01..2020-02`` is a sum over it: it goes to `totals`, and its periods need no rows.
        values : sequence of float or None
            None (or NaN) is a missing observation.
        rse : float or sequence of float
            Relative standard errors, fractions.
        status : sequence of str, optional
            SDMX OBS_STATUS codes.
        gaps : {"refuse", "missing"}
            What a period without a row inside the sample is.
        frequency : Frequency, optional
            Decides instead of the spacing.
        places : sequence of str, optional
            Where each row stands, for messages (``"row 3 of trade.csv"``).
        **fields
            Further attributes of the series.

        Raises
        ------
        InputError
            Naming the first duplicate, missing or unreadable period, infinite value or bad code.
        """
        if gaps not in ("refuse", "missing"):
            raise InputError(f"gaps is 'refuse' or 'missing', not '{gaps}'")
        count = len(periods)
        if len(values) != count:
            raise InputError(f"the series '{id}' has {count} periods and {len(values)} values")
        if count == 0:
            raise InputError(f"the series '{id}' is empty: give at least one period and value")
        fields.setdefault("estimand", "the values as supplied by the caller")
        errors = [rse] * count if isinstance(rse, (int, float)) else list(rse)
        codes = [None] * count if status is None else list(status)
        if len(errors) != count or len(codes) != count:
            raise InputError(
                f"the series '{id}' has {count} periods but another number of rse or status entries"
            )
        where = [f"{place} of " for place in places] if places else [""] * count
        calendar = _calendar(periods, frequency, id, where)
        observations, sums = _rows(calendar, values, errors, codes, id, where)
        own = next(iter(observations.values())).period.frequency
        totals = (*fields.pop("totals", ()), *sums)
        return cls(
            id, title or id, unit, own, dense_calendar(observations, own, id, gaps), totals=totals, **fields
        )

    @classmethod
    def from_series(
        cls, series: pd.Series[Any], *, id: str | None = None, gaps: Gaps = "refuse", **fields: Any
    ) -> TradeSeries:
        """Build a series from a pandas Series indexed by periods, timestamps or ISO text.

        The frequency of dates is their spacing, whatever the index says of it (`analysis.domain.spacing`);
        a year that ends in another month than December keeps its name. NaN is a missing observation.

        Raises
        ------
        InputError
            If the index cannot be read as periods of one frequency.
        """
        import pandas as pd

        index = series.index
        frequency: Frequency | None = None
        if isinstance(index, pd.DatetimeIndex):
            if index.tz is not None or not (index == index.normalize()).all():
                raise InputError("the index of the series has times of day or a time zone: use dates")
            days = [Period.containing(stamp.date(), "D") for stamp in index]
            frequency = pandas_frequency(str(index.freqstr)) if index.freq is not None else None
            periods = on_spacing(days, frequency)
        elif isinstance(index, pd.PeriodIndex):
            frequency = pandas_frequency(index.freqstr)
            periods = [
                Period("A", p.year) if frequency == "A" else Period.containing(p.end_time.date(), frequency)
                for p in index
            ]
        else:
            periods = on_spacing([Period.parse(str(label)) for label in index])
        values = [None if pd.isna(v) else v for v in series.to_list()]
        name = id or (str(series.name) if series.name is not None else "series")
        return cls.from_values(periods, values, id=name, gaps=gaps, **fields)

    @cached_property
    def periods(self) -> tuple[Period, ...]:
        """Every period from first to last."""
        return tuple(observation.period for observation in self.observations)

    @cached_property
    def values(self) -> FloatArray:
        """Values, shape (n,), NaN where missing; read-only."""
        return _read_only([math.nan if o.value is None else o.value for o in self.observations])

    @cached_property
    def rse(self) -> FloatArray:
        """Relative standard errors, shape (n,); read-only."""
        return _read_only([o.rse for o in self.observations])

    @property
    def first(self) -> Period:
        """First period of the calendar."""
        return self.observations[0].period

    @property
    def last(self) -> Period:
        """Last period of the calendar."""
        return self.observations[-1].period

    @property
    def n_observed(self) -> int:
        """Number of periods with a value."""
        return int(np.isfinite(self.values).sum())

    def __len__(self) -> int:
        return len(self.observations)

    def index(self, period: Period) -> int:
        """Return the 0-based calendar position of `period`.

        Raises
        ------
        InputError
            If it lies outside the sample.
        """
        position = period - self.first
        if not 0 <= position < len(self):
            raise InputError(f"{period} lies outside the sample {self.first}..{self.last} of '{self.id}'")
        return position

    def window(self, window: Window | str) -> tuple[Window, slice]:
        """Return `window` in periods of this series, and its slice of the calendar.

        Raises
        ------
        InputError
            If the window is finer than the series or reaches outside the sample.
        """
        asked = Window.parse(window) if isinstance(window, str) else window
        fitted = asked.on(self.frequency)
        if fitted.first < self.first or fitted.last > self.last:
            raise InputError(
                f"the window {asked} reaches outside the sample {self.first}..{self.last} of '{self.id}': "
                "choose a window inside it"
            )
        start = fitted.first - self.first
        return fitted, slice(start, start + len(fitted))

    def between(self, first: Period, last: Period) -> TradeSeries:
        """Return the part of the series from `first` to `last`, both inclusive."""
        span = Window(first, last)
        return replace(
            self,
            observations=tuple(o for o in self.observations if o.period in span),
            totals=tuple(t for t in self.totals if t.window.first in span and t.window.last in span),
        )

    def to_record(self) -> dict[str, Any]:
        """Return the series with the contract's keys."""
        return {
            "id": self.id,
            "title": self.title,
            "unit": self.unit,
            "frequency": self.frequency,
            "valuation": self.valuation,
            "vintage": self.vintage,
            "estimand": self.estimand,
            "caveats": list(self.caveats),
            "observations": [o.to_record() for o in self.observations],
            "totals": [t.to_record() for t in self.totals],
        }

    def digest(self) -> str:
        """Return the SHA-256 of what the models see: unit, calendar, values, doubt and totals."""
        return digest(
            {
                "unit": self.unit,
                "frequency": self.frequency,
                "first": str(self.first),
                "observations": [[o.value, o.status, o.rse, o.lower, o.upper] for o in self.observations],
                "totals": [[str(t.window), t.value, t.rse] for t in self.totals],
            }
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a frame indexed by ISO period with ``value, status, rse, lower, upper, figures, note``."""
        import pandas as pd

        return pd.DataFrame(
            {
                "value": self.values,
                "status": [o.status for o in self.observations],
                "rse": self.rse,
                "lower": pd.array([o.lower for o in self.observations], dtype="Float64"),
                "upper": pd.array([o.upper for o in self.observations], dtype="Float64"),
                "figures": [" ".join(o.figures) for o in self.observations],
                "note": [o.note for o in self.observations],
            },
            index=pd.Index([str(p) for p in self.periods], name="period"),
        )

    def summary(self) -> str:
        """Return title, estimand, caveats and the observations as plain text."""
        lines = [
            f"{self.title} ({self.id})",
            f"{self.unit}, {FREQUENCY_NAMES[self.frequency]}, {self.valuation}",
            self.estimand,
        ]
        lines += [f"Note: {caveat}" for caveat in self.caveats]
        lines.append("")
        for o in self.observations:
            bounds = f"  [{format_cell(o.lower)}, {format_cell(o.upper)}]" if o.lower is not None else ""
            shown = "missing" if o.value is None else f"{o.value:,.2f}"
            lines.append(f"{o.period}  {shown:>12}  {o.status}  ± {100 * o.rse:.1f} %{bounds}")
        return "\n".join(lines) + "\n"

    def _repr_html_(self) -> str:
        from html import escape

        frame = self.to_frame()[["value", "status", "rse"]]
        heading = f"<strong>{escape(self.title)}</strong>, {escape(self.unit)}. {escape(self.estimand)}"
        return f"<p>{heading}</p>{frame.to_html()}"


def _calendar(
    periods: Sequence[str | Period | Window], frequency: Frequency | None, name: str, where: Sequence[str]
) -> list[Period | Window]:
    """Return rows as periods of the frequency at which they are spaced, spans on the same."""
    read: list[Period | Window] = []
    for given, place in zip(periods, where, strict=True):
        try:
            read.append(as_period(given))
        except InputError as problem:
            raise InputError(f"{place}the series '{name}': {problem.message}") from None
    single = on_spacing([p for p in read if isinstance(p, Period)], frequency)
    if not single:
        raise InputError(f"the series '{name}' has sums over several periods only: give single periods too")
    following = iter(single)
    return [next(following) if isinstance(p, Period) else p.on(single[0].frequency) for p in read]


def _rows(
    calendar: Sequence[Period | Window],
    values: Sequence[float | None],
    errors: Sequence[float | None],
    codes: Sequence[str | None],
    name: str,
    where: Sequence[str],
) -> tuple[dict[int, Observation], list[Total]]:
    """Return observations by ordinal, and sums over spans; periods of a span without a row are missing."""
    rows: dict[int, Observation] = {}
    sums: dict[Window, Total] = {}
    first = next(p for p in calendar if isinstance(p, Period)).frequency
    for i, at in enumerate(calendar):
        try:
            period = at.first if isinstance(at, Window) else at
            row = read_observation(period, values[i], errors[i], codes[i])
            if period.frequency != first:
                raise InputError(f"{period} is not {FREQUENCY_NAMES[first]} like the rows before it")
            if at in sums or (at is period and period.ordinal in rows):
                raise InputError(f"the period {at} appears twice; keep one row")
        except InputError as problem:
            raise InputError(f"{where[i]}the series '{name}': {problem.message}") from None
        if isinstance(at, Period):
            rows[at.ordinal] = row
        elif row.value is not None:
            sums[at] = Total(at, row.value, row.rse)
    for span in sums:
        for missing in span.periods():
            rows.setdefault(missing.ordinal, Observation(missing, None, "M"))
    return rows, list(sums.values())


def as_period(given: str | Period | Window) -> Period | Window:
    """Return a period or a span of several as it is, or read from ISO text."""
    if isinstance(given, Period):
        return given
    window = given if isinstance(given, Window) else Window.parse(given) if ".." in given else None
    if window is None:
        return Period.parse(given)  # type: ignore[arg-type]  # a text: the others were returned
    return window.first if window.first == window.last else window


def _read_only(values: Iterable[float]) -> FloatArray:
    array = np.array(list(values), dtype=np.float64)
    array.flags.writeable = False
    return array
