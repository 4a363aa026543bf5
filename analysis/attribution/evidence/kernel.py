"""Many refits of one series from one pass of the filter.

Refits differ in their columns, priors and noise, not in the covariance of a noise cell. So the filter
whitens all columns that any refit needs, once for every cell; a refit then picks its rows and columns of
the quadratic forms. What a refit shares with the answer, and does not estimate anew, is stated in `SHARED`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.attribution.evidence.layout import Part, assemble
from analysis.domain import FloatArray
from analysis.interventions.dating import Dating
from analysis.interventions.design import Design
from analysis.interventions.joint.measurement_error import LEADING
from analysis.interventions.joint.posterior import DatingPosterior, StructuralPosterior
from analysis.numerics.conjugate import cholesky_in_place, coefficients, log_marginal
from analysis.numerics.filtering import QuadraticForms, quadratic_forms, with_rows
from analysis.numerics.noise import KAPPA, NoiseGrid, NoiseSample

IndexArray = NDArray[np.intp]
Noise = Literal["full", "no random walk", "no AR part"]

NEGLIGIBLE = 1e-3
"""The lightest cells, up to this posterior mass together, are dropped from a refit."""
UNLIKELY = 1e-4
"""Cells of regime ratios beyond all cells with more posterior mass than this are left out of a curve."""
SHARED = (
    "Refits integrate over the noise cells of the fit they start from, without refining them anew; they hold "
    "the stationary variance that the measurement error is measured against, the months discounted by the "
    "answer (at their mean variance factor), decays (at their most likely value), partial periods and the "
    "linearised totals where that fit left them."
)


@dataclass(frozen=True, eq=False)
class Kernel:
    """Quadratic forms of all the columns that refits of one series need.

    Attributes
    ----------
    posterior : StructuralPosterior
        The fit it starts from.
    forms : QuadraticForms
        Over the distinct columns, then the responses.
    grid : NoiseGrid
    sample : NoiseSample
    index : mapping of bytes to int
        Where each distinct column stands.
    n_data : int
        Observations and totals.
    """

    posterior: StructuralPosterior
    forms: QuadraticForms
    grid: NoiseGrid
    sample: NoiseSample
    index: Mapping[bytes, int]
    n_data: int

    @classmethod
    def build(
        cls,
        posterior: StructuralPosterior,
        parts: Sequence[Part],
        discounted: FloatArray,
        *,
        responses: FloatArray | None = None,
        totals: bool = True,
        grid: NoiseGrid | None = None,
    ) -> Kernel:
        """Filter the columns of `parts`.

        Parameters
        ----------
        posterior : StructuralPosterior
        parts : sequence of Part
            All that any refit will use.
        discounted : ndarray, shape (T,)
            Variance added to single periods, over the stationary variance.
        responses : ndarray, shape (T, s), optional
            Series to refit; the one of the fit by default.
        totals : bool
            Whether the fit's totals over spans enter.
        grid : NoiseGrid, optional
            The noise cells to integrate over; `refit_grid` by default.
        """
        grid = refit_grid(posterior) if grid is None else grid
        index: dict[bytes, int] = {}
        columns: list[FloatArray] = []
        for part in parts:
            for matrix in part.columns.values():
                for column in matrix.T:
                    if column.tobytes() not in index:
                        index[column.tobytes()] = len(columns)
                        columns.append(column)
        own = np.nan_to_num(posterior.evidence.y)[:, None] if responses is None else responses
        shared = np.column_stack(columns)
        sample = replace(posterior.sample, discounted=discounted)
        n_data = int(sample.observed.sum())
        linear, spans = posterior.totals, posterior.evidence.totals
        if not totals or linear is None or spans is None:
            forms = quadratic_forms(shared, own, grid, sample)
        else:
            with_observed, among = spans.covariances(linear.rows, grid, sample)
            forms = quadratic_forms(shared, own, grid, sample, with_observed)
            forms = with_rows(forms, linear.rows @ shared, linear.values[:, None], among)
            n_data += len(linear.rows)
        return cls(posterior, forms, grid, sample, index, n_data)

    def restricted(self, noise: Noise) -> Kernel:
        """Return the cells without a random walk or an AR part, at their prior masses."""
        if noise == "full":
            return self
        held = {"no random walk": self.grid.zero_q, "no AR part": self.grid.share == 0}[noise]
        kept = np.flatnonzero(held)
        grid = self.grid.take(kept)
        mass = grid.mass / grid.mass.sum() if len(grid) else grid.mass
        return replace(self, forms=self.forms.take(kept), grid=replace(grid, mass=mass))

    def precision(self, design: Design) -> FloatArray:
        """Return the prior precision of the coefficients times the stationary variance, shape (p,).

        Where that is a coordinate of the grid the trend's entry awaits it (`precisions`).
        """
        precision = design.precision.copy()
        if design.trend_column is not None and self.grid.sigma2 is None:
            precision[design.trend_column] *= self.posterior.variance
        return precision

    def precisions(self, precision: FloatArray, trend: int | None) -> FloatArray:
        """Return the prior precision of the coefficients in every cell, shape (p, G)."""
        found = np.repeat(precision[:, None], len(self.grid), axis=1)
        if trend is not None and self.grid.sigma2 is not None:
            found[trend] *= self.grid.sigma2
        return found

    def refit(
        self, parts: Sequence[Part], datings: Sequence[Dating], *, response: int = 0
    ) -> StructuralPosterior:
        """Return the posterior of a design made of `parts`, which the kernel must hold.

        Parameters
        ----------
        parts : sequence of Part
        datings : sequence of Dating
        response : int
            Which of the responses.
        """
        design = assemble(parts, datings)
        precision = self.precision(design)
        dof = self.n_data - int((precision == 0).sum())
        fitted = []
        for number, variant in enumerate(design.variants):
            where = np.array([self.index[column.tobytes()] for column in variant.columns.T])
            priors = self.precisions(precision, design.trend_column)
            factor = self._factor(where, response, priors)
            score = log_marginal(factor, self.forms.logdet, priors[None], dof, self.grid.sigma2)[0]
            score += np.log(self.grid.mass)
            fitted.append(self._posterior(variant.dating, number, score, factor[0], dof))
        return StructuralPosterior(
            design,
            self.posterior.evidence,
            tuple(fitted),
            self.grid,
            self.sample,
            self.posterior.variance,
            (),
            np.ones((1, 0)),
            None,
            1,
            self.n_data,
        )

    def _factor(self, where: IndexArray, response: int, priors: FloatArray) -> FloatArray:
        """Return the Cholesky factors of the systems in all cells, shape (1, p + 1, p + 1, G)."""
        p = len(where)
        system = np.empty((1, p + 1, p + 1, len(self.grid)))
        system[0, :p, :p] = self.forms.inner[:, where[:, None], where].transpose(1, 2, 0)
        system[0, p, :p] = self.forms.mixed[:, where, response].T
        system[0, p, p] = self.forms.squares[:, response]
        steps = np.arange(p)
        system[0, steps, steps] += priors
        cholesky_in_place(system)
        return system

    def _posterior(
        self, dating: Dating, variant: int, score: FloatArray, factor: FloatArray, dof: int
    ) -> DatingPosterior:
        weight = np.exp(score - score.max())
        total = weight.sum()
        ascending = np.sort(weight)
        dropped = int(np.searchsorted(np.cumsum(ascending), NEGLIGIBLE * total))
        cells = np.flatnonzero(weight >= ascending[min(dropped, len(ascending) - 1)])
        kept = weight[cells]
        known = None if self.grid.sigma2 is None else self.grid.sigma2[cells]
        return DatingPosterior(
            dating,
            float(score.max() + np.log(total)),
            kept / kept.sum(),
            np.full(len(cells), variant),
            cells,
            np.zeros(len(cells), dtype=np.intp),
            coefficients(factor[:, :, cells].transpose(2, 0, 1), dof, known),
        )


def refit_grid(posterior: StructuralPosterior) -> NoiseGrid:
    """Return the noise cells that refits integrate over.

    Cells whose regime ratios the fit rules out are left out: the ratio of a regime depends on its own months
    and hardly on the choices that refits vary. Where measurement errors are a small part of the noise they
    are held against the stationary variance of the fit, which divides the number of cells by that of its
    nodes.
    """
    grid = posterior.grid
    kept = np.ones(len(grid), dtype=bool)
    for k in range(KAPPA, grid.lower.shape[1]):
        heavy = np.zeros(len(grid), dtype=bool)
        for dating in posterior.datings:
            mass = np.bincount(dating.cell, weights=dating.weight, minlength=len(grid))
            heavy |= mass > UNLIKELY
        low, high = grid.lower[heavy, k].min(), grid.upper[heavy, k].max()
        kept &= (grid.upper[:, k] > low) & (grid.lower[:, k] < high)
    grid = grid.take(np.flatnonzero(kept))
    sample = posterior.sample
    level = float(sample.measurement[sample.observed].mean())
    if grid.sigma2 is None or level >= LEADING * posterior.variance:
        return grid
    coordinates = np.column_stack([grid.lower, grid.upper, grid.share, grid.zero_q])
    _, first = np.unique(coordinates, axis=0, return_index=True)
    once = grid.take(np.sort(first))
    assert once.sigma2 is not None
    prior = once.mass * (once.sigma2 + level) / once.sigma2
    return replace(once, mass=prior / prior.sum(), sigma2=None)
