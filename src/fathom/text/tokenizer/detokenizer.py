"""Incremental detokenization: token ids to text, one at a time, in whole characters.

The bytes of each token go through an incremental UTF-8 decoder: an incomplete character waits for the next token. Bytes
that cannot complete a character become U+FFFD by Unicode's rule (one for each maximal invalid part), as in decoding
everything at once, so the pieces always concatenate to the whole. The alternative, decoding a window of tokens again
and comparing (vLLM, text-generation-inference), costs a decode per token and stalls on a single invalid byte.

One difference from `tokenizers` is deliberate: for SentencePiece vocabularies its ByteFallback replaces a whole run of
byte tokens if any byte of the run is invalid. Here the valid characters of the run remain: they were already sent.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable

_Utf8 = codecs.getincrementaldecoder("utf-8")


class Detokenizer:
    """Decodes one stream of ids. ``bytes_of`` maps an id to its bytes: empty if it is hidden or does not exist."""

    def __init__(self, bytes_of: Callable[[int], bytes], strip_space: bool = False) -> None:
        self._bytes_of = bytes_of
        self._utf8 = _Utf8("replace")
        self._strip_space = strip_space

    def push(self, token_id: int) -> str:
        """The characters that this token completes: usually its text, sometimes none."""
        return self._without_first_space(self._utf8.decode(self._bytes_of(token_id)))

    def flush(self) -> str:
        """The rest of the text: an incomplete character becomes U+FFFD."""
        text = self._utf8.decode(b"", final=True)
        return self._without_first_space(text)

    def _without_first_space(self, text: str) -> str:
        if self._strip_space and text:
            self._strip_space = False
            return text.removeprefix(" ")
        return text
