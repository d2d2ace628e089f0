"""Search as a model calls it."""

import pytest
from tool_calls import call_context
from web_site import WebPage, WebSite, article

from fathom.server.tools.tool import ToolError
from fathom.server.tools.web.search import WebSearchTool
from fathom.server.web_search.prompt import RULES
from fathom.server.web_search.search import WebSearch


async def test_sources_with_citations(site: WebSite, search: WebSearch) -> None:
    site.pages["/a"] = article("A", "The opera house opened in 1959. " * 10)
    site.results = [("A", "/a", "")]
    result = await WebSearchTool(search).call({"query": " opera\n opened "}, call_context(first_citation=4))
    assert result.text.startswith(RULES)
    assert '<source number="4"' in result.text
    assert [citation.number for citation in result.citations] == [4]
    assert site.queries == ["opera opened"]


async def test_nothing_is_a_result(site: WebSite, search: WebSearch) -> None:
    assert (await WebSearchTool(search).call({"query": "x"}, call_context())).text == "The search found nothing."


@pytest.mark.parametrize("arguments", [{}, {"query": ""}, {"query": 3}])
async def test_no_query(arguments: dict[str, object], search: WebSearch) -> None:
    with pytest.raises(ToolError):
        await WebSearchTool(search).call(arguments, call_context())


async def test_a_provider_that_fails_is_an_error_for_the_model(site: WebSite, search: WebSearch) -> None:
    site.search_page = WebPage(status=500)
    with pytest.raises(ToolError, match="answered with status 500"):
        await WebSearchTool(search).call({"query": "x"}, call_context())
