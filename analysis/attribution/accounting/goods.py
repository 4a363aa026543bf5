"""Goods that the figures tell apart: sections of the tariff, finer products, and the rest of each section.

All amounts are whole dollars, so that parts add up to the last digit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal

from analysis import catalogue
from analysis.attribution.accounting.codes import Scope, chapters
from analysis.catalogue import Figure

MILLION = 1_000_000
FINER: dict[str, dict[str, str]] = {
    "exports": {
        "03": "seafood",
        "2601": "iron ore",
        "2701": "coal",
        "2716": "electricity",
        "61": "knitted apparel",
        "62": "woven apparel",
        "6704": "wigs and false eyelashes",
    },
    "imports": {"2709": "crude oil"},
}
"""Products with figures of their own that refine the sections: where they change who binds first, that
nobody does, or (crude oil) what China records."""
PUBLISHERS = ("Comtrade", "KITA", "GACC")
"""Of two figures for the same product and year, the one compiled like the sections stands."""
CRUDE = "2709"
CRUDE_LAST_RECORDED = 2013
"""China records no crude oil exports to North Korea after this year (event ``cn_crude_zero_2014``)."""
UNSPECIFIED_CHAPTER = "99"
TOTAL_VINTAGE = "UN Comtrade, reconciled copy"
POINTS_VINTAGE = "UN Comtrade, vintage of the product figures"


def dollars(millions: float) -> int:
    """Return USD million as whole dollars, half to even."""
    return int((Decimal(repr(millions)) * MILLION).to_integral_value(ROUND_HALF_EVEN))


@dataclass(frozen=True, slots=True)
class Goods:
    """One row of goods, year by year.

    Attributes
    ----------
    flow : str
        ``exports`` or ``imports``.
    kind : str
        ``product``, ``section``, ``rest_of_section``, ``unspecified`` or ``not_covered``.
    code : str
        HS code or section (``S05``).
    label : str
    section : str
        The section it lies in; empty where only points are known.
    scope : Scope
    values : mapping of int to int
        Dollars by year.
    figures : mapping of int to tuple of str
        Ids of the figures behind each year.
    unverified : tuple of int
        Years that rest on an unconfirmed copy.
    """

    flow: str
    kind: str
    code: str
    label: str
    section: str
    scope: Scope
    values: Mapping[int, int]
    figures: Mapping[int, tuple[str, ...]]
    unverified: tuple[int, ...]

    def between(self, years: Sequence[int]) -> Goods:
        """Return the row with the years given, as far as it has them."""
        kept = [year for year in years if year in self.values]
        return replace(
            self,
            values={year: self.values[year] for year in kept},
            figures={year: self.figures[year] for year in kept},
            unverified=tuple(year for year in kept if year in self.unverified),
        )


@dataclass(frozen=True, slots=True)
class GoodsTable:
    """All goods of one flow, adding up to a total of one vintage.

    Attributes
    ----------
    flow, vintage : str
    rows : tuple of Goods
    """

    flow: str
    vintage: str
    rows: tuple[Goods, ...]

    def total(self, year: int) -> int:
        """Return the sum of the rows in one year, dollars."""
        return sum(row.values[year] for row in self.rows)


def goods_table(flow: str, ends: Sequence[int], path: Sequence[int]) -> GoodsTable | None:
    """Return the goods of China's record that are known in every year of `ends`.

    Parameters
    ----------
    flow : str
    ends : sequence of int
        Years of both windows: every row has them.
    path : sequence of int
        Years from the first to the last; a row may lack some that are not in `ends`.

    Returns
    -------
    GoodsTable or None
        By section where both windows lie in the years of the sections, else by the products that have
        figures; None where neither exists.
    """
    sections = _sections(flow)
    finer = {code: _product(flow, code) for code in FINER[flow]}
    finer = {code: row for code, row in finer.items() if all(year in row.values for year in ends)}
    whole = [row for row in sections if all(year in row.values for year in ends)]
    if sections and len(whole) == len(sections):
        return GoodsTable(flow, TOTAL_VINTAGE, tuple(_refined(sections, finer, path)))
    total = _total(flow)
    if all(year in total for year in ends):
        rows = [row.between(path) for row in finer.values()]
        return GoodsTable(flow, POINTS_VINTAGE, (*rows, _not_covered(flow, total, rows, path)))
    return None


def _refined(sections: Sequence[Goods], finer: Mapping[str, Goods], path: Sequence[int]) -> Iterable[Goods]:
    for section in sections:
        mine = [row for code, row in finer.items() if code[:2] in section.scope.leaves]
        yield from (replace(row, section=section.code).between(path) for row in mine)
        if not mine:
            yield section.between(path)
            continue
        scope = section.scope
        for row in mine:
            scope = scope.less(row.code)
        rest = replace(section, kind="rest_of_section", label=f"rest of {section.label}", scope=scope)
        yield _less(rest, mine, path)


def _less(whole: Goods, parts: Sequence[Goods], path: Sequence[int]) -> Goods:
    years = [y for y in path if y in whole.values and all(y in part.values for part in parts)]
    return replace(
        whole,
        values={y: whole.values[y] - sum(part.values[y] for part in parts) for y in years},
        figures={y: sum((part.figures[y] for part in parts), whole.figures[y]) for y in years},
        unverified=tuple(
            y for y in years if y in whole.unverified or any(y in part.unverified for part in parts)
        ),
    )


def _not_covered(flow: str, total: Mapping[int, Figure], rows: Sequence[Goods], path: Sequence[int]) -> Goods:
    years = [year for year in path if year in total]
    whole = Goods(
        flow,
        "not_covered",
        "",
        "goods that no product figure covers",
        "",
        Scope(()),
        {year: dollars(total[year].value) for year in years},
        {year: (total[year].id,) for year in years},
        tuple(year for year in years if total[year].unverified),
    )
    return _less(whole, rows, path)


def _sections(flow: str) -> tuple[Goods, ...]:
    """Return the sections of one flow; a section without a row in a year that has others was not traded."""
    found: dict[str, dict[int, Figure]] = {}
    for figure in catalogue.products(flow=flow):
        if figure.product.startswith("S") and figure.publisher == "Comtrade":
            found.setdefault(figure.product, {})[figure.window.first.year] = figure
    years = sorted({year for figures in found.values() for year in figures})
    rows = []
    for code, figures in sorted(found.items()):
        span, _, words = next(iter(figures.values())).label.partition(" ")
        kind = "unspecified" if span == UNSPECIFIED_CHAPTER else "section"
        rows.append(
            Goods(
                flow,
                kind,
                code,
                words,
                code,
                Scope(chapters(span)),
                {y: dollars(figures[y].value) if y in figures else 0 for y in years},
                {y: (figures[y].id,) if y in figures else () for y in years},
                tuple(y for y in years if y in figures and figures[y].unverified),
            )
        )
    return tuple(rows)


def _product(flow: str, code: str) -> Goods:
    best: dict[int, Figure] = {}
    for figure in catalogue.products(flow=flow, product=code):
        if not _yearly_from_china(figure):
            continue
        year = figure.window.first.year
        if year not in best or _rank(figure) < _rank(best[year]):
            best[year] = figure
    values = {year: dollars(figure.value) for year, figure in best.items()}
    figures: dict[int, tuple[str, ...]] = {year: (figure.id,) for year, figure in best.items()}
    if code == CRUDE:
        after = range(CRUDE_LAST_RECORDED + 1, 1 + max((*best, *_section_years(flow))))
        values |= dict.fromkeys(after, 0)
        figures |= dict.fromkeys(after, ())
    unverified = tuple(sorted(year for year, figure in best.items() if figure.unverified))
    return Goods(flow, "product", code, FINER[flow][code], "", Scope((code,)), values, figures, unverified)


def _section_years(flow: str) -> list[int]:
    return [f.window.first.year for f in catalogue.products(flow=flow) if f.product.startswith("S")]


def _total(flow: str) -> dict[int, Figure]:
    best: dict[int, Figure] = {}
    candidates = (*catalogue.partners(), *catalogue.products(flow=flow, product="TOTAL"))
    for figure in candidates:
        if figure.flow != flow or figure.partner != "CN" or figure.publisher != "Comtrade":
            continue
        year = figure.window.first.year
        if _yearly_from_china(figure) and (year not in best or figure.rounding < best[year].rounding):
            best[year] = figure
    return best


def _yearly_from_china(figure: Figure) -> bool:
    return (
        figure.measure == "trade"
        and figure.partner == "CN"
        and figure.reporter == "CN"
        and figure.unit == "USD million"
        and figure.tier != "derived"
        and figure.publisher in PUBLISHERS
        and figure.window.first.season == 0
        and len(figure.window) == 12
    )


def _rank(figure: Figure) -> tuple[int, float, str]:
    return PUBLISHERS.index(figure.publisher), figure.rounding, figure.id
