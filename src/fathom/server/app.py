"""The ASGI application: routes, middleware, and the runtime that loads the model.

Importing this module imports no torch: a server shows its page within a second and loads the model meanwhile.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from fathom import __version__
from fathom.server import errors
from fathom.server.api import health
from fathom.server.api.assistant import routes as assistant_api
from fathom.server.api.assistant import shares
from fathom.server.api.openai import routes as openai
from fathom.server.assistant_handle import AssistantHandle
from fathom.server.middleware.access_log import AccessLog
from fathom.server.middleware.error_response import ErrorResponse
from fathom.server.middleware.guard import RequestGuard
from fathom.server.middleware.head import HeadAsGet
from fathom.server.middleware.origin_guard import OriginGuard
from fathom.server.models.loading import registry_of
from fathom.server.models.runtime import Runtime
from fathom.server.page import Page
from fathom.server.settings import Settings

API_PATHS = ("/v1/", "/api/", "/chat/completions", "/completions", "/models")
OPEN_TAGS = frozenset({"health"})
"""Paths with these tags need no key."""
LOOPBACK_ORIGIN = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
DESCRIPTION = (
    "The OpenAI API with DeepSeek's additions, over one model on your own hardware; under /api the assistant's own: "
    "conversations that are stored, and all that the page does with them."
)


def create_app(settings: Settings | None = None, runtime: Runtime | None = None) -> FastAPI:
    """The application for ``settings`` (from the environment where none are given).

    ``runtime`` starts and stops with the application; without one, it loads the model that the settings name.
    """
    settings = settings or Settings()
    registry = registry_of(settings, runtime)
    assistant = AssistantHandle(settings, registry)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        registry.start()
        assistant.start()
        try:
            yield
        finally:
            await assistant.close()
            await registry.close()

    app = _Application(
        needs_key=bool(settings.api_key),
        title="Fathom",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # both documentation pages load scripts from elsewhere; the document itself is served
        redoc_url=None,
        redirect_slashes=False,
        middleware=_middleware(settings),
    )
    app.state.registry = registry
    app.state.runtime = registry.served
    app.state.settings = settings
    app.state.assistant = assistant
    errors.install(app)
    # not by include_router, which prepares each route a second time
    app.router.routes += openai.router(registry, settings).routes
    app.router.routes += assistant_api.routes(assistant, registry.served, settings)
    app.router.routes += health.router(registry.served).routes
    app.router.routes += shares.page_router(assistant).routes
    app.router.default = Page(settings.static_dir)
    return app


class _Application(FastAPI):
    """FastAPI whose document says which paths need the key; ``RequestGuard`` checks it, before a body is read."""

    def __init__(self, *, needs_key: bool, **options: Any) -> None:
        super().__init__(**options)
        self._needs_key = needs_key

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        if self._needs_key:
            scheme = {"type": "http", "scheme": "bearer", "description": "the server's API key"}
            document["components"]["securitySchemes"] = {"HTTPBearer": scheme}
            for operation in (operation for path in document["paths"].values() for operation in path.values()):
                if not OPEN_TAGS.intersection(operation["tags"]):
                    operation["security"] = [{"HTTPBearer": []}]
        return document


def _uploads(settings: Settings) -> dict[str, int]:
    """Paths whose bodies go to the disk, each with its limit in bytes."""
    return {"/api/files": settings.max_file_bytes, "/api/imports": settings.max_import_bytes}


def _middleware(settings: Settings) -> list[Middleware]:
    """The layers around the routes, outermost first."""
    return [
        Middleware(AccessLog, api_paths=API_PATHS),
        Middleware(OriginGuard, settings=settings, api_paths=API_PATHS),
        Middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_origin_regex=LOOPBACK_ORIGIN if settings.loopback else None,
            allow_methods=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=("*",),
            expose_headers=("Retry-After",),
        ),
        Middleware(RequestGuard, settings=settings, api_paths=API_PATHS, uploads=_uploads(settings)),
        Middleware(ErrorResponse),
        Middleware(HeadAsGet),
    ]
