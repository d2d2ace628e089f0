"""What answers requests once it is loaded: a model's text side and its engine, behind the few methods that we call.

The protocols are the whole surface that the server knows. Tests put a scripted engine behind them; an engine on other
machines would fit as well. The real one comes from ``loading.py``.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Protocol

from fathom.engine.request import Chunk, EngineStats, Request, SamplingParams
from fathom.text.conversation import Chat

Progress = Callable[[str, float | None], None]
"""Told what is being done, and which fraction of it is done where that is known."""


class ServedVocabulary(Protocol):
    """The part of a tokenizer that serving needs."""

    vocab_size: int
    adds_bos: bool

    def encode(self, text: str, *, bos: bool = False) -> list[int]: ...

    def decode(self, ids: list[int], *, skip_special: bool = True) -> str: ...

    def token_bytes(self, token_id: int) -> bytes: ...


class ChunkStream(Protocol):
    """The chunks of one request. Closing it cancels the request and frees its memory."""

    def __aiter__(self) -> AsyncIterator[Chunk]: ...

    async def aclose(self) -> None: ...


class EngineFront(Protocol):
    """The asyncio face of an engine. Its stream raises RequestError and OverloadedError before the first chunk."""

    def generate(self, request: Request) -> ChunkStream: ...

    def stats(self) -> EngineStats: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Backend:
    """A loaded model. ``sampling`` is what its makers recommend, for requests that do not choose.

    ``chat`` is None for a base model. ``thinking_switch``: clients can switch its thinking on and off.
    """

    name: str
    engine: EngineFront
    tokenizer: ServedVocabulary
    chat: Chat | None
    max_context: int
    aliases: frozenset[str] = frozenset()
    thinking_switch: bool = False
    sampling: SamplingParams = field(default_factory=SamplingParams)
    created: int = field(default_factory=lambda: int(time.time()))
