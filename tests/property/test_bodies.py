"""Bodies, a hundred here and 12,000 in `make fuzz`: one problem each, no failure of ours, no process lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from service.app import create_app
from service.settings import Settings
from tests.property.parsed import BODIES, bodies, characters

REFUSED = (400, 403, 404, 413, 415, 422)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    settings = Settings(
        workers=0,
        max_body_bytes=400_000,
        max_observations=20,
        max_events=3,
        writes_per_minute=10**9,
        database_url=f"sqlite:///{tmp_path_factory.mktemp('store') / 'records.sqlite'}",
    )
    return create_app(settings).test_client()


@given(
    st.sampled_from(sorted(BODIES)).flatmap(
        lambda address: st.tuples(st.just(address), bodies(BODIES[address]))
    )
)
def test_a_bad_body_is_one_problem(client: FlaskClient, case: tuple[str, bytes]) -> None:
    address, body = case
    response = client.post(address, data=body, content_type="application/json")
    assert response.status_code in REFUSED, (response.status_code, response.text)
    assert response.mimetype == "application/problem+json"
    problem = json.loads(response.data)
    assert problem["status"] == response.status_code
    assert problem["detail"]
    assert problem.get("pointer", "") == "" or problem["pointer"].startswith("/")
    for trace in ("Traceback", 'File "', "site-packages", "sqlalchemy", "SELECT "):
        assert trace not in problem["detail"]


numbers = st.one_of(
    st.floats(1.0, 200.0),
    st.sampled_from([0.0, -0.0, 1e-12, 1e15, -1e15, 1e-300, 1e250, -1e250, 5e-324, 9e-13, 1.1e15, 1e14]),
    st.none(),
)
titles = st.one_of(
    st.text(characters, min_size=1, max_size=8), st.text(min_size=1, max_size=8), st.just("Ban")
)


@pytest.fixture(scope="module")
def computing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """A service with a process that computes and one that draws."""
    app = create_app(
        Settings(
            workers=1,
            writes_per_minute=10**9,
            database_url=f"sqlite:///{tmp_path_factory.mktemp('store') / 'records.sqlite'}",
        )
    )
    yield app.test_client()
    app.extensions["pool"].close()
    app.extensions["drawing"].close()


def processes(client: FlaskClient) -> set[int]:
    """Return the ids of the processes that work for the service."""
    found: set[int] = set()
    for name in ("pool", "drawing"):
        for process in client.application.extensions[name]._processes:
            found |= set(process._pool_manager.worker_manager.workers) if process is not None else set()
    return found


@settings(max_examples=settings.default.max_examples // 5)
@given(
    st.lists(numbers, min_size=8, max_size=14),
    titles,
    st.sampled_from(["breaks", "interventions", "attributions"]),
    st.sampled_from(["log", "level"]),
)
def test_no_number_and_no_title_costs_a_process(
    computing: FlaskClient, values: list[float | None], title: str, kind: str, scale: str
) -> None:
    body: dict[str, Any] = {
        "observations": [{"period": str(2000 + k), "value": value} for k, value in enumerate(values)],
        "events": [{"id": "e", "title": title, "effective": "2004-01-01"}],
        "options": {"scale": scale},
    }
    if kind == "attributions":
        body |= {"from": "2002", "to": "2006", "store": True}
    before = processes(computing)
    response = computing.post(f"/v1/{kind}", data=json.dumps(body), content_type="application/json")
    assert response.status_code in (200, 201, 422), response.text
    if response.status_code in (200, 201) and kind == "attributions":
        assert computing.get(f"{response.get_json()['url']}.svg").status_code == 200
    assert before <= processes(computing), "a process was lost"
