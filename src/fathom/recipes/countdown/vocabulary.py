"""A vocabulary in which every number up to 99 is one token, and which still holds any text.

A model of a million parameters should spend them on arithmetic, not on joining digits. It is an ordinary byte-level
BPE, constructed rather than trained: its merges build the numbers and the few words of the traces, so that
`transformers`, GGUF and every engine read it, and any other text is encoded in bytes. As always in byte-level BPE, a
word with a space before it is another token than one without: ` 24` is a number to calculate with, `24` at the start of
a question is a target. In the prototype a small model needed the two to be different tokens.

Special tokens, their ids and the chat template are R1's (`fathom.text.r1`).
"""

from __future__ import annotations

from itertools import product

from tokenizers import AddedToken, Regex, decoders, models, pre_tokenizers
from tokenizers import Tokenizer as Backend

from fathom.text import markers, r1
from fathom.text.conversation import Chat
from fathom.text.template.template import ChatTemplate
from fathom.text.tokenizer.special import SpecialIds
from fathom.text.tokenizer.tokenizer import Tokenizer

SIZE = 512
"""Rows of the embedding: the ids in use, rounded up for kernels."""

_SPACE = "Ġ"  # a space, as byte-level BPE writes it
_WORDS = (" from", " big")
_MARKS = "+-*=()!"
_LAST_TURN = """\
{%- set turn = namespace(start=0) -%}
{%- for message in messages -%}
  {%- set turn.start = loop.index0 if message['role'] == 'user' else turn.start -%}
{%- endfor -%}
{%- set messages = messages[turn.start:] -%}
"""
_CUTS = r" ?\p{N}+| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s"


def tokenizer() -> Tokenizer:
    """The vocabulary; the same on every call."""
    merges = _merges()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = dict.fromkeys((*r1.FIRST_TOKENS, *alphabet, *(left + right for left, right in merges)))
    backend = Backend(models.BPE({token: index for index, token in enumerate(tokens)}, merges))
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(_CUTS), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)]
    )
    backend.decoder = decoders.ByteLevel()
    backend.add_tokens([_added_token(token) for token in (*r1.FIRST_TOKENS, *r1.LAST_TOKENS)])
    bos, eos = (r1.FIRST_TOKENS.index(token) for token in (r1.BOS, r1.EOS))
    return Tokenizer(backend, SpecialIds(bos, frozenset({eos}), adds_bos=False))


def template() -> ChatTemplate:
    """R1's, from the last question on: the model is trained on one question, and would confuse the numbers of two."""
    return ChatTemplate(_LAST_TURN + r1.TEMPLATE, bos=r1.BOS, eos=r1.EOS)


def chat() -> Chat:
    """The tokenizer with its template."""
    return Chat(tokenizer(), template())


def _merges() -> list[tuple[str, str]]:
    """Pairs of digits first, so that `24` is one piece before a space joins it."""
    digits = "0123456789"
    numbers = [*digits, *(f"{tens}{ones}" for tens, ones in product(digits[1:], digits))]
    merges = [(number[0], number[1]) for number in numbers if len(number) == 2]
    merges += [(_SPACE, number) for number in numbers]
    merges += [(_SPACE, mark) for mark in _MARKS]
    for word in _WORDS:
        pieces = word.replace(" ", _SPACE)
        merges += [(pieces[:end], pieces[end]) for end in range(1, len(pieces))]
    return list(dict.fromkeys(merges))


def _added_token(token: str) -> AddedToken:
    return AddedToken(token, normalized=False, special=token not in markers.STRUCTURE)
