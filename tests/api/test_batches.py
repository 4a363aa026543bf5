"""Batches: 202 and an address to ask; they survive a restart, can be cancelled, store what they compute."""

from __future__ import annotations

import time
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from service.schemas import BreaksRequest
from tests.api.conftest import application

ANNUAL = "dprk.total.a"
PATIENCE = 60.0
"""Seconds within which a batch of annual questions must be done on a busy machine."""

OWN = [{"period": str(1990 + k), "value": (100.0 if k < 15 else 60.0) + (37 * k) % 11} for k in range(30)]


@pytest.fixture
def app(tmp_path):
    """An application that takes longer questions and more of them than that of the other tests."""
    made = application(tmp_path)
    yield made
    made.extensions["batches"].close()


def questions(*numbers: int) -> list[dict[str, Any]]:
    return [{"kind": "breaks", "question": {"series": ANNUAL, "options": {"max_breaks": n}}} for n in numbers]


def wait(client: FlaskClient, address: str) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found = client.get(address)
        status: dict[str, Any] = found.get_json()
        if status["state"] not in ("queued", "running"):
            assert "Retry-After" not in found.headers
            return status
        time.sleep(0.05)
    raise AssertionError(f"not done after {PATIENCE:g} seconds: {status}")


def test_a_batch_stores_what_it_computes(client: FlaskClient) -> None:
    begun = client.post("/v1/batches", json={"questions": questions(1, 2)})
    assert begun.status_code == 202, begun.text
    assert begun.headers["Location"] == begun.get_json()["url"]
    done = wait(client, begun.get_json()["url"])
    assert (done["state"], done["finished"], done["total"]) == ("done", 2, 2)
    for item, asked in zip(done["items"], questions(1, 2), strict=True):
        record = client.get(item["url"]).get_json()
        assert record["record_id"] == item["record_id"]
        again = client.post("/v1/breaks", json=asked["question"])
        assert (again.status_code, again.get_json()) == (200, record)


def test_a_question_that_cannot_be_answered_fails_alone(client: FlaskClient) -> None:
    flat = [{**row, "value": 5.0} for row in OWN]
    bad = {"kind": "breaks", "question": {"observations": flat, "store": True}}
    done = wait(
        client, client.post("/v1/batches", json={"questions": [bad, *questions(1)]}).get_json()["url"]
    )
    assert [item["state"] for item in done["items"]] == ["failed", "done"]
    assert done["items"][0]["problem"]["type"] == "/docs#problem-cannot-estimate"


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"questions": []}, 400, "/questions"),
        ({"questions": questions(1) * 201}, 422, "/questions"),
        ({"questions": [{"kind": "nonsense", "question": {}}]}, 400, "/questions/0/kind"),
        (
            {"questions": [*questions(1), {"kind": "breaks", "question": {"seris": "x"}}]},
            400,
            "/questions/1/question/seris",
        ),
        ({"questions": [{"kind": "breaks", "question": {"series": "none"}}]}, 404, "/questions/0/question"),
        (
            {"questions": [{"kind": "breaks", "question": {"observations": OWN}}]},
            400,
            "/questions/0/question/store",
        ),
        (
            {"questions": [{"kind": "breaks", "question": {"series": ANNUAL, "store": False}}]},
            400,
            "/questions/0/question/store",
        ),
    ],
)
def test_a_batch_that_cannot_be_read_is_refused_whole(client, body, status: int, pointer: str) -> None:
    response = client.post("/v1/batches", json=body)
    assert (response.status_code, response.get_json().get("pointer")) == (status, pointer), response.text


def test_an_unknown_batch_is_404(client: FlaskClient) -> None:
    for name in ("0" * 32, "x", "%00"):
        assert client.get(f"/v1/batches/{name}").status_code == 404
        assert client.delete(f"/v1/batches/{name}").status_code == 404


def test_what_is_not_finished_can_be_cancelled(app: APIFlask, client: FlaskClient, monkeypatch) -> None:
    monkeypatch.setattr(app.extensions["batches"], "wake", lambda: None)
    address = client.post("/v1/batches", json={"questions": questions(1, 2)}).get_json()["url"]
    cancelled = client.delete(address).get_json()
    assert cancelled["state"] == "cancelled"
    assert {item["state"] for item in cancelled["items"]} == {"cancelled"}
    assert client.delete(address).get_json() == cancelled, "a second time changes nothing"


def test_a_computation_is_stopped_when_its_batch_is_cancelled(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("service.batches.HEARTBEAT_SECONDS", 0.2)
    app = application(tmp_path, workers=1)
    client = app.test_client()
    long = {
        "kind": "attribution",
        "question": {
            "series": "dprk.exports.china.m",
            "from": "2016",
            "to": "2018",
            "options": {"evidence": "full"},
        },
    }
    address = client.post("/v1/batches", json={"questions": [long]}).get_json()["url"]
    batches = app.extensions["batches"]
    until = time.monotonic() + PATIENCE
    while not batches.computing and time.monotonic() < until:
        time.sleep(0.05)
    assert client.delete(address).get_json()["state"] == "cancelled"
    while batches.computing and time.monotonic() < until:
        time.sleep(0.05)
    assert batches.computing == 0
    assert app.extensions["answers"].store.count() == 0
    batches.close()


def test_a_batch_survives_a_restart(tmp_path, monkeypatch) -> None:
    first = application(tmp_path)
    monkeypatch.setattr(first.extensions["batches"], "wake", lambda: None)
    address = first.test_client().post("/v1/batches", json={"questions": questions(1, 2)}).get_json()["url"]
    second = application(tmp_path)
    second.extensions["batches"].wake()
    assert wait(second.test_client(), address)["state"] == "done"
    second.extensions["batches"].close()


def test_another_service_takes_over_a_batch_whose_lease_ran_out(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("service.batches.LEASE_SECONDS", -1)
    first, second = (application(tmp_path).extensions["batches"] for _ in range(2))
    monkeypatch.setattr(first, "wake", lambda: None)
    app = application(tmp_path)
    question = app.extensions["answers"].question("breaks", BreaksRequest(series=ANNUAL))
    batch = first.create([question])
    assert first._next() is not None
    item = second._next()
    assert item is not None
    second._compute(item)
    assert second._next() is None
    assert first.status(batch)["state"] == "done"
