"""Trade flows between economies as series: who reports, seen from whom, valued how."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from analysis.domain import Cell, Period, Result, TradeSeries
from analysis.errors import InputError

Flow = Literal["exports", "imports"]
MIRRORED: dict[Flow, Flow] = {"exports": "imports", "imports": "exports"}
COLUMNS = (
    "series_id",
    "period",
    "value",
    "economy",
    "flow",
    "partner",
    "product",
    "revision",
    "valuation",
    "reported_by",
    "unit",
    "net_weight_kg",
    "quantity",
    "quantity_unit",
    "unit_value",
)
MIRROR_NOTE = (
    "Mirror statistics: exports are what partners record as imports (mostly CIF), imports what they record "
    "as exports (mostly FOB). Shipping and insurance are not adjusted for."
)
REVISION_NOTE = (
    "Revisions of the classification are series of their own: codes of one are not spliced to another's."
)


@dataclass(frozen=True, slots=True)
class Record:
    """One figure as its reporter records it.

    Attributes
    ----------
    reporter, partner : str
        Codes of the file.
    flow : {"exports", "imports"}
        As seen from the reporter.
    product, revision : str
        Code, and the classification that it belongs to; ``TOTAL`` and empty for all goods.
    period : Period
    value : float or None
    valuation : str
        ``FOB``, ``CIF`` or ``not stated``.
    unit, place : str
    weight : float or None
        Net weight, kilograms.
    quantity : float or None
    quantity_unit : str
    partner_name : str
        What the file calls the partner, where its codes are numbers.
    """

    reporter: str
    partner: str
    flow: Flow
    product: str
    revision: str
    period: Period
    value: float | None
    valuation: str
    unit: str
    place: str
    weight: float | None = None
    quantity: float | None = None
    quantity_unit: str = ""
    partner_name: str = ""

    @property
    def unit_value(self) -> float | None:
        """Value per kilogram of net weight, or per unit of quantity where there is no weight."""
        amount = self.weight or self.quantity
        return self.value / amount if self.value is not None and amount else None


@dataclass(frozen=True, slots=True)
class FlowRow:
    """One row of the long table."""

    series_id: str
    record: Record
    economy: str
    flow: Flow
    partner: str

    def cells(self) -> tuple[Cell, ...]:
        """Return the values of the columns."""
        r = self.record
        return (
            self.series_id,
            str(r.period),
            r.value,
            self.economy,
            self.flow,
            self.partner,
            r.product,
            r.revision,
            r.valuation,
            r.reporter,
            r.unit,
            r.weight,
            r.quantity,
            r.quantity_unit,
            r.unit_value,
        )


@dataclass(frozen=True)
class TradeFlows(Result):
    """Series of a download, as long rows that `analysis.batch` reads.

    Attributes
    ----------
    rows : tuple of FlowRow
        Series by series, periods in order.
    ignored : mapping of str to int
        Rows that were passed over, by reason.
    mirror_of : str or None
        Economy from which partners' records are seen.
    warnings : tuple of str
    """

    rows: tuple[FlowRow, ...]
    ignored: dict[str, int]
    mirror_of: str | None
    warnings: tuple[str, ...] = field(default=())

    @property
    def series_ids(self) -> tuple[str, ...]:
        """Series in order."""
        return tuple(dict.fromkeys(row.series_id for row in self.rows))

    def series(self, *, gaps: str = "missing") -> list[TradeSeries]:
        """Return every series as a value; a period without a row is missing, or refused.

        Raises
        ------
        InputError
            Naming series and period, with ``gaps="refuse"``.
        """
        own: dict[str, list[FlowRow]] = {}
        for row in self.rows:
            own.setdefault(row.series_id, []).append(row)
        return [self._series(name, rows, gaps) for name, rows in own.items()]

    def _series(self, name: str, rows: Sequence[FlowRow], gaps: Any) -> TradeSeries:
        one = rows[0]
        valuations = dict.fromkeys(row.record.valuation for row in rows)
        seen = f"{one.flow} of {one.economy} with {one.partner}, as recorded by {one.record.reporter}"
        return TradeSeries.from_values(
            [row.record.period for row in rows],
            [row.record.value for row in rows],
            id=name,
            title=f"{seen}: {one.record.product} {one.record.revision}".rstrip(),
            unit=one.record.unit,
            gaps=gaps,
            valuation=", ".join(valuations),
            estimand=f"recorded {seen}",
        )

    def to_record(self) -> dict[str, Any]:
        """Return series, rows that were passed over, and notes."""
        counts = Counter(row.series_id for row in self.rows)
        return {
            "series": [{"series_id": name, "rows": counts[name]} for name in self.series_ids],
            "rows": len(self.rows),
            "ignored": [{"reason": reason, "rows": count} for reason, count in self.ignored.items()],
            "mirror_of": self.mirror_of,
            "notes": list(self.notes()),
        }

    def table(self) -> tuple[Sequence[str], Sequence[Sequence[Cell]]]:
        """Return the long table."""
        return COLUMNS, [row.cells() for row in self.rows]

    def heading(self) -> str:
        """Return one line above the table."""
        seen = f", seen from {self.mirror_of}" if self.mirror_of else ""
        return f"{len(self.rows)} rows of {len(self.series_ids)} series{seen}"

    def notes(self) -> Sequence[str]:
        """Return valuation, revisions and what was passed over, in words."""
        passed = [f"{count} rows passed over: {reason}." for reason, count in self.ignored.items()]
        return (*([MIRROR_NOTE] if self.mirror_of else []), REVISION_NOTE, *self.warnings, *passed)


def assemble(
    records: Iterable[Record], ignored: Counter[str], mirror_of: str | None, warnings: Sequence[str]
) -> TradeFlows:
    """Arrange records as series.

    Parameters
    ----------
    records : iterable of Record
    ignored : Counter
        Rows that the reader passed over, by reason; exhausted records add to it.
    mirror_of : str or None
        Keep what partners record of their trade with this economy, seen from it: their imports are
        its exports.
    warnings : sequence of str

    Raises
    ------
    InputError
        If nothing is left, or two rows of one series and period differ, naming both.
    """
    found: dict[tuple[str, Period], FlowRow] = {}
    partners: dict[str, str] = {}
    for record in records:
        partners.setdefault(record.partner, record.partner_name)
        if mirror_of is not None and record.partner != mirror_of:
            ignored[f"the partner is not {mirror_of}"] += 1
            continue
        row = _row(record, mirrored=mirror_of is not None)
        key = (row.series_id, record.period)
        other = found.setdefault(key, row)
        if other is not row:
            if other.record.value != record.value or other.record.valuation != record.valuation:
                raise InputError(
                    f"{record.place}: {record.period} of {row.series_id} differs from {other.record.place}; "
                    "keep one of the two"
                )
            ignored["the same figure as another row"] += 1
    if not found:
        known = ", ".join(f"{code} ({name})" if name else code for code, name in list(partners.items())[:8])
        counts = "; ".join(f"{count} rows are {reason}" for reason, count in ignored.items())
        if any(reason.startswith("a part of") for reason in ignored):
            counts += "; give the rows of the total as well, or add the parts up and give them its code"
        reason = (
            f"no partner is '{mirror_of}'; it has {known}" if partners else counts or "no row is a trade flow"
        )
        raise InputError(f"nothing can be read: {reason}")
    order = dict.fromkeys(name for name, _ in found)
    place = {name: k for k, name in enumerate(order)}
    rows = sorted(found.values(), key=lambda row: (place[row.series_id], row.record.period.ordinal))
    return TradeFlows(tuple(rows), dict(sorted(ignored.items())), mirror_of, (*warnings, *_changes(rows)))


def _row(record: Record, *, mirrored: bool) -> FlowRow:
    economy, partner = record.reporter, record.partner
    flow: Flow = record.flow
    if mirrored:
        economy, partner, flow = partner, economy, MIRRORED[flow]
    parts = (economy, flow, partner, record.revision, record.product, record.period.frequency.lower())
    return FlowRow(".".join(part for part in parts if part), record, economy, flow, partner)


def _changes(rows: Sequence[FlowRow]) -> list[str]:
    """Return a sentence for each way in which the record changes within a series."""
    sentences = []
    for what in ("valuation", "unit"):
        values: dict[str, dict[str, None]] = {}
        for row in rows:
            values.setdefault(row.series_id, {})[getattr(row.record, what)] = None
        changed = [name for name, own in values.items() if len(own) > 1]
        if what == "unit" and changed:
            raise InputError(
                f"the series {changed[0]} is in {' and in '.join(values[changed[0]])}: bring it to one unit"
            )
        if changed:
            sentences.append(
                f"The valuation changes within {len(changed)} series, first {changed[0]} "
                f"({' to '.join(values[changed[0]])}): a step there is a change of record."
            )
    return sentences
