"""The foreign worlds are what their words say, and the page names the worst from what was measured."""

import numpy as np
import pytest

from benchmarks.calibration.foreign import Found, answers, measure, page
from benchmarks.calibration.foreign_worlds import EFFECTS, SD, WORLDS, World, covariance, path, simulate

BY_NAME = {world.name: world for world in WORLDS}
STATIONARY = ("ar5_144", "quarterly", "arma", "cycle", "lag12", "long_memory")


def found(name: str, coverage: float) -> Found:
    """Return a world of 100 series whose events are covered so often."""
    hits = np.ones((100, 6))
    hits[: round(600 * (1 - coverage)) // 6] = 0.0
    return Found(BY_NAME[name], hits, 1.0, hits[:, :5], np.array([]), 0.8, 0)


def test_there_are_twenty_six_worlds_with_names_and_streams_of_their_own() -> None:
    assert len(WORLDS) == len(BY_NAME) == len({world.stream for world in WORLDS}) == 26


@pytest.mark.parametrize("name", STATIONARY)
def test_stationary_noise_has_the_stated_size_and_an_antithetic_pair_adds_up_to_the_path(name: str) -> None:
    world = BY_NAME[name]
    np.testing.assert_allclose(np.diag(covariance(world)), SD**2, rtol=0.02)
    logs = np.log(simulate(world, range(2)))
    np.testing.assert_allclose(logs.mean(axis=0), path(world))


@pytest.mark.parametrize("name", ["ar5_144", "airline", "season", "local_linear", "tripled"])
def test_the_covariance_of_the_oracle_is_that_of_the_series(name: str) -> None:
    world = BY_NAME[name]
    noise = np.log(simulate(world, range(0, 2000, 2))) - path(world)
    expected = np.diag(covariance(world))
    assert noise.var(axis=0).mean() == pytest.approx(expected.mean(), rel=0.1)
    assert noise[:, -1].var() == pytest.approx(expected[-1], rel=0.2)


def test_effects_come_when_the_words_say() -> None:
    at = BY_NAME["ar5_144"].positions[5]
    plain, early, phased = (path(BY_NAME[name]) for name in ("ar5_144", "early", "phased"))
    assert (early - plain)[at - 1] == pytest.approx(EFFECTS[5])
    assert (early - plain)[at - 4] == pytest.approx(0.0)
    assert (phased - plain)[at] == pytest.approx(-EFFECTS[5] * 5 / 6)
    assert (phased - plain)[at + 5] == pytest.approx(0.0)
    near = path(BY_NAME["unlisted_near"]) - plain
    second = BY_NAME["ar5_144"].positions[1]
    assert near[second - 3 : second - 1].tolist() == pytest.approx([0.0, -0.4])


def test_the_page_names_the_worlds_below_nine_tenths_worst_first_and_no_other() -> None:
    text = page([found("ar5_144", 0.96), found("early", 0.55), found("kink", 0.85)], 100)
    named = [line.split("**")[1] for line in text.splitlines() if line.startswith("- **")]
    assert named == ["early", "kink"]
    assert "in 2 of 3 worlds" in text
    assert "no world lies below" in page([found("ar5_144", 0.96)], 100)


def test_a_small_world_goes_through_the_batch() -> None:
    world: World = BY_NAME["annual"]
    one = measure(world, 4, answers([world], 4, 1))
    assert one.hits.shape == (4, 6)
    assert one.refused == 0
    assert set(np.unique(one.hits)) <= {0.0, 1.0}
    assert 0.5 < one.width / one.oracle < 2.0
