"""Pages are kept as they were, once for each text."""

import pytest

from fathom.server.conversations.changes import Changes
from fathom.server.conversations.messages import insert_message
from fathom.server.conversations.repository import Conversations
from fathom.server.store.database import Database
from fathom.server.web_search import pages
from fathom.server.web_search.pages import WebPages
from fathom.server.web_search.reading import ReadPage

PAGE = ReadPage("http://a.example/x", "http://a.example/y", "Title\0", "Text")


async def test_a_page_is_stored_once(database: Database) -> None:
    stored = await WebPages(database).add(PAGE)
    again = await WebPages(database).add(PAGE)
    assert again.id == stored.id
    pages = await WebPages(database).get([stored.id, "x"])
    assert [page.text for page in pages.values()] == ["Text"]
    assert stored.title == "Title\ufffd"


async def test_another_text_is_another_page(database: Database) -> None:
    first = await WebPages(database).add(PAGE)
    second = await WebPages(database).add(ReadPage(PAGE.url, PAGE.final_url, "Title", "Other"))
    assert set(await WebPages(database).get([first.id, second.id])) == {first.id, second.id}
    recent = await WebPages(database).recent(PAGE.url)
    assert recent is not None


async def test_an_old_page_is_fetched_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = await WebPages(database).add(PAGE)
    assert await WebPages(database).recent(PAGE.url) is not None
    moment = stored.fetched + pages.FRESH + 1
    monkeypatch.setattr(pages, "milliseconds", lambda: moment)
    assert await WebPages(database).recent(PAGE.url) is None
    await WebPages(database).add(PAGE)
    assert await WebPages(database).recent(PAGE.url) is not None


async def test_a_page_that_no_answer_cites_goes_after_a_while(database: Database) -> None:
    repository = WebPages(database)
    cited = await repository.add(PAGE)
    other = await repository.add(ReadPage("http://b.example", "http://b.example", "Title", "Other"))
    conversation = (await Conversations(database, Changes()).create()).id
    citation = {"type": "citation", "number": 1, "kind": "web", "title": "Title", "source": cited.id}
    async with database.write() as connection:
        await insert_message(connection, conversation, None, "assistant", [citation])
    assert await repository.remove_unused(other.fetched) == 0
    assert await repository.remove_unused(other.fetched + 1) == 1
    assert set(await repository.get([cited.id, other.id])) == {cited.id}
