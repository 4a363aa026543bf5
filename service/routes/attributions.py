"""``/v1/attributions``: the change between two windows, attributed to dated events."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from service.routes.replies import STORED, answers, post, reply
from service.schemas import AttributionOptions, AttributionOut, AttributionQuery, AttributionRequest

blueprint = APIBlueprint("attributions", __name__, url_prefix="/v1/attributions")


@blueprint.get("")
@blueprint.input(AttributionQuery, location="query")
@blueprint.output(AttributionOut)
def get_attribution(query_data: AttributionQuery) -> Response:
    """Attribute the change of a catalogue series between two windows."""
    options = query_data.model_dump(exclude={"series", "vintage", "start", "end"})
    return reply(
        answers().attribution(
            AttributionRequest.model_validate(
                {
                    "series": query_data.series,
                    "vintage": query_data.vintage,
                    "from": query_data.start,
                    "to": query_data.end,
                    "options": AttributionOptions(**options),
                }
            )
        )
    )


@blueprint.post("")
@blueprint.input(AttributionRequest)
@blueprint.output(AttributionOut)
@blueprint.doc(responses=STORED)
def post_attribution(json_data: AttributionRequest) -> Response:
    """Attribute the change of a catalogue series or of the caller's own observations."""
    return post("attribution", json_data)
