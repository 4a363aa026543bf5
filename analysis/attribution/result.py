"""The result of `attribute`: rows that add up, each with its interval, grade and reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.attribution.accounting import Accounting, account_or_reason
from analysis.attribution.comparison import Comparison, compare_or_reason
from analysis.attribution.decomposition import Decomposition, unmoved, weighted_quantiles
from analysis.attribution.limits import cannot_say
from analysis.attribution.lmdi import lmdi
from analysis.attribution.rows import UNEXPLAINED, Row, active_terms, build_rows
from analysis.attribution.windows import WindowMeans
from analysis.domain import Cell, FloatArray, Result, TradeSeries, Window
from analysis.domain.periods import PERIOD_WORDS
from analysis.interventions.dating import Dating
from analysis.interventions.effects import GRADE_LEVEL
from analysis.interventions.identification import Group, find_groups, grade
from analysis.interventions.result import InterventionResult
from analysis.numerics.mixture import StudentMixture

if TYPE_CHECKING:
    from analysis.attribution.evidence import EvidenceReport

PER = PERIOD_WORDS
ANNUALISE = {"A": 1, "Q": 4, "M": 12}


def annualise(series: TradeSeries) -> int:
    """Return by what means of `series` are multiplied to be sums a year; 1 where they are none."""
    return 1 if series.rate else ANNUALISE.get(series.frequency, 1)


UNMOVED = "of the same mean in both windows, so no part of the change; it weighs the months inside each"
"""Why a season between whole years has no row."""


@dataclass(frozen=True, slots=True)
class DatedDecomposition:
    """The decomposition under one dating, its posterior probability and its weight in the mixture."""

    dating: Dating
    probability: float
    weight: float
    parts: Decomposition


@dataclass(frozen=True, slots=True)
class Contribution:
    """One row: what is dated to an event, a group, or a named part.

    Attributes
    ----------
    kind : str
        ``event``, ``covariate``, ``trend``, ``seasonal`` or ``measurement``.
    event_ids : tuple of str
    group : str or None
    label : str
    estimate, lower, upper : float
        Per period, in the unit of the series.
    share : float or None
        Of the change; None where the change is smaller than the residual's half-width.
    grade : str or None
        Of the effect (events and data breaks only).
    """

    kind: str
    event_ids: tuple[str, ...]
    group: str | None
    label: str
    estimate: float
    lower: float
    upper: float
    share: float | None
    grade: str | None

    def to_record(self) -> dict[str, Any]:
        """Return the row with the contract's keys."""
        return {
            "kind": self.kind,
            "event_ids": list(self.event_ids),
            "group": self.group,
            "label": self.label,
            "estimate": self.estimate,
            "lower": self.lower,
            "upper": self.upper,
            "share": self.share,
            "grade": self.grade,
        }


@dataclass(frozen=True)
class AttributionResult(Result):
    """The change between two windows, divided.

    Attributes
    ----------
    fit : InterventionResult
    before, after : Window
        In periods of the series.
    windows : WindowMeans
    datings : tuple of DatedDecomposition
    evidence : EvidenceReport or None
        Refits that speak for or against the answer.
    """

    fit: InterventionResult
    before: Window
    after: Window
    windows: WindowMeans
    datings: tuple[DatedDecomposition, ...]
    evidence: EvidenceReport | None = None

    @property
    def absolute(self) -> float:
        """Observed change of the mean, per period."""
        return self.windows.change

    @cached_property
    def active(self) -> tuple[str, ...]:
        """Event terms whose share in force differs within or between the windows, in any dating."""
        periods = np.concatenate([self.windows.before, self.windows.after])
        return active_terms(self.fit.posterior.design, periods)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Groups among the events that differ between the windows."""
        fit = self.fit
        return find_groups(
            fit.posterior, fit.events, fit.aliasing, active=self.active, size=fit.size, bounds=fit.bounds
        )

    @cached_property
    def _all_rows(self) -> tuple[Row, ...]:
        return build_rows(
            self.datings[0].parts.players, self.active, self.groups, self.fit.events, self.grade
        )

    @cached_property
    def unmoved(self) -> tuple[Row, ...]:
        """Parts that are no event and have the same mean in both windows; no players (`unmoved`)."""
        players = self.datings[0].parts.players
        still = unmoved(self.fit.posterior.design, players, self.windows)
        return tuple(row for row in self._all_rows if still[list(row.members)].all())

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """What the table has a row for, groups as one."""
        return tuple(row for row in self._all_rows if row not in self.unmoved)

    def grade(self, names: Sequence[str]) -> str:
        """Return the grade of the summed effects of the terms named, in the mixture of datings."""
        contrast = self.fit.weights(names)
        if not self.fit.aliasing.estimable(contrast):
            return "D"
        low, high = self.mixture(contrast).interval(GRADE_LEVEL)
        return grade(0.5 * (high - low), self.fit.size, self.fit.bounds)

    def mixture(self, contrast: FloatArray) -> StudentMixture:
        """Return the posterior of ``contrast @ beta`` in the mixture of datings."""
        parts = [(self.fit.posterior.dating(d.dating).combination(contrast), d.weight) for d in self.datings]
        return StudentMixture(
            np.concatenate([weight * mixture.weight for mixture, weight in parts]),
            np.concatenate([mixture.centre for mixture, _ in parts]),
            np.concatenate([mixture.scale for mixture, _ in parts]),
            parts[0][0].dof,
        )

    @cached_property
    def _estimates_and_draws(self) -> tuple[FloatArray, list[FloatArray]]:
        """Estimates, shape (r + 1,), and draws of each dating, shape (r + 1, N); the residual comes last."""
        estimates, samples = [], []
        for dated in self.datings:
            parts = dated.parts
            estimate = np.array([parts.estimate[list(row.members)].sum() for row in self.rows])
            draws = np.array([parts.draws[list(row.members)].sum(axis=0) for row in self.rows])
            draws = draws.reshape(len(self.rows), parts.draws.shape[1])
            estimates.append(np.append(estimate, self.absolute - estimate.sum()))
            samples.append(np.vstack([draws, self.absolute - draws.sum(axis=0)]))
        weights = np.array([d.weight for d in self.datings])
        return np.asarray(weights @ np.array(estimates)), samples

    @cached_property
    def _limits(self) -> FloatArray:
        tail = 0.5 * (1 - self.fit.level)
        return weighted_quantiles(
            self._estimates_and_draws[1], [d.weight for d in self.datings], (tail, 1 - tail)
        )

    @cached_property
    def residual(self) -> tuple[float, float, float]:
        """Estimate and limits of what no named part explains, per period."""
        estimate = self.absolute - float(self._estimates_and_draws[0][:-1].sum())
        return estimate, float(self._limits[-1, 0]), float(self._limits[-1, 1])

    @cached_property
    def contributions(self) -> tuple[Contribution, ...]:
        """Rows of the table; with the residual they add up to the change."""
        estimates, _ = self._estimates_and_draws
        return tuple(
            Contribution(
                row.kind,
                row.event_ids,
                row.group.id if row.group else None,
                row.label,
                float(estimates[k]),
                float(self._limits[k, 0]),
                float(self._limits[k, 1]),
                self._share(float(estimates[k])),
                row.grade,
            )
            for k, row in enumerate(self.rows)
        )

    def combined(self, chosen: Callable[[Row], bool]) -> tuple[float, float, float]:
        """Return estimate and limits of the sum of the rows chosen, per period; zeros if there is none."""
        picked = [k for k, row in enumerate(self.rows) if chosen(row)]
        if not picked:
            return 0.0, 0.0, 0.0
        estimates, samples = self._estimates_and_draws
        sums = [sample[picked].sum(axis=0, keepdims=True) for sample in samples]
        tail = 0.5 * (1 - self.fit.level)
        low, high = weighted_quantiles(sums, [d.weight for d in self.datings], (tail, 1 - tail))[0]
        return float(estimates[picked].sum()), float(low), float(high)

    def _share(self, estimate: float) -> float | None:
        _, lower, upper = self.residual
        if abs(self.absolute) < 0.5 * (upper - lower) or self.absolute == 0:
            return None
        return estimate / self.absolute

    def change(self) -> dict[str, Any]:
        """Return the observed change with the contract's keys."""
        w = self.windows
        series = self.fit.series
        factor = None if series.rate else ANNUALISE.get(series.frequency)
        return {
            "from": w.observed_before,
            "to": w.observed_after,
            "absolute": self.absolute,
            "percent": 100 * self.absolute / w.observed_before if w.observed_before else None,
            "from_window": str(self.before),
            "to_window": str(self.after),
            "n_from": len(w.before),
            "n_to": len(w.after),
            "unit": self.fit.series.unit,
            "per": PER[self.fit.series.frequency],
            **({"rate": True} if series.rate else {}),
            "annualised": None
            if factor is None
            else {
                "from": factor * w.observed_before,
                "to": factor * w.observed_after,
                "absolute": factor * self.absolute,
            },
        }

    def identification(self) -> list[dict[str, Any]]:
        """Return every event with grade, group and reason; constant and left-out ones included."""
        owner = {event_id: group for group in self.groups for event_id in group.event_ids}
        inactive = {
            event_id: term
            for term in self.fit.posterior.design.event_terms
            if term.name not in self.active
            for event_id in term.event_ids
        }
        rows: list[dict[str, Any]] = []
        for entry in self.fit.identification():
            event_id = entry["event_id"]
            if event_id in inactive:
                reason = "constant: in force alike in every observed period of both windows"
                rows.append({"event_id": event_id, "grade": None, "group": None, "reason": reason})
            elif event_id in owner:
                group = owner[event_id]
                rows.append({"event_id": event_id, "grade": "D", "group": group.id, "reason": group.reason})
            elif entry["grade"] is None:
                rows.append(entry)
            else:
                own = next(row for row in self.rows if row.event_ids == (event_id,))
                reason = entry["reason"] if own.grade == "D" else "estimated alone between these windows"
                rows.append({"event_id": event_id, "grade": own.grade, "group": None, "reason": reason})
        return rows

    def timing(self) -> dict[str, Any]:
        """Return the timing lens: the decomposition under each dating, groups as rows."""
        datings = []
        tail = 0.5 * (1 - self.fit.level)
        for k, dated in enumerate(self.datings):
            sample = self._estimates_and_draws[1][k]
            limits = weighted_quantiles([sample], [1.0], (tail, 1 - tail))
            estimates = [float(dated.parts.estimate[list(row.members)].sum()) for row in self.rows]
            rows = [
                {
                    "label": row.label,
                    "event_ids": list(row.event_ids),
                    "estimate": estimates[r],
                    "lower": float(limits[r, 0]),
                    "upper": float(limits[r, 1]),
                }
                for r, row in enumerate(self.rows)
            ]
            datings.append(
                {
                    "dating": dated.dating,
                    "weight": dated.weight,
                    "probability": dated.probability,
                    "contributions": rows,
                    "residual": {
                        "estimate": self.absolute - sum(estimates),
                        "lower": float(limits[-1, 0]),
                        "upper": float(limits[-1, 1]),
                    },
                }
            )
        return {
            "datings": datings,
            "lmdi": lmdi(self).to_record(),
            "method": "Shapley value of the window means in the joint structural posterior",
        }

    @cached_property
    def accounting(self) -> tuple[Accounting | None, str]:
        """The accounting lens on the same windows, or None and why it cannot speak."""
        return account_or_reason(self.fit.series, self.before, self.after)

    @property
    def per_year(self) -> int:
        """Periods a year, by which means are annualised; 1 for weekly and daily series and for rates."""
        return annualise(self.fit.series)

    @cached_property
    def comparison(self) -> tuple[Comparison | None, str]:
        """The comparison lens on the same windows, or None and why it cannot speak."""
        return compare_or_reason(self.fit.series, self.before, self.after)

    def lenses(self) -> dict[str, Any]:
        """Return the lenses; one that cannot speak is null, and ``silent`` says why."""
        others = {"accounting": self.accounting, "comparison": self.comparison}
        records = {name: None if found is None else found.to_record() for name, (found, _) in others.items()}
        silent = {name: reason for name, (_, reason) in others.items() if reason}
        return {"timing": self.timing(), **records, "silent": silent}

    def to_record(self) -> dict[str, Any]:
        """Return the contract's `attribute` document."""
        from analysis.attribution.triangulation import triangulate
        from analysis.interventions.describe import assumptions, model

        estimate, lower, upper = self.residual
        return {
            "series": self.fit.series.id,
            "change": self.change(),
            "contributions": [row.to_record() for row in self.contributions],
            "residual": {"estimate": estimate, "lower": lower, "upper": upper},
            "unmoved": [{"kind": row.kind, "label": row.label, "reason": UNMOVED} for row in self.unmoved],
            "level": self.fit.level,
            "identification": self.identification(),
            "lenses": self.lenses(),
            "triangulation": triangulate(self).to_record(),
            "evidence": None if self.evidence is None else self.evidence.to_record(),
            "model": model(self.fit),
            "warnings": list(self.fit.warnings),
            "assumptions": [*assumptions(self.fit), *cannot_say(self.fit.series)],
            "estimand": self.fit.series.estimand,
            "record_id": None,
            "stored": False,
            "url": None,
        }

    def heading(self) -> str:
        """Return the change in words, annualised."""
        change = self.change()
        shown = change["annualised"] or change
        per = " a year" if change["annualised"] else "" if change.get("rate") else f" a {change['per']}"
        return (
            f"{self.fit.series.title}: {self.before} to {self.after}, from {shown['from']:,.0f} to "
            f"{shown['to']:,.0f} {change['unit']}{per} ({shown['absolute']:+,.0f})"
        )

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return rows and residual, annualised: estimate, limits, share, grade."""
        factor = self.per_year
        columns = ("dated to", "estimate", "lower", "upper", "share", "grade")
        rows: list[list[Cell]] = [
            [r.label, factor * r.estimate, factor * r.lower, factor * r.upper, r.share, r.grade]
            for r in self.contributions
        ]
        estimate, lower, upper = (factor * value for value in self.residual)
        rows.append([UNEXPLAINED, estimate, lower, upper, self._share(self.residual[0]), None])
        return columns, rows

    def _lens_words(self) -> list[str]:
        """Return what the other lenses say, and where they meet the timing lens or do not."""
        from analysis.attribution.triangulation import triangulate

        lines: list[str] = []
        for name, (found, reason) in (("Accounting", self.accounting), ("Comparison", self.comparison)):
            words = (f"it cannot speak: {reason}.",) if found is None else found.words()
            lines += [f"{name} lens: {text}" for text in words]
        rows = [row for row in triangulate(self).rows if row.kind in ("event", "subtotal")]
        return [*lines, *(f"The lenses on {row.label}: {row.agreement}. {row.words}" for row in rows)]

    def notes(self) -> Sequence[str]:
        """Return estimand, groups with their reasons, what is constant, the other lenses and the caveats."""
        lines = [f"Estimand: {self.fit.series.estimand}"]
        lines += [f"One group, {' + '.join(g.event_ids)}: {g.reason}." for g in self.groups]
        others = [row for row in self.identification() if row["grade"] is None]
        lines += [f"{row['event_id']}: {row['reason']}." for row in others]
        lines += [f"{row.label}: {UNMOVED}." for row in self.unmoved]
        weights = ", ".join(f"{d.dating} {d.weight:.2f}" for d in self.datings)
        if len(self.datings) > 1:
            lines.append(f"Weights of the datings: {weights}.")
        lines += self._lens_words()
        if self.evidence is not None:
            lines += [f"Evidence: {text}" for text in self.evidence.words()]
        return [*lines, *self.fit.warnings, *cannot_say(self.fit.series)]
