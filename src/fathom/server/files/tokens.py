"""How many tokens a text takes in a prompt, before it is known which model reads it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from fathom.base.errors import FathomError
from fathom.server.models.runtime import Runtime

BYTES_PER_TOKEN = 4
"""An estimate for English; larger vocabularies need fewer tokens, other scripts more."""


class TokenCounter(Protocol):
    """Counts tokens of texts."""

    async def count(self, texts: Sequence[str]) -> list[int]: ...


class RuntimeTokens:
    """Counts with the tokenizer of the server's model; estimates while there is none."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def count(self, texts: Sequence[str]) -> list[int]:
        try:
            tokenizer = (await self._runtime.model()).tokenizer
        except FathomError:
            return [estimate_tokens(text) for text in texts]
        return await asyncio.to_thread(lambda: [len(tokenizer.encode(text)) for text in texts])


def estimate_tokens(text: str) -> int:
    return -(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)
