"""Request ids, metrics, logs, the second's memory, and what a page of another origin may do."""

from __future__ import annotations

import gzip
import json
import logging
import threading
import time
from types import SimpleNamespace

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from service import readcache
from service.telemetry import JsonLines

ADDRESS = "/v1/series/dprk.total.a"


def test_every_answer_has_a_request_id_and_a_good_one_is_kept(client: FlaskClient) -> None:
    made = client.get("/healthz").headers["X-Request-ID"]
    assert len(made) == 16
    assert client.get("/healthz", headers={"X-Request-ID": "proxy-7"}).headers["X-Request-ID"] == "proxy-7"
    for bad in ("a b", "x" * 65, 'x"', "é"):
        assert client.get("/healthz", headers={"X-Request-ID": bad}).headers["X-Request-ID"] != bad


def test_metrics_count_by_address_and_not_by_what_callers_invent(client: FlaskClient) -> None:
    for _ in range(3):
        client.get(ADDRESS)
    client.get("/v1/invented/address")
    client.open("/healthz", method="INVENTED")
    text = client.get("/metrics").text
    line = 'tradebreaks_requests_total{method="GET",route="/v1/series/<series_id>",status="200"}'
    count = float(next(x for x in text.splitlines() if x.startswith(line)).split()[-1])
    assert count == 3
    assert "invented" not in text.lower()
    assert "process_resident_memory_bytes" in text
    assert "tradebreaks_computing" in text


def test_a_request_is_one_json_line_without_a_body(client: FlaskClient, caplog) -> None:
    with caplog.at_level(logging.INFO, "tradebreaks.access"):
        client.post("/v1/breaks", json={"observations": [{"period": "2016", "value": 123456.5}]})
    line = json.loads(JsonLines().format(caplog.records[-1]))
    assert (line["method"], line["path"], line["status"]) == ("POST", "/v1/breaks", 422)
    assert line["seconds"] >= 0
    assert "123456.5" not in caplog.text


def test_a_failure_is_logged_as_one_line_with_its_traceback() -> None:
    try:
        raise RuntimeError("first\nsecond")
    except RuntimeError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, "", 0, "failed", None, (type(error), error, error.__traceback__)
        )
    text = JsonLines().format(record)
    assert "\n" not in text
    assert "RuntimeError" in json.loads(text)["traceback"]


def test_an_answer_is_remembered_for_a_second_and_a_write_empties_the_memory(
    app: APIFlask, client: FlaskClient, monkeypatch
) -> None:
    asked = []
    monkeypatch.setattr(readcache, "SECONDS", 60.0)
    app.before_request(lambda: asked.append(1))
    first = client.get(ADDRESS)
    second = client.get(ADDRESS)
    assert (second.data, second.headers["ETag"]) == (first.data, first.headers["ETag"])
    assert second.headers["Content-Security-Policy"] == first.headers["Content-Security-Policy"]
    assert len(asked) == 1
    known = client.get(ADDRESS, headers={"If-None-Match": first.headers["ETag"]})
    assert (known.status_code, known.data) == (304, b"")
    head = client.head(ADDRESS)
    assert (head.status_code, head.data) == (200, b"")
    assert len(asked) == 1
    client.post("/v1/breaks", json={})
    client.get(ADDRESS)
    assert len(asked) == 3


def test_what_is_remembered_grows_old(app: APIFlask, client: FlaskClient, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(readcache, "SECONDS", 0.05)
    app.before_request(lambda: asked.append(1))
    client.get(f"{ADDRESS}?vintage=revised")
    time.sleep(0.06)
    client.get(f"{ADDRESS}?vintage=revised")
    assert len(asked) == 2


def test_one_caller_renews_what_is_old_and_the_others_do_not_wait(app: APIFlask, monkeypatch) -> None:
    asked, inside, may_end = [], threading.Event(), threading.Event()

    def slow() -> None:
        asked.append(1)
        if len(asked) == 2:
            inside.set()
            assert may_end.wait(10)

    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(readcache, "time", SimpleNamespace(monotonic=lambda: clock.now))
    app.before_request(slow)
    first = app.test_client().get(ADDRESS)
    clock.now += 1.01 * readcache.SECONDS
    renewing = threading.Thread(target=lambda: app.test_client().get(ADDRESS))
    renewing.start()
    try:
        assert inside.wait(10)
        assert app.test_client().get(ADDRESS).data == first.data
        assert len(asked) == 2, "the second caller asked too"
        clock.now += readcache.SECONDS
        app.test_client().get(ADDRESS)
        assert len(asked) == 3, "an answer was sent that is older than twice the limit"
    finally:
        may_end.set()
        renewing.join()


def test_many_who_ask_for_the_same_at_once_share_one_answer(app: APIFlask, monkeypatch) -> None:
    monkeypatch.setattr(readcache, "AWAITED_SECONDS", 30.0)
    asked, together = [], threading.Barrier(6)

    def slow() -> None:
        asked.append(1)
        time.sleep(0.05)

    def read() -> None:
        together.wait(10)
        bodies.append(app.test_client().get(ADDRESS).data)

    bodies: list[bytes] = []
    app.before_request(slow)
    readers = [threading.Thread(target=read) for _ in range(6)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert len(bodies) == 6
    assert len(set(bodies)) == 1
    assert len(asked) == 1


def test_an_answer_that_a_write_overtook_is_not_remembered(app: APIFlask) -> None:
    asked = []

    def overtaken() -> None:
        asked.append(1)
        app.extensions["readcache"].forget()

    app.before_request(overtaken)
    app.test_client().get(ADDRESS)
    app.test_client().get(ADDRESS)
    assert len(asked) == 2


def test_a_page_has_an_etag_for_each_encoding(client: FlaskClient) -> None:
    plain = client.get("/methods")
    packed = client.get("/methods", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len({plain.headers["ETag"], packed.headers["ETag"]}) == 2
    for page in (plain, packed):
        encoding = {"Accept-Encoding": page.headers.get("Content-Encoding", "identity")}
        known = client.get("/methods", headers={"If-None-Match": page.headers["ETag"], **encoding})
        assert (known.status_code, known.data) == (304, b"")
        assert known.headers["Content-Security-Policy"]


def test_errors_and_health_are_never_remembered(client: FlaskClient, monkeypatch) -> None:
    monkeypatch.setattr(readcache, "SECONDS", 60.0)
    assert client.get("/v1/series/none").headers["X-Request-ID"]
    cache = client.application.wsgi_app._application
    assert not {key[0] for key in cache._kept} & {"/v1/series/none", "/healthz", "/readyz", "/metrics"}


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_pages_of_others_may_read(client: FlaskClient, method: str) -> None:
    assert client.open(ADDRESS, method=method).headers["Access-Control-Allow-Origin"] == "*"


def test_pages_of_others_may_not_write(client: FlaskClient) -> None:
    assert "Access-Control-Allow-Origin" not in client.post("/v1/breaks", json={}).headers
    preflight = client.options("/v1/breaks", headers={"Access-Control-Request-Method": "POST"})
    assert "POST" not in preflight.headers["Access-Control-Allow-Methods"]


def test_an_address_beyond_the_limit_is_a_problem(client: FlaskClient) -> None:
    response = client.get(f"/v1/series?x={'y' * 4000}")
    assert response.status_code == 414
    assert response.get_json()["type"] == "/docs#problem-address-too-long"
