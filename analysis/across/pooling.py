"""Partial pooling of an event's effects across products, with their exposure to its provisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.across.effects import EffectRow, EffectsTable
from analysis.across.exposure import ExposureTable
from analysis.domain import Cell, FloatArray, Result
from analysis.errors import CannotEstimateError, UsageError
from analysis.numerics.hierarchical import Hierarchy, fit_hierarchy

FEWEST = 3
"""Series beyond the coefficients of the line: with fewer the heterogeneity has no proper posterior."""
FEWEST_OF_CLASS = 6
"""Exposed series, and series that are not, from which the two have a heterogeneity of their own."""
UNKNOWN = "its exposure is not known"
ASSUMPTIONS = (
    "given its exposure, one series is as good a guide to another as any (exchangeable effects)",
    "estimates are normal with the standard errors of the batch",
    "errors of different series are independent, or correlated as declared; a shock that all series share "
    "moves the line's level and cancels from its slope",
)


@dataclass(frozen=True, slots=True)
class LineTerm:
    """A quantity of the line of one event: its level or its slope, in logs."""

    term: str
    estimate: float
    se: float
    lower: float
    upper: float


@dataclass(frozen=True)
class PooledEvent:
    """The effects of one event on all series, pooled.

    Attributes
    ----------
    event_id : str
    rows : tuple of EffectRow
    exposure : ndarray, shape (P,)
        NaN in all where none was given.
    mean, se, lower, upper : ndarray, shape (P,)
        Posterior of each series' own effect.
    line : tuple of LineTerm
        ``mean``; with exposure ``not exposed``, ``exposed`` and ``difference``.
    heterogeneity : tuple of (str, float)
        Posterior mean of the standard deviation of effects around the line, by class.
    hierarchy : Hierarchy
    """

    event_id: str
    rows: tuple[EffectRow, ...]
    exposure: FloatArray
    mean: FloatArray
    se: FloatArray
    lower: FloatArray
    upper: FloatArray
    line: tuple[LineTerm, ...]
    heterogeneity: tuple[tuple[str, float], ...]
    hierarchy: Hierarchy


@dataclass(frozen=True)
class PooledEffects(Result):
    """Pooled effects of one event or several.

    Attributes
    ----------
    events : tuple of PooledEvent
    level : float
    correlation : float
        Of the errors of every two series, as declared.
    left_out : tuple of (str, str, str)
        Series, event and reason.
    """

    events: tuple[PooledEvent, ...]
    level: float
    correlation: float
    left_out: tuple[tuple[str, str, str], ...]

    def to_record(self) -> dict[str, Any]:
        """Return lines, heterogeneity and one row per series and event."""
        columns, rows = self.table()
        return {
            "level": self.level,
            "correlation": self.correlation,
            "events": [
                {
                    "event_id": one.event_id,
                    "n_series": len(one.rows),
                    "line": [
                        {name: getattr(t, name) for name in ("term", "estimate", "se", "lower", "upper")}
                        for t in one.line
                    ],
                    "heterogeneity": [{"class": name, "sd": sd} for name, sd in one.heterogeneity],
                }
                for one in self.events
            ],
            "effects": [dict(zip(columns, row, strict=True)) for row in rows],
            "assumptions": list(ASSUMPTIONS),
            "left_out": [list(one) for one in self.left_out],
        }

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return one row per series and event: the separate estimate, then the pooled one."""
        columns = (
            "series_id",
            "event_id",
            "exposure",
            "log_effect",
            "se",
            "group",
            "pooled",
            "pooled_se",
            "pooled_lower",
            "pooled_upper",
        )
        rows: list[Sequence[Cell]] = []
        for one in self.events:
            for k, row in enumerate(one.rows):
                exposure = None if np.isnan(one.exposure[k]) else float(one.exposure[k])
                pooled = (one.mean[k], one.se[k], one.lower[k], one.upper[k])
                rows.append(
                    (
                        row.series_id,
                        row.event_id,
                        exposure,
                        row.estimate,
                        row.se,
                        row.group,
                        *(float(v) for v in pooled),
                    )
                )
        return columns, rows

    def heading(self) -> str:
        """Return one line above the table."""
        return f"Effects pooled across series ({100 * self.level:g} % intervals)"

    def notes(self) -> Sequence[str]:
        """Return the lines, the heterogeneity and the assumptions in words."""
        lines = [
            f"{one.event_id}, {t.term}: {t.estimate:.3f} [{t.lower:.3f}, {t.upper:.3f}]"
            for one in self.events
            for t in one.line
        ]
        lines += [
            f"{one.event_id}, standard deviation between series, {name}: {sd:.3f}"
            for one in self.events
            for name, sd in one.heterogeneity
        ]
        lines += [f"Assumed: {text}." for text in ASSUMPTIONS]
        return (*lines, *(f"Left out: {s} {e}: {why}." for s, e, why in self.left_out[:5]))


def pool_effects(
    effects: EffectsTable,
    exposure: ExposureTable | None = None,
    *,
    event_ids: Sequence[str] | None = None,
    level: float = 0.95,
    correlation: float = 0.0,
) -> PooledEffects:
    """Pool the effects of each event across series by a normal hierarchy.

    Parameters
    ----------
    effects : EffectsTable
        Output of a batch.
    exposure : ExposureTable, optional
        In [0, 1]. The line then has a level and a slope, and series with and without exposure spread around
        it by standard deviations of their own where there are enough of both.
    event_ids : sequence of str, optional
        All events by default; of events that no series tells apart pool the sum (``batch --sum a+b``).
    level : float
    correlation : float
        Of the errors of every two series, in [0, 1).

    Raises
    ------
    CannotEstimateError
        If too few series have an effect.
    UsageError
        A level or correlation out of range.

    References
    ----------
    Rubin (1981); Fay & Herriot (1979); DuMouchel & Harris (1983); Gelman (2006): see
    `analysis.numerics.hierarchical`.
    """
    if isinstance(level, bool) or not 0.5 <= level <= 0.999:
        raise UsageError(f"level is a probability between 0.5 and 0.999, not {level}")
    if isinstance(correlation, bool) or not 0 <= correlation < 1:
        raise UsageError(f"correlation is in [0, 1), not {correlation}")
    left_out = list(effects.left_out)
    pooled = []
    for event_id in event_ids or effects.event_ids:
        rows, values = _exposed(effects.of(event_id), exposure, left_out)
        pooled.append(pool_event(event_id, rows, values, level=level, correlation=correlation))
    return PooledEffects(tuple(pooled), level, correlation, tuple(left_out))


def pool_event(
    event_id: str,
    rows: Sequence[EffectRow],
    exposure: FloatArray,
    *,
    level: float,
    correlation: float = 0.0,
) -> PooledEvent:
    """Pool the effects of one event; see `pool_effects`.

    Parameters
    ----------
    event_id : str
    rows : sequence of EffectRow
    exposure : ndarray, shape (P,)
        NaN in all where there is none.
    level, correlation : float
    """
    estimate = np.array([row.estimate for row in rows])
    error = np.array([row.se for row in rows])
    columns, names, member = _columns(exposure, len(rows))
    need = columns.shape[1] + FEWEST
    if len(rows) < need:
        raise CannotEstimateError(
            f"'{event_id}' has effects on {len(rows)} series that can be pooled: {need} are needed"
        )
    fitted = fit_hierarchy(estimate, error, columns, member, correlation)
    tails = 0.5 * (1 - level), 0.5 * (1 + level)
    parts = []
    for part in fitted.blocks():
        own = fitted.effects(part)
        parts.append([own.mean(), own.spread(), own.quantile(tails[0]), own.quantile(tails[1])])
    mean, se, lower, upper = (np.concatenate(values) for values in zip(*parts, strict=True))
    contrasts = np.zeros((len(names), fitted.columns.shape[1]))
    contrasts[:, : columns.shape[1]] = [vector for _, vector in names]
    line = fitted.line(contrasts)
    numbers = zip(line.mean(), line.spread(), line.quantile(tails[0]), line.quantile(tails[1]), strict=True)
    terms = tuple(
        LineTerm(name, *map(float, values)) for (name, _), values in zip(names, numbers, strict=True)
    )
    classes = ("not exposed", "exposed") if member.any() else ("all",)
    spread = fitted.weight @ fitted.tau
    heterogeneity = tuple((name, float(sd)) for name, sd in zip(classes, spread, strict=True))
    return PooledEvent(event_id, tuple(rows), exposure, mean, se, lower, upper, terms, heterogeneity, fitted)


def _exposed(
    rows: Sequence[EffectRow], exposure: ExposureTable | None, left_out: list[tuple[str, str, str]]
) -> tuple[list[EffectRow], FloatArray]:
    """Return the rows whose exposure is known, and it; note the others."""
    if exposure is None:
        return list(rows), np.full(len(rows), np.nan)
    values = [exposure.of(row.series_id, row.event_id) for row in rows]
    left_out += [(r.series_id, r.event_id, UNKNOWN) for r, v in zip(rows, values, strict=True) if v is None]
    known = [(row, value) for row, value in zip(rows, values, strict=True) if value is not None]
    return [row for row, _ in known], np.array([value for _, value in known], dtype=np.float64)


def _columns(
    exposure: FloatArray, count: int
) -> tuple[FloatArray, list[tuple[str, list[float]]], np.ndarray[Any, np.dtype[np.intp]]]:
    """Return columns of the line, the contrasts that are reported, and the class of each series."""
    member = np.zeros(count, dtype=np.intp)
    if count == 0 or np.isnan(exposure).any() or np.ptp(exposure) == 0:
        return np.ones((count, 1)), [("mean", [1.0])], member
    exposed = exposure > 0
    if min(exposed.sum(), (~exposed).sum()) >= FEWEST_OF_CLASS:
        member = exposed.astype(np.intp)
    names = [("not exposed", [1.0, 0.0]), ("exposed", [1.0, 1.0]), ("difference", [0.0, 1.0])]
    return np.column_stack([np.ones(count), exposure]), names, member
