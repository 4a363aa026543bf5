"""Goods that an event's provisions name, year by year, and what binds them first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analysis.attribution.accounting.binding import Binding, binder_of
from analysis.attribution.accounting.goods import Goods, goods_table
from analysis.attribution.accounting.rows import millions
from analysis.catalogue import Provision

YEARS = tuple(range(2012, 2025))
FLOWS = ("exports", "imports")


@dataclass(frozen=True, slots=True)
class GoodsHistory:
    """One product, section or rest of a section that an event names, wholly or in part.

    Attributes
    ----------
    goods : Goods
    binding : Binding
        What binds it first: this event, another, or parts of it at different dates.
    own : tuple of Provision
        Provisions of the event and of the orders that implement it.
    """

    goods: Goods
    binding: Binding
    own: tuple[Provision, ...]

    def to_record(self) -> dict[str, Any]:
        """Return the values by year in USD million."""
        naming = self.binding.naming
        return {
            "flow": self.goods.flow,
            "label": self.goods.label,
            "hs": self.goods.scope.text,
            "first_bound_by": self.binding.key,
            "product_group": naming.label if naming else None,
            "decided_by": None if naming is None else "calendar" if naming.from_calendar else "provision",
            "first_partial": str(naming.partial) if naming else None,
            "first_full": str(naming.full) if naming else None,
            "provisions": [p.id for p in self.own],
            "unit": "USD million",
            "values": {str(year): millions(value) for year, value in sorted(self.goods.values.items())},
            "unverified_years": list(self.goods.unverified),
            "figures": sorted({f for ids in self.goods.figures.values() for f in ids}),
        }


def named_goods(event_ids: Sequence[str], before: int, after: int) -> tuple[GoodsHistory, ...]:
    """Return the goods of China's record that events name, with every year they are known in.

    Parameters
    ----------
    event_ids : sequence of str
        The event, and the orders that implement it.
    before, after : int
        Years that the goods must have.
    """
    found: list[GoodsHistory] = []
    for flow in FLOWS:
        table = goods_table(flow, (before, after), YEARS)
        if table is None:
            continue
        binder = binder_of(flow)
        for goods in table.rows:
            if not goods.scope.leaves or not any(goods.values.values()):
                continue
            binding = binder.first(goods.scope)
            own = tuple(p for p in binding.provisions if p.event_id in event_ids)
            if own:
                found.append(GoodsHistory(goods, binding, own))
    return tuple(sorted(found, key=lambda item: item.binding.key != event_ids[0]))
