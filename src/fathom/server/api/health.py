"""``/health``: the state of the server. ``/health/ready``: whether a load balancer should send requests."""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal

from fastapi import APIRouter
from starlette.responses import Response
from typing_extensions import TypedDict

from fathom import __version__
from fathom.server.api.json_io import encode
from fathom.server.models.runtime import Absent, Failed, Loading, Ready, Runtime


class CapabilitiesBody(TypedDict):
    """``thinking``: the client may switch it on and off. ``tools``: calls are understood."""

    thinking: bool
    tools: bool


class FailureBody(TypedDict):
    message: str
    remedy: str


class EngineBody(TypedDict):
    waiting: int
    running: int
    pages_total: int
    pages_free: int
    prompt_tokens: int
    cached_tokens: int
    generated_tokens: int
    finished: int


class Health(TypedDict):
    """``stage`` and ``progress`` (0…1, null where unknown) while loading, ``error`` when failed, else the rest."""

    status: Literal["loading", "ready", "failed"]
    version: str
    model: str | None
    stage: str | None
    progress: float | None
    error: FailureBody | None
    capabilities: CapabilitiesBody | None
    engine: EngineBody | None


def router(runtime: Runtime) -> APIRouter:
    routes = APIRouter(tags=["health"])

    async def health() -> Health:
        """Always 200 while the process lives; the body says whether the model is loading, ready or failed."""
        return _health(runtime)

    async def ready() -> Response:
        """200 when requests are answered at once, 503 before and where loading failed."""
        body = _health(runtime)
        return Response(encode(body), 200 if body["status"] == "ready" else 503, media_type="application/json")

    routes.add_api_route("/health", health, methods=["GET"])
    routes.add_api_route(
        "/health/ready",
        ready,
        methods=["GET"],
        response_model=None,
        responses={200: {"model": Health}, 503: {"model": Health, "description": "Not ready."}},
    )
    return routes


def _health(runtime: Runtime) -> Health:
    state = runtime.state
    body: Health = {
        "status": "loading",
        "version": __version__,
        "model": None,
        "stage": None,
        "progress": None,
        "error": None,
        "capabilities": None,
        "engine": None,
    }
    if isinstance(state, Loading):
        body["stage"] = state.text
        body["progress"] = state.fraction
    elif isinstance(state, Ready):
        body["status"] = "ready"
        body["model"] = state.model.name
        body["capabilities"] = {"thinking": state.model.thinking_switch, "tools": True}
        body["engine"] = asdict(state.model.engine.stats())  # type: ignore[typeddict-item]
    elif isinstance(state, Absent):
        body["status"] = "ready"
    elif isinstance(state, Failed):
        body["status"] = "failed"
        body["error"] = {"message": state.error.message, "remedy": state.error.remedy}
    return body
