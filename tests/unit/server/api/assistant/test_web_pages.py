"""Providers are tried before they are kept, and cited pages can be read."""

from __future__ import annotations

from pathlib import Path

import httpx
from assistant_api import assistant_client
from web_site import WebPage, web_site

from fathom.server.api.assistant.web_pages import TEST_QUERY
from fathom.server.web_search.reading import ReadPage


async def test_a_provider_that_answers_and_one_that_does_not(client: httpx.AsyncClient):
    with web_site() as site:
        site.results = [("One", "/1", ""), ("Two", "/2", "")]
        answer = await client.post("/api/web-search/check", json={"provider": "searxng", "url": site.url})
        assert answer.json() == {"provider": "searxng", "titles": ["One", "Two"], "error": None}
        assert site.queries == [TEST_QUERY]
        site.search_page = WebPage(status=403)
        answer = await client.post("/api/web-search/check", json={"provider": "searxng", "url": site.url})
        assert "add 'json' to search.formats" in answer.json()["error"]
    answer = await client.post("/api/web-search/check", json={"provider": "searxng"})
    assert "SearXNG has no address" in answer.json()["error"]
    assert (await client.post("/api/web-search/check", json={"url": "file:///x"})).status_code == 422


async def test_clients_of_a_network_cannot_look_around_in_it(tmp_path: Path):
    with web_site() as site:
        async with assistant_client(tmp_path, host="0.0.0.0", allowed_hosts=("*",)) as client:
            answer = await client.post("/api/web-search/check", json={"provider": "searxng", "url": site.url})
            assert "leads into this machine" in answer.json()["error"]
        assert site.queries == []


async def test_a_stored_page(client: httpx.AsyncClient):
    assistant = await client.app.state.assistant.get()  # type: ignore[attr-defined]
    stored = await assistant.tools.search.pages.add(
        ReadPage("http://a.example", "http://b.example", "T", "Text", None, ((2, {"page": 2}),))
    )
    body = (await client.get(f"/api/web-pages/{stored.id}")).json()
    assert (body["url"], body["title"], body["text"]) == ("http://b.example", "T", "Text")
    assert body["places"] == [{"start": 2, "place": {"page": 2}}]
    assert (await client.get("/api/web-pages/nothing")).status_code == 404
