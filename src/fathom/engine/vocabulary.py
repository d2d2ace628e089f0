"""What the engine needs of a tokenizer: bytes of a token, the end tokens, and text that never ends inside a character.

A protocol rather than the class itself, so that an engine can serve a vocabulary that has no merges (a test, a task
on bare symbols). ``fathom.text.tokenizer.tokenizer.Tokenizer`` satisfies it.
"""

from __future__ import annotations

from typing import Protocol


class TextStream(Protocol):
    """Turns token ids into text as they come."""

    def push(self, token_id: int, /) -> str:
        """Text that the token completes; "" while a character is open."""
        ...

    def flush(self) -> str:
        """What is left, an open character replaced by U+FFFD."""
        ...


class Vocabulary(Protocol):
    """Ids below ``vocab_size`` have bytes; ``eos_ids`` end a completion; ``special_ids`` are no part of any text."""

    @property
    def vocab_size(self) -> int: ...

    @property
    def eos_ids(self) -> frozenset[int]: ...

    @property
    def special_ids(self) -> frozenset[int]: ...

    def token_bytes(self, token_id: int, /) -> bytes: ...

    def encode(self, text: str, /) -> list[int]: ...

    def detokenizer(self) -> TextStream: ...
