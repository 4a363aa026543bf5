"""The regression that the peers share: one design, one dating, the columns that can be estimated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analysis.domain import FloatArray, TradeSeries
from analysis.interventions.counterfactual import Path
from analysis.interventions.dating import Dating
from analysis.interventions.design import Design, Scale, Term, Variant
from analysis.interventions.identification import Aliasing
from analysis.interventions.peers.arma import ArimaOrder
from analysis.interventions.peers.estimate import critical
from analysis.interventions.peers.inputs import MeasuredInput
from analysis.interventions.peers.specification import SyntheticOptions
from analysis.interventions.settings import DesignRecipe, Settings
from analysis.interventions.shapes import DECAYING
from analysis.numerics.least_squares import least_squares

SHARE_PASSES = 3
"""Passes in which the columns of partial periods settle (contract, "Day rule")."""


@dataclass(frozen=True)
class PeerProblem:
    """One series and design under one dating.

    Attributes
    ----------
    recipe : DesignRecipe
    design : Design
        Aliased columns pinned.
    aliasing : Aliasing
    dating : Dating
    link : {"identity", "log"}
        ``log`` for a quasi-likelihood of the values themselves.
    order : ArimaOrder or None
        Of the noise, where the caller gave one.
    raw_controls : mapping of str to ndarray of shape (T,)
        Controls as given, for donors.
    inputs : tuple of MeasuredInput
        Of ``transfer``.
    offset : ndarray of shape (T,), optional
        Logs of the exposure of a regression for counts.
    wandering_slope : bool
        Whether a local trend was asked for; the methods without one take a linear trend.
    synthetic : SyntheticOptions
    """

    recipe: DesignRecipe
    design: Design
    aliasing: Aliasing
    dating: Dating
    link: str = "identity"
    order: ArimaOrder | None = None
    raw_controls: Mapping[str, FloatArray] | None = None
    inputs: tuple[MeasuredInput, ...] = ()
    offset: FloatArray | None = None
    wandering_slope: bool = False
    synthetic: SyntheticOptions = field(default_factory=SyntheticOptions)

    @property
    def series(self) -> TradeSeries:
        """The series."""
        return self.recipe.series

    @property
    def settings(self) -> Settings:
        """The choices of the fit."""
        return self.recipe.settings

    @property
    def scale(self) -> Scale:
        """Scale of the effects."""
        return self.settings.scale

    @property
    def y(self) -> FloatArray:
        """Values on the model's scale, shape (T,); NaN where unobserved."""
        values = self.series.values
        return np.log(values) if self.scale == "log" and self.link == "identity" else values

    @property
    def observed(self) -> NDArray[np.bool_]:
        """Positions with a value, shape (T,)."""
        return np.isfinite(self.series.values)

    @property
    def kept(self) -> NDArray[np.intp]:
        """Columns that are estimated."""
        return np.setdiff1d(np.arange(len(self.design.precision)), self.aliasing.pinned)

    @property
    def variants(self) -> list[Variant]:
        """Variants of the design under this dating, one for every combination of decays."""
        return [v for v in self.design.variants if v.dating == self.dating]

    def variant(self) -> Variant:
        """Return the variant whose decays fit best by least squares."""
        seen, kept = self.observed, self.kept
        target = np.log(np.maximum(self.y, self._floor())) if self.link == "log" else self.y
        return min(self.variants, key=lambda v: least_squares(target[seen], v.columns[seen][:, kept]).ssr)

    def decaying_terms(self) -> list[Term]:
        """Return the event terms with a decay, in the order of the variants' decays."""
        events = self.recipe.events
        return [t for t in self.design.event_terms if events[t.event_ids[0]].shape in DECAYING]

    def without_events(self, columns: FloatArray) -> FloatArray:
        """Return the design with the columns of policy events set to zero; data breaks stay."""
        result = columns.copy()
        for term in self.design.event_terms:
            if term.kind == "event":
                result[:, term.columns] = 0.0
        return result

    def embed(self, beta: FloatArray, covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return coefficients and covariance of the kept columns among all p columns."""
        p = len(self.design.precision)
        mean, full = np.zeros(p), np.zeros((p, p))
        mean[self.kept] = beta
        full[np.ix_(self.kept, self.kept)] = covariance
        return mean, full

    def mean_path(
        self,
        columns: FloatArray,
        mean: FloatArray,
        covariance: FloatArray,
        dof: int | None,
        offset: FloatArray | None = None,
    ) -> Path:
        """Return the fitted path without policy events and the limits of its mean."""
        rows = self.without_events(columns)
        centre = rows @ mean + (0.0 if offset is None else offset)
        return self.path(centre, np.sqrt(np.einsum("ti,ij,tj->t", rows, covariance, rows)), dof)

    def path(self, centre: FloatArray, error: FloatArray, dof: int | None) -> Path:
        """Return a path on the scale of the series with limits ``centre +- quantile * error``."""
        half = critical(dof, 0.5 * (1 + self.settings.level)) * error
        ends = (centre, centre - half, centre + half)
        return Path(*(np.exp(e) for e in ends)) if self.scale == "log" else Path(*ends)

    def _floor(self) -> float:
        values = self.y[self.observed]
        return 0.5 * float(values[values > 0].min())
