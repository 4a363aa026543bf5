"""The small regression that is left of each series once the shared columns are eliminated.

Intercept and season are the same for all series: they are eliminated once per cell. What differs between
series is small: the prior precision of the trend, months in force for part of their days, missing months
and outlying ones. A missing month is a unit vector with a flat prior, a month of ``f`` times the variance a
unit vector of prior precision ``1 / (f - 1)`` (both are Woodbury's identity), so every series has a system
of a few columns, factored for all series and cells together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.domain import FloatArray
from analysis.interventions.panel_filter import PanelForms

ELEMENTS_AT_ONCE = 400_000
"""Elements of the systems factored together (3 MB): about the size of a cache."""


@dataclass(frozen=True, slots=True)
class Reduced:
    """Quadratic forms after the shared columns are eliminated; cells come last.

    Attributes
    ----------
    logdet : ndarray, shape (G,)
        ``ln|V| + ln|C'V^-1C|``.
    inner : ndarray, shape (w, w, G)
    mixed : ndarray, shape (S, w, G)
    squares : ndarray, shape (S, G)
    """

    logdet: FloatArray
    inner: FloatArray
    mixed: FloatArray
    squares: FloatArray

    def every(self, step: int) -> Reduced:
        """Return the forms in one of every `step` cells."""
        return Reduced(
            self.logdet[::step],
            np.ascontiguousarray(self.inner[:, :, ::step]),
            self.mixed[:, :, ::step],
            self.squares[:, ::step],
        )


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns the systems of a block of series are made of; all of them have the same number.

    Attributes
    ----------
    columns : ndarray of int, shape (S, k)
        Positions among the reduced columns: unit vectors first, then trend and events.
    precision : ndarray, shape (S, k)
        Prior precision of each column; 0 is flat.
    pieces : ndarray of int, shape (M, 2)
        Unit vectors of partial periods: position among the reduced columns, and the column of the
        system they belong to.
    weights : ndarray, shape (S, M)
        Share of each partial period that its event's column holds.
    reported : int
        How many of the last columns are reported (the events).
    """

    columns: NDArray[np.intp]
    precision: FloatArray
    pieces: NDArray[np.intp]
    weights: FloatArray
    reported: int

    def take(self, which: NDArray[np.intp] | slice) -> Layout:
        """Return the layout of some of the series."""
        return Layout(
            self.columns[which], self.precision[which], self.pieces, self.weights[which], self.reported
        )


@dataclass(frozen=True, slots=True)
class Factored:
    """Factored systems.

    Attributes
    ----------
    score : ndarray, shape (S, G)
        Log marginal likelihood, up to the constant of `analysis.numerics.conjugate.log_marginal`.
    tail : ndarray, shape (S, E + 1, E + 1, G)
        Lower triangles of the Cholesky factor of events and series: all that is reported depends on them.
    """

    score: FloatArray
    tail: FloatArray


def eliminate(forms: PanelForms, shared: int) -> Reduced:
    """Eliminate the first `shared` columns, whose priors are flat."""
    factor = np.linalg.cholesky(forms.inner[:, :shared, :shared])
    across = np.concatenate([forms.inner[:, :shared, shared:], forms.mixed[:, :shared]], axis=2)
    whitened = _forward(factor, across)
    width = forms.inner.shape[1] - shared
    left = whitened[:, :, :width]
    inner = forms.inner[:, shared:, shared:] - left.transpose(0, 2, 1) @ left
    mixed = forms.mixed[:, shared:] - left.transpose(0, 2, 1) @ whitened[:, :, width:]
    squares = forms.squares - np.einsum("gcs,gcs->gs", whitened[:, :, width:], whitened[:, :, width:])
    logdet = forms.logdet + 2 * np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
    return Reduced(
        logdet,
        np.ascontiguousarray(inner.transpose(1, 2, 0)),
        np.ascontiguousarray(mixed.transpose(2, 1, 0)),
        np.ascontiguousarray(squares.T),
    )


def factor_systems(
    reduced: Reduced, series: NDArray[np.intp], layout: Layout, dof: NDArray[np.intp]
) -> Factored:
    """Factor the systems of some series in all cells.

    Parameters
    ----------
    reduced : Reduced
    series : ndarray of int, shape (S,)
        Positions among the reduced series.
    layout : Layout
        Of those series.
    dof : ndarray of int, shape (S,)
        Observations less flat-prior coefficients.
    """
    cells = len(reduced.logdet)
    width = layout.columns.shape[1] + len(layout.pieces) + 1
    at_once = max(1, ELEMENTS_AT_ONCE // (width * width * cells))
    kept = layout.reported + 1
    score = np.empty((len(series), cells))
    tail = np.empty((len(series), kept, kept, cells))
    for start in range(0, len(series), at_once):
        part = slice(start, start + at_once)
        system = _assemble(reduced, series[part], layout.take(part))
        cholesky_in_place(system)
        pivots = np.log(np.diagonal(system, axis1=1, axis2=2))
        proper = np.where(layout.precision[part] > 0, layout.precision[part], 1.0)
        score[part] = (
            0.5 * np.log(proper).sum(axis=1)[:, None]
            - 0.5 * reduced.logdet
            - pivots[:, :, :-1].sum(axis=2)
            - dof[part, None] * pivots[:, :, -1]
        )
        tail[part] = system[:, -kept:, -kept:]
    return Factored(score, tail)


def _assemble(reduced: Reduced, series: NDArray[np.intp], layout: Layout) -> FloatArray:
    """Return ``[X y]'V^-1[X y]`` plus prior precision of each series, shape (S, k + 1, k + 1, G)."""
    k, pieces = layout.columns.shape[1], len(layout.pieces)
    where = np.column_stack(
        [layout.columns, np.broadcast_to(layout.pieces[:, 0], (len(series), pieces))]
    ).astype(np.intp)
    gram = np.empty((len(series), k + pieces + 1, k + pieces + 1, len(reduced.logdet)))
    gram[:, :-1, :-1] = reduced.inner[where[:, :, None], where[:, None, :]]
    gram[:, -1, :-1] = reduced.mixed[series[:, None], where]
    gram[:, :-1, -1] = gram[:, -1, :-1]
    gram[:, -1, -1] = reduced.squares[series]
    for j, owner in enumerate(layout.pieces[:, 1]):
        share = layout.weights[:, j]
        gram[:, owner] += share[:, None, None] * gram[:, k + j]
        gram[:, :, owner] += share[:, None, None] * gram[:, :, k + j]
    system = gram if not pieces else np.delete(gram, np.arange(k, k + pieces), axis=1)
    system = system if not pieces else np.delete(system, np.arange(k, k + pieces), axis=2)
    steps = np.arange(k)
    system[:, steps, steps] += layout.precision[:, :, None]
    return system


def cholesky_in_place(system: FloatArray) -> None:
    """Overwrite the lower triangles of symmetric matrices with their Cholesky factors.

    Parameters
    ----------
    system : ndarray, shape (S, k, k, G)
        S * G matrices; only lower triangles are read. A matrix that is not positive definite becomes NaN.
    """
    width = system.shape[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        for j in range(width):
            pivot = np.sqrt(system[:, j, j])
            system[:, j, j] = pivot
            if j + 1 == width:
                break
            system[:, j + 1 :, j] /= pivot[:, None]
            for i in range(j + 1, width):
                system[:, i, j + 1 : i + 1] -= system[:, i, j][:, None] * system[:, j + 1 : i + 1, j]


def _forward(factor: NDArray[np.floating], right: FloatArray) -> FloatArray:
    """Solve ``L x = right`` for lower-triangular L of shape (G, c, c) and right sides (G, c, r)."""
    solved = np.empty_like(right)
    for i in range(factor.shape[1]):
        rest = right[:, i] - np.matmul(factor[:, i, None, :i], solved[:, :i])[:, 0] if i else right[:, 0]
        solved[:, i] = rest / factor[:, i, i, None]
    return solved
