"""A loaded model as the server sees it: tokenizer, chat template, and engine, each by a protocol.

The protocols are all that the server calls. Tests implement them by a scripted engine; a remote engine could as well.
`fathom.server.models.loading` makes the real one.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from fathom.engine.request import Chunk, EngineStats, Request, SamplingParams
from fathom.engine.vocabulary import TextStream

if TYPE_CHECKING:
    from fathom.text.conversation import Chat

T_co = TypeVar("T_co", covariant=True)

Progress = Callable[[str, float | None], None]
"""Called with the current stage and the fraction done (None where unknown)."""


class ServedVocabulary(Protocol):
    """The part of a tokenizer that serving needs. ``special_ids`` yield no text."""

    vocab_size: int
    adds_bos: bool

    @property
    def special_ids(self) -> frozenset[int]: ...

    def encode(self, text: str, *, bos: bool = False) -> list[int]: ...

    def decode(self, ids: list[int], *, skip_special: bool = True) -> str: ...

    def token_bytes(self, token_id: int) -> bytes: ...

    def token_id(self, token: str) -> int | None: ...

    def detokenizer(self, *, skip_special: bool = True) -> TextStream: ...


class ClosableStream(Protocol[T_co]):
    """What an asynchronous generator offers to its reader."""

    def __aiter__(self) -> AsyncIterator[T_co]: ...

    def __anext__(self) -> Awaitable[T_co]: ...

    def aclose(self) -> Awaitable[None]: ...


class EngineClient(Protocol):
    """The asyncio interface of an engine."""

    async def submit(self, request: Request) -> ClosableStream[Chunk]:
        """Queue a request: the stream of its chunks. Raises RequestError and OverloadedError where it is not accepted.

        Closing the stream cancels the request and frees its memory.
        """
        ...

    def stats(self) -> EngineStats: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A loaded model. ``sampling`` holds the recommended sampling parameters, for requests that leave them open.

    ``chat`` is None for a base model. ``thinking_switch``: clients can switch its thinking on and off.
    """

    name: str
    engine: EngineClient
    tokenizer: ServedVocabulary
    chat: Chat | None
    max_context: int
    aliases: frozenset[str] = frozenset()
    thinking_switch: bool = False
    sampling: SamplingParams = field(default_factory=SamplingParams)
    created: int = field(default_factory=lambda: int(time.time()))
