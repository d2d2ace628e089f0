"""A question that asks for a search brings its sources; others bring nothing."""

from dataclasses import replace

import pytest
from web_site import WebSite, article

from fathom.server.conversations.context import Turn, TurnContext
from fathom.server.web_search.context import SearchContext
from fathom.server.web_search.prompt import RULES
from fathom.server.web_search.search import WebSearch
from fathom.types import Conversation, Message


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


@pytest.mark.parametrize(
    ("written", "sent"),
    [("population Lyon 2019", "population Lyon 2019"), ("It was 500 000.", "And in 2019?"), (None, "And in 2019?")],
)
async def test_a_question_that_follows_others_is_searched_by_what_the_model_writes(
    written: str | None, sent: str, site: WebSite, search: WebSearch
) -> None:
    site.pages["/a"] = article("A", "The town has many people. " * 10)
    site.results = [("A", "/a", "")]
    asked: list[tuple[Conversation, int]] = []
    shown: list[str] = []

    async def write(conversation: Conversation, most: int) -> str | None:
        asked.append((conversation, most))
        return written

    earlier = (Message("user", "What is the population of Lyon?"), Message("assistant", "About 520 000."))
    given = replace(turn("And in 2019?"), earlier=earlier, write=write, report=shown.append)
    context = await SearchContext(search).provide(given)
    assert site.queries == [sent]
    assert f"searching: {sent}" in shown
    assert context.citations[0].query == sent
    ((conversation, most),) = asked
    assert "And in 2019?" in conversation.messages[-1].content
    assert most < 100
