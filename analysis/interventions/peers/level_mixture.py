"""A local level with regressors, its two variances integrated over by quadrature.

``y_t = mu_t + z_t'b + e_t``, ``mu_t`` a random walk. Given the two standard deviations everything is
Gaussian; over them the posterior is a mixture on a grid that is first coarse and then fine where the mass
is. The covariance of the walk over the fitted periods is diagonalised once, so a cell costs a few small
products. No sampler, no seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.domain import FloatArray

COARSE, FINE = 24, 32
"""Cells a side of the first grid and of the second."""
KEPT = 1e-7
"""Share of the largest weight below which a coarse cell bounds the fine grid."""

LogPrior = Callable[[FloatArray, FloatArray], FloatArray]
"""Log prior density of (noise sd, level sd) in the logarithms of both; -inf outside."""


@dataclass(frozen=True)
class LevelModel:
    """Data and priors.

    Attributes
    ----------
    y : ndarray, shape (T,)
        Standardised; only `fitted` periods are read.
    fitted : ndarray of bool, shape (T,)
    regressors : ndarray, shape (T, r)
        With the level's starting value among them.
    absolute, relative : ndarray, shape (r, r)
        Prior precision of their coefficients: ``absolute + relative / noise variance``.
    prior : LogPrior
    noise_range, level_range : tuple of float
        Ends of the first grid, standard deviations; the lower end of the level's stands for all below.
    """

    y: FloatArray
    fitted: NDArray[np.bool_]
    regressors: FloatArray
    absolute: FloatArray
    relative: FloatArray
    prior: LogPrior
    noise_range: tuple[float, float]
    level_range: tuple[float, float]


@dataclass(frozen=True)
class LevelPosterior:
    """Posterior on the grid.

    Attributes
    ----------
    model : LevelModel
    noise, level : ndarray, shape (G,)
        Standard deviations of the cells.
    log_weight : ndarray, shape (G,)
        Unnormalised.
    """

    model: LevelModel
    noise: FloatArray
    level: FloatArray
    log_weight: FloatArray

    @property
    def log_evidence(self) -> float:
        """Log marginal likelihood, up to a constant common to models of one series."""
        peak = self.log_weight.max()
        return float(peak + np.log(np.exp(self.log_weight - peak).sum()))


@dataclass(frozen=True, slots=True)
class Prediction:
    """Predictive distribution: a mixture of Gaussians over the cells.

    Attributes
    ----------
    weight : ndarray, shape (G,)
        Sums to one.
    centre : ndarray, shape (G, J)
    covariance : ndarray, shape (G, J, J)
    """

    weight: FloatArray
    centre: FloatArray
    covariance: FloatArray


def fit_level(model: LevelModel) -> LevelPosterior:
    """Integrate over the two standard deviations."""
    ranges = [np.log(model.noise_range), np.log(model.level_range)]
    noise, level, weight = _grid(model, ranges, COARSE)
    heavy = weight > weight.max() + np.log(KEPT)
    refined = []
    for ends, values in zip(ranges, (noise, level), strict=True):
        half = (ends[1] - ends[0]) / COARSE / 2
        inside = np.log(values[heavy])
        refined.append(np.array([inside.min() - half, inside.max() + half]))
    return LevelPosterior(model, *_grid(model, refined, FINE))


def predict(
    posteriors: Sequence[LevelPosterior], averaging: FloatArray, most: int | None = None
) -> Prediction:
    """Return the predictive distribution of averages over periods that were not fitted.

    Parameters
    ----------
    posteriors : sequence of LevelPosterior
        Of several models, mixed by their evidence.
    averaging : ndarray, shape (J, T)
    most : int, optional
        Keep that many of the heaviest cells in all.
    """
    joined = np.concatenate([p.log_weight for p in posteriors])
    weight = np.exp(joined - joined.max())
    weight /= weight.sum()
    keep = np.ones(len(weight), dtype=bool) if most is None else np.zeros(len(weight), dtype=bool)
    if most is not None:
        keep[np.argsort(-weight, kind="stable")[:most]] = True
    keep &= weight > 1e-12
    centres, covariances = [], []
    at = 0
    for posterior in posteriors:
        own = keep[at : at + len(posterior.noise)]
        at += len(posterior.noise)
        if own.any():
            centre, covariance = _averages(
                posterior.model, posterior.noise[own], posterior.level[own], averaging
            )
            centres.append(centre)
            covariances.append(covariance)
    kept = weight[keep]
    return Prediction(kept / kept.sum(), np.concatenate(centres), np.concatenate(covariances))


@dataclass(frozen=True, slots=True)
class _Rotated:
    values: FloatArray
    basis: FloatArray
    columns: FloatArray


def _rotate(model: LevelModel) -> _Rotated:
    at = np.flatnonzero(model.fitted)
    values, basis = np.linalg.eigh(np.minimum.outer(at, at).astype(np.float64))
    stacked = np.column_stack([model.regressors, model.y])[at]
    return _Rotated(np.maximum(values, 0.0), basis, basis.T @ stacked)


def _grid(
    model: LevelModel, ranges: Sequence[FloatArray], size: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return cells (midpoints) and their log weights, the log of the cell's area included."""
    axes, area = [], 1.0
    for low, high in ranges:
        width = (high - low) / size
        axes.append(np.exp(low + width * (np.arange(size) + 0.5)))
        area *= width
    noise, level = (mesh.ravel() for mesh in np.meshgrid(*axes, indexing="ij"))
    rotated = _rotate(model)
    logdet, products = _products(rotated, noise, level)
    r = model.regressors.shape[1]
    precision = _prior_precision(model, noise)
    factor = np.linalg.cholesky(products[:, :r, :r] + precision)
    half = np.linalg.solve(factor, products[:, :r, r:])[:, :, 0]
    rss = products[:, r, r] - (half**2).sum(axis=1)
    informed = np.flatnonzero(np.diag(model.absolute + model.relative) > 0)
    likelihood = -0.5 * (logdet + rss) - np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
    if len(informed):
        likelihood += 0.5 * np.linalg.slogdet(precision[:, informed][:, :, informed])[1]
    return noise, level, likelihood + model.prior(noise, level) + np.log(area)


def _products(rotated: _Rotated, noise: FloatArray, level: FloatArray) -> tuple[FloatArray, FloatArray]:
    variance = noise[:, None] ** 2 + level[:, None] ** 2 * rotated.values
    weighted = rotated.columns / variance[:, :, None]
    return np.log(variance).sum(axis=1), weighted.transpose(0, 2, 1) @ rotated.columns


def _prior_precision(model: LevelModel, noise: FloatArray) -> FloatArray:
    return model.absolute + model.relative / noise[:, None, None] ** 2


def _averages(
    model: LevelModel, noise: FloatArray, level: FloatArray, averaging: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Centre (G, J) and covariance (G, J, J) of the averages, new noise included."""
    rotated = _rotate(model)
    r = model.regressors.shape[1]
    _, products = _products(rotated, noise, level)
    factor = np.linalg.cholesky(products[:, :r, :r] + _prior_precision(model, noise))
    inverse = np.linalg.solve(factor, np.broadcast_to(np.eye(r), (len(noise), r, r)))
    root = inverse.transpose(0, 2, 1)
    beta = (root @ (inverse @ products[:, :r, r:]))[:, :, 0]
    at = np.flatnonzero(model.fitted)
    steps = np.arange(len(model.y))
    walk = np.minimum.outer(steps, steps).astype(np.float64)
    across = averaging @ walk[:, at] @ rotated.basis
    own = averaging @ walk @ averaging.T
    fresh = averaging @ averaging.T
    variance = noise[:, None] ** 2 + level[:, None] ** 2 * rotated.values
    gain = level[:, None, None] ** 2 * across / variance[:, None, :]
    slope = averaging @ model.regressors - gain @ rotated.columns[:, :r]
    centre = (slope @ beta[:, :, None])[:, :, 0] + gain @ rotated.columns[:, r]
    doubt = slope @ root
    covariance = (
        level[:, None, None] ** 2 * (own - gain @ across.T)
        + noise[:, None, None] ** 2 * fresh
        + doubt @ doubt.transpose(0, 2, 1)
    )
    return centre, covariance
