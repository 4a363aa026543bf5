"""Ranks: exact critical values, brute force of the expected rank, coverage of the sets."""

import numpy as np
import pytest
from scipy import special

from analysis.across import league_table
from analysis.across.effects import EffectRow, EffectsTable
from analysis.across.league import expected_ranks
from analysis.errors import CannotEstimateError
from analysis.numerics.fixed_sequence import normals
from analysis.numerics.hierarchical import fit_hierarchy
from analysis.numerics.rank_sets import joint_rank_sets, largest_difference, own_rank_sets

DUNNETT_TWO_SIDED = {1: 1.960, 2: 2.212, 3: 2.349, 4: 2.442, 9: 2.686}
"""Two-sided 5 % points of the largest of k contrasts with one control, equal variances, infinite degrees of
freedom: Dunnett (1964), New tables for multiple comparisons with a control, Biometrics 20, 482-491 (printed
to two digits: 1.96, 2.21, 2.35, 2.44, 2.69)."""


@pytest.mark.parametrize("others", DUNNETT_TWO_SIDED)
def test_with_equal_errors_the_critical_value_is_dunnetts(others):
    found = largest_difference(1.0, np.ones(others), 0.95)
    assert round(found, 2) == round(DUNNETT_TWO_SIDED[others], 2)


def test_unequal_errors_by_a_long_fixed_sequence():
    error = np.array([0.5, 1.0, 2.0, 0.1, 0.7])
    draws = normals((200_000, 5), 61) * error
    largest = (np.abs(draws[:, 1:] - draws[:, :1]) / np.hypot(error[1:], error[0])).max(axis=1)
    held = np.mean(largest <= largest_difference(error[0], error[1:], 0.9))
    assert held == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / 200_000))


def test_sets_of_ranks_cover_by_themselves_and_together():
    """120 leagues of 15 units, some of them far apart."""
    truth = np.concatenate([np.linspace(-3, -2, 5), np.linspace(0, 0.5, 10)])
    error = 0.15 + 0.3 * np.abs(normals((15,), 62))
    rank = 1 + np.argsort(np.argsort(truth))
    own, joint, width = [], [], []
    for k in range(120):
        estimate = truth + error * normals((15,), 6300 + k)
        low, high = own_rank_sets(estimate, error, 0.9)
        own.append((low <= rank) & (rank <= high))
        width.append(high - low)
        low, high = joint_rank_sets(estimate, error, 0.9)
        joint.append(((low <= rank) & (rank <= high)).all())
    assert np.mean(own, axis=0).min() > 0.9 - 3 * np.sqrt(0.09 / 120)
    assert np.mean(joint) > 0.9 - 3 * np.sqrt(0.09 / 120)
    assert np.mean(width) < 9, "the sets say something: five units fall far more than the other ten"


def test_expected_ranks_are_those_of_draws_from_the_posterior():
    estimate = np.array([-1.0, -0.8, 0.0, 0.1, 0.3, -0.2, 0.5, -0.4])
    error = np.array([0.2, 0.3, 0.2, 0.1, 0.4, 0.2, 0.3, 0.2])
    exposed = np.array([1.0, 1, 0, 0, 0, 0, 0, 1])
    fitted = fit_hierarchy(
        estimate, error, np.column_stack([np.ones(8), exposed]), np.zeros(8, dtype=np.intp), 0.2
    )
    count = 40_000
    cell = np.searchsorted(np.cumsum(fitted.weight), special.ndtr(normals((count,), 64)))
    cell = np.minimum(cell, len(fitted.weight) - 1)
    centre, loading, own = fitted.conditional()
    line = np.einsum("gkl,gl->gk", fitted.root[cell], normals((count, 3), 65))
    draws = centre[cell] + np.einsum("gpk,gk->gp", loading[cell], line)
    draws += np.sqrt(own[cell]) * normals((count, 8), 66)
    ranks = 1 + np.argsort(np.argsort(draws, axis=1), axis=1)
    np.testing.assert_allclose(expected_ranks(fitted), ranks.mean(axis=0), atol=0.05)


def effects(grouped: int) -> EffectsTable:
    rows = [EffectRow(f"s{k}", "e", -0.2 * k, 0.1, "d+e" if k < grouped else None, None) for k in range(12)]
    return EffectsTable(tuple(rows), ())


def test_a_series_that_cannot_tell_the_event_apart_is_not_ranked():
    found = league_table(effects(3), "e")
    assert next(row[0] for row in found.table()[1]) == "s11"
    assert len(found.expected) == 9
    assert ("s0", "e", "not told apart in d+e: rank that sum") in found.left_out
    assert sum(found.expected) == pytest.approx(9 * 10 / 2)
    with pytest.raises(CannotEstimateError, match=r"--sum d\+e"):
        league_table(effects(12), "e")
