"""Shapley value of R² on the Swiss fertility data against the printed LMG shares (Grömping 2006)."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from analysis.errors import InputError
from analysis.numerics.coalitions import Coalition, shapley_by_enumeration
from analysis.numerics.shapley import product_shapley

PRINTED = {
    "agriculture": 0.05709122,
    "examination": 0.17117303,
    "education": 0.26013468,
    "catholic": 0.10557015,
    "infant_mortality": 0.11276592,
}
"""Journal of Statistical Software 17(1), output of relaimpo's `lmg` for all regressors of `swiss`."""
PRINTED_R2 = 0.7067
HALF_A_PRINTED_DIGIT = 5e-9
HALF_A_DIGIT_OF_R2 = 5e-5
ROUNDING = 1e-12


def swiss() -> dict[str, np.ndarray]:
    path = Path(__file__).parent / "data" / "swiss_fertility_1888.csv"
    with path.open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(line for line in handle if not line.startswith("#")))
    return {name: np.array([float(row[name]) for row in rows]) for name in ("fertility", *PRINTED)}


def test_shapley_of_r2_agrees_with_relaimpo_to_the_printed_digits():
    data = swiss()
    names = list(PRINTED)
    y = data["fertility"] - data["fertility"].mean()

    def r2(coalition: Coalition) -> float:
        if not coalition:
            return 0.0
        x = np.column_stack([data[names[i]] - data[names[i]].mean() for i in sorted(coalition)])
        fitted = x @ np.linalg.lstsq(x, y, rcond=None)[0]
        return float(fitted @ fitted / (y @ y))

    shares = shapley_by_enumeration(r2, len(names))
    assert dict(zip(names, shares, strict=True)) == pytest.approx(PRINTED, abs=HALF_A_PRINTED_DIGIT)
    assert sum(shares) == pytest.approx(r2(frozenset(range(5))), abs=ROUNDING)
    assert sum(shares) == pytest.approx(PRINTED_R2, abs=HALF_A_DIGIT_OF_R2)


def test_fractions_stay_exact():
    price, quantity = (Fraction(101), Fraction(73)), (Fraction(8190), Fraction(15000))

    def worth(coalition: Coalition) -> Fraction:
        return price[0 in coalition] * quantity[1 in coalition]

    by_price, by_quantity = shapley_by_enumeration(worth, 2)
    assert by_price == (price[1] - price[0]) * (quantity[0] + quantity[1]) / 2
    assert by_price + by_quantity == price[1] * quantity[1] - price[0] * quantity[0]


def test_enumeration_agrees_with_the_product_game():
    moves = np.array([-1.2, 0.4, -0.3, 0.05])
    closed = product_shapley(np.array(2.0), moves)
    enumerated = shapley_by_enumeration(lambda s: float(np.exp(2.0 + sum(moves[i] for i in s))), len(moves))
    assert enumerated == pytest.approx(closed, rel=ROUNDING)


def test_too_many_players_are_refused():
    with pytest.raises(InputError, match="15 players"):
        shapley_by_enumeration(lambda s: float(len(s)), 16)
