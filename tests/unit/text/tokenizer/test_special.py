"""BOS and EOS ids, from every file that may hold them and from GGUF metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from vocabularies import byte_level_metadata, sentencepiece_metadata

from fathom.base.errors import TokenizerError
from fathom.text.tokenizer.special import (
    SpecialIds,
    end_ids_from_gguf,
    read_json,
    special_ids_from_directory,
    special_ids_from_gguf,
    token_text,
)
from fathom.text.tokenizer.tokenizer import Tokenizer


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    Tokenizer.from_gguf(byte_level_metadata()).save(tmp_path)
    return tmp_path


def write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def test_every_file_that_may_hold_them(directory: Path) -> None:
    write(directory / "tokenizer_config.json", {"eos_token": {"content": "<|end|>"}, "bos_token": None})
    write(directory / "special_tokens_map.json", {"bos_token": "<|start|>"})
    assert Tokenizer.from_directory(directory).bos_id is None  # the newer file has none
    write(directory / "tokenizer_config.json", {"eos_token": {"content": "<|end|>"}})
    write(directory / "config.json", {"eos_token_id": 3})
    tokenizer = Tokenizer.from_directory(directory)
    assert (tokenizer.bos_id, tokenizer.eos_ids) == (11, {3, 5})
    write(directory / "generation_config.json", {"eos_token_id": [5, 7]})
    assert Tokenizer.from_directory(directory).eos_ids == {5, 7}


def test_a_gguf_file_may_have_several_eos_ids() -> None:
    assert Tokenizer.from_gguf(byte_level_metadata(eot_token_id=11)).eos_ids == {5, 11}
    assert Tokenizer.from_gguf(byte_level_metadata(eos_token_id=None)).eos_ids == frozenset()


def test_bos_of_a_sentencepiece_file_is_added_unless_it_says_otherwise() -> None:
    assert special_ids_from_gguf(sentencepiece_metadata()) == SpecialIds(1, frozenset({2}), adds_bos=True, named_eos=2)
    assert not special_ids_from_gguf(sentencepiece_metadata(add_bos_token=False)).adds_bos


@pytest.mark.parametrize("pre", ["llama-bpe", "tekken"])
def test_bos_is_added_where_llama_cpp_adds_it(pre: str) -> None:
    """llama.cpp's defaults by pre-tokenizer; the key of the file takes precedence."""
    assert special_ids_from_gguf(byte_level_metadata(pre=pre, bos_token_id=11)).adds_bos
    assert not special_ids_from_gguf(byte_level_metadata(pre=pre, bos_token_id=11, add_bos_token=False)).adds_bos
    assert not special_ids_from_gguf(byte_level_metadata(pre="qwen2", bos_token_id=11)).adds_bos


def test_bos_is_added_where_the_post_processor_adds_it(directory: Path) -> None:
    """Llama 3: tokenizer_config.json has no add_bos_token, tokenizer.json a template with bos."""
    described = json.loads((directory / "tokenizer.json").read_text())
    described["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<|start|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"<|start|>": {"id": "<|start|>", "ids": [11], "tokens": ["<|start|>"]}},
    }
    write(directory / "tokenizer.json", described)
    for config, expected in (({}, True), ({"add_bos_token": False}, False), ({"add_bos_token": True}, True)):
        write(directory / "tokenizer_config.json", {"bos_token": "<|start|>", **config})
        assert Tokenizer.from_directory(directory).adds_bos is expected


def test_ends_by_their_text_are_control_tokens_alone() -> None:
    """Qwen2.5-Coder's file names <|im_end|>; filling in the middle ends with <|endoftext|> (llama.cpp#9606)."""
    tokens = ["<|im_end|>", "<|endoftext|>", "<|fim_pad|>", "<|file_sep|>", "</s>", "the", "<|fim_middle|>"]
    metadata = {"tokenizer.ggml.tokens": tokens, "tokenizer.ggml.token_type": [3, 3, 4, 3, 1, 1, 3]}
    assert end_ids_from_gguf(metadata) == {0, 1, 2, 3}
    assert end_ids_from_gguf({}) == frozenset()


def test_no_files_no_ids(tmp_path: Path) -> None:
    assert special_ids_from_directory(tmp_path, lambda text: 1) == SpecialIds(None, frozenset(), adds_bos=False)


def test_a_token_is_a_string_or_an_object() -> None:
    assert token_text("<s>") == token_text({"content": "<s>"}) == "<s>"
    assert token_text(None) is token_text("") is token_text({"text": "<s>"}) is None


def test_a_file_that_holds_no_object(tmp_path: Path) -> None:
    assert read_json(tmp_path / "missing.json") == {}
    write(tmp_path / "list.json", [])
    with pytest.raises(TokenizerError, match=r"list\.json does not hold a JSON object"):
        read_json(tmp_path / "list.json")
