"""The result of the accounting lens: rows, two assignments, partners, price against quantity, and words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from analysis import catalogue
from analysis.attribution.accounting.binding import NOT_NAMED, PARTLY_NAMED
from analysis.attribution.accounting.goods import MILLION
from analysis.attribution.accounting.partners import PartnerRow
from analysis.attribution.accounting.price_quantity import PriceQuantity
from analysis.attribution.accounting.rows import (
    AccountRow,
    KeyTotal,
    first_binding,
    in_force_by_year,
    millions,
)
from analysis.attribution.accounting.sections import Section, sections
from analysis.attribution.accounting.windows import Ends
from analysis.attribution.limits import NO_EFFECT, UNRECORDED
from analysis.domain import Cell, Result, plain_table

CAVEATS = (
    "Rows say which provision binds a product first; they do not say why its trade changed.",
    UNRECORDED,
    "Only resolution 2397 names HS codes itself; the codes of the others are national practice or an "
    "analyst's mapping (hs_basis).",
    "Exports are valued CIF and imports FOB.",
    NO_EFFECT,
)
INTERKOREAN = ("kaesong", "interkorean")
BOUND_WORDS = {NOT_NAMED: "none", PARTLY_NAMED: "in part, or at different dates"}
COPY_CAVEAT = (
    "Figures by section and product are third-party copies of UN Comtrade; those no print confirms are "
    "unverified."
)


@dataclass(frozen=True, slots=True)
class OwnTotal:
    """The total of the goods in their own vintage.

    Attributes
    ----------
    start, end : int
        Dollars a year.
    vintages : tuple of str
    """

    start: int
    end: int
    vintages: tuple[str, ...]

    @property
    def change(self) -> int:
        """Dollars a year."""
        return self.end - self.start


@dataclass(frozen=True)
class Accounting(Result):
    """The change of a series between two windows of whole years, taken apart.

    Attributes
    ----------
    series, vintage : str
    ends : Ends
    total : AccountRow
        The series itself.
    own : OwnTotal or None
        The sum of the goods; None where no figures on goods cover the windows.
    rows : tuple of AccountRow
        They sum to the total to the last dollar.
    partners : tuple of PartnerRow
        As KOTRA states them; a view beside the rows, not a part of their sum.
    price_quantity : tuple of PriceQuantity
    """

    series: str
    vintage: str
    ends: Ends
    total: AccountRow
    own: OwnTotal | None
    rows: tuple[AccountRow, ...]
    partners: tuple[PartnerRow, ...]
    price_quantity: tuple[PriceQuantity, ...]

    def __post_init__(self) -> None:
        assert sum(row.start for row in self.rows) == self.total.start
        assert sum(row.end for row in self.rows) == self.total.end

    @cached_property
    def titles(self) -> dict[str, str]:
        """Titles of the events that bind something, in order of their first full month."""
        keys = {row.key for row in self.rows} | {step.key for row in self.rows for step in row.steps}
        return {e.id: e.title for e in catalogue.events().chronological() if e.id in keys}

    @cached_property
    def first_binding(self) -> tuple[KeyTotal, ...]:
        """The change by the provision that binds each product first."""
        return first_binding(self.rows, self.titles)

    @cached_property
    def in_force_by_year(self) -> tuple[KeyTotal, ...]:
        """Each year's change by the provision newest in force for at least half of that year."""
        return in_force_by_year(self.rows, self.titles)

    def change_of(self, *keys: str, by_year: bool = False) -> int:
        """Return the change under some keys, in dollars; 0 where there is none."""
        totals = self.in_force_by_year if by_year else self.first_binding
        return sum(total.change for total in totals if total.key in keys)

    @cached_property
    def interkorean(self) -> AccountRow | None:
        """Inter-Korean trade, the Kaesong zone included; None if it is not in the series."""
        found = [row for row in self.rows if row.kind in INTERKOREAN]
        if not found:
            return None
        label = "inter-Korean trade, the zone included" if len(found) > 1 else found[0].label
        return AccountRow("subtotal", label, sum(r.start for r in found), sum(r.end for r in found))

    @property
    def unverified(self) -> bool:
        """Whether any row rests on an unconfirmed copy."""
        return any(row.unverified for row in self.rows)

    def provisions(self) -> list[dict[str, Any]]:
        """Return every provision that names a row's goods, with what nobody has verified of it."""
        found = {p.id: p for row in self.rows if row.binding for p in row.binding.provisions}
        return [
            {
                "id": p.id,
                "event_id": p.event_id,
                "paragraph": p.fields["paragraph"] or None,
                "flow": p.flow,
                "measure": p.measure,
                "hs_codes": list(p.hs_codes),
                "hs_basis": p.fields["hs_basis"] or None,
                "effective": p.effective,
                "unverified": list(p.unverified),
            }
            for p in sorted(found.values(), key=lambda p: (p.effective, p.id))
        ]

    def words(self) -> tuple[str, ...]:
        """Return what the table says in sentences."""
        return tuple(filter(None, (self._change_words(), self._vintage_words(), *self._larger_parts())))

    def _change_words(self) -> str:
        before, after = self.ends.words
        return (
            f"From {before} to {after} the series {_moved(self.total.change)}, from "
            f"{_shown(self.total.start)} to {_shown(self.total.end)} USD million a year."
        )

    def _vintage_words(self) -> str:
        if self.own is None:
            return ""
        return (
            f"The figures on goods ({'; '.join(self.own.vintages)}) go from {_shown(self.own.start)} to "
            f"{_shown(self.own.end)}, a change of {_shown(self.own.change)}; what separates them from the "
            "series is in rows of their own."
        )

    def _larger_parts(self) -> list[str]:
        """Say it in words, not per cent, where a part moved by more than the whole."""
        korea = self.interkorean
        parts = {} if korea is None else {"Inter-Korean trade": korea.change}
        parts |= {total.label: total.change for total in self.first_binding if total.event_id}
        whole = self.total.change
        return [
            f"{label} {_moved(change)}, more than the total ({_shown(abs(whole))}), because everything else "
            f"together {_moved(whole - change)}."
            for label, change in parts.items()
            if change * whole > 0 and abs(change) > abs(whole)
        ]

    def to_record(self) -> dict[str, Any]:
        """Return rows, assignments and provisions as JSON-ready values, USD million a year."""
        before, after = self.ends.words
        return {
            "series": self.series,
            "vintage": self.vintage,
            "from_years": before,
            "to_years": after,
            "unit": "USD million a year",
            "series_total": _ends(self.total.start, self.total.end),
            "own_total": None
            if self.own is None
            else _ends(self.own.start, self.own.end) | {"vintages": list(self.own.vintages)},
            "rows": [row.to_record() for row in self.rows],
            "first_binding": [self._key_record(total) for total in self.first_binding],
            "in_force_by_year": [
                self._key_record(total) | {"by_year": {years: millions(v) for years, v in total.by_year}}
                for total in self.in_force_by_year
            ],
            "interkorean": None
            if self.interkorean is None
            else _ends(self.interkorean.start, self.interkorean.end),
            "partners": [
                {
                    "partner": p.partner,
                    "label": p.label,
                    "unverified": p.unverified,
                    "figures": list(p.figures),
                }
                | _ends(p.start, p.end)
                for p in self.partners
            ],
            "price_quantity": [item.to_record() for item in self.price_quantity],
            "provisions": self.provisions(),
            "unverified": self.unverified,
            "words": list(self.words()),
            "caveats": list(self.notes()),
        }

    def _key_record(self, total: KeyTotal) -> dict[str, Any]:
        share = total.change / self.total.change if self.total.change else None
        return {
            "key": total.key,
            "event_id": total.event_id,
            "label": total.label,
            "change": millions(total.change),
            "share": share,
        }

    def heading(self) -> str:
        """Return what is taken apart."""
        return f"Accounting of {self.series}, {' to '.join(self.ends.words)}, USD million a year"

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return one row for each product, section or partner."""
        columns = ("flow", "goods or partner", "hs", "from", "to", "change", "first bound by", "unverified")
        rows = [self._cells(row) for row in self.rows if row.kind not in INTERKOREAN]
        korea = [row for row in self.rows if row.kind in INTERKOREAN]
        if self.interkorean is not None and len(korea) > 1:
            rows.append(self._cells(self.interkorean))
        rows += [self._cells(row, "of which " if len(korea) > 1 else "") for row in korea]
        rows.append(self._cells(replace(self.total, label="total")))
        return columns, rows

    def _cells(self, row: AccountRow, before: str = "") -> list[Cell]:
        return [
            row.flow or None,
            f"{before}{row.label}",
            row.scope or None,
            millions(row.start),
            millions(row.end),
            millions(row.change),
            row.key if row.key in self.titles else BOUND_WORDS.get(row.key),
            "yes" if row.unverified else None,
        ]

    def sections(self) -> Iterable[Section]:
        """Return the tables beside the rows: both assignments, provisions, price and quantity, partners."""
        return sections(self)

    def summary(self) -> str:
        """Return rows, words and every table beside them as plain text."""
        parts = [self.heading(), "", plain_table(*self.table()), *self.words(), ""]
        for _, caption, columns, rows in self.sections():
            parts += [caption, plain_table(columns, rows)]
        return "\n".join([*parts, *self.notes()]).rstrip() + "\n"

    def notes(self) -> Sequence[str]:
        """Return the caveats."""
        return (*CAVEATS, COPY_CAVEAT) if self.unverified else CAVEATS


def _ends(start: int, end: int) -> dict[str, float]:
    return {"from": millions(start), "to": millions(end), "change": millions(end - start)}


def _shown(dollars: int) -> str:
    return f"{dollars / MILLION:,.0f}".replace("-", "−")


def _moved(dollars: int) -> str:
    if dollars == 0:
        return "did not change"
    return f"{'fell' if dollars < 0 else 'rose'} by {abs(dollars) / MILLION:,.0f}"
