"""How a route answers: bytes that were serialised once, with their ETag."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from flask import Response, current_app, request

from analysis.errors import UsageError
from service.answers import Answer, Answers
from service.guards import Guards
from service.questions import Kind
from service.schemas import TargetIn
from service.store import Record, Store

P = ParamSpec("P")
R = TypeVar("R")

IMMUTABLE = "public, max-age=31536000, immutable"
"""What a cache may do with what has its hash in its name."""

RECORD = "public, max-age=60, must-revalidate"
"""What a cache may do with a record: its bytes never change, but it may be withdrawn."""

REVALIDATE = "no-cache"
"""What a cache may do with everything else: ask with the ETag."""

STORED: dict[int | str, Any] = {
    201: {
        "description": "Stored as a new record",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/RecordOut"}}},
    }
}
"""The second way in which a POST that stores may succeed."""


def without_parameters(view: Callable[P, R]) -> Callable[P, R]:
    """Refuse every query parameter."""

    @wraps(view)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        refuse_parameters()
        return view(*args, **kwargs)

    return checked


def refuse_parameters() -> None:
    """Refuse every query parameter.

    Raises
    ------
    UsageError
        Naming the first.
    """
    for name in request.args:
        raise UsageError(f"unknown parameter '{name}'; this address takes none", pointer=f"/{name}")


def answers() -> Answers:
    """Return the answers of the running application."""
    return cast(Answers, current_app.extensions["answers"])


def guards() -> Guards:
    """Return who may do what in the running application."""
    return cast(Guards, current_app.extensions["guards"])


def public_address() -> str:
    """Return the address under which records are cited; empty where the service was told none."""
    return str(current_app.extensions["settings"].public_url)


def store() -> Store:
    """Return the store of the running application, ready for use."""
    return answers().store.ready()


def reply(answer: Answer) -> Response:
    """Send an answer as JSON, or 304 if the caller has it already."""
    return tagged(answer.body, answer.etag, "application/json")


def post(kind: Kind, asked: TargetIn) -> Response:
    """Answer a POST: stored on a catalogue series unless the body says no, on own data if it says yes."""
    refuse_parameters()
    stores = asked.observations is None if asked.store is None else asked.store
    if not stores:
        return reply(answers().answer(kind, asked))
    guards().require_publisher()
    record, new = answers().record(kind, asked)
    response = send_record(record)
    response.headers["Cache-Control"] = "no-store"
    if new:
        response.status_code = 201
        response.headers["Location"] = record.url
    return response


def send_record(record: Record) -> Response:
    """Send a stored record as JSON; its bytes never change."""
    body = json.dumps(record.document, ensure_ascii=False, allow_nan=False).encode("utf-8")
    return tagged(body, digest_of(body), "application/json", RECORD)


def digest_of(body: bytes) -> str:
    """Return the ETag of `body`."""
    return hashlib.sha256(body).hexdigest()[:32]


def tagged(body: bytes, etag: str, media_type: str, cache: str = REVALIDATE) -> Response:
    """Send `body` with its ETag; a caller that has it already gets 304."""
    response = Response(body, mimetype=media_type)
    response.set_etag(etag)
    response.headers["Cache-Control"] = cache
    return cast(Response, response.make_conditional(request))
