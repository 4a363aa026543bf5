"""LMDI by hand, its defining identity, and when it is not defined."""

import numpy as np
import pytest

from analysis.attribution import attribute
from analysis.attribution.lmdi import lmdi, logarithmic_mean
from analysis.domain import TradeSeries
from tests.worlds import ar1, monthly, normals, steps, table

FIRST, LENGTH = "2010-01", 108
SUM = 1e-9
OPTIONS = {"start": "2012", "end": "2016", "evidence": "none"}


def answer(noise: float = 0.1, **options):
    logs = 4 + steps(FIRST, LENGTH, {"2013-05": -0.6, "2015-02": -0.4}) + ar1(17, LENGTH, 0.4, noise)
    return attribute(monthly(FIRST, logs), table(ban="2013-05", stop="2015-02"), **(OPTIONS | options))


@pytest.mark.parametrize(
    ("a", "b", "mean"), [(2.0, 1.0, 1 / np.log(2)), (1.0, 2.0, 1 / np.log(2)), (3.0, 3.0, 3.0)]
)
def test_the_logarithmic_mean_has_its_closed_form_and_its_limit(a, b, mean):
    assert logarithmic_mean(np.array([a]), np.array([b]))[0] == pytest.approx(mean, rel=1e-14)
    near = logarithmic_mean(np.array([3.0 + 3e-9]), np.array([3.0]))[0]
    assert near == pytest.approx(3.0, rel=1e-8)


def test_parts_and_residual_add_up_to_the_change():
    own = answer()
    found = lmdi(own)
    assert sum(p.estimate for p in found.parts) + found.residual.estimate == pytest.approx(
        own.absolute, rel=SUM
    )
    assert found.pairs == 12


def test_a_part_is_the_mean_over_pairs_of_logarithmic_mean_times_its_move():
    own = answer()
    y = own.fit.series.values
    before, after = own.windows.before, own.windows.after
    weights = logarithmic_mean(y[after], y[before])
    reported = own.fit.reported
    for part in lmdi(own).parts:
        if part.event_ids:
            term = next(t for t in own.fit.posterior.design.event_terms if t.event_ids == part.event_ids)
            moved = reported.mean[term.columns.start] * weights.mean()
            assert part.estimate == pytest.approx(moved, rel=1e-9)
            low, high = reported.combination(own.fit.weights([term.name])).interval(0.95)
            assert (part.lower, part.upper) == pytest.approx(
                (low * weights.mean(), high * weights.mean()), rel=1e-6
            )


def test_the_same_months_of_the_year_leave_the_season_nothing():
    assert "Season" not in [part.label for part in lmdi(answer()).parts]


def test_a_lone_event_in_little_noise_has_the_whole_change_in_both():
    logs = 4 + steps(FIRST, LENGTH, {"2014-01": -0.6}) + 0.01 * normals(17, LENGTH)
    own = attribute(
        monthly(FIRST, logs), table(ban="2014-01"), start="2013", end="2016", seasonal=False, evidence="none"
    )
    part = next(part for part in lmdi(own).parts if part.event_ids)
    row = next(c for c in own.contributions if c.row.event_ids)
    assert part.estimate == pytest.approx(row.estimate, rel=0.05)
    assert part.estimate == pytest.approx(own.absolute, rel=0.05)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"end": "2016-01..2016-06"}, "unequal length"),
        ({"scale": "level"}, "level scale"),
        ({"start": "2010"}, "not observed"),
    ],
)
def test_where_it_is_not_defined_it_says_why(options, reason):
    logs = 4 + steps(FIRST, LENGTH, {"2013-05": -0.6}) + 0.1 * normals(3, LENGTH)
    logs[4] = np.nan
    own = attribute(monthly(FIRST, logs), table(ban="2013-05"), **(OPTIONS | options))
    record = lmdi(own).to_record()
    assert reason in record["reason"]
    assert record["contributions"] == []
    assert record["residual"] is None


def test_two_windows_of_a_constant_flow_have_no_change_to_divide():
    values = [
        float(v) for v in np.exp(4 + steps(FIRST, LENGTH, {"2015-02": -0.4}) + 0.05 * normals(8, LENGTH))
    ]
    values[:48] = [50.0 + (k % 2) for k in range(48)]
    series = TradeSeries.from_values(list(monthly(FIRST, np.zeros(LENGTH)).periods), values)
    own = attribute(
        series, table(stop="2015-02"), start="2010", end="2012", seasonal=False, trend="none", evidence="none"
    )
    assert lmdi(own).parts == ()
    assert lmdi(own).residual.estimate == pytest.approx(0.0, abs=1e-12)
