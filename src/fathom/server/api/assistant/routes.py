"""The paths of the assistant's API: one module a resource, all under ``/api``."""

from __future__ import annotations

from fastapi import APIRouter

from fathom.server.api.assistant import (
    conversations,
    exports,
    files,
    imports,
    live,
    memories,
    messages,
    models,
    preferences,
    projects,
    prompts,
    runs,
    search,
    shares,
    status,
    tool_servers,
    tools,
    upstreams,
    web_pages,
)
from fathom.server.assistant_handle import AssistantHandle
from fathom.server.models.runtime import Runtime
from fathom.server.settings import Settings


def router(handle: AssistantHandle, runtime: Runtime, settings: Settings) -> APIRouter:
    """All resources, served from the assistant of ``handle``."""
    routes = APIRouter(prefix="/api")
    routes.include_router(status.router(handle, runtime, settings))
    routes.include_router(imports.router(handle, settings))
    resources = (conversations, messages, search, files, projects, prompts, memories, models, preferences, upstreams)
    for resource in (*resources, exports, shares, runs, live, tools, web_pages):
        routes.include_router(resource.router(handle))
    routes.include_router(tool_servers.router(handle, settings))
    return routes
