"""A line by the model, whole or not at all."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass

import pytest

from fathom.server.generation.events import ChoiceFinished, GenerationDelta, GenerationEvent
from fathom.server.generation.jobs import ChatJob
from fathom.server.models.source import Abilities
from fathom.server.runs.short_text import write_short
from fathom.text.events import AnswerText, ThinkingText
from fathom.types import Conversation, FinishReason, Message

ASKED = Conversation((Message("user", "A title, please."),), thinking=False)


@dataclass
class Writer:
    """Thinks, and writes one line in two pieces."""

    reason: FinishReason
    job: ChatJob | None = None
    name: str = "writer"

    async def abilities(self) -> Abilities:
        return Abilities()

    async def chat(self, job: ChatJob) -> AsyncGenerator[GenerationEvent, None]:
        self.job = job
        yield GenerationDelta(0, (ThinkingText("hm"), AnswerText("One ")), (), ())
        yield GenerationDelta(0, (AnswerText("line"),), (), ())
        yield ChoiceFinished(0, self.reason)


@pytest.mark.parametrize(("reason", "line"), [("stop", "One line"), ("length", None)])
async def test_a_line_is_whole(reason: FinishReason, line: str | None) -> None:
    writer = Writer(reason)
    assert await write_short(writer, ASKED, 7) == line
    assert writer.job is not None
    assert (writer.job.conversation, writer.job.sampling) == (ASKED, {"temperature": 0.0, "max_tokens": 7})


async def test_a_line_without_end_is_not_waited_for() -> None:
    class Endless(Writer):
        pieces = 0

        async def chat(self, job: ChatJob) -> AsyncGenerator[GenerationEvent, None]:
            while self.pieces < 10_000:
                self.pieces += 1
                yield GenerationDelta(0, (AnswerText("word "),), (), ())
            yield ChoiceFinished(0, "stop")

    writer = Endless("stop")
    assert await write_short(writer, ASKED, 7) is None
    assert writer.pieces < 200
