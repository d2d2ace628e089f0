"""From a query to numbered sources, over a local search and site."""

import pytest
from made_files import pdf
from web_site import WebPage, WebSite, article

from fathom.server.web_search.errors import FetchError, WebSearchError
from fathom.server.web_search.search import WebSearch

OPERA = "The opera house of the town opened in 1959, and the town has paid for it ever since. " * 3
RIVER = "The river is 900 km long and brown in spring, when the snow of the mountains melts. " * 3


@pytest.fixture(autouse=True)
def pages(site: WebSite) -> None:
    site.pages = {"/opera": article("Opera", OPERA), "/river": article("River", RIVER)}
    site.results = [("The opera", "/opera", "about the opera"), ("The river", "/river", "about the river")]


async def test_sources_are_numbered_stored_and_shown(site: WebSite, search: WebSearch) -> None:
    shown: list[str] = []
    sources = await search.sources("town opera", "When did the opera open?", first=3, report=shown.append)
    assert [(citation.number, citation.title) for citation in sources.citations] == [(3, "Opera"), (4, "River")]
    assert '<source number="3" title="Opera"' in sources.text
    assert "opened in 1959" in sources.text
    stored = await search.pages.get([sources.citations[0].source])
    assert "opened in 1959" in stored[sources.citations[0].source].text
    assert sources.citations[0].url == f"{site.url}/opera"
    assert shown == ["searching: town opera", "reading 2 pages"]
    assert site.queries == ["town opera"]
    assert search.knows(f"{site.url}/opera")
    assert not search.knows(f"{site.url}/other")


async def test_a_page_that_fails_is_shown_by_its_summary(site: WebSite, search: WebSearch) -> None:
    site.pages["/opera"] = WebPage(status=403)
    sources = await search.sources("q", "opera?", report=lambda _: None)
    assert 'part="summary by the search engine">\nabout the opera\n' in sources.text
    assert len(sources.citations) == 2
    assert sources.failures == (f"{site.url}/opera answered with status 403",)


async def test_a_result_of_the_own_network_is_not_fetched(site: WebSite, search: WebSearch) -> None:
    site.results = [("Inside", "http://127.0.0.1:9999/admin", "")]
    sources = await search.sources("q", "q", report=lambda _: None)
    assert sources.citations == ()
    assert "leads into this machine" in sources.failures[0]


async def test_a_pdf_is_read_stored_and_cited_by_page(site: WebSite, search: WebSearch) -> None:
    lines = ["Contents of the report", "The opera opened in 1959", "The river is long", "The opera burned in 1975"]
    site.pages["/report.pdf"] = WebPage(pdf(lines, title="Report"), "application/pdf")
    site.results = [("A report", "/report.pdf", ""), ("The river", "/river", "")]
    sources = await search.sources("opera", "opera", report=lambda _: None)
    assert [(citation.title, citation.place) for citation in sources.citations] == [
        ("Report", {"page": 2}),
        ("Report", {"page": 4}),
        ("River", None),
    ]
    assert sources.citations[1].url == f"{site.url}/report.pdf#page=4"
    assert f'<source number="2" title="Report" url="{site.url}/report.pdf" place="page 4">' in sources.text
    stored = (await search.pages.get([sources.citations[0].source]))[sources.citations[0].source]
    assert [section.place for section in stored.sections] == [{"page": number} for number in (1, 2, 3, 4)]
    assert stored.text.split("\n") == lines


async def test_nothing_is_no_error_and_a_failing_provider_is(site: WebSite, search: WebSearch) -> None:
    site.results = []
    assert (await search.sources("q", "q", report=lambda _: None)).text == "The search found nothing."
    site.search_page = WebPage(status=403)
    with pytest.raises(WebSearchError, match="refuses the JSON format"):
        await search.sources("q", "q", report=lambda _: None)


async def test_a_page_is_fetched_once_an_hour(site: WebSite, search: WebSearch) -> None:
    first = await search.open(f"{site.url}/opera")
    assert (await search.open(f"{site.url}/opera")).id == first.id
    assert site.paths() == ["/opera"]
    with pytest.raises(FetchError):
        await search.open(f"{site.url}/nothing")


async def test_a_small_context_reads_fewer_pages(site: WebSite, search: WebSearch) -> None:
    sources = await search.sources("q", "q", tokens=350, report=lambda _: None)
    assert len(sources.citations) == 1
    assert len(sources.text) < 2000
