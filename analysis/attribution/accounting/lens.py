"""The accounting lens: the change of a series taken apart into goods and partners, to the last dollar."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analysis import catalogue
from analysis.attribution.accounting.assignment import assign, mean_dollars
from analysis.attribution.accounting.binding import binder_of
from analysis.attribution.accounting.codes import Scope
from analysis.attribution.accounting.goods import CRUDE, Goods, dollars, goods_table
from analysis.attribution.accounting.partners import KAESONG, crude_estimate, partner_rows, yearly
from analysis.attribution.accounting.plan import Plan, plan_of
from analysis.attribution.accounting.price_quantity import PriceQuantity, price_quantity
from analysis.attribution.accounting.result import Accounting, OwnTotal
from analysis.attribution.accounting.rows import AccountRow
from analysis.attribution.accounting.windows import Ends, mean_a_year, whole_years
from analysis.domain import TradeSeries, Window
from analysis.errors import CannotEstimateError

CHINA = "CN"


def account(series: TradeSeries, start: str | Window, end: str | Window) -> Accounting:
    """Take the change of a catalogue series between two windows apart.

    Parameters
    ----------
    series : TradeSeries
        Built by the catalogue, in dollars.
    start, end : str or Window
        Windows of whole calendar years.

    Returns
    -------
    Accounting
        Rows in whole dollars a year; they sum to the change exactly.

    Raises
    ------
    CannotEstimateError
        If the lens cannot speak; the message says why.
    InputError
        If a window lies outside the sample.
    """
    if not series.catalogue:
        raise CannotEstimateError("figures by product and partner belong to the catalogue's own series")
    plan = plan_of(series.id)
    if plan is None:
        raise CannotEstimateError(f"no figures by product or partner add up to '{series.id}'")
    ends = Ends(whole_years(series, start), whole_years(series, end))
    total = AccountRow(
        "total", series.title, mean_a_year(series, ends.before), mean_a_year(series, ends.after)
    )
    korean = _interkorean(series, plan, ends, total) if plan.interkorean else ()
    inner = _less(total, korean)
    goods, own = _goods(series, plan, ends)
    others = _outside_goods(plan, ends, inner, goods) if plan.flows else ()
    return Accounting(
        series=series.id,
        vintage=series.vintage,
        ends=ends,
        total=total,
        own=own,
        rows=(*goods, *others, *korean),
        partners=partner_rows(_partner_flow(plan), ends.before, ends.after)
        if plan.compiler == "kotra"
        else (),
        price_quantity=_prices(plan, ends),
    )


def account_or_reason(
    series: TradeSeries, start: str | Window, end: str | Window
) -> tuple[Accounting | None, str]:
    """Return the accounting lens, or None and why it cannot speak."""
    try:
        return account(series, start, end), ""
    except CannotEstimateError as problem:
        return None, problem.message


def _goods(series: TradeSeries, plan: Plan, ends: Ends) -> tuple[tuple[AccountRow, ...], OwnTotal | None]:
    """Return the rows of goods, and the total of their own vintage."""
    rows: list[AccountRow] = []
    vintages: dict[str, None] = {}
    for flow, sign in plan.flows.items():
        if plan.products:
            found: Iterable[Goods] = (_single(series, plan, flow, code) for code in plan.products)
            vintages[f"that of the series ({series.vintage})"] = None
        else:
            table = goods_table(flow, ends.both, ends.path)
            if table is None:
                continue
            found = table.rows
            vintages[table.vintage] = None
        binder = binder_of(flow)
        rows += [
            AccountRow.of_goods(assign(goods, binder, ends.before, ends.after), sign)
            for goods in found
            if any(goods.values.values()) and (plan.crude or goods.code != CRUDE)
        ]
    if not rows:
        return (), None
    own = OwnTotal(sum(row.start for row in rows), sum(row.end for row in rows), tuple(vintages))
    return tuple(rows), own


def _single(series: TradeSeries, plan: Plan, flow: str, code: str) -> Goods:
    """Return the goods of a series that is of single products."""
    member = series if len(plan.products) == 1 else catalogue.series(_MEMBERS[code], vintage=series.vintage)
    seen = [o for o in member.observations if o.value is not None]
    figures = {o.period.year: o.figures for o in seen}
    unverified = {o.period.year for o in seen if any(f.unverified for f in catalogue.figures(o.figures))}
    return Goods(
        flow,
        "product",
        code,
        member.title,
        "",
        Scope((code,)),
        {o.period.year: dollars(o.value) for o in seen if o.value is not None},
        figures,
        tuple(sorted(unverified)),
    )


_MEMBERS = {"61": "dprk.exports.china.apparel_knitted.a", "62": "dprk.exports.china.apparel_woven.a"}


def _outside_goods(
    plan: Plan, ends: Ends, inner: AccountRow, goods: Sequence[AccountRow]
) -> Iterable[AccountRow]:
    """Yield what stands between the goods and the total: crude estimate, vintages, other partners."""
    china = inner
    if plan.compiler == "kotra":
        found = _china_in_kotra(plan, ends)
        if found is None or not goods:
            yield AccountRow(
                "not_covered", "not covered by figures on products or partners", inner.start, inner.end
            )
            return
        yield AccountRow(
            "other_partners", "other partners than China", inner.start - found.start, inner.end - found.end
        )
        china = found
        estimate = crude_estimate(ends.before, ends.after) if plan.crude and "imports" in plan.flows else None
        if estimate is not None and (estimate.start or estimate.end):
            sign = plan.flows["imports"]
            added = AccountRow("crude_estimate", estimate.label, sign * estimate.start, sign * estimate.end)
            yield added
            china = _less(china, [added])
    elif not goods:
        yield AccountRow("not_covered", "not covered by figures on products", inner.start, inner.end)
        return
    rest = _less(china, goods)
    if rest.start or rest.end:
        yield AccountRow("vintage_difference", "vintage difference", rest.start, rest.end)


def _china_in_kotra(plan: Plan, ends: Ends) -> AccountRow | None:
    """Return China's part of KOTRA's figures; without crude oil where the series is without it."""
    start = end = 0
    for flow, sign in plan.flows.items():
        rows = [row for row in partner_rows(flow, ends.before, ends.after) if row.partner == CHINA]
        if not rows:
            return None
        start += sign * rows[0].start
        end += sign * rows[0].end
    if not plan.crude and "imports" in plan.flows:
        crude = yearly("kotra.crude.a")
        if any(year not in crude for year in ends.both):
            return None
        sign = plan.flows["imports"]
        start -= sign * mean_dollars([crude[year] for year in ends.before])
        end -= sign * mean_dollars([crude[year] for year in ends.after])
    return AccountRow("china", "China", start, end)


def _interkorean(series: TradeSeries, plan: Plan, ends: Ends, total: AccountRow) -> tuple[AccountRow, ...]:
    """Return inter-Korean trade: the Kaesong zone and the rest, or the whole where the zone is unknown."""
    korea = total
    if plan.compiler == "kotra":
        variant = "" if plan.crude else ":crude=excluded"
        kotra = catalogue.series(f"dprk.total.kotra.a{variant}", vintage=series.vintage)
        korea = _less(
            total, [AccountRow("kotra", "", mean_a_year(kotra, ends.before), mean_a_year(kotra, ends.after))]
        )
    zone = catalogue.series(KAESONG, vintage=series.vintage)
    known = {o.period.year for o in zone.observations if o.value is not None}
    if not plan.kaesong or any(year not in known for year in ends.both):
        label = "inter-Korean trade outside the zone" if not plan.kaesong else "inter-Korean trade"
        return (AccountRow("interkorean", label, korea.start, korea.end),)
    inside = AccountRow(
        "kaesong",
        "inter-Korean trade: Kaesong zone",
        mean_a_year(zone, ends.before),
        mean_a_year(zone, ends.after),
    )
    outside = _less(korea, [inside])
    return (
        inside,
        AccountRow("interkorean", "inter-Korean trade outside the zone", outside.start, outside.end),
    )


def _less(row: AccountRow, parts: Iterable[AccountRow]) -> AccountRow:
    parts = tuple(parts)
    return AccountRow(
        row.kind,
        row.label,
        row.start - sum(part.start for part in parts),
        row.end - sum(part.end for part in parts),
    )


def _prices(plan: Plan, ends: Ends) -> tuple[PriceQuantity, ...]:
    """Return price against quantity for the products of the series that have tonnes."""
    if "exports" not in plan.flows:
        return ()
    return tuple(p for p in price_quantity(ends) if not plan.products or p.product in plan.products)


def _partner_flow(plan: Plan) -> str:
    return next(iter(plan.flows)) if len(plan.flows) == 1 else "total"
