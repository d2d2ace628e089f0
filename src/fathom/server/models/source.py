"""What answers a conversation: a model of this machine, or one of another server.

A run asks the registry for the source of a model's name and reads the events of its answer. Whether the model had to be
loaded first, and where it is computed, is no concern of the run's.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from typing import Protocol

from fathom.server.generation.chat import chat
from fathom.server.generation.events import GenerationEvent
from fathom.server.generation.jobs import ChatJob
from fathom.server.models.served_model import ServedModel

Lease = Callable[[], AbstractAsyncContextManager[ServedModel]]
"""Loads a model where that is necessary, and keeps it loaded until the block ends."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a model can do, as far as it is known. ``context`` is in tokens, prompt and completion together.

    ``repeats``: the same seed and the same prompt give the same text, and a beginning of an answer is continued by the
    token (a prefilled last message), so that one that was cut off can go on as if nothing had happened. ``prices`` are
    US dollars for a token of the prompt and of the completion, where its server says them.
    """

    thinking: bool = False
    tools: bool = True
    vision: bool = False
    context: int | None = None
    repeats: bool = False
    prices: tuple[float, float] | None = None


class ChatSource(Protocol):
    """A model that answers. ``name`` is its id in `/api/models`."""

    @property
    def name(self) -> str: ...

    async def abilities(self) -> Abilities:
        """What the model can do; a local one is loaded for it. Raises as `chat` does."""
        ...

    async def check(self) -> None:
        """Raise FathomError where the model is known not to be there. Loads and generates nothing."""
        ...

    def chat(self, job: ChatJob) -> AsyncGenerator[GenerationEvent, None]:
        """The events of one turn, ``job.sampling["n"]`` choices of it.

        Raises FathomError: before the first event where the request is at fault or the model cannot answer, later where
        the answer was cut off; what had come until then counts. Closing the generator stops the generation.
        """
        ...


class LocalSource:
    """A model of this machine, loaded when it is first needed. ``check`` raises where it is known not to be there."""

    def __init__(self, name: str, lease: Lease, check: Callable[[], Awaitable[None]]) -> None:
        self.name = name
        self.lease = lease
        self._check = check

    async def check(self) -> None:
        await self._check()

    async def abilities(self) -> Abilities:
        async with self.lease() as served:
            return abilities_of(served)

    async def chat(self, job: ChatJob) -> AsyncGenerator[GenerationEvent, None]:
        async with self.lease() as served, aclosing(chat(served, job)) as events:
            async for event in events:
                yield event


def abilities_of(served: ServedModel) -> Abilities:
    """The abilities of a loaded model."""
    return Abilities(
        thinking=served.thinking_switch,
        tools=served.chat is not None,
        context=served.max_context,
        repeats=True,
    )
