"""What an event, a group or all events together add up to: pointwise, cumulative and relative.

The path without them is drawn jointly over the periods of a window, so that a sum respects how its
periods move together. The draws are those of a fixed low-discrepancy sequence: no seed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from analysis.domain import Cell, FloatArray, Period, Result, Window
from analysis.errors import CannotEstimateError, NotFoundError, UsageError
from analysis.interventions.counterfactual import (
    Path,
    conditional_path,
    expected_path,
    kept_columns,
    level_points,
)
from analysis.interventions.result import InterventionResult
from analysis.numerics.sequences import sobol

LOG2_DRAWS = 11
"""2,048 points of the unscrambled Sobol sequence plus half a step."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A median and equal-tailed limits."""

    estimate: float
    lower: float
    upper: float

    @classmethod
    def of(cls, draws: FloatArray, level: float) -> Interval:
        """Return median and limits of draws of equal weight, shape (N,)."""
        low, middle, high = np.quantile(draws, [0.5 * (1 - level), 0.5, 0.5 * (1 + level)])
        return cls(float(middle), float(low), float(high))

    def to_record(self) -> dict[str, float]:
        """Return estimate, lower and upper."""
        return {"estimate": self.estimate, "lower": self.lower, "upper": self.upper}


@dataclass(frozen=True)
class CumulativeEffect(Result):
    """Observed against expected over a window.

    Attributes
    ----------
    result : InterventionResult
    event_ids : tuple of str
        The events left out.
    window : Window
    periods : tuple of Period
        The observed periods of the window.
    observed : ndarray, shape (n,)
    path : Path
        Pointwise, each of shape (n,).
    expected, absolute, percent : Interval
        Sum of the path; observed less expected, in the unit of the series; the same per cent of expected
        (None where the expected sum may be zero or less).
    """

    result: InterventionResult
    event_ids: tuple[str, ...]
    window: Window
    periods: tuple[Period, ...]
    observed: FloatArray
    path: Path
    expected: Interval
    absolute: Interval
    percent: Interval | None

    def to_record(self) -> dict[str, Any]:
        """Return the sums with their limits, and the periods."""
        return {
            "series": self.result.series.id,
            "without": list(self.event_ids),
            "from": str(self.window.first),
            "to": str(self.window.last),
            "n": len(self.periods),
            "unit": self.result.series.unit,
            "level": self.result.level,
            "observed": float(self.observed.sum()),
            "expected": self.expected.to_record(),
            "absolute": self.absolute.to_record(),
            "percent": None if self.percent is None else self.percent.to_record(),
            "pointwise": [
                {"period": str(p), "observed": o, "expected": m, "lower": low, "upper": high}
                for p, o, m, low, high in zip(
                    self.periods,
                    self.observed.tolist(),
                    self.path.median.tolist(),
                    self.path.lower.tolist(),
                    self.path.upper.tolist(),
                    strict=True,
                )
            ],
            "note": "limits are of what the model expects (level, season, trend, controls); the noise of "
            "single periods is in what was observed",
        }

    def heading(self) -> str:
        """Return one line: which events, which window."""
        return f"{self.result.series.title} without {' + '.join(self.event_ids)}, {self.window}"

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return observed, expected, difference and per cent over the window."""
        rows: list[list[Cell]] = [["observed", float(self.observed.sum()), None, None]]
        named = (
            ("expected", self.expected),
            ("observed less expected", self.absolute),
            ("percent", self.percent),
        )
        rows += [[name, i.estimate, i.lower, i.upper] for name, i in named if i is not None]
        return ("sum", "estimate", "lower", "upper"), rows


def cumulative_effect(
    result: InterventionResult,
    without: Collection[str] | None = None,
    window: Window | str | None = None,
    *,
    log2_draws: int = LOG2_DRAWS,
) -> CumulativeEffect:
    """Add up observed less expected over a window.

    Parameters
    ----------
    result : InterventionResult
    without : collection of str, optional
        Ids of ungrouped events or of groups; default all policy events.
    window : Window or str, optional
        Both ends inclusive; default from the first period in force of what is left out to the last.
    log2_draws : int
        ``2 ** log2_draws`` points of the fixed sequence.

    Raises
    ------
    NotFoundError
        An id that is neither an event of the design nor a group.
    UsageError
        An event that is reported with its group: the group can be left out, the event cannot.
    CannotEstimateError
        If the window holds no observed period.
    """
    names = _terms(result, without)
    posterior, reported = result.posterior, result.reported
    chosen = _window(result, names) if window is None else result.series.window(window)[0]
    start = chosen.first - result.series.first
    seen = np.isfinite(result.series.values)
    rows = np.flatnonzero(seen[start : start + len(chosen)]) + start
    if not len(rows):
        raise CannotEstimateError(f"no period of {chosen} is observed in '{result.series.id}'")
    draws = _draws(result, kept_columns(posterior, names), rows, log2_draws)
    observed = result.series.values[rows]
    sums = draws.sum(axis=1)
    total = float(observed.sum())
    whole = expected_path(posterior, reported, level=result.level, logs=result.logs, without=names)
    percent = Interval.of(100 * (total / sums - 1), result.level) if (sums > 0).all() else None
    ids = tuple(i for t in posterior.design.event_terms if t.name in names for i in t.event_ids)
    return CumulativeEffect(
        result,
        ids,
        chosen,
        tuple(result.series.periods[t] for t in rows),
        observed,
        Path(whole.median[rows], whole.lower[rows], whole.upper[rows]),
        Interval.of(sums, result.level),
        Interval.of(total - sums, result.level),
        percent,
    )


def _terms(result: InterventionResult, without: Collection[str] | None) -> set[str]:
    terms = result.posterior.design.event_terms
    if without is None:
        return {t.name for t in terms if t.kind == "event"}
    groups = {group.id: group for group in result.groups}
    names: set[str] = set()
    for wanted in [without] if isinstance(without, str) else without:
        if wanted in groups:
            names |= set(groups[wanted].terms)
            continue
        owner = next((g for g in groups.values() if wanted in g.event_ids), None)
        if owner is not None:
            raise UsageError(
                f"'{wanted}' cannot be told from the rest of its group: leave out '{owner.id}' instead"
            )
        term = next((t for t in terms if wanted in t.event_ids), None)
        if term is None:
            raise NotFoundError(f"'{wanted}' is neither an event nor a group of this design")
        if term.name in result.aliasing.unidentified:
            raise CannotEstimateError(f"'{wanted}' has no estimate: see identification")
        names.add(term.name)
    if not names:
        raise UsageError("name at least one event or group to leave out")
    return names


def _window(result: InterventionResult, names: set[str]) -> Window:
    """Return the periods from the first in force of any of the terms to the end of the sample."""
    terms = result.posterior.design.event_terms
    shares = result.posterior.design.variants[int(result.reported.variant[0])].shares
    inside = np.flatnonzero((shares[:, [t.name in names for t in terms]] > 0).any(axis=1))
    return Window(result.series.periods[int(inside[0])], result.series.last)


def _draws(result: InterventionResult, keep: FloatArray, rows: np.ndarray, log2_draws: int) -> FloatArray:
    """Return joint draws of the path at `rows` on the scale of the series, shape (N, n)."""
    reported = result.reported
    points, weight = level_points(result.posterior, reported)
    uniform = sobol(log2_draws, 2 + len(rows))
    where = np.minimum(np.searchsorted(np.cumsum(weight), uniform[:, 0]), len(points) - 1)
    draws = np.empty((len(uniform), len(rows)))
    for k, point in enumerate(points):
        mine = where == k
        if not mine.any():
            continue
        path = conditional_path(result.posterior, reported, int(point), keep)
        chi = 2 * special.gammaincinv(0.5 * path.dof, uniform[mine, 1])
        normal = special.ndtri(uniform[mine, 2:])
        draws[mine] = path.centre[rows] + np.sqrt(path.rss / chi)[:, None] * (normal @ path.root(rows).T)
    return np.exp(draws) if result.logs else draws
