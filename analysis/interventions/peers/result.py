"""The result of a peer method: the same record as the joint posterior's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from analysis.interventions import describe
from analysis.interventions.counterfactual import Path
from analysis.interventions.design import Term
from analysis.interventions.effects import Effect, EffectResult
from analysis.interventions.peers.estimate import PeerEstimate, PeerEstimates, critical
from analysis.interventions.peers.methods import PEERS

NOT_READ = "measurement errors, variance regimes, outliers and totals over spans are not in this method"


MOST_WEIGHTS = 8
"""Largest weights that are printed."""


def synthetic_words(details: Mapping[str, Any]) -> list[str]:
    """Return weights, fit, starts and verdict of a synthetic control in sentences."""
    ranked = sorted(details["weights"].items(), key=lambda item: -abs(item[1]))
    shown = ", ".join(f"{name} {weight:.3f}" for name, weight in ranked[:MOST_WEIGHTS])
    rest = f" and {len(ranked) - MOST_WEIGHTS} more" if len(ranked) > MOST_WEIGHTS else ""
    better = details["improvement_over_equal_weights"]
    placebos = details["placebos"]
    lines = [
        f"Weights: {shown}{rest}.",
        f"Fit before the event: root mean squared gap {details['rmspe_before']:.4g}"
        + ("." if better is None else f", {100 * better:.0f} % below that of equal weights."),
        f"Placebo p {placebos['pvalue']:.3f}: rank {placebos['rank']} of {placebos['count'] + 1} by the "
        "ratio of gaps after to before.",
    ]
    if "placebo_in_time" in details:
        early = details["placebo_in_time"]
        lines.append(
            f"Placebo in time, from {early['from']}: mean gap {early['mean_gap']:.4g}, beside "
            f"{details['mean_gap']:.4g} after the event."
        )
    if "starts" in details:
        gaps = [start["mean_gap"] for start in details["starts"]]
        lines.append(
            f"Mean gap over {len(gaps)} starts of the search: {min(gaps):.4g} to {max(gaps):.4g}; the first "
            "matches best."
        )
    return [*lines, details["verdict"]]


@dataclass(frozen=True)
class PeerResult(EffectResult):
    """Effects by one of the usual methods.

    Attributes
    ----------
    posterior : PeerEstimates
        The others are those of `EffectResult`.
    method : str
        Name in `PEERS`.
    path_words : str
        What the counterfactual path and its limits are.
    """

    posterior: PeerEstimates
    method: str = "ols"
    path_words: str = ""

    @property
    def reported(self) -> PeerEstimate:
        """Estimates under the reported dating."""
        return self.posterior.dating(self.clock)

    @cached_property
    def counterfactual(self) -> Path:
        """The path without policy events, on the scale of the series; NaN where there is none."""
        return self.reported.path

    def summarise(self, terms: Sequence[str]) -> dict[str, float] | None:
        """Return the summary of `EffectResult`; of an effect that has a bound alone, the bound."""
        bounded = [self.reported.bounds[name] for name in terms if name in self.reported.bounds]
        if not bounded:
            return super().summarise(terms)
        if len(terms) > 1:
            return None
        ends = {"lower": bounded[0].lower, "upper": bounded[0].upper}
        return {key: value for key, value in ends.items() if value is not None}

    def identification(self) -> list[dict[str, Any]]:
        """Return grade, group and reason of every event; a bound says why it is one."""
        rows = super().identification()
        for row in rows:
            if row["event_id"] in self.reported.bounds:
                row["reason"] = self.reported.bounds[row["event_id"]].reason
            if self.ungraded and row["grade"] is not None:
                row |= {"grade": None, "reason": self.reported.details["verdict"]}
        return rows

    @property
    def ungraded(self) -> bool:
        """Whether the method speaks by placebos, in words, and has no standard error to grade."""
        return "verdict" in self.reported.details

    def _effect_record(self, effect: Effect) -> dict[str, Any]:
        record = super()._effect_record(effect)
        return record | {"grade": None} if self.ungraded else record

    def notes(self) -> Sequence[str]:
        """Return the notes of `EffectResult`; of a synthetic control also weights, fit and verdict."""
        return (*(synthetic_words(self.reported.details) if self.ungraded else ()), *super().notes())

    def model(self) -> dict[str, Any]:
        """Return what was fitted: estimator, covariance, null, scale, terms, sample and digests."""
        method = PEERS[self.method]
        dof = self.reported.dof
        return {
            "method": method.name,
            "estimator": method.estimator,
            "covariance": method.covariance,
            "degrees_of_freedom": dof,
            "null_hypothesis": method.null,
            "assumes": method.assumes,
            "when_not": method.avoid,
            "source": method.source,
            "counterfactual": self.path_words,
            "not_read": NOT_READ,
            **describe.common(self),
            "regimes": [],
        }

    def diagnostics(self) -> dict[str, Any]:
        """Return what the method says of itself, and the correlation of the effects."""
        return {**self.reported.details, "correlation": describe.correlations(self)}

    def assumptions(self) -> list[str]:
        """Return the identifying assumptions, in words."""
        return [
            f"{PEERS[self.method].title}: {PEERS[self.method].estimator}.",
            "A fall that began in the same months for another reason is counted with the event.",
            describe.RECORDED,
            f"When not to use it: {PEERS[self.method].avoid}.",
        ]

    def decay(self, term: Term) -> dict[str, float]:
        """Return estimate and limits of a decay; no limits where it is held."""
        value, error = self.reported.decays[term.name]
        if error is None:
            return {"mean": value}
        half = critical(None, 0.5 * (1 + self.level)) * error
        return {
            "mean": value,
            "se": error,
            "lower": float(np.clip(value - half, 0.0, 1.0)),
            "upper": float(np.clip(value + half, 0.0, 1.0)),
        }

    def heading(self) -> str:
        """Return one line: what was estimated, on which series, by which method."""
        return f"{super().heading()} by {PEERS[self.method].title.lower()}"
