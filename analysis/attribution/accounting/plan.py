"""What the total of a catalogue series is made of: flows, compiler, inter-Korean trade, one product."""

from __future__ import annotations

from dataclasses import dataclass, replace

EXPORTS, IMPORTS = "exports", "imports"
TRADE = {EXPORTS: 1, IMPORTS: 1}
BALANCE = {EXPORTS: 1, IMPORTS: -1}


@dataclass(frozen=True, slots=True)
class Plan:
    """How the total of a series is put together.

    Attributes
    ----------
    flows : dict of str to int
        Sign of exports and imports in the series.
    compiler : str
        ``china`` (China's record), ``kotra`` (all partners but South Korea) or empty.
    interkorean : bool
        Whether trade between the two Koreas is in it.
    products : tuple of str
        HS codes, if the series is of single products.
    crude, kaesong : bool
        Whether crude oil and the Kaesong zone are in it.
    """

    flows: dict[str, int]
    compiler: str
    interkorean: bool = False
    products: tuple[str, ...] = ()
    crude: bool = True
    kaesong: bool = True


def _china(**products: str) -> dict[str, Plan]:
    return {
        f"dprk.exports.china.{name}.a": Plan({EXPORTS: 1}, "china", products=tuple(codes.split()))
        for name, codes in products.items()
    }


PLANS: dict[str, Plan] = {
    "dprk.exports.china.m": Plan({EXPORTS: 1}, "china"),
    "dprk.imports.china.m": Plan({IMPORTS: 1}, "china"),
    "dprk.total.china.m": Plan(TRADE, "china"),
    "dprk.balance.china.m": Plan(BALANCE, "china"),
    "dprk.exports.kotra.a": Plan({EXPORTS: 1}, "kotra"),
    "dprk.imports.kotra.a": Plan({IMPORTS: 1}, "kotra"),
    "dprk.total.kotra.a": Plan(TRADE, "kotra"),
    "dprk.balance.kotra.a": Plan(BALANCE, "kotra"),
    "dprk.total.a": Plan(TRADE, "kotra", interkorean=True),
    "interkorean.total.a": Plan({}, "", interkorean=True),
    **_china(
        coal="2701",
        iron_ore="2601",
        seafood="03",
        apparel_knitted="61",
        apparel_woven="62",
        apparel="61 62",
        electricity="2716",
        wigs="6704",
    ),
}
"""Series that the accounting lens can take apart."""


def plan_of(series_id: str) -> Plan | None:
    """Return the plan of a series with its variants, or None if its total cannot be taken apart."""
    base, _, variants = series_id.partition(":")
    plan = PLANS.get(base)
    if plan is None:
        return None
    return replace(plan, crude="crude=excluded" not in variants, kaesong="kaesong=excluded" not in variants)
