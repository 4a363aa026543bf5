"""What a flow would be without events: whole paths of the level, season, trend and controls, draw by draw.

Given the noise parameters, coefficients and random-walk level are drawn jointly, so a sum over a window
carries the correlation between its periods.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special

from analysis.attribution.timing.parts import Part
from analysis.domain import FloatArray
from analysis.interventions.counterfactual import MOST_POINTS, level_points
from analysis.interventions.dating import Dating
from analysis.interventions.joint.posterior import DatingPosterior, StructuralPosterior
from analysis.numerics.sequences import sobol

LOG2_POINTS = 12
"""4,096 paths for each dating."""
JITTER = 1e-12
"""Share of its largest variance added to the covariance of a smoothed level, which may be singular."""


def paths_without(
    posterior: StructuralPosterior,
    dating: DatingPosterior,
    span: NDArray[np.intp],
    sets: Sequence[Collection[str]],
    *,
    log2_points: int = LOG2_POINTS,
    most: int = MOST_POINTS,
) -> list[FloatArray]:
    """Return paths without each set of event terms, each of shape (N, n), on the model's scale.

    Parameters
    ----------
    posterior : StructuralPosterior
    dating : DatingPosterior
    span : ndarray of int, shape (n,)
        Calendar positions.
    sets : sequence of collection of str
        Names of the event terms left out.
    log2_points : int
        ``2 ** log2_points`` paths.
    most : int
        Points of the noise at which the level is smoothed.
    """
    p = len(posterior.design.precision)
    points = sobol(log2_points, 2 + p + len(span))
    index, weight = level_points(posterior, dating, most)
    owner = np.minimum(np.searchsorted(np.cumsum(weight), points[:, 0]), len(index) - 1)
    c = dating.coefficients
    chi2 = 2 * special.gammaincinv(0.5 * c.dof, points[:, 1])
    normal = special.ndtri(points[:, 2:])
    found = [np.empty((len(points), len(span))) for _ in sets]
    for k, point in enumerate(index):
        own = np.flatnonzero(owner == k)
        if not len(own):
            continue
        gain, root = _level(posterior, dating, int(point), span)
        columns = posterior.design.variants[int(dating.variant[point])].columns
        sigma = np.sqrt(c.rss[point] / chi2[own])[:, None]
        beta = c.mean[point] + sigma * (normal[own, :p] @ c.root[point].T)
        seen = posterior.evidence.observed
        level = (posterior.evidence.y[seen] - beta @ columns[seen].T) @ gain.T
        level += sigma * (normal[own, p:] @ root.T)
        for paths, names in zip(found, sets, strict=True):
            keep = np.ones(p)
            for term in posterior.design.event_terms:
                if term.name in names:
                    keep[term.columns] = 0.0
            paths[own] = (beta * keep) @ columns[span].T + level
    return found


def _level(
    posterior: StructuralPosterior, dating: DatingPosterior, point: int, span: NDArray[np.intp]
) -> tuple[FloatArray, FloatArray]:
    """Gain of the smoothed level on the observations, shape (n, T_seen), and a root of its covariance."""
    seen = posterior.evidence.observed
    level, noise = posterior.noise_covariance(int(dating.cell[point]), int(dating.factor[point]))
    if not level.any():
        return np.zeros((len(span), int(seen.sum()))), np.zeros((len(span), len(span)))
    noise = noise[np.ix_(seen, seen)]
    across = level[np.ix_(span, seen)]
    gain = linalg.solve(noise, across.T, assume_a="pos").T
    left = level[np.ix_(span, span)] - gain @ across.T
    left = 0.5 * (left + left.T)
    left[np.diag_indices(len(span))] += JITTER * max(float(np.diag(level).max()), 1e-300)
    return gain, np.linalg.cholesky(left)


WINDOW_POINTS = 11
WINDOW_MIXTURE = 32
"""Paths (as a power of two) and points of the noise for the mean of a window."""


def flows_without(part: Part, dating: Dating, sets: Sequence[Collection[str]]) -> list[FloatArray]:
    """Return draws of a part's mean over ``to`` without each set of events, each of shape (N,).

    Parameters
    ----------
    part : Part
        A modelled one.
    dating : Dating
    sets : sequence of collection of str
        Names of the event terms left out.

    Returns
    -------
    list of ndarray
        Per period of the target.
    """
    assert part.fit is not None
    assert part.way is not None
    posterior = part.fit.posterior
    found = paths_without(
        posterior,
        posterior.dating(dating),
        part.way.destination.positions,
        sets,
        log2_points=WINDOW_POINTS,
        most=WINDOW_MIXTURE,
    )
    return [part.factor * (np.exp(paths) if part.fit.logs else paths).mean(axis=1) for paths in found]
