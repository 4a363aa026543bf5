"""The application without a server: each test has one of its own, so that nothing is left by another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from service.app import create_app
from service.settings import Settings


def application(place: Path, **settings: Any) -> APIFlask:
    """Return an application that computes in this process and whose store lies in `place`.

    It is made in 30 ms; that is cheaper than a test that fails because another one ran before it.
    """
    chosen = {
        "workers": 0,
        "writes_per_minute": 1_000_000,
        "database_url": f"sqlite:///{place / 'records.sqlite'}",
        **settings,
    }
    return create_app(Settings(**chosen))


@pytest.fixture
def app(tmp_path: Path) -> Iterator[APIFlask]:
    """An application with small limits, so that a test can pass them."""
    made = application(tmp_path, max_body_bytes=20_000, max_observations=300, max_events=5)
    yield made
    made.extensions["batches"].close()


@pytest.fixture
def client(app: APIFlask) -> Iterator[FlaskClient]:
    with app.test_client() as client:
        yield client
