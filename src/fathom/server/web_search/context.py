"""Search as context of an answer: for a question whose reader asked for it, with any model.

The server searches before the model's first token, whether or not the model can call tools: a small model that should
search first often does not, and the reader asked for sources. One that can call tools may then search for more.
"""

from __future__ import annotations

from fathom.server.conversations.context import Turn, TurnContext
from fathom.server.web_search.prompt import RULES
from fathom.server.web_search.query import MAX_TOKENS, query_conversation, search_query, written_query
from fathom.server.web_search.search import WebSearch


class SearchContext:
    """A `ContextProvider`: sources for the question of a turn."""

    def __init__(self, search: WebSearch) -> None:
        self._search = search

    async def provide(self, turn: Turn) -> TurnContext:
        """Raises WebSearchError where the provider gives nothing; the answer then goes on without sources."""
        if not turn.search or not search_query(turn.question):
            return TurnContext()
        query = await _query(turn)
        sources = await self._search.sources(
            query, turn.question, first=turn.first_citation, tokens=turn.tokens, report=turn.report
        )
        if not sources.citations:
            return TurnContext(passages=f"A web search for {query!r} found nothing that could be read.")
        return TurnContext(RULES, sources.text, sources.citations)


async def _query(turn: Turn) -> str:
    """The question, or the query that the model writes where it follows others."""
    if not turn.earlier or turn.write is None:
        return search_query(turn.question)
    turn.report("writing the query")
    written = await turn.write(query_conversation(turn.question, turn.earlier), MAX_TOKENS)
    return written_query(written or "", turn.question, turn.earlier) or search_query(turn.question)
