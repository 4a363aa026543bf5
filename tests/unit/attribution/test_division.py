"""The formula against loops that say it in words, and the worked example of docs/methods/attribution.md."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from analysis.attribution.timing.division import divide, first_full, order_of_play

ROUNDING = 1e-11


def by_loops(
    named: Sequence[Sequence[float]],
    fixed: Sequence[float],
    split: int,
    base: float,
    *,
    later: bool,
    players: Sequence[Sequence[int]],
) -> list[float]:
    """Divide one draw: v(S) is the mean over the other window less that over the base."""
    periods = range(len(fixed))
    start, end = list(periods)[:split], list(periods)[split:]
    own, other = (end, start) if later else (start, end)
    used = [j for player in players for j in player]

    def mean(values: Sequence[float]) -> float:
        return sum(values) / len(values)

    held = {j: mean([named[j][t] for t in own]) for j in used}
    everything = mean([np.exp(fixed[t] + sum(named[j][t] for j in used)) for t in own])
    constant = np.log(base / everything)

    def value(played: Sequence[int]) -> float:
        def flow(t: int) -> float:
            path = sum(named[j][t] if j in played else held[j] for j in used)
            return float(np.exp(fixed[t] + constant + path))

        return mean([flow(t) for t in other]) - mean([flow(t) for t in own])

    found, played = [], []
    for player in players:
        before = value(played)
        played = [*played, *player]
        moved = value(played) - before
        found.append(-moved if later else moved)
    return found


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("players", [[[0], [1], [2], [3]], [[3], [1, 2], [0]], [[2, 0, 1]], [[1]]])
def test_contributions_are_those_of_the_loops(later, players):
    rng = np.random.default_rng(7)
    draws, periods, split = 5, 9, 4
    named = rng.normal(size=(4, draws, periods))
    fixed = rng.normal(size=(draws, periods))
    found = divide(named, fixed, split, 37.0, later=later, players=players, logs=True)
    for n in range(draws):
        expected = by_loops(named[:, n], fixed[n], split, 37.0, later=later, players=players)
        np.testing.assert_allclose(found[:, n], expected, rtol=ROUNDING, atol=ROUNDING)


def one_period_each(steps: Sequence[float], base: float, later: bool) -> list[float]:
    """Divide the change between two windows of one period, of parts that are 0 in the first of them."""
    named = np.array([[[0.0, step]] for step in steps])
    players = [[j] for j in range(len(steps))]
    if later:
        players = [*players[:-1][::-1], players[-1]]
    found = divide(named, np.zeros((1, 2)), 1, base, later=later, players=players, logs=True)[:, 0]
    return [float(v) for v in (found if not later else [*found[:-1][::-1], found[-1]])]


def test_the_worked_example_of_the_methods_page_going_down():
    """100 in the node; a ban halves it, a closure leaves a quarter, growth adds a fifth: 50, 12.5, 15."""
    found = one_period_each([np.log(0.5), np.log(0.25), np.log(1.2)], 100.0, later=False)
    assert found == pytest.approx([-50.0, -37.5, 2.5])
    assert 100 + sum(found) == pytest.approx(15.0)


def test_the_worked_example_of_the_methods_page_going_up():
    """60 in `to`; a reopening times four and growth of a tenth are undone: 60, 15, 13.64."""
    found = one_period_each([np.log(4.0), np.log(1.1)], 60.0, later=True)
    assert found == pytest.approx([45.0, 15 - 15 / 1.1])
    assert 60 - sum(found) == pytest.approx(60 / 4.4)


def test_an_end_is_the_limit_of_an_effect_without_bound_and_takes_what_the_earlier_event_left():
    ban, end, growth = one_period_each([np.log(0.5), -700.0, np.log(1.2)], 100.0, later=False)
    assert (ban, end) == pytest.approx((-50.0, -50.0))
    assert growth == pytest.approx(0.0)


@pytest.mark.parametrize(("size", "start"), [(-50.0, 90.0), (-1.0, 90.0), (1.0, 10.0), (50.0, 10.0)])
def test_a_lone_event_moves_no_more_than_the_larger_window(size, start):
    end = 100.0 - start
    (found,) = one_period_each([size], max(start, end), later=end > start)
    assert 0 < found * np.sign(size) <= max(start, end) * (1 + 1e-12)


def test_the_base_mean_is_the_observed_one_whatever_the_intercept():
    named = np.array([[[0.0, 0.0, -0.7, -0.7]]])
    season = np.array([[0.3, -0.3, 0.3, -0.3]])
    found = [
        divide(named, season + level, 2, 80.0, later=False, players=[[0]], logs=True)[0, 0]
        for level in (0.0, 5.0)
    ]
    assert found[0] == pytest.approx(80 * np.expm1(-0.7))
    assert found[1] == pytest.approx(found[0])


def test_on_the_level_scale_a_part_is_the_difference_of_its_means_and_ties_share_one():
    rng = np.random.default_rng(8)
    named = rng.normal(size=(3, 4, 7))
    found = divide(named, np.zeros((4, 7)), 3, 1.0, later=False, players=[[0], [1, 2]], logs=False)
    moves = named[:, :, 3:].mean(axis=2) - named[:, :, :3].mean(axis=2)
    np.testing.assert_allclose(found, [moves[0], moves[1] + moves[2]])


def test_events_are_played_by_their_first_full_period_and_undone_backwards():
    first = np.array([30.0, 10.0, 30.0, 20.0])
    assert order_of_play(first, [0, 1, 2, 3], later=False) == [[1], [3], [0, 2]]
    assert order_of_play(first, [0, 2, 3], later=True) == [[0, 2], [3]]


def test_the_first_full_period_of_a_pulse_is_its_first_in_force():
    shares = np.array([[0, 0, 0, 0], [0.4, 0.4, 0, 0], [1, 0, 0, 0], [1, 0, 0, 1]], dtype=float)
    assert first_full(shares).tolist() == [2, 1, 4, 3]
