"""What one caller may do to another, or to a reader: each test is a row of the faults that were measured."""

from __future__ import annotations

import json
import threading
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from analysis.domain import Event, EventTable, TradeSeries
from analysis.domain.text import DIRECTIONS, on_terminal, readable, what_is_wrong
from analysis.errors import InputError
from analysis.reporting.charts import series_chart, to_png, to_svg
from service.app import create_app
from service.compute import Pool, tasks
from service.errors import BusyError, FailedError, GoneError
from service.guards import network, new_token
from service.places import Caller, Turns
from service.records.renderings import RENDERINGS
from service.settings import Settings
from service.store import Record, triggers
from service.validation import MOST_FIELDS

ANNUAL = "dprk.total.a"
YEARS = [{"period": str(1990 + k), "value": (100.0 if k < 16 else 60.0) + (37 * k) % 11} for k in range(30)]
BAN = {"id": "ban", "title": "Ban", "effective": "2006-01-01"}
OWN: dict[str, Any] = {"observations": YEARS, "events": [BAN]}
WINDOWS = {"from": "2003", "to": "2010"}

BAD_CHARACTERS = [
    *map(chr, range(0x20)),
    "\x7f",
    "\x85",
    "\x9b",
    "\ufffe",
    "\uffff",
    "\ufdd0",
    "\U0001fffe",
    "\u2028",
    "\u2029",
    "\ud800",
    *sorted(DIRECTIONS),
]
GOOD_TEXT = "Kaesŏng — ‘ban’ 金 🚢 e\u0301 \xa0x"


def make(tmp_path: Path, **settings: Any) -> APIFlask:
    chosen = {"workers": 0, "writes_per_minute": 10**6, **settings}
    return create_app(Settings(database_url=f"sqlite:///{tmp_path / 'records.sqlite'}", **chosen))


@pytest.fixture
def app(tmp_path: Path) -> APIFlask:
    return make(tmp_path)


@pytest.fixture
def client(app: APIFlask) -> FlaskClient:
    return app.test_client()


# --- text ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("character", BAD_CHARACTERS, ids=lambda c: f"U+{ord(c):04X}")
def test_a_character_that_nobody_can_read_is_refused_where_it_enters(
    client: FlaskClient, character: str
) -> None:
    title = f"B{character}n"
    field = ("id", "title", "group")[ord(character) % 3]
    body = {**OWN, "events": [{**BAN, field: title}]}
    refused = client.post("/v1/interventions", data=json.dumps(body), content_type="application/json")
    assert refused.status_code == 422, refused.text
    assert refused.get_json()["pointer"] == f"/events/0/{field}"
    assert f"U+{ord(character):04X}" in refused.get_json()["detail"]
    with pytest.raises(InputError, match=f"U\\+{ord(character):04X}"):
        EventTable.from_rows([{**BAN, "title": title}])


@pytest.mark.parametrize("character", BAD_CHARACTERS, ids=lambda c: f"U+{ord(c):04X}")
def test_what_is_drawn_or_printed_is_cleaned_again(character: str) -> None:
    shown = readable(f"B{character}n{GOOD_TEXT}")
    assert character not in shown or character == " "
    assert what_is_wrong(shown) is None
    assert shown.endswith(GOOD_TEXT)
    assert all(c not in on_terminal(f"a\n\x1b[31m{character}b") for c in ("\x1b", "\x9b"))


def test_no_title_ends_the_process_that_draws() -> None:
    bad = "".join(BAD_CHARACTERS)
    series = TradeSeries.from_values(
        [row["period"] for row in YEARS], [row["value"] for row in YEARS], title=bad
    )
    chart = series_chart(series, events=EventTable((Event("e", f"A{bad}B", date(2006, 1, 1)),)))
    assert "\ufffd" in to_svg(chart)
    assert to_png(chart).startswith(b"\x89PNG")


def test_text_that_people_write_goes_through(client: FlaskClient) -> None:
    body = {**OWN, "events": [{**BAN, "title": GOOD_TEXT}]}
    assert client.post("/v1/interventions", json=body).status_code == 200


@pytest.mark.parametrize(
    "address", ["/v1/series/x?vintage=%00", "/explore?series=a%1Bb", "/v1/breaks?series=%E2%80%A8"]
)
def test_an_address_holds_no_such_character_either(client: FlaskClient, address: str) -> None:
    assert client.get(address).status_code in (400, 404, 422)


def test_a_record_with_such_a_title_is_drawn_all_the_same(app: APIFlask, client: FlaskClient) -> None:
    """An older version stored it."""
    record = client.post("/v1/attributions", json={**OWN, **WINDOWS, "store": True}).get_json()
    store = app.extensions["answers"].store
    kept = store.get(record["record_id"])
    row = {**vars(kept)}
    row.pop("document", None)
    poisoned = Record(**{**row, "answer": kept.answer.replace("Ban", "B\\u0000\\ufffen")})
    for rendering in RENDERINGS:
        assert rendering.render(poisoned, "http://127.0.0.1"), rendering.suffix


# --- bodies ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "{" + ",".join(f'"k{k}":0' for k in range(60_000)) + "}",
        "{" + ",".join(f'"k{k}":0' for k in range(60_000)) + ',"k59999":0}',
        '{"observations":[' + ",".join(["{}"] * 250_000) + "]}",
        '{"observations":[' + ",".join(['{"period":1,"value":"x","rse":9,"status":"?"}'] * 17_000) + "]}",
        '{"events":[' + ",".join(["{}"] * 250_000) + "]}",
        '{"without":[' + ",".join(["0"] * 350_000) + "]}",
        '{"controls":{"c":{' + ",".join(f'"{k}":"x"' for k in range(9_000)) + "}}}",
        '{"questions":[' + ",".join(["{}"] * 250_000) + "]}",
        "[" * 400_000,
        '{"a":' * 100_000,
        '"' + "\\u0000" * 100_000 + '"',
        '{"series":"' + "a" * 900_000 + '"}',
    ],
    ids=[
        "wide",
        "doubled",
        "empty-rows",
        "bad-rows",
        "events",
        "list",
        "control",
        "questions",
        "deep",
        "deep-objects",
        "nul",
        "long",
    ],
)
@pytest.mark.parametrize("address", ["/v1/breaks", "/v1/batches"])
def test_a_bad_body_of_a_megabyte_costs_no_more_than_a_second(
    client: FlaskClient, address: str, body: str
) -> None:
    begun = time.thread_time()
    refused = client.post(address, data=body, content_type="application/json")
    assert refused.status_code in (400, 413, 422)
    assert time.thread_time() - begun < 1.0
    assert len(refused.data) < 2_000, "one problem, not all of them"


def test_most_fields_are_more_than_a_question_needs() -> None:
    assert Settings().max_observations < MOST_FIELDS


def test_the_limit_acts_before_a_body_is_read(tmp_path) -> None:
    client = make(tmp_path, writes_per_minute=2).test_client()
    codes = [
        client.post("/v1/breaks", data=b"{", content_type="application/json").status_code for _ in range(4)
    ]
    assert codes == [400, 400, 429, 429]


def test_neighbours_of_version_6_share_a_limit() -> None:
    assert network("2001:db8::1") == network("2001:db8::ffff:2") != network("2001:db8:0:1::1")
    assert network("::ffff:192.0.2.1") == network("192.0.2.1") != network("192.0.2.2")
    assert network(None) == "unknown"


# --- other sites -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, 422),
        ({"Origin": "http://localhost"}, 422),
        ({"Origin": "https://trade.example.org"}, 422),
        ({}, 422),
    ],
)
def test_a_page_of_another_site_is_not_obeyed(tmp_path, headers: dict[str, str], status: int) -> None:
    client = make(tmp_path, public_url="https://trade.example.org").test_client()
    assert client.post("/own", data={}, headers=headers).status_code == status
    others = 403 if status == 403 else 400
    assert client.post("/cite", data={"nonsense": "1"}, headers=headers).status_code == others
    assert client.post("/report", data={"nonsense": "1"}, headers=headers).status_code == others
    if status == 403:
        assert client.delete("/v1/batches/0", headers=headers).status_code == 403
        assert client.post("/v1/breaks", json={}, headers=headers).status_code == 403


# --- every rendering, every form -------------------------------------------------------------------


def test_every_rendering_of_every_kind_on_own_data(client: FlaskClient) -> None:
    bodies: dict[str, list[dict[str, Any]]] = {
        "attributions": [
            {**OWN, **WINDOWS, "options": {"evidence": level}} for level in ("none", "basic", "full")
        ],
        "interventions": [OWN],
        "breaks": [OWN],
    }
    for kind, asked in bodies.items():
        for body in asked:
            record = client.post(f"/v1/{kind}", json={**body, "store": True}).get_json()
            for suffix in ("json", "html", *(rendering.suffix for rendering in RENDERINGS)):
                found = client.get(f"{record['url']}.{suffix}")
                assert found.status_code == 200, (kind, body.get("options"), suffix, found.text[:300])
                assert found.data


def daily(count: int) -> str:
    first = date(2018, 1, 1)
    return "\n".join(f"{first + timedelta(k)},{100 + k % 7 - (30 if k > 150 else 0)}" for k in range(count))


ANNUAL_CSV = "period,value\n" + "\n".join(f"{row['period']},{row['value']}" for row in YEARS)
FORM = {"csv": ANNUAL_CSV, "events": "id,title,effective\nban,Ban,2006-01-01", **WINDOWS}


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({}, 200),
        (
            {
                "csv": f"period,value\n{daily(300)}",
                "events": "id,title,effective\nban,Ban,2018-06-01",
                "from": "2018-02",
                "to": "2018-09",
            },
            200,
        ),
        ({"scale": "x"}, 422),
        ({"csv": ",,,\n,,,"}, 422),
        ({"csv": ";"}, 422),
        ({"csv": "\u2028"}, 422),
        ({"csv": f"{ANNUAL_CSV}\u2028"}, 422),
        ({"csv": f"\u2028{ANNUAL_CSV}"}, 422),
        ({"csv": "period,value\n2010,\x001"}, 422),
        ({"events": "id,title,effective\nban,B\u2028n,2006-01-01"}, 422),
        ({"title": "a\u2028\x1bb", "unit": "\u202ex"}, 200),
        ({"to": "2" * 40}, 422),
    ],
)
def test_the_form_answers_or_says_which_field(client: FlaskClient, form: dict[str, str], status: int) -> None:
    found = client.post("/own", data={**FORM, **form})
    assert found.status_code == status, found.text[:500]
    if "from" in form:
        assert "a day" in found.text
        assert "your unit a year" not in found.text


# --- numbers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", [[1e250], [1e-300, 1e300], [1e16], [-1e300], [1e-13]])
def test_a_number_out_of_range_is_refused_with_the_true_reason(client: FlaskClient, values) -> None:
    rows = [{**row, "value": values[k % len(values)]} for k, row in enumerate(YEARS)]
    for kind in ("breaks", "interventions"):
        refused = client.post(f"/v1/{kind}", json={**OWN, "observations": rows})
        assert refused.status_code == 422
        assert "between 1e-12 and 1e+15" in refused.get_json()["detail"]
    controls = {"x": {row["period"]: 1e300 * (k + 1) for k, row in enumerate(YEARS)}}
    refused = client.post("/v1/interventions", json={**OWN, "controls": controls})
    assert refused.status_code == 422


@pytest.mark.parametrize("factor", [1e-12, 1e-9, 1e12])
def test_small_and_large_numbers_within_the_range_are_computed(client: FlaskClient, factor: float) -> None:
    rows = [{**row, "value": row["value"] * factor} for row in YEARS]
    plain = client.post("/v1/interventions", json=OWN).get_json()["effects"][0]
    scaled = client.post("/v1/interventions", json={**OWN, "observations": rows})
    assert scaled.status_code == 200, scaled.text
    assert scaled.get_json()["effects"][0]["log_effect"] == pytest.approx(plain["log_effect"], rel=1e-6)


# --- computing -------------------------------------------------------------------------------------


def _fail(_: str) -> str:
    return tasks.guarded(lambda: {}[""])


def _die(_: str) -> str:
    import os

    os.abort()


def _sleep(seconds: str) -> str:
    time.sleep(float(seconds))
    return "{}"


def test_an_unexpected_error_is_one_answer_500_and_the_process_lives(caplog) -> None:
    pool = Pool(size=1, seconds=60, niceness=0)
    try:
        with pytest.raises(FailedError):
            pool.draw(_fail, "")
        assert "KeyError" in caplog.text
        with pytest.raises(FailedError, match="lost twice"):
            pool.work(_die, "")
        assert pool.work(_sleep, "0") == "{}", "the next one is served"
        gone_at = time.monotonic() + 0.5
        begun = time.monotonic()
        with pytest.raises(GoneError):
            pool.work(_sleep, "50", caller=Caller("a", lambda: time.monotonic() > gone_at))
        assert pool.work(_sleep, "0") == "{}"
        assert time.monotonic() - begun < 30, "nobody waits for the work of a caller that is gone"
    finally:
        pool.close()


def test_addresses_take_turns() -> None:
    turns = Turns(1)
    order: list[str] = []
    waiting: list[threading.Thread] = []

    def ask(address: str) -> None:
        with turns.one(Caller(address), 30):
            order.append(address)

    with turns.one(Caller("greedy"), 1):
        for number, address in enumerate(["greedy"] * 4 + ["b", "c"], start=1):
            waiting.append(threading.Thread(target=ask, args=(address,)))
            waiting[-1].start()
            while turns.waiting < number:
                time.sleep(0.001)
    for thread in waiting:
        thread.join()
    assert set(order[:2]) == {"b", "c"}, "those who came later, from other addresses, are not last"
    assert order[2:] == ["greedy"] * 4


def test_one_address_never_has_every_process() -> None:
    turns = Turns(2)
    with turns.one(Caller("a"), 1):
        with pytest.raises(BusyError, match="not your turn"), turns.one(Caller("a"), 0.1):
            pass
        with turns.one(Caller("b"), 0.1) as number:
            assert number in (0, 1)
        gone = Caller("a", lambda: True)
        with pytest.raises(GoneError), turns.one(gone, 5):
            pass
    assert (turns.waiting, turns.busy) == (0, 0)


def test_the_cost_of_a_question_is_bounded_before_it_begins(client: FlaskClient) -> None:
    days = [{"period": f"{date(2000, 1, 1) + timedelta(k)}", "value": 1.0 + k % 5} for k in range(4_000)]
    events = [{"id": f"e{k}", "title": "E", "effective": f"2001-{1 + k % 12:02}-01"} for k in range(20)]
    body = {"observations": days, "events": events, "from": "2000", "to": "2005"}
    begun = time.monotonic()
    refused = client.post("/v1/attributions", json={**body, "options": {"evidence": "full"}})
    assert time.monotonic() - begun < 5
    assert refused.status_code == 422
    assert "4000 × 21 × 20" in refused.get_json()["detail"]


# --- records ---------------------------------------------------------------------------------------


def test_a_damaged_record_is_named_and_the_rest_is_listed(tmp_path) -> None:
    from sqlalchemy import text

    app = make(tmp_path)
    client = app.test_client()
    ids = [
        client.post("/v1/breaks", json={"series": ANNUAL, "options": {"max_breaks": k}}).get_json()[
            "record_id"
        ]
        for k in (1, 2, 3)
    ]
    store = app.extensions["answers"].store
    with store.database.writing() as connection:
        triggers.drop(connection, "estimates")
        connection.execute(text("UPDATE estimates SET created_at = '2001' WHERE id = :id"), {"id": ids[1]})
        triggers.create(connection, "estimates")
    app.extensions["readcache"].forget()
    listed = client.get("/v1/estimates").get_json()
    assert [row["id"] for row in listed["estimates"]] == [ids[0], ids[2]]
    assert listed["damaged"] == [ids[1]]
    assert client.get(f"/v1/estimates/{ids[1]}").status_code == 503
    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()["damaged"]) == (200, [ids[1]])
    assert "tradebreaks_records_damaged 1.0" in client.get("/metrics").text


def test_without_a_public_address_a_citation_gives_what_identifies_the_record(tmp_path) -> None:
    client = make(tmp_path).test_client()
    record = client.post("/v1/breaks", json={"series": ANNUAL}).get_json()
    digest = record["record"]["digests"]["data"][:12]
    for form in ("bib", "ris", "csl.json", "html", "report.html"):
        text = client.get(f"{record['url']}.{form}").text
        assert f"tradebreaks verify {record['record_id']}" in text, form
        assert digest in text, form
        assert "http://127.0.0.1" not in text, form
        assert "UR  -" not in text, form
    page = client.get(f"{record['url']}.html").text
    assert "TRADEBREAKS_PUBLIC_URL" in page, "the page says why"
    told = make(tmp_path, public_url="https://trade.example.org").test_client()
    for form in ("bib", "ris", "csl.json", "html"):
        assert f"https://trade.example.org{record['url']}" in told.get(f"{record['url']}.{form}").text, form


# --- memory, tokens --------------------------------------------------------------------------------


def test_the_read_cache_counts_bytes_and_keys_are_alike(tmp_path) -> None:
    app = make(tmp_path, cache_bytes=3_000_000)
    client, cache = app.test_client(), app.extensions["readcache"]
    for number in range(300):
        client.get("/v1/series/dprk.exports.china.m", headers={"Accept": f"application/x{number}, */*"})
    assert len(cache._kept) == 1, "what a caller accepts in words does not matter"
    for number in range(600):
        client.get(f"/v1/series?x={number}{'y' * 3000}")
    for number in range(40):
        client.get(f"/explore?series=dprk.total.a&row={number}")
    assert cache.size == sum(entry.size for entry in cache._kept.values()) <= 1_000_000


def test_wrong_tokens_are_limited_and_the_right_one_waits_too(tmp_path) -> None:
    token, hashed = new_token()
    client = make(tmp_path, admin_token_sha256=hashed, wrong_tokens_per_minute=3).test_client()
    address = f"/v1/estimates/{'0' * 32}/withdrawal"

    def withdraw(secret: str, caller: str = "192.0.2.1") -> int:
        return client.post(
            address,
            json={"reason": "x"},
            headers={"Authorization": f"Bearer {secret}"},
            environ_base={"REMOTE_ADDR": caller},
        ).status_code

    assert withdraw(token) == 404
    assert [withdraw(f"guess {k}") for k in range(4)] == [401, 401, 401, 429]
    assert withdraw(token) == 429, "who guesses does not learn that a guess was right"
    assert withdraw(token, "192.0.2.2") == 404
