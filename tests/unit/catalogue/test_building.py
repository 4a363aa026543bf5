"""Series made of other series: sums, differences, shared spans, bounds, variants."""

from __future__ import annotations

import math

import pytest

from analysis.errors import DataPackageError
from tests.unit.catalogue.conftest import Build

RECIPES = """
series:
  world.a: &yearly
    title: World
    unit: EUR million
    frequency: A
    first: 2018
    last: 2021
    select: &rules
      tables: [months]
      where: {measure: trade, flow: total, partner: W0}
    breaks: [2020]
    design: {events: [ban, change]}
    variants:
      zone:
        excluded:
          title: without the zone
          subtract: [zone.a]
          drop_events: [ban]
          drop_breaks: [2020]
          caveats: [The zone is known for some years.]
  zone.a:
    <<: *yearly
    title: Zone
    breaks: []
    variants: {}
    select:
      <<: *rules
      where: {measure: trade, flow: total, partner: XB}
      assume:
        - {last: 2018, value: 0, reason: the zone was not open}
      spans:
        - {figure: zone.span, lower: 4, upper: 16}
  total.a:
    title: Both
    unit: EUR million
    frequency: A
    combine: {plus: [world.a, zone.a], share_spans: true}
  balance.a:
    title: Difference
    unit: EUR million
    frequency: A
    combine: {plus: [world.a], minus: [zone.a]}
"""


def year(figure_id: str, at: int, value: str, partner: str, **fields: str) -> dict[str, str]:
    return {
        "id": figure_id,
        "start": f"{at}-01",
        "end": f"{at}-12",
        "value": value,
        "flow": "total",
        "partner": partner,
        **fields,
    }


ROWS = [
    *(year(f"w{at}", at, "100", "W0", rounding="1") for at in range(2018, 2022)),
    year("z2019", 2019, "30", "XB", rounding="2"),
    {**year("zone.span", 2020, "10", "XB", use="span"), "end": "2021-12"},
]


@pytest.fixture
def series(build: Build):
    return build(ROWS, recipes=RECIPES).builder.build


def test_a_sum_adds_values_and_squares_of_doubt(series):
    total = series("total.a")
    assert [o.value for o in total.observations[:2]] == [100, 130]
    assert total.rse[1] == pytest.approx(math.hypot(1, 2) / math.sqrt(12) / 130)
    assert total.observations[1].figures == ("w2019", "z2019")


def test_a_span_is_shared_with_the_whole_as_bound(series):
    total = series("total.a")
    for o in total.observations[2:]:
        assert (o.value, o.lower, o.upper, o.status) == (
            105.0,
            100.0,
            116.0,
            "B" if o.period.year == 2020 else "E",
        )
        assert "known only together" in o.note
    assert series("balance.a").observations[-1].value == 70, "without sharing it ends where both are known"


def test_an_assumed_zero_says_why_and_leaves_the_status_alone(series):
    zone = series("zone.a").observations[0]
    assert (zone.value, zone.status, zone.note, zone.figures) == (0.0, "E", "the zone was not open", ())
    assert series("total.a").observations[0].status == "A"


def test_a_variant_subtracts_drops_events_and_breaks_and_keeps_gaps(series):
    variant = series("world.a:zone=excluded")
    assert variant.id == "world.a:zone=excluded"
    assert variant.title == "World, without the zone"
    assert [o.value for o in variant.observations] == [100, 70]
    assert variant.design.events == ("change",)
    assert variant.caveats[-1] == "The zone is known for some years."
    assert series("world.a").observations[2].status == "B"


def test_a_recipe_without_figures_is_an_error(build: Build):
    with pytest.raises(DataPackageError, match="no figure matches"):
        build(
            [year("w2018", 2018, "100", "W0")],
            recipes=RECIPES.replace("partner: W0", "partner: XX").replace(
                "    first: 2018\n    last: 2021\n", ""
            ),
        ).builder.build("world.a")
