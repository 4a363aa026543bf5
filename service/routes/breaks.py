"""``/v1/breaks``: breaks at unknown dates."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from service.routes.replies import STORED, answers, post, reply
from service.schemas import BreaksOptions, BreaksOut, BreaksQuery, BreaksRequest

blueprint = APIBlueprint("breaks", __name__, url_prefix="/v1/breaks")


@blueprint.get("")
@blueprint.input(BreaksQuery, location="query")
@blueprint.output(BreaksOut)
def get_breaks(query_data: BreaksQuery) -> Response:
    """Find breaks at unknown dates in a catalogue series."""
    options = query_data.model_dump(exclude={"series", "vintage"})
    return reply(
        answers().breaks(
            BreaksRequest(
                series=query_data.series, vintage=query_data.vintage, options=BreaksOptions(**options)
            )
        )
    )


@blueprint.post("")
@blueprint.input(BreaksRequest)
@blueprint.output(BreaksOut)
@blueprint.doc(responses=STORED)
def post_breaks(json_data: BreaksRequest) -> Response:
    """Find breaks in a catalogue series or in the caller's own observations."""
    return post("breaks", json_data)
