"""Published results beside ours: the number is computed, the differences are stated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis import catalogue
from analysis.attribution.accounting import account
from analysis.attribution.accounting.goods import MILLION
from analysis.attribution.study import Study
from analysis.catalogue import EstimateComparison, PublishedEstimate
from analysis.domain import Period
from analysis.errors import CannotEstimateError


@dataclass(frozen=True, slots=True)
class PublishedBeside:
    """One published result with ours.

    Attributes
    ----------
    estimate : PublishedEstimate
    comparison : EstimateComparison
    ours : mapping
        Numbers by name; empty if there is none.
    words : str
        Ours in words.
    """

    estimate: PublishedEstimate
    comparison: EstimateComparison
    ours: dict[str, float | str | None]
    words: str

    def to_record(self) -> dict[str, Any]:
        """Return theirs, ours and the differences."""
        return {
            "published": self.estimate.to_record(),
            "ours": dict(self.ours),
            "ours_in_words": self.words,
            "differs_in": {
                "quantity": self.comparison.quantity,
                "period": self.comparison.period,
                "dating": self.comparison.dating,
            },
        }


def published_beside(event_id: str, study: Study) -> tuple[PublishedBeside, ...]:
    """Return every published result about an event, with ours."""
    estimates = {estimate.id: estimate for estimate in catalogue.published_estimates()}
    return tuple(
        PublishedBeside(estimates[entry.estimate], entry, *_ours(entry, study))
        for entry in catalogue.comparisons(event_id)
    )


def _ours(entry: EstimateComparison, study: Study) -> tuple[dict[str, float | str | None], str]:
    ours = entry.ours
    try:
        match ours["kind"]:
            case "change":
                return _change(ours["series"], ours["from"], ours["to"])
            case "goods":
                return _goods(ours["series"], str(ours["from"]), str(ours["to"]), ours["event"])
            case "named":
                return _named(ours["series"], ours["year"], ours["event"])
            case "observed":
                return _observed(ours["series"], str(ours["period"]))
            case "effect":
                return _effect(ours["series"], ours["event"], study)
            case _:
                return {}, "There is no number of ours."
    except CannotEstimateError as problem:
        return {}, f"There is no number of ours: {problem.message}."


def _change(series_id: str, start: int, end: int) -> tuple[dict[str, float | str | None], str]:
    series = catalogue.series(series_id)
    values = {o.period.year: o.value for o in series.observations}
    before, after = values.get(start), values.get(end)
    if before is None or after is None or before == 0:
        raise CannotEstimateError(f"'{series_id}' is not observed in {start} and {end}")
    percent = 100 * (after / before - 1)
    moved = f"{_signed(after - before)} {series.unit} ({percent:+.1f} per cent)"
    words = f"{series.title}, {start} to {end}: {moved}."
    numbers: dict[str, float | str | None] = {
        "series": series_id,
        "change": after - before,
        "percent": percent,
        "unit": series.unit,
    }
    return numbers, words.replace("-", "−")


def _goods(series_id: str, start: str, end: str, event: str) -> tuple[dict[str, float | str | None], str]:
    found = account(catalogue.series(series_id), start, end)
    first = found.change_of(event) / MILLION
    by_year = found.change_of(event, by_year=True) / MILLION
    words = (
        f"Goods first bound by it, {start} to {end}: {_signed(first)} USD million; in years when it was the "
        f"newest in force: {_signed(by_year)}."
    )
    return {"series": series_id, "first_binding": first, "in_force_by_year": by_year}, words


def _named(series_id: str, year: int, event: str) -> tuple[dict[str, float | str | None], str]:
    found = account(catalogue.series(series_id), str(year), str(year + 1))
    named = sum(row.start for row in found.rows if row.key == event)
    total = found.own.start if found.own else found.total.start
    share = named / total
    words = f"Goods that it binds first were {100 * share:.0f} per cent of the goods recorded in {year}."
    return {"series": series_id, "share": share}, words


def _observed(series_id: str, period: str) -> tuple[dict[str, float | str | None], str]:
    series = catalogue.series(series_id)
    found = next((o for o in series.observations if o.period == Period.parse(period)), None)
    if found is None or found.value is None:
        raise CannotEstimateError(f"'{series_id}' is not observed in {period}")
    words = f"{series.title}, {period}: {found.value:,.1f} {series.unit}."
    return {"series": series_id, "value": found.value, "unit": series.unit}, words


def _effect(series_id: str, event: str, study: Study) -> tuple[dict[str, float | str | None], str]:
    row = effect_row(study, series_id, event)
    if row is None:
        raise CannotEstimateError(f"'{event}' is not in the model of '{series_id}'")
    unit = "per cent" if row["percent"] is not None else catalogue.series(series_id).unit
    value, low, high = (
        (row["percent"], row["percent_lower"], row["percent_upper"])
        if row["percent"] is not None
        else (row["effect"], row["lower"], row["upper"])
    )
    together = " (counted together)" if "+" in str(row["event"]) else ""
    interval = f"{_signed(value)} [{_signed(low)}, {_signed(high)}] {unit}"
    words = f"Dated to {row['event']}{together} in {series_id}: {interval}."
    return {"series": series_id, "effect": value, "lower": low, "upper": high, "unit": unit}, words


def effect_row(study: Study, series_id: str, event: str) -> dict[str, Any] | None:
    """Return the row of the joint model that holds an event, its group's if it has one."""
    columns, rows = study.fit(series_id).table()
    for row in rows:
        record = dict(zip(columns, row, strict=True))
        if event in str(record["event"]).split(" + "):
            return record
    return None


def _signed(value: Any) -> str:
    return "?" if value is None else f"{value:+,.0f}".replace("-", "−")
