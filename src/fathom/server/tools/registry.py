"""All tools there are: our own and those of MCP servers, with what the reader permits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from fathom.server.tools.permissions import ToolPermissions
from fathom.server.tools.tool import AssistantTool, Policy


class ToolSource(Protocol):
    """Tools that come and go: those of MCP servers."""

    async def tools(self) -> Sequence[AssistantTool]:
        """Those that can be called now. Servers that fail are left out."""
        ...


class ToolRegistry:
    """A `Toolbox`. Our own tools run at once unless the reader says otherwise: they reach nothing but the web pages
    that were asked for. Tools of servers are asked for before every call until the reader allows them always.
    ``usable`` says, in a thread, which of our own this machine can run; ``asks`` names those that ask all the same.
    """

    def __init__(
        self,
        own: Sequence[AssistantTool],
        permissions: ToolPermissions,
        source: ToolSource | None = None,
        usable: Callable[[AssistantTool], bool] = lambda _: True,
        asks: Collection[str] = (),
    ) -> None:
        self._own = {tool.name: tool for tool in own}
        self._permissions = permissions
        self._source = source
        self._usable = usable
        self._asks = frozenset(asks)

    async def all(self) -> Sequence[AssistantTool]:
        """Every tool, also those that are never to be called."""
        others = await self._source.tools() if self._source else ()
        own = await asyncio.to_thread(lambda: [tool for tool in self._own.values() if self._usable(tool)])
        return [*own, *(tool for tool in others if tool.name not in self._own)]

    async def tools(self) -> Sequence[AssistantTool]:
        policies = await self._permissions.all()
        return [tool for tool in await self.all() if policies.get(tool.name) != "never"]

    async def policy(self, name: str) -> Policy:
        return (await self._permissions.all()).get(name, self.default_policy(name))

    def default_policy(self, name: str) -> Policy:
        return "always" if name in self._own and name not in self._asks else "ask"

    async def set_policy(self, name: str, policy: Policy) -> None:
        await self._permissions.set(name, policy)

    async def allow_always(self, name: str) -> None:
        await self._permissions.set(name, "always")
