"""Elements of the level: the global optimum, several breaks at once, dips, kinds, the wild bootstrap."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest

from analysis.breaks import find_breaks
from analysis.breaks.guard import Autoregression
from analysis.breaks.sample import Sample, build_sample
from analysis.breaks.sized import sized_search
from analysis.domain import EventTable, Period, TradeSeries
from analysis.numerics.break_likelihood import Whitening
from analysis.numerics.element_fits import fit_elements
from analysis.numerics.element_likelihood import ElementTables
from analysis.numerics.element_quantiles import element_null
from analysis.numerics.element_search import SEARCHED_Z, ElementSets, search_elements
from analysis.numerics.fixed_sequence import normals
from tests.unit.breaks.conftest import Maker

Elements = tuple[tuple[int, ...], tuple[tuple[int, int], ...]]


def _sample(series: TradeSeries, seasonal: bool = False) -> Sample:
    return build_sample(series, model="mean", scale="level", seasonal=seasonal, max_breaks=8)


def _every_set(n: int, h: int, m: int) -> list[Elements]:
    """Return all sets of m elements: breaks h apart, dips inside a segment and shorter than h."""
    found: list[Elements] = []
    for count in range(m // 2 + 1):
        for breaks in combinations(range(h, n - h + 1), m - 2 * count):
            edges = (0, *breaks, n)
            if min(np.diff(edges)) < h:
                continue
            dips = [
                (a, b)
                for low, high in pairwise(edges)
                for a in range(low + h, high)
                for b in range(a + 1, min(a + h, high))
            ]
            found += [
                (breaks, chosen)
                for chosen in combinations(dips, count)
                if all(one[1] < two[0] for one, two in pairwise(chosen))
            ]
    return found


def _squares(y: np.ndarray, x: np.ndarray, calendar: np.ndarray, z: float, elements: Elements) -> float:
    time = np.arange(y.size)
    breaks, dips = elements
    columns = [x, *(x * (time >= b) for b in breaks), *(x * ((time >= a) & (time < b)) for a, b in dips)]
    white = Whitening.of(float(np.tanh(z)), calendar)
    design, outcome = white.apply(np.column_stack(columns)), white.apply(y)
    left = outcome - design @ np.linalg.lstsq(design, outcome, rcond=None)[0]
    return float(left @ left)


@pytest.mark.parametrize("series", [1, 3])
@pytest.mark.parametrize("m", [1, 2, 3])
def test_the_programme_finds_the_global_optimum(m: int, series: int) -> None:
    """Every set is tried: gaps in the calendar, another variance in four periods, low and high ρ.

    The programme knows 32 levels only, so its set may miss the least sum of squares by what a level between
    two of them is worth.
    """
    n, h = 20, 4
    calendar, time = np.delete(np.arange(23), [5, 11, 12]), np.arange(20)
    x = np.where((time >= 9) & (time < 13), 0.5, 1.0)
    ys = np.column_stack(
        [(normals((n,), 900 + k) + 2.0 * (time >= 9) - 3.0 * (time >= 15)) * x for k in range(series)]
    )
    found = search_elements(ys, x, calendar, h, 3)
    for r in (0, 4, 7):
        for k in range(series):
            starts, ends = found.starts[m - 1, r, k], found.ends[m - 1, r, k]
            pairs = [(int(a), int(b)) for a, b in zip(starts, ends, strict=True) if a < n]
            mine: Elements = (
                tuple(a for a, b in pairs if b == n),
                tuple((a, b) for a, b in pairs if b < n),
            )
            every = _every_set(n, h, m)
            assert mine in every
            values = [_squares(ys[:, k], x, calendar, float(SEARCHED_Z[r]), one) for one in every]
            own = _squares(ys[:, k], x, calendar, float(SEARCHED_Z[r]), mine)
            assert own <= min(values) * 1.02


def test_the_likelihood_of_a_set_equals_the_dense_gaussian_one() -> None:
    n = 40
    calendar = np.delete(np.arange(44), [3, 17, 18, 30])
    base = np.column_stack([np.ones(n), calendar % 2 == 0]).astype(float)
    y = normals((n, 2), 77) + 2.0 * (np.arange(n) >= 22)[:, None]
    starts = np.array([[[10, 22, n], [10, 22, n]]])
    ends = np.array([[[14, n, n], [14, n, n]]])
    found = ElementTables(y, base, np.ones(n), calendar).likelihood(ElementSets(starts, ends))
    time = np.arange(n)
    design = np.column_stack([base, (time >= 10) & (time < 14), time >= 22]).astype(float)
    for k in range(2):
        rho = float(found.rho[0, k])
        apart = np.abs(calendar[:, None] - calendar[None, :])
        root = np.linalg.cholesky(rho**apart / (1 - rho**2))
        x, white = np.linalg.solve(root, design), np.linalg.solve(root, y[:, k])
        left = white - x @ np.linalg.lstsq(x, white, rcond=None)[0]
        variance = float(left @ left) / n
        dense = -n / 2 * (np.log(2 * np.pi * variance) + 1) - float(np.sum(np.log(np.diag(root))))
        assert found.loglik[0, k] == pytest.approx(dense, abs=0.01)


def test_series_side_by_side_are_fitted_as_one_by_one() -> None:
    n = 60
    y = normals((n, 3), 78) + 3.0 * (np.arange(n) >= 30)[:, None]
    common = (np.arange(n)[:, None] % 4 == np.arange(1, 4)).astype(float)
    together = fit_elements(y, common, np.arange(n), 6, 3, rounds=(2,))
    for k in range(3):
        alone = fit_elements(y[:, k : k + 1], common, np.arange(n), 6, 3, rounds=(2,))
        np.testing.assert_allclose(together.loglik[:, k], alone.loglik[:, 0], atol=0.05)


def test_quantiles_rise_with_persistence_and_number_and_p_values_invert_them() -> None:
    null = element_null(120, 8, trend=False)
    for j in (1, 2, 5):
        values = [null.critical(0.05, rho, j) for rho in (0.0, 0.6, 0.9)]
        assert values == sorted(values)
        for probability in (0.3, 0.05, 0.01, 0.001):
            statistic = np.array([null.critical(probability, 0.6, j)])
            assert null.p_value(statistic, np.array([0.6]), j)[0] == pytest.approx(probability, rel=1e-6)
    assert null.critical(0.05, 0.4, 1) < null.critical(0.05, 0.4, 2) < null.critical(0.05, 0.4, 3)
    assert null.outside == ""
    assert "n = 5000" in element_null(5000, 8, trend=False).outside


def test_a_biased_reading_is_corrected_to_the_coefficient_behind_it() -> None:
    null = element_null(96, 8, trend=False)
    for j in (1, 3, 5):
        row = null.readings[:, j - 1]
        np.testing.assert_allclose(null.corrected(row, j), null.rhos, atol=1e-9)
        assert np.all(row[1:4] < null.rhos[1:4])


def test_a_fall_and_its_recovery_are_seen(make: Maker) -> None:
    """Two years four sd lower and back: a look at one more break alone misses it in most series."""
    found = find_breaks(make(96, rho=0.3, steps={40: -4.0, 64: 4.0}), scale="level")
    assert [b.index for b in found.breaks] == [39, 63]
    assert [b.kind for b in found.breaks] == ["temporary", "temporary"]
    assert [b.pair for b in found.breaks] == [1, 1]
    change = found.breaks[0].temporary
    assert change is not None
    assert (change["first"], change["last"], change["periods"]) == ("2015-05", "2017-04", 24)
    assert change["depth"] == pytest.approx(-4.0, abs=0.8)
    assert "A temporary change of 24 periods, 2015-05 to 2017-04" in found.summary()
    assert found.to_record()["guard_pvalue"] <= 0.05


def test_a_dip_is_no_lasting_break(make: Maker) -> None:
    """Four months six sd lower: an entry of dips with its first and last month, and no break."""
    found = find_breaks(make(144, rho=0.4, steps={86: -6.0, 90: 6.0}), scale="level")
    record = found.to_record()
    assert record["n_breaks"] == 0
    (dip,) = record["dips"]
    assert (dip["first"], dip["last"], dip["periods"]) == ("2019-03", "2019-06", 4)
    assert dip["depth"] == pytest.approx(-6.0, abs=1.5)
    assert "1 dip" in found.heading()
    assert "shorter than the shortest segment" in found.summary()


def test_a_dip_meets_the_event_within_it(make: Maker) -> None:
    events = EventTable.from_rows([{"id": "e", "title": "E", "effective": "2019-03-10"}])
    found = find_breaks(make(144, rho=0.4, steps={86: -6.0, 90: 6.0}), scale="level", events=events)
    assert found.dips[0]["events"] == ["e"]


def test_a_square_wave_of_five_breaks_is_seen(make: Maker) -> None:
    steps = {24: 3.0, 48: -3.0, 72: 3.0, 96: -3.0, 120: 3.0}
    search = sized_search(_sample(make(144, rho=0.4, stream=9, steps=steps)), guard=False)
    assert len(search.breaks) == 5
    assert all(min(abs(b - true) for true in steps) <= 3 for b in search.breaks)


def test_a_slow_decline_is_called_gradual(make: Maker) -> None:
    series = make(120, rho=0.0)
    values = series.values - 5 * np.clip((np.arange(120) - 40) / 24, 0, 1)
    found = find_breaks(TradeSeries.from_values(series.periods, values.tolist(), id="slow"), scale="level")
    (only,) = found.breaks
    assert only.kind == "gradual"
    assert only.magnitude == pytest.approx(-5.0, abs=1.0)
    assert only.gradual is not None
    assert abs(Period.parse(only.gradual["first"]) - Period.parse("2015-06")) <= 6
    assert "a ramp describes it better" in found.summary()
    assert find_breaks(make(120, rho=0.0, steps={60: 5.0}), scale="level").breaks[0].kind == "step"


def test_a_break_at_the_edge_of_the_search_is_said(make: Maker) -> None:
    """Eight months are left after the shift, as many as a segment needs."""
    found = find_breaks(make(96, rho=0.2, steps={88: 5.0}), scale="level")
    last = found.breaks[-1]
    assert last.at_edge == "last"
    assert last.position == 88
    assert last.ci["open"] == "last"
    assert last.ci["set"][-1][1] == str(found.sample.last_before(95))
    assert found.to_record()["at_edge"]
    assert any("the last that could be found" in caveat for caveat in found.caveats)


def test_a_change_of_variance_is_named_with_its_set(make: Maker) -> None:
    noise = make(160, rho=0.0).values - 10
    louder = 10 + noise * np.where(np.arange(160) < 80, 1.0, 3.0)
    start = Period.parse("2008-01")
    found = find_breaks(
        TradeSeries.from_values([start + t for t in range(160)], louder.tolist(), id="louder"),
        scale="level",
        guard=False,
    )
    change = found.variance
    assert change is not None
    assert change.lower <= "2014-08" <= change.upper
    assert change.ratio > 4
    assert find_breaks(make(96), scale="level", guard=False).variance is None


def test_an_autoregression_is_chosen_and_kept_stationary() -> None:
    noise = normals((3000,), 91)
    errors = np.zeros(3000)
    for t in range(2, 3000):
        errors[t] = 0.5 * errors[t - 1] + 0.3 * errors[t - 2] + noise[t]
    errors[50:60] = np.nan
    found = Autoregression.chosen(errors)
    assert found.order == 2
    np.testing.assert_allclose(found.coefficients, [0.5, 0.3], atol=0.05)
    left = found.innovations(errors)
    assert np.isnan(left[55])
    walk = Autoregression.chosen(np.cumsum(normals((400,), 92)))
    roots = np.abs(np.roots([1.0, *-walk.coefficients]))
    assert roots.max() <= 0.9701


def test_the_guard_refuses_what_one_loud_stretch_makes(make: Maker) -> None:
    """Sixteen times the variance in 32 of 144 months: the table takes patches of noise for elements."""
    refused = 0
    for k in range(3):
        values = make(144, rho=0.5, stream=600 + k).values - 10
        values[60:92] *= 4
        start = Period.parse("2010-01")
        series = TradeSeries.from_values([start + t for t in range(144)], (values + 30).tolist(), id="loud")
        table = sized_search(_sample(series), guard=False)
        guarded = sized_search(_sample(series))
        refused += bool(table.breaks or table.dips) and not guarded.breaks
    assert refused >= 2


def test_a_nearly_constant_series_is_said_to_be_one() -> None:
    start = Period.parse("2016-01")
    values = [100.0] * 96
    values[50] = 101.0
    found = find_breaks(TradeSeries.from_values([start + t for t in range(96)], values, id="flat"))
    assert found.n_breaks == 0
    assert any("nearly constant: 95 of 96" in caveat for caveat in found.caveats)
    assert found.posterior_number is None or found.posterior_number[0]["probability"] > 0.5


def test_the_model_is_chosen_by_rule_and_said_first(make: Maker) -> None:
    flat = find_breaks(make(120, rho=0.5), scale="level", guard=False)
    assert flat.sample.model == "mean"
    assert "mean (mean by rule)" in flat.heading()
    steep = find_breaks(make(120, rho=0.3, slope=0.1), scale="level", guard=False)
    assert steep.sample.model == "trend"
    assert steep.n_breaks == 0
    assert "trend by rule" in steep.heading()
    fixed = find_breaks(make(120, rho=0.3, slope=0.1), scale="level", model="mean", guard=False)
    assert fixed.sample.model == "mean"
    assert fixed.chosen_by_rule == ()


def test_seasonal_means_follow_the_test(make: Maker) -> None:
    seasonal = make(120, rho=0.2)
    values = seasonal.values + 3 * np.cos(2 * np.pi * np.arange(120) / 12)
    strong = TradeSeries.from_values(seasonal.periods, values.tolist(), id="strong")
    assert find_breaks(strong, scale="level", guard=False).sample.seasons == 12
    plain = normals((120,), 93) + 10
    without = TradeSeries.from_values(seasonal.periods, plain.tolist(), id="plain")
    found = find_breaks(without, scale="level", guard=False)
    assert found.sample.seasons == 1
    assert any("no seasonal means" in line for line in found.chosen_by_rule)
    assert find_breaks(without, scale="level", guard=False, seasonal=True).sample.seasons == 12


def test_no_break_beside_a_udmax_that_rejects_is_explained(make: Maker) -> None:
    for stream in range(6):
        found = find_breaks(make(96, rho=0.85, stream=40 + stream), scale="level", guard=False)
        assert found.udmax.startswith("UDmax ")
        test = found.tests["UDmax"]
        if found.n_breaks == 0 and test["stat"] > test["critical"]["0.05"]:
            assert "where the sized procedure finds no lasting break" in found.udmax
            assert found.udmax in found.summary()
            return
    pytest.fail("no series of six in which UDmax rejects alone")
