"""Properties of the search for breaks: it equals enumeration, and units do not matter."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.breaks import find_breaks
from analysis.domain import Period, TradeSeries
from analysis.numerics.break_likelihood import PEAK_ERROR, break_likelihood
from analysis.numerics.changepoint_posterior import changepoint_posterior
from analysis.numerics.fixed_sequence import normals
from analysis.numerics.partitions import partial_partitions, partitioned, pure_partitions
from analysis.numerics.segments import segment_costs

ROUNDING = 1e-9
"""Relative, between two ways to add up the same squares."""

FEW = settings(max_examples=15, deadline=None)


def _noise(n: int, stream: int, walk: bool = False) -> np.ndarray:
    noise = normals((n,), 40_000 + stream)
    return np.cumsum(noise) if walk else noise


def _enumerated(y: np.ndarray, changing: np.ndarray, common: np.ndarray, h: int, m: int) -> float:
    n, best = y.size, np.inf
    for breaks in combinations(range(h, n - h + 1), m):
        if min(np.diff((0, *breaks, n))) < h:
            continue
        wide = np.column_stack([partitioned(changing, breaks), common])
        residual = y - wide @ np.linalg.lstsq(wide, y, rcond=None)[0]
        best = min(best, float(residual @ residual))
    return best


@FEW
@given(st.integers(0, 500), st.integers(1, 3), st.booleans(), st.integers(1, 2))
def test_pure_optimum_equals_enumeration(stream: int, m: int, walk: bool, q: int) -> None:
    n, h = 22, 4
    y = _noise(n, stream, walk)
    design = np.column_stack([np.ones(n), np.arange(n) / n])[:, :q]
    found = pure_partitions(y, design, h, 3)
    assert found.ssr[m] == pytest.approx(_enumerated(y, design, np.empty((n, 0)), h, m), rel=ROUNDING)


@FEW
@given(st.integers(0, 500), st.integers(1, 3), st.booleans(), st.integers(1, 2))
def test_partial_optimum_equals_enumeration(stream: int, m: int, walk: bool, q: int) -> None:
    n, h = 24, 4
    y = _noise(n, stream, walk)
    changing = np.column_stack([np.ones(n), np.arange(n) / n])[:, :q]
    common = (np.arange(n)[:, None] % 4 == np.arange(1, 4)[None, :]).astype(float)
    found = partial_partitions(y, changing, common, h, 3)
    assert found.ssr[m] == pytest.approx(_enumerated(y, changing, common, h, m), rel=ROUNDING)


@pytest.mark.parametrize("stream", range(6))
def test_partial_search_beyond_enumeration_is_a_fixed_point(stream: int) -> None:
    """Where not every partition is tried, no single break can be moved to a better date."""
    n, h = 90, 9
    y = _noise(n, 600 + stream, walk=True)
    common = (np.arange(n)[:, None] % 12 == np.arange(1, 12)[None, :]).astype(float)
    found = partial_partitions(y, np.ones((n, 1)), common, h, 4)
    for m in (2, 3, 4):
        breaks = found.breaks[m]
        for k in range(m):
            rest = breaks[:k] + breaks[k + 1 :]
            for position in range(h, n - h + 1):
                moved = tuple(sorted((*rest, position)))
                if min(np.diff((0, *moved, n))) < h:
                    continue
                wide = np.column_stack([partitioned(np.ones((n, 1)), moved), common])
                residual = y - wide @ np.linalg.lstsq(wide, y, rcond=None)[0]
                assert float(residual @ residual) >= found.ssr[m] * (1 - ROUNDING)


@FEW
@given(st.integers(0, 500))
def test_segment_costs_equal_least_squares_even_where_a_column_is_constant(stream: int) -> None:
    """An event dummy that is constant within a segment adds nothing; its sum of squares is not zero."""
    n, h = 40, 10
    time = np.arange(n)
    y = _noise(n, stream)
    design = np.column_stack([np.ones(n), time, time > 30, *[(time % 4 == k) for k in range(1, 4)]]).astype(
        float
    )
    costs = segment_costs(y, design, h)
    for start in range(0, n - h, 7):
        for end in range(start + h, n + 1, 5):
            x, segment = design[start:end], y[start:end]
            residual = segment - x @ np.linalg.lstsq(x, segment, rcond=1e-10)[0]
            assert costs[start, end] == pytest.approx(float(residual @ residual), rel=1e-8, abs=1e-10)


@FEW
@given(st.integers(0, 500), st.floats(1e-6, 1e6), st.floats(-1e3, 1e3))
def test_partitions_do_not_depend_on_unit_or_origin(stream: int, scale: float, shift: float) -> None:
    n = 60
    y = _noise(n, stream) + 2.0 * (np.arange(n) > 25)
    design = np.column_stack([np.ones(n), np.arange(n) / n])
    first = pure_partitions(y, design, 9, 3)
    second = pure_partitions(scale * (y + shift), design, 9, 3)
    assert first.breaks == second.breaks
    np.testing.assert_allclose(second.ssr, scale**2 * first.ssr, rtol=1e-6)


@FEW
@given(st.integers(0, 500))
def test_time_reversal_mirrors_the_breaks(stream: int) -> None:
    n = 60
    y = _noise(n, stream, walk=True)
    design = np.column_stack([np.ones(n), np.arange(n) / n])
    forward = pure_partitions(y, design, 9, 3)
    backward = pure_partitions(y[::-1].copy(), design[::-1].copy(), 9, 3)
    for m in range(4):
        assert tuple(sorted(n - b for b in backward.breaks[m])) == forward.breaks[m]
    np.testing.assert_allclose(forward.ssr, backward.ssr, rtol=1e-9)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 500))
def test_time_reversal_mirrors_the_likelihood_of_a_break(stream: int) -> None:
    """A stationary AR(1) looks the same backwards, gaps included."""
    calendar = np.delete(np.arange(64), [9, 30, 31, 50])
    n = calendar.size
    y = _noise(n, stream) + 1.5 * (np.arange(n) >= 35)
    base = np.column_stack([np.ones(n), calendar % 4 == 1]).astype(float)
    positions = np.arange(9, n - 8)
    forward = break_likelihood(y, base, np.ones((n, 1)), positions, calendar)
    backward = break_likelihood(
        y[::-1].copy(), base[::-1].copy(), np.ones((n, 1)), positions, 63 - calendar[::-1]
    )
    np.testing.assert_allclose(forward.loglik, backward.loglik[::-1], rtol=1e-9)
    np.testing.assert_allclose(forward.reml_break, backward.reml_break, rtol=1e-9)


def _series(values: np.ndarray, first: str = "2010-01") -> TradeSeries:
    start = Period.parse(first)
    return TradeSeries.from_values(
        [str(start + i) for i in range(values.size)],
        [None if np.isnan(v) else float(v) for v in values],
        id="x",
    )


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 200), st.floats(0.01, 1e5), st.floats(-1e4, 1e4))
def test_answer_does_not_depend_on_unit_or_origin(stream: int, scale: float, shift: float) -> None:
    n = 72
    values = _noise(n, stream) + 2.5 * (np.arange(n) >= 36)
    values[[5, 40]] = np.nan
    first = find_breaks(_series(values), scale="level")
    second = find_breaks(_series(scale * (values + shift)), scale="level")
    assert [b.last_before for b in first.breaks] == [b.last_before for b in second.breaks]
    for one, two in zip(first.breaks, second.breaks, strict=True):
        assert two.magnitude == pytest.approx(scale * one.magnitude, rel=1e-5)
        assert one.ci["set"] == two.ci["set"]


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 300))
def test_likelihood_equals_the_dense_gaussian_one(stream: int) -> None:
    """At the reported ρ the likelihood is that of the full covariance matrix, gaps included.

    The parabola through the grid's best point adds its own error: the bound is the one its docstring states.
    """
    n = 40
    calendar = np.delete(np.arange(44), [3, 17, 18, 30])
    y = _noise(n, stream)
    base = np.column_stack([np.ones(n), calendar % 2 == 0]).astype(float)
    positions = np.array([12, 20, 28])
    found = break_likelihood(y, base, np.ones((n, 1)), positions, calendar)
    for d, position in enumerate(positions):
        rho = float(found.rho[d, 0])
        correlation = rho ** np.abs(calendar[:, None] - calendar[None, :]) / (1 - rho**2)
        root = np.linalg.cholesky(correlation)
        columns = np.linalg.solve(root, np.column_stack([base, np.arange(n) >= position]))
        white = np.linalg.solve(root, y)
        residual = white - columns @ np.linalg.lstsq(columns, white, rcond=None)[0]
        variance = float(residual @ residual) / n
        loglik = -n / 2 * (np.log(2 * np.pi * variance) + 1) - float(np.sum(np.log(np.diag(root))))
        assert found.loglik[d, 0] == pytest.approx(loglik, abs=PEAK_ERROR)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 300))
def test_posterior_equals_enumeration(stream: int) -> None:
    """The recursion agrees with summing over every set of change points."""
    from analysis.numerics import changepoint_posterior as module

    n, h = 14, 3
    y = _noise(n, stream)
    design, calendar = np.ones((n, 1)), np.arange(n)
    found = changepoint_posterior(y, design, calendar, rho=0.3, variance=1.0, min_length=h)
    evidence = module._segment_evidence(y, design, calendar, 0.3, 1.0)
    p = module.break_chance(n)
    weights: dict[tuple[int, ...], float] = {}
    for m in range(n // h):
        for breaks in combinations(range(h, n - h + 1), m):
            edges = (0, *breaks, n)
            lengths = np.diff(edges)
            if lengths.min() < h:
                continue
            log_weight = sum(evidence[edges[s], edges[s + 1]] for s in range(m + 1))
            log_weight += m * np.log(p) + float(np.sum(lengths - h)) * np.log1p(-p)
            weights[breaks] = float(np.exp(log_weight))
    total = sum(weights.values())
    for m in range(len(found.number)):
        share = sum(w for b, w in weights.items() if len(b) == m) / total
        assert found.number[m] == pytest.approx(share, rel=1e-7, abs=1e-12)
    for position in range(1, n):
        share = sum(w for b, w in weights.items() if position in b) / total
        assert found.probability[position] == pytest.approx(share, rel=1e-7, abs=1e-12)
