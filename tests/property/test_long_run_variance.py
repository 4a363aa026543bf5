"""Statistics with a long-run variance do not depend on the units of regressors and response."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.breaks import break_regression
from analysis.breaks.stability import chow_test
from analysis.numerics.fixed_sequence import normals
from analysis.numerics.long_run_variance import long_run_variance

UNITS = st.floats(-4, 4).map(lambda exponent: 10.0**exponent)
FEW = settings(max_examples=8, deadline=None)


def _world(stream: int, n: int = 90) -> tuple[np.ndarray, np.ndarray]:
    """Return y and two autocorrelated regressors, one coefficient of which breaks."""
    noise = normals((n, 3), 60_000 + stream)
    for t in range(1, n):
        noise[t] += 0.6 * noise[t - 1]
    x = noise[:, 1:]
    y = noise[:, 0] + x[:, 0] * np.where(np.arange(n) < 40, 1.0, 2.5)
    return y, x


@FEW
@given(st.integers(0, 300), st.lists(UNITS, min_size=3, max_size=3), st.sampled_from(["qs", "bartlett"]))
def test_the_long_run_variance_is_equivariant(stream: int, units: list[float], kernel: str) -> None:
    scores = normals((80, 3), 61_000 + stream)
    scores[1:] += 0.9 * scores[:-1]
    scale = np.array(units)
    for prewhiten in (True, False):
        first = long_run_variance(scores, prewhiten, kernel=kernel).matrix
        second = long_run_variance(scores * scale, prewhiten, kernel=kernel).matrix
        np.testing.assert_allclose(second / np.outer(scale, scale), first, rtol=1e-6, atol=1e-9)


@FEW
@given(st.integers(0, 300), UNITS, UNITS, UNITS)
def test_breaks_of_a_regression_do_not_depend_on_units(
    stream: int, of_y: float, of_first: float, of_second: float
) -> None:
    """Three changing coefficients under HAC: statistics, number, dates and intervals stay."""
    y, x = _world(stream)
    plain = break_regression(y, x, intercept="changing", max_breaks=2, number=1)
    other = break_regression(
        of_y * y, x * [of_first, of_second], intercept="changing", max_breaks=2, number=1
    )
    assert plain.breaks == other.breaks
    assert plain.tests.n_sequential == other.tests.n_sequential
    np.testing.assert_allclose(other.tests.sup_f, plain.tests.sup_f, rtol=1e-5)
    np.testing.assert_allclose(other.tests.sequential, plain.tests.sequential, rtol=1e-5)
    assert other.intervals["strucchange"] == plain.intervals["strucchange"]
    scale = of_y / np.array([1.0, of_first, of_second])
    np.testing.assert_allclose(other.bse, plain.bse * scale, rtol=1e-5)


@FEW
@given(st.integers(0, 300), UNITS, UNITS)
def test_chow_does_not_depend_on_units(stream: int, of_y: float, of_x: float) -> None:
    y, x = _world(stream)
    none = np.empty((y.size, 0))
    first = chow_test(y, x, none, 40, "hac").statistic
    second = chow_test(of_y * y, x * [of_x, 1.0], none, 40, "hac").statistic
    assert second == pytest.approx(first, rel=1e-6)
