"""What answers requests once it is loaded: a model's text side and its engine, behind the few methods that we call.

The protocols are the whole surface that the server knows. Tests put a scripted engine behind them; an engine on other
machines would fit as well. The real one imports torch, which takes seconds, so ``load`` imports it when called: in the
runtime's thread, while the page already answers.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Protocol

from fathom.engine.request import Chunk, EngineStats, GrammarSpec, Request, SamplingParams
from fathom.server.settings import Settings
from fathom.text.events import Event
from fathom.types import Conversation

Progress = Callable[[str, float | None], None]
"""Told what is being done, and which fraction of it is done where that is known."""


class Vocabulary(Protocol):
    """The part of a tokenizer that serving needs."""

    @property
    def vocab_size(self) -> int: ...

    def encode(self, text: str, *, bos: bool = False) -> list[int]: ...

    def decode(self, ids: list[int], *, skip_special: bool = True) -> str: ...

    def token_bytes(self, token_id: int) -> bytes: ...


class EngineFront(Protocol):
    """The asyncio face of an engine. Closing an iterator of ``generate`` cancels that request and frees its memory."""

    def generate(self, request: Request) -> AsyncIterator[Chunk]: ...

    def stats(self) -> EngineStats: ...

    def close(self) -> None: ...


class PromptFront(Protocol):
    """A rendered conversation. ``thinking``: the model's turn begins inside its thoughts."""

    @property
    def ids(self) -> tuple[int, ...]: ...

    @property
    def thinking(self) -> bool: ...


class ParserFront(Protocol):
    """Reads one completion as it comes."""

    def push(self, text: str) -> list[Event]: ...

    def finish(self) -> list[Event]: ...


class ChatFront(Protocol):
    """A chat template with its conversation core."""

    def render(self, conversation: Conversation) -> PromptFront: ...

    def parser(self, prompt: PromptFront) -> ParserFront: ...

    def call_grammar(self, prompt: PromptFront, name: str | None) -> GrammarSpec: ...


@dataclass(frozen=True, slots=True)
class Backend:
    """A loaded model. ``sampling`` is what its makers recommend, for requests that do not choose.

    ``thinking_switch``: clients can switch its thinking on and off.
    """

    name: str
    engine: EngineFront
    tokenizer: Vocabulary
    chat: ChatFront
    max_context: int
    aliases: frozenset[str] = frozenset()
    thinking_switch: bool = False
    sampling: SamplingParams = field(default_factory=SamplingParams)
    created: int = field(default_factory=lambda: int(time.time()))


def loader(settings: Settings) -> Callable[[Progress], Backend]:
    """What a Runtime calls to load the model that the settings name."""

    def load(progress: Progress) -> Backend:
        # imported here because it brings in torch: seconds, during which the page already answers
        from fathom.server.loading import load_backend  # noqa: PLC0415

        return load_backend(settings, progress)

    return load
