"""Health, readiness and the documentation of the API."""

from __future__ import annotations

from typing import cast

from apiflask import APIBlueprint, APIFlask
from flask import Response, current_app, jsonify, render_template

from service.problems import HTTP_PROBLEMS, KNOWN_PROBLEMS, UNEXPECTED
from service.routes.replies import store, without_parameters
from service.schemas import HealthOut, ReadyOut
from service.soundness import require_sound
from service.telemetry import Metrics

MOST_NAMED = 20
"""Damaged records that readiness names."""

blueprint = APIBlueprint("system", __name__)


@blueprint.get("/healthz")
@blueprint.output(HealthOut)
@without_parameters
def healthz() -> Response:
    """Say that the process answers."""
    return jsonify({"status": "ok"})


@blueprint.get("/readyz")
@blueprint.output(ReadyOut)
@without_parameters
def readyz() -> Response:
    """Say that the data package is sound and the store can be written; 503 with the reason if not.

    A store that can only be read is ready to be read, which the answer says; so it does of damaged records.
    """
    from analysis import catalogue

    require_sound()
    found = store()
    database = found.database
    database.require_current()
    database.check_file()
    if not database.read_only:
        database.probe()
    found.check_some()
    return jsonify(
        {
            "status": "ready",
            "data_digest": catalogue.data_digest(),
            "migration": database.revision(),
            "store": "read-only" if database.read_only else "read-write",
            "damaged": sorted(found.damaged)[:MOST_NAMED],
        }
    )


@blueprint.get("/metrics")
@blueprint.doc(hide=True)
@without_parameters
def metrics() -> Response:
    """Show counters and gauges in Prometheus' text format."""
    return Response(
        cast(Metrics, current_app.extensions["metrics"]).text(),
        content_type="text/plain; version=0.0.4; charset=utf-8",
    )


@blueprint.get("/docs")
@blueprint.doc(hide=True)
@without_parameters
def docs() -> str:
    """Show the API's documentation."""
    spec = cast(APIFlask, current_app).spec
    problems = {error.slug: (error.title, (error.__doc__ or "").split("\n")[0]) for error in KNOWN_PROBLEMS}
    for slug, title in (*HTTP_PROBLEMS.values(), UNEXPECTED):
        problems.setdefault(slug, (title, ""))
    return render_template("docs.html", spec=spec, problems=problems)
