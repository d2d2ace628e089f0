"""A tool of an MCP server."""

from __future__ import annotations

import mimetypes
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from fathom.server.tools.mcp.listing import ListedTool
from fathom.server.tools.tool import CallContext, ProducedFile, ToolError, ToolResult

KeepFile = Callable[[str, str, bytes], Awaitable[ProducedFile]]
"""Stores a file by name, media type and bytes."""


class RemoteResult(Protocol):
    """What a connection returns of a call."""

    @property
    def text(self) -> str: ...

    @property
    def failed(self) -> bool: ...

    @property
    def files(self) -> tuple[tuple[str, bytes], ...]: ...


@dataclass(frozen=True)
class McpTool:
    """Calls ``listed`` by ``send``. What a server says of a tool's harmlessness is not believed: all have effects."""

    server: str
    listed: ListedTool
    send: Callable[[str, dict[str, Any]], Awaitable[RemoteResult]]
    keep: KeepFile | None = None

    repeatable = False
    effects = True
    seconds = 130.0

    @property
    def name(self) -> str:
        return self.listed.name

    @property
    def title(self) -> str:
        return self.listed.title

    @property
    def description(self) -> str:
        return self.listed.description

    @property
    def parameters(self) -> Mapping[str, Any]:
        return self.listed.parameters

    async def call(self, arguments: Mapping[str, Any], context: CallContext) -> ToolResult:  # noqa: ARG002
        result = await self.send(self.listed.remote, dict(arguments))
        if result.failed:
            raise ToolError(result.text or f"the tool {self.title} failed without a word")
        files = []
        for number, (media_type, data) in enumerate(result.files if self.keep else (), 1):
            assert self.keep is not None
            name = f"{self.listed.remote[:60]}-{number}{mimetypes.guess_extension(media_type) or ''}"
            files.append(await self.keep(name, media_type, data))
        return ToolResult(result.text or "The tool returned no text.", tuple(files))
