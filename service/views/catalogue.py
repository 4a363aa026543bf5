"""Pages on the catalogue: series with their quality, events with their provisions, claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.attribution.dossier.goods import named_goods
from analysis.attribution.dossier.windows import years_around
from analysis.domain import Event, TradeSeries
from analysis.errors import CannotEstimateError
from service.answers import Answers
from service.schemas import InterventionsRequest
from service.views.charts import names
from service.views.queries import PageQuery

DOSSIER_SERIES = ("dprk.total.a", "dprk.exports.kotra.a", "dprk.imports.kotra.a")
"""Series whose effects a dossier shows at once: they are yearly and quickly estimated."""


@dataclass(frozen=True, slots=True)
class SeriesPage:
    """A series, where it is from, and what is not in it."""

    series: TradeSeries
    quality: dict[str, Any]
    query: PageQuery


@dataclass(frozen=True, slots=True)
class Effect:
    """Effect of an event, or of the group that it belongs to, on one series.

    Attributes
    ----------
    series : TradeSeries
    members : tuple of str
        Short names; more than one if the data cannot tell them apart.
    grouped : bool
    row : mapping or None
        The effect with its limits; None if there is none.
    reason : str
        Why there is none, or why events are grouped.
    level : float
    """

    series: TradeSeries
    members: tuple[str, ...]
    grouped: bool
    row: Mapping[str, Any] | None
    reason: str
    level: float


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything on one event; `goods` are those that it names, of `years`."""

    event: Event
    record: dict[str, Any]
    provisions: list[dict[str, Any]]
    enforcement: list[dict[str, Any]]
    goods: list[dict[str, Any]]
    years: range
    effects: list[Effect]
    names: dict[str, str]


def series_page(series_id: str, vintage: str) -> SeriesPage:
    """Return a series with its quality panel.

    Raises
    ------
    NotFoundError, InputError, CannotEstimateError
        As the catalogue does.
    """
    from analysis import catalogue

    query = PageQuery.model_validate({"series": series_id, "vintage": vintage})
    return SeriesPage(
        catalogue.series(series_id, vintage=vintage),
        catalogue.describe(series_id, vintage).to_record(),
        query,
    )


def dossier(answers: Answers, event_id: str) -> Dossier:
    """Gather what the catalogue and the yearly series say of an event.

    Raises
    ------
    NotFoundError
        If there is no such event.
    """
    from analysis import catalogue

    event = catalogue.events()[event_id]
    before, after = years_around(event)
    named = (event_id, *event.details.get("implemented_by", ()))
    return Dossier(
        event,
        event.to_record(),
        [p.to_record() for p in catalogue.provisions(event_id)],
        [row.to_record() for row in catalogue.enforcement_calendar() if row.event_id == event_id],
        [item.to_record() for item in named_goods(named, before, after)],
        range(before, after + 1),
        [_effect(answers, name, event_id) for name in DOSSIER_SERIES if event_id in catalogue.events(name)],
        names(),
    )


def _effect(answers: Answers, series_id: str, event_id: str) -> Effect:
    from analysis import catalogue

    series, short = catalogue.series(series_id), names()
    try:
        record = answers.interventions(InterventionsRequest(series=series_id)).record
    except CannotEstimateError as error:
        return Effect(series, (short[event_id],), False, None, error.message, 0.95)
    for group in record["groups"]:
        if event_id in group["event_ids"]:
            members = tuple(short[name] for name in group["event_ids"])
            return Effect(series, members, True, group, group["reason"], record["level"])
    for row in record["effects"]:
        if row["event_id"] == event_id and row.get("lower") is not None:
            return Effect(series, (short[event_id],), False, row, "", record["level"])
    reasons = {row["event_id"]: row["reason"] for row in record["identification"]}
    return Effect(
        series, (short[event_id],), False, None, reasons.get(event_id, "not fitted"), record["level"]
    )


def claims(answers: Answers) -> dict[str, Any]:
    """Return the statements of the note with their verdicts; computed once."""
    return answers.claims().record
