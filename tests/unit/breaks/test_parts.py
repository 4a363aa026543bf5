"""The parts of the search one by one: tests, sets, matching by chance, stability, monitoring, unit roots."""

from __future__ import annotations

import itertools
import json
from typing import Literal

import numpy as np
import pytest

from analysis.breaks import check_stability, match_events, monitor_series
from analysis.breaks.bai_perron import BreakRegression, wald_f
from analysis.breaks.date_sets import date_sets, eo_morley_critical
from analysis.breaks.detectors import adjusted, second_opinions
from analysis.breaks.matching import chance_of_meeting, count_distribution, event_windows, match_by_chance
from analysis.breaks.monitoring import monitor
from analysis.breaks.perron_yabu import kejriwal_perron
from analysis.breaks.sample import Sample, build_sample
from analysis.breaks.sized import share_of, sized_search
from analysis.breaks.stability import ols_mosum
from analysis.breaks.unit_roots import lee_strazicich, zivot_andrews
from analysis.breaks.variance import variance_break
from analysis.breaks.wandering import compare_with_wandering_level
from analysis.domain import EventTable, Period, TradeSeries
from analysis.errors import CannotEstimateError, InputError, UsageError
from analysis.numerics.critical_values import hansen_p_value
from analysis.numerics.fixed_sequence import normals
from analysis.numerics.least_squares import least_squares
from analysis.numerics.local_level import local_level
from analysis.numerics.long_run_variance import long_run_variance
from analysis.numerics.sized_quantiles import dates_null
from tests.unit.breaks.conftest import Maker


def _sample(series: TradeSeries) -> Sample:
    return build_sample(series, model="mean", scale="level", seasonal=None, max_breaks=5)


def test_least_squares_reports_rank_and_drops_what_is_spanned() -> None:
    x = np.column_stack([np.ones(20), np.arange(20.0), 3 + 2 * np.arange(20.0)])
    fit = least_squares(np.arange(20.0) ** 2, x)
    assert fit.rank == 2
    assert len(fit.dropped) == 1
    expected = np.linalg.lstsq(x[:, :2], np.arange(20.0) ** 2, rcond=None)[1][0]
    assert fit.ssr == pytest.approx(expected)


def test_long_run_variance_of_white_noise_and_of_an_autoregression() -> None:
    """White noise has its variance; an AR(1) of .5 has four times its innovations' variance."""
    noise = normals((4000, 1), 9)
    assert long_run_variance(noise).matrix[0, 0] == pytest.approx(1.0, abs=0.1)
    series = np.empty(4000)
    series[0] = noise[0, 0]
    for t in range(1, 4000):
        series[t] = 0.5 * series[t - 1] + noise[t, 0]
    assert long_run_variance(series[:, None]).matrix[0, 0] == pytest.approx(4.0, abs=0.5)


def test_wald_statistic_with_one_mean_shift_is_the_textbook_f() -> None:
    """With independent errors and one break the statistic is F times (n - 2)/(n - 2)."""
    y = normals((50,), 11) + 1.0 * (np.arange(50) >= 20)
    model = BreakRegression(y, np.ones((50, 1)), np.empty((50, 0)), 8)
    left, right = y[:20], y[20:]
    within = float(((left - left.mean()) ** 2).sum() + ((right - right.mean()) ** 2).sum())
    between = float(((y - y.mean()) ** 2).sum()) - within
    assert wald_f(model, (20,), "iid") == pytest.approx((50 - 2) * between / within)


def test_wald_statistic_refuses_what_is_not_identified() -> None:
    y = normals((30,), 12)
    doubled = np.column_stack([np.ones(30), np.ones(30)])
    with pytest.raises(CannotEstimateError, match="not identified"):
        wald_f(BreakRegression(y, doubled, np.empty((30, 0)), 5), (15,), "iid")
    with pytest.raises(CannotEstimateError, match="long-run variance"):
        wald_f(BreakRegression(y, np.ones((30, 1)), np.empty((30, 0)), 4), (4,), "hac")


def test_quantiles_of_date_sets_rise_with_persistence_and_say_when_they_end() -> None:
    values = [
        dates_null(n=96, seasons=12, trimming=0.15, rho=rho).quantile(0.95) for rho in (0.0, 0.5, 0.8, 0.9)
    ]
    assert values == sorted(values)
    null = dates_null(n=96, seasons=12, trimming=0.15, rho=0.5)
    for probability in (0.3, 0.9, 0.95, 0.99, 0.9995):
        assert null.cdf(null.quantile(probability)) == pytest.approx(probability, abs=2e-3)
    assert "simulated" in dates_null(n=2000, seasons=1, trimming=0.15, rho=0.99).outside
    assert null.outside == ""


def test_eo_morley_critical_values_as_printed() -> None:
    """Eo and Morley (2015): 5.94, 7.35 and 10.62 at 90, 95 and 99 %; Siegmund (1988)."""
    for level, printed in ((0.90, 5.94), (0.95, 7.35), (0.99, 10.60)):
        assert eo_morley_critical(level) == pytest.approx(printed, abs=0.01)


def test_sets_hold_their_estimate_and_grow_with_the_level(make: Maker) -> None:
    sample = _sample(make(steps={48: 1.5}))
    breaks = sized_search(sample).breaks
    assert breaks
    narrow, wide = date_sets(sample, breaks, 0.8)[0][0], date_sets(sample, breaks, 0.99)[0][0]
    inside = {p for a, b in narrow.ranges for p in range(a, b + 1)}
    assert breaks[0] in inside
    assert inside < {p for a, b in wide.ranges for p in range(a, b + 1)}
    assert all(a <= b for a, b in wide.ranges)
    assert all(one[1] < two[0] for one, two in itertools.pairwise(wide.ranges))


def test_second_opinions_equal_ruptures_with_its_own_cost(make: Maker) -> None:
    import ruptures

    sample = _sample(make(steps={48: 3.0}))
    signal, h = adjusted(sample)[:, None], sample.min_length
    found = {d.name: d.positions for d in second_opinions(sample, 2).found}
    for name in ("Dynp", "Binseg"):
        own = getattr(ruptures, name)(model="l2", min_size=h, jump=1).fit(signal).predict(n_bkps=2)
        assert list(found[name]) == own[:-1]


def test_chance_distribution_equals_enumeration() -> None:
    chances = (0.1, 0.5, 0.8)
    expected = np.zeros(4)
    for hits in itertools.product((0, 1), repeat=3):
        weight = np.prod([c if h else 1 - c for c, h in zip(chances, hits, strict=True)])
        expected[sum(hits)] += weight
    np.testing.assert_allclose(count_distribution(chances), expected)
    matching = match_by_chance(3, chances, 0.95)
    assert matching.pvalue == pytest.approx(0.04)
    assert matching.expected_by_chance == pytest.approx(1.4)
    assert matching.lower <= 1.4 <= matching.upper


def test_event_windows_by_frequency() -> None:
    """Adoption to the first full period, and two months, one quarter or no year."""
    events = EventTable.from_rows([{"id": "e", "title": "E", "effective": "2017-09-12"}])
    monthly = event_windows(events, Period.parse("2015-01"), Period.parse("2019-12"), "x")[0]
    assert (str(monthly.window), str(monthly.full)) == ("2017-09..2017-12", "2017-10")
    quarterly = event_windows(events, Period.parse("2015-Q1"), Period.parse("2019-Q4"), "x")[0]
    assert (str(quarterly.window), str(quarterly.full)) == ("2017-Q3..2018-Q1", "2017-Q4")
    annual = event_windows(events, Period.parse("2015"), Period.parse("2019"), "x")[0]
    assert (str(annual.window), str(annual.full)) == ("2017..2018", "2018")
    positions = [Period.parse("2017-01") + k for k in range(24)]
    assert chance_of_meeting([monthly], [(0, 0)], positions) == pytest.approx(4 / 24)
    assert chance_of_meeting([monthly], [(-1, 2)], positions) == pytest.approx(7 / 24)
    assert chance_of_meeting([monthly], [(-6, -5), (0, 0)], positions) == pytest.approx(9 / 24)
    assert chance_of_meeting([], [(-1, 2)], positions) == 0.0


def test_local_level_likelihood_equals_the_dense_one() -> None:
    n = 30
    calendar = np.delete(np.arange(33), [4, 5, 20])
    y = np.cumsum(normals((n,), 21)) + normals((n,), 22)
    found = local_level(y, np.ones((n, 1)), calendar)
    elapsed = calendar - calendar[0]
    covariance = np.eye(n) + found.ratio * np.minimum(elapsed[:, None], elapsed[None, :])
    root = np.linalg.cholesky(covariance)
    x, white = np.linalg.solve(root, np.ones((n, 1))), np.linalg.solve(root, y)
    residual = white - x @ np.linalg.lstsq(x, white, rcond=None)[0]
    variance = float(residual @ residual) / n
    expected = -n / 2 * (np.log(2 * np.pi * variance) + 1) - float(np.sum(np.log(np.diag(root))))
    assert found.loglik == pytest.approx(expected)
    assert found.variance == pytest.approx(variance)


def test_a_random_walk_is_called_a_wandering_level() -> None:
    values = 50 + np.cumsum(normals((120,), 33)) + 0.3 * normals((120,), 34)
    start = Period.parse("2010-01")
    sample = _sample(TradeSeries.from_values([start + t for t in range(120)], values.tolist(), id="walk"))
    found = compare_with_wandering_level(sample, (40, 80))
    assert found.verdict == "wandering_level"
    assert "would show these dates too" in found.sentence


def test_variance_break_is_found_and_not_invented() -> None:
    noise = normals((160,), 41)
    louder = noise * np.where(np.arange(160) < 80, 1.0, 3.0)
    assert variance_break(noise).pvalue > 0.1
    found = variance_break(louder)
    assert found.pvalue < 0.05
    assert found.position == pytest.approx(80, abs=12)


def test_seasonal_pattern_break_is_found(make: Maker) -> None:
    series = make(144, rho=0.2)
    values = series.values.copy()
    moved = np.tile([2.0, -2.0, 0, 0, 0, 1.5, 0, 0, -1.5, 0, 0, 0], 6)
    values[72:] += moved
    other = TradeSeries.from_values(series.periods, values.tolist(), id="moved")
    by_name = {t.name: t for t in check_stability(other, scale="level").tests}
    same = {t.name: t for t in check_stability(series, scale="level").tests}
    assert by_name["seasonal pattern"].pvalue < 0.01
    assert same["seasonal pattern"].pvalue > 0.05


def test_stability_of_a_series_prints_and_serialises(make: Maker) -> None:
    found = check_stability(make(steps={48: 3.0}), scale="level", date="2016-01")
    record = found.to_record()
    json.dumps(record, allow_nan=False)
    by_name = {test["name"]: test for test in record["tests"]}
    assert by_name["Chow"]["pvalue"] < 0.01
    assert by_name["Chow"]["last_before"] == "2015-12"
    assert {
        "supF",
        "aveF",
        "expF",
        "OLS-CUSUM",
        "recursive CUSUM",
        "OLS-MOSUM",
        "Nyblom-Hansen",
    } <= by_name.keys()
    assert "Chow" in found.summary()
    with pytest.raises(InputError, match="outside the sample"):
        check_stability(make(), date="1980-01")


def test_monitoring_a_series(make: Maker) -> None:
    series = make(120, rho=0.0, steps={84: 3.0})
    found = monitor_series(series, "2018-12", scale="level")
    assert found.detected is not None
    assert Period.parse("2019-01") <= found.detected <= Period.parse("2019-06")
    record = found.to_record()
    json.dumps(record, allow_nan=False)
    assert (record["history"]["n"], record["new"]["n"]) == (84, 36)
    assert (record["new"]["first"], record["detected"]) == ("2019-01", str(found.detected))
    beyond = next(row["period"] for row in record["process"] if row["value"] > row["boundary"])
    assert beyond == record["detected"]
    assert f"detected in {found.detected}" in found.summary()
    assert monitor_series(make(120, rho=0.0), "2018-12", scale="level").detected is None


def test_monitoring_takes_the_autocorrelation_of_the_history_out(make: Maker) -> None:
    """AR(1) .8, 40 series without a change: with independent errors assumed most give a false alarm."""
    series = [make(120, rho=0.8, stream=500 + k) for k in range(40)]

    def alarms(errors: Literal["ar", "iid"]) -> int:
        found = [monitor_series(s, "2018-12", scale="level", errors=errors) for s in series]
        return sum(f.detected is not None for f in found)

    assert alarms("ar") <= 8
    assert alarms("iid") >= 20


def test_monitoring_a_series_refuses_in_words(make: Maker) -> None:
    with pytest.raises(CannotEstimateError, match=r"12 observed periods and the model 12 coefficients"):
        monitor_series(make(60), "2012-12", scale="level")
    with pytest.raises(CannotEstimateError, match="no new observations"):
        monitor_series(make(60), "2016-12", scale="level")
    with pytest.raises(UsageError, match="linear boundary"):
        monitor_series(make(60), "2014-12", scale="level", method="ols_mosum", boundary="linear")
    with pytest.raises(UsageError, match="errors"):
        monitor_series(make(60), "2014-12", errors="hac")  # type: ignore[arg-type]  # what is refused
    with pytest.raises(InputError, match="outside the sample"):
        monitor_series(make(60), "1990-12", scale="level")


def test_trending_regressors_are_refused_where_no_distribution_holds(make: Maker) -> None:
    found = check_stability(make(120, slope=0.02), model="trend", scale="level", date="2017-01")
    assert {test.name for test in found.tests} == {"recursive CUSUM", "variance", "seasonal pattern", "Chow"}
    assert any("without a trend" in reason for reason in found.refused)
    with pytest.raises(UsageError, match=r"window of 0\.02"):
        ols_mosum(normals((100,), 3), np.ones((100, 1)), 0.02)


def test_monitoring_refuses_what_no_table_covers() -> None:
    y, x = normals((60,), 51), np.ones((60, 1))
    with pytest.raises(UsageError, match=r"window 0\.3"):
        monitor(y, x, 40, method="moving_estimates", window=0.3)
    with pytest.raises(UsageError, match=r"level of 0\.2"):
        monitor(y, x, 40, method="ols_mosum", level=0.2)
    with pytest.raises(UsageError, match="method"):
        monitor(y, x, 40, method="cusum")  # type: ignore[arg-type]  # what is refused
    with pytest.raises(CannotEstimateError, match="no new observations"):
        monitor(y, x, 60)


def test_unit_root_tests_tell_a_walk_from_a_broken_trend() -> None:
    time = np.arange(50)
    walk = np.cumsum(normals((50,), 61))
    broken = 0.05 * time + 4.0 * (time >= 20) - 3.0 * (time >= 35) + 0.4 * normals((50,), 62)
    assert zivot_andrews(walk, "C", max_lags=4).statistic > -5.08
    found = lee_strazicich(broken, "A", max_lags=1, trimming=0.2)
    assert found.statistic < found.critical["0.05"]
    assert lee_strazicich(walk, "A", max_lags=1, trimming=0.2).statistic > found.statistic
    with pytest.raises(UsageError, match="model"):
        zivot_andrews(walk, "D")  # type: ignore[arg-type]  # what is refused
    with pytest.raises(CannotEstimateError, match="too few"):
        lee_strazicich(walk[:20])


def test_two_trend_breaks_need_eighty_observations() -> None:
    with pytest.raises(CannotEstimateError, match="80 observations, there are 60"):
        kejriwal_perron(normals((60,), 71))
    time = np.arange(160)
    bent = 0.2 * time - 0.4 * np.maximum(time - 50, 0) + 0.5 * np.maximum(time - 110, 0)
    found = kejriwal_perron(bent + 0.5 * normals((160,), 72))
    assert found.pvalue is not None
    assert found.pvalue < 0.05


def test_critical_values_fall_only_where_the_innovations_contradict_an_autoregression() -> None:
    """A moving average of .6 has 73 % of the long-run variance of its fitted AR(1); an AR(1) has all."""
    noise = normals((2001,), 81)
    moving = noise[1:] + 0.6 * noise[:-1]
    assert share_of(moving[1:] - 0.44 * moving[:-1]) == pytest.approx(0.75, abs=0.08)
    assert share_of(noise) == 1.0


def test_a_larger_statistic_never_has_a_larger_p_value() -> None:
    """Hansen's polynomials of ave and exp turn down: strucchange prints 1 for overwhelming breaks."""
    for kind in ("sup", "ave", "exp"):
        values = [hansen_p_value(kind, float(x), 2, 0.15) for x in np.linspace(0, 400, 200)]
        assert all(one is not None for one in values)
        assert np.all(np.diff(np.array(values, dtype=float)) <= 1e-12)
        assert values[-1] is not None
        assert values[-1] < 0.01


def test_dates_of_a_caller_are_set_beside_events(make: Maker) -> None:
    series = make(96)
    events = EventTable.from_rows([{"id": "e", "title": "E", "effective": "2016-01-01"}])
    found = match_events(series, ["2016-02", "2018-07"], events=events)
    assert [[w.event.id for w in met] for _, met in found.rows] == [["e"], []]
    assert found.matching is not None
    assert found.matching.expected_by_chance == pytest.approx(2 * 3 / 96)
    assert match_events(series, ["2018-07"], events=events).unmet == ("e",)
    assert "1 of 2 dates meet an event" in found.summary()
    json.dumps(found.to_record(), allow_nan=False)
    with pytest.raises(InputError, match="1990-01"):
        match_events(series, ["1990-01"], events=events)
    with pytest.raises(UsageError, match="tolerance"):
        match_events(series, ["2016-02"], events=events, tolerance=-1)
