"""Tokenizers from directories and GGUF metadata: what they read, what they refuse, what they write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from fathom.base.errors import TokenizerError
from fathom.text.tokenizer.tokenizer import Tokenizer

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6


def byte_level_metadata(**changes: Any) -> dict[str, Any]:
    """Twelve tokens: enough for `hi hi`, two control tokens and a thinking tag."""
    tokens = ["h", "i", "Ġ", "hi", "Ġhi", "<|end|>", "<think>", "<|python_tag|>", "Ã", "©", "Ċ", "<|start|>"]
    special = {5: CONTROL, 6: USER_DEFINED, 7: CONTROL, 11: CONTROL}
    metadata = {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [special.get(index, NORMAL) for index in range(len(tokens))],
        "tokenizer.ggml.merges": ["h i", "Ġ hi"],
        "tokenizer.ggml.bos_token_id": 11,
        "tokenizer.ggml.eos_token_id": 5,
        **{f"tokenizer.ggml.{key}": value for key, value in changes.items()},
    }
    return {key: value for key, value in metadata.items() if value is not None}


def sentencepiece_metadata(**changes: Any) -> dict[str, Any]:
    pieces = ["▁", "h", "i", "▁h", "hi", "▁hi", "<user>"]
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *pieces]
    types = [UNKNOWN, CONTROL, CONTROL, *[BYTE] * 256, *[NORMAL] * 6, USER_DEFINED]
    scores = [0.0] * 259 + [-5.0, -6.0, -7.0, -1.0, -3.0, -2.0, 0.0]
    return {
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": types,
        "tokenizer.ggml.scores": scores,
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.unknown_token_id": 0,
        **{f"tokenizer.ggml.{key}": value for key, value in changes.items()},
    }


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


def test_structure_is_shown_even_where_it_counts_as_special() -> None:
    tokenizer = Tokenizer.from_gguf(byte_level_metadata())
    assert tokenizer.decode([7, 3, 5]) == "<|python_tag|>hi"
    assert tokenizer.special_ids == {5, 11}


def test_special_tokens_as_plain_text(smollm: Tokenizer, deepseek: Tokenizer) -> None:
    for tokenizer, text in ((smollm, "<|im_start|>"), (deepseek, "<think>"), (deepseek, "<｜User｜>")):
        (whole,) = tokenizer.encode(text)
        spelled = tokenizer.encode(text, special=False)
        assert whole not in spelled
        assert tokenizer.decode(spelled) == text


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


def test_sentencepiece_without_its_space() -> None:
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


def test_several_ends() -> None:
    assert Tokenizer.from_gguf(byte_level_metadata(eot_token_id=11)).eos_ids == {5, 11}
    assert Tokenizer.from_gguf(byte_level_metadata(eos_token_id=None)).eos_ids == frozenset()


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


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    Tokenizer.from_gguf(byte_level_metadata()).save(tmp_path)
    return tmp_path


def write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def test_special_ids_where_each_generation_of_files_put_them(directory: Path) -> None:
    write(directory / "tokenizer_config.json", {"eos_token": {"content": "<|end|>"}, "bos_token": None})
    write(directory / "special_tokens_map.json", {"bos_token": "<|start|>"})
    assert Tokenizer.from_directory(directory).bos_id is None  # the newer file says there is none
    write(directory / "tokenizer_config.json", {"eos_token": {"content": "<|end|>"}})
    write(directory / "config.json", {"eos_token_id": 3})
    tokenizer = Tokenizer.from_directory(directory)
    assert (tokenizer.bos_id, tokenizer.eos_ids) == (11, {3, 5})
    write(directory / "generation_config.json", {"eos_token_id": [5, 7]})
    assert Tokenizer.from_directory(directory).eos_ids == {5, 7}


def test_added_tokens_that_stand_beside_tokenizer_json(directory: Path) -> None:
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


def test_another_kind_of_decoder(directory: Path) -> None:
    data = json.loads((directory / "tokenizer.json").read_text(encoding="utf-8"))
    data["decoder"] = {"type": "WordPiece", "prefix": "##", "cleanup": True}
    write(directory / "tokenizer.json", data)
    with pytest.raises(TokenizerError, match="the tokenizer decodes with WordPiece, which is not supported"):
        Tokenizer.from_directory(directory)


def test_lone_surrogates_are_replaced(smollm: Tokenizer) -> None:
    assert smollm.decode(smollm.encode("a\ud800b\U0001f642")) == "a\ufffdb🙂"
