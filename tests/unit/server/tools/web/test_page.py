"""A page is opened where a search or the reader named it, and not where a page did."""

import pytest
from tool_calls import call_context
from web_site import WebSite, article

from fathom.server.tools.tool import ToolError
from fathom.server.tools.web.page import OpenPageTool
from fathom.server.web_search.search import WebSearch


@pytest.fixture(autouse=True)
def pages(site: WebSite) -> None:
    site.pages["/a"] = article("A", "The opera house opened in 1959. " * 10)
    site.results = [("A", "/a", "summary")]


def opener(search: WebSearch, *written: str) -> OpenPageTool:
    async def mentions(conversation: str, url: str) -> bool:
        return conversation == "conversation" and url in written

    return OpenPageTool(search, mentions)


async def test_an_address_that_the_reader_wrote(site: WebSite, search: WebSearch) -> None:
    url = f"{site.url}/a"
    result = await opener(search, url).call({"url": url, "looking_for": "opera"}, call_context(first_citation=2))
    assert "opened in 1959" in result.text
    assert (result.citations[0].number, result.citations[0].url) == (2, url)


async def test_an_address_of_a_result(site: WebSite, search: WebSearch) -> None:
    await search.sources("q", "q", report=lambda _: None)
    assert "1959" in (await opener(search).call({"url": f"{site.url}/a"}, call_context())).text


async def test_any_other_address_is_refused_before_it_is_fetched(site: WebSite, search: WebSearch) -> None:
    with pytest.raises(ToolError, match="neither a search nor the reader named this address"):
        await opener(search).call({"url": f"{site.url}/a?secret=1234"}, call_context())
    assert site.requests == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "there is no address"),
        ({"url": 1}, "there is no address"),
        (
            {"url": "file:///etc/passwd"},
            "'file:///etc/passwd' is no address of the web; open one that begins with https",
        ),
    ],
)
async def test_no_address(arguments: dict[str, object], reason: str, search: WebSearch) -> None:
    with pytest.raises(ToolError, match=reason):
        await opener(search).call(arguments, call_context())


async def test_a_page_that_fails_is_an_error_for_the_model(site: WebSite, search: WebSearch) -> None:
    url = f"{site.url}/gone"
    with pytest.raises(ToolError, match="answered with status 404"):
        await opener(search, url).call({"url": url}, call_context())
