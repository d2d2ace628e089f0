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
    assert special_ids_from_gguf(sentencepiece_metadata()) == SpecialIds(1, frozenset({2}), adds_bos=True)
    assert not special_ids_from_gguf(sentencepiece_metadata(add_bos_token=False)).adds_bos


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
