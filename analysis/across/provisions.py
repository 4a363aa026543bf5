"""A caller's own table of provisions: which goods of which economy an event bans or caps, and since when."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from analysis.attribution.accounting.codes import NamedCode, Scope, parse_codes
from analysis.domain import parse_day
from analysis.errors import DataPackageError, InputError, UsageError
from analysis.reading import read_rows

FLOWS = ("exports", "imports")


@dataclass(frozen=True, slots=True)
class OwnProvision:
    """One row of a caller's table.

    Attributes
    ----------
    event_id : str
    codes : tuple of NamedCode
    flows : tuple of str
        ``exports``, ``imports`` or both, as seen from the economy.
    economy : str
        Whose trade it is about; empty where the table is about one alone.
    effective : date or None
        Needed to say which provision binds first.
    label : str
        ``id`` of the row, else its codes.
    """

    event_id: str
    codes: tuple[NamedCode, ...]
    flows: tuple[str, ...]
    economy: str
    effective: date | None
    label: str


def read_provisions(path: str | os.PathLike[str]) -> tuple[OwnProvision, ...]:
    """Read ``event_id,hs_codes`` and optionally ``flow,economy,effective,id``; between codes are semicolons.

    Raises
    ------
    InputError
        Naming file and row.
    """
    found = []
    for row in read_rows(path, required=("event_id", "hs_codes"), optional=None):
        flow = (row.get("flow") or "").strip()
        if flow not in ("", *FLOWS):
            raise InputError(f"{row.place}: the flow is '{flow}'; write exports, imports or nothing")
        try:
            codes = parse_codes([code.strip() for code in row.text("hs_codes").split(";") if code.strip()])
        except DataPackageError as problem:
            raise InputError(f"{row.place}: {problem.message}") from None
        day = row.get("effective")
        try:
            effective = parse_day(day) if day else None
        except InputError as problem:
            raise InputError(f"{row.place}: {problem.message}") from None
        found.append(
            OwnProvision(
                row.text("event_id"),
                codes,
                (flow,) if flow else FLOWS,
                (row.get("economy") or "").strip(),
                effective,
                row.get("id") or row.text("hs_codes"),
            )
        )
    return tuple(found)


def own_named(
    provisions: Sequence[OwnProvision], code: str, event_ids: Sequence[str]
) -> dict[str, tuple[float | None, str]]:
    """Return by event 1 where a provision names the whole product, None where a part, else 0; and which."""
    scope = Scope((code,))
    found: dict[str, tuple[float | None, str]] = {}
    for event_id in event_ids:
        how = [(p.label, scope.named(p.codes, code)) for p in provisions if p.event_id == event_id]
        whole = [label for label, named in how if named == "whole"]
        part = [label for label, named in how if named == "part"]
        found[event_id] = (1.0, " ".join(whole)) if whole else (None if part else 0.0, " ".join(part))
    return found


def own_first(
    provisions: Sequence[OwnProvision], code: str, event_ids: Sequence[str]
) -> dict[str, tuple[float | None, str]]:
    """Return by event 1 for the one whose provision names the whole product first, 0 for the others.

    Raises
    ------
    UsageError
        If a provision that names the product has no date.
    """
    scope = Scope((code,))
    named = [(p, scope.named(p.codes, code)) for p in provisions]
    touching = [(p, how) for p, how in named if how != "no"]
    undated = next((p for p, _ in touching if p.effective is None), None)
    if undated is not None:
        raise UsageError(
            f"the provision '{undated.label}' of '{undated.event_id}' has no date, which rule first_binding "
            "needs: fill in the column effective",
            pointer="/options/rule",
        )
    touching.sort(key=lambda one: one[0].effective or date.max)
    if not touching:
        return dict.fromkeys(event_ids, (0.0, ""))
    first, how = touching[0]
    if how == "part":
        return dict.fromkeys(event_ids, (None, first.label))
    return {e: (1.0, first.label) if e == first.event_id else (0.0, "") for e in event_ids}


def of_economy(
    provisions: Sequence[OwnProvision], series_id: str, economy: str, flow: str, economies: Sequence[str]
) -> tuple[OwnProvision, ...]:
    """Return the provisions on a flow of an economy.

    Parameters
    ----------
    provisions : sequence of OwnProvision
    series_id : str
        For messages.
    economy, flow : str
        Of the series; the economy is empty where the products do not say.
    economies : sequence of str
        All that the products are of.

    Raises
    ------
    InputError
        If it cannot be told whose trade the provisions are about, or they are about another economy's.
    """
    named = tuple(dict.fromkeys(p.economy for p in provisions if p.economy))
    if not named and len(economies) > 1:
        raise InputError(
            f"the products are trade of {', '.join(economies)}, and the provisions do not say of which: "
            "add a column economy to them"
        )
    if economy and named and economy not in named and all(p.economy for p in provisions):
        raise InputError(
            f"'{series_id}' is trade of {economy}, and the provisions are about that of {', '.join(named)}: "
            "take the series out, or add provisions for it"
        )
    return tuple(p for p in provisions if flow in p.flows and (not economy or p.economy in ("", economy)))
