"""The paths of the assistant's API: one module a resource, all under ``/api``."""

from __future__ import annotations

from starlette.routing import BaseRoute

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


def routes(handle: AssistantHandle, runtime: Runtime, settings: Settings) -> list[BaseRoute]:
    """All resources, served from the assistant of ``handle``."""
    resources = (conversations, messages, search, files, projects, prompts, memories, models, preferences, upstreams)
    routers = (
        status.router(handle, runtime, settings),
        imports.router(handle, settings),
        *(resource.router(handle) for resource in (*resources, exports, shares, runs, live, tools, web_pages)),
        tool_servers.router(handle, settings),
    )
    return [route for router in routers for route in router.routes]
