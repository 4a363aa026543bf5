"""``/v1/claims``: the statements of the note behind the chart with their computed verdicts."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from service.routes.replies import answers, reply, without_parameters
from service.schemas import Answer

blueprint = APIBlueprint("claims", __name__, url_prefix="/v1")


class ClaimOut(Answer):
    """One statement with its verdict and what is behind it."""

    id: str
    statement: str
    nature: str
    verdict: str
    why: str


class ClaimsOut(Answer):
    """Every statement, and the thresholds of the verdicts."""

    thresholds: dict[str, float]
    claims: list[ClaimOut]


@blueprint.get("/claims")
@blueprint.output(ClaimsOut)
@without_parameters
def list_claims() -> Response:
    """Test the statements of the note; computed once for a data package."""
    return reply(answers().claims())
