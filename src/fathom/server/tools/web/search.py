"""Web search as a tool: for models that decide themselves what to look up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fathom.server.tools.tool import CallContext, ToolError, ToolResult
from fathom.server.web_search.errors import WebSearchError
from fathom.server.web_search.prompt import RULES, source_tokens
from fathom.server.web_search.search import WebSearch

_LONGEST_QUERY = 300


class WebSearchTool:
    """Searches, reads the first pages, and returns their best passages as numbered sources."""

    name = "web_search"
    title = "Web search"
    description = (
        "Searches the web and reads the first pages. Returns passages of them as numbered sources, to be cited like "
        "[1]. Write a query of a few words, as for a search engine; search again with other words if the sources do "
        "not answer."
    )
    parameters: Mapping[str, Any] = {
        "type": "object",
        "properties": {"query": {"type": "string", "maxLength": _LONGEST_QUERY}},
        "required": ["query"],
        "additionalProperties": False,
    }
    repeatable = True
    effects = False
    seconds = 90.0

    def __init__(self, search: WebSearch) -> None:
        self._search = search

    async def call(self, arguments: Mapping[str, Any], context: CallContext) -> ToolResult:
        query = arguments.get("query")
        if not isinstance(query, str) or not query.strip():
            raise ToolError("there is no query", 'call it with {"query": "a few words"}')
        query = " ".join(query.split())[:_LONGEST_QUERY]
        try:
            sources = await self._search.sources(
                query, query, first=context.first_citation, tokens=source_tokens(context.longest), report=context.report
            )
        except WebSearchError as error:
            raise ToolError(error.message, error.remedy) from None
        if not sources.citations:
            return ToolResult(sources.text or "No page of the results could be read.")
        return ToolResult(f"{RULES}\n\n{sources.text}", citations=sources.citations)
