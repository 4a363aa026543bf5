"""Doubts in series whose mistake is known: it is named, and clean answers are left alone."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.interventions.doubts.alternatives import moved, phased
from benchmarks.doubts import World

CLEAN = World("clean")
SEVERAL = range(4)


def told(world: World, number: int) -> list[bool]:
    return [world.right(doubt) for doubt in world.fit(number).checks.doubts]


def test_clean_answers_carry_no_doubt():
    assert not any(CLEAN.fit(number).checks.doubts for number in SEVERAL)


@pytest.mark.parametrize(
    "world",
    [
        World("late", late=3),
        World("early", late=-3),
        World("phased", phase=12),
        World("unlisted", unlisted=float(np.log(0.5)), frequency="A", noise=0.15),
        World("tripled", tripled=3.0),
    ],
    ids=lambda world: world.name,
)
def test_a_mistake_is_named(world):
    assert sum(any(told(world, number)) for number in SEVERAL) >= 3


def test_the_profile_peaks_at_the_true_date():
    profile = World("late", late=3).fit(0).checks.profiles[0]["gain"]
    assert max(profile, key=profile.get) == "-3"
    assert profile["0"] == 0


def test_a_check_of_an_effect_says_what_it_would_have_seen_and_sees_it():
    checked = {item.kind: item for item in CLEAN.fit(0).checks.checked}
    for kind in ("date", "shape", "before", "unlisted"):
        assert "would have been seen" in checked[kind].seen
    threshold = CLEAN.fit(0).checks.threshold
    gain = max(float(np.quantile(checked["date"].null, 1 - threshold)), 3.0)
    least = (np.sqrt(2 * gain) + 0.84) * checked["date"].reach
    large, small = (replace(CLEAN, late=3, effect=-size * least) for size in (1.5, 0.4))
    assert sum(any(told(large, number)) for number in SEVERAL) >= 3
    assert sum(any(told(small, number)) for number in SEVERAL) <= 1


def test_alternatives_move_and_stretch_a_step():
    step = np.array([0.0, 0, 0, 1, 1, 1])[:, None]
    assert moved(step, -2)[:, 0].tolist() == [0, 1, 1, 1, 1, 1]
    assert moved(step, 2)[:, 0].tolist() == [0, 0, 0, 0, 0, 1]
    np.testing.assert_allclose(phased(step, 2)[:, 0], [0, 0, 0, 0.5, 1, 1])


def test_the_same_fit_gives_the_same_checks():
    assert CLEAN.fit(1).checks.to_record() == CLEAN.fit(1).checks.to_record()
