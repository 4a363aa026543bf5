"""What every method's result holds: effects, groups, identification, counterfactual, one record.

The estimates are read through `EffectEstimates`, so that the joint posterior and the usual methods beside
it are reported, grouped and graded by the same code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from analysis.domain import Cell, EventTable, FloatArray, Result, TradeSeries, Window
from analysis.interventions.counterfactual import Path
from analysis.interventions.dating import Dating
from analysis.interventions.design import Design, Scale, Term, Trend
from analysis.interventions.detectable import minimum_detectable
from analysis.interventions.identification import (
    DEFAULT_BOUNDS,
    Aliasing,
    Bounds,
    Group,
    find_groups,
    grade,
)
from analysis.interventions.shapes import SHAPE_WORDS

GRADE_LEVEL = 0.95


class Marginal(Protocol):
    """Distribution of one contrast of the coefficients."""

    def mean(self) -> float:
        """Return the estimate."""

    def sd(self) -> float:
        """Return its standard deviation or standard error."""

    def cdf(self, x: float) -> float:
        """Return the probability of a value at or below `x`."""

    def survival(self, x: float) -> float:
        """Return the probability of a value above `x`."""

    def interval(self, level: float) -> tuple[float, float]:
        """Return the equal-tailed interval of probability `level`."""


class DatedEstimates(Protocol):
    """Estimates under one dating."""

    @property
    def dating(self) -> Dating:
        """The dating."""

    @property
    def mean(self) -> FloatArray:
        """Coefficients, shape (p,)."""

    @property
    def covariance(self) -> FloatArray:
        """Their covariance, shape (p, p)."""

    def combination(self, weights: FloatArray) -> Marginal:
        """Return the distribution of ``weights @ beta``."""


class EffectEstimates(Protocol):
    """Estimates of one series and design under every dating that was fitted."""

    @property
    def design(self) -> Design:
        """Terms and variants."""

    @property
    def datings(self) -> Sequence[DatedEstimates]:
        """Estimates under each dating."""

    def dating(self, name: Dating) -> DatedEstimates:
        """Return the estimates under one dating; ``full`` stands for all where there is one only."""


@dataclass(frozen=True)
class Effect:
    """Marginal posterior of one event's effect, on the model's scale.

    `estimate` is null for exactly aliased columns.
    """

    event_id: str
    shape: str
    estimate: float | None
    se: float | None
    lower: float | None
    upper: float | None
    p_sign: float | None
    group: str | None
    grade: str
    reason: str
    decay: Mapping[str, float] | None = None


@dataclass(frozen=True)
class EffectResult(Result):
    """Effects of all events of a design, jointly estimated.

    Attributes
    ----------
    series : TradeSeries
    events : EventTable
    posterior : EffectEstimates
    aliasing : Aliasing
    scale : Scale
    seasonal : bool
    trend : Trend
    clock : Dating
        The dating whose effects are reported; groups use all that were fitted.
    level : float
        Probability of the intervals.
    regimes : tuple of Window
    controls : tuple of str
    lunar : bool
    warnings : tuple of str
        Sentences for stderr and the record.
    bounds : Bounds
    """

    series: TradeSeries
    events: EventTable
    posterior: EffectEstimates
    aliasing: Aliasing
    scale: Scale
    seasonal: bool
    trend: Trend
    clock: Dating
    level: float
    regimes: tuple[Window, ...]
    controls: tuple[str, ...]
    lunar: bool
    warnings: tuple[str, ...] = ()
    bounds: Bounds = field(default=DEFAULT_BOUNDS)

    @property
    def logs(self) -> bool:
        """Whether the model is in logs."""
        return self.scale == "log"

    @property
    def size(self) -> float:
        """1 in logs, the mean of |y| on the level scale."""
        return 1.0 if self.logs else float(np.nanmean(np.abs(self.series.values)))

    @property
    def reported(self) -> DatedEstimates:
        """Estimates under the reported dating."""
        return self.posterior.dating(self.clock)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Groups of events that the data cannot tell apart."""
        return find_groups(self.posterior, self.events, self.aliasing, size=self.size, bounds=self.bounds)

    @cached_property
    def effects(self) -> tuple[Effect, ...]:
        """Effect of every event of the design, in canonical order."""
        owner = {event_id: group for group in self.groups for event_id in group.event_ids}
        found: list[Effect] = []
        for term in self.posterior.design.event_terms:
            alone = self._estimate(term) if len(term.event_ids) == 1 else None
            found += [self._effect(event_id, term, alone, owner.get(event_id)) for event_id in term.event_ids]
        return tuple(found)

    @cached_property
    def counterfactual(self) -> Path:
        """The path without policy events, on the scale of the series; NaN where there is none."""
        raise NotImplementedError

    def model(self) -> dict[str, Any]:
        """Return what was fitted, and how."""
        raise NotImplementedError

    def diagnostics(self) -> dict[str, Any]:
        """Return what speaks about the fit."""
        raise NotImplementedError

    def assumptions(self) -> list[str]:
        """Return the identifying assumptions, in words."""
        raise NotImplementedError

    def decay(self, term: Term) -> dict[str, float]:
        """Return the decay of a gradual or temporary response, with its limits."""
        raise NotImplementedError

    def weights(self, terms: Sequence[str]) -> FloatArray:
        """Return the contrast that sums the effects of `terms`, shape (p,)."""
        contrast = np.zeros(len(self.posterior.design.precision))
        for term in self.posterior.design.event_terms:
            if term.name in terms:
                contrast[term.columns.start] = 1.0
        return contrast

    def summarise(self, terms: Sequence[str]) -> dict[str, float] | None:
        """Return mean, sd, limits and sign probability of the sum of `terms`; None if not identified.

        A method without standard errors gives the estimate alone.
        """
        return self._summary(self.weights(terms))

    def _summary(self, contrast: FloatArray) -> dict[str, float] | None:
        if not self.aliasing.estimable(contrast):
            return None
        mixture = self.reported.combination(contrast)
        if not np.isfinite(mixture.sd()):
            return {"estimate": mixture.mean()}
        lower, upper = mixture.interval(self.level)
        low, high = (lower, upper) if self.level == GRADE_LEVEL else mixture.interval(GRADE_LEVEL)
        mean = mixture.mean()
        sign = mixture.survival(0.0) if mean > 0 else mixture.cdf(0.0)
        return {
            "estimate": mean,
            "se": mixture.sd(),
            "lower": lower,
            "upper": upper,
            "p_sign": sign,
            "half_width": 0.5 * (high - low),
        }

    def _estimate(self, term: Term) -> dict[str, float] | None:
        return None if term.name in self.aliasing.unidentified else self.summarise([term.name])

    def _effect(
        self, event_id: str, term: Term, found: Mapping[str, float] | None, group: Group | None
    ) -> Effect:
        shape = self.events[term.event_ids[0]].shape
        if group is not None:
            letter, reason = "D", f"reported with its group: {group.reason}"
        elif found is None:
            letter, reason = "D", self._unidentified(term)
        elif "half_width" not in found:
            letter, reason = "D", "the method has no standard error"
        else:
            letter = grade(found["half_width"], self.size, self.bounds)
            unit = "" if self.logs else f" {self.series.unit}"
            reason = f"half-width of the 95 % interval {found['half_width']:.3g}{unit}"
        values = found or {}
        return Effect(
            event_id,
            shape,
            values.get("estimate"),
            values.get("se"),
            values.get("lower"),
            values.get("upper"),
            values.get("p_sign"),
            group.id if group else None,
            letter,
            reason,
            self.decay(term) if shape in ("gradual", "temporary") else None,
        )

    def _unidentified(self, term: Term) -> str:
        partners = sorted({name for pair in self.aliasing.partners if term.name in pair for name in pair})
        others = [name for name in partners if name != term.name]
        if others:
            return f"its column cannot be told from {', '.join(others)}"
        return "no observation informs it: its column cannot be told from the level, trend or season"

    def to_record(self) -> dict[str, Any]:
        """Return the contract's `intervene` document."""
        path = self.counterfactual
        return {
            "series": self.series.id,
            "effects": [self._effect_record(effect) for effect in self.effects],
            "groups": [self._group_record(group) for group in self.groups],
            "identification": self.identification(),
            "counterfactual": [
                {
                    "period": str(period),
                    "observed": observation.value,
                    "expected": _number(path.median[i]),
                    "lower": _number(path.lower[i]),
                    "upper": _number(path.upper[i]),
                }
                for i, (period, observation) in enumerate(
                    zip(self.series.periods, self.series.observations, strict=True)
                )
            ],
            "minimum_detectable": minimum_detectable(self),
            "level": self.level,
            "model": self.model(),
            "diagnostics": self.diagnostics(),
            "warnings": list(self.warnings),
            "estimand": self.series.estimand,
            "assumptions": self.assumptions(),
            "record_id": None,
            "stored": False,
            "url": None,
        }

    def identification(self) -> list[dict[str, Any]]:
        """Return grade, group and reason of every event, those left out included."""
        rows: list[dict[str, Any]] = [
            {"event_id": e.event_id, "grade": e.grade, "group": e.group, "reason": e.reason}
            for e in self.effects
        ]
        for event_id, reason in self.posterior.design.left_out.items():
            rows.append({"event_id": event_id, "grade": None, "group": None, "reason": f"left out: {reason}"})
        return rows

    def _effect_record(self, effect: Effect) -> dict[str, Any]:
        values = {
            "estimate": effect.estimate,
            "se": effect.se,
            "lower": effect.lower,
            "upper": effect.upper,
        }
        record: dict[str, Any] = {"event_id": effect.event_id, "shape": effect.shape}
        record |= self._scaled(values) | {
            "p_sign": effect.p_sign,
            "group": effect.group,
            "grade": effect.grade,
        }
        if effect.shape == "rush":
            record["rush"] = self._rush(effect.event_id)
        return record | ({"decay": dict(effect.decay)} if effect.decay else {})

    def _rush(self, event_id: str) -> dict[str, float | None]:
        """Return the change in the periods before a date, of an event of shape ``rush``."""
        term = next(t for t in self.posterior.design.event_terms if event_id in t.event_ids)
        contrast = np.zeros(len(self.posterior.design.precision))
        contrast[term.columns.start + 1] = 1.0
        return self._scaled(self._summary(contrast) or {})

    def _group_record(self, group: Group) -> dict[str, Any]:
        found = self.summarise(group.terms)
        half_width = (found or {}).get("half_width")
        letter = "D" if half_width is None else grade(half_width, self.size, self.bounds)
        record: dict[str, Any] = {"id": group.id, "event_ids": list(group.event_ids)}
        record |= self._scaled(found or {}) | {"grade": letter, "reason": group.reason}
        return record

    def _scaled(self, values: Mapping[str, float | None]) -> dict[str, float | None]:
        estimate, lower, upper = (values.get(key) for key in ("estimate", "lower", "upper"))
        record = {
            "log_effect": estimate if self.logs else None,
            "se": values.get("se"),
            "lower": lower,
            "upper": upper,
        }
        for key, value in (("percent", estimate), ("percent_lower", lower), ("percent_upper", upper)):
            record[key] = 100 * float(np.expm1(value)) if self.logs and value is not None else None
        return record if self.logs else {"effect": estimate, **record}

    def heading(self) -> str:
        """Return one line: what was estimated, on which series."""
        unit = "logs" if self.logs else self.series.unit
        return f"Effects dated to events in {self.series.title} ({unit}, {100 * self.level:g} % intervals)"

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return groups and ungrouped events: effect, standard deviation, limits, per cent, grade."""
        columns = (
            "event",
            "effect",
            "se",
            "lower",
            "upper",
            "percent",
            "percent_lower",
            "percent_upper",
            "grade",
        )
        rows: list[list[Cell]] = []
        shown: set[str] = set()
        records = {record["id"]: record for record in map(self._group_record, self.groups)}
        for effect in self.effects:
            if effect.group is None:
                record = self._effect_record(effect)
                name = effect.event_id
            elif effect.group not in shown:
                shown.add(effect.group)
                record = records[effect.group]
                name = " + ".join(record["event_ids"])
            else:
                continue
            value = record["log_effect"] if self.logs else record["effect"]
            rows.append(
                [
                    name,
                    value,
                    *(record[key] for key in ("se", "lower", "upper")),
                    *(record[key] for key in ("percent", "percent_lower", "percent_upper")),
                    record["grade"],
                ]
            )
        return columns, rows

    def notes(self) -> Sequence[str]:
        """Return estimand, shapes, groups and the constants of the rule."""
        lines = [f"Estimand: {self.series.estimand}"]
        shapes = {effect.shape for effect in self.effects}
        lines += [f"{shape}: {text}." for shape, text in SHAPE_WORDS.items() if shape in shapes]
        lines += [f"One group, {' + '.join(g.event_ids)}: {g.reason}." for g in self.groups]
        lines += [f"Left out: {i} ({reason})." for i, reason in self.posterior.design.left_out.items()]
        lines += list(self.warnings)
        return lines


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
