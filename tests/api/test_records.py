"""Citable records: the same question has the same id, an address never changes, a record can be verified."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from analysis.domain import canonical_json
from analysis.domain.engine import ENGINE
from service.compute import tasks
from service.guards import new_token
from tests.api.conftest import application

ANNUAL, QUICK = "dprk.total.a", "interkorean.total.a"
QUESTIONS: dict[str, dict[str, Any]] = {
    "breaks": {"series": ANNUAL},
    "interventions": {"series": ANNUAL},
    "attributions": {"series": QUICK, "from": "2010", "to": "2014", "options": {"evidence": "none"}},
}
OWN = [{"period": str(1990 + k), "value": (100.0 if k < 15 else 60.0) + (37 * k) % 11} for k in range(30)]
OWN_EVENTS = [
    {"id": "later", "title": "Later ban", "effective": "2012-01-01"},
    {"id": "ban", "title": "Ban", "effective": "2005-01-01"},
]


@pytest.mark.parametrize("kind", QUESTIONS)
def test_a_question_is_stored_once(client: FlaskClient, kind: str) -> None:
    first = client.post(f"/v1/{kind}", json=QUESTIONS[kind])
    assert first.status_code == 201, first.text
    record = first.get_json()
    assert record["stored"] is True
    assert record["url"] == first.headers["Location"] == f"/v1/estimates/{record['record_id']}"
    second = client.post(f"/v1/{kind}", json=QUESTIONS[kind])
    assert second.status_code == 200
    assert second.data == first.data
    assert client.get(record["url"]).data == first.data


def test_the_same_question_in_other_words_is_the_same_record(client: FlaskClient) -> None:
    first = client.post("/v1/attributions", json=QUESTIONS["attributions"]).get_json()
    spelled = {
        "series": QUICK,
        "vintage": "first",
        "from": "2010..2010",
        "to": "2014",
        "options": {"evidence": "none", "level": 0.95, "trend": "local", "clock": "all"},
    }
    again = client.post("/v1/attributions", json=spelled)
    assert again.status_code == 200
    assert again.get_json()["record_id"] == first["record_id"]


@pytest.mark.parametrize(
    "change",
    [{"to": "2013"}, {"options": {"evidence": "none", "level": 0.9}}, {"options": {"evidence": "basic"}}],
)
def test_another_question_is_another_record(client: FlaskClient, change: dict[str, Any]) -> None:
    first = client.post("/v1/attributions", json=QUESTIONS["attributions"]).get_json()
    other = client.post("/v1/attributions", json={**QUESTIONS["attributions"], **change})
    assert other.status_code == 201
    assert other.get_json()["record_id"] != first["record_id"]


def test_own_data_are_stored_only_on_request_and_order_does_not_matter(client: FlaskClient) -> None:
    body = {"observations": OWN, "events": OWN_EVENTS}
    unstored = client.post("/v1/interventions", json=body).get_json()
    assert (unstored["stored"], unstored["url"]) == (False, None)
    assert client.get(f"/v1/estimates/{unstored['record_id']}").status_code == 404
    stored = client.post("/v1/interventions", json={**body, "store": True})
    assert stored.status_code == 201
    record = stored.get_json()
    assert record["record_id"] == unstored["record_id"]
    assert record["effects"] == unstored["effects"]
    shuffled = {"observations": OWN[::-1], "events": OWN_EVENTS[::-1], "store": True}
    assert client.post("/v1/interventions", json=shuffled).status_code == 200
    assert [row["event_id"] for row in record["effects"]] == ["ban", "later"], "canonical order"


def test_a_catalogue_question_can_be_asked_without_storing_it(client: FlaskClient) -> None:
    answer = client.post("/v1/breaks", json={"series": ANNUAL, "store": False})
    assert answer.status_code == 200
    assert answer.get_json()["stored"] is False
    assert client.get("/v1/estimates").get_json()["estimates"] == []


def test_get_says_that_a_question_is_stored(client: FlaskClient) -> None:
    address = f"/v1/attributions?series={QUICK}&from=2010&to=2014"
    assert client.get(address).get_json()["stored"] is False
    record = client.post("/v1/attributions", json=QUESTIONS["attributions"]).get_json()
    assert client.get(address).get_json() == record


def test_a_record_is_kept_by_caches_for_so_short_that_a_withdrawal_reaches_them(client: FlaskClient) -> None:
    record = client.post("/v1/breaks", json={"series": ANNUAL}).get_json()
    shown = client.get(record["url"])
    for form in ("", ".json", ".csv", ".bib", ".html"):
        control = client.get(f"{record['url']}{form}").headers["Cache-Control"]
        assert "immutable" not in control, form
        assert control == "no-cache" or re.fullmatch(r"public, max-age=60, must-revalidate", control), form
    assert client.get(f"{record['url']}.json").data == shown.data
    again = client.get(record["url"], headers={"If-None-Match": shown.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("kind", QUESTIONS)
def test_a_record_verifies_as_identical(client: FlaskClient, kind: str) -> None:
    record = client.post(f"/v1/{kind}", json=QUESTIONS[kind]).get_json()
    found = client.get(f"{record['url']}/verify").get_json()
    assert (found["verdict"], found["reasons"], found["differences"]) == ("identical", [], [])


def test_a_verification_remembers_no_earlier_answer(client: FlaskClient, monkeypatch) -> None:
    record = client.post("/v1/attributions", json=QUESTIONS["attributions"]).get_json()
    forgotten: list[bool] = []
    monkeypatch.setattr(tasks, "forget", lambda: forgotten.append(True))
    assert client.get(f"{record['url']}/verify").get_json()["verdict"] == "identical"
    assert forgotten == [True]


def test_own_data_verify_from_the_record_alone(client: FlaskClient) -> None:
    body = {"observations": OWN, "events": OWN_EVENTS, "store": True}
    record = client.post("/v1/interventions", json=body).get_json()
    assert client.get(f"{record['url']}/verify").get_json()["verdict"] == "identical"


@pytest.mark.parametrize(
    ("nudge", "verdict"), [(1 + 1e-11, "equal"), (1 + 1e-6, "differs"), (0.0, "differs")]
)
def test_verification_tells_noise_from_another_answer(
    client: FlaskClient, monkeypatch, nudge: float, verdict: str
) -> None:
    record = client.post("/v1/attributions", json=QUESTIONS["attributions"]).get_json()
    pool = client.application.extensions["pool"]
    real = pool.compute

    def nudged(question, caller, **how):
        computed = real(question, caller, **how)
        computed.answer["contributions"][0]["estimate"] *= nudge
        return computed

    monkeypatch.setattr(pool, "compute", nudged)
    found = client.get(f"{record['url']}/verify").get_json()
    assert found["verdict"] == verdict
    if verdict == "differs":
        assert found["differences"][0]["pointer"] == "/contributions/0/estimate"
        assert found["reasons"]


def test_another_engine_makes_a_new_record_that_names_the_old_one(client: FlaskClient, monkeypatch) -> None:
    old = client.post("/v1/breaks", json={"series": ANNUAL}).get_json()
    monkeypatch.setattr("service.questions.ENGINE", ENGINE + 1)
    client.application.extensions["answers"].forget()
    new = client.post("/v1/breaks", json={"series": ANNUAL})
    assert new.status_code == 201
    assert new.get_json()["record"]["supersedes"] == old["record_id"]
    assert client.get(old["url"]).get_json()["record"]["engine"] == ENGINE, "the old one stays"
    found = client.get(f"{old['url']}/verify").get_json()
    assert f"engine {ENGINE}, this is engine {ENGINE + 1}" in found["reasons"][0]


def test_what_is_stored_is_canonical_json_with_twelve_digits(client: FlaskClient) -> None:
    record = client.post("/v1/attributions", json=QUESTIONS["attributions"]).get_json()
    stored = client.application.extensions["answers"].store.get(record["record_id"])
    assert stored.answer == canonical_json(json.loads(stored.answer))
    assert stored.inputs == canonical_json(json.loads(stored.inputs))


def test_records_are_listed_page_by_page(client: FlaskClient) -> None:
    ids = [
        client.post("/v1/breaks", json={"series": ANNUAL, "options": {"max_breaks": k}}).get_json()[
            "record_id"
        ]
        for k in (1, 2, 3)
    ]
    first = client.get("/v1/estimates?limit=2").get_json()
    assert [row["id"] for row in first["estimates"]] == ids[:2]
    second = client.get(f"/v1/estimates?limit=2&cursor={first['next']}").get_json()
    assert [row["id"] for row in second["estimates"]] == ids[2:]
    assert second["next"] is None


@pytest.mark.parametrize("cursor", ["x", "AAAA", "%FF", "é", "MjAyNg"])
def test_a_cursor_of_nobody_is_refused(client: FlaskClient, cursor: str) -> None:
    response = client.get(f"/v1/estimates?cursor={cursor}")
    assert response.status_code == 400
    assert response.get_json()["pointer"] == "/cursor"


@pytest.mark.parametrize(
    "name", ["0" * 32, "x", "..", "%00", "0" * 32 + ".nothing", "'; drop table estimates"]
)
def test_what_is_not_stored_is_404(client: FlaskClient, name: str) -> None:
    assert client.get(f"/v1/estimates/{name}").status_code == 404


def test_a_withdrawn_record_answers_410_with_date_and_reason_and_stays(tmp_path) -> None:
    token, hashed = new_token()
    app = application(tmp_path, admin_token_sha256=hashed)
    client = app.test_client()
    record = client.post("/v1/breaks", json={"series": ANNUAL}).get_json()
    address = f"{record['url']}/withdrawal"
    assert client.post(address, json={"reason": "x"}).status_code == 401
    wrong = {"Authorization": f"Bearer {token}x"}
    assert client.post(address, json={"reason": "x"}, headers=wrong).status_code == 401
    right = {"Authorization": f"Bearer {token}"}
    done = client.post(address, json={"reason": "The source was wrong"}, headers=right)
    assert done.status_code == 201
    for gone in (record["url"], f"{record['url']}.json", f"{record['url']}/verify"):
        response = client.get(gone)
        assert response.status_code == 410
        detail = response.get_json()["detail"]
        assert "The source was wrong" in detail
        assert done.get_json()["withdrawn_at"][:10] in detail
    assert client.post("/v1/breaks", json={"series": ANNUAL}).status_code == 410
    assert client.post(address, json={"reason": "twice"}, headers=right).status_code == 422
    assert app.extensions["answers"].store.find(record["record_id"]), "the row stays"
    assert client.get("/v1/estimates").get_json()["estimates"] == []


def test_nobody_withdraws_where_there_is_no_administrator(client: FlaskClient) -> None:
    record = client.post("/v1/breaks", json={"series": ANNUAL}).get_json()
    response = client.post(f"{record['url']}/withdrawal", json={"reason": "x"})
    assert response.status_code == 403


def test_publishing_may_need_a_token_and_reading_never_does(tmp_path) -> None:
    token, hashed = new_token()
    client = application(tmp_path, publish_token_sha256=hashed).test_client()
    refused = client.post("/v1/breaks", json={"series": ANNUAL})
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    record = client.post("/v1/breaks", json={"series": ANNUAL}, headers={"Authorization": f"Bearer {token}"})
    assert record.status_code == 201
    assert client.get(record.get_json()["url"]).status_code == 200
    assert client.post("/v1/breaks", json={"series": ANNUAL, "store": False}).status_code == 200


def test_writes_from_one_address_are_limited(tmp_path) -> None:
    client = application(tmp_path, writes_per_minute=3).test_client()
    codes = [client.post("/v1/breaks", json={"series": ANNUAL}).status_code for _ in range(5)]
    assert codes == [201, 200, 200, 429, 429]
    refused = client.post("/v1/breaks", json={"series": ANNUAL})
    assert int(refused.headers["Retry-After"]) > 0
    assert client.get("/v1/series").status_code == 200, "reads are not limited"


def test_without_a_store_answers_still_come_and_records_do_not(tmp_path) -> None:
    (tmp_path / "file").write_text("no directory")
    app = application(tmp_path, database_url=f"sqlite:///{tmp_path / 'file' / 'records.sqlite'}")
    client = app.test_client()
    assert client.get(f"/v1/breaks?series={ANNUAL}").status_code == 200
    refused = client.post("/v1/breaks", json={"series": ANNUAL})
    assert refused.status_code == 503
    assert refused.get_json()["type"] == "/docs#problem-store"
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert "cannot be created" in ready.get_json()["detail"]
