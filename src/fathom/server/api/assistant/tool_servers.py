"""``/api/tool-servers``: the MCP servers whose tools a model may call."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import Field
from typing_extensions import TypedDict

from fathom.server.api.assistant.common import Id, StrictBody, not_found, resource_router
from fathom.server.assistant_handle import AssistantHandle
from fathom.server.errors import ApiError, ApiProblem
from fathom.server.middleware.host_name import LOOPBACK_NAMES, host_name
from fathom.server.settings import Settings
from fathom.server.tools.mcp.config import NAME_PATTERN, HttpConfig, StdioConfig, hide_secrets, keep_secrets
from fathom.server.tools.tool import ToolError

if TYPE_CHECKING:
    from fathom.server.tools.kit import ToolKit
    from fathom.server.tools.mcp.records import ToolServer

Name = Annotated[str, Field(pattern=NAME_PATTERN, description="its tools are called name__tool")]


class StdioServer(StrictBody):
    """A program of this machine. Only a request from this machine itself may add one."""

    name: Name
    transport: Literal["stdio"]
    config: StdioConfig
    enabled: bool = True


class HttpServer(StrictBody):
    """A server that is reached over streamable HTTP."""

    name: Name
    transport: Literal["http"]
    config: HttpConfig
    enabled: bool = True


NewServer = Annotated[StdioServer | HttpServer, Field(discriminator="transport")]


class ServerChange(StrictBody):
    """Only the fields that are given change. A value of ``env`` or ``headers`` that is ``***`` stays as it is."""

    name: Name | None = None
    config: StdioConfig | HttpConfig | None = None
    enabled: bool | None = None


class ToolServerBody(TypedDict):
    """Values of ``env`` and ``headers`` are not shown again. ``error`` says why the server last failed."""

    id: str
    name: str
    transport: Literal["stdio", "http"]
    config: dict[str, Any]
    enabled: bool
    error: str | None
    created: int


class ToolServerList(TypedDict):
    data: list[ToolServerBody]
    next: None


class CheckedTool(TypedDict):
    name: str
    title: str
    description: str


class ServerCheck(TypedDict):
    """``error`` is null where the server answered."""

    tools: list[CheckedTool]
    error: str | None


def router(handle: AssistantHandle, settings: Settings) -> APIRouter:
    routes = resource_router()

    async def kit_and(id_: str) -> tuple[ToolKit, ToolServer]:
        kit = (await handle.get()).tools
        server = await kit.servers.records.get(id_)
        return (kit, server) if server is not None else not_found("tool server", id_)

    @routes.get("/tool-servers")
    async def list_servers() -> ToolServerList:
        """All MCP servers."""
        kit = (await handle.get()).tools
        return {"data": [_body(kit, server) for server in await kit.servers.records.all()], "next": None}

    @routes.post("/tool-servers", status_code=201)
    async def add_server(body: NewServer, request: Request) -> ToolServerBody:
        """Add a server. It is connected when it is first needed, or checked."""
        if isinstance(body, StdioServer):
            refuse_from_elsewhere(request, settings)
        kit = (await handle.get()).tools
        return _body(kit, await kit.servers.records.add(body.name, body.config, enabled=body.enabled))

    @routes.patch("/tool-servers/{server}")
    async def change_server(server: Id, body: ServerChange, request: Request) -> ToolServerBody:
        """Rename a server, change its configuration, or turn it off. Its transport stays."""
        kit, before = await kit_and(server)
        changed = replace(before, name=body.name or before.name)
        if body.enabled is not None:
            changed = replace(changed, enabled=body.enabled)
        if body.config is not None:
            if type(body.config) is not type(before.config):
                problem = ApiProblem(422, "a server keeps its transport; add another one", param="config")
                raise ApiError(problem)
            changed = replace(changed, config=keep_secrets(body.config, before.config))
        if before.transport == "stdio" and (body.config is not None or body.enabled):
            refuse_from_elsewhere(request, settings)
        await kit.servers.records.change(changed)
        await kit.servers.forget(server)
        if changed.name != before.name:
            await kit.permissions.forget(f"{before.name}__")
        return _body(kit, changed)

    @routes.delete("/tool-servers/{server}", status_code=204)
    async def remove_server(server: Id) -> None:
        """Remove a server, and what was permitted to its tools."""
        kit, before = await kit_and(server)
        await kit.servers.records.remove(server)
        await kit.servers.forget(server)
        await kit.permissions.forget(f"{before.name}__")

    @routes.post("/tool-servers/{server}/check")
    async def check_server(server: Id) -> ServerCheck:
        """Connect anew and list its tools."""
        kit, known = await kit_and(server)
        try:
            tools = await kit.servers.check(known)
        except ToolError as error:
            return {"tools": [], "error": str(error)}
        data: list[CheckedTool] = [
            {"name": tool.name, "title": tool.title, "description": tool.description} for tool in tools
        ]
        return {"tools": data, "error": None}

    return routes


def refuse_from_elsewhere(request: Request, settings: Settings) -> None:
    """Raise the 403 for a command that does not come from this machine and this server's own page, or a program.

    Who adds a command runs programs here. A server that others can reach takes none unless its settings say so; one of
    this machine alone takes none from a page of another origin, nor through a proxy, behind which anyone may be.
    """
    if settings.allow_commands:
        return
    headers = request.headers
    host = headers.get("host", "")
    origin = headers.get("origin")
    proxied = any(name in headers for name in ("forwarded", "x-forwarded-for", "x-real-ip", "via"))
    near = settings.loopback and host_name(host) in LOOPBACK_NAMES and not proxied
    own_page = origin is None or origin.partition("://")[2].lower() == host.lower()
    if not (near and own_page):
        message = (
            "a program can be added only on the machine of the server, by its own page or a script; "
            "start the server with FATHOM_ALLOW_COMMANDS=true to allow it to everyone who can reach it"
        )
        raise ApiError(ApiProblem(403, message, code="command_not_allowed"))


def _body(kit: ToolKit, server: ToolServer) -> ToolServerBody:
    return {
        "id": server.id,
        "name": server.name,
        "transport": "stdio" if server.transport == "stdio" else "http",
        "config": hide_secrets(server.config),
        "enabled": server.enabled,
        "error": kit.servers.failure(server.id),
        "created": server.created,
    }
