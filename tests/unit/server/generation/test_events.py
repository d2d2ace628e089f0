"""The order of generation events, from the first to the usage."""

from __future__ import annotations

from scripted import EOS, Script, scripted_model

from fathom.server.generation.chat import chat
from fathom.server.generation.events import ChoiceFinished, GenerationDelta, GenerationFinished, GenerationStarted
from fathom.server.generation.jobs import ChatJob
from fathom.text.events import AnswerText
from fathom.types import Conversation, Message, Usage

ASK = (Message("user", "Hi"),)


async def collect(events):
    return [event async for event in events]


async def test_the_order_of_events():
    served = scripted_model(Script("Hey", step=2, cached=4))
    events = await collect(chat(served, ChatJob(Conversation(ASK))))
    prompt = served.engine.requests[0].prompt
    assert events == [
        GenerationStarted((prompt,)),
        GenerationDelta(0, (AnswerText("He"),), tuple(b"He"), ()),
        GenerationDelta(0, (AnswerText("y"),), tuple(b"y"), ()),
        GenerationDelta(0, (), (EOS,), ()),
        ChoiceFinished(0, "stop"),
        GenerationFinished(Usage(len(prompt), cached_tokens=4, completion_tokens=4)),
    ]
