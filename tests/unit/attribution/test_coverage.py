"""The coverage study: its truth, its noise, its worlds and its page, on a handful of series.

Whether intervals cover the truth is measured by benchmarks/attribution_coverage.py and stands in
docs/attribution-coverage.md; here is what must hold for a single series.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.attribution_coverage import PAGE, cells, simulate, true_contributions, verdicts
from benchmarks.attribution_page import ALL_EVENTS, MISSING, OURS, Cell, found, page
from benchmarks.contribution_worlds import WORLDS, world
from benchmarks.simulated_trade import LUNAR, PRICE, ContributionWorld, Noise

WITHIN_A_YEAR = 1e-3
"""Relative: growth within the base year is not yet played when an event is."""


def quiet(name: str) -> ContributionWorld:
    """A world almost without noise."""
    own = world(name)
    return replace(own, noise=Noise(0.004), trends=("linear",))


@pytest.fixture(scope="module")
def growing() -> list[Cell]:
    return cells(world("annual_flat"), 1)


@pytest.mark.parametrize("name", ["inside", "price", "annual_six"])
def test_in_little_noise_every_estimate_is_near_its_truth(name):
    own = quiet(name)
    judged = [v for v in verdicts(own, 0, peers=False) if v.label != MISSING]
    events = {planted.id for planted in own.planted}
    assert {v.label for v in judged} & events
    for verdict in judged:
        if verdict.label in {*events, ALL_EVENTS}:
            assert abs(verdict.error) < 0.03, verdict


def test_the_truth_of_a_lone_fall_is_what_it_took_from_the_node():
    own = quiet("new_growth")
    simulated = simulate(own, 0, "linear")
    way = simulated.answer(own.start, own.end).parts[0].way
    truth = true_contributions(own, simulated.named, way)
    y = simulated.target.values
    assert truth["ban"] == pytest.approx(y[63:75].mean() * np.expm1(-0.7), rel=WITHIN_A_YEAR)
    assert way.before == pytest.approx(y[63:75].mean() - y[60:72].mean())


def test_events_of_one_day_have_one_truth_together():
    own = quiet("same_month")
    simulated = simulate(own, 0, "linear")
    way = simulated.answer(own.start, own.end).parts[0].way
    truth = true_contributions(own, simulated.named, way)
    assert truth["second"] == 0
    node = way.clusters[1].node.mean
    assert truth["first"] == pytest.approx(node * np.expm1(-1.1), rel=WITHIN_A_YEAR)


def test_the_change_before_any_event_is_exact_in_every_answer():
    for name in ("annual_six", "annual_turns"):
        simulated = simulate(world(name), 1)
        answer = simulated.answer("2012", "2018")
        before = next(c for c in answer.contributions if c.row.kind == "before_events")
        y = simulated.target.values
        assert before.interval == (pytest.approx(y[24] - y[21]),) * 3


def test_every_cell_has_the_usual_methods_beside_it(growing):
    ours = {(c.windows, c.label) for c in growing if c.method == OURS and c.trend == "local"}
    for method in ("OLS + HAC", "SARIMAX"):
        theirs = {(c.windows, c.label) for c in growing if c.method == method}
        assert theirs <= ours
        assert {label for _, label in theirs} >= {"closure", ALL_EVENTS, MISSING}
    assert {c.trend for c in growing if c.method == OURS} == {"local", "linear"}


def test_worlds_report_the_rows_that_they_are_about():
    assert PRICE in {v.label for v in verdicts(quiet("price"), 1, peers=False)}
    assert LUNAR in {v.label for v in verdicts(quiet("new_year"), 1, peers=False)}
    parts = simulate(quiet("parts_6"), 0, "linear").answer("2013", "2018")
    assert [part.role for part in parts.parts] == ["modelled", "modelled"]


def test_the_worlds_asked_for_are_there():
    names = {own.name for own in WORLDS}
    assert len(WORLDS) == len(names)
    assert {
        f"{growth}_{walk}" for growth in ("flat", "ten", "stops", "turns") for walk in ("still", "walk")
    } <= names
    assert {"new_growth", "opposite", "reopening", "inside", "partial", "heavy", "regime"} <= names
    assert {f"parts_{k}" for k in (0, 3, 6)} | {f"annual_{k}" for k in ("flat", "six", "turns")} <= names


def test_noise_is_drawn_with_the_spread_that_is_asked_for():
    drawn = [Noise.drawn(stream, 12, 0.25) for stream in range(300)]
    paths = np.array([noise.path(61, 1000 + k) for k, noise in enumerate(drawn)])
    moved = paths[:, 48:] - paths[:, :-48]
    assert np.sqrt(np.mean(moved**2)) == pytest.approx(0.25, rel=0.1)
    assert {noise.share for noise in drawn} == {0.0, 0.5, 1.0}
    assert 0.05 < np.mean([noise.walk == 0 for noise in drawn]) < 0.15


def test_heavy_noise_has_its_variance_and_its_tails():
    paths = np.concatenate([Noise(1.0, dof=4).path(500, 40 + k) for k in range(40)])
    assert paths.std() == pytest.approx(1, rel=0.05)
    assert np.mean(np.abs(paths) > 4) > 3e-3, "of a normal 6e-5"


def test_noise_of_two_parts_has_the_correlation_that_is_asked_for():
    own = world("parts_6")
    pairs = [own.noises(number) for number in range(200)]
    for place in (0, 1):
        first, second = (np.concatenate([np.diff(pair[k][place]) for pair in pairs]) for k in (0, 1))
        assert np.corrcoef(first, second)[0, 1] == pytest.approx(0.6, abs=0.03)


def made(covered: float, answers: int = 400, **fields) -> Cell:
    given = {"world": "steps", "trend": "local", "windows": "2013 to 2018", "label": "ban", "method": OURS}
    return Cell(**(given | fields), answers=answers, covered=covered, signed=50.0, bias=0.0, width=10.0)


def test_the_page_names_the_worst_cells_and_those_below_their_floor():
    listed = [
        made(89.0),
        made(96.0, label="stop"),
        made(87.9, world="new_growth"),
        made(88.1, world="new_growth", windows="2015 to 2018"),
        made(40.0, answers=50, world="heavy"),
    ]
    text = found(listed)
    below = next(line for line in text.splitlines() if line.startswith("- Below"))
    assert "steps, 2013 to 2018, ban: 89" in below
    assert "new_growth, 2013 to 2018" in below
    assert "new_growth, 2015 to 2018" not in below
    assert "heavy" not in below, "too few answers to be held to a floor"
    worst = next(line for line in text.splitlines() if line.startswith("- The worst"))
    assert worst.index("heavy") < worst.index("new_growth") < worst.index("steps")
    assert "**89.0**" in page(listed, WORLDS, 400)


def test_the_committed_page_is_of_this_program():
    written = PAGE.read_text(encoding="utf-8")
    assert written.startswith("# Coverage of attributions")
    assert "The worst cells: " in written
    for own in WORLDS:
        assert f"- **{own.name}**: {own.words}." in written
