"""Search as context of an answer: for a question whose reader asked for it, with any model.

The server searches before the model's first token, whether or not the model can call tools: a small model that should
search first often does not, and the reader asked for sources. One that can call tools may then search for more.
"""

from __future__ import annotations

import re

from fathom.server.conversations.context import Turn, TurnContext
from fathom.server.web_search.prompt import RULES
from fathom.server.web_search.search import WebSearch

_LONGEST_QUERY = 200
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`]*`", re.DOTALL)


class SearchContext:
    """A `ContextProvider`: sources for the question of a turn."""

    def __init__(self, search: WebSearch) -> None:
        self._search = search

    async def provide(self, turn: Turn) -> TurnContext:
        """Raises WebSearchError where the provider gives nothing; the answer then goes on without sources."""
        query = search_query(turn.question) if turn.search else ""
        if not query:
            return TurnContext()
        sources = await self._search.sources(
            query, turn.question, first=turn.first_citation, tokens=turn.tokens, report=turn.report
        )
        if not sources.citations:
            return TurnContext(passages=f"A web search for {query!r} found nothing that could be read.")
        return TurnContext(RULES, sources.text, sources.citations)


def search_query(question: str) -> str:
    """The question as a query: without code, on one line, and not longer than engines take."""
    words = _CODE.sub(" ", question).split()
    query = " ".join(words)
    if len(query) > _LONGEST_QUERY:
        query = query[:_LONGEST_QUERY].rpartition(" ")[0] or query[:_LONGEST_QUERY]
    return query
