"""The result of `fit_interventions`: effects, groups, identification, counterfactual."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.domain import FloatArray
from analysis.interventions import describe
from analysis.interventions.counterfactual import Path, expected_path
from analysis.interventions.design import Term
from analysis.interventions.doubts.search import by_combination
from analysis.interventions.effects import EffectResult
from analysis.interventions.joint.modal import Mode
from analysis.interventions.joint.posterior import DatingPosterior, StructuralPosterior
from analysis.interventions.shapes import DECAYING

if TYPE_CHECKING:
    from analysis.interventions.doubts import Checks
    from analysis.interventions.doubts.search import Search


@dataclass(frozen=True)
class InterventionResult(EffectResult):
    """Effects of all events of a design by the joint structural posterior.

    Attributes
    ----------
    posterior : StructuralPosterior
        The others are those of `EffectResult`.
    search : Search or None
        Dates and shapes that were integrated over (``shape="auto"``).
    """

    posterior: StructuralPosterior
    search: Search | None = None

    @property
    def reported(self) -> DatingPosterior:
        """Posterior under the reported dating."""
        return self.posterior.dating(self.clock)

    @cached_property
    def counterfactual(self) -> Path:
        """The path without policy events, on the scale of the series."""
        return expected_path(self.posterior, self.reported, level=self.level, logs=self.logs)

    @cached_property
    def checks(self) -> Checks:
        """Whether date, shape and noise are right, as far as the data tell."""
        from analysis.interventions.doubts import check

        return check(self)

    def notes(self) -> list[str]:
        """Return doubts first, then the notes of every method."""
        slopes = [self._slope_words(row) for row in self.coefficients() if row["kind"] == "slope"]
        return [*slopes, *(f"Doubt: {doubt.text}" for doubt in self.checks.doubts), *super().notes()]

    def _slope_words(self, row: dict[str, Any]) -> str:
        unit = "logs" if self.logs else self.series.unit
        return (
            f"{row['name']}, change of slope: {row['estimate']:.4g} {unit} a year "
            f"({100 * self.level:g} % interval {row['lower']:.4g} to {row['upper']:.4g})."
        ).replace("  ", " ")

    @cached_property
    def mode(self) -> Mode:
        """The posterior at its most likely point: one-step errors, residuals, level, operator."""
        return Mode.of(self.posterior, self.reported)

    def coefficients(self) -> list[dict[str, Any]]:
        """Return trend, covariates and slopes with their limits, on the model's scale.

        A covariate's is per unit as it stands in the design: standardised for a control.
        """
        rows = []
        for term in self.posterior.design.terms:
            slope = [term.columns.start + 1] if self._has_slope(term) else []
            own = (
                range(term.columns.start, term.columns.stop) if term.kind in ("trend", "covariate") else slope
            )
            for number, column in enumerate(own):
                contrast = np.zeros(len(self.posterior.design.precision))
                contrast[column] = 1.0
                found = self._summary(contrast)
                if found is None:
                    continue
                rows.append(
                    {
                        "name": term.name if len(own) == 1 else f"{term.name}.{number + 1}",
                        "kind": "slope" if slope else term.kind,
                        "per": "year" if slope or term.kind == "trend" else "unit of its column",
                        **{key: found[key] for key in ("estimate", "se", "lower", "upper", "p_sign")},
                    }
                )
        return rows

    def without_discounts(self) -> list[dict[str, Any]]:
        """Return the effects if no period may carry more variance; empty where none may."""
        plain = next((d for d in self.posterior.undiscounted if d.dating == self.reported.dating), None)
        if plain is None:
            return []
        rows = []
        for term in self.posterior.design.event_terms:
            contrast = self.weights([term.name])
            if self.aliasing.estimable(contrast):
                mixture = plain.combination(contrast)
                lower, upper = mixture.interval(self.level)
                values = {"estimate": mixture.mean(), "se": mixture.sd(), "lower": lower, "upper": upper}
                rows.append({"event_ids": list(term.event_ids), **values})
        return rows

    def _has_slope(self, term: Term) -> bool:
        return bool(term.event_ids) and self.events[term.event_ids[0]].shape == "level_slope"

    def to_record(self) -> dict[str, Any]:
        """Return the contract's `intervene` document, with other coefficients, errors, checks and doubts."""
        record = super().to_record()
        found = self.coefficients()
        slopes = {row["name"]: row for row in found if row["kind"] == "slope"}
        for effect in record["effects"]:
            if effect["event_id"] in slopes:
                effect["slope"] = {
                    k: v for k, v in slopes[effect["event_id"]].items() if k not in ("name", "kind")
                }
        doubts = [doubt.to_record() for doubt in self.checks.doubts]
        checked = {"doubts": doubts, "checks": self.checks.to_record()}
        return record | {"coefficients": found, "errors": describe.errors(self)} | checked

    def model(self) -> dict[str, Any]:
        """Return what was fitted: scale, terms, priors, sample, vintage and digests."""
        record = describe.model(self)
        if self.search is not None:
            reported = self.reported
            weight = by_combination(
                reported.variant,
                reported.weight,
                len(self.search.combinations),
                len(self.posterior.design.variants) // len(self.search.combinations),
            )
            record["shape"] = {"asked": "auto", **self.search.record(weight)}
        return record

    def diagnostics(self) -> dict[str, Any]:
        """Return the posterior of the noise, the months discounted and how the grid was used."""
        return describe.diagnostics(self)

    def assumptions(self) -> list[str]:
        """Return the identifying assumptions, in words."""
        return describe.assumptions(self)

    def decay(self, term: Term) -> dict[str, float]:
        """Return mean and limits of the posterior of a decay."""
        decaying = [
            t.name for t in self.posterior.design.event_terms if self.events[t.event_ids[0]].shape in DECAYING
        ]
        position = decaying.index(term.name)
        reported = self.reported
        values = np.array([self.posterior.design.variants[v].decays[position] for v in reported.variant])
        support: FloatArray = np.unique(values)
        mass = np.array([reported.weight[values == v].sum() for v in support])
        cumulative = np.cumsum(mass)
        tail = 0.5 * (1 - self.level)
        return {
            "mean": float(mass @ support),
            "lower": float(support[int(np.searchsorted(cumulative, tail))]),
            "upper": float(support[min(int(np.searchsorted(cumulative, 1 - tail)), len(support) - 1)]),
        }
