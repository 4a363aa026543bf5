"""Which figure stands for a period, on a package of another regime: nothing here is North Korea's."""

from __future__ import annotations

import math

import pytest

from analysis.catalogue import Catalogue
from analysis.catalogue.formula import UNIFORM_SD
from analysis.domain import Observation
from analysis.errors import DataPackageError
from tests.unit.catalogue.conftest import RATES, RECIPES, SPAN, Build, Row

NAME = "xa.exports.m"


def january(catalogue: Catalogue, vintage: str = "first") -> Observation:
    return catalogue.builder.build(NAME, vintage).observations[0]


def month(figure_id: str, value: str, **fields: str) -> Row:
    return {"id": figure_id, "start": "2020-01", "value": value} | fields


def test_the_print_with_more_digits_wins_then_the_publisher(build: Build):
    rows = [
        month("coarse", "101", rounding="1"),
        month("agency", "100.6", rounding="0.1", publisher="Agency"),
        month("office", "100.5", rounding="0.1"),
    ]
    assert january(build([*rows, SPAN])).figures == ("office",)
    assert january(build([*rows[:2], SPAN])).figures == ("agency",)


def test_a_preliminary_print_gives_way_and_a_later_one_waits(build: Build):
    rows = [
        month("preliminary", "99.11", rounding="0.01", vintage="preliminary"),
        month("final", "100", vintage="first"),
        month("later", "103.22", rounding="0.01", vintage="later"),
    ]
    catalogue = build([*rows, SPAN])
    assert january(catalogue).figures == ("final",)
    assert january(catalogue, "revised").figures == ("later",)


def test_a_coarse_print_gives_way_to_a_good_derivation_only(build: Build):
    rows = [
        month("coarse", "200", rounding="10"),
        month("total", "300", flow="total"),
        month("rest", "96", flow="imports"),
    ]
    derived = {"tier": "derived", "vintage": "derived", "formula": "=[total]-[rest]"}
    good = month("good", "204", grade="B", **derived)
    loose = month("loose", "204", grade="C", **derived)
    chosen = january(build([*rows, good, SPAN]))
    assert chosen.figures == ("good", "total", "rest")
    assert chosen.status == "E"
    assert january(build([*rows, loose, SPAN])).figures == ("coarse",)


def test_rse_is_rounding_over_root_12_with_floors_by_grade(build: Build):
    printed = january(build([month("p", "50", rounding="1"), SPAN]))
    assert printed.rse == pytest.approx(1 * UNIFORM_SD / 50)
    inputs = [month("total", "300", flow="total"), month("rest", "96", flow="imports")]
    derived = {"tier": "derived", "vintage": "derived", "formula": "=[total]-[rest]"}
    for grade, least in (("A", 0.0), ("B", 0.01), ("C", 0.05)):
        observation = january(build([*inputs, month("d", "204", grade=grade, **derived), SPAN]))
        exact = math.sqrt(2) * UNIFORM_SD / 204
        assert observation.rse == pytest.approx(max(exact, least))


def test_vintages_add_half_their_range_over_root_3(build: Build):
    rows = [month("first", "100", rounding="0.01"), month("later", "90", rounding="0.01", vintage="later")]
    rse = january(build([*rows, SPAN])).rse
    assert rse == pytest.approx(10 / 2 / math.sqrt(3) / 100, rel=2e-3), "rounding takes 0.01 of the range"


def test_other_units_are_converted_with_the_doubt_of_the_rate(build: Build):
    months = [
        {"id": f"xbd.{m}", "start": m, "value": "80", "unit": "XBD million", "rounding": "0.001"}
        for m in ("2020-05", "2020-06")
    ]
    series = build([month("p", "50"), *months, *RATES, SPAN]).builder.build(NAME)
    may, june = series.observations[4:]
    assert (may.value, june.value) == (40.0, 40.0)
    assert may.figures == ("xbd.2020-05", "rate.official.2020-05")
    assert may.rse < 1e-4
    assert june.rse == pytest.approx(0.02, rel=1e-3)
    assert "market rate" in june.note


def test_a_month_without_a_rate_is_an_error_that_names_it(build: Build):
    row = {"id": "xbd", "start": "2020-05", "value": "80", "unit": "XBD million"}
    with pytest.raises(DataPackageError, match="no exchange rate for 2020-05"):
        build([month("p", "50"), row, SPAN]).builder.build(NAME)


def test_months_after_the_last_revision_are_provisional(build: Build):
    rows = [
        month("one", "50"),
        {"id": "two", "start": "2020-02", "value": "60"},
        {"id": "may", "start": "2020-05", "value": "80", "unit": "XBD million"},
        {"id": "may.revised", "start": "2020-05", "value": "78", "unit": "XBD million", "vintage": "revised"},
        {"id": "june", "start": "2020-06", "value": "80", "unit": "XBD million"},
    ]
    observations = build([*rows, *RATES, SPAN]).builder.build(NAME).observations
    assert [o.status for o in observations] == ["A", "A", "M", "M", "A", "P"]


def test_a_span_stands_as_total_while_one_of_its_months_is_missing(build: Build):
    rows = [month("one", "50"), {"id": "april", "start": "2020-04", "value": "60"}]
    (total,) = build([*rows, SPAN]).builder.build(NAME).totals
    assert (str(total.window), total.value, total.figures) == ("2020-02..2020-03", 50.0, ("span.1",))
    full = [
        *rows,
        {"id": "feb", "start": "2020-02", "value": "20"},
        {"id": "mar", "start": "2020-03", "value": "30"},
    ]
    assert build([*full, SPAN]).builder.build(NAME).totals == ()


def test_as_known_then_looks_at_publication_or_release(build: Build):
    rows = [
        month("one", "50", rounding="1"),
        month("one.later", "55", vintage="later", published="2020-09"),
        {"id": "feb", "start": "2020-02", "value": "60"},
    ]
    catalogue = build([*rows, SPAN])
    assert january(catalogue, "2020-03-01").value == 50
    assert january(catalogue, "2020-12-31").value == 55
    assert len(catalogue.builder.build(NAME, "2020-03-01")) == 1, "February is out ten days after its end"
    assert len(catalogue.builder.build(NAME, "2020-03-31")) == 2


def test_a_derivation_is_known_when_its_last_input_is(build: Build):
    rows = [
        month("total", "300", flow="total", published="2021-06"),
        month("rest", "96", flow="imports"),
        month("d", "204", tier="derived", vintage="derived", grade="A", formula="=[total]-[rest]"),
        {"id": "feb", "start": "2020-02", "value": "60"},
    ]
    catalogue = build([*rows, SPAN])
    assert january(catalogue, "2020-12-31").value is None
    assert january(catalogue, "2021-07-01").value == 204


def test_corrected_figures_stay_out(build: Build):
    corrections = """corrections:
  - figure: wrong
    action: exclude
    kind: error
    reason: a digit is lost
    expect: 10
"""
    rows = [month("wrong", "10"), month("right", "100", rounding="10")]
    assert january(build([*rows, SPAN], corrections=corrections)).figures == ("right",)


def test_an_unverified_copy_is_marked_in_note_and_caveat(build: Build):
    series = build([month("copy", "50", tier="copy", status="unverified"), SPAN]).builder.build(NAME)
    assert "unverified" in series.observations[0].note
    assert "1 of 1 periods" in series.caveats[0]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("select:", "choose:", "unknown key 'choose'"),
        ("frequency: M", "frequency: M\n    colour: red", "unknown key 'colour'"),
        ("since: 2020-05", "since: May 2020", "May 2020"),
        ("release_lag: 10", "first: newest", "print, preferred"),
        ("release_lag: 10", "prefer: mine", "digits, publisher"),
        ("first: 2020-01", "first: 2020-1", "2020-1"),
        ("frequency: M", "frequency: M\n    combine: {plus: []}", "one of 'select' and 'combine'"),
    ],
)
def test_a_recipe_that_cannot_be_read_names_the_series_and_the_key(
    build: Build, old: str, new: str, reason: str
):
    with pytest.raises(DataPackageError, match=reason) as caught:
        build([month("p", "50"), SPAN], recipes=RECIPES.replace(old, new, 1)).builder.recipe(NAME)
    assert NAME in caught.value.message


def test_a_formula_on_numbers_alone_is_known_with_its_own_period(build: Build):
    derived = {"tier": "derived", "vintage": "derived", "grade": "B", "formula": "=100.1~0.1*1.05~0.01"}
    rows = [
        month("numbers", "105.11", rounding="0.01", **derived),
        {"id": "feb", "start": "2020-02", "value": "60", "published": "2020-01"},
    ]
    catalogue = build([*rows, SPAN])
    assert january(catalogue, "2020-02-09").value is None
    assert january(catalogue, "2020-02-10").figures == ("numbers",)
