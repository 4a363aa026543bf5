"""Stage 1: the quadratic forms of a block under every noise cell (equations 3 to 5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.domain import FloatArray
from analysis.interventions.joint.block import Block
from analysis.interventions.joint.frame import Frame
from analysis.numerics.filtering import QuadraticForms, quadratic_forms, with_rows
from analysis.numerics.noise import NoiseGrid, NoiseSample


@dataclass(frozen=True, slots=True)
class LinearTotals:
    """Totals over spans, linear in the periods (equation 9).

    Attributes
    ----------
    rows : ndarray, shape (J, T)
    values : ndarray, shape (J,)
        What ``rows @ y`` is observed to be.
    """

    rows: FloatArray
    values: FloatArray


@dataclass(frozen=True)
class Regressors:
    """What is filtered beside the series: the columns of the frame, then unit vectors of single periods.

    Attributes
    ----------
    frame : Frame
    months : ndarray of int, shape (m,)
        Periods with a unit vector: partial, missing in some series, or outlying.
    columns : ndarray, shape (T, w + m)
    at : ndarray of int, shape (T,)
        Where each period's unit vector stands; -1 without one.
    """

    frame: Frame
    months: NDArray[np.intp]
    columns: FloatArray
    at: NDArray[np.intp]

    @classmethod
    def of(cls, frame: Frame, block: Block, outliers: NDArray[np.intp]) -> Regressors:
        """Gather the columns for a block whose outlying periods are `outliers`, shape (S, J), -1 for none."""
        absent = np.flatnonzero(block.missing.any(axis=0))
        months = np.unique(np.concatenate([frame.months, absent, outliers[outliers >= 0]]))
        periods, width = frame.columns.shape
        units = np.zeros((periods, len(months)))
        units[months, np.arange(len(months))] = 1.0
        at = np.full(periods, -1)
        at[months] = width + np.arange(len(months))
        return cls(frame, months, np.column_stack([frame.columns, units]), at)


def block_forms(
    regressors: Regressors, block: Block, grid: NoiseGrid, sample: NoiseSample, totals: LinearTotals | None
) -> QuadraticForms:
    """Return the quadratic forms of the regressors and series, totals over spans included."""
    columns = regressors.columns
    spans = block.shared.totals
    if totals is None or spans is None:
        return quadratic_forms(columns, block.y, grid, sample)
    own, among = spans.covariances(totals.rows, grid, sample)
    forms = quadratic_forms(columns, block.y, grid, sample, own)
    rows = totals.rows @ columns
    # The extra variance of an outlying month is its own figure's, not the total's.
    mine = np.isin(regressors.months, regressors.frame.months)
    rows[:, columns.shape[1] - len(mine) :] *= mine
    values = totals.values - totals.rows.sum(axis=1) * block.centre[0]
    return with_rows(forms, rows, values[:, None], among)


@dataclass(frozen=True, slots=True)
class Reduced:
    """Quadratic forms with the cells last, the shared flat columns eliminated or not.

    Attributes
    ----------
    logdet : ndarray, shape (G,)
        ``ln|V|``, plus ``ln|C'V^-1C|`` of the eliminated columns C.
    inner : ndarray, shape (w, w, G)
    mixed : ndarray, shape (w, S, G)
    squares : ndarray, shape (S, G)
    """

    logdet: FloatArray
    inner: FloatArray
    mixed: FloatArray
    squares: FloatArray

    @classmethod
    def whole(cls, forms: QuadraticForms) -> Reduced:
        """Return the forms as they are, as views."""
        return cls(
            forms.logdet, forms.inner.transpose(1, 2, 0), forms.mixed.transpose(1, 2, 0), forms.squares.T
        )

    def take(self, which: NDArray[np.intp]) -> Reduced:
        """Return some of the cells."""
        return Reduced(
            self.logdet[which],
            np.ascontiguousarray(self.inner[:, :, which]),
            self.mixed[:, :, which],
            self.squares[:, which],
        )


def eliminate(forms: QuadraticForms, shared: int) -> Reduced:
    """Eliminate the first `shared` columns, whose priors are flat (equation 5)."""
    factor = np.linalg.cholesky(forms.inner[:, :shared, :shared])
    across = np.concatenate([forms.inner[:, :shared, shared:], forms.mixed[:, :shared]], axis=2)
    whitened = np.empty_like(across)
    for i in range(shared):
        rest = across[:, i] - np.matmul(factor[:, i, None, :i], whitened[:, :i])[:, 0] if i else across[:, 0]
        whitened[:, i] = rest / factor[:, i, i, None]
    width = forms.inner.shape[1] - shared
    x, y = whitened[:, :, :width], whitened[:, :, width:]
    turned = x.transpose(0, 2, 1)
    return Reduced(
        forms.logdet + 2 * np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1),
        np.ascontiguousarray((forms.inner[:, shared:, shared:] - turned @ x).transpose(1, 2, 0)),
        np.ascontiguousarray((forms.mixed[:, shared:] - turned @ y).transpose(1, 2, 0)),
        np.ascontiguousarray((forms.squares - np.einsum("gcs,gcs->gs", y, y)).T),
    )
