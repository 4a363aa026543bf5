"""The world as partners record it: the sum over all partners of a file, where none of them is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from analysis.domain import Period
from analysis.reading.layouts.economies import WORLD
from analysis.reading.layouts.flows import FlowRow, TradeFlows

PARTNERS = "its partners"
MOST_NAMED = 5


def add_world(flows: TradeFlows) -> TradeFlows:
    """Return the flows with the sum over partners for every economy, flow, product and frequency.

    A period in which a partner has no figure has no sum; such partners are named in the warnings. Rows that a
    file has for the world itself are not counted.
    """
    groups: dict[tuple[str, ...], list[FlowRow]] = {}
    for row in flows.rows:
        if WORLD not in (row.partner, row.economy):
            record = row.record
            key = (
                row.economy,
                row.flow,
                record.revision,
                record.product,
                record.period.frequency,
                record.unit,
            )
            groups.setdefault(key, []).append(row)
    rows, warnings = list(flows.rows), list(flows.warnings)
    for (economy, flow, revision, product, frequency, _), own in groups.items():
        parts = (economy, flow, "partners", revision, product, frequency.lower())
        name = ".".join(part for part in parts if part)
        sums, absent = _sums(own)
        first = own[0]
        valuations = ", ".join(dict.fromkeys(row.record.valuation for row in own))
        for period, value in sums.items():
            record = replace(
                first.record,
                reporter=PARTNERS,
                period=period,
                value=value,
                valuation=valuations,
                place="the sum over partners",
                weight=None,
                quantity=None,
                quantity_unit="",
            )
            rows.append(replace(first, series_id=name, record=record, partner="partners"))
        warnings.append(_words(name, absent))
    return replace(flows, rows=tuple(rows), warnings=tuple(warnings))


def _sums(rows: Sequence[FlowRow]) -> tuple[dict[Period, float | None], dict[str, int]]:
    """Return the sum of every period, and in how many each partner is missing."""
    values = {(row.partner, row.record.period): row.record.value for row in rows}
    partners = list(dict.fromkeys(row.partner for row in rows))
    sums: dict[Period, float | None] = {}
    absent = dict.fromkeys(partners, 0)
    for period in sorted({row.record.period for row in rows}):
        found = {partner: values.get((partner, period)) for partner in partners}
        for partner, value in found.items():
            absent[partner] += value is None
        known = [value for value in found.values() if value is not None]
        sums[period] = sum(known) if len(known) == len(partners) else None
    return sums, absent


def _words(name: str, absent: dict[str, int]) -> str:
    lacking = {partner: count for partner, count in absent.items() if count}
    named = ", ".join(f"{partner} ({count})" for partner, count in list(lacking.items())[:MOST_NAMED])
    more = f" and {len(lacking) - MOST_NAMED} others" if len(lacking) > MOST_NAMED else ""
    missing = f"; periods without a figure of {named}{more} have no sum" if lacking else ""
    return f"{name} is the sum over {len(absent)} partners in the file{missing}."
