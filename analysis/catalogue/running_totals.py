"""Months as differences of running totals: which months rest on one, and how far it misses a direct print.

A running total carries what was revised since the one before it; their difference mixes two vintages and
puts every revision into its month. A month that a release states itself is therefore taken from there, and
what the difference misses it by is doubt of the month.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.catalogue.figures import Figure
from analysis.catalogue.package import Package
from analysis.catalogue.recipes import Recipe, Selection
from analysis.domain import Period

if TYPE_CHECKING:
    from analysis.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Difference:
    """One month by the difference of two running totals of one publisher.

    Attributes
    ----------
    period : Period
    value, slack : float
        Of the difference; half the roundings of both totals.
    last, before : str
        Ids of the totals.
    """

    period: Period
    value: float
    slack: float
    last: str
    before: str

    def gap(self, value: float, rounding: float) -> float:
        """Return how far the difference misses a value beyond all roundings, not below zero."""
        return max(abs(self.value - value) - self.slack - rounding / 2, 0.0)


def rests_on_difference(package: Package, figure: Figure) -> bool:
    """Tell whether a figure of one month is derived from sums over several months."""
    return figure.tier == "derived" and any(len(p.window) > 1 for p in package.primaries(figure))


def differences(package: Package, recipe: Recipe) -> dict[Period, Difference]:
    """Return for each month of a selecting monthly recipe its most exact difference of running totals.

    Parameters
    ----------
    package : Package
    recipe : Recipe

    Returns
    -------
    dict of Period to Difference
        Months without two successive totals of one publisher, in the unit of the series, are absent.
    """
    rules = recipe.build
    if recipe.frequency != "M" or not isinstance(rules, Selection):
        return {}
    ending: dict[Period, list[Figure]] = {}
    for figure in package.matching(rules.tables, rules.where):
        from_january = figure.window.first.season == 0
        if from_january and figure.tier != "derived" and figure.unit == recipe.unit:
            ending.setdefault(figure.window.last, []).append(figure)
    found: dict[Period, Difference] = {}
    for period, totals in ending.items():
        if period.season == 0 or (rules.convert is not None and period >= rules.convert.since):
            continue
        pairs = [
            Difference(period, x.value - y.value, (x.rounding + y.rounding) / 2, x.id, y.id)
            for x in totals
            for y in ending.get(period + -1, [])
            if x.publisher == y.publisher and len(x.window) == len(y.window) + 1
            if not (rules.apart and rules.apart.covers(x.publisher, period))
        ]
        if pairs:
            found[period] = min(pairs, key=lambda pair: (pair.slack, pair.last, pair.before))
    return found


@dataclass(frozen=True, slots=True)
class DifferenceShare:
    """How much of a series rests on differences of running totals.

    Attributes
    ----------
    series : str
    observed : int
        Months with a value.
    by_difference : tuple of Period
        Months that only a difference gives.
    compared : tuple of (Difference, float, float)
        Months that a release states itself: the difference, the value, the gap beyond roundings.
    """

    series: str
    observed: int
    by_difference: tuple[Period, ...]
    compared: tuple[tuple[Difference, float, float], ...]


def difference_shares(catalogue: Catalogue) -> Iterator[DifferenceShare]:
    """Yield the share of every monthly series of totals that selects figures and has running totals."""
    package = catalogue.package
    for recipe in catalogue.builder.recipes.values():
        pairs = differences(package, recipe)
        if not pairs:
            continue
        observed = [o for o in catalogue.builder.build(recipe.id).observations if o.value is not None]
        resting: list[Period] = []
        compared: list[tuple[Difference, float, float]] = []
        for o in observed:
            figure = package.figure(o.figures[0]) if o.figures else None
            if figure is None or o.value is None:
                continue
            if rests_on_difference(package, figure):
                resting.append(o.period)
            elif o.period in pairs:
                pair = pairs[o.period]
                compared.append((pair, o.value, pair.gap(o.value, figure.rounding)))
        yield DifferenceShare(recipe.id, len(observed), tuple(resting), tuple(compared))


def stated_beside_difference(catalogue: Catalogue) -> Iterator[tuple[str, Figure, Sequence[str]]]:
    """Yield months that rest on a difference although one release states them or both other flows.

    Yields
    ------
    tuple of str, Figure, sequence of str
        The series, the derived figure it rests on, and the figures that state the month.
    """
    package = catalogue.package
    for share in difference_shares(catalogue):
        series = catalogue.builder.build(share.series)
        recipe = catalogue.builder.recipes[share.series]
        rules = recipe.build
        assert isinstance(rules, Selection)
        flow = str(rules.where.get("flow", ""))
        other = {"exports": "imports", "imports": "exports"}.get(flow)
        for period in share.by_difference:
            figure = package.figure(series.observations[series.index(period)].figures[0])
            stated: dict[str, dict[str, str]] = {}
            for name in ("total", other):
                for f in package.matching(rules.tables, {**rules.where, "flow": name}):
                    of_month = f.tier != "derived" and f.window.first == f.window.last == period
                    if of_month and f.unit == recipe.unit and f.rounding <= figure.rounding:
                        stated.setdefault(f.source, {})[str(name)] = f.id
            for flows in stated.values():
                if len(flows) == 2:
                    yield share.series, figure, tuple(flows.values())
