"""``/health`` tells how the server is; ``/health/ready`` tells a load balancer whether to send requests."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter
from starlette.responses import Response

from fathom import __version__
from fathom.server.routes.openai.common import encode
from fathom.server.runtime import Failed, Loading, Ready, Runtime
from fathom.server.schemas.health import Health


def router(runtime: Runtime) -> APIRouter:
    routes = APIRouter()

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
        body["model"] = state.backend.name
        body["capabilities"] = {"thinking": state.backend.thinking_switch, "tools": True}
        body["engine"] = asdict(state.backend.engine.stats())  # type: ignore[typeddict-item]
    elif isinstance(state, Failed):
        body["status"] = "failed"
        body["error"] = {"message": state.error.message, "remedy": state.error.remedy}
    return body
