"""Compose a dossier: everything that the data say about one event."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from analysis import catalogue
from analysis.attribution.change import attribute_fit
from analysis.attribution.dossier.goods import named_goods
from analysis.attribution.dossier.published import effect_row, published_beside
from analysis.attribution.dossier.result import Dossier, SeriesView
from analysis.attribution.dossier.windows import series_of, years_around
from analysis.attribution.evidence import ParametricPlacebo, PlaceboDates, PreTrend, run_checks
from analysis.attribution.evidence.check import Check
from analysis.attribution.result import AttributionResult
from analysis.attribution.study import Study
from analysis.attribution.timing.parts import on_frequency
from analysis.attribution.triangulation import TriangulatedRow, triangulate
from analysis.domain import Event
from analysis.errors import CannotEstimateError, InputError


def compose_dossier(event_id: str, study: Study | None = None, *, full: bool = False) -> Dossier:
    """Return everything about one event.

    Parameters
    ----------
    event_id : str
        Of the event table.
    study : Study, optional
        Holds fits that others use too.
    full : bool
        Whether the parametric placebo runs on monthly series too (half a minute each).

    Returns
    -------
    Dossier

    Raises
    ------
    NotFoundError
        If there is no such event.
    """
    study = study or Study()
    event = catalogue.events()[event_id]
    before, after = years_around(event)
    orders = _orders(event)
    return Dossier(
        event=event,
        before=before,
        after=after,
        provisions=catalogue.provisions(event_id),
        calendar=tuple(row for row in catalogue.enforcement_calendar() if row.event_id == event_id),
        orders=orders,
        goods=named_goods((event_id, *(order.id for order in orders)), before, after),
        views=tuple(_view(event_id, name, before, after, study, full) for name in series_of(event_id)),
        published=published_beside(event_id, study),
        claims=tuple(
            claim for claim in catalogue.claims().claims if ("event", event_id) in claim.references()
        ),
    )


def _orders(event: Event) -> tuple[Event, ...]:
    """Return the national orders that implement an event."""
    return tuple(other for other in catalogue.events() if event.id in other.details.get("implements", ()))


def _view(event_id: str, series_id: str, before: int, after: int, study: Study, full: bool) -> SeriesView:
    reason = ""
    row: TriangulatedRow | None = None
    evidence: dict[str, str] = {}
    try:
        answer = study.attribution(series_id, str(before), str(after))
        row = _row(answer, event_id)
        evidence = _evidence(answer, event_id, full)
    except (CannotEstimateError, InputError) as problem:
        reason = problem.message
    found = study.breaks(series_id)
    record: dict[str, Any] = found.to_record()
    met = [b for b in record["breaks"] if any(e["event_id"] == event_id for e in b["events"])]
    return SeriesView(
        series=series_id,
        title=catalogue.series(series_id).title,
        effect=effect_row(study, series_id, event_id),
        row=row,
        reason=reason,
        breaks=tuple(met),
        n_breaks=record["n_breaks"],
        matching=record["matching"],
        evidence=evidence,
    )


def _row(answer: AttributionResult, event_id: str) -> TriangulatedRow | None:
    rows = triangulate(answer).rows
    return next((row for row in rows if row.kind == "event" and event_id in row.event_ids), None)


def _evidence(answer: AttributionResult, event_id: str, full: bool) -> dict[str, str]:
    """Return what the checks say of the first modelled part of an answer in which the event is at work."""
    for part in answer.parts:
        if part.fit is None or part.way is None:
            continue
        terms = part.fit.posterior.design.event_terms
        if not any(event_id in terms[k].event_ids for k in part.way.active):
            continue
        before, after = (on_frequency(window, part.fit.series) for window in (answer.before, answer.after))
        if before is None or after is None:
            continue
        single = answer if answer.single else attribute_fit(part.fit, start=before, end=after)
        checks: list[Check] = [PreTrend(), PlaceboDates()]
        if full or single.series.frequency == "A":
            checks.append(ParametricPlacebo())
        return dict(_words(run_checks(single, checks)))
    return {}


def _words(gathered: Iterable[Any]) -> Iterable[tuple[str, str]]:
    for item in gathered:
        yield item.name, item.finding.words() if item.finding else f"Cannot speak: {item.reason}."
