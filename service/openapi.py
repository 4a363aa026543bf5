"""What the OpenAPI document says beside what APIFlask reads from the routes: problems, names, the token."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from service.problems import MEDIA_TYPE
from service.schemas import ProblemOut

PLACE = "#/components/schemas/"

SCHEME = "operator"
"""Name of the security scheme."""

TOKEN_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "description": "A token of the operator: needed to withdraw a record, and to store one where the "
    "service has a token for publishing.",
}

MAY_NEED_TOKEN: list[dict[str, list[str]]] = [{}, {SCHEME: []}]
FILE_BODIES = {
    "/v1/readings": {
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        }
    }
}
"""Addresses whose body is a file as it is, which APIFlask cannot describe."""

NEEDS_TOKEN: list[dict[str, list[str]]] = [{SCHEME: []}]


def complete(spec: dict[Any, Any] | str) -> dict[Any, Any] | str:
    """Add what every operation has in common, and give each a name of its own.

    An operation is named after its view; where one view has several addresses, the suffix of the address
    follows: ``get_series`` and ``get_series_json``.
    """
    assert isinstance(spec, dict), "the document is kept as JSON"
    components = spec.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = ProblemOut.model_json_schema(mode="serialization")
    components["securitySchemes"] = {SCHEME: TOKEN_SCHEME}
    content = {MEDIA_TYPE: {"schema": {"$ref": f"{PLACE}Problem"}}}
    names: Counter[str] = Counter()
    for address, body in FILE_BODIES.items():
        if address in spec["paths"]:
            spec["paths"][address]["post"]["requestBody"] = dict(body)
    for address, method, operation in sorted(_operations(spec), key=lambda found: len(found[0])):
        operation["responses"]["default"] = {"description": "A problem", "content": content}
        name = operation["operationId"].split("_", 2)[2]
        names[name] += 1
        if names[name] > 1:
            name = f"{name}_{address.rpartition('.')[2]}"
        operation["operationId"] = name
        if "requestBody" in operation:
            operation["requestBody"]["required"] = True
        if method == "post":
            operation["security"] = NEEDS_TOKEN if address.endswith("/withdrawal") else MAY_NEED_TOKEN
    _share_inner_schemas(spec, schemas)
    return spec


def _share_inner_schemas(spec: dict[Any, Any], schemas: dict[str, Any]) -> None:
    """Give a model inside others one schema: APIFlask repeats it as ``Outer.Inner`` for each of them."""
    shared = {name: name.rpartition(".")[2] for name in schemas if "." in name}
    _rename_references(spec, {f"{PLACE}{name}": f"{PLACE}{inner}" for name, inner in shared.items()})
    for name, inner in shared.items():
        schema = schemas.pop(name)
        assert schemas.setdefault(inner, schema) == schema, f"two models are named {inner}"


def _rename_references(part: Any, names: dict[str, str]) -> None:
    if isinstance(part, dict):
        if part.get("$ref") in names:
            part["$ref"] = names[part["$ref"]]
        for value in part.values():
            _rename_references(value, names)
    elif isinstance(part, list):
        for value in part:
            _rename_references(value, names)


def _operations(spec: dict[Any, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for address, operations in spec.get("paths", {}).items():
        for method, operation in operations.items():
            if isinstance(operation, dict) and "responses" in operation:
                yield address, method, operation
