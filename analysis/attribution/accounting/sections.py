"""Tables of the accounting lens beside its rows: assignments, provisions, price and quantity, partners."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from analysis.attribution.accounting.partners import PartnerRow
from analysis.attribution.accounting.price_quantity import PriceQuantity
from analysis.attribution.accounting.rows import KeyTotal, millions
from analysis.domain import Cell

if TYPE_CHECKING:
    from analysis.attribution.accounting.result import Accounting

Section = tuple[str, str, Sequence[str], Sequence[Sequence[Cell]]]
"""Name, caption, columns and rows of one table."""


def sections(accounting: Accounting) -> Iterable[Section]:
    """Yield the tables that have rows."""
    titles = accounting.titles
    found: list[Section] = [
        (
            "assignments",
            "Both assignments, USD million a year; each column sums to the change of the series",
            ("goods or partner", "by what binds first", "by the newest in force each year", "of it by year"),
            _assignments(accounting.first_binding, accounting.in_force_by_year, titles),
        ),
        (
            "provisions",
            "Every provision that names these goods or a part of them",
            ("provision", "event", "paragraph", "flow", "measure", "HS", "basis of HS", "from", "unverified"),
            [
                [
                    p["id"],
                    p["event_id"],
                    p["paragraph"],
                    p["flow"],
                    p["measure"],
                    ", ".join(p["hs_codes"]),
                    p["hs_basis"],
                    p["effective"],
                    ", ".join(p["unverified"]) or None,
                ]
                for p in accounting.provisions()
            ],
        ),
        (
            "prices",
            "Price against quantity, USD million",
            (
                "product",
                "months",
                "USD a tonne before",
                "after",
                "kt before",
                "kt after",
                "by price",
                "by quantity",
                "if not",
            ),
            [_price_row(item) for item in accounting.price_quantity],
        ),
        (
            "partners",
            "Partners as KOTRA states them, USD million a year: beside the rows, not a part of their sum",
            ("partner", "from", "to", "change", "unverified"),
            [_partner_row(row) for row in accounting.partners],
        ),
    ]
    return (section for section in found if section[3])


def _assignments(
    first: Sequence[KeyTotal], by_year: Sequence[KeyTotal], titles: dict[str, str]
) -> list[list[Cell]]:
    """Return one row for each event or kind: its sum under either assignment."""
    left = {total.key: total for total in first}
    right = {total.key: total for total in by_year}
    rows: list[list[Cell]] = []
    order = [*(key for key in titles if key in left or key in right)]
    order += [total.key for total in (*first, *by_year) if total.key not in order]
    for key in dict.fromkeys(order):
        one, other = left.get(key), right.get(key)
        known = one or other
        assert known is not None
        years = "; ".join(f"{y}: {_signed(v)}" for y, v in other.by_year if v) if other else ""
        rows.append(
            [
                titles.get(key, known.label),
                None if one is None else millions(one.change),
                None if other is None else millions(other.change),
                years or None,
            ]
        )
    return rows


def _price_row(item: PriceQuantity) -> list[Cell]:
    ends = (item.start, item.end)
    prices = [None if end is None or end.price is None else float(end.price) for end in ends]
    amounts = [None if end is None else float(end.tonnes) / 1000 for end in ends]
    parts = [None if part is None else millions(part) for part in (item.by_price, item.by_quantity)]
    months = " to ".join(str(end.window) for end in ends if end)
    return [item.label, months or None, *prices, *amounts, *parts, item.reason or None]


def _partner_row(row: PartnerRow) -> list[Cell]:
    mark = "yes" if row.unverified else None
    return [row.label, millions(row.start), millions(row.end), millions(row.change), mark]


def _signed(dollars: int) -> str:
    return f"{millions(dollars):+,.0f}".replace("-", "−")
