"""``/v1/readings``: a file in, the observations that a question takes out; nothing is computed or kept."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, jsonify, request

from analysis.domain import rounded
from analysis.errors import InputError
from analysis.reading import Choices, Source
from analysis.reading.files import read_one
from service.questions import observation_rows
from service.schemas import ReadingOut, ReadingQuery

blueprint = APIBlueprint("readings", __name__, url_prefix="/v1/readings")


@blueprint.post("")
@blueprint.input(ReadingQuery, location="query")
@blueprint.output(ReadingOut)
def post_reading(query_data: ReadingQuery) -> Response:
    """Read a file of any layout; where two readings are possible, answer 422 with both and what decides."""
    given = query_data.model_dump(exclude={"gaps", "name"}, exclude_none=True)
    raw = request.get_data()
    if not raw:
        raise InputError("the body is empty: send the file as it is, such as curl --data-binary @series.csv")
    series = read_one(
        Source(raw, query_data.name or "the body"), Choices.of(**given), query_data.gaps or "refuse"
    )
    return jsonify(
        rounded(
            {
                "read": series.caveats[0],
                "frequency": series.frequency,
                "title": series.title,
                "unit": series.unit,
                "observations": observation_rows(series),
            }
        )
    )
