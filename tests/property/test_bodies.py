"""Bad bodies, a hundred here and 12,000 in `make fuzz`: one problem each, and no failure of ours."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from service.app import create_app
from service.settings import Settings
from tests.property.parsed import BODIES, bodies

REFUSED = (400, 403, 404, 413, 415, 422)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    settings = Settings(
        workers=0,
        max_body_bytes=20_000,
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
