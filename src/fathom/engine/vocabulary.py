"""The engine's interface to a tokenizer: bytes of a token, end tokens, and incremental detokenization.

A protocol rather than the class itself, so that an engine can serve a vocabulary without merges (a test, a task on bare
symbols). ``fathom.text.tokenizer.tokenizer.Tokenizer`` satisfies it.
"""

from __future__ import annotations

from typing import Protocol


class TextStream(Protocol):
    """Incremental detokenizer: text never ends inside a character."""

    def push(self, token_id: int, /) -> str:
        """Text that the token completes; "" while a character is incomplete."""
        ...

    def flush(self) -> str:
        """The rest, an incomplete character replaced by U+FFFD."""
        ...


class Vocabulary(Protocol):
    """Ids below ``vocab_size`` have bytes; ``eos_ids`` end a completion; ``special_ids`` yield no text."""

    @property
    def vocab_size(self) -> int: ...

    @property
    def eos_ids(self) -> frozenset[int]: ...

    @property
    def special_ids(self) -> frozenset[int]: ...

    def token_bytes(self, token_id: int, /) -> bytes: ...

    def encode(self, text: str, /) -> list[int]: ...

    def detokenizer(self, *, continues: bool = False) -> TextStream:
        """``continues``: the ids follow others of the same text."""
        ...
