"""Parametric placebo: series of the fitted noise without events, at the real dates.

Where no shift of the dates finds years without events, the comparison is with simulated series: trend,
season, covariates and changes of record at their posterior means, no policy event, and noise drawn from
the fitted model (noise parameters from their posterior, normal numbers from a fixed sequence). Each is
refitted with the real events. It is as good as the noise model, which placebo dates would have tested.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.attribution.evidence.check import discounted
from analysis.attribution.evidence.contributions import NO_EVENT, policy_rows
from analysis.attribution.evidence.kernel import Kernel
from analysis.attribution.evidence.layout import assemble, modal_variant, parts_of
from analysis.attribution.evidence.placebo_dates import (
    FEWEST_SHIFTS,
    PlaceboRow,
    admitted_shifts,
    primary,
)
from analysis.attribution.result import AttributionResult
from analysis.domain import FloatArray
from analysis.errors import UsageError
from analysis.interventions.counterfactual import systematic_points
from analysis.interventions.dating import Dating
from analysis.numerics.fixed_sequence import normals
from analysis.numerics.noise import covariance

DRAWS = 199
"""Simulated series; p is at least 0.005."""
STREAM = 20170805
"""Number of the fixed sequence."""
AT_ONCE = 50
"""Series filtered together."""
TINY = 1e-12
"""Keeps the covariance positive definite where the AR part is all of it and nearly a unit root."""


@dataclass(frozen=True, slots=True)
class ParametricPlaceboFinding:
    """The real series among simulated ones without events."""

    rows: tuple[PlaceboRow, ...]
    draws: int
    dating: Dating

    def words(self) -> str:
        """Return the rows that stand out."""
        low = [row.label for row in self.rows if row.p is not None and row.p <= 0.05]
        shown = "; ".join(low) if low else "none"
        return (
            f"Parametric placebo: among {self.draws} series of the fitted noise without events (p is at "
            f"least {1 / (self.draws + 1):.2g}) these stand out at 0.05: {shown}. It relies on the noise "
            "model."
        )

    def to_record(self) -> dict[str, Any]:
        """Return the rows and what was simulated."""
        return {
            "kind": "parametric: series of the fitted noise without events, from a fixed sequence",
            "m": self.draws,
            "least_p": 1 / (self.draws + 1),
            "statistic": "summed effect over its posterior standard deviation, two-sided",
            "dating": self.dating,
            "rows": [row.to_record() for row in self.rows],
            "words": self.words(),
        }


@dataclass(frozen=True, slots=True)
class ParametricPlacebo:
    """Refit simulated series without events.

    Attributes
    ----------
    draws : int
    """

    draws: int = DRAWS

    @property
    def name(self) -> str:
        """Key in the record."""
        return "parametric_placebo"

    def validate(self, answer: AttributionResult) -> str | None:
        """Return why it is not wanted, or None.

        Raises
        ------
        UsageError
            If there are too few draws for p to reach 0.05.
        """
        if self.draws < FEWEST_SHIFTS:
            raise UsageError(f"draws is at least {FEWEST_SHIFTS}, what p = 0.05 needs")
        if not policy_rows(answer):
            return NO_EVENT
        m = len(admitted_shifts(answer))
        return None if m < FEWEST_SHIFTS else f"placebo dates can speak (m = {m})"

    def run(self, answer: AttributionResult) -> ParametricPlaceboFinding:
        """Simulate, refit, compare."""
        dating = primary(answer)
        rows = policy_rows(answer)
        parts = parts_of(answer)
        extra = discounted(answer)
        design = assemble(parts, [dating])
        contrasts = np.zeros((len(rows), len(design.precision)))
        for row, contrast in zip(rows, contrasts, strict=True):
            for term in design.event_terms:
                if term.name in row.terms:
                    contrast[term.columns.start] = 1.0
        own = np.nan_to_num(answer.fit.posterior.evidence.y)[:, None]
        series = np.column_stack([own, simulated(answer, dating, extra, self.draws)])
        found = []
        for start in range(0, series.shape[1], AT_ONCE):
            kernel = Kernel.build(
                answer.fit.posterior,
                parts,
                extra,
                responses=series[:, start : start + AT_ONCE],
                totals=False,
            )
            found.append(
                effect_ratios(
                    kernel,
                    design.variants[0].columns,
                    kernel.precision(design),
                    contrasts,
                    design.trend_column,
                )
            )
        ratios = np.concatenate(found, axis=1)
        placebos = [
            PlaceboRow.of(row.event_ids, row.label, float(values[0]), [float(v) for v in values[1:]])
            for row, values in zip(rows, ratios, strict=True)
        ]
        return ParametricPlaceboFinding(tuple(placebos), self.draws, dating)


def simulated(answer: AttributionResult, dating: Dating, extra: FloatArray, draws: int) -> FloatArray:
    """Return series of the fitted model without policy events, on the model's scale, shape (T, draws).

    Parameters
    ----------
    answer : AttributionResult
    dating : Dating
    extra : ndarray, shape (T,)
        Variance of discounted periods over the stationary variance.
    draws : int
    """
    posterior = answer.fit.posterior
    own = posterior.dating(dating)
    columns = posterior.design.variants[modal_variant(posterior.design, own)].columns
    beta = own.mean.copy()
    for term in posterior.design.terms:
        if term.kind == "event":
            beta[term.columns] = 0.0
    result = np.repeat((columns @ beta)[:, None], draws, axis=1)
    random = normals((draws, 2, len(columns)), STREAM)
    index, weight = systematic_points(own.weight, draws)
    owner = np.repeat(index, np.rint(weight * draws).astype(int))
    c = own.coefficients
    for point in index:
        cell = int(own.cell[point])
        level, stationary = covariance(posterior.grid, cell, posterior.sample)
        scale = np.sqrt(c.rss[point] / (c.dof - 2))
        root = np.linalg.cholesky(level + stationary + TINY * np.eye(len(columns)))
        error = np.sqrt(posterior.sample.error(posterior.grid.take(np.array([cell])))[:, 0] + extra)
        mine = np.flatnonzero(owner == point)
        noise = random[mine, 0] @ root.T + random[mine, 1] * error
        result[:, mine] += scale * noise.T
    return result


def effect_ratios(
    kernel: Kernel, columns: FloatArray, precision: FloatArray, contrasts: FloatArray, trend: int | None
) -> FloatArray:
    """Return posterior mean over posterior sd of each contrast for every response, shape (c, s).

    Parameters
    ----------
    kernel : Kernel
        Holds the columns and s responses.
    columns : ndarray, shape (T, p)
    precision : ndarray, shape (p,)
        As `Kernel.precision` returns it.
    contrasts : ndarray, shape (c, p)
    trend : int or None
        Column of the trend.
    """
    where = np.array([kernel.index[column.tobytes()] for column in columns.T])
    forms, sigma2 = kernel.forms, kernel.grid.sigma2
    dof = kernel.n_data - int((precision == 0).sum())
    gram = forms.inner[:, where][:, :, where]
    steps = np.arange(len(where))
    priors = kernel.precisions(precision, trend)
    gram[:, steps, steps] += priors.T
    size = np.sqrt(np.diagonal(gram, axis1=1, axis2=2))
    factor = np.linalg.cholesky(gram / (size[:, :, None] * size[:, None, :]))
    cross = forms.mixed[:, where] / size[:, :, None]
    sides = (contrasts / size[:, None, :]).transpose(0, 2, 1)
    solved = np.linalg.solve(factor, np.concatenate([cross, sides], axis=2))
    responses, rows = np.split(solved, [cross.shape[2]], axis=2)
    rss = forms.squares - (responses**2).sum(axis=1)
    common = -0.5 * forms.logdet - np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
    common += np.log(kernel.grid.mass) - np.log(size).sum(axis=1)
    if sigma2 is None:
        score, variance = common[:, None] - 0.5 * dof * np.log(rss), rss / (dof - 2)
    else:
        common += 0.5 * np.log(np.where(priors > 0, priors, 1.0)).sum(axis=0) - 0.5 * dof * np.log(sigma2)
        score, variance = (
            common[:, None] - 0.5 * rss / sigma2[:, None],
            np.broadcast_to(sigma2[:, None], rss.shape),
        )
    weight = np.exp(score - score.max(axis=0))
    weight /= weight.sum(axis=0)
    centre = rows.transpose(0, 2, 1) @ responses
    mean = (weight[:, None, :] * centre).sum(axis=0)
    spread = (rows**2).sum(axis=1)[:, :, None] * variance[:, None, :] + (centre - mean) ** 2
    return np.asarray(mean / np.sqrt((weight[:, None, :] * spread).sum(axis=0)))
