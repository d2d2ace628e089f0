"""Structural tokens are decoded to text, and the trained vocabulary has those of its format."""

from __future__ import annotations

from fathom.text import markers, r1
from fathom.text.dialects import DIALECTS
from fathom.text.tokenizer import bpe


def test_every_opener_of_a_tool_call_is_structural() -> None:
    openers = {opener for dialect in DIALECTS for opener in dialect.calls.openers}
    assert {opener for opener in openers if not opener.isalpha()} <= markers.STRUCTURE  # "functools" is a word


def test_turn_markers_are_not_structural() -> None:
    assert not markers.STRUCTURE & {turn for dialect in DIALECTS for turn in (*dialect.ends, r1.USER, r1.ASSISTANT)}


def test_structural_tokens_survive_decoding() -> None:
    tokenizer = bpe.train([], bpe.MIN_VOCAB_SIZE)
    inside = [token for token in r1.LAST_TOKENS if token in markers.STRUCTURE]
    assert inside
    for token in inside:
        assert tokenizer.decode(tokenizer.encode(token)) == token
    assert tokenizer.decode(tokenizer.encode(r1.USER)) == ""
