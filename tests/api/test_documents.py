"""The OpenAPI document and the headers that go with every answer."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator


def test_openapi_names_every_address_of_the_api(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    assert document["openapi"].startswith("3.1")
    addresses = {
        rule.rule.replace("<", "{").replace(">", "}")
        for rule in client.application.url_map.iter_rules()
        if rule.rule.startswith(("/v1", "/healthz", "/readyz"))
    }
    assert set(document["paths"]) == addresses


def test_openapi_schemas_are_valid_and_their_references_resolve(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    pending = [document]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            reference = item.get("$ref")
            if isinstance(reference, str):
                assert reference.removeprefix("#/components/schemas/") in schemas, reference
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)


def test_every_operation_may_answer_with_a_problem(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    for address, operations in document["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            assert "application/problem+json" in operation["responses"]["default"]["content"], address


@pytest.mark.parametrize("address", ["/healthz", "/docs", "/nothing", "/openapi.json", "/static/style.css"])
def test_security_headers(client: FlaskClient, address: str) -> None:
    with client.get(address) as response:
        headers = response.headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "SAMEORIGIN"


def test_docs_page_describes_every_problem_type_it_links_to(client: FlaskClient) -> None:
    page = client.get("/docs").text
    for slug in (
        "usage",
        "bad-input",
        "not-found",
        "cannot-estimate",
        "data-package",
        "unexpected",
        "method",
    ):
        assert f'id="problem-{slug}"' in page


def test_operations_have_names_of_their_own_and_bodies_are_required(client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    operations = [
        operation
        for item in document["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict)
    ]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    assert {"list_series", "get_series", "get_series_json", "post_attribution"} <= set(names)
    assert all(operation["requestBody"]["required"] for operation in operations if "requestBody" in operation)
    withdrawal = document["paths"]["/v1/estimates/{record_id}/withdrawal"]["post"]
    (scheme,) = withdrawal["security"][0]
    assert document["components"]["securitySchemes"][scheme]["scheme"] == "bearer"


@pytest.mark.parametrize(
    ("address", "pointer"),
    [
        (f"/v1/attributions?series=dprk.total.a&from=2014&to=2018&level={0.999 + 1e-15!r}", "/level"),
        (f"/v1/breaks?series=dprk.total.a&level={1 - 1e-16!r}", "/options/level"),
        (f"/v1/breaks?series=dprk.total.a&trimming={0.5 - 1e-16!r}", "/options/trimming"),
    ],
)
def test_a_number_that_is_rounded_beyond_its_limit_is_refused(
    client: FlaskClient, address: str, pointer: str
) -> None:
    response = client.get(address)
    assert response.status_code == 400, response.text
    assert response.get_json()["pointer"] == pointer
