"""A fitted joint model in words and numbers: model, diagnostics, assumptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.domain import FloatArray
from analysis.domain.seasons import HARMONIC, season_words
from analysis.interventions.design import CONTROL_SD, TREND_SD_PER_YEAR
from analysis.interventions.joint.marginal_likelihood import OUTLIER_FACTORS
from analysis.interventions.joint.measurement_error import MATERIAL
from analysis.numerics.noise import KAPPA, LOG_KAPPA, NoiseGrid

if TYPE_CHECKING:
    from analysis.interventions.effects import EffectResult
    from analysis.interventions.result import InterventionResult

ESTIMATOR = (
    "joint structural posterior: all events in one regression with white noise + AR(1) + random-walk level, "
    "the noise parameters integrated over on a fixed grid"
)
RECORDED = "Figures are recorded trade in nominal terms; after a ban trade may continue unrecorded."
"""True of the catalogue; of a caller's figures no more is known than the numbers."""
SLOPE_PRIOR = "; log10 of the slope's variance a step uniform on (-8, -1) with a tenth of the mass at 0"
REPORTED_PROBABILITIES = (0.025, 0.5, 0.975)


def model(result: InterventionResult) -> dict[str, Any]:
    """Return what was fitted: scale, terms, priors, sample, vintage and digests."""
    record = common(result)
    totals = result.posterior.evidence.totals
    record["sample"]["totals"] = 0 if totals is None else len(totals.value)
    return {
        "method": "structural",
        "estimator": ESTIMATOR,
        **record,
        "regimes": [str(window) for window in result.regimes],
        "noise": "white noise + AR(1) + random-walk level"
        + (" of wandering slope (local linear trend)" if result.trend == "local" else ""),
        "priors": {
            "events, season, intercept": "flat",
            "trend": f"normal, sd {TREND_SD_PER_YEAR:g} a year, "
            f"{'in logs' if result.logs else 'as a share of the mean of |y|'}",
            "controls": f"normal, sd {CONTROL_SD:g} stationary standard deviations per standardised unit",
            "noise": "log10 q uniform on (-4, 1) with a tenth of the mass at 0; AR share 0, 1/2 or 1; "
            "-ln(1 - rho) uniform on (0, 3.9); log10 kappa uniform on (-0.5, 4)"
            + (SLOPE_PRIOR if result.trend == "local" else ""),
        },
    }


def common(result: EffectResult) -> dict[str, Any]:
    """Return what every method states: scale, terms, sample, unit, vintage, digests, rule of the groups."""
    series, design = result.series, result.posterior.design
    observed = series.n_observed
    return {
        "scale": result.scale,
        "scale_note": "natural logarithms" if result.logs else f"levels, {series.unit}",
        "trend": result.trend,
        "seasonal": result.seasonal,
        "clock": result.clock,
        "datings_fitted": [d.dating for d in result.posterior.datings],
        "chinese_new_year": result.lunar,
        "controls": list(result.controls),
        "terms": [term.name for term in design.terms],
        "coefficients": len(design.precision),
        "unit": series.unit,
        "frequency": series.frequency,
        "vintage": series.vintage,
        "sample": {
            "first": str(series.first),
            "last": str(series.last),
            "periods": len(series),
            "observed": observed,
            "missing": len(series) - observed,
        },
        "series_digest": series.digest(),
        "events_digest": result.events.digest(),
        "rule": {
            "correlation": result.bounds.correlation,
            "difference_sd": result.bounds.difference_sd,
            "grade_a": result.bounds.grade_a,
            "grade_b": result.bounds.grade_b,
        },
    }


def diagnostics(result: InterventionResult) -> dict[str, Any]:
    """Return the posterior of the noise, the months discounted and how the grid was used."""
    posterior, reported = result.posterior, result.reported
    grid = posterior.grid
    weight = np.bincount(reported.cell, weights=reported.weight, minlength=len(grid)).astype(np.float64)
    record: dict[str, Any] = {
        "noise": {
            "rho": _quantiles(grid.rho[grid.share > 0], weight[grid.share > 0]),
            "random_walk_ratio": _quantiles(grid.q, weight),
            "p_no_random_walk": float(weight[grid.zero_q].sum()),
            **(_slope(grid, weight) if result.trend == "local" else {}),
            "ar_share": {f"{share:g}": float(weight[grid.share == share].sum()) for share in (0.0, 0.5, 1.0)},
            "stationary_sd": float(np.sqrt(reported.stationary_variance())),
            "kappa": [
                {
                    "regime": str(window),
                    **(_quantiles(grid.kappa[:, k], weight) or {}),
                    "p_last_cell": float(weight[grid.upper[:, KAPPA + k] >= LOG_KAPPA[1] - 1e-9].sum()),
                }
                for k, window in enumerate(result.regimes)
            ],
        },
        "datings": [
            {"dating": d.dating, "log_marginal_likelihood": d.log_marginal} for d in posterior.datings
        ],
        "discounted": _discounted(result),
        "without_discounts": result.without_discounts(),
        "measurement_error": _measurement_error(result),
        "decays": _decays(result),
        "residuals": _residuals(result),
        "correlation": correlations(result),
        "grid_points": len(grid),
        "passes": posterior.passes,
        "degrees_of_freedom": reported.coefficients.dof,
    }
    return record


def assumptions(result: InterventionResult) -> list[str]:
    """Return the identifying assumptions, in words."""
    trend = {"linear": "the trend, ", "local": "a trend of wandering slope, ", "none": ""}[result.trend]
    lines = [
        f"Between the events the level moves only by {trend}a random walk and stationary noise: a fall "
        "that began in the same months for another reason is counted with the event.",
        "The effect of every event has the stated shape and date; the other datings are fitted beside it.",
        RECORDED,
        "The measurement error has the declared variance; up to three outlying months outside the onset of "
        "events may carry more variance; totals over spans are linearised.",
    ]
    season = next((term for term in result.posterior.design.terms if term.kind == "seasonal"), None)
    if season is not None and result.series.frequency in HARMONIC:
        columns = season.columns.stop - season.columns.start
        words = season_words(result.series.frequency, columns)
        lines.append(f"The season is the same in every year: {words}.")
    if result.regimes:
        lines.append(
            "In the declared regime the white and AR variances are multiplied by an estimated ratio: "
            + ", ".join(str(window) for window in result.regimes)
        )
    return lines


def _slope(grid: NoiseGrid, weight: FloatArray) -> dict[str, Any]:
    """Return the posterior of the variance with which the slope wanders, over the stationary variance."""
    return {
        "slope_ratio": _quantiles(grid.slope, weight),
        "p_fixed_slope": float(weight[grid.slope == 0].sum()),
    }


def _quantiles(values: FloatArray, weight: FloatArray) -> dict[str, float] | None:
    total = weight.sum()
    if total <= 0:
        return None
    order = np.argsort(values, kind="stable")
    cumulative = np.cumsum(weight[order]) / total
    found = [
        values[order[min(int(np.searchsorted(cumulative, p)), len(order) - 1)]]
        for p in REPORTED_PROBABILITIES
    ]
    return dict(zip(("lower", "median", "upper"), map(float, found), strict=True))


def _discounted(result: InterventionResult) -> list[dict[str, Any]]:
    posterior, reported = result.posterior, result.reported
    rows = []
    for j, t in enumerate(posterior.outliers):
        factor = posterior.factors[reported.factor, j]
        rows.append(
            {
                "period": str(result.series.periods[t]),
                "variance_factor": float(reported.weight @ factor),
                "probability": {
                    f"{value:g}": float(reported.weight[factor == value].sum()) for value in OUTLIER_FACTORS
                },
            }
        )
    return rows


def _residuals(result: InterventionResult) -> dict[str, Any]:
    scores = result.mode.residuals()
    seen = scores != 0
    worst = int(np.argmax(np.abs(scores)))
    return {
        "kind": "standardised leave-one-out residuals at the modal noise parameters",
        "largest": {"period": str(result.series.periods[worst]), "value": float(scores[worst])},
        "share_beyond_2": float((np.abs(scores[seen]) > 2).mean()) if seen.any() else 0.0,
    }


def _measurement_error(result: InterventionResult) -> dict[str, Any]:
    """Return how the declared errors entered."""
    error = result.posterior.evidence.error[result.posterior.evidence.observed]
    known = result.posterior.grid.sigma2 is not None
    return {
        "mean_sd": float(np.sqrt(np.mean(error**2))),
        "entered": "not declared"
        if not error.any()
        else "as an unscaled part of the variance, the stationary variance on the grid"
        if known
        else f"at the first pass's stationary variance, of which it is less than {MATERIAL:.1%}",
    }


def _decays(result: InterventionResult) -> dict[str, Any] | None:
    """Return how the decays were integrated over; None where there are none."""
    variants = result.posterior.design.variants
    if not variants[0].decays:
        return None
    reported = result.reported
    mass = np.bincount(reported.variant, weights=reported.weight, minlength=len(variants))
    sampled = any(variant.log_prior for variant in variants)
    return {
        "count": len(variants[0].decays),
        "method": "points of a fixed sequence from block-wise grids at the mode, weighted by likelihood"
        if sampled
        else "tensor grid",
        "points": sum(variant.dating == reported.dating for variant in variants),
        "effective_points": float(1 / (mass**2).sum()),
    }


def errors(result: InterventionResult) -> list[dict[str, Any]]:
    """Return residual, level, one-step error and leave-one-out residual of every period at the mode.

    `residual` is the series less its fitted columns (level, noise and error together), `level` the smoothed
    level in it, both on the model's scale; `innovation` and `leave_one_out` are standardised. Null where the
    period is unobserved.
    """
    mode, seen = result.mode, result.posterior.evidence.observed
    columns = (mode.residual(), mode.innovations(), np.where(seen, mode.residuals(), np.nan))
    level = mode.level()
    return [
        {
            "period": str(period),
            "residual": _finite(residual),
            "level": float(level[t]),
            "innovation": _finite(innovation),
            "leave_one_out": _finite(without),
        }
        for t, (period, residual, innovation, without) in enumerate(
            zip(result.series.periods, *columns, strict=True)
        )
    ]


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def correlations(result: EffectResult) -> list[dict[str, Any]]:
    """Return the correlation of the effects of every pair of identified events."""
    covariance = result.reported.covariance
    terms = [t for t in result.posterior.design.event_terms if t.name not in result.aliasing.unidentified]
    rows = []
    for i, a in enumerate(terms):
        for b in terms[i + 1 :]:
            j, k = a.columns.start, b.columns.start
            value = covariance[j, k] / np.sqrt(covariance[j, j] * covariance[k, k])
            if np.isfinite(value):
                rows.append({"first": a.name, "second": b.name, "correlation": float(value)})
    return rows
