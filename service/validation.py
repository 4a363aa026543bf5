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

from analysis.domain.text import readable, what_is_wrong
from analysis.errors import InputError, TradebreaksError, UsageError

MOST_FIELDS = 10_000
"""Most fields of one object of a body: more than the most observations of a control."""

SHOWN = 100
"""Characters of a name that a refusal repeats."""

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
            raise UsageError(f"the parameter '{readable(name)}' is given {len(values)} times; give it once")
    found = request.args.to_dict()
    require_texts(found)
    return found


def _body(request: Request) -> Any:
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("send a JSON body with the media type application/json")
    try:
        found = json.loads(
            request.get_data(), parse_constant=_refuse_constant, object_pairs_hook=_without_doubles
        )
    except json.JSONDecodeError as error:
        raise UsageError(
            f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    except (ValueError, RecursionError):
        # Bytes that are no UTF-8, a number of thousands of digits, thousands of nested brackets.
        raise UsageError("the body cannot be read as UTF-8 JSON") from None
    require_texts(found)
    return found


def require_texts(value: Any, pointer: str = "", allowed: str = "") -> None:
    """Refuse characters that nobody can read, in every text of a request and in every name of a field.

    Raises
    ------
    UsageError, InputError
        Naming the field and the character.
    """
    if isinstance(value, str):
        wrong = what_is_wrong(value, allowed)
        if wrong is not None:
            is_data = pointer.split("/")[1:2] and pointer.split("/")[1] in DATA_FIELDS
            raise (InputError if is_data else UsageError)(
                f"the field '{pointer[1:].replace('/', '.')}' holds {wrong}: take it out", pointer=pointer
            )
    elif isinstance(value, Mapping):
        for name, item in value.items():
            wrong = what_is_wrong(name)
            if wrong is not None:
                raise UsageError(f"the name of a field holds {wrong}: take it out", pointer=pointer)
            require_texts(item, f"{pointer}/{_step(name)}", allowed)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            if not isinstance(item, (int, float)):
                require_texts(item, f"{pointer}/{number}", allowed)


def _refuse_constant(name: str) -> Any:
    raise UsageError(f"the body contains {name}, which is no JSON number; leave a missing value null")


def _without_doubles(pairs: Sequence[tuple[str, Any]]) -> Mapping[str, Any]:
    if len(pairs) > MOST_FIELDS:
        raise UsageError(f"an object of the body has {len(pairs)} fields; {MOST_FIELDS} are the most")
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise UsageError(f"the body names the field '{readable(name[:SHOWN])}' twice")
        found[name] = value
    return found


def _step(name: str | int) -> str:
    return str(name)[:SHOWN].replace("~", "~0").replace("/", "~1")


def _refusal(
    place: Sequence[str | int], kind: str, message: str, location: str, model: type[BaseModel]
) -> TradebreaksError:
    pointer = "".join(f"/{_step(step)}" for step in place)
    name = readable(".".join(str(step)[:SHOWN] for step in place)) or "the body"
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
