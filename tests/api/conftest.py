"""A client of the application, without a server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from service.app import create_app
from service.settings import Settings


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> APIFlask:
    """The application with small limits, so that a test can pass them, computing in its own process."""
    return create_app(
        Settings(
            max_body_bytes=20_000,
            max_observations=300,
            max_events=5,
            workers=0,
            writes_per_minute=100_000,
            database_url=f"sqlite:///{tmp_path_factory.mktemp('store') / 'records.sqlite'}",
        )
    )


@pytest.fixture
def client(app: APIFlask) -> Iterator[FlaskClient]:
    """A client whose first question is answered anew: what earlier tests asked is forgotten."""
    app.extensions["readcache"].forget()
    with app.test_client() as client:
        yield client
