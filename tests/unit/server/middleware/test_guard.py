"""Hosts, keys and sizes: requests under a hostile name or without the key are refused, others are served."""

from __future__ import annotations

import httpx
import pytest
from scripted import instantly, scripted_model

from fathom.server.app import create_app
from fathom.server.middleware.guard import too_large
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
        ({}, "evil.example@127.0.0.1", False),
        ({}, "127.0.0.1#evil", False),
        ({}, "127.0.0.1/evil", False),
        ({}, "127.0.0.1?evil", False),
        ({}, "127.0.0.1:8120,evil.example", False),
        ({}, "127.0.0.1:8000:9", False),
        ({}, "127.0.0.1:port", False),
        ({}, "localhost.:8000", True),
        ({}, "[", False),
        ({}, "", False),
        ({"allowed_hosts": "my.box, other.box"}, "my.box:8000", True),
        ({"allowed_hosts": "my.box"}, "evil.example", False),
        ({"allowed_hosts": "My.Box"}, "my.BOX", True),
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


async def test_a_body_with_too_long_a_length():
    async with client_of(max_body_bytes=1024) as client:
        answer = await client.post("/v1/completions", content=b"x" * 1025)
    assert (answer.status_code, answer.content) == (413, too_large(1024).json())


async def test_two_hosts_are_none():
    async with client_of() as client:
        answer = await client.get("/health", headers=[("host", "localhost"), ("host", "evil.example")])
    assert answer.status_code == 403
