"""``/v1/series`` and ``/v1/events``: the curated catalogue."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from apiflask import APIBlueprint
from flask import Response

from analysis.domain import TradeSeries
from service.answers import Answer
from service.routes.replies import answers, reply, tagged, without_parameters
from service.schemas import (
    EventOut,
    EventsOut,
    EventsQuery,
    SeriesListOut,
    SeriesOut,
    VintageQuery,
)

CSV_RESPONSE: dict[int | str, dict[str, str | dict[str, dict[str, Any]]]] = {
    200: {"description": "CSV", "content": {"text/csv": {"schema": {"type": "string"}}}}
}

blueprint = APIBlueprint("catalogue", __name__, url_prefix="/v1")


@blueprint.get("/series")
@blueprint.output(SeriesListOut)
@without_parameters
def list_series() -> Response:
    """List the catalogue's series."""
    from analysis.catalogue import series, series_ids
    from analysis.reporting.tables import series_overview

    return reply(_kept("series", lambda: series_overview(series(name) for name in series_ids())))


@blueprint.get("/series/<series_id>")
@blueprint.get("/series/<series_id>.json")
@blueprint.input(VintageQuery, location="query")
@blueprint.output(SeriesOut)
def get_series(series_id: str, query_data: VintageQuery) -> Response:
    """Return a series with every observation, its status and its figures."""
    return reply(
        _kept(f"series {series_id} {query_data.vintage}", lambda: _series(series_id, query_data).to_record())
    )


@blueprint.get("/series/<series_id>.csv")
@blueprint.input(VintageQuery, location="query")
@blueprint.doc(responses=CSV_RESPONSE)
def get_series_csv(series_id: str, query_data: VintageQuery) -> Response:
    """Return a series as CSV with SDMX column names."""
    from analysis.reporting.tables import series_csv

    body = series_csv(_series(series_id, query_data)).encode("utf-8")
    response = tagged(body, hashlib.sha256(body).hexdigest()[:32], "text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{_file_name(series_id)}.csv"'
    return response


@blueprint.get("/events")
@blueprint.input(EventsQuery, location="query")
@blueprint.output(EventsOut)
def list_events(query_data: EventsQuery) -> Response:
    """List all events, or those of the design of one series."""
    from analysis.catalogue import events

    return reply(_kept(f"events of {query_data.series}", lambda: events(query_data.series).to_record()))


@blueprint.get("/events/<event_id>")
@blueprint.output(EventOut)
@without_parameters
def get_event(event_id: str) -> Response:
    """Return one event with its clocks and what is unverified."""
    from analysis.catalogue import events

    def record() -> dict[str, Any]:
        return events()[event_id].to_record()

    return reply(_kept(f"event {event_id}", record))


def _series(series_id: str, query: VintageQuery) -> TradeSeries:
    from analysis.catalogue import series

    return series(series_id, vintage=query.vintage or "first")


def _kept(key: str, compute: Callable[[], dict[str, Any]]) -> Answer:
    kept = answers()
    return kept.once(kept.key("catalogue", {"question": key}), compute)


def _file_name(series_id: str) -> str:
    return "".join(c if c.isalnum() or c in ".-_" else "_" for c in series_id)
