"""Critical values and p-values read from the tables beside this module.

A value outside a table is None: nothing is extrapolated.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np
from scipy.special import chdtrc

from analysis.numerics.least_squares import FloatArray

LEVELS = (0.10, 0.05, 0.01)
"""Levels that records print, keyed ``"0.10" "0.05" "0.01"``."""

BAI_PERRON_TRIMMINGS = (0.05, 0.10, 0.15, 0.20, 0.25)

SupKind = Literal["sup", "ave", "exp"]
Critical = dict[str, float | None]


@cache
def table(name: str) -> tuple[tuple[str, ...], FloatArray]:
    """Return header and numbers of a table; comment lines begin with ``#``.

    Parameters
    ----------
    name : str
        File name without ``.csv``.
    """
    text = (files("analysis.numerics") / "tables" / f"{name}.csv").read_text(encoding="utf-8")
    rows = list(csv.reader(line for line in text.splitlines() if not line.startswith("#")))
    return tuple(rows[0]), np.array([[_number(cell) for cell in row] for row in rows[1:]])


def source(name: str) -> str:
    """Return the header comment of a table: what it is and where it comes from."""
    text = (files("analysis.numerics") / "tables" / f"{name}.csv").read_text(encoding="utf-8")
    return " ".join(line.lstrip("# ") for line in text.splitlines() if line.startswith("#"))


def _number(cell: str) -> float:
    words = {"max": 0.0, "range": 1.0}
    return words[cell] if cell in words else float(cell)


def _lookup(name: str, keys: tuple[float, ...], column: int) -> float | None:
    numbers = table(name)[1]
    found = np.all(np.abs(numbers[:, : len(keys)] - np.array(keys)) < 1e-9, axis=1)
    return float(numbers[found][0, column]) if found.any() else None


def sup_f(trimming: float, q: int, m: int) -> Critical:
    """Critical values of Bai and Perron's supF(m), by level."""
    return {f"{level:.2f}": _lookup("bai_perron_supf", (trimming, level, q, m), 4) for level in LEVELS}


def sequential_f(trimming: float, q: int, l: int) -> Critical:
    """Critical values of Bai and Perron's supF(l + 1 given l), by level."""
    return {f"{level:.2f}": _lookup("bai_perron_sequential", (trimming, level, q, l), 4) for level in LEVELS}


def double_maximum(trimming: float, q: int, weighted: bool) -> Critical:
    """Critical values of UDmax, or WDmax if `weighted`, by level."""
    column = 4 if weighted else 3
    return {f"{level:.2f}": _lookup("bai_perron_dmax", (trimming, level, q), column) for level in LEVELS}


def _largest_up_to(coefficients: FloatArray, statistic: float) -> float:
    """Return the largest value, at least 0, of a polynomial from 0 to `statistic`."""
    powers = np.arange(coefficients.size)
    turns = np.roots((coefficients * powers)[:0:-1])
    inside = turns.real[(np.abs(turns.imag) < 1e-9) & (turns.real > 0) & (turns.real < statistic)]
    values = [float(coefficients @ at**powers) for at in (statistic, *inside)]
    return max(*values, 0.0)


def hansen_p_value(kind: SupKind, statistic: float, q: int, trimming: float) -> float | None:
    """Return the p-value of a sup-, ave- or exp-F statistic in chi-square form (Hansen 1997).

    His polynomials turn down beyond the values that they were fitted to, where strucchange's p-value goes
    back to 1; here a larger statistic never has a larger p-value.

    Parameters
    ----------
    kind : {"sup", "ave", "exp"}
    statistic : float
        Largest, mean or exponential mean of the chi-square statistics over dates.
    q : int
        Coefficients that change; None is returned above 40.
    trimming : float
        Share left out at either end, in (0, 0.5); below 0.01 the value of 0.01 is used.
    """
    if not 1 <= q <= 40 or not 0 < trimming <= 0.5:
        return None
    numbers = table(f"hansen_{kind}f")[1]
    rows = numbers[numbers[:, 0] == q]
    coefficients, df = rows[:, 2:-1], rows[:, -1]
    polynomial = np.array([_largest_up_to(row, statistic) for row in coefficients])
    at_grid = chdtrc(df, polynomial)
    at_half = float(chdtrc(q, max(statistic, 0.0)))
    points = np.concatenate([[0.5], rows[:, 1]])
    values = np.concatenate([[at_half], at_grid])
    return float(np.clip(np.interp(trimming, points[::-1], values[::-1]), 0.0, 1.0))
