"""``/v1/interventions``: joint effects of dated events."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from service.routes.replies import STORED, post
from service.schemas import InterventionsOut, InterventionsRequest

blueprint = APIBlueprint("interventions", __name__, url_prefix="/v1/interventions")


@blueprint.post("")
@blueprint.input(InterventionsRequest)
@blueprint.output(InterventionsOut)
@blueprint.doc(responses=STORED)
def post_interventions(json_data: InterventionsRequest) -> Response:
    """Estimate the joint effects of events on a catalogue series or on the caller's own."""
    return post("interventions", json_data)
