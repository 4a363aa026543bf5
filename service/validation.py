"""Strict reading of requests: unknown, doubled and mistyped fields are refused, with a pointer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from apiflask.schema_adapters import registry
from apiflask.schema_adapters.pydantic import PydanticAdapter
from flask import Request
from pydantic import BaseModel, ConfigDict, ValidationError
from werkzeug.exceptions import UnsupportedMediaType

from analysis.errors import InputError, TradebreaksError, UsageError

DATA_FIELDS = ("observations", "events", "controls")
"""Fields of a body that are data: what is wrong in them is bad input (422), elsewhere bad usage (400)."""


class Strict(BaseModel):
    """Base of request models: an unknown field is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class StrictAdapter(PydanticAdapter):
    """Reads a request for APIFlask and raises the library's errors."""

    def validate_input(self, request: Request, location: str, **_options: Any) -> BaseModel:
        """Return the validated model of the query or the body.

        Raises
        ------
        UsageError
            If a parameter is unknown, doubled, missing or unreadable.
        InputError
            If the caller's own data are wrong.
        UnsupportedMediaType
            If a body is not JSON.
        """
        raw = _query(request) if location == "query" else _body(request)
        return read_model(self.model_class, raw, location)


Model = TypeVar("Model", bound=BaseModel)


def read_model(model: type[Model], raw: Any, location: str = "body") -> Model:
    """Return `raw` as a `model`.

    Raises
    ------
    UsageError, InputError
        Naming the first field that is unknown, missing or wrong.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise _refusal(first["loc"], first["type"], first["msg"], location, model) from None


registry.register("pydantic", StrictAdapter)


def _query(request: Request) -> dict[str, str]:
    for name, values in request.args.lists():
        if len(values) > 1:
            raise UsageError(f"the parameter '{name}' is given {len(values)} times; give it once")
    return request.args.to_dict()


def _body(request: Request) -> Any:
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("send a JSON body with the media type application/json")
    try:
        return json.loads(
            request.get_data(), parse_constant=_refuse_constant, object_pairs_hook=_without_doubles
        )
    except json.JSONDecodeError as error:
        raise UsageError(
            f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    except (ValueError, RecursionError):
        # Bytes that are no UTF-8, a number of thousands of digits, thousands of nested brackets.
        raise UsageError("the body cannot be read as UTF-8 JSON") from None


def _refuse_constant(name: str) -> Any:
    raise UsageError(f"the body contains {name}, which is no JSON number; leave a missing value null")


def _without_doubles(pairs: Sequence[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"the body names the field '{double}' twice")
    return found


def _refusal(
    place: Sequence[str | int], kind: str, message: str, location: str, model: type[BaseModel]
) -> TradebreaksError:
    pointer = "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in place)
    name = ".".join(str(step) for step in place) or "the body"
    if kind == "extra_forbidden":
        known = ", ".join(sorted(field.alias or key for key, field in model.model_fields.items()))
        hint = f"; known are {known}" if len(place) == 1 and known else ""
        return UsageError(f"unknown field '{name}'{hint}", pointer=pointer)
    if kind == "missing":
        text = f"the field '{name}' is missing"
    else:
        text = f"the field '{name}' is wrong: {message[:1].lower()}{message[1:]}"
    is_data = location != "query" and bool(place) and place[0] in DATA_FIELDS
    return (InputError if is_data else UsageError)(text, pointer=pointer)
