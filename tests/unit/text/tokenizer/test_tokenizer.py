"""Tokenizers: encoding, decoding, and the directories that they read and write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer
from vocabularies import byte_level_metadata, sentencepiece_metadata

from fathom.base.errors import TokenizerError
from fathom.text.tokenizer.tokenizer import Tokenizer


def test_byte_level_vocabulary() -> None:
    tokenizer = Tokenizer.from_gguf(byte_level_metadata())
    assert tokenizer.encode("hi hi\n<think>hi<|end|>") == [3, 4, 10, 6, 3, 5]
    assert tokenizer.encode("hi", bos=True) == [11, 3]
    assert tokenizer.decode([11, 3, 4, 10, 6, 3, 5]) == "hi hi\n<think>hi"
    assert tokenizer.decode([11, 3, 5], skip_special=False) == "<|start|>hi<|end|>"
    assert (tokenizer.vocab_size, tokenizer.bos_id, tokenizer.eos_ids) == (12, 11, {5})
    assert not tokenizer.adds_bos


def test_token_bytes() -> None:
    tokenizer = Tokenizer.from_gguf(byte_level_metadata())
    assert [tokenizer.token_bytes(index) for index in (4, 8, 9, 10, 5)] == [b" hi", b"\xc3", b"\xa9", b"\n", b"<|end|>"]
    for index in (-1, 12):
        with pytest.raises(TokenizerError, match=f"token {index} is not in the vocabulary; use an id below 12"):
            tokenizer.token_bytes(index)


def test_a_continuation_keeps_its_first_space(tmp_path: Path) -> None:
    """As transformers decodes prompt and completion together."""
    tokenizer = Tokenizer.from_gguf(sentencepiece_metadata())
    tokenizer.save(tmp_path)
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    prompt, completion = tokenizer.encode("hi", bos=True), [264, 264]
    assert tokenizer.token_text(264) == "▁hi"
    both = theirs.decode([*prompt, *completion], skip_special_tokens=True)
    assert both == tokenizer.decode([*prompt, *completion]) == "hi hi hi"
    assert tokenizer.decode(prompt) + tokenizer.decode(completion, continues=True) == both
    stream = tokenizer.detokenizer(continues=True)
    assert [stream.push(index) for index in completion] == [" hi", " hi"]
    assert tokenizer.decode(completion) == "hi hi"
    assert Tokenizer.from_gguf(byte_level_metadata()).decode([4], continues=True) == " hi"


def test_a_text_that_continues_another_gets_no_space() -> None:
    tokenizer = Tokenizer.from_gguf(sentencepiece_metadata())
    assert tokenizer.encode("hi hi") == [264, 264]
    assert tokenizer.encode("hi hi", continues=True) == tokenizer.encode("hi hi", continues=True, special=False)
    assert tokenizer.decode(tokenizer.encode("hi hi", continues=True), continues=True) == "hi hi"
    after_special = tokenizer.encode("hi<user>hi", continues=True)
    assert after_special == [tokenizer.token_id("hi"), *tokenizer.encode("<user>hi")]


def test_structural_tokens_are_decoded_even_if_special() -> None:
    tokenizer = Tokenizer.from_gguf(byte_level_metadata())
    assert tokenizer.decode([7, 3, 5]) == "<|python_tag|>hi"
    assert tokenizer.special_ids == {5, 11}


def test_special_tokens_as_plain_text(smollm: Tokenizer, deepseek: Tokenizer) -> None:
    for tokenizer, text in ((smollm, "<|im_start|>"), (deepseek, "<think>"), (deepseek, "<｜User｜>")):
        (whole,) = tokenizer.encode(text)
        spelled = tokenizer.encode(text, special=False)
        assert whole not in spelled
        assert tokenizer.decode(spelled) == text


def test_saved_and_loaded(tmp_path: Path) -> None:
    tokenizer = Tokenizer.from_gguf(byte_level_metadata(add_bos_token=True))
    tokenizer.save(tmp_path)
    text = "hi hi\n<think>hi<|end|>é"
    again = Tokenizer.from_directory(tmp_path)
    assert again.encode(text) == tokenizer.encode(text)
    assert (again.vocab_size, again.bos_id, again.eos_ids, again.adds_bos) == (12, 11, {5}, True)
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    assert theirs.encode(text, add_special_tokens=False) == tokenizer.encode(text)
    assert (theirs.bos_token, theirs.eos_token, theirs.vocab_size) == ("<|start|>", "<|end|>", 12)


def test_the_end_token_that_was_named_stays_the_named_one(tmp_path: Path) -> None:
    """As in Qwen2.5-Instruct, where <|im_end|> is named and <|endoftext|>, a lower id, ends texts too."""
    tokenizer = Tokenizer.from_gguf(byte_level_metadata(eos_token_id=11, eot_token_id=5))
    assert tokenizer.eos_ids == {5, 11}
    tokenizer.save(tmp_path)
    assert json.loads((tmp_path / "tokenizer_config.json").read_text())["eos_token"] == "<|start|>"
    write(tmp_path / "generation_config.json", {"eos_token_id": [5, 11]})
    Tokenizer.from_directory(tmp_path).save(tmp_path / "again")
    assert json.loads((tmp_path / "again" / "tokenizer_config.json").read_text())["eos_token"] == "<|start|>"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    Tokenizer.from_gguf(byte_level_metadata()).save(tmp_path)
    return tmp_path


def write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def test_added_tokens_of_tokenizer_config(directory: Path) -> None:
    entry = {"content": "<tool_call>", "special": False, "normalized": False}
    write(directory / "tokenizer_config.json", {"added_tokens_decoder": {"12": entry}})
    tokenizer = Tokenizer.from_directory(directory)
    assert tokenizer.encode("hi<tool_call>") == [3, 12]
    assert tokenizer.vocab_size == 13
    write(directory / "tokenizer_config.json", {"added_tokens_decoder": {"20": entry}})
    with pytest.raises(TokenizerError, match="gives '<tool_call>' the id 20; the next free one is 12"):
        Tokenizer.from_directory(directory)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("tokenizer.json", None, "there is no tokenizer.json in "),
        ("tokenizer.json", "{", "tokenizer.json cannot be read"),
        ("tokenizer_config.json", "{", "tokenizer_config.json cannot be read"),
        ("tokenizer_config.json", "[]", "tokenizer_config.json does not hold a JSON object"),
    ],
)
def test_broken_directories(directory: Path, file: str, text: str | None, message: str) -> None:
    (directory / file).unlink() if text is None else (directory / file).write_text(text)
    with pytest.raises(TokenizerError) as refused:
        Tokenizer.from_directory(directory)
    assert message in str(refused.value)


def test_lone_surrogates_are_replaced(smollm: Tokenizer) -> None:
    assert smollm.decode(smollm.encode("a\ud800b\U0001f642")) == "a\ufffdb🙂"
