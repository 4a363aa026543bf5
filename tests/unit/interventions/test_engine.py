"""One engine: a row of a batch is the answer of one series, and a cell is what brute force finds there."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.domain import EventTable, Period, Total, TradeSeries, Window
from analysis.interventions import fit_interventions
from analysis.interventions.joint import fit as fit_module
from analysis.interventions.panel import fit_panel
from tests.worlds import ar1, monthly, normals, steps, table

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
    "gradual and temporary": (of_shape(a="gradual", c="temporary"), {"trend": "linear"}),
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
    posterior = fit_interventions(series, events, **{"trend": "linear", **options}).posterior
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


@pytest.mark.parametrize("trend", ["linear", "local"])
def test_a_grid_of_twice_the_cells_moves_no_end_by_more_than_two_per_cent_of_the_width(monkeypatch, trend):
    series = [world(0), world(1, rho=0.9), world(2, rho=0.0), world(4, spike=30)]

    def ends():
        return np.array(
            [[(e.lower, e.upper) for e in fit_interventions(s, whole(), trend=trend).effects] for s in series]
        )

    own = ends()
    first, last = fit_module.default_grids(0, trend == "local")
    finer = replace(last, q=2 * last.q, rho=2 * last.rho, slope=2 * last.slope)
    monkeypatch.setattr(fit_module, "default_grids", lambda regimes, local: (first, finer))
    fine = ends()
    moved = np.abs(own - fine) / (fine[:, :, 1] - fine[:, :, 0])[:, :, None]
    assert moved.max() < 0.02


def test_declared_errors_of_zero_change_nothing_and_larger_ones_widen_every_interval():
    plain = fit_interventions(world(0), whole())
    again = fit_interventions(remade(world(0), rse=0.0), whole())
    assert [e.estimate for e in again.effects] == [e.estimate for e in plain.effects]
    assert again.posterior.grid.sigma2 is None
    widths = []
    for rse in (0.0, 0.1, 0.2, 0.4):
        logs = np.log(world(0).values) + rse * normals(77, LENGTH)
        fitted = fit_interventions(remade(monthly(FIRST, logs), rse=rse), whole(), outliers=False)
        widths.append([e.upper - e.lower for e in fitted.effects])
    assert (np.diff(np.array(widths), axis=0) > 0).all()
    doubtful = fit_interventions(remade(world(0), rse=0.6), whole(), outliers=False)
    assert all(e.upper - e.lower > width for e, width in zip(doubtful.effects, widths[0], strict=True))


def test_coverage_and_width_where_the_error_is_declared():
    """Twenty-four worlds of white noise .1 and errors of .3 in every other month: 72 intervals of 95 %.

    With the errors known the intervals hold the truth and use the quiet months: a fit that does not know of
    them is wider by a quarter. Fewer than 63 hits of 72 have a probability of 4 in 10,000 at 95 %.
    """
    loud = np.where(np.arange(LENGTH) % 2 == 0, 0.3, 0.0)
    hits, widths, blind = 0, [], []
    for number in range(24):
        logs = 4 + steps(FIRST, LENGTH, SIZES) + 0.1 * normals(900 + number, LENGTH)
        series = remade(monthly(FIRST, logs + loud * normals(950 + number, LENGTH)), rse=list(loud))
        fitted = fit_interventions(series, whole(), outliers=False, seasonal=False)
        assert fitted.posterior.grid.sigma2 is not None
        for effect, truth in zip(fitted.effects, SIZES.values(), strict=True):
            hits += effect.lower <= truth <= effect.upper
            widths.append(effect.upper - effect.lower)
        if number < 6:
            unknown = fit_interventions(remade(series), whole(), outliers=False, seasonal=False)
            blind += [effect.upper - effect.lower for effect in unknown.effects]
    assert 63 <= hits <= 72
    assert np.mean(widths) < 0.8 * np.mean(blind)


def test_a_known_variance_on_the_grid_is_the_conjugate_answer_where_errors_vanish(monkeypatch):
    """With errors of nearly nothing the grid over sigma is the t distribution that it replaces."""
    series = remade(world(2, rho=0.0), rse=1e-6)
    usual = fit_interventions(series, whole(), outliers=False)
    monkeypatch.setattr(fit_module, "MATERIAL", -1.0)
    grid = fit_interventions(series, whole(), outliers=False)
    assert grid.posterior.grid.sigma2 is not None
    for a, b in zip(usual.effects, grid.effects, strict=True):
        assert abs(a.estimate - b.estimate) < 0.01 * a.se
        assert a.upper - a.lower == pytest.approx(b.upper - b.lower, rel=0.01)
    assert grid.reported.stationary_variance() == pytest.approx(
        usual.reported.stationary_variance(), rel=0.01
    )


def test_ten_gradual_events_are_integrated_over_and_said_so():
    months = [str(Period.parse("2012-10") + 10 * k) for k in range(10)]
    truth = [0.4 if k % 2 == 0 else -0.5 for k in range(10)]
    h = np.arange(150)[:, None] - np.array([Period.parse(m) - Period.parse(FIRST) for m in months])
    logs = 4 + np.where(h >= 0, 1 - 0.5 ** (h + 1.0), 0.0) @ np.array(truth) + 0.05 * normals(7, 150)
    events = EventTable.from_rows(
        [
            {"id": f"e{k}", "title": f"e{k}", "effective": f"{month}-01", "shape": "gradual"}
            for k, month in enumerate(months)
        ]
    )
    fitted = fit_interventions(monthly(FIRST, logs), events)
    inside = [abs(e.estimate - t) < 3.5 * e.se for e, t in zip(fitted.effects, truth, strict=True)]
    assert all(inside)
    assert max(e.se for e in fitted.effects) < 0.15
    assert all(0.1 < e.decay["mean"] < 0.9 for e in fitted.effects)
    said = fitted.diagnostics()["decays"]
    assert said["count"] == 10
    assert "fixed sequence" in said["method"]
    assert said["effective_points"] > 5


def test_the_sampled_decays_give_the_answer_of_the_tensor_grid(monkeypatch):
    """Three decays, once over all 512 combinations and once by the sequence of the many."""
    events = of_shape(a="gradual", b="gradual", c="temporary")
    monkeypatch.setattr("analysis.interventions.design.MOST_DECAY_COMBINATIONS", 512)
    usual = fit_interventions(world(0), events)
    assert usual.diagnostics()["decays"]["method"] == "tensor grid"
    assert usual.diagnostics()["decays"]["points"] == 512
    monkeypatch.setattr("analysis.interventions.fit.many", lambda design: True)
    sampled = fit_interventions(world(0), events)
    for a, b in zip(usual.effects, sampled.effects, strict=True):
        assert abs(a.estimate - b.estimate) < 0.25 * a.se
        assert a.se == pytest.approx(b.se, rel=0.25)


def test_no_outlier_is_discounted_in_an_onset_or_in_a_temporary_effects_support():
    events = EventTable.from_rows(
        [
            {"id": "virus", "title": "Virus", "effective": "2016-03-20", "shape": "temporary"},
            {"id": "ban", "title": "Ban", "effective": "2018-02-10"},
        ]
    )
    start = Period.parse(FIRST)
    logs = 4 + 0.1 * normals(31, LENGTH)
    for month, size in (("2016-04", 1.2), ("2016-05", 0.7), ("2018-03", -1.5), ("2014-06", 1.5)):
        logs[Period.parse(month) - start] += size
    fitted = fit_interventions(monthly(FIRST, logs), events)
    found = [str(fitted.series.periods[t]) for t in fitted.posterior.outliers]
    assert found == ["2014-06"]
    said = fitted.to_record()["diagnostics"]["without_discounts"]
    plain = fit_interventions(monthly(FIRST, logs), events, outliers=False)
    for row, effect in zip(said, plain.effects, strict=True):
        assert row["estimate"] == pytest.approx(effect.estimate, abs=0.05 * effect.se)
        assert row["se"] == pytest.approx(effect.se, rel=0.05)
    assert plain.to_record()["diagnostics"]["without_discounts"] == []


def test_controls_trend_and_slopes_have_intervals_and_errors_are_in_the_record():
    price = np.cos(np.arange(LENGTH) / 7.0)
    years = np.arange(LENGTH) / 12
    begun = np.maximum(np.arange(LENGTH) - (Period.parse("2017-06") - Period.parse(FIRST)) + 1, 0) / 12
    logs = 4 + steps(FIRST, LENGTH, SIZES) + 0.2 * price + 0.05 * years - 0.3 * begun
    logs += 0.05 * normals(3, LENGTH)
    logs[40] = np.nan
    events = of_shape(c="level_slope")
    fitted = fit_interventions(monthly(FIRST, logs), events, controls={"price": list(price)})
    rows = {row["name"]: row for row in fitted.coefficients()}
    seen = np.isfinite(logs)
    truth = {"price": 0.2 * price[seen].std(), "trend": 0.05, "c": -0.3}
    for name, value in truth.items():
        assert rows[name]["lower"] < value < rows[name]["upper"]
        assert rows[name]["se"] < 0.1
    record = fitted.to_record()
    assert record["effects"][-1]["slope"]["estimate"] == rows["c"]["estimate"]
    assert f"c, change of slope: {rows['c']['estimate']:.4g} logs a year (95 % interval" in str(fitted)
    errors = record["errors"]
    assert errors[40]["innovation"] is None
    innovations = np.array([e["innovation"] for e in errors if e["innovation"] is not None])
    assert 0.7 < innovations.std() < 1.1
    assert len(str(fitted).splitlines()) < 60


def test_the_mode_is_the_least_squares_operator_on_whitened_data():
    fitted = fit_interventions(remade(world(4, missing=(0, 95), spike=30), rse=0.08), whole(), trend="local")
    mode = fitted.mode
    y = np.nan_to_num(fitted.posterior.evidence.y)
    np.testing.assert_allclose(mode.operator() @ mode.whiten(y[:, None])[:, 0], mode.beta, atol=1e-8)
    seen = fitted.posterior.evidence.observed
    noise = fitted.posterior.noise_covariance(mode.cell, mode.factor)[1][np.ix_(seen, seen)]
    moved = np.column_stack([np.roll(mode.columns[:, -1], 3), y])
    wanted = moved[seen].T @ np.linalg.solve(noise, moved[seen])
    white = mode.whiten(moved)
    np.testing.assert_allclose(white.T @ white, wanted, rtol=1e-8)
