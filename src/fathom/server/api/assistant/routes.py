"""The paths of the assistant's API: one module a resource, all under ``/api``."""

from __future__ import annotations

from fastapi import APIRouter

from fathom.server.api.assistant import files, memories, preferences, projects, prompts, status, upstreams
from fathom.server.assistant_handle import AssistantHandle
from fathom.server.models.runtime import Runtime
from fathom.server.settings import Settings


def router(handle: AssistantHandle, runtime: Runtime, settings: Settings) -> APIRouter:
    """All resources, served from the assistant of ``handle``."""
    routes = APIRouter(prefix="/api")
    routes.include_router(status.router(handle, runtime, settings))
    routes.include_router(files.router(handle))
    routes.include_router(projects.router(handle))
    routes.include_router(prompts.router(handle))
    routes.include_router(memories.router(handle))
    routes.include_router(preferences.router(handle))
    routes.include_router(upstreams.router(handle))
    return routes
