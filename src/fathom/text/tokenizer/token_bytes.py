"""The bytes of a token, from its text in the vocabulary.

There are two encodings. Byte-level BPE (GPT-2 and its successors) writes each byte as one printable character: a space
is ``Ġ``, a newline ``Ċ``. SentencePiece writes text, with ``▁`` for a space, and ``<0xE4>`` for a single byte.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from tokenizers import Tokenizer as Backend

from fathom.base.errors import TokenizerError

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


def _byte_alphabet() -> dict[str, int]:
    """Printable bytes map to themselves; the others to the code points from 256 on, in order."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [byte for byte in range(256) if byte not in printable]
    alphabet = {chr(byte): byte for byte in printable}
    return alphabet | {chr(256 + index): byte for index, byte in enumerate(rest)}


_ALPHABET = _byte_alphabet()


def byte_level_bytes(token: str) -> bytes:
    """The bytes of a byte-level token; if it has a character outside the alphabet (an added token), its UTF-8."""
    try:
        return bytes([_ALPHABET[character] for character in token])
    except KeyError:
        return token.encode()


def sentencepiece_bytes(token: str) -> bytes:
    """The bytes of a SentencePiece token."""
    if match := _BYTE.fullmatch(token):
        return bytes([int(match[1], 16)])
    return token.replace("▁", " ").encode()


@dataclass(frozen=True, slots=True)
class TokenDecoding:
    """``to_bytes`` decodes one token; ``strip_space``: the first space of a text was added by the encoder."""

    to_bytes: Callable[[str], bytes]
    strip_space: bool = False


def token_decoding(backend: Backend) -> TokenDecoding:
    """The decoding of a `tokenizers` tokenizer, from its decoder; raises TokenizerError for another kind."""
    state = json.loads(backend.decoder.__getstate__()) if backend.decoder is not None else {"type": "none"}
    steps = state.get("decoders", [state])
    kinds = [step["type"] for step in steps]
    if kinds == ["ByteLevel"]:
        return TokenDecoding(byte_level_bytes)
    if "ByteFallback" in kinds or kinds == ["Metaspace"]:
        strips = any(step["type"] == "Strip" and step["start"] > 0 for step in steps)
        prepends = any(step["type"] == "Metaspace" and step["prepend_scheme"] != "never" for step in steps)
        return TokenDecoding(sentencepiece_bytes, strip_space=strips or prepends)
    raise TokenizerError(
        f"the tokenizer decodes with {' and '.join(kinds)}, which is not supported",
        "use a byte-level BPE tokenizer, or a SentencePiece one with byte fallback",
    )
