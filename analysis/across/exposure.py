"""Exposure of products to events: which products the provisions of a resolution ban or cap."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from analysis import catalogue
from analysis.across.provisions import OwnProvision, of_economy, own_first, own_named
from analysis.attribution.accounting.binding import FLOW_NAMES, NOT_NAMED, PARTLY_NAMED, Binder, binder_of
from analysis.attribution.accounting.codes import Scope
from analysis.domain import UN_RESOLUTION, Cell, Result
from analysis.errors import InputError, UsageError
from analysis.reading import read_rows

Rule = Literal["named", "first_binding"]
COLUMNS = ("series_id", "event_id", "exposure")
PLACE = (*COLUMNS, "product", "flow", "provisions")
ECONOMY = frozenset({"", "PRK", "KP", "408", "954"})
"""Codes under which sources know the economy that the provisions of the data package are about; or none."""
NOTE = (
    "The text of most resolutions names goods and no HS codes: the codes are national practice or an "
    "analyst's mapping (data/events/provisions.csv, column hs_basis)."
)


@dataclass(frozen=True, slots=True)
class Product:
    """A series of one product and flow.

    Attributes
    ----------
    series_id, code : str
        HS code of two to ten digits.
    flow : str
        ``exports`` or ``imports``, as seen from the economy.
    economy : str
        Whose trade it is; empty: that which the provisions are about.
    """

    series_id: str
    code: str
    flow: str
    economy: str = ""


@dataclass(frozen=True)
class ExposureTable(Result):
    """Exposure of every series to every event.

    Attributes
    ----------
    values : mapping of (str, str) to float or None
        By series and event, in [0, 1]; None where only a part of the product is named.
    sources : mapping of (str, str) to str
        Provisions behind a value, empty in a caller's table.
    products : mapping of str to Product
        By series; empty in a caller's table.
    own : bool
        Whether the provisions are the caller's.
    """

    values: Mapping[tuple[str, str], float | None]
    sources: Mapping[tuple[str, str], str]
    products: Mapping[str, Product]
    own: bool = False

    def of(self, series_id: str, event_id: str) -> float | None:
        """Return the exposure; of a sum of events the largest of theirs; None if it is not known.

        Raises
        ------
        InputError
            If the table has no row.
        """
        key = (series_id, event_id)
        if key in self.values:
            return self.values[key]
        members = event_id.split("+")
        if len(members) == 1 or any((series_id, one) not in self.values for one in members):
            raise InputError(f"the exposure table has no row for the series '{series_id}' and '{event_id}'")
        found = [self.values[series_id, one] for one in members]
        known = [one for one in found if one is not None]
        return max(known) if known and (len(known) == len(found) or max(known) == 1) else None

    def to_record(self) -> dict[str, Any]:
        """Return one row per series and event."""
        columns, rows = self.table()
        found = [dict(zip(columns, row, strict=True)) for row in rows]
        return {"exposure": found, "notes": list(self.notes())}

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return one row per series and event."""
        rows: list[Sequence[Cell]] = []
        for (series_id, event_id), value in self.values.items():
            product = self.products.get(series_id)
            code, flow = (product.code, product.flow) if product else (None, None)
            rows.append((series_id, event_id, value, code, flow, self.sources.get((series_id, event_id))))
        return PLACE, rows

    def heading(self) -> str:
        """Return one line above the table."""
        return "Exposure of products to provisions: 1 named, 0 not named, empty where a part is named"

    def notes(self) -> Sequence[str]:
        """Return what the codes rest on."""
        return () if self.own else (NOTE,)


def provision_exposure(
    products: Iterable[Product],
    event_ids: Sequence[str] | None = None,
    *,
    rule: str = "named",
    provisions: Sequence[OwnProvision] | None = None,
) -> ExposureTable:
    """Return which products the bans and caps of some events name, for the economy that they are about.

    Parameters
    ----------
    products : iterable of Product
    event_ids : sequence of str, optional
        Default: every UN resolution of the catalogue, or every event of `provisions`.
    rule : {"named", "first_binding"}
        ``named``: 1 where a ban or cap of the event names the whole product, whether or not an earlier one
        did. ``first_binding``: 1 for the event whose row of the enforcement calendar binds it first, as in
        the accounting lens, 0 for all others.
    provisions : sequence of OwnProvision, optional
        A caller's own (`analysis.across.provisions.read_provisions`), instead of the catalogue's.

    Raises
    ------
    InputError
        If a code or a flow cannot be read, or a product is trade of another economy than the provisions are
        about.
    UsageError
        A rule that does not exist.
    """
    if rule not in get_args(Rule):
        raise UsageError(f"rule is one of {', '.join(get_args(Rule))}, not '{rule}'")
    values: dict[tuple[str, str], float | None] = {}
    sources: dict[tuple[str, str], str] = {}
    known: dict[str, Product] = {}
    given = tuple(products)
    wanted = _events(event_ids, provisions)
    economies = tuple(dict.fromkeys(product.economy for product in given if product.economy))
    for product in given:
        if product.flow not in FLOW_NAMES:
            raise InputError(
                f"the flow of '{product.series_id}' is '{product.flow}': write {' or '.join(FLOW_NAMES)}, as "
                f"seen from {'North Korea' if provisions is None else 'the economy'}"
            )
        if not (product.code.isdigit() and 2 <= len(product.code) <= 10):
            raise InputError(
                f"the product of '{product.series_id}' is '{product.code}': "
                "write an HS code of 2 to 10 digits"
            )
        known[product.series_id] = product
        if provisions is not None:
            own = of_economy(provisions, product.series_id, product.economy, product.flow, economies)
            answer = own_first if rule == "first_binding" else own_named
            found = answer(own, product.code, wanted)
        else:
            _refuse_others(product)
            binder, scope = binder_of(product.flow), Scope((product.code,))
            ask = _first if rule == "first_binding" else _named
            found = ask(binder, scope, wanted)
        for event_id, (value, source) in found.items():
            values[product.series_id, event_id] = value
            sources[product.series_id, event_id] = source
    return ExposureTable(values, sources, known, own=provisions is not None)


def _events(event_ids: Sequence[str] | None, provisions: Sequence[OwnProvision] | None) -> Sequence[str]:
    if provisions is None:
        return event_ids or [event.id for event in catalogue.events() if event.kind == UN_RESOLUTION]
    named = list(dict.fromkeys(provision.event_id for provision in provisions))
    unknown = [event_id for event_id in event_ids or () if event_id not in named]
    if unknown:
        raise InputError(f"no provision is of '{unknown[0]}'; the table has {', '.join(named)}")
    return event_ids or named


def _refuse_others(product: Product) -> None:
    if product.economy in ECONOMY:
        return
    raise InputError(
        f"'{product.series_id}' is trade of {product.economy}, and the catalogue's provisions are about "
        "North Korea's: give your own (--provisions FILE, header event_id,hs_codes), or, if it is a "
        "partner's record of trade with North Korea, import it with --mirror-of"
    )


def _first(binder: Binder, scope: Scope, event_ids: Sequence[str]) -> dict[str, tuple[float | None, str]]:
    binding = binder.first(scope)
    if binding.key == PARTLY_NAMED:
        return dict.fromkeys(event_ids, (None, PARTLY_NAMED))
    label = binding.naming.label if binding.naming else NOT_NAMED
    return {e: (1.0, label) if e == binding.key else (0.0, "") for e in event_ids}


def _named(binder: Binder, scope: Scope, event_ids: Sequence[str]) -> dict[str, tuple[float | None, str]]:
    found: dict[str, tuple[float | None, str]] = {}
    for event_id in event_ids:
        own = [
            (p, scope.named(codes, scope.leaves[0])) for p, codes in binder.named if p.event_id == event_id
        ]
        whole = [p.id for p, how in own if how == "whole"]
        part = [p.id for p, how in own if how == "part"]
        found[event_id] = (1.0, " ".join(whole)) if whole else (None if part else 0.0, " ".join(part))
    return found


def read_products(path: str | os.PathLike[str]) -> tuple[Product, ...]:
    """Read the products of a file with ``series_id,product,flow`` and perhaps ``economy``, once a series.

    Raises
    ------
    InputError
        Naming file and row, also where rows of one series differ.
    """
    found: dict[str, Product] = {}
    for row in read_rows(path, required=("series_id", "product", "flow"), optional=None):
        economy = (row.get("economy") or "").strip()
        product = Product(row.text("series_id"), row.text("product"), row.text("flow"), economy)
        if found.setdefault(product.series_id, product) != product:
            raise InputError(f"{row.place}: the series '{product.series_id}' has two products or flows")
    return tuple(found.values())


def read_exposure(path: str | os.PathLike[str]) -> ExposureTable:
    """Read a table ``series_id,event_id,exposure``; an empty exposure is unknown.

    Raises
    ------
    InputError
        Naming file and row.
    """
    values: dict[tuple[str, str], float | None] = {}
    for row in read_rows(path, required=COLUMNS, optional=None, numbers=("exposure",)):
        key, value = (row.text("series_id"), row.text("event_id")), row.number("exposure")
        if value is not None and not 0 <= value <= 1:
            raise InputError(f"{row.place}: the exposure {value} is not between 0 and 1")
        if key in values:
            raise InputError(f"{row.place}: '{key[1]}' of the series '{key[0]}' appears twice")
        values[key] = value
    return ExposureTable(values, {}, {})
