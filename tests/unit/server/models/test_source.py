"""A local model as the source of a run: leased while it answers, and described."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest
from scripted import Script, scripted_model

from fathom.base.errors import RequestError
from fathom.server.generation.events import GenerationDelta, GenerationFinished
from fathom.server.generation.jobs import ChatJob
from fathom.server.models.served_model import ServedModel
from fathom.server.models.source import Abilities, LocalSource, abilities_of
from fathom.text.events import AnswerText
from fathom.types import Conversation, Message

JOB = ChatJob(Conversation((Message("user", "Hi"),)))


class Lender:
    """Lends one model, and counts."""

    def __init__(self, served: ServedModel) -> None:
        self.served = served
        self.lent = 0

    async def check(self) -> None:
        pass

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[ServedModel]:
        self.lent += 1
        try:
            yield self.served
        finally:
            self.lent -= 1


async def test_the_model_is_leased_while_it_answers():
    lender = Lender(scripted_model(Script("Yes.")))
    source = LocalSource("scripted", lender.lease, lender.check)
    text, lent = "", set()
    async for event in source.chat(JOB):
        lent.add(lender.lent)
        if isinstance(event, GenerationDelta):
            text += "".join(item.text for item in event.events if isinstance(item, AnswerText))
    assert (text, lent, lender.lent) == ("Yes.", {1}, 0)
    assert isinstance(event, GenerationFinished)


async def test_closing_the_events_stops_the_generation_and_ends_the_lease():
    lender = Lender(scripted_model(Script("A long answer.")))
    async with aclosing(LocalSource("scripted", lender.lease, lender.check).chat(JOB)) as events:
        await anext(events)
        await anext(events)
    assert (lender.lent, lender.served.engine.cancelled) == (0, 1)


async def test_a_request_at_fault_ends_the_lease():
    lender = Lender(scripted_model(Script(error=RequestError("no", "another"))))
    with pytest.raises(RequestError):
        await anext(LocalSource("scripted", lender.lease, lender.check).chat(JOB))
    assert lender.lent == 0


async def test_abilities():
    lender = Lender(scripted_model(thinking_switch=True))
    expected = Abilities(thinking=True, tools=True, context=4096, repeats=True)
    assert (
        await LocalSource("scripted", lender.lease, lender.check).abilities() == expected == abilities_of(lender.served)
    )
