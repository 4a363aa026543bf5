"""``/v1/batches``: many questions, or long ones; the caller comes back for the records."""

from __future__ import annotations

from typing import cast

from apiflask import APIBlueprint
from flask import Response, current_app, jsonify

from analysis.errors import InputError, TradebreaksError, UsageError
from service.batches import BATCH_ADDRESS, OPEN, Batches
from service.questions import REQUESTS, Question
from service.routes.replies import answers, guards, without_parameters
from service.schemas import BatchOut, BatchQuestion, BatchRequest
from service.validation import read_model

RETRY_SECONDS = 5

blueprint = APIBlueprint("batches", __name__, url_prefix="/v1/batches")


@blueprint.post("")
@blueprint.input(BatchRequest)
@blueprint.output(BatchOut, status_code=202)
@without_parameters
def post_batch(json_data: BatchRequest) -> Response:
    """Have questions computed one after the other and stored; the answer names where to ask for them."""
    guards().require_publisher()
    most = current_app.extensions["settings"].max_batch
    if len(json_data.questions) > most:
        raise InputError(f"{len(json_data.questions)} questions are more than {most}", pointer="/questions")
    questions = [_question(number, item) for number, item in enumerate(json_data.questions)]
    response = _send(batches().create(questions))
    response.status_code = 202
    return response


@blueprint.get("/<batch_id>")
@blueprint.output(BatchOut)
@without_parameters
def get_batch(batch_id: str) -> Response:
    """Say how far a batch is, with the address of every record that is there."""
    return _send(batch_id)


@blueprint.delete("/<batch_id>")
@blueprint.output(BatchOut)
@without_parameters
def cancel_batch(batch_id: str) -> Response:
    """Cancel what a batch has not finished yet; what is stored stays."""
    batches().cancel(_checked(batch_id))
    return _send(batch_id)


def batches() -> Batches:
    """Return the batches of the running application."""
    return cast(Batches, current_app.extensions["batches"])


def _send(batch_id: str) -> Response:
    status = batches().status(_checked(batch_id))
    response = jsonify(status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Location"] = BATCH_ADDRESS.format(id=batch_id)
    if status["state"] in OPEN:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def _checked(batch_id: str) -> str:
    """Return an id that a database can be asked for: no NUL, nothing long."""
    return "".join(c for c in batch_id[:64] if c.isalnum())


def _question(number: int, item: BatchQuestion) -> Question:
    before = f"/questions/{number}/question"
    try:
        asked = read_model(REQUESTS[item.kind], item.question)
        if asked.observations is not None and not asked.store:
            raise UsageError(
                "a batch is written down until it is computed: own observations need 'store': true",
                pointer="/store",
            )
        if asked.store is False:
            raise UsageError("a batch stores its answers: leave 'store' out", pointer="/store")
        return answers().question(item.kind, asked)
    except TradebreaksError as error:
        error.pointer = f"{before}{error.pointer or ''}"
        error.message = f"question {number + 1}: {error.message}"
        raise
