"""A question that asks for a search brings its sources; others bring nothing."""

import pytest
from web_site import WebSite, article

from fathom.server.conversations.context import Turn, TurnContext
from fathom.server.web_search.context import SearchContext, search_query
from fathom.server.web_search.prompt import RULES
from fathom.server.web_search.search import WebSearch


def turn(question: str, *, search: bool = True) -> Turn:
    return Turn("c", None, question, (), search, 2000, 2, lambda _: None)


async def test_sources_and_rules(site: WebSite, search: WebSearch) -> None:
    site.pages["/a"] = article("A", "The opera house opened in 1959. " * 10)
    site.results = [("A", "/a", "")]
    context = await SearchContext(search).provide(turn("When did\nthe opera open?"))
    assert context.system == RULES
    assert 'number="2"' in context.passages
    assert context.citations[0].number == 2
    assert site.queries == ["When did the opera open?"]


async def test_a_search_without_results_is_said(site: WebSite, search: WebSearch) -> None:
    context = await SearchContext(search).provide(turn("nothing?"))
    assert "found nothing" in context.passages
    assert context.citations == ()


@pytest.mark.parametrize("given", [turn("x", search=False), turn("```code```"), turn("")])
async def test_no_search(given: Turn, site: WebSite, search: WebSearch) -> None:
    assert await SearchContext(search).provide(given) == TurnContext()
    assert site.queries == []


def test_queries_are_one_short_line() -> None:
    assert search_query("What is\n```py\nx\n``` `y` this?") == "What is this?"
    assert len(search_query("word " * 100)) <= 200
    assert search_query("字" * 500) == "字" * 200
