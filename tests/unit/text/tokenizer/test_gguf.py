"""Tokenizers from GGUF metadata: both kinds of vocabulary, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from vocabularies import byte_level_metadata, sentencepiece_metadata

from fathom.base.errors import TokenizerError
from fathom.text.tokenizer.gguf import backend_from_gguf
from fathom.text.tokenizer.tokenizer import Tokenizer


def test_byte_level_merges_and_added_tokens() -> None:
    backend = backend_from_gguf(byte_level_metadata())
    assert backend.encode("hi hi<think>").tokens == ["hi", "Ġhi", "<think>"]
    added = {token.content: token.special for token in backend.get_added_tokens_decoder().values()}
    assert added == {"<|end|>": True, "<think>": False, "<|python_tag|>": True, "<|start|>": True}


def test_sentencepiece_vocabulary() -> None:
    tokenizer = Tokenizer.from_gguf(sentencepiece_metadata())
    assert [tokenizer.token_text(index) for index in tokenizer.encode("hi hi")] == ["▁hi", "▁hi"]
    assert [tokenizer.token_text(index) for index in tokenizer.encode("hhi")] == ["▁h", "hi"]
    assert [tokenizer.token_text(index) for index in tokenizer.encode("é")] == ["▁", "<0xC3>", "<0xA9>"]
    assert tokenizer.encode("<s>hi") == [1, 264]
    assert tokenizer.decode(tokenizer.encode("hi é\n日 hi")) == "hi é\n日 hi"
    assert tokenizer.adds_bos
    assert tokenizer.token_bytes(264) == b" hi"
    assert tokenizer.token_bytes(3 + 0xE6) == b"\xe6"
    detokenizer = tokenizer.detokenizer()
    assert [detokenizer.push(3 + byte) for byte in "日x".encode()] == ["", "", "日", "x"]


def test_sentencepiece_without_a_space_prefix() -> None:
    tokenizer = Tokenizer.from_gguf(sentencepiece_metadata(add_space_prefix=False, add_bos_token=False))
    assert [tokenizer.token_text(index) for index in tokenizer.encode("hi hi")] == ["hi", "▁hi"]
    assert tokenizer.decode(tokenizer.encode(" hi")) == " hi"
    assert not tokenizer.adds_bos


REFUSED = [
    ({}, "the GGUF file holds no vocabulary; use a file with a 'gpt2' or 'llama' vocabulary"),
    ({"tokenizer.ggml.model": "t5"}, "the GGUF file holds a vocabulary of kind 't5'"),
    (byte_level_metadata(pre="klingon"), "pre-tokenizer 'klingon', which is not known here; use a model directory"),
    (byte_level_metadata(tokens=None), "the GGUF file has no tokenizer.ggml.tokens"),
    (byte_level_metadata(tokens=[]), "the GGUF file has no tokenizer.ggml.tokens"),
    (byte_level_metadata(merges=None), "the GGUF file has no tokenizer.ggml.merges"),
    (byte_level_metadata(merges=["h", "i"]), "does not fit together"),
    (byte_level_metadata(merges=["h x"]), "does not fit together"),
    (sentencepiece_metadata(scores=[0.0]), "1 scores for 266 tokens"),
    (sentencepiece_metadata(unknown_token_id=999), "does not fit together"),
]


@pytest.mark.parametrize(("metadata", "message"), REFUSED)
def test_refused_vocabularies(metadata: dict[str, Any], message: str) -> None:
    with pytest.raises(TokenizerError) as refused:
        Tokenizer.from_gguf(metadata)
    assert message in str(refused.value)
