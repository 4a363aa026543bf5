"""Breaks that series share: found at their date, not made of one series nor of dates that differ."""

import numpy as np
import pytest

from analysis.across import find_common_breaks
from analysis.errors import CannotEstimateError, UsageError
from analysis.numerics.common_break import compare_dates, whiten_series
from tests.worlds import ar1, monthly, normals, steps, table

FIRST, LENGTH = "2012-01", 120
RHO = (0.0, 0.4, 0.7, 0.85)


def panel(count, size, *, dates=("2017-03",), shared=0.0, stream=0):
    """Series with a break of `size` standard deviations times a normal, at dates taken in turn."""
    common = normals(8100 + stream, LENGTH)
    draws = normals(8200 + stream, count)
    found = []
    for k in range(count):
        noise = np.sqrt(1 - shared) * ar1(8300 + 100 * stream + k, LENGTH, RHO[k % 4], 1.0)
        noise = noise + np.sqrt(shared) * common
        shift = steps(FIRST, LENGTH, {dates[k % len(dates)]: size * float(draws[k])})
        found.append(monthly(FIRST, 3 + 0.2 * (noise + shift), id=f"p{k:02d}"))
    return found


def test_a_shared_date_is_found_with_the_series_that_move_and_the_event_that_it_meets():
    found = find_common_breaks(panel(30, 2.0), events=table(ban="2017-03", other="2014-06"))
    (one,) = found.breaks
    assert str(one.first_after) == "2017-03"
    assert one.event_ids == ("ban",)
    assert one.pvalue == pytest.approx(1 / 400)
    assert found.last_test is not None
    assert found.last_test[1] > 0.05
    big = np.abs(normals(8200, 30)) > 0.75
    assert one.moved[big].mean() > 0.9
    record = found.to_record()
    assert record["breaks"][0]["n_moved"] == one.moved.sum()
    np.testing.assert_allclose(one.shifts[big], 0.4 * normals(8200, 30)[big], atol=0.25)


def test_missing_months_move_nothing():
    series = panel(20, 2.0)
    holes = []
    for k, one in enumerate(series):
        logs = np.log(one.values)
        logs[[7 + k, 55 + k % 9]] = np.nan
        holes.append(monthly(FIRST, logs, id=one.id))
    assert [str(b.first_after) for b in find_common_breaks(holes).breaks] == ["2017-03"]


def test_one_large_break_in_one_series_is_not_shared():
    series = panel(20, 0.0)
    series[3] = monthly(FIRST, np.log(series[3].values) + steps(FIRST, LENGTH, {"2017-03": -3.0}), id="big")
    assert not find_common_breaks(series).breaks


def test_breaks_of_every_series_at_dates_of_its_own_are_not_shared():
    dates = [f"{2014 + k // 6}-{1 + 2 * (k % 6):02d}" for k in range(36)]
    assert not find_common_breaks(panel(36, 2.0, dates=dates)).breaks


def test_size_without_breaks_though_all_series_share_a_shock():
    """Twenty panels, independent and correlated; the table with 200 is in docs/methods/across.md."""
    positions = np.arange(18, LENGTH - 17)
    base = np.ones((LENGTH, 1))
    pvalues = []
    for stream in range(20):
        series = panel(12, 0.0, shared=0.5 * (stream % 2), stream=20 + stream)
        white = [whiten_series(np.log(s.values), base, positions) for s in series]
        pvalues.append(compare_dates(white, LENGTH).pvalue)
    assert np.mean(np.array(pvalues) <= 0.05) <= 0.15


def test_series_that_cannot_be_compared_are_left_out_with_the_reason():
    series = panel(12, 2.0)
    flat = monthly(FIRST, np.zeros(LENGTH), id="flat")
    short = monthly(FIRST, np.log(series[0].values[:90]), id="short")
    found = find_common_breaks([*series, flat, short], unread=[("bad", "no numbers")])
    assert dict(found.left_out).keys() == {"bad", "flat", "short"}
    with pytest.raises(CannotEstimateError, match="5 are needed"):
        find_common_breaks(series[:4])
    with pytest.raises(CannotEstimateError, match="no series"):
        find_common_breaks([])
    for options in ({"scale": "root"}, {"trimming": 0.5}, {"max_breaks": 0}, {"level": 1.0}):
        with pytest.raises(UsageError):
            find_common_breaks(series, **options)
