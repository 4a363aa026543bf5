"""The posterior at its modal noise cell: smoothed months and leave-one-out residuals."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg

from analysis.domain import FloatArray
from analysis.interventions.posterior import DatingPosterior, StructuralPosterior
from analysis.numerics.noise import covariance
from analysis.numerics.smoothing import smooth

OUTLIER_RESIDUAL = 3.0
MOST_OUTLIERS = 3
ALONE = 1e-6
"""A month whose leave-one-out precision is below this share of the largest identifies a column alone."""


@dataclass(frozen=True)
class Mode:
    """One posterior at its most likely point.

    Attributes
    ----------
    posterior : StructuralPosterior
    columns : ndarray, shape (T, p)
        Design of the modal variant.
    beta : ndarray, shape (p,)
    cell : int
        Modal cell of the noise grid.
    """

    posterior: StructuralPosterior
    columns: FloatArray
    beta: FloatArray
    cell: int

    @classmethod
    def of(cls, posterior: StructuralPosterior, dating: DatingPosterior) -> Mode:
        """Return the mode of `dating`."""
        top = int(np.argmax(dating.weight))
        variant = posterior.design.variants[int(dating.variant[top])]
        return cls(posterior, variant.columns, dating.coefficients.mean[top], int(dating.cell[top]))

    def covariance(self) -> FloatArray:
        """Return the covariance of level, white and AR parts over the stationary variance, shape (T, T)."""
        level, stationary = covariance(self.posterior.grid, self.cell, self.posterior.sample)
        return level + stationary

    def months(self) -> FloatArray:
        """Return the smoothed months on the model's scale, unobserved ones included, shape (T,).

        Conditions on the observations, and on the totals where the pass had them.
        """
        seen = self.posterior.evidence.observed
        y = np.nan_to_num(self.posterior.evidence.y)
        joint = self.covariance()
        rows = np.eye(len(seen))[seen]
        values = y[seen]
        noise = self.posterior.sample.measurement[seen]
        weights, totals = self.posterior.total_rows, self.posterior.evidence.totals
        if weights is not None and totals is not None and self.posterior.total_values is not None:
            rows = np.vstack([rows, weights])
            values = np.append(values, self.posterior.total_values)
            scale = totals.error if totals.logs else totals.error * np.abs(totals.value)
            noise = np.append(noise, scale**2 / self.posterior.variance)
        across = joint @ rows.T
        gain = linalg.solve(rows @ across + np.diag(noise), across.T, assume_a="pos").T
        fitted = self.columns @ self.beta
        return np.asarray(fitted + gain @ (values - rows @ fitted))

    def residuals(self, measurement: FloatArray) -> FloatArray:
        """Return standardised leave-one-out residuals, shape (T,); 0 where they do not exist.

        They do not exist for unobserved months and for a month that alone identifies a column.
        """
        seen = self.posterior.evidence.observed
        y = self.posterior.evidence.y[seen]
        x = self.columns[seen]
        x = x[:, np.abs(x).max(axis=0) > 0]
        if self.posterior.dense:
            variance = self.covariance()[np.ix_(seen, seen)] + np.diag(measurement[seen])
            factor = linalg.cho_factor(variance, lower=True)
            precision = linalg.cho_solve(factor, np.eye(len(y)))
            projected = precision @ x
            left = precision - projected @ np.linalg.lstsq(x.T @ projected, projected.T, rcond=None)[0]
            q, raw = np.diag(left).copy(), left @ y
        else:
            q, raw = self._without_dense(x, y, measurement)
        alone = q < ALONE * q.max()
        dof = len(y) - x.shape[1]
        rss = float(y @ raw)
        q[alone] = 1.0
        without = np.maximum(rss - raw**2 / q, 0.0) / max(dof - 1, 1)
        scores = np.where(alone | (without <= 0), 0.0, raw / np.sqrt(q * np.where(without > 0, without, 1.0)))
        result = np.zeros(len(seen))
        result[seen] = scores
        return result

    def _without_dense(
        self, x: FloatArray, y: FloatArray, measurement: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return the diagonal of the precision left of the design, and its product with `y`."""
        seen = self.posterior.evidence.observed
        columns = np.zeros((len(seen), x.shape[1] + 1))
        columns[seen] = np.column_stack([x, y])
        sample = replace(self.posterior.sample, observed=seen, measurement=measurement)
        cell = self.posterior.grid.take(np.array([self.cell]))
        found = smooth(columns, cell, sample, np.zeros((1, len(seen))))
        products, diagonal = found.products[0][seen], found.diagonal[0][seen]
        projected = products[:, :-1]
        solved = np.linalg.lstsq(x.T @ projected, projected.T, rcond=None)[0]
        return diagonal - np.einsum("np,pn->n", projected, solved), products[:, -1] - projected @ (solved @ y)

    def outliers(self, measurement: FloatArray) -> tuple[int, ...]:
        """Return up to three positions with a residual beyond 3, outside regimes and transitions."""
        scores = np.abs(self.residuals(measurement))
        scores[self.posterior.evidence.quiet] = 0.0
        order = np.argsort(-scores, kind="stable")[:MOST_OUTLIERS]
        return tuple(sorted(int(t) for t in order if scores[t] > OUTLIER_RESIDUAL))
