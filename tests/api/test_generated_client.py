"""A client that nobody here wrote: openapi-python-client makes it from the document."""

from __future__ import annotations

import importlib
import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.guards import new_token
from tests.api.conftest import application

ROOT = Path(__file__).parents[2]
PACKAGE = "tradebreaks_client"
ANNUAL = "dprk.total.a"
HOST = "http://testserver"


class Generated:
    """The generated package, and clients of it that talk to the application without a network."""

    def __init__(self, app: Any, token: str) -> None:
        self._app = app
        self.token = token

    def part(self, name: str) -> Any:
        """Return a module of the package."""
        return importlib.import_module(f"{PACKAGE}.{name}")

    def model(self, name: str) -> Any:
        """Return a model of the package."""
        return getattr(self.part("models"), name)

    def call(self, operation: str, *values: Any, token: str = "", **named: Any) -> Any:
        """Call an operation (`tag.name`) and return its parsed answer with status and bytes."""
        package = self.part("client")
        transport = httpx.WSGITransport(app=self._app)
        with httpx.Client(base_url=HOST, transport=transport) as connection:
            if token:
                connection.headers["Authorization"] = f"Bearer {token}"
            client = package.Client(base_url=HOST).set_httpx_client(connection)
            return self.part(f"api.{operation}").sync_detailed(*values, client=client, **named)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The generated package on the path; it is code and keeps nothing of a call."""
    place = tmp_path_factory.mktemp("client")
    app = application(place, admin_token_sha256=new_token()[1])
    (place / "openapi.json").write_bytes(app.test_client().get("/openapi.json").data)
    done = subprocess.run(
        [
            *(str(Path(sys.executable).parent / "openapi-python-client"), "generate"),
            *("--path", "openapi.json", "--meta", "none", "--output-path", PACKAGE),
            *("--config", str(ROOT / "docs" / "openapi-python-client.yaml"), "--fail-on-warning"),
        ],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(place))
    yield
    sys.path.remove(str(place))
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.fixture
def client(package: None, tmp_path: Path) -> Iterator[Generated]:
    token, hashed = new_token()
    app = application(tmp_path, admin_token_sha256=hashed)
    yield Generated(app, token)
    app.extensions["batches"].close()


def test_it_reads_the_catalogue(client: Generated) -> None:
    series = client.call("catalogue.get_series", ANNUAL).parsed
    assert series.frequency == "A"
    assert {o.period for o in series.observations} >= {"2014", "2018"}
    assert ANNUAL in {item["id"] for item in client.call("catalogue.list_series").parsed.series}
    events = client.call("catalogue.list_events", series=ANNUAL).parsed.events
    assert "covid_border_closure" in {event.id for event in events}
    assert "TIME_PERIOD" in client.call("catalogue.get_series_csv", ANNUAL).parsed.splitlines()[0]


def test_it_asks_and_gets_what_the_library_answers(client: Generated) -> None:
    from analysis import attribute, find_breaks, series

    breaks = client.call("breaks.get_breaks", series=ANNUAL).parsed
    assert [b["period"] for b in breaks.breaks] == [
        b["period"] for b in find_breaks(series(ANNUAL)).to_record()["breaks"]
    ]
    change = client.call("attributions.get_attribution", series=ANNUAL, from_="2014", to="2018").parsed.change
    assert change.absolute == pytest.approx(
        attribute(series(ANNUAL), start="2014", end="2018", evidence="none").to_record()["change"][
            "absolute"
        ],
        rel=1e-11,
    )


def test_it_stores_a_record_reads_it_in_every_form_and_verifies_it(client: Generated) -> None:
    body = client.model("AttributionRequest").from_dict(
        {"series": ANNUAL, "from": "2014", "to": "2018", "options": {"evidence": "none"}}
    )
    first = client.call("attributions.post_attribution", body=body)
    assert first.status_code == 201
    again = client.call("attributions.post_attribution", body=body)
    assert again.status_code == 200
    name = first.parsed.record_id
    assert again.parsed.record_id == name
    assert client.call("estimates.get_estimate", name).parsed.to_dict() == first.parsed.to_dict()
    assert client.call("estimates.verify_estimate", name).parsed.verdict == "identical"
    assert name in {e.id for e in client.call("estimates.list_estimates", limit=100).parsed.estimates}
    forms = {
        suffix: client.call(f"estimates.get_estimate_{suffix}", name).parsed
        for suffix in ("csv", "bib", "ris", "svg", "csl_json", "png", "pdf", "xlsx", "dta")
    }
    assert forms["bib"].startswith("@")
    assert name in forms["csl_json"][0]["note"]
    for suffix, start in (("png", b"\x89PNG"), ("pdf", b"%PDF"), ("xlsx", b"PK")):
        assert isinstance(forms[suffix].payload, io.BytesIO)
        assert forms[suffix].payload.read(4).startswith(start)


def test_own_data_are_answered_and_not_stored(client: Generated) -> None:
    values = [(100.0 if k < 15 else 60.0) + (37 * k) % 11 for k in range(30)]
    body = client.model("InterventionsRequest").from_dict(
        {
            "observations": [{"period": str(1990 + k), "value": value} for k, value in enumerate(values)],
            "events": [{"id": "ban", "title": "Ban", "effective": "2005-01-01"}],
        }
    )
    answer = client.call("interventions.post_interventions", body=body)
    assert answer.status_code == 200
    assert answer.parsed.stored is False
    (effect,) = answer.parsed.effects
    assert effect["upper"] < 0


def test_a_problem_is_a_problem(client: Generated) -> None:
    refused = client.call("breaks.get_breaks", series="nothing")
    assert refused.status_code == 404
    assert refused.parsed.type_ == "/docs#problem-not-found"
    body = client.model("BreaksRequest").from_dict({"observations": [{"period": "2016-13", "value": 1.0}]})
    assert client.call("breaks.post_breaks", body=body).parsed.pointer == "/observations"


def test_a_batch_is_sent_watched_and_cancelled(client: Generated) -> None:
    body = client.model("BatchRequest").from_dict(
        {"questions": [{"kind": "breaks", "question": {"series": ANNUAL}} for _ in range(3)]}
    )
    sent = client.call("batches.post_batch", body=body)
    assert sent.status_code == 202
    assert client.call("batches.get_batch", sent.parsed.id).parsed.total == 3
    assert client.call("batches.cancel_batch", sent.parsed.id).parsed.state in ("cancelled", "done")


def test_an_administrator_withdraws_a_record(client: Generated) -> None:
    body = client.model("BreaksRequest").from_dict({"series": "interkorean.total.a"})
    name = client.call("breaks.post_breaks", body=body).parsed.record_id
    reason = client.model("WithdrawalRequest").from_dict({"reason": "a test"})
    assert client.call("estimates.withdraw_estimate", name, body=reason).status_code == 401
    assert (
        client.call("estimates.withdraw_estimate", name, body=reason, token=client.token).status_code == 201
    )
    gone = client.call("estimates.get_estimate", name)
    assert gone.status_code == 410
    assert "a test" in gone.parsed.detail
