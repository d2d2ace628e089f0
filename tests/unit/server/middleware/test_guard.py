"""Hosts, origins, keys and sizes: requests of hostile pages are refused, others are served."""

from __future__ import annotations

import httpx
import pytest
from scripted import instantly, scripted_model

from fathom.server.app import create_app
from fathom.server.middleware.guard import host_name, origin_allowed
from fathom.server.models.runtime import Runtime
from fathom.server.settings import Settings


def client_of(**settings: object) -> httpx.AsyncClient:
    app = create_app(Settings(**settings), Runtime(instantly(scripted_model())))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000")


@pytest.mark.parametrize(
    ("settings", "host", "allowed"),
    [
        ({}, "localhost:8000", True),
        ({}, "127.0.0.1:8000", True),
        ({}, "[::1]:8000", True),
        ({}, "LOCALHOST", True),
        ({}, "evil.example", False),
        ({}, "localhost.evil.example", False),
        ({}, "127.0.0.1.evil.example:8000", False),
        ({}, "localhost@evil.example", False),
        ({}, "[", False),
        ({}, "", False),
        ({"allowed_hosts": "my.box, other.box"}, "my.box:8000", True),
        ({"allowed_hosts": "my.box"}, "evil.example", False),
        ({"allowed_hosts": "*"}, "evil.example", True),
        ({"host": "0.0.0.0"}, "my.box", True),
        ({"host": "0.0.0.0", "allowed_hosts": "my.box"}, "evil.example", False),
        ({"host": "0.0.0.0", "allowed_hosts": "my.box"}, "127.0.0.1", True),
    ],
)
async def test_hosts(settings, host, allowed):
    async with client_of(**settings) as client:
        answer = await client.get("/health", headers={"host": host})
    assert answer.status_code == (200 if allowed else 403)
    if not allowed:
        assert answer.json()["error"]["code"] == "host_not_allowed"


@pytest.mark.parametrize(
    ("settings", "origin", "allowed"),
    [
        ({}, "http://127.0.0.1:8000", True),
        ({}, "http://localhost:5173", True),
        ({}, "http://[::1]:3000", True),
        ({}, "https://evil.example", False),
        ({}, "http://localhost.evil.example", False),
        ({}, "http://127.0.0.1:8000@evil.example", False),
        ({}, "null", False),
        ({}, "file://localhost", False),
        ({}, "http://[", False),
        ({"cors_origins": "https://app.example"}, "https://app.example", True),
        ({"cors_origins": "https://app.example"}, "https://app.example.evil.example", False),
        ({"cors_origins": "*"}, "https://evil.example", True),
        ({"host": "0.0.0.0"}, "http://localhost:5173", False),
        ({"host": "0.0.0.0"}, "http://127.0.0.1:8000", True),  # its own page
    ],
)
async def test_origins(settings, origin, allowed):
    async with client_of(**settings) as client:
        answer = await client.get("/health", headers={"origin": origin})
    assert answer.status_code == (200 if allowed else 403)
    assert origin_allowed(origin, "127.0.0.1:8000", Settings(**settings)) is allowed
    if not allowed:
        assert answer.json()["error"]["code"] == "origin_not_allowed"
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(("origin", "status"), [("http://localhost:5173", 200), ("https://evil.example", 403)])
async def test_preflights(origin, status):
    headers = {"origin": origin, "access-control-request-method": "POST"}
    headers["access-control-request-headers"] = "authorization,content-type"
    async with client_of(api_key="s3cret") as client:
        answer = await client.options("/v1/chat/completions", headers=headers)
    assert answer.status_code == status
    assert answer.headers.get("access-control-allow-origin") == (origin if status == 200 else None)


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("Bearer s3cret", 200),
        ("bearer s3cret", 200),
        ("Bearer s3cre", 401),
        ("Bearer s3cret2", 401),
        ("Basic s3cret", 401),
        ("s3cret", 401),
        ("Bearer \xe9", 401),
        (None, 401),
    ],
)
async def test_keys(authorization, status):
    headers = {} if authorization is None else {"authorization": authorization.encode("latin-1")}
    app = create_app(Settings(api_key="s3cret"), runtime := Runtime(instantly(scripted_model())))
    runtime.start()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        for path in ("/v1/models", "/models"):
            answer = await client.get(path, headers=headers)
            assert answer.status_code == status, path
        assert (await client.get("/health")).status_code == 200
        assert (await client.get("/")).status_code == 200
        document = (await client.get("/openapi.json")).json()
    assert document["paths"]["/v1/models"]["get"]["security"] == [{"HTTPBearer": []}]


async def test_every_answer_carries_the_security_headers():
    async with client_of() as client:
        for path in ("/", "/health", "/v1/nothing"):
            headers = (await client.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("host", "name"), [("a.b:1", "a.b"), ("[::1]:1", "::1"), ("A", "a"), ("", ""), ("[", ""), ("x@y:2", "y")]
)
def test_host_name(host, name):
    assert host_name(host) == name
