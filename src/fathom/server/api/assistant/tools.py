"""``/api/tools``: the tools that a model may call, and what the reader permits."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from typing_extensions import TypedDict

from fathom.server.api.assistant.common import StrictBody, not_found, resource_router
from fathom.server.assistant_handle import AssistantHandle

Policy = Literal["ask", "always", "never"]


class AssistantToolBody(TypedDict):
    """``server``: the name of its MCP server; null for a tool of our own. ``effects``: it asks again once pages of
    strangers came into a conversation, also with the policy ``always``.
    """

    name: str
    title: str
    description: str
    policy: Policy
    server: str | None
    effects: bool


class ToolList(TypedDict):
    data: list[AssistantToolBody]
    next: None


class PolicyBody(StrictBody):
    policy: Policy


class PolicyState(TypedDict):
    name: str
    policy: Policy


def router(handle: AssistantHandle) -> APIRouter:
    routes = resource_router()

    @routes.get("/tools")
    async def list_tools() -> ToolList:
        """All tools, also those of the MCP servers that answer, each with its policy."""
        kit = (await handle.get()).tools
        policies = await kit.permissions.all()
        data: list[AssistantToolBody] = [
            {
                "name": tool.name,
                "title": tool.title,
                "description": tool.description,
                "policy": policies.get(tool.name, kit.registry.default_policy(tool.name)),
                "server": getattr(tool, "server", None),
                "effects": tool.effects,
            }
            for tool in await kit.registry.all()
        ]
        return {"data": data, "next": None}

    @routes.put("/tools/{name}/policy")
    async def set_policy(name: str, body: PolicyBody) -> PolicyState:
        """``ask`` before every call, ``always`` run, or ``never`` offer the tool."""
        kit = (await handle.get()).tools
        if not any(tool.name == name for tool in await kit.registry.all()):
            not_found("tool", name)
        await kit.registry.set_policy(name, body.policy)
        return {"name": name, "policy": body.policy}

    return routes
