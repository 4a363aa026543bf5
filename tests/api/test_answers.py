"""Answers on the catalogue and on a caller's own data: the contract's keys, the library's numbers."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from pydantic import BaseModel

import analysis
from analysis.domain import rounded
from service import schemas

ANNUAL = "dprk.total.a"
ATTRIBUTION = f"/v1/attributions?series={ANNUAL}&from=2014&to=2018"

OWN = [{"period": str(1990 + k), "value": (100.0 if k < 15 else 60.0) + (37 * k) % 11} for k in range(30)]
OWN_EVENTS = [{"id": "ban", "title": "Ban", "effective": "2005-01-01"}]

QUESTIONS: dict[str, tuple[type[BaseModel], dict[str, Any]]] = {
    "breaks": (schemas.BreaksOut, {}),
    "interventions": (schemas.InterventionsOut, {}),
    "attributions": (
        schemas.AttributionOut,
        {"from": "2000..2004", "to": "2005..2009", "options": {"evidence": "none"}},
    ),
}


def test_series_are_listed_and_shown(client: FlaskClient) -> None:
    listed = client.get("/v1/series").get_json()["series"]
    assert {row["id"] for row in listed} == set(analysis.catalogue.series_ids())
    shown = client.get(f"/v1/series/{ANNUAL}").get_json()
    schemas.SeriesOut.model_validate(shown)
    assert shown == rounded(analysis.series(ANNUAL).to_record())
    assert client.get(f"/v1/series/{ANNUAL}.json").get_json() == shown


def test_a_variant_and_a_vintage_have_an_address(client: FlaskClient) -> None:
    variant = f"{ANNUAL}:kaesong=excluded"
    assert client.get(f"/v1/series/{variant}").get_json()["id"] == variant
    monthly = "/v1/series/dprk.exports.china.m"
    assert client.get(f"{monthly}?vintage=revised").get_json()["vintage"] == "revised"


def test_csv_holds_every_observation_with_its_status(client: FlaskClient) -> None:
    response = client.get(f"/v1/series/{ANNUAL}.csv")
    assert response.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(response.text)))
    series = analysis.series(ANNUAL)
    assert [row["TIME_PERIOD"] for row in rows] == [str(period) for period in series.periods]
    for row, observation in zip(rows, series.observations, strict=True):
        assert row["OBS_STATUS"] == observation.status
        assert (row["OBS_VALUE"] == "") is (observation.value is None)


def test_events_are_listed_and_shown(client: FlaskClient) -> None:
    listed = client.get("/v1/events").get_json()["events"]
    assert len(listed) == 48
    design = client.get(f"/v1/events?series={ANNUAL}").get_json()["events"]
    assert [event["id"] for event in design] == list(analysis.events(series=ANNUAL).ids)
    event = client.get("/v1/events/unscr_2397").get_json()
    schemas.EventOut.model_validate(event)
    assert event["unverified"], "fields that nobody has verified are named"


@pytest.mark.parametrize("address", ["/v1/series/nothing", "/v1/events/nothing", "/v1/breaks?series=nothing"])
def test_what_the_catalogue_does_not_hold_is_404(client: FlaskClient, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 404
    assert "nothing" in response.get_json()["detail"]


@pytest.mark.parametrize("kind", QUESTIONS)
def test_own_observations_are_computed_on_and_not_stored(client: FlaskClient, kind: str) -> None:
    model, extra = QUESTIONS[kind]
    response = client.post(f"/v1/{kind}", json={"observations": OWN, "events": OWN_EVENTS, **extra})
    assert response.status_code == 200, response.text
    record = response.get_json()
    model.model_validate(record)
    assert record["stored"] is False
    assert record["url"] is None


def library(kind: str) -> dict[str, Any]:
    """Return what the library answers to the questions of `QUESTIONS` on a caller's data."""
    series = analysis.TradeSeries.from_values(
        [o["period"] for o in OWN], [o["value"] for o in OWN], id="observations"
    )
    events = analysis.EventTable.from_rows(OWN_EVENTS)
    ask: dict[str, Callable[[], Any]] = {
        "breaks": lambda: analysis.find_breaks(series, events=events),
        "interventions": lambda: analysis.fit_interventions(series, events),
        "attributions": lambda: analysis.attribute(
            series, events, start="2000..2004", end="2005..2009", evidence="none"
        ),
    }
    return rounded(ask[kind]().to_record())


@pytest.mark.parametrize("kind", QUESTIONS)
def test_the_service_adds_nothing_to_what_the_library_says(client: FlaskClient, kind: str) -> None:
    _, extra = QUESTIONS[kind]
    answer = client.post(f"/v1/{kind}", json={"observations": OWN, "events": OWN_EVENTS, **extra}).get_json()
    identity = answer.pop("record_id")
    assert len(identity) == 32, "the id that a record of it would have"
    assert answer == {k: v for k, v in json.loads(json.dumps(library(kind))).items() if k != "record_id"}


@pytest.mark.parametrize("kind", QUESTIONS)
def test_wire_models_name_only_keys_that_records_have(kind: str) -> None:
    model, _ = QUESTIONS[kind]
    wanted = {field.alias or name for name, field in model.model_fields.items()}
    assert wanted <= set(library(kind))


def test_contributions_add_up_and_a_grouped_event_has_no_row_of_its_own(client: FlaskClient) -> None:
    record = client.get(ATTRIBUTION).get_json()
    change = record["change"]["absolute"]
    total = sum(row["estimate"] for row in record["contributions"]) + record["residual"]["estimate"]
    assert total == pytest.approx(change, rel=1e-9)
    named = [name for row in record["contributions"] for name in row["event_ids"]]
    assert len(named) == len(set(named))
    grouped = {row["event_id"] for row in record["identification"] if row["group"]}
    alone = {row["event_ids"][0] for row in record["contributions"] if len(row["event_ids"]) == 1}
    assert grouped
    assert grouped.isdisjoint(alone)


def test_get_and_post_give_the_same_answer_and_it_is_computed_once(client: FlaskClient, monkeypatch) -> None:
    first = client.get(ATTRIBUTION)

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("computed a second time")

    monkeypatch.setattr("analysis.attribution.attribute", fail)
    assert client.get(ATTRIBUTION).data == first.data
    body = {"series": ANNUAL, "from": "2014", "to": "2018", "options": {"evidence": "none"}, "store": False}
    assert client.post("/v1/attributions", json=body).data == first.data


def test_a_caller_that_has_an_answer_gets_304(client: FlaskClient) -> None:
    first = client.get(f"/v1/series/{ANNUAL}")
    again = client.get(f"/v1/series/{ANNUAL}", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        ({"observations": [{**o, "value": 5.0} for o in OWN], "events": OWN_EVENTS}, 422, "cannot-estimate"),
        (
            {"observations": OWN[:6], "events": [{**OWN_EVENTS[0], "effective": "1993"}]},
            422,
            "cannot-estimate",
        ),
        ({"observations": OWN, "events": [{**OWN_EVENTS[0], "effective": "2031"}]}, 422, "bad-input"),
        ({"observations": OWN}, 422, "bad-input"),
        ({"observations": OWN, "events": OWN_EVENTS, "options": {"method": "magic"}}, 400, "usage"),
        ({"observations": OWN, "events": OWN_EVENTS, "regime": ["2031"]}, 422, "bad-input"),
        ({"observations": OWN, "events": OWN_EVENTS, "controls": {"price": {"1990": 1}}}, 422, "bad-input"),
    ],
)
def test_what_the_library_refuses_is_a_problem(client: FlaskClient, body, status, slug) -> None:
    response = client.post("/v1/interventions", json=body)
    assert response.status_code == status, response.text
    assert response.get_json()["type"] == f"/docs#problem-{slug}"


def test_ready_says_which_data_it_stands_on(client: FlaskClient) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200, response.text
    assert response.get_json()["data_digest"] == analysis.catalogue.data_digest()


def test_not_ready_on_a_damaged_data_package_but_alive(client: FlaskClient, tmp_path, monkeypatch) -> None:
    copy = shutil.copytree(Path(__file__).parents[2] / "data", tmp_path / "data")
    table = copy / "figures" / "kotra.csv"
    table.write_bytes(table.read_bytes().replace(b"1", b"2", 1))
    monkeypatch.setenv("TRADEBREAKS_DATA", str(copy))
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.get_json()["type"] == "/docs#problem-data-package"
    assert "kotra.csv" in response.get_json()["detail"]
    assert client.get("/healthz").status_code == 200


def test_concurrent_callers_wait_for_one_computation(app: APIFlask) -> None:
    import threading
    import time

    answers, computed, seen = app.extensions["answers"], [], []

    def compute() -> dict[str, Any]:
        computed.append(1)
        time.sleep(0.1)
        return {"n": len(computed)}

    threads = [
        threading.Thread(target=lambda: seen.append(answers.once("test", compute).record)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [{"n": 1}] * 8
