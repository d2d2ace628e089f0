"""Token ids to text, one at a time, never half a character.

The bytes of each token go through an incremental UTF-8 decoder: what does not yet complete a character waits for the
next token. Bytes that can never complete one become U+FFFD by Unicode's rule (one mark for each maximal broken part),
the same marks that decoding everything at once gives, so the pieces always concatenate to the whole. The alternative,
decoding a window of tokens again and comparing (vLLM, text-generation-inference), costs a decode per token and
stalls on a lone broken byte.

One difference from `tokenizers` is meant: for SentencePiece vocabularies its ByteFallback replaces a whole run of byte
tokens when any byte of the run is broken. Here the good characters of the run survive: they were already sent.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable

_Utf8 = codecs.getincrementaldecoder("utf-8")


class Detokenizer:
    """``bytes_of`` maps an id to its bytes: empty for a token that is not shown, or that does not exist."""

    def __init__(self, bytes_of: Callable[[int], bytes], strip_space: bool = False) -> None:
        self._bytes_of = bytes_of
        self._utf8 = _Utf8("replace")
        self._strip_space = strip_space

    def push(self, token_id: int) -> str:
        """The characters that this token completes; often the token's text, sometimes none, sometimes several."""
        return self._without_first_space(self._utf8.decode(self._bytes_of(token_id)))

    def flush(self) -> str:
        """The end: bytes still waiting for the rest of their character become U+FFFD."""
        text = self._utf8.decode(b"", final=True)
        return self._without_first_space(text)

    def _without_first_space(self, text: str) -> str:
        if self._strip_space and text:
            self._strip_space = False
            return text.removeprefix(" ")
        return text
