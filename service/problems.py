"""One shape for every error: application/problem+json (RFC 9457), or the same as a page."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException

from analysis import errors
from analysis.reading import FileQuestion
from service.errors import SERVICE_PROBLEMS, StoreUnavailableError

LOGGER = logging.getLogger("tradebreaks.service")

MEDIA_TYPE = "application/problem+json"

LIBRARY_PROBLEMS: tuple[type[errors.TradebreaksError], ...] = (
    errors.UsageError,
    errors.MissingExtraError,
    errors.InputError,
    errors.DataPackageError,
    errors.NotFoundError,
    errors.CannotEstimateError,
)
"""The problem types that the library raises."""

KNOWN_PROBLEMS = (*LIBRARY_PROBLEMS, *SERVICE_PROBLEMS)
"""Every problem type that has a class; the others are named after their HTTP status."""

HTTP_PROBLEMS: dict[int, tuple[str, str]] = {
    400: ("usage", errors.UsageError.title),
    404: ("not-found", errors.NotFoundError.title),
    405: ("method", "This address does not take this method"),
    411: ("length", "The request body has no declared length"),
    414: ("address-too-long", "The address is too long"),
    413: ("too-large", "The request body is too large"),
    415: ("media-type", "The request body has the wrong media type"),
}

RETRY_SECONDS = {429: 60, 503: 30}
"""After how long a caller may ask again."""

UNEXPECTED = ("unexpected", "The service failed")


def problem(
    status: int,
    slug: str,
    title: str,
    detail: str,
    pointer: str | None = None,
    more: Mapping[str, Any] | None = None,
) -> Response:
    """Build one error response.

    Parameters
    ----------
    status : int
        HTTP status.
    slug : str
        Problem type; its description stands at ``/docs#problem-SLUG``.
    title : str
        The same for every problem of the type.
    detail : str
        One sentence on this very problem: the place and the remedy.
    pointer : str, optional
        JSON pointer to the offending field.
    more : mapping, optional
        Members of this very problem.
    """
    body: dict[str, Any] = {
        "type": f"/docs#problem-{slug}",
        "title": title,
        "status": status,
        "detail": " ".join(detail.split()),
        "instance": request.path,
    }
    if pointer is not None:
        body["pointer"] = pointer
    body |= more or {}
    if _wants_page():
        return Response(render_template("problem.html", problem=body), status, mimetype="text/html")
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype=MEDIA_TYPE)


def register_problems(app: Flask) -> None:
    """Answer every error of `app` with a problem."""
    app.register_error_handler(errors.TradebreaksError, _library_problem)
    app.register_error_handler(HTTPException, _http_problem)
    app.register_error_handler(Exception, _unexpected_problem)


def _wants_page() -> bool:
    if request.path.startswith("/v1/"):
        return False
    accepted = request.accept_mimetypes
    return accepted.quality("text/html") > accepted.quality(MEDIA_TYPE)


def _library_problem(error: errors.TradebreaksError) -> Response:
    more = error.to_record() if isinstance(error, FileQuestion) else None
    response = problem(error.http_status, error.slug, error.title, error.message, error.pointer, more)
    if isinstance(error, StoreUnavailableError):
        LOGGER.error("%s", error.message)
    if error.http_status in RETRY_SECONDS:
        response.headers["Retry-After"] = str(RETRY_SECONDS[error.http_status])
    if error.http_status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="tradebreaks"'
    return response


def _http_problem(error: HTTPException) -> Response:
    status = error.code or 500
    slug, title = HTTP_PROBLEMS.get(status, (str(status), HTTPStatus(status).phrase))
    response = problem(status, slug, title, error.description or title)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _unexpected_problem(error: Exception) -> Response:
    LOGGER.exception("unexpected error at %s %s", request.method, request.path, exc_info=error)
    return problem(500, *UNEXPECTED, "the error was logged; nothing was computed or stored")
