"""OLS with HAC errors and SARIMAX by statsmodels, on the design and the windows of an answer.

Both know the dating and the decays that the joint model finds most likely. Their coefficients are drawn from
the normal distribution that they report, and every draw is divided as the answer is.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from scipy import special

from analysis.attribution.timing.contributions import along
from analysis.attribution.timing.draws import PartDraws
from analysis.attribution.timing.parts import Part
from analysis.domain import FloatArray
from analysis.numerics.sequences import sobol

LOG2_POINTS = 11

Estimator = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
"""Takes a series with gaps, shape (T,), and its design, shape (T, p); returns coefficients and covariance."""


def ols_hac(y: FloatArray, columns: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Least squares with Newey-West errors, bandwidth ``floor(4 (n / 100) ^ (2 / 9))``."""
    from statsmodels.regression.linear_model import OLS

    seen = np.isfinite(y)
    lags = int(4 * (seen.sum() / 100) ** (2 / 9))
    found = OLS(y[seen], columns[seen]).fit(
        cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True}
    )
    return np.asarray(found.params), np.asarray(found.cov_params())


def sarimax(y: FloatArray, columns: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Regression with AR(1) errors by exact maximum likelihood."""
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = SARIMAX(y, exog=columns, order=(1, 0, 0)).fit(disp=False, maxiter=200, cov_type="oim")
    p = columns.shape[1]
    return np.asarray(found.params)[:p], np.asarray(found.cov_params())[:p, :p]


PEERS: dict[str, Estimator] = {"OLS + HAC": ols_hac, "SARIMAX": sarimax}


def peer_draws(part: Part, estimate: Estimator, coordinates: FloatArray) -> PartDraws:
    """Return draws of a part's coefficients by another estimator.

    Parameters
    ----------
    part : Part
        A modelled one.
    estimate : callable
    coordinates : ndarray, shape (N, p)
        Standard normal.
    """
    assert part.fit is not None
    posterior, reported = part.fit.posterior, part.fit.reported
    variant = int(reported.variant[int(np.argmax(reported.weight))])
    columns = posterior.design.variants[variant].columns
    used = np.flatnonzero(np.abs(columns).max(axis=0) > 0)
    centre, covariance = estimate(np.asarray(posterior.evidence.y), columns[:, used])
    values, vectors = np.linalg.eigh(0.5 * (covariance + covariance.T))
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    beta = np.zeros((len(coordinates), columns.shape[1]))
    beta[:, used] = centre + coordinates[:, : len(used)] @ root.T
    return PartDraws(beta, np.full(len(beta), variant))


def standard_normals(width: int) -> FloatArray:
    """Return standard normal coordinates from a fixed sequence, shape (N, width)."""
    return np.asarray(special.ndtri(sobol(LOG2_POINTS, width)))


def peer_contributions(part: Part, draws: PartDraws) -> dict[str, FloatArray]:
    """Return the contribution of every term of a part, draw by draw, as the answer divides it."""
    assert part.fit is not None
    assert part.way is not None
    found = along(part.fit.posterior.design, part.way, draws, logs=part.fit.logs)
    return {name: part.sign * part.factor * value for name, value in found.items()}


def peer_level(part: Part, draws: PartDraws, without: set[str]) -> FloatArray:
    """Return draws of a part's mean over ``to`` without some events, shape (N,)."""
    assert part.fit is not None
    assert part.way is not None
    design = part.fit.posterior.design
    keep = np.ones(draws.beta.shape[1])
    for term in design.event_terms:
        if without & set(term.event_ids):
            keep[term.columns] = 0.0
    columns = design.variants[int(draws.variant[0])].columns[part.way.destination.positions]
    return np.asarray(part.factor * np.exp((draws.beta * keep) @ columns.T).mean(axis=1))
