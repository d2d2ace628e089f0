"""Origins: requests of hostile pages are refused; every answer to an allowed page can be read by it."""

from __future__ import annotations

import httpx
import pytest
from starlette.responses import PlainTextResponse

from fathom.server.app import API_PATHS, create_app
from fathom.server.middleware.origin_guard import OriginGuard, origin_allowed
from fathom.server.models.runtime import Runtime
from fathom.server.settings import Settings

APP = "https://app.example"


def client_of(**settings: object) -> httpx.AsyncClient:
    """A client of the application, which has no model and is not started: routes answer without its assistant."""
    runtime = Runtime(None)
    runtime.start()
    app = create_app(Settings(**settings), runtime)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000")


@pytest.mark.parametrize(
    ("settings", "origin", "allowed"),
    [
        ({}, "http://127.0.0.1:8000", True),
        ({}, "http://localhost:5173", True),
        ({}, "http://[::1]:3000", True),
        ({}, "https://evil.example", False),
        ({}, "http://localhost.evil.example", False),
        ({}, "http://127.0.0.1:8000@evil.example", False),
        ({}, "http://evil.example@127.0.0.1:8000", False),
        ({}, "http://127.0.0.1:8000/evil", False),
        ({}, "http://127.0.0.1:8000#evil", False),
        ({}, "127.0.0.1:8000", False),
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
    ("method", "path", "change", "status"),
    [
        ("GET", "/v1/models", {"authorization": "Bearer wrong"}, 401),
        ("GET", "/health", {"host": "evil.example"}, 403),
        ("POST", "/v1/completions", {"content-length": "99999999"}, 413),
        ("POST", "/v1/completions", {"content-type": "text/plain"}, 415),
        ("POST", "/v1/completions", {}, 400),
        ("GET", "/v1/nothing", {}, 404),
        ("DELETE", "/v1/models", {}, 405),
    ],
)
async def test_refusals_can_be_read_by_an_allowed_page(method, path, change, status):
    headers = {"origin": APP, "authorization": "Bearer s3cret", "content-type": "application/json"} | change
    async with client_of(api_key="s3cret", cors_origins=APP) as client:
        answer = await client.request(method, path, headers=headers, content=b"{" if method == "POST" else None)
    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == APP
    assert set(answer.json()) == {"error"}


async def test_every_answer_carries_the_security_headers():
    async with client_of() as client:
        for path in ("/", "/health", "/v1/nothing"):
            headers = (await client.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert headers["referrer-policy"] == "no-referrer"


FOREIGN = {"sec-fetch-site": "cross-site"}
FORM = FOREIGN | {"sec-fetch-mode": "navigate"}
IMAGE = FOREIGN | {"sec-fetch-mode": "no-cors"}
SISTER = {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"}
OWN = {"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}
TYPED = {"sec-fetch-site": "none", "sec-fetch-mode": "navigate"}


def guarded(**settings: object) -> httpx.AsyncClient:
    """The layer alone, around an application that answers everything."""
    app = OriginGuard(PlainTextResponse("answered"), Settings(**settings), API_PATHS)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000")


async def test_a_page_of_another_site_reaches_no_route_that_changes_anything():
    async with client_of() as client:
        paths = (await client.get("/openapi.json")).json()["paths"]
        changing = [(method, path) for path in paths for method in paths[path] if method not in ("get", "head")]
        assert {path.split("/")[1] for _, path in changing} >= {"api", "v1"}
        for method, path in changing:
            answer = await client.request(method, path, headers=FORM)
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "origin_not_allowed")
        assert (await client.post("/api/anything", headers=OWN)).status_code == 404


@pytest.mark.parametrize(
    ("headers", "settings", "allowed"),
    [
        (FOREIGN, {}, False),
        (FORM, {}, False),
        (IMAGE, {}, False),
        (SISTER, {}, False),
        (FOREIGN, {"host": "0.0.0.0"}, False),
        (FOREIGN, {"cors_origins": APP}, False),
        (FOREIGN | {"origin": APP}, {"cors_origins": APP}, True),
        (FOREIGN, {"cors_origins": "*"}, True),
        ({"origin": "https://evil.example"}, {}, False),
        ({"origin": "null"}, {}, False),
        ({}, {}, True),  # a program
        ({"sec-fetch-mode": "cors"}, {}, True),  # Node's fetch
        (OWN, {}, True),
        (TYPED, {}, True),
    ],
)
async def test_who_may_change_something(headers, settings, allowed):
    async with guarded(**settings) as client:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            for path in ("/api/preferences", "/v1/chat/completions", "/completions"):
                answer = await client.request(method, path, headers=headers)
                assert answer.status_code == (200 if allowed else 403)


@pytest.mark.parametrize(
    ("path", "headers", "allowed"),
    [
        ("/api/nothing", IMAGE, False),
        ("/api/nothing", SISTER, False),
        ("/api/nothing", FORM, True),  # a link
        ("/api/nothing", OWN, True),
        ("/v1/nothing", IMAGE, True),
        ("/share/nothing", FORM, True),
        ("/", FORM, True),
    ],
)
async def test_what_a_page_of_another_site_loads(path, headers, allowed):
    async with guarded() as client:
        assert (await client.get(path, headers=headers)).status_code == (200 if allowed else 403)


async def test_answers_of_the_api_are_in_no_cache_and_on_no_other_site():
    async with client_of() as client:
        for path in ("/api/nothing", "/v1/models", "/models", "/completions"):
            for headers in ({}, {"origin": "https://evil.example"}):
                answer = await client.get(path, headers=headers)
                assert answer.headers["cache-control"] == "no-store"
                assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "cross-origin-resource-policy" not in (await client.get("/")).headers
