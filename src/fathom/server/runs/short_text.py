"""A line that a model writes for the server itself: a title, the query of a search. No reader sees it being written."""

from __future__ import annotations

from contextlib import aclosing

from fathom.server.generation.events import ChoiceFinished, GenerationDelta
from fathom.server.generation.jobs import ChatJob
from fathom.server.models.source import ChatSource
from fathom.text.events import AnswerText
from fathom.types import Conversation

CHARACTERS = 64
"""More than a token has."""


async def write_short(source: ChatSource, conversation: Conversation, most: int) -> str | None:
    """The model's likeliest answer in at most ``most`` tokens; None where it needs more. Raises as the source does."""
    written, longest = "", most * CHARACTERS
    job = ChatJob(conversation, {"temperature": 0.0, "max_tokens": most})
    async with aclosing(source.chat(job)) as events:
        async for event in events:
            if isinstance(event, GenerationDelta):
                written += "".join(piece.text for piece in event.events if isinstance(piece, AnswerText))
                if len(written) > longest:
                    return None  # a server that does not keep to the limit
            elif isinstance(event, ChoiceFinished) and event.reason != "stop":
                return None  # half a line is none
    return written
