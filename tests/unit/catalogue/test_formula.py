"""Formulas: arithmetic, order of operations, and the doubt that one figure carries through twice."""

from __future__ import annotations

import math

import pytest

from analysis.catalogue.formula import UNIFORM_SD, Quantity, evaluate, inputs, is_formula
from analysis.errors import DataPackageError

FIGURES = {
    "a": Quantity(100.0, {"a": 1.0}),
    "b": Quantity(40.0, {"b": 2.0}),
    "zero": Quantity(0.0, {}),
}


def value(text: str) -> Quantity:
    return evaluate(text, FIGURES.__getitem__)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=[a]-[b]", 60.0),
        ("=[a]-[b]*2+1", 21.0),
        ("=([a]-[b])*2", 120.0),
        ("=[a]/(1+25/100)", 80.0),
        ("=[a]/(1+-20/100)", 125.0),
        ("=-[b]+[a]", 60.0),
        ("=[a]/0.5~0.1", 200.0),
        ("= 12 - 2 - 3", 7.0),
    ],
)
def test_values_follow_the_usual_order_of_operations(text: str, expected: float):
    assert value(text).value == pytest.approx(expected)


def test_independent_roundings_add_in_squares():
    assert value("=[a]-[b]").sd == pytest.approx(math.hypot(1.0, 2.0))
    assert value("=[a]*[b]").sd == pytest.approx(math.hypot(40.0, 200.0))
    assert value("=[a]/[b]").sd == pytest.approx(math.hypot(1 / 40, 100 * 2 / 1600))


def test_a_figure_that_enters_twice_is_counted_once():
    assert value("=[a]-[a]").sd == 0.0
    assert value("=[a]+[a]").sd == pytest.approx(2.0)


def test_a_printed_constant_has_the_sd_of_its_rounding():
    assert value("=0.985~0.001").sd == pytest.approx(0.001 * UNIFORM_SD)
    assert value("=0.985").sd == 0.0


def test_inputs_are_named_once_and_descriptions_have_none():
    assert inputs("=[a]-[b]+[a]") == ("a", "b")
    assert inputs("2014 value less its growth [a]") == ()
    assert not is_formula("sum of the two flows")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("=[a]-", "ends too early"),
        ("=([a]-[b]", "closing bracket"),
        ("=[a] [b]", "superfluous"),
        ("=[a] $ [b]", "cannot be read"),
        ("=*[a]", "misplaced"),
        ("=[a]/[zero]", "divides by zero"),
    ],
)
def test_a_formula_that_cannot_be_read_says_where(text: str, reason: str):
    with pytest.raises(DataPackageError, match=reason):
        value(text)
