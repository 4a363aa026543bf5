"""One posterior at its most likely point: whitening, one-step errors, operator, residuals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import linalg

from analysis.domain import FloatArray
from analysis.interventions.design import PINNED
from analysis.interventions.joint.outliers import leave_one_out
from analysis.interventions.joint.posterior import DatingPosterior, StructuralPosterior
from analysis.numerics.filtering import Gains, filter_gains, whiten
from analysis.numerics.noise import NoiseGrid, covariance
from analysis.numerics.smoothing import inverse_products, smooth


@dataclass(frozen=True)
class Mode:
    """One posterior at its most likely point.

    Attributes
    ----------
    posterior : StructuralPosterior
    columns : ndarray, shape (T, p)
        Design of the modal variant.
    beta : ndarray, shape (p,)
    cell, factor : int
        Modal cell of the noise grid, and combination of outlier factors.
    sigma2 : float
        Stationary variance there: its posterior mean, or the cell's own.
    """

    posterior: StructuralPosterior
    columns: FloatArray
    beta: FloatArray
    cell: int
    factor: int
    sigma2: float

    @classmethod
    def of(cls, posterior: StructuralPosterior, dating: DatingPosterior) -> Mode:
        """Return the mode of `dating`."""
        top = int(np.argmax(dating.weight))
        variant = posterior.design.variants[int(dating.variant[top])]
        c = dating.coefficients
        return cls(
            posterior,
            variant.columns,
            c.mean[top],
            int(dating.cell[top]),
            int(dating.factor[top]),
            float(c.rss[top] / (c.dof - 2)),
        )

    @property
    def grid(self) -> NoiseGrid:
        """The modal cell alone."""
        return self.posterior.grid.take(np.array([self.cell]))

    @cached_property
    def gains(self) -> Gains:
        """Gains of the filter at the modal cell, months discounted as at the modal point."""
        sample = replace(self.posterior.sample, discounted=self.posterior.discounted(self.factor))
        return filter_gains(self.grid, sample)

    def whiten(self, columns: FloatArray) -> FloatArray:
        """Return ``L^-1 columns`` for ``V = LL'``, shape (T, c): independent with variance sigma2.

        Rows of unobserved periods are 0 and not read; ``whiten(X)'whiten(X)`` are the quadratic forms at the
        mode, so that moved events are scored without a new fit.
        """
        seen = self.posterior.evidence.observed
        return np.asarray(whiten(np.where(seen[:, None], columns, 0.0), self.gains)[0])

    def operator(self) -> FloatArray:
        """Return A with ``coefficients = A whiten(y)`` at the mode, shape (p, T).

        The mean of the coefficients is linear in the whitened series, so that the covariance of the
        coefficients of two series is ``A1 C A2'``, C the cross-covariance of their one-step errors
        (`innovations`).
        """
        x = self.whiten(self.columns)
        gram = x.T @ x + np.diag(self.precision())
        return np.asarray(linalg.solve(gram, x.T, assume_a="pos"))

    def precision(self) -> FloatArray:
        """Return the prior precision of the coefficients times the stationary variance, shape (p,)."""
        found = self.posterior.precision()
        if self.posterior.grid.sigma2 is not None and self.posterior.design.trend_column is not None:
            found[self.posterior.design.trend_column] *= self.sigma2
        return found

    def residual(self) -> FloatArray:
        """Return the series less its fitted columns, shape (T,); NaN where unobserved."""
        return np.asarray(self.posterior.evidence.y - self.columns @ self.beta)

    def level(self) -> FloatArray:
        """Return the smoothed level in `residual`, shape (T,)."""
        left = np.nan_to_num(self.residual())
        return np.asarray(smooth(left[:, None], self.gains).level[0, :, 0])

    def innovations(self) -> FloatArray:
        """Return the standardised one-step errors, shape (T,); NaN where unobserved."""
        seen = self.posterior.evidence.observed
        left = np.nan_to_num(self.residual())
        found = self.whiten(left[:, None])[:, 0] / np.sqrt(self.sigma2)
        return np.where(seen, found, np.nan)

    def months(self) -> FloatArray:
        """Return the smoothed months on the model's scale, unobserved ones included, shape (T,).

        Conditions on the observations, and on the totals where the pass had them.
        """
        posterior = self.posterior
        seen = posterior.evidence.observed
        y = np.nan_to_num(posterior.evidence.y)
        level, stationary = covariance(posterior.grid, self.cell, posterior.sample)
        state = level + stationary
        sample = replace(posterior.sample, discounted=posterior.discounted(self.factor))
        rows, values, noise = np.eye(len(seen))[seen], y[seen], sample.error(self.grid)[seen, 0]
        totals, spans = posterior.totals, posterior.evidence.totals
        if totals is not None and spans is not None:
            rows, values = np.vstack([rows, totals.rows]), np.append(values, totals.values)
            noise = np.append(noise, spans.sd**2 / self.against)
        across = state @ rows.T
        gain = linalg.solve(rows @ across + np.diag(noise), across.T, assume_a="pos").T
        fitted = self.columns @ self.beta
        return np.asarray(fitted + gain @ (values - rows @ fitted))

    @property
    def against(self) -> float:
        """Stationary variance that errors are measured against at the modal cell."""
        sigma2 = self.grid.sigma2
        return self.posterior.sample.against if sigma2 is None else float(sigma2[0])

    def residuals(self) -> FloatArray:
        """Return standardised leave-one-out residuals, nothing discounted, shape (T,); 0 for none."""
        seen = self.posterior.evidence.observed
        y = np.where(seen, np.nan_to_num(self.posterior.evidence.y), 0.0)
        x = self.columns[:, self.posterior.design.precision < PINNED]
        gains = filter_gains(self.grid, self.posterior.sample)
        found, diagonal = inverse_products(np.column_stack([x, y]), gains)
        products = found[0].T
        dof = np.array([int(seen.sum()) - x.shape[1]])
        scores = leave_one_out(
            np.where(seen, x.T, 0.0)[None], products[None, :-1], y[None], products[None, -1], diagonal[0], dof
        )[0]
        return np.where(seen, scores, 0.0)
