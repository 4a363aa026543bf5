"""Two assignments of a change in goods to provisions: what binds first, and what is newest each year."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from analysis.attribution.accounting.binding import Binder, Binding
from analysis.attribution.accounting.goods import Goods

NOT_SEPARABLE = "years_not_separable"
WITHOUT_CODES = ("unspecified", "not_covered")
"""Kinds of goods of which nobody knows what they are: no provision can be looked up."""


def whole_dollars(value: Fraction) -> int:
    """Return the nearest whole dollar, half to even."""
    return round(value)


def mean_dollars(values: Sequence[int]) -> int:
    """Return the mean of whole dollars as whole dollars."""
    return whole_dollars(Fraction(sum(values), len(values)))


@dataclass(frozen=True, slots=True)
class Step:
    """The part of a row's change that falls between two years.

    Attributes
    ----------
    first, last : int
        The change is from the end of `first` to the end of `last`: the years ``first + 1`` to ``last``.
    key : str
        Event newest in force in all of them, ``none_in_force``, ``partly_named`` or
        ``years_not_separable``.
    amount : int
        Dollars.
    """

    first: int
    last: int
    key: str
    amount: int

    @property
    def years(self) -> str:
        """The years in words: ``2017`` or ``2015-2016``."""
        return str(self.last) if self.last == self.first + 1 else f"{self.first + 1}-{self.last}"


@dataclass(frozen=True, slots=True)
class AssignedGoods:
    """Goods with both assignments.

    Attributes
    ----------
    goods : Goods
    start, end : int
        Dollars a year, means over the windows.
    binding : Binding
    steps : tuple of Step
        They sum to the change.
    """

    goods: Goods
    start: int
    end: int
    binding: Binding
    steps: tuple[Step, ...]

    @property
    def change(self) -> int:
        """Dollars a year."""
        return self.end - self.start


def assign(goods: Goods, binder: Binder, before: Sequence[int], after: Sequence[int]) -> AssignedGoods:
    """Assign the change of one row between two windows of whole years.

    Parameters
    ----------
    goods : Goods
        With figures in every year of both windows.
    binder : Binder
        Of the same flow.
    before, after : sequence of int
        Years of the windows ``from`` and ``to``.
    """
    start = mean_dollars([goods.values[year] for year in before])
    end = mean_dollars([goods.values[year] for year in after])
    steps = tuple(_steps(goods, binder, before, after, end - start))
    binding = Binding(goods.kind, None, ()) if goods.kind in WITHOUT_CODES else binder.first(goods.scope)
    return AssignedGoods(goods, start, end, binding, steps)


def _steps(
    goods: Goods, binder: Binder, before: Sequence[int], after: Sequence[int], change: int
) -> Iterable[Step]:
    """Yield the steps; the last takes the rounding, so that they sum to the change."""
    years = sorted(goods.values)
    left = change
    pairs = list(pairwise(years))
    for k, (first, last) in enumerate(pairs):
        weight = _crossing(first, last, before, after)
        amount = whole_dollars(weight * (goods.values[last] - goods.values[first]))
        amount = left if k == len(pairs) - 1 else amount
        left -= amount
        if weight:
            yield Step(first, last, _newest(goods, binder, first, last), amount)


def _crossing(first: int, last: int, before: Sequence[int], after: Sequence[int]) -> Fraction:
    """Return the share of pairs of window years whose span contains the step, less those it runs against."""
    pairs = len(before) * len(after)
    forward = sum(a <= first for a in before) * sum(b >= last for b in after)
    backward = sum(a >= last for a in before) * sum(b <= first for b in after)
    return Fraction(forward - backward, pairs)


def _newest(goods: Goods, binder: Binder, first: int, last: int) -> str:
    if goods.kind in WITHOUT_CODES:
        return goods.kind
    keys = {binder.in_force(goods.scope, year) for year in range(first + 1, last + 1)}
    return keys.pop() if len(keys) == 1 else NOT_SEPARABLE
