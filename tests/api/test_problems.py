"""Every error is one problem document; no request is ignored in part or answered with a traceback."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient

KEYS = {"type", "title", "status", "detail", "instance"}


def check(response, status: int, slug: str, pointer: str | None = None) -> str:
    """Check the shape of a problem and return its sentence."""
    assert response.status_code == status, response.text
    assert response.mimetype == "application/problem+json"
    body = json.loads(response.data)
    assert set(body) >= KEYS
    assert body["status"] == status
    assert body["type"] == f"/docs#problem-{slug}"
    assert body.get("pointer") == pointer
    assert "Traceback" not in body["detail"]
    return body["detail"]


@pytest.mark.parametrize(
    ("address", "status", "slug", "pointer", "words"),
    [
        ("/v1/nothing", 404, "not-found", None, "not found"),
        ("/nothing", 404, "not-found", None, "not found"),
        ("/v1/breaks", 400, "usage", "/series", "missing"),
        ("/v1/breaks?series=a&trim=1", 400, "usage", "/trim", "known are"),
        ("/v1/breaks?series=a&series=b", 400, "usage", None, "2 times"),
        ("/v1/breaks?series=a&trimming=much", 400, "usage", "/trimming", "number"),
        ("/v1/breaks?series=a&max_breaks=0", 400, "usage", "/max_breaks", "greater"),
        ("/v1/attributions?series=a&from=2016", 400, "usage", "/to", "missing"),
        (
            "/v1/attributions?series=a&from=2016&to=2018&scale=cube",
            400,
            "usage",
            "/scale",
            "'log' or 'level'",
        ),
        ("/v1/series?page=2", 400, "usage", "/page", "takes none"),
        ("/healthz?deep=1", 400, "usage", "/deep", "takes none"),
        ("/?lang=de", 400, "usage", "/lang", "takes none"),
        ("/charts/x.svg?theme=pink", 400, "usage", "/theme", "'light' or 'dark'"),
    ],
)
def test_addresses(client: FlaskClient, address, status, slug, pointer, words) -> None:
    assert words in check(client.get(address), status, slug, pointer)


def test_a_method_that_an_address_does_not_take(client: FlaskClient) -> None:
    response = client.delete("/v1/breaks")
    check(response, 405, "method")
    assert "GET" in response.headers["Allow"]


@pytest.mark.parametrize(
    ("body", "status", "slug", "pointer", "words"),
    [
        (b"", 400, "usage", None, "not JSON"),
        (b"{", 400, "usage", None, "column 2"),
        (b"\xff", 400, "usage", None, "UTF-8"),
        (b"[" * 15_000, 400, "usage", None, "cannot be read"),
        (b"1" * 5_000, 400, "usage", None, "cannot be read"),
        (b"[]", 400, "usage", "", "dictionary"),
        (b'{"series": "a", "series": "b"}', 400, "usage", None, "twice"),
        (b'{"observations": [{"period": "2016", "value": NaN}]}', 400, "usage", None, "NaN"),
        (b'{"nonsense": 1, "from": "2016", "to": "2018"}', 400, "usage", "/nonsense", "unknown field"),
        (b'{"from": "2016", "to": "2018"}', 400, "usage", "", "either 'series' or 'observations'"),
        (b'{"series": "a", "observations": [], "from": "2016", "to": "2018"}', 400, "usage", "", "not both"),
        (
            b'{"series": "a", "from": "2016", "to": "2018", "options": {"level": 2}}',
            400,
            "usage",
            "/options/level",
            "",
        ),
        (
            b'{"series": "a", "gaps": "missing", "from": "2016", "to": "2018"}',
            400,
            "usage",
            "/gaps",
            "observations",
        ),
        (
            b'{"observations": [{"period": "2016", "value": true}], "from": "2016", "to": "2018"}',
            422,
            "bad-input",
            "/observations/0/value",
            "no number",
        ),
        (
            b'{"observations": [{"period": "2016", "value": "12"}], "from": "2016", "to": "2018"}',
            422,
            "bad-input",
            "/observations/0/value",
            "number",
        ),
        (
            b'{"observations": [{"period": "2016", "value": 1e999}], "from": "2016", "to": "2018"}',
            422,
            "bad-input",
            "/observations/0/value",
            "finite",
        ),
        (b'{"observations": [], "from": "2016", "to": "2018"}', 422, "bad-input", "/observations", "empty"),
        (
            b'{"observations": [{"period": "2016-13", "value": 1}], "from": "2016", "to": "2018"}',
            422,
            "bad-input",
            "/observations",
            "observation 1",
        ),
        (
            b'{"observations": [{"period": "2016", "value": 1}, {"period": "2016", "value": 2}],'
            b' "from": "2016", "to": "2018"}',
            422,
            "bad-input",
            "/observations",
            "appears twice",
        ),
        (
            b'{"observations": [{"period": "2016", "value": 1}, {"period": "2018", "value": 2}],'
            b' "from": "2016", "to": "2018"}',
            422,
            "bad-input",
            "/observations",
            "no row for 2017",
        ),
        (
            b'{"observations": [{"period": "2016", "value": 1}], "from": "2016", "to": "2018",'
            b' "events": [{"id": "e", "title": "E", "effective": "soon"}]}',
            422,
            "bad-input",
            "/events",
            "not a date",
        ),
    ],
)
def test_bodies(client: FlaskClient, body, status, slug, pointer, words) -> None:
    response = client.post("/v1/attributions", data=body, content_type="application/json")
    assert words in check(response, status, slug, pointer)


def test_a_body_of_another_media_type(client: FlaskClient) -> None:
    response = client.post("/v1/breaks", data="series=a", content_type="application/x-www-form-urlencoded")
    assert "application/json" in check(response, 415, "media-type")


def test_a_body_beyond_the_limit(client: FlaskClient) -> None:
    response = client.post("/v1/breaks", data=b" " * 20_001, content_type="application/json")
    check(response, 413, "too-large")


def test_more_observations_than_the_limit(client: FlaskClient) -> None:
    rows = [{"period": str(year), "value": 1.0} for year in range(1000, 1301)]
    response = client.post("/v1/breaks", json={"observations": rows})
    assert "301" in check(response, 422, "bad-input", "/observations")


def test_a_calendar_longer_than_the_limit(client: FlaskClient) -> None:
    ends = [{"period": period, "value": 1.0} for period in ("0001-01", "9998-12")]
    response = client.post("/v1/breaks", json={"observations": ends, "gaps": "missing"})
    assert "119976 periods" in check(response, 422, "bad-input", "/observations")


def test_more_events_than_the_limit(client: FlaskClient) -> None:
    events = [{"id": f"e{k}", "title": "E", "effective": "2016"} for k in range(6)]
    body = {"observations": [{"period": "2016", "value": 1.0}], "events": events}
    assert "6 events" in check(client.post("/v1/interventions", json=body), 422, "bad-input", "/events")


def test_a_browser_gets_the_problem_as_a_page_and_the_address_is_escaped(client: FlaskClient) -> None:
    response = client.get("/<script>alert(1)</script>", headers={"Accept": "text/html"})
    assert response.status_code == 404
    assert response.mimetype == "text/html"
    assert "<script>" not in response.text
    assert "&lt;script&gt;" in response.text


def test_a_failure_of_our_own_is_a_problem_without_a_traceback(
    client: FlaskClient, monkeypatch, caplog
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(client.application.extensions["answers"], "record", fail)
    response = client.post("/v1/breaks", json={"series": "a"})
    assert "secret" not in check(response, 500, "unexpected")
    assert "secret detail" in caplog.text, "the operator finds it in the log"
