"""Tests of cause: how large a share of a change lies with what is named, under each lens that speaks."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from analysis import catalogue
from analysis.attribution.accounting import Accounting, account_or_reason
from analysis.attribution.accounting.assignment import Step
from analysis.attribution.accounting.binding import PARTLY_NAMED
from analysis.attribution.accounting.goods import MILLION
from analysis.attribution.accounting.rows import AccountRow
from analysis.attribution.accounting.windows import mean_a_year
from analysis.attribution.change import attribute
from analysis.attribution.claims.bounds import at, difference
from analysis.attribution.claims.outcome import (
    CONSISTENT,
    CONTRADICTED,
    PARTLY,
    UNTESTABLE,
    LensView,
    Number,
    Outcome,
    Thresholds,
    Word,
    agreed,
    of_interval,
    of_range,
)
from analysis.attribution.result import AttributionResult, annualise
from analysis.attribution.rows import Row
from analysis.attribution.study import Study
from analysis.catalogue import Claim, PublishedEstimate
from analysis.domain import TradeSeries, Window
from analysis.errors import CannotEstimateError

LUNAR = "lunar_new_year"
_MILLIONS = re.compile(r"about ([\d.,]+) m USD")
Judge = Callable[[float, float], Word]


def share(claim: Claim, thresholds: Thresholds, study: Study) -> Outcome:
    """Return how much of a change lies with the events or goods named, under each lens that speaks."""
    test = claim.test
    series = catalogue.series(test["series"])
    judge = _judge(test, thresholds)
    start, end = str(test["from"]), str(test["to"])
    views = [_timing(study, series.id, start, end, test["events"], judge)]
    if "accounts" in test:
        views.append(_accounting(series, start, end, test, judge))
    return _outcome(claim, views)


def prices(claim: Claim, thresholds: Thresholds, _study: Study) -> Outcome:
    """Return how much of a change the prices of some goods make at the quantities of the first year."""
    test = claim.test
    series = catalogue.series(test["series"])
    whole = difference("change", at(series, test["to"]), at(series, test["from"]))
    numbers = [whole]
    parts: dict[bool, float] = {False: 0.0, True: 0.0}
    for part in test["parts"]:
        base = at(catalogue.series(part["value"]), test["from"])
        ratio = _price(part["price"], test["to"]) / _price(part["price"], test["from"])
        amount = base.value * (ratio - 1)
        parts[bool(part.get("estimated"))] += amount
        label = f"{part['label']}: {base.value:,.0f} at {100 * (ratio - 1):+.1f} per cent of price"
        numbers.append(Number(label, amount, amount, amount, "USD million", base.figures, base.unverified))
    judge = _judge(test, thresholds)
    amounts = (parts[False], parts[False] + parts[True])
    views = [
        _view(
            "accounting", amounts, whole.value, judge, "for world prices at the quantities of the first year"
        ),
        _price_timing(test, whole.value, judge),
    ]
    return _outcome(claim, views, numbers)


def unmeasured(claim: Claim, _: Thresholds, _study: Study) -> Outcome:
    """Return that no figure measures what is named, with the figures that stand beside it."""
    test = claim.test
    package = catalogue.catalogue().package
    found = sorted({f.measure for f in package.all_figures() if f.measure in test["measures"]})
    numbers = []
    for shown in test.get("shows", ()):
        series = catalogue.series(shown["series"])
        label = f"{series.title}, {shown['from']} to {shown['to']}"
        numbers.append(difference(label, at(series, shown["to"]), at(series, shown["from"])))
    numbers += [_reported(name) for name in test.get("estimates", ())]
    wanted = ", ".join(name.replace("_", " ") for name in test["measures"])
    if found:
        why = f"There are figures of {', '.join(found)}, but no test of this statement is written for them."
        return Outcome(PARTLY, why, tuple(numbers))
    return Outcome(UNTESTABLE, f"No figure measures {wanted}.", tuple(numbers))


def doubt(claim: Claim, _: Thresholds, _study: Study) -> Outcome:
    """Compare exports and imports on how far vintages differ and on what is reported to be unrecorded."""
    test = claim.test
    spread = {flow: _vintage_spread(test[flow]["series"], test["years"]) for flow in ("exports", "imports")}
    unrecorded = {"exports": _outside_exports(test["exports"]), "imports": _outside_imports(test["imports"])}
    measures = {"mean difference of vintages": spread, "reported outside the record": unrecorded}
    numbers = tuple(
        Number(f"{label}, {flow}", value, value, value, "fraction of the record")
        for label, values in measures.items()
        for flow, value in values.items()
    )
    worse = [values["exports"] > values["imports"] for values in measures.values()]
    word = CONSISTENT if all(worse) else PARTLY if any(worse) else CONTRADICTED
    why = "; ".join(
        f"{label}: exports {100 * values['exports']:.1f}, imports {100 * values['imports']:.1f} per cent"
        for label, values in measures.items()
    )
    return Outcome(word, f"{why}.", numbers)


def _outcome(claim: Claim, views: Sequence[LensView], numbers: Sequence[Number] = ()) -> Outcome:
    word = agreed(views, claim.decides)
    return Outcome(word, " ".join(view.words for view in views), tuple(numbers), tuple(views))


def _judge(test: Mapping[str, Any], thresholds: Thresholds) -> Judge:
    if "between" in test:
        least, most = test["between"]
        return lambda lower, upper: of_range(lower, upper, least, most)
    return lambda lower, upper: of_interval(lower, upper, thresholds["share"])


def _timing(study: Study, series: str, start: str, end: str, events: Sequence[str], judge: Judge) -> LensView:
    try:
        result = study.attribution(series, start, end)
    except CannotEstimateError as problem:
        return LensView("timing", None, f"The timing lens cannot speak: {problem.message}.")

    def chosen(row: Row) -> bool:
        return any(event in events for event in row.event_ids)

    rows = [row for row in result.rows if chosen(row)]
    if not rows:
        return LensView(
            "timing", None, "The timing lens cannot speak: these events are in force alike in both years."
        )
    others = sorted({e for row in rows for e in row.event_ids} - set(events))
    beside = f" (with {', '.join(others)}, from which they cannot be told apart)" if others else ""
    return _model_view(result, chosen, f"dated to these events{beside}", judge)


def _model_view(
    result: AttributionResult,
    chosen: Callable[[Row], bool],
    words: str,
    judge: Judge,
    of: float | None = None,
) -> LensView:
    factor = annualise(result.fit.series)
    estimate, lower, upper = (factor * value for value in result.combined(chosen))
    whole = factor * result.absolute if of is None else of
    return _view("timing", (lower, upper), whole, judge, words, estimate)


def _accounting(series: TradeSeries, start: str, end: str, test: Mapping[str, Any], judge: Judge) -> LensView:
    accounting, reason = account_or_reason(series, start, end)
    if accounting is None:
        return LensView("accounting", None, f"The accounting lens cannot speak: {reason}.")
    amounts = _accounted(accounting, test["accounts"], test.get("flow"))
    words = "in goods that these resolutions bind first or newest"
    if set(test["accounts"]) <= {row.kind for row in accounting.rows}:
        words = "in a row of its own"
    return _view("accounting", amounts, accounting.total.change / MILLION, judge, words)


def _accounted(accounting: Accounting, keys: Sequence[str], flow: str | None) -> tuple[float, ...]:
    """Return the amounts under both assignments; of events also with the goods that are named in part."""
    rows = [row for row in accounting.rows if flow is None or row.flow == flow]
    amounts = []
    wider = {*keys, PARTLY_NAMED} if set(keys) & set(accounting.titles) else set(keys)
    for wanted in (set(keys), wider):
        amounts.append(sum(row.change for row in rows if row.key in wanted))
        amounts.append(sum(s.amount for row in rows for s in _steps(row) if s.key in wanted))
    return tuple(amount / MILLION for amount in amounts)


def _steps(row: AccountRow) -> Sequence[Step]:
    return row.steps if row.binding else (Step(0, 0, row.kind, row.change),)


def _view(
    lens: str,
    amounts: Sequence[float],
    whole: float,
    judge: Judge,
    words: str,
    estimate: float | None = None,
) -> LensView:
    """Return a lens' view from amounts that bound what it says."""
    amount = amounts[0] if estimate is None else estimate
    shares = sorted(value / whole for value in amounts)
    lower, upper = shares[0], shares[-1]
    verdict = judge(lower, upper)
    span = (
        f"between {_signed(min(amounts))} and {_signed(max(amounts))}"
        if _signed(min(amounts)) != _signed(max(amounts))
        else _signed(amount)
    )
    more = (
        f", more than the change of {_signed(whole)}" if lower > 1 else f" of the change of {_signed(whole)}"
    )
    sentence = f"The {lens} lens counts {span} USD million a year {words}{more}: {verdict}."
    return LensView(lens, verdict, sentence, amount, min(amounts), max(amounts), amount / whole, lower, upper)


def _price_timing(test: Mapping[str, Any], whole: float, judge: Judge) -> LensView:
    """Return what the joint model counts with prices as covariates, of the change asked about."""
    asked = test["timing"]
    logs = {
        name: {o.period: math.log(o.value) for o in catalogue.covariate(name).observations if o.value}
        for name in asked["controls"]
    }
    series = catalogue.series(asked["series"])
    last = min(series.last, *(max(values) for values in logs.values()))
    series = series.between(series.first, last)
    controls = {name: {str(p): values[p] for p in series.periods} for name, values in logs.items()}
    result = attribute(
        series, start=str(test["from"]), end=str(test["to"]), controls=controls, evidence="none"
    )
    return _model_view(
        result,
        lambda row: row.kind == "covariate" and LUNAR not in row.terms,
        f"with prices in {series.title}",
        judge,
        of=whole,
    )


def _price(covariate: str, year: int) -> float:
    values = [
        o.value for o in catalogue.covariate(covariate).observations if o.period.year == year and o.value
    ]
    if not values:
        raise CannotEstimateError(f"the covariate '{covariate}' has no value in {year}")
    return sum(values) / len(values)


def _vintage_spread(name: str, years: Sequence[int]) -> float:
    """Return the mean relative difference of the later vintage from first prints."""
    series = catalogue.series(name)
    differences = []
    for year in years:
        accounting, _ = account_or_reason(series, str(year), str(year + 1 if year < max(years) else year - 1))
        if accounting is not None and accounting.own is not None:
            differences.append(abs(accounting.own.start / accounting.total.start - 1))
    return sum(differences) / len(differences)


def _outside_exports(asked: Mapping[str, Any]) -> float:
    """Return reported exports outside the record over the recorded ones of the same months."""
    series = catalogue.series(asked["series"])
    window = Window.parse(asked["estimate_window"])
    recorded = sum(o.value or 0.0 for o in series.observations if o.period in window)
    return _reported(asked["estimate"]).value / recorded


def _outside_imports(asked: Mapping[str, Any]) -> float:
    """Return the crude oil that KOTRA adds over the recorded imports of the same year."""
    recorded = mean_a_year(catalogue.series(asked["series"]), (asked["year"],)) / MILLION
    return at(catalogue.series(asked["unrecorded"]), asked["year"]).value / recorded


def _reported(estimate_id: str) -> Number:
    """Return the dollars that a published estimate states."""
    estimate: PublishedEstimate = next(e for e in catalogue.published_estimates() if e.id == estimate_id)
    found = _MILLIONS.search(estimate.estimate)
    if found is None:
        raise CannotEstimateError(f"the estimate '{estimate_id}' states no amount in USD million")
    value = float(found[1].replace(",", ""))
    label = f"{estimate.paper}: {estimate.quantity}, {estimate.period}"
    return Number(label, value, value, value, "USD million", (), estimate.status != "verified")


def _signed(value: float) -> str:
    return f"{value:+,.0f}".replace("-", "−")
