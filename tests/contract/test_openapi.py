"""The server against its OpenAPI document: schemathesis generates requests from it and checks the responses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from live_server import live_server
from schemathesis.specs.openapi.checks import positive_data_acceptance
from scripted import Script, instantly, scripted_model

from fathom.server.app import create_app
from fathom.server.models.runtime import Runtime
from fathom.server.settings import Settings

LOAD = instantly(scripted_model(Script("ok", step=2)))
DOCUMENT = create_app(Settings(), Runtime(LOAD)).openapi()

# parts of a request may contradict each other, and names may be unknown, which a schema cannot say
NOT_JUDGED = [positive_data_acceptance]

# the live stream has no end that a generated request could wait for: tests/unit/server/api/assistant/test_live.py
schema = schemathesis.openapi.from_dict(DOCUMENT).exclude(path="/api/live")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with live_server(LOAD, max_body_bytes=2_000_000) as server:
        yield server.url


@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_conforms(case: schemathesis.Case, url: str) -> None:
    case.call_and_validate(base_url=url, excluded_checks=NOT_JUDGED, timeout=30)


@pytest.mark.slow
@schema.parametrize()
@settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_conforms_at_length(case: schemathesis.Case, url: str) -> None:
    case.call_and_validate(base_url=url, excluded_checks=NOT_JUDGED, timeout=30)


def test_the_document_names_every_path() -> None:
    assert sorted(path for path in DOCUMENT["paths"] if not path.startswith("/api/")) == [
        "/health",
        "/health/ready",
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/models",
        "/v1/models/{model}",
    ]
    assert "/api/status" in DOCUMENT["paths"]
    chat = DOCUMENT["paths"]["/v1/chat/completions"]["post"]
    assert chat["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/ChatRequest"}
    assert set(chat["responses"]["200"]["content"]) == {"application/json", "text/event-stream"}
    assert {"400", "401", "404", "413", "415", "422", "500", "503"} <= set(chat["responses"])
