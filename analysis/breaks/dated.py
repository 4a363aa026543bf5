"""Every break found with its kind, size, set of dates and the events that it meets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.breaks.bai_intervals import bai_intervals
from analysis.breaks.bai_perron import Covariance
from analysis.breaks.date_sets import DateSet, date_sets
from analysis.breaks.kinds import Ramp, temporary_changes
from analysis.breaks.matching import EventWindow, is_change_of_record, meets
from analysis.breaks.sample import Sample
from analysis.breaks.segments_fit import SegmentsFit
from analysis.domain import Period

CHANGE_OF_RECORD = "change of record"

KINDS = {
    "step": "lasting step",
    "temporary": "temporary change",
    "gradual": "gradual change",
    "trend": "change of level and slope",
}
"""Kinds in records, and in words."""


@dataclass(frozen=True, slots=True)
class DatedBreak:
    """One change of the level.

    Attributes
    ----------
    position : int
        Observed periods before it.
    index : int
        Calendar position of `last_before`, from 0, missing periods counted.
    last_before, first_after : str
        Last observed period of the old segment and first of the new one; of a gradual change the last at the
        old level and the first that moves.
    kind : str
        One of `KINDS`.
    magnitude, se : float
        Change of the level, in logs or in the unit, and its standard error given the date.
    means : float or None
        Difference of the means of the two segments, net of the common part; None with a trend or a ramp.
    percent : float or None
        100(exp(magnitude) - 1) on the log scale.
    slopes : (float, float) or None
        Slope per year before and after, with model ``trend``.
    pair : int or None
        Number of the temporary change that it begins or ends, from 1.
    temporary : mapping or None
        ``first``, ``last``, ``periods`` and ``depth`` (with ``depth_percent``) of that change.
    gradual : mapping or None
        ``first`` and ``last`` period of a gradual change: those in which it moves.
    at_edge : str or None
        ``first`` or ``last`` if no date closer to that end of the sample could be found.
    title : str
        ``change of record`` if it meets nothing but changes of record.
    ci : mapping
        The contract's ``ci``.
    events : tuple of mapping
        The contract's ``events``.
    """

    position: int
    index: int
    last_before: str
    first_after: str
    kind: str
    magnitude: float
    se: float
    means: float | None
    percent: float | None
    slopes: tuple[float, float] | None
    pair: int | None
    temporary: Mapping[str, Any] | None
    gradual: Mapping[str, Any] | None
    at_edge: str | None
    title: str
    ci: Mapping[str, Any]
    events: tuple[Mapping[str, Any], ...]

    @property
    def slope_change(self) -> float | None:
        """Change of the slope per year, with model ``trend``."""
        return None if self.slopes is None else self.slopes[1] - self.slopes[0]

    def to_record(self) -> dict[str, Any]:
        """Return the contract's keys."""
        return {
            "period": self.last_before,
            "index": self.index,
            "last_before": self.last_before,
            "first_after": self.first_after,
            "kind": self.kind,
            "magnitude": self.magnitude,
            "se": self.se,
            "difference_of_means": self.means,
            "percent": self.percent,
            "slope_change": self.slope_change,
            "slopes": None if self.slopes is None else list(self.slopes),
            "pair": self.pair,
            "temporary": None if self.temporary is None else dict(self.temporary),
            "gradual": None if self.gradual is None else dict(self.gradual),
            "at_edge": self.at_edge,
            "title": self.title,
            "ci": dict(self.ci),
            "events": [dict(event) for event in self.events],
        }


Found = tuple[DatedBreak, tuple[tuple[Period, Period], ...]]
"""A break, and the ranges of first new periods that its set admits."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What breaks are dated with.

    Attributes
    ----------
    sample : Sample
        With dips and ramps among its common columns.
    rule : str
        ``ar``, ``hac`` or ``iid``.
    covariance : Covariance
        Of Bai's intervals.
    level : float
    windows : sequence of EventWindow or None
    """

    sample: Sample
    rule: str
    covariance: Covariance
    level: float
    windows: Sequence[EventWindow] | None


def dated_breaks(setting: Setting, breaks: tuple[int, ...], fit: SegmentsFit) -> list[Found]:
    """Return the steps, or trend breaks, in order.

    Parameters
    ----------
    setting : Setting
    breaks : tuple of int
    fit : SegmentsFit
        Of them.
    """
    if not breaks:
        return []
    sample = setting.sample
    sets = date_sets(sample, breaks, setting.level)
    conventions = {
        name: bai_intervals(
            sample.regression, breaks, level=setting.level, covariance=setting.covariance, convention=name
        )
        for name in ("strucchange", "mbreaks")
    }
    pairs: dict[int, tuple[int | None, dict[str, Any] | None]] = {}
    if sample.model == "mean":
        for number, pair in enumerate(temporary_changes(fit), start=1):
            inside = (breaks[pair.first], breaks[pair.second])
            change = _temporary(sample, inside, pair.depth)
            pairs |= {pair.first: (number, change), pair.second: (number, change)}
    found = []
    for k, position in enumerate(breaks):
        simulated, asymptotic = sets[k]
        intervals: dict[str, Any] = {
            "lr_simulated": _set_record(sample, simulated),
            "eo_morley": _set_record(sample, asymptotic),
        }
        for name, values in conventions.items():
            intervals[f"bai1997_{name}"] = {
                "lower": str(sample.last_before(values[k].lower)),
                "upper": str(sample.last_before(values[k].upper)),
                "clipped": values[k].clipped,
            }
        ranges: tuple[tuple[int, int], ...]
        if setting.rule == "ar":
            method, ranges = "lr_simulated", simulated.ranges
        else:
            bai = conventions["strucchange"][k]
            method, ranges = "bai1997_strucchange", ((bai.lower, bai.upper),)
        edge = _edge(sample, position) if setting.rule == "ar" else None
        ranges = _opened(sample, ranges, edge)
        possible = tuple((sample.last_before(a) + 1, sample.first_after(b)) for a, b in ranges)
        pair_number, words = pairs.get(k, (None, None))
        kind = "trend" if sample.model == "trend" else "step" if pair_number is None else "temporary"
        ci = _interval(sample, ranges, method, setting.level, edge, intervals)
        found.append(
            (
                _break(
                    setting,
                    position,
                    kind,
                    fit.jumps[k],
                    fit.jump_errors[k],
                    ci,
                    possible,
                    means=_difference_of_means(sample, breaks, k, fit) if sample.model == "mean" else None,
                    slopes=(fit.slopes[k], fit.slopes[k + 1]) if fit.slopes else None,
                    pair=pair_number,
                    temporary=words,
                    at_edge=edge,
                ),
                possible,
            )
        )
    return found


def dated_ramps(setting: Setting, ramps: Sequence[Ramp], sizes: Sequence[tuple[float, float]]) -> list[Found]:
    """Return the gradual changes, each with its size and standard error.

    Parameters
    ----------
    setting : Setting
    ramps : sequence of Ramp
    sizes : sequence of (float, float)
    """
    found: list[Found] = []
    for ramp, (size, error) in zip(ramps, sizes, strict=True):
        sample = setting.sample
        position = ramp.start + 1
        moving = (sample.period(ramp.start + 1), sample.period(ramp.end))
        ci = {
            "level": setting.level,
            "lower": str(sample.last_before(position)),
            "upper": str(sample.last_before(ramp.end)),
            "method": "gradual",
            "open": None,
            "set": [[str(sample.last_before(position)), str(sample.last_before(ramp.end))]],
            "intervals": {},
        }
        gradual = {"first": str(moving[0]), "last": str(moving[1]), "periods": ramp.end - ramp.start}
        found.append(
            (
                _break(setting, position, "gradual", size, error, ci, (moving,), gradual=gradual),
                (moving,),
            )
        )
    return found


def _break(
    setting: Setting,
    position: int,
    kind: str,
    size: float,
    error: float,
    ci: Mapping[str, Any],
    possible: tuple[tuple[Period, Period], ...],
    *,
    means: float | None = None,
    slopes: tuple[float, float] | None = None,
    pair: int | None = None,
    temporary: Mapping[str, Any] | None = None,
    gradual: Mapping[str, Any] | None = None,
    at_edge: str | None = None,
) -> DatedBreak:
    sample = setting.sample
    met = [w for w in setting.windows or () if meets(w, possible)]
    first_after = sample.first_after(position)
    title = CHANGE_OF_RECORD if is_change_of_record(met) else f"break in the {sample.model}"
    return DatedBreak(
        position=position,
        index=int(sample.calendar[position - 1]),
        last_before=str(sample.last_before(position)),
        first_after=str(first_after),
        kind=kind,
        magnitude=size,
        se=error,
        means=means,
        percent=float(100 * np.expm1(size)) if sample.scale == "log" else None,
        slopes=slopes,
        pair=pair,
        temporary=temporary,
        gradual=gradual,
        at_edge=at_edge,
        title=title,
        ci=ci,
        events=tuple(
            {
                "event_id": w.event.id,
                "kind": w.event.kind,
                "lag": first_after - w.full,
                "lag_adopted": first_after - w.adopted,
            }
            for w in met
        ),
    )


def _temporary(sample: Sample, inside: tuple[int, int], depth: float) -> dict[str, Any]:
    first, last = sample.first_after(inside[0]), sample.last_before(inside[1])
    return {
        "first": str(first),
        "last": str(last),
        "periods": last - first + 1,
        "depth": depth,
        "depth_percent": float(100 * np.expm1(depth)) if sample.scale == "log" else None,
    }


def _difference_of_means(sample: Sample, breaks: tuple[int, ...], k: int, fit: SegmentsFit) -> float:
    edges = (0, *breaks, sample.n)
    before, after = (fit.adjusted[edges[s] : edges[s + 1]] for s in (k, k + 1))
    return float(after.mean() - before.mean())


def _edge(sample: Sample, position: int) -> str | None:
    if position == sample.min_length:
        return "first"
    return "last" if position == sample.n - sample.min_length else None


def _opened(
    sample: Sample, ranges: tuple[tuple[int, int], ...], edge: str | None
) -> tuple[tuple[int, int], ...]:
    """Let the set of a break at the edge of what can be searched reach the end of the sample."""
    if edge == "first":
        return ((1, ranges[0][1]), *ranges[1:])
    if edge == "last":
        return (*ranges[:-1], (ranges[-1][0], sample.n - 1))
    return ranges


def _interval(
    sample: Sample,
    ranges: tuple[tuple[int, int], ...],
    method: str,
    level: float,
    edge: str | None,
    intervals: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "level": level,
        "lower": str(sample.last_before(ranges[0][0])),
        "upper": str(sample.last_before(ranges[-1][1])),
        "method": method,
        "open": edge,
        "set": [[str(sample.last_before(a)), str(sample.last_before(b))] for a, b in ranges],
        "intervals": intervals,
    }


def _set_record(sample: Sample, dates: DateSet) -> dict[str, Any]:
    return {
        "lower": str(sample.last_before(dates.lower)),
        "upper": str(sample.last_before(dates.upper)),
        "clipped": dates.at_edge,
        "critical": dates.critical,
        "set": [[str(sample.last_before(a)), str(sample.last_before(b))] for a, b in dates.ranges],
    }
