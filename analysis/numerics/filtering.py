"""Generalised least squares for every cell of a noise grid at once, by one Kalman filter.

Filtering a column whitens it: with ``V = LL'`` the innovations over their standard deviations are
``L^-1 x``. All columns of a regression share the gains, so one pass over the calendar gives
``[X y]' V^-1 [X y]`` and ``ln|V|`` for all cells, at a cost linear in the number of periods
(Rosenberg 1973; de Jong 1991, Annals of Statistics 19, 1073-1083).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.numerics.noise import FloatArray, NoiseGrid, NoiseSample

CELLS_AT_ONCE = 256
"""Cells filtered together; bounds the memory of the innovations and keeps them near the cache."""


@dataclass(frozen=True, slots=True)
class QuadraticForms:
    """Sufficient statistics of a regression under each cell's covariance.

    Attributes
    ----------
    logdet : ndarray, shape (G,)
        ``ln|V|`` over the observed periods.
    products : ndarray, shape (G, r, r)
        ``[columns]' V^-1 [columns]``.
    """

    logdet: FloatArray
    products: FloatArray

    def join(self, other: QuadraticForms) -> QuadraticForms:
        """Return these cells followed by `other`."""
        return QuadraticForms(
            np.concatenate([self.logdet, other.logdet]), np.concatenate([self.products, other.products])
        )

    def take(self, which: np.ndarray) -> QuadraticForms:
        """Return the selected cells."""
        return QuadraticForms(self.logdet[which], self.products[which])


def quadratic_forms(
    columns: FloatArray, grid: NoiseGrid, sample: NoiseSample, own: FloatArray | None = None
) -> QuadraticForms:
    """Whiten `columns` under the covariance of every cell.

    Parameters
    ----------
    columns : ndarray, shape (T, r)
        Shared by all cells; rows of unobserved periods are not read.
    grid : NoiseGrid
        G cells.
    sample : NoiseSample
    own : ndarray, shape (G, T, s), optional
        Further columns that differ from cell to cell; they come last in the products.

    Returns
    -------
    QuadraticForms
        Over ``r + s`` columns.
    """
    run = _filter_slope if grid.slope.any() else _filter
    pieces = []
    for start in range(0, len(grid), CELLS_AT_ONCE):
        part = np.arange(start, min(start + CELLS_AT_ONCE, len(grid)))
        pieces.append(run(columns, grid.take(part), sample, None if own is None else own[part]))
    return QuadraticForms(
        np.concatenate([piece.logdet for piece in pieces]),
        np.concatenate([piece.products for piece in pieces]),
    )


def _filter(
    columns: FloatArray, grid: NoiseGrid, sample: NoiseSample, own: FloatArray | None
) -> QuadraticForms:
    q, share, rho = grid.q, grid.share, grid.rho
    inflation = sample.inflation(grid.kappa)
    loading = np.sqrt(inflation)
    irregular = (1 - share) * inflation + sample.measurement[:, None]
    renewal = share * (1 - rho**2)
    rho_column = rho[:, None]
    n_columns = columns.shape[1] + (0 if own is None else own.shape[2])
    n_observed = int(sample.observed.sum())

    level, cross, autoregressive = np.zeros(len(q)), np.zeros(len(q)), share.copy()
    level_mean = np.zeros((len(q), n_columns))
    ar_mean = np.zeros((len(q), n_columns))
    whitened = np.empty((len(q), n_observed, n_columns))
    logdet = np.zeros(len(q))
    seen = 0
    for t in range(len(sample.observed)):
        if t > 0:
            ar_mean *= rho_column
            level += q
            cross *= rho
            autoregressive = rho**2 * autoregressive + renewal
        if not sample.observed[t]:
            continue
        k = loading[t]
        to_level = level + k * cross
        to_ar = cross + k * autoregressive
        variance = to_level + k * to_ar + irregular[t]
        innovation = _row(columns, own, t, len(q)) - level_mean
        innovation -= k[:, None] * ar_mean
        level_mean += (to_level / variance)[:, None] * innovation
        ar_mean += (to_ar / variance)[:, None] * innovation
        level = level - to_level**2 / variance
        cross = cross - to_level * to_ar / variance
        autoregressive = autoregressive - to_ar**2 / variance
        np.multiply(innovation, (variance**-0.5)[:, None], out=whitened[:, seen])
        logdet += np.log(variance)
        seen += 1
    return QuadraticForms(logdet, whitened.transpose(0, 2, 1) @ whitened)


def _row(columns: FloatArray, own: FloatArray | None, t: int, cells: int) -> FloatArray:
    """Return what is observed in period t, shape (r,) or, with columns of each cell, (G, r + s)."""
    if own is None:
        return np.asarray(columns[t])
    return np.concatenate([np.broadcast_to(columns[t], (cells, columns.shape[1])), own[:, t]], axis=1)


def _filter_slope(
    columns: FloatArray, grid: NoiseGrid, sample: NoiseSample, own: FloatArray | None
) -> QuadraticForms:
    """Filter a local linear trend: the states are level, slope and AR part."""
    cells, share, rho = len(grid), grid.share, grid.rho
    inflation = sample.inflation(grid.kappa)
    irregular = (1 - share) * inflation + sample.measurement[:, None]
    n_columns = columns.shape[1] + (0 if own is None else own.shape[2])
    move = np.zeros((cells, 3, 3))
    move[:, 0, 0] = move[:, 0, 1] = move[:, 1, 1] = 1.0
    move[:, 2, 2] = rho
    shock = np.column_stack([grid.q, grid.slope, share * (1 - rho**2)])
    spread, mean = np.zeros((cells, 3, 3)), np.zeros((cells, 3, n_columns))
    spread[:, 2, 2] = share
    loading = np.zeros((cells, 3))
    loading[:, 0] = 1.0
    whitened = np.empty((cells, int(sample.observed.sum()), n_columns))
    logdet = np.zeros(cells)
    seen, steps = 0, np.arange(3)
    for t in range(len(sample.observed)):
        if t > 0:
            mean = move @ mean
            spread = move @ spread @ move.transpose(0, 2, 1)
            spread[:, steps, steps] += shock
        if not sample.observed[t]:
            continue
        loading[:, 2] = np.sqrt(inflation[t])
        across = (spread @ loading[:, :, None])[:, :, 0]
        variance = (across * loading).sum(axis=1) + irregular[t]
        innovation = _row(columns, own, t, cells) - (loading[:, None, :] @ mean)[:, 0]
        mean += (across / variance[:, None])[:, :, None] * innovation[:, None, :]
        spread -= across[:, :, None] * (across / variance[:, None])[:, None, :]
        np.multiply(innovation, (variance**-0.5)[:, None], out=whitened[:, seen])
        logdet += np.log(variance)
        seen += 1
    return QuadraticForms(logdet, whitened.transpose(0, 2, 1) @ whitened)


def with_rows(
    forms: QuadraticForms,
    n_shared: int,
    rows: FloatArray,
    variance: FloatArray,
) -> QuadraticForms:
    """Add observations that are correlated with the filtered ones.

    The filter was run with ``own`` columns ``c`` = the covariance between the filtered and the new
    observations. Conditioning the new rows on the old ones completes the quadratic forms.

    Parameters
    ----------
    forms : QuadraticForms
        Over ``n_shared`` columns followed by J covariance columns.
    n_shared : int
    rows : ndarray, shape (J, n_shared)
        The new observations' values of the shared columns.
    variance : ndarray, shape (G, J, J)
        Covariance of the new observations.

    Returns
    -------
    QuadraticForms
        Over the shared columns, old and new observations together.
    """
    inner = forms.products[:, :n_shared, :n_shared]
    mixed = forms.products[:, n_shared:, :n_shared]
    conditional = variance - forms.products[:, n_shared:, n_shared:]
    surprise = rows - mixed
    factor = np.linalg.cholesky(conditional)
    whitened = np.linalg.solve(factor, surprise)
    logdet = forms.logdet + 2 * np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
    more = whitened.transpose(0, 2, 1) @ whitened
    return QuadraticForms(logdet, np.add(inner, more, out=more))


def with_extra_variance(forms: QuadraticForms, n_shared: int, extra: FloatArray) -> QuadraticForms:
    """Add variance to single observations whose unit vectors were filtered along.

    Parameters
    ----------
    forms : QuadraticForms
        Over ``n_shared`` columns followed by J unit vectors.
    n_shared : int
    extra : ndarray, shape (J,)
        Variance added at each of the J observations, zero or more.

    Returns
    -------
    QuadraticForms
        Over the shared columns (Woodbury's identity).
    """
    grown = extra > 0
    inner = forms.products[:, :n_shared, :n_shared]
    if not grown.any():
        return QuadraticForms(forms.logdet, inner)
    units = np.flatnonzero(grown) + n_shared
    mixed = forms.products[:, units][:, :, :n_shared]
    root = np.sqrt(extra[grown])
    middle = np.eye(len(units)) + root[:, None] * forms.products[:, units][:, :, units] * root
    factor = np.linalg.cholesky(middle)
    whitened = np.linalg.solve(factor, root[:, None] * mixed)
    logdet = forms.logdet + 2 * np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
    less = whitened.transpose(0, 2, 1) @ whitened
    return QuadraticForms(logdet, np.subtract(inner, less, out=less))
