"""The bytes of tokens in both encodings, and the decoder that selects one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer as Backend
from tokenizers import decoders, models
from vocabularies import byte_level_metadata

from fathom.base.errors import TokenizerError
from fathom.text.tokenizer.token_bytes import byte_level_bytes, sentencepiece_bytes, token_decoding
from fathom.text.tokenizer.tokenizer import Tokenizer


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    Tokenizer.from_gguf(byte_level_metadata()).save(tmp_path)
    return tmp_path


def write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def backend(decoder: decoders.Decoder) -> Backend:
    tokenizer = Backend(models.BPE())
    tokenizer.decoder = decoder
    return tokenizer


def test_byte_level() -> None:
    assert byte_level_bytes("ĠtheĊ") == b" the\n"
    assert byte_level_bytes("æĹ¥") == "日".encode()
    assert byte_level_bytes("a token") == b"a token"  # a space is not in the alphabet


def test_sentencepiece() -> None:
    assert sentencepiece_bytes("▁the") == b" the"
    assert sentencepiece_bytes("<0xE4>") == b"\xe4"
    assert sentencepiece_bytes("<0xE4") == b"<0xE4"


def test_the_decoder_selects_the_encoding() -> None:
    assert token_decoding(backend(decoders.ByteLevel())).to_bytes("Ġ") == b" "
    metaspace = token_decoding(backend(decoders.Metaspace(prepend_scheme="always")))
    assert (metaspace.to_bytes("▁"), metaspace.strip_space) == (b" ", True)
    assert not token_decoding(backend(decoders.Metaspace(prepend_scheme="never"))).strip_space


def test_another_kind_of_decoder(directory: Path) -> None:
    data = json.loads((directory / "tokenizer.json").read_text(encoding="utf-8"))
    data["decoder"] = {"type": "WordPiece", "prefix": "##", "cleanup": True}
    write(directory / "tokenizer.json", data)
    with pytest.raises(TokenizerError, match="the tokenizer decodes with WordPiece, which is not supported"):
        Tokenizer.from_directory(directory)
