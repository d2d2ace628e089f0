"""Search, tools and citations of one server, assembled from its settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import httpx

from fathom.server.citations.check import CitationCheck
from fathom.server.conversations.memories import Memories
from fathom.server.conversations.preferences import PreferenceStore
from fathom.server.files.files import Files
from fathom.server.settings import Settings
from fathom.server.store.database import Database
from fathom.server.tools.calculator.tool import CalculatorTool
from fathom.server.tools.conversation import ConversationContents
from fathom.server.tools.mcp.records import ToolServers
from fathom.server.tools.mcp.servers import McpServers
from fathom.server.tools.permissions import ToolPermissions
from fathom.server.tools.python.tool import PythonTool, is_available
from fathom.server.tools.registry import ToolRegistry
from fathom.server.tools.remember import RememberTool
from fathom.server.tools.tool import AssistantTool
from fathom.server.tools.web.page import OpenPageTool
from fathom.server.tools.web.search import WebSearchTool
from fathom.server.web_search.addresses import AddressPolicy
from fathom.server.web_search.context import SearchContext
from fathom.server.web_search.fetch import PageFetcher
from fathom.server.web_search.pages import WebPages
from fathom.server.web_search.provider import ProviderName, choose_provider
from fathom.server.web_search.results import SearchProvider
from fathom.server.web_search.search import WebSearch


@dataclass(frozen=True, slots=True)
class ToolKit:
    """``registry`` is the toolbox of runs, ``search_context`` their provider of pages, ``citations`` their check."""

    settings: Settings
    registry: ToolRegistry
    permissions: ToolPermissions
    servers: McpServers
    search: WebSearch
    search_context: SearchContext
    citations: CitationCheck

    async def close(self) -> None:
        await self.servers.close()
        await self.search.close()

    def provider(self, name: ProviderName | None, url: str | None) -> SearchProvider:
        """The provider that these preferences mean here. Raises WebSearchError."""
        return choose_provider(
            name,
            url,
            default_url=self.settings.search_url,
            policy=self.search.fetcher.policy,
            loopback=self.settings.loopback,
        )


def assemble_tools(settings: Settings, database: Database, files: Files, preferences: PreferenceStore) -> ToolKit:
    """The kit. Nothing is read, connected or started before it is used."""
    policy = AddressPolicy(frozenset(settings.web_allowed_hosts))
    contents = ConversationContents(database, files)
    pages = WebPages(database)

    async def provider() -> SearchProvider:
        chosen = (await preferences.get()).search
        return kit.provider(chosen.provider, chosen.url)

    async def page_texts(ids: Iterable[str]) -> Mapping[str, str]:
        return {id_: page.text for id_, page in (await pages.get(ids)).items()}

    async def check_url(url: str) -> None:
        """MCP servers over HTTP: anywhere on a server of this machine alone, like pages on others."""
        if not settings.loopback:
            await policy.addresses(httpx.URL(url))

    search = WebSearch(provider, pages, PageFetcher(policy))
    servers = McpServers(ToolServers(database), check_url, contents.keep)
    own: list[AssistantTool] = [
        CalculatorTool(),
        PythonTool(contents),
        WebSearchTool(search),
        OpenPageTool(search, contents.mentions),
        RememberTool(database, Memories(database), preferences),
    ]
    permissions = ToolPermissions(database)
    kit = ToolKit(
        settings=settings,
        registry=ToolRegistry(own, permissions, servers, usable=_is_usable, asks=[RememberTool.name]),
        permissions=permissions,
        servers=servers,
        search=search,
        search_context=SearchContext(search),
        citations=CitationCheck({"web": page_texts, "file": files.texts}),
    )
    return kit


def _is_usable(tool: AssistantTool) -> bool:
    """Python needs a machine that can confine it."""
    return not isinstance(tool, PythonTool) or is_available()
