"""Judgements, running totals and identities in a world small enough to follow by hand."""

from __future__ import annotations

import math

import pytest

from analysis.catalogue.identities import judged, prove
from analysis.catalogue.running_totals import difference_shares, stated_beside_difference
from analysis.errors import DataPackageError
from tests.unit.catalogue.conftest import RECIPES, SPAN, Build, Row

NAME = "xa.exports.m"
FIRST_TOTAL, SECOND_TOTAL = (
    {"id": f"sum.{k}", "start": "2020-01", "end": f"2020-0{k}", "value": value}
    for k, value in ((2, "300"), (3, "380"))
)
"""Running totals to February and March: March is 80 by their difference."""


def month(figure_id: str, value: str, at: str = "2020-03", **fields: str) -> Row:
    return {"id": figure_id, "start": at, "value": value, **fields}


def march(build: Build, *rows: Row, **options: str):
    known = [month("jan", "100", "2020-01"), FIRST_TOTAL, SECOND_TOTAL, SPAN]
    catalogue = build([*known, *rows], **options)
    return catalogue, catalogue.builder.build(NAME).observations[2]


def judgement(figure: str, action: str, expect: str, kind: str = "other_vintage", **more: str) -> str:
    fields = {"figure": figure, "action": action, "kind": kind, "reason": "why", "expect": expect, **more}
    return "corrections:\n  - {" + ", ".join(f"{k}: {v}" for k, v in fields.items()) + "}\n"


def test_a_stated_month_wins_and_what_the_difference_misses_it_by_is_doubt(build: Build):
    _, observation = march(build, month("stated", "90"))
    assert observation.value == 90
    missed = 90 - 80 - 1 - 0.5
    doubt = math.hypot(1 / math.sqrt(12), missed / 2 / math.sqrt(3))
    assert observation.rse * 90 == pytest.approx(doubt)


def test_a_difference_of_two_publishers_is_none(build: Build):
    rows = [month("stated", "90"), {**SECOND_TOTAL, "id": "other", "publisher": "Agency"}]
    catalogue = build([month("jan", "100", "2020-01"), FIRST_TOTAL, *rows, SPAN])
    observation = catalogue.builder.build(NAME).observations[2]
    assert observation.rse * 90 == pytest.approx(1 / math.sqrt(12))


def test_shares_count_months_that_rest_on_sums(build: Build):
    derived = month(
        "d", "80", tier="derived", vintage="derived", grade="B", formula="=[sum.3]-[sum.2]", rounding="1"
    )
    catalogue, observation = march(build, derived)
    assert observation.figures[0] == "d"
    (share,) = difference_shares(catalogue)
    assert (share.observed, [str(p) for p in share.by_difference], share.compared) == (2, ["2020-03"], ())
    assert list(stated_beside_difference(catalogue)) == []
    total, imports = month("total", "300", flow="total"), month("imports", "210", flow="imports")
    catalogue, _ = march(build, derived, total, imports)
    ((series, figure, stated),) = stated_beside_difference(catalogue)
    assert (series, figure.id, sorted(stated)) == (NAME, "d", ["imports", "total"])


def test_a_figure_of_another_vintage_leaves_the_first(build: Build):
    rows = [month("a", "90"), month("b", "95", rounding="0.1")]
    _, observation = march(build, *rows)
    assert observation.figures == ("b",)
    again = judgement("b", "revintage", "95", vintage="later")
    catalogue, observation = march(build, *rows, corrections=again)
    assert observation.figures == ("a",)
    revised = catalogue.builder.build(NAME, "revised").observations[2]
    assert revised.figures == ("b",)
    assert catalogue.package.figure("b").value == 95, "what was printed stays"


def test_a_preferred_row_replaces_the_marked_one(build: Build):
    rows = [month("coarse", "90", rounding="10", use="preferred"), month("fine", "93")]
    recipes = RECIPES.replace("release_lag: 10", "release_lag: 10\n      first: preferred")
    _, observation = march(build, *rows, recipes=recipes)
    assert observation.figures == ("coarse",)
    finer = judgement("fine", "prefer", "93", "finer_print")
    _, observation = march(build, *rows, recipes=recipes, corrections=finer)
    assert observation.figures == ("fine",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (judgement("a", "soften", "1"), "none of exclude, revintage, prefer"),
        (judgement("a", "exclude", "1", "whim"), "none of error"),
        (judgement("a", "revintage", "1"), "goes with 'revintage'"),
        (judgement("a", "exclude", "1", vintage="later"), "goes with 'revintage'"),
    ],
)
def test_a_judgement_that_cannot_be_read_is_named(build: Build, text: str, reason: str):
    with pytest.raises(DataPackageError, match=reason):
        march(build, month("a", "1"), corrections=text)


def test_publishers_that_are_kept_apart_are_in_no_month_of_the_span(build: Build):
    recipes = RECIPES.replace(
        "release_lag: 10", "release_lag: 10\n      apart: {publishers: [Agency], window: 2020-03..2020-03}"
    )
    rows = [
        month("office", "90", rounding="1"),
        month("agency", "80.55", publisher="Agency", rounding="0.01"),
    ]
    _, observation = march(build, *rows)
    assert observation.figures == ("agency",)
    _, observation = march(build, *rows, recipes=recipes)
    assert observation.figures == ("office",)
    assert observation.rse * 90 < 6, "its disagreement is no vintage of this series"


def test_identities_of_one_source_hold_within_rounding_or_break_with_their_size(build: Build):
    flows = [month("x", "90"), month("m", "40", flow="imports"), month("t", "131", flow="total")]
    catalogue, _ = march(build, *flows)
    proof = prove(catalogue.package)
    assert proof.examined == {"flows": 1, "running total": 1, "share": 0}
    (broken,) = proof.breaks
    assert (broken.identity, broken.key, broken.gap) == ("running total", ("sum.2", "x", "sum.3"), 10)
    other = {**flows[2], "value": "135"}
    catalogue, _ = march(build, *flows[:2], other)
    assert {b.identity: b.gap for b in prove(catalogue.package).breaks} == {"flows": -5, "running total": 10}
    elsewhere = {**other, "source": "office-2"}
    catalogue, _ = march(build, *flows[:2], elsewhere)
    assert [b.identity for b in prove(catalogue.package).breaks] == ["running total"], (
        "two sources, no identity"
    )


def test_derived_flows_may_miss_by_what_their_doubt_allows(build: Build):
    derived = {"tier": "derived", "vintage": "derived", "grade": "A"}
    flows = [
        month("x", "80", formula="=40~1/0.5", **derived),
        month("m", "60", flow="imports", formula="=60~1*1", **derived),
        month("t", "143", flow="total", formula="=143~1*1", **derived),
    ]
    catalogue, observation = march(build, *flows)
    assert [b.identity for b in prove(catalogue.package).breaks] == []
    sd = 2 / math.sqrt(12)
    assert observation.rse * 80 == pytest.approx(math.hypot(sd, 3 / 2 / math.sqrt(3)), rel=1e-6)


def test_exceptions_are_stated_with_their_size(build: Build, tmp_path):
    from analysis.catalogue import Catalogue
    from analysis.catalogue.seal import seal

    march(build, month("x", "90"))
    entry = (
        "exceptions:\n  - {{identity: running total, figures: [sum.2, x, sum.3], gap: {gap}, reason: r}}\n"
    )

    def told(gap: str) -> list[str]:
        (tmp_path / "exceptions.yaml").write_text(entry.format(gap=gap), encoding="utf-8")
        seal(tmp_path)
        return [reason for _, reason in judged(Catalogue(tmp_path))]

    assert told("10") == []
    (changed,) = told("7")
    assert "states a miss of +7" in changed
