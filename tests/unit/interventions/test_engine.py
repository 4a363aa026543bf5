"""One engine: a row of a batch is the answer of one series, and a cell is what brute force finds there."""

import numpy as np
import pytest

from analysis.domain import EventTable, Total, TradeSeries, Window
from analysis.interventions import fit_interventions
from analysis.interventions.joint import fit as fit_module
from analysis.interventions.joint.grids import GridSize
from analysis.interventions.panel import fit_panel
from tests.worlds import ar1, monthly, steps, table

FIRST, LENGTH = "2012-01", 96
MONTHS = {"a": "2014-05", "b": "2016-10", "c": "2017-06"}
SIZES = dict(zip(MONTHS.values(), (-0.3, 0.4, -0.5), strict=True))
EQUAL = 1e-9
"""Of a standard error: what the order of sums may be worth."""


def world(
    number: int, *, rho: float = 0.5, missing: tuple[int, ...] = (), spike: int | None = None
) -> TradeSeries:
    logs = 4 + steps(FIRST, LENGTH, SIZES) + ar1(500 + number, LENGTH, rho, 0.2)
    logs += 0.1 * np.sin(np.arange(LENGTH) * np.pi / 6)
    if spike is not None:
        logs[spike] += 2.5
    logs[list(missing)] = np.nan
    return monthly(FIRST, logs, id=f"w{number}")


def remade(series: TradeSeries, **changes: object) -> TradeSeries:
    values = [None if np.isnan(v) else float(v) for v in series.values]
    return TradeSeries.from_values(series.periods, values, id=f"{series.id}-more", **changes)


def whole() -> EventTable:
    return table(**MONTHS)


def of_shape(**shapes: str) -> EventTable:
    rows = [
        {"id": k, "title": k, "effective": f"{month}-01", "shape": shapes.get(k, "step")}
        for k, month in MONTHS.items()
    ]
    return EventTable.from_rows(rows)


def partial() -> EventTable:
    return EventTable.from_rows(
        [{"id": k, "title": k, "effective": f"{month}-12"} for k, month in MONTHS.items()]
    )


MANY = tuple(int(t) for t in np.argsort(np.sin(np.arange(LENGTH) * 12.9898) % 1)[:38])
"""Forty per cent of the months, spread over the seasons."""
SERIES = [
    world(0),
    world(1, rho=0.9),
    world(2, rho=0.0),
    world(3, missing=(7, 50, 51, 90)),
    world(4, missing=(0, 95), spike=30),
    world(5, missing=MANY),
    remade(world(6), rse=0.06),
    remade(world(7, missing=(60, 61)), totals=(Total(Window.parse("2017-01..2017-02"), 90.0, 0.01),)),
]
OPTIONS = {
    "plain": (whole(), {}),
    "regime": (whole(), {"regime": "2018-01..2019-12"}),
    "partial months": (partial(), {}),
    "gradual and temporary": (of_shape(a="gradual", c="temporary"), {}),
    "local trend": (whole(), {"trend": "local"}),
    "no trend": (whole(), {"trend": "none"}),
    "no outliers": (whole(), {"outliers": False}),
    "levels": (whole(), {"scale": "level"}),
    "control": (whole(), {"controls": {"price": list(np.cos(np.arange(LENGTH) / 7.0))}}),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_a_row_of_a_batch_is_the_answer_of_one_series(name):
    events, options = OPTIONS[name]
    result = fit_panel(SERIES, events, **options)
    for series, rows in zip(SERIES, result.series, strict=True):
        fitted = fit_interventions(series, events, **options)
        for row, effect in zip(rows, fitted.effects, strict=True):
            assert (row.event_id, row.group, row.grade) == (effect.event_id, effect.group, effect.grade)
            found = np.array([row.estimate, row.se, row.lower, row.upper])
            wanted = np.array([effect.estimate, effect.se, effect.lower, effect.upper])
            assert np.abs(found - wanted).max() < EQUAL * effect.se, (series.id, row.event_id)
            assert row.p_sign == pytest.approx(effect.p_sign, abs=EQUAL)


def dense_log_marginal(posterior, cell, variant, factor, sigma2=None):
    """Brute force: the restricted likelihood by dense matrices, up to a constant of the data."""
    seen = posterior.evidence.observed
    x, y = posterior.design.variants[variant].columns[seen], posterior.evidence.y[seen]
    noise = posterior.noise_covariance(cell, factor)[1][np.ix_(seen, seen)]
    inverse = np.linalg.inv(noise)
    precision = posterior.precision()
    if sigma2 is not None:
        precision[posterior.design.trend_column] *= sigma2
    gram = x.T @ inverse @ x + np.diag(precision)
    beta = np.linalg.solve(gram, x.T @ inverse @ y)
    rss = y @ inverse @ y - beta @ gram @ beta
    dof = len(y) - int((precision == 0).sum())
    proper = 0.5 * np.log(precision[precision > 0]).sum()
    value = proper - 0.5 * np.linalg.slogdet(noise)[1] - 0.5 * np.linalg.slogdet(gram)[1]
    if sigma2 is None:
        return value - 0.5 * dof * np.log(rss), beta, np.linalg.inv(gram) * rss / dof
    return value - 0.5 * dof * np.log(sigma2) - 0.5 * rss / sigma2, beta, np.linalg.inv(gram) * sigma2


@pytest.mark.parametrize("name", ["plain", "regime", "partial months", "local trend", "error"])
def test_weights_and_coefficients_of_every_point_are_those_of_dense_matrices(name):
    """Points enumerated: outliers by Woodbury, errors, regimes, slopes, against a dense matrix each."""
    events, options = OPTIONS.get(name, (whole(), {}))
    series = remade(world(4, missing=(0, 95), spike=30), rse=0.08 if name == "error" else 0.0)
    posterior = fit_interventions(series, events, **options).posterior
    dating = posterior.datings[0]
    assert posterior.outliers == (30,)
    heavy = np.argsort(-dating.weight)[:40]
    sigma2 = posterior.grid.sigma2
    assert (sigma2 is not None) == (name == "error")
    wanted = []
    for point in heavy:
        cell, variant, factor = int(dating.cell[point]), int(dating.variant[point]), int(dating.factor[point])
        known = None if sigma2 is None else float(sigma2[cell])
        score, beta, spread = dense_log_marginal(posterior, cell, variant, factor, known)
        wanted.append(score + np.log(posterior.grid.mass[cell]))
        sd = np.sqrt(np.diag(spread))
        assert np.abs(dating.coefficients.mean[point] - beta).max() < 1e-7 * sd.max()
        root = dating.coefficients.root[point] * np.sqrt(
            dating.coefficients.rss[point] / dating.coefficients.dof
        )
        np.testing.assert_allclose(np.sqrt((root**2).sum(axis=1)), sd, rtol=1e-6)
    found = np.log(dating.weight[heavy])
    np.testing.assert_allclose(found - found[0], np.array(wanted) - wanted[0], atol=1e-6)


def test_a_grid_of_twice_the_cells_moves_no_end_by_more_than_two_per_cent_of_the_width(monkeypatch):
    series = [world(0), world(1, rho=0.9), world(2, rho=0.0), world(4, spike=30)]
    own = [[(e.lower, e.upper) for e in fit_interventions(s, whole()).effects] for s in series]
    first, last = fit_module.default_grids(0, False)
    finer = GridSize(q=2 * last.q, rho=2 * last.rho, kappa=1, rounds=0)
    monkeypatch.setattr(fit_module, "default_grids", lambda regimes, local: (first, finer))
    fine = np.array([[(e.lower, e.upper) for e in fit_interventions(s, whole()).effects] for s in series])
    moved = np.abs(np.array(own) - fine) / (fine[:, :, 1] - fine[:, :, 0])[:, :, None]
    assert moved.max() < 0.02
