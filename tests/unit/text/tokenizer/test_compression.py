"""Bytes per token, compared on the same texts."""

from pathlib import Path

import pytest

from fathom.base.errors import TokenizerError
from fathom.text.tokenizer import bpe
from fathom.text.tokenizer.compression import Compression, compare, load_gpt2
from fathom.text.tokenizer.tokenizer import Tokenizer


def test_the_best_vocabulary_comes_first() -> None:
    texts = ["the cat sat on the mat"] * 10
    plain, merged = bpe.train([], bpe.MIN_VOCAB_SIZE), bpe.train(texts, 320)
    lines = compare([*texts, "é"], {"bytes": plain, "merged": merged})
    assert [line.name for line in lines] == ["merged", "bytes"]
    assert lines[1] == Compression("bytes", 275, 222, 222)
    assert lines[1].bytes_per_token == 1.0
    assert lines[0].bytes_per_token > 3


def test_special_tokens_are_encoded_as_text() -> None:
    assert compare(["<think>"], {"bytes": bpe.train([], bpe.MIN_VOCAB_SIZE)})[0].tokens == 7


def test_no_text_at_all() -> None:
    assert compare([], {"bytes": bpe.train([], bpe.MIN_VOCAB_SIZE)})[0].bytes_per_token == 0


def test_a_published_vocabulary_on_plain_english(deepseek: Tokenizer, smollm: Tokenizer) -> None:
    text = ["Every vocabulary here was trained on plain English, so a token carries more than four bytes of it."]
    for line in compare(text, {"deepseek": deepseek, "smollm2": smollm}):
        assert line.bytes_per_token > 4


def test_gpt2_from_its_two_files(tmp_path: Path) -> None:
    (tmp_path / "encoder.json").write_text('{"a": 0, "b": 1, "ab": 2, "<|endoftext|>": 3}', encoding="utf-8")
    (tmp_path / "vocab.bpe").write_text("#version: 0.2\na b\n", encoding="utf-8")
    small = load_gpt2(tmp_path / "encoder.json", tmp_path / "vocab.bpe")
    assert small.encode("abba") == [2, 1, 0]
    assert (small.bos_id, small.eos_ids) == (3, {3})


def test_invalid_files(tmp_path: Path) -> None:
    with pytest.raises(TokenizerError, match="cannot be read"):
        load_gpt2(tmp_path / "no.json", tmp_path / "no.bpe")
