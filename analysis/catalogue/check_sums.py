"""Checks of arithmetic: formulas, identities, vintages, months against longer spans, the reference."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.catalogue.checks import Finding, Findings
from analysis.catalogue.figures import Figure
from analysis.catalogue.formula import is_formula
from analysis.catalogue.identities import EXCEPTION_FILE, ROUNDING_SLACK, Break, judged
from analysis.catalogue.package import FIGURE_FOLDER
from analysis.catalogue.recipes import Recipe, Selection
from analysis.catalogue.running_totals import stated_beside_difference
from analysis.domain import Observation, Period, Window
from analysis.errors import DataPackageError

if TYPE_CHECKING:
    from analysis.catalogue import Catalogue

REFERENCE_TOLERANCE = 0.01
"""Largest relative difference from the reference where that one is a printed figure."""
FORMULA_SLACK = 2.0
"""A formula may miss its stored value by half a rounding unit and so many standard deviations."""
MONTH_SLACK = 2.0
"""Standard deviations of the months that a sum may differ by, beyond tolerance and rounding."""


def formulas(catalogue: Catalogue) -> Findings:
    """Every formula that can be evaluated gives the stored value."""
    package = catalogue.package
    for name in package.table_names:
        for figure in package.table(name).values():
            if not is_formula(figure.formula):
                continue
            try:
                computed = package.computed(figure)
            except DataPackageError as problem:
                yield Finding("formulas", f"{FIGURE_FOLDER}/{name}.csv", figure.row, problem.message)
                continue
            room = ROUNDING_SLACK * figure.rounding / 2 + FORMULA_SLACK * computed.sd
            if abs(computed.value - figure.value) > room:
                reason = f"the formula of '{figure.id}' gives {computed.value:g}, the table {figure.value:g}"
                yield Finding("formulas", f"{FIGURE_FOLDER}/{name}.csv", figure.row, reason)


def identities(catalogue: Catalogue) -> Findings:
    """Figures of one source satisfy their identities within rounding, or a stated exception says why not."""
    for found, reason in judged(catalogue):
        if isinstance(found, Break):
            figure = found.figures[-1]
            yield Finding(
                "identities", f"{FIGURE_FOLDER}/{_table_of(catalogue, figure)}.csv", figure.row, reason
            )
        else:
            yield Finding("identities", EXCEPTION_FILE, None, reason)


def vintages(catalogue: Catalogue) -> Findings:
    """No month rests on a difference of running totals if one release states it."""
    for series, figure, stated in stated_beside_difference(catalogue):
        reason = (
            f"'{series}' takes {figure.window.first} from a difference of running totals, '{figure.id}', "
            f"although one release states it: {', '.join(stated)}"
        )
        yield Finding("vintages", f"{FIGURE_FOLDER}/{_table_of(catalogue, figure)}.csv", figure.row, reason)


@dataclass(frozen=True, slots=True)
class SpanComparison:
    """A printed sum beside the sum of the built periods.

    Attributes
    ----------
    series : str
    figure : Figure
    built : float
        Sum of the built observations, unit of the series.
    printed : float
        The figure in the unit of the series.
    tolerance : float
        Largest admissible difference, same unit.
    """

    series: str
    figure: Figure
    built: float
    printed: float
    tolerance: float

    @property
    def difference(self) -> float:
        """Built less printed, as a fraction of the printed."""
        return self.built / self.printed - 1.0 if self.printed else 0.0

    @property
    def holds(self) -> bool:
        """Whether the difference is within the tolerance."""
        return abs(self.built - self.printed) <= self.tolerance


def compare_spans(catalogue: Catalogue, recipe: Recipe, vintage: str = "first") -> Iterable[SpanComparison]:
    """Set every longer printed figure of the series' own kind beside the sum of the built periods.

    Only figures of the publishers that the recipe's ``tolerance`` names enter, and no sum of a later vintage
    is held against first prints, so that one vintage is compared with itself; the tolerance is relative, by
    year where the recipe says so, beyond the rounding of the figure and twice the standard deviation of the
    sum.

    Parameters
    ----------
    catalogue : Catalogue
    recipe : Recipe
        Of a monthly series that selects figures.
    vintage : str
    """
    build = recipe.build
    if not isinstance(build, Selection) or not recipe.tolerance.publishers:
        return
    series = catalogue.builder.build(recipe.id, vintage)
    by_period = {o.period: o for o in series.observations}
    for figure in catalogue.package.matching(build.tables, build.where):
        if figure.tier == "derived" or len(figure.window) < 2:
            continue
        if figure.publisher not in recipe.tolerance.publishers:
            continue
        if vintage == "revised" and len(figure.window) != 12:
            continue
        if vintage == "first" and figure.vintage == "later":
            continue
        parts = _parts(figure.window, by_period)
        converted = _converted(catalogue, recipe, figure, parts)
        if parts is None or converted is None:
            continue
        built = math.fsum(o.value or 0.0 for o in parts)
        sd = math.sqrt(math.fsum(((o.value or 0.0) * o.rse) ** 2 for o in parts))
        relative = recipe.tolerance.of(figure.window, vintage)
        scale = converted / figure.value if figure.value else 1.0
        room = relative * converted + figure.rounding * scale / 2 + MONTH_SLACK * sd
        yield SpanComparison(recipe.id, figure, built, converted, room)


def _parts(window: Window, by_period: dict[Period, Observation]) -> list[Observation] | None:
    found = [by_period.get(period) for period in window.periods()]
    parts = [o for o in found if o is not None and o.value is not None]
    return parts if len(parts) == len(window) else None


def _converted(
    catalogue: Catalogue, recipe: Recipe, figure: Figure, parts: list[Observation] | None
) -> float | None:
    """Return a figure in the unit of the series, at the mean rate of the months it sums."""
    if figure.unit == recipe.unit:
        return figure.value
    build = recipe.build
    assert isinstance(build, Selection)
    if build.convert is None or figure.unit != build.convert.unit or parts is None:
        return None
    original = math.fsum(
        catalogue.package.figure(o.figures[0]).value
        for o in parts
        if catalogue.package.figure(o.figures[0]).unit == figure.unit
    )
    built = math.fsum(o.value or 0.0 for o in parts)
    return figure.value * built / original if original else None


def cumulatives(catalogue: Catalogue) -> Findings:
    """Built months sum to the printed year-to-date and year figures of the same vintage."""
    for recipe in catalogue.builder.recipes.values():
        for vintage in ("first", "revised"):
            for compared in compare_spans(catalogue, recipe, vintage):
                if compared.holds:
                    continue
                figure = compared.figure
                reason = (
                    f"the months of '{recipe.id}' ({vintage}) in {figure.window} add to "
                    f"{compared.built:,.2f}, but '{figure.id}' is {compared.printed:,.2f} "
                    f"(room {compared.tolerance:,.2f})"
                )
                file = f"{FIGURE_FOLDER}/{_table_of(catalogue, figure)}.csv"
                yield Finding("cumulatives", file, figure.row, reason)


def _table_of(catalogue: Catalogue, figure: Figure) -> str:
    return next(n for n in catalogue.package.table_names if figure.id in catalogue.package.table(n))


def reference(catalogue: Catalogue) -> Findings:
    """Built periods agree with a recipe's reference within 1 % wherever that one is a printed figure."""
    for recipe in catalogue.builder.recipes.values():
        if recipe.reference is None:
            continue
        file = recipe.reference.file
        built = {str(o.period): o.value for o in catalogue.builder.build(recipe.id).observations}
        for line in catalogue.package.lines(file):
            if line["flow"] != recipe.reference.key:
                continue
            period, value = line["period"], built.get(line["period"])
            if (value is None) != (not line["value"]):
                yield Finding("reference", file, line.row, f"{period} is a gap here or in '{recipe.id}' only")
            elif value is not None and line["basis"] == "sourced":
                wanted = line.number("value")
                if abs(value / wanted - 1.0) > REFERENCE_TOLERANCE:
                    reason = f"'{recipe.id}' has {value:g} in {period}, the reference {wanted:g}"
                    yield Finding("reference", file, line.row, reason)
