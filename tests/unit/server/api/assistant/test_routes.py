"""All of the assistant's paths are under `/api`, described, and refused without the key where there is one."""

from __future__ import annotations

import httpx
from scripted import instantly, scripted_model

from fathom.server.api.assistant import routes
from fathom.server.app import create_app
from fathom.server.assistant_handle import AssistantHandle
from fathom.server.models.registry import ModelRegistry
from fathom.server.models.runtime import Runtime
from fathom.server.settings import Settings


def test_every_path_is_under_api_and_described():
    settings, runtime = Settings(), Runtime(instantly(scripted_model()))
    app = create_app(settings, runtime)
    paths = {path: methods for path, methods in app.openapi()["paths"].items() if path.startswith("/api/")}
    resources = routes.routes(AssistantHandle(settings, ModelRegistry(runtime)), runtime, settings)
    assert {route.path.replace(":path}", "}") for route in resources} == set(paths)
    for path, methods in paths.items():
        for method, route in methods.items():
            assert route["tags"] == ["assistant"], (method, path)
            assert route.get("description"), f"{method} {path} needs a docstring"


async def test_the_key_guards_them():
    app = create_app(Settings(api_key="s3cret"), Runtime(instantly(scripted_model())))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        assert (await client.get("/api/status")).status_code == 401
        assert (await client.get("/api/status", headers={"Authorization": "Bearer s3cret"})).status_code == 200
