"""Price against quantity: the change of a product's value divided between its unit value and its tonnes.

The value is price times quantity. Each part is the Shapley value of that game, in exact fractions: the
change of price at the mean quantity, and the change of quantity at the mean price.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from analysis import catalogue
from analysis.attribution.accounting.assignment import whole_dollars
from analysis.attribution.accounting.goods import dollars
from analysis.attribution.accounting.rows import millions
from analysis.attribution.accounting.windows import Ends
from analysis.catalogue import Figure
from analysis.domain import Window
from analysis.numerics.coalitions import Coalition, shapley_by_enumeration

PRODUCTS = {"2701": "coal", "2601": "iron ore"}
WHOLE_YEAR = (0, 12)
TONNES = 1000
"""Tonnes in the kt of the figures."""


@dataclass(frozen=True, slots=True)
class UnitValue:
    """Value and quantity of one product in the same months.

    Attributes
    ----------
    product : str
    window : Window
    value : int
        Dollars.
    tonnes : Fraction
    figures : tuple of str
    unverified : bool
    """

    product: str
    window: Window
    value: int
    tonnes: Fraction
    figures: tuple[str, ...]
    unverified: bool

    @property
    def price(self) -> Fraction | None:
        """Dollars a tonne; None where nothing was traded."""
        return Fraction(self.value) / self.tonnes if self.tonnes else None

    def to_record(self) -> dict[str, Any]:
        """Return months, value, tonnes and dollars a tonne."""
        return {
            "from": str(self.window.first),
            "to": str(self.window.last),
            "value": millions(self.value),
            "tonnes": float(self.tonnes),
            "unit_value": None if self.price is None else float(self.price),
            "figures": list(self.figures),
            "unverified": self.unverified,
        }


@dataclass(frozen=True, slots=True)
class PriceQuantity:
    """The change of one product's value between two years, or between the same months of both.

    Attributes
    ----------
    product, label : str
    start, end : UnitValue or None
    by_price, by_quantity : int or None
        Dollars; they sum to the change. None where the lens cannot speak.
    reason : str
        Why not; empty if it can.
    """

    product: str
    label: str
    start: UnitValue | None
    end: UnitValue | None
    by_price: int | None
    by_quantity: int | None
    reason: str

    def to_record(self) -> dict[str, Any]:
        """Return both ends and both parts, USD million."""
        return {
            "product": self.product,
            "label": self.label,
            "from": self.start.to_record() if self.start else None,
            "to": self.end.to_record() if self.end else None,
            "by_price": None if self.by_price is None else millions(self.by_price),
            "by_quantity": None if self.by_quantity is None else millions(self.by_quantity),
            "reason": self.reason,
        }


def divide(start: UnitValue, end: UnitValue) -> tuple[int, int] | None:
    """Return the parts of price and of quantity in whole dollars; None where a price is unknown.

    The part of quantity takes the rounding, so that the parts sum to the change.
    """
    prices, quantities = (start.price, end.price), (start.tonnes, end.tonnes)
    if None in prices:
        return None

    def worth(coalition: Coalition) -> Fraction:
        return (prices[0 in coalition] or Fraction()) * quantities[1 in coalition]

    by_price = whole_dollars(shapley_by_enumeration(worth, 2)[0])
    return by_price, end.value - start.value - by_price


def price_quantity(ends: Ends) -> tuple[PriceQuantity, ...]:
    """Return the division for every product with tonnes, between two windows of one year each.

    Where whole years are not stated it is that of the longest stretch of the same months of both years.
    """
    return tuple(_product(code, label, ends) for code, label in PRODUCTS.items())


def unit_values(product: str) -> tuple[UnitValue, ...]:
    """Return every stretch of months for which both value and tonnes are stated, in order.

    A value of zero needs no tonnes.
    """
    values: dict[Window, Figure] = {}
    tonnes: dict[Window, Figure] = {}
    for figure in catalogue.products(flow="exports", product=product):
        if figure.partner != "CN" or figure.reporter != "CN":
            continue
        if figure.measure == "trade" and figure.unit == "USD million":
            _keep_better(values, figure)
        elif figure.measure == "quantity" and figure.unit == "kt":
            _keep_better(tonnes, figure)
    found = [
        UnitValue(
            product,
            window,
            dollars(values[window].value),
            Fraction(Decimal(repr(tonnes[window].value))) * TONNES,
            (values[window].id, tonnes[window].id),
            values[window].unverified or tonnes[window].unverified,
        )
        for window in values.keys() & tonnes.keys()
    ]
    found += [
        UnitValue(product, window, 0, Fraction(), (figure.id,), figure.unverified)
        for window, figure in values.items()
        if figure.value == 0 and window not in tonnes
    ]
    return tuple(sorted(found, key=lambda u: (u.window.first, u.window.last)))


def _keep_better(kept: dict[Window, Figure], figure: Figure) -> None:
    """Keep the figure with more digits; a verified one before a copy, the first of equals."""
    old = kept.get(figure.window)
    if old is None or (figure.unverified, figure.rounding) < (old.unverified, old.rounding):
        kept[figure.window] = figure


def _product(code: str, label: str, ends: Ends) -> PriceQuantity:
    if len(ends.before) > 1 or len(ends.after) > 1:
        reason = "price and quantity are divided between single years"
        return PriceQuantity(code, label, None, None, None, None, reason)
    before, after = (_spans(code, years[0]) for years in (ends.before, ends.after))
    whole = before.get(WHOLE_YEAR), after.get(WHOLE_YEAR)
    if whole[0] and whole[1]:
        parts = divide(whole[0], whole[1])
        reason = "nothing was traded in one of the years: it has no price, and all of the change is quantity"
        by_price, by_quantity = parts or (None, None)
        return PriceQuantity(code, label, *whole, by_price, by_quantity, "" if parts else reason)
    # Without whole years, the longest stretch of the same months of both years.
    for span in sorted(before.keys() & after.keys(), key=lambda span: (-span[1], span[0])):
        parts = divide(before[span], after[span])
        if parts:
            return PriceQuantity(code, label, before[span], after[span], *parts, "")
    missing = [str(years[0]) for years, u in zip((ends.before, ends.after), whole, strict=True) if u is None]
    reason = f"tonnes and value of the whole year are not both stated for {' and '.join(missing)}"
    return PriceQuantity(code, label, *whole, None, None, reason)


def _spans(code: str, year: int) -> dict[tuple[int, int], UnitValue]:
    """Return the stretches of one year with value and tonnes, by first month (0 to 11) and length."""
    return {
        (u.window.first.season, len(u.window)): u
        for u in unit_values(code)
        if u.window.first.year == u.window.last.year == year
    }
