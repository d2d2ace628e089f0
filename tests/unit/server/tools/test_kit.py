"""Search, tools and citations as one server assembles them."""

from __future__ import annotations

from pathlib import Path

from assistant_api import assistant_client
from web_site import article, web_site

from fathom.server.conversations.context import Turn
from fathom.server.tools.kit import ToolKit
from fathom.server.tools.python.tool import is_available


async def test_own_tools(tmp_path: Path) -> None:
    async with assistant_client(tmp_path) as client:
        kit: ToolKit = (await client.app.state.assistant.get()).tools  # type: ignore[attr-defined]
        names = [tool.name for tool in await kit.registry.tools()]
        assert names == ["calculator", *(["python"] if is_available() else []), "web_search", "open_page", "remember"]


async def test_a_question_is_searched_by_the_preferences_and_its_answer_checked(tmp_path: Path) -> None:
    with web_site({"/a": article("A", "The opera house of the town opened in 1959. " * 8)}) as site:
        site.results = [("A", "/a", "")]
        async with assistant_client(tmp_path, web_allowed_hosts=(site.host,)) as client:
            chosen = {"search": {"provider": "searxng", "url": site.url}}
            assert (await client.patch("/api/preferences", json=chosen)).status_code == 200
            kit: ToolKit = (await client.app.state.assistant.get()).tools  # type: ignore[attr-defined]
            turn = Turn("c", None, "When did the opera open?", (), True, 2000, 1, lambda _: None)
            context = await kit.search_context.provide(turn)
            (citation,) = context.citations
            part = {"type": "citation", "number": 1, "kind": "web", "title": "A", "source": citation.source}
            part |= {"url": citation.url, "place": None, "quote": None, "supported": None}
            (checked,) = await kit.citations("It “opened in 1960 or so” [1].", [part])
            assert (checked["supported"], checked["used"]) == (False, True)
