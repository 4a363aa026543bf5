"""Over a whole span: how much lower the recorded trade was than expected, cumulated with its doubt.

``expected`` is the path of the contract: level, season, trend and controls without an event, without a
group, or without any, and without the white and AR parts of u. Its draws are whole paths, so the sum over
the span carries the correlation between its periods: given the noise parameters, coefficients and
random-walk level are drawn jointly. A sum of a span is the observed values less the expected ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.attribution.limits import cannot_say
from analysis.attribution.result import AttributionResult
from analysis.attribution.timing.divided import weighted_quantiles
from analysis.attribution.timing.missing import paths_without
from analysis.attribution.timing.rows import part_groups
from analysis.domain import Cell, FloatArray, Period, Result, Window
from analysis.errors import CannotEstimateError

METHOD = (
    "observed less expected, summed path by path over joint draws of coefficients and level; estimates are "
    "medians"
)


@dataclass(frozen=True, slots=True)
class Loss:
    """Observed less expected over the span, in the unit of the series.

    Attributes
    ----------
    event_ids : tuple of str
        The events left out of ``expected``.
    label : str
    expected, difference : tuple of float
        Median and limits of the sum over the observed periods.
    percent : tuple of float
        Of the expected sum: median and limits.
    path : ndarray, shape (n, 3)
        Median and limits of the difference cumulated to each observed period.
    """

    event_ids: tuple[str, ...]
    label: str
    expected: tuple[float, float, float]
    difference: tuple[float, float, float]
    percent: tuple[float, float, float]
    path: FloatArray

    def to_record(self, periods: Sequence[Period]) -> dict[str, Any]:
        """Return the sums with their limits, and the cumulated path."""
        names = ("estimate", "lower", "upper")
        return {
            "event_ids": list(self.event_ids),
            "label": self.label,
            "expected": dict(zip(names, self.expected, strict=True)),
            "difference": dict(zip(names, self.difference, strict=True)),
            "percent": dict(zip(names, self.percent, strict=True)),
            "cumulative": [
                {"period": str(period), **dict(zip(names, map(float, row), strict=True))}
                for period, row in zip(periods, self.path, strict=True)
            ],
        }


@dataclass(frozen=True)
class SpanLoss(Result):
    """What was recorded over a span less what was expected without events.

    Attributes
    ----------
    answer : AttributionResult
        Whose fit and datings are used.
    window : Window
    seen : ndarray of int
        Calendar positions of the observed periods of the span.
    losses : tuple of Loss
        Without any event first, then without each event or group in force in the span.
    """

    answer: AttributionResult
    window: Window
    seen: NDArray[np.intp]
    losses: tuple[Loss, ...]

    @cached_property
    def observed(self) -> float:
        """Sum of the observed periods."""
        return float(self.answer.fit.series.values[self.seen].sum())

    def to_record(self) -> dict[str, Any]:
        """Return the span, its observed sum, and every difference with its cumulated path."""
        series = self.answer.fit.series
        periods = [series.periods[t] for t in self.seen]
        return {
            "series": series.id,
            "unit": series.unit,
            "window": str(self.window),
            "n": len(self.seen),
            "missing": len(self.window) - len(self.seen),
            "observed": self.observed,
            "level": self.answer.fit.level,
            "losses": [loss.to_record(periods) for loss in self.losses],
            "method": METHOD,
            "caveats": list(cannot_say(self.answer.series)),
        }

    def heading(self) -> str:
        """Return the span, its observed sum and the unit."""
        series = self.answer.fit.series
        seen = f"{self.observed:,.0f} {series.unit} observed in {len(self.seen)} periods"
        return f"{series.title}: {self.window}, {seen}"

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return the sum over the span without any event, and without each event or group."""
        columns = (
            "without",
            "expected",
            "difference",
            "lower",
            "upper",
            "percent",
            "percent_lower",
            "percent_upper",
        )
        rows: list[list[Cell]] = [
            [loss.label, loss.expected[0], *loss.difference, *loss.percent] for loss in self.losses
        ]
        return columns, rows

    def notes(self) -> Sequence[str]:
        """Return what the sums are and are not."""
        lines = [
            "A difference is observed less expected: below zero, less was recorded than the model expects."
        ]
        lines.append("The differences without single events do not add up to the one without any.")
        missing = len(self.window) - len(self.seen)
        if missing:
            lines.append(f"{missing} periods of the span are not observed and in no sum.")
        return [*lines, *cannot_say(self.answer.series)]


def cumulative_loss(answer: AttributionResult, window: str | Window) -> SpanLoss:
    """Return observed less expected over a span, without any event and without each event or group.

    Parameters
    ----------
    answer : AttributionResult
        Its fit, datings and their weights are used.
    window : str or Window
        The span, both ends inclusive; a year means its periods.

    Raises
    ------
    InputError
        If the span lies outside the sample.
    CannotEstimateError
        If fewer than half of its periods are observed, or no event is in force in it.
    """
    fit = answer.fit
    series = fit.series
    fitted, where = series.window(window)
    seen = np.flatnonzero(np.isfinite(series.values[where])) + where.start
    if 2 * len(seen) < len(fitted):
        raise CannotEstimateError(
            f"the span {fitted} of '{series.id}' has {len(seen)} of {len(fitted)} periods observed: at least "
            "half are needed"
        )
    rows = _rows(answer, seen)
    if not rows:
        raise CannotEstimateError(f"no event is in force in the span {fitted} of '{series.id}'")
    everything = tuple(t.name for t in fit.posterior.design.event_terms if t.kind == "event")
    sets = [everything, *(terms for _, terms in rows)]
    draws = [paths_without(fit.posterior, fit.posterior.dating(d.dating), seen, sets) for d in answer.datings]
    weights = [d.weight for d in answer.datings]
    tail = 0.5 * (1 - fit.level)
    observed = series.values[seen]
    labels: list[tuple[tuple[str, ...], str]] = [((), "any event")]
    labels += [(ids, " + ".join(fit.events[i].title for i in ids)) for ids, _ in rows]
    losses = []
    for k, (ids, label) in enumerate(labels):
        paths = [np.exp(d[k]) if fit.logs else d[k] for d in draws]
        sums = [np.cumsum(path, axis=1) for path in paths]
        through = np.cumsum(observed)
        limits = weighted_quantiles([(through - s).T for s in sums], weights, (0.5, tail, 1 - tail))
        total = weighted_quantiles([s[:, -1:].T for s in sums], weights, (0.5, tail, 1 - tail))[0]
        relative = [100 * (through[-1] / s[:, -1:].T - 1) for s in sums]
        percent = weighted_quantiles(relative, weights, (0.5, tail, 1 - tail))[0]
        losses.append(Loss(ids, label, _triple(total), _triple(limits[-1]), _triple(percent), limits))
    return SpanLoss(answer, fitted, seen, tuple(losses))


def _triple(values: FloatArray) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])


def _rows(answer: AttributionResult, seen: NDArray[np.intp]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return event ids and terms of the policy events in force somewhere in the span, groups as one."""
    fit = answer.fit
    design = fit.posterior.design
    active = [
        term
        for k, term in enumerate(design.event_terms)
        if term.kind == "event" and any((variant.shares[seen, k] != 0).any() for variant in design.variants)
    ]
    groups = part_groups(answer.parts[0], active)
    grouped = {name for group in groups for name in group.terms}
    rows = [(group.event_ids, group.terms) for group in groups]
    rows += [(term.event_ids, (term.name,)) for term in active if term.name not in grouped]
    order = [term.name for term in active]
    return sorted(rows, key=lambda row: min(order.index(name) for name in row[1]))
