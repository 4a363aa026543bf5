"""Requests that Schemathesis derives from the OpenAPI document, the same every time, with all its checks."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished
from schemathesis.schemas import BaseSchema

from service.guards import new_token
from tests.api.conftest import application

ANNUAL = "dprk.total.a"
QUESTIONS: dict[str, dict[str, Any]] = {
    "breaks": {"series": ANNUAL},
    "interventions": {"series": ANNUAL},
    "attributions": {"series": ANNUAL, "from": "2014", "to": "2018", "options": {"evidence": "none"}},
}

REFUSED_IN_WORDS = ["2xx", "400", "401", "404", "413", "422"]
"""What a request that fits the document may get: a schema cannot say that a window lies in the sample."""

REFUSED = ["400", "401", "404", "405", "413", "414", "415", "422"]
"""What a request that does not fit it must get; 414 where its address is longer than the service reads."""

LEAST_REQUESTS = 1_000
"""Fewer requests would mean that the document, or what is made of it, has shrunk."""

SERIES = [ANNUAL, "interkorean.total.a", "dprk.total.a:kaesong=excluded"]
WINDOWS = ["2014", "2016..2017", "2018"]


def configuration(records: list[str], examples: int) -> SchemathesisConfig:
    """Return fixed choices, with values that exist mixed in, so that more than the refusals is reached."""
    known = {
        "series": SERIES,
        "windows": WINDOWS,
        "events": ["unscr_2371", "kic_closure_2016"],
        "records": records,
    }
    places = {
        "path.series_id": "series",
        "query.series": "series",
        "body.series": "series",
        "query.from": "windows",
        "query.to": "windows",
        "body.from": "windows",
        "body.to": "windows",
        "path.event_id": "events",
        "path.record_id": "records",
    }
    return SchemathesisConfig.from_dict(
        {
            "seed": 6,
            "generation": {"deterministic": True, "max-examples": examples},
            "dictionaries": {name: {"values": values} for name, values in known.items()},
            "parameters": {place: {"dictionary": name, "probability": 0.6} for place, name in places.items()},
            "checks": {
                "positive_data_acceptance": {"expected-statuses": REFUSED_IN_WORDS},
                "negative_data_rejection": {"expected-statuses": REFUSED},
            },
        }
    )


@pytest.fixture
def api(tmp_path: Path) -> BaseSchema:
    """The document of an application that holds three records and lets nobody withdraw them."""
    app = application(
        tmp_path,
        max_body_bytes=20_000,
        max_observations=60,
        max_events=4,
        admin_token_sha256=new_token()[1],
    )
    with app.test_client() as client:
        records = [client.post(f"/v1/{kind}", json=body).get_json() for kind, body in QUESTIONS.items()]
    names = [record["record_id"] for record in records]
    return schemathesis.openapi.from_wsgi("/openapi.json", app, config=configuration(names, 6))


def test_the_whole_api_keeps_to_its_document(api: BaseSchema) -> None:
    operations = {result.ok().label for result in api.get_all_operations()}
    tried: Counter[str] = Counter()
    failures: list[str] = []
    phases: set[str] = set()
    for event in from_schema(api).execute():
        assert not isinstance(event, (NonFatalError, FatalError)), event
        if isinstance(event, ScenarioFinished):
            phases.add(event.phase.value)
            tried[event.recorder.label] += len(event.recorder.interactions)
            failures += [
                f"{check.name}: {check.failure_info.failure}\n{check.failure_info.code_sample}"
                for checks in event.recorder.checks.values()
                for check in checks
                if check.failure_info is not None
            ]
    assert not failures, "\n\n".join(failures)
    assert phases == {"examples", "coverage", "fuzzing", "stateful"}
    assert set(tried) >= operations
    assert tried.total() > LEAST_REQUESTS
