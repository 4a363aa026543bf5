"""Over a whole span: how much lower the recorded trade was than expected, cumulated with its doubt.

``expected`` is the path of the contract: level, season, trend and controls without an event, without a
group, or without any, and without the white and AR parts of u. Its draws are whole paths, so the sum over
the span carries the correlation between its periods: given the noise parameters, coefficients and
random-walk level are drawn jointly. A sum of a span is the observed values less the expected ones.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special

from analysis.attribution.decomposition import weighted_quantiles
from analysis.attribution.limits import cannot_say
from analysis.attribution.result import AttributionResult
from analysis.attribution.rows import Row, build_rows
from analysis.domain import Cell, FloatArray, Period, Result, Window
from analysis.errors import CannotEstimateError
from analysis.interventions.counterfactual import level_points
from analysis.interventions.identification import find_groups
from analysis.interventions.posterior import DatingPosterior, StructuralPosterior
from analysis.numerics.noise import covariance
from analysis.numerics.sequences import sobol

METHOD = (
    "observed less expected, summed path by path over joint draws of coefficients and level; estimates are "
    "medians"
)
LOG2_POINTS = 12
"""4,096 paths for each dating."""
JITTER = 1e-12
"""Share of its largest variance added to the covariance of a smoothed level, which may be singular."""


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
            "caveats": list(cannot_say(self.answer.fit.series)),
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
        return [*lines, *cannot_say(self.answer.fit.series)]


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
    sets = [everything, *(row.terms for row in rows)]
    draws = [_paths(fit.posterior, fit.posterior.dating(d.dating), seen, sets) for d in answer.datings]
    weights = [d.weight for d in answer.datings]
    tail = 0.5 * (1 - fit.level)
    observed = series.values[seen]
    labels = [((), "any event"), *((row.event_ids, row.label) for row in rows)]
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


def _rows(answer: AttributionResult, seen: NDArray[np.intp]) -> tuple[Row, ...]:
    """Return rows of the policy events in force somewhere in the span."""
    fit = answer.fit
    design = fit.posterior.design
    active = [
        term.name
        for k, term in enumerate(design.event_terms)
        if term.kind == "event" and any((variant.shares[seen, k] != 0).any() for variant in design.variants)
    ]
    groups = find_groups(
        fit.posterior, fit.events, fit.aliasing, active=active, size=fit.size, bounds=fit.bounds
    )
    rows = build_rows(answer.datings[0].parts.players, active, groups, fit.events, answer.grade)
    return tuple(row for row in rows if row.event_ids)


def _paths(
    posterior: StructuralPosterior,
    dating: DatingPosterior,
    span: NDArray[np.intp],
    sets: Sequence[Collection[str]],
) -> list[FloatArray]:
    """Return paths without each set of event terms, each of shape (N, n), on the model's scale."""
    p = len(posterior.design.precision)
    points = sobol(LOG2_POINTS, 2 + p + len(span))
    index, weight = level_points(posterior, dating)
    owner = np.minimum(np.searchsorted(np.cumsum(weight), points[:, 0]), len(index) - 1)
    c = dating.coefficients
    chi2 = 2 * special.gammaincinv(0.5 * c.dof, points[:, 1])
    normal = special.ndtri(points[:, 2:])
    found = [np.empty((len(points), len(span))) for _ in sets]
    for k, point in enumerate(index):
        own = np.flatnonzero(owner == k)
        if not len(own):
            continue
        gain, root = _level(posterior, dating, int(point), span)
        columns = posterior.design.variants[int(dating.variant[point])].columns
        sigma = np.sqrt(c.rss[point] / chi2[own])[:, None]
        beta = c.mean[point] + sigma * (normal[own, :p] @ c.root[point].T)
        seen = posterior.evidence.observed
        level = (posterior.evidence.y[seen] - beta @ columns[seen].T) @ gain.T
        level += sigma * (normal[own, p:] @ root.T)
        for paths, names in zip(found, sets, strict=True):
            keep = np.ones(p)
            for term in posterior.design.event_terms:
                if term.name in names:
                    keep[term.columns] = 0.0
            paths[own] = (beta * keep) @ columns[span].T + level
    return found


def _level(
    posterior: StructuralPosterior, dating: DatingPosterior, point: int, span: NDArray[np.intp]
) -> tuple[FloatArray, FloatArray]:
    """Gain of the smoothed level on the observations, shape (n, T_seen), and a root of its covariance."""
    seen = posterior.evidence.observed
    level, stationary = covariance(posterior.grid, int(dating.cell[point]), posterior.sample)
    if not level.any():
        return np.zeros((len(span), int(seen.sum()))), np.zeros((len(span), len(span)))
    extra = np.zeros(len(seen))
    for j, t in enumerate(posterior.outliers):
        extra[t] = posterior.factors[int(dating.factor[point])][j] - 1
    noise = (level + stationary)[np.ix_(seen, seen)] + np.diag((posterior.sample.measurement + extra)[seen])
    across = level[np.ix_(span, seen)]
    gain = linalg.solve(noise, across.T, assume_a="pos").T
    left = level[np.ix_(span, span)] - gain @ across.T
    left = 0.5 * (left + left.T)
    left[np.diag_indices(len(span))] += JITTER * max(float(np.diag(level).max()), 1e-300)
    return gain, np.linalg.cholesky(left)
