"""Totals over spans against brute-force integration on four months."""

import numpy as np
import pytest

from analysis.domain import Period, Total, TradeSeries, Window
from analysis.interventions.joint.totals import linearise, usable_totals

AGREEMENT = 0.10
"""Linearisation against quadrature, in posterior standard deviations of a month: a tenth moves no end of a
95 % interval by more than 3 % of its width."""

RHO, SD, ERROR = 0.6, 0.25, 0.01
LOGS = np.log(np.array([100.0, np.nan, np.nan, 90.0]))
TOTAL = 230.0


def test_linearised_total_gives_the_months_that_quadrature_gives():
    centre = np.log(100.0)
    covariance = SD**2 * RHO ** np.abs(np.subtract.outer(np.arange(4), np.arange(4)))
    seen, hidden = [0, 3], [1, 2]
    gain = covariance[np.ix_(hidden, seen)] @ np.linalg.inv(covariance[np.ix_(seen, seen)])
    mean = centre + gain @ (LOGS[seen] - centre)
    spread = covariance[np.ix_(hidden, hidden)] - gain @ covariance[np.ix_(seen, hidden)]

    axis = np.linspace(-1.5, 1.5, 1501)
    first, second = np.meshgrid(mean[0] + axis, mean[1] + axis, indexing="ij")
    apart = np.stack([first - mean[0], second - mean[1]], axis=-1)
    log_density = -0.5 * np.einsum("abi,ij,abj->ab", apart, np.linalg.inv(spread), apart)
    log_density += -0.5 * ((np.log(TOTAL) - np.log(np.exp(first) + np.exp(second))) / ERROR) ** 2
    weight = np.exp(log_density - log_density.max())
    weight /= weight.sum()
    wanted = np.array([(weight * first).sum(), (weight * second).sum()])
    sd = np.sqrt([(weight * (first - wanted[0]) ** 2).sum(), (weight * (second - wanted[1]) ** 2).sum()])

    series = TradeSeries.from_values(
        ["2016-01", "2016-02", "2016-03", "2016-04"],
        [100.0, None, None, 90.0],
        totals=(Total(Window.parse("2016-02..2016-03"), TOTAL, ERROR),),
    )
    totals = usable_totals(series, logs=True)
    months = np.concatenate([[LOGS[0]], mean, [LOGS[3]]])
    for _ in range(3):
        rows, values = linearise(totals, months)
        row = rows[0, hidden]
        step = spread @ row / (row @ spread @ row + ERROR**2)
        months[hidden] = mean + step * (values[0] - row @ mean)
    assert (np.abs(months[hidden] - wanted) < AGREEMENT * sd).all()
    assert np.exp(months[hidden]).sum() == pytest.approx(TOTAL, rel=0.01)


def test_a_total_whose_hidden_months_are_covered_by_a_shorter_one_stays_out():
    periods = [str(Period.parse("2014-07") + k) for k in range(6)]
    values = [10.0, 11.0, None, None, None, 14.0]
    totals = (
        Total(Window.parse("2014-09..2014-12"), 50.0, 0.0),
        Total(Window.parse("2014-09..2014-11"), 36.0, 0.0),
        Total(Window.parse("2014-07..2014-08"), 21.0, 0.0),
    )
    used = usable_totals(TradeSeries.from_values(periods, values, totals=totals), logs=True)
    assert used.value.tolist() == [36.0]
    assert used.member.astype(int).tolist() == [[0, 0, 1, 1, 1, 0]]


def test_without_hidden_months_totals_say_nothing():
    series = TradeSeries.from_values(
        ["2016-01", "2016-02"], [1.0, 2.0], totals=(Total(Window.parse("2016-01..2016-02"), 3.0, 0.0),)
    )
    assert usable_totals(series, logs=True) is None
