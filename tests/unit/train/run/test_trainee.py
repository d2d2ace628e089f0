from __future__ import annotations

from pathlib import Path

import pytest

from fathom.base.errors import ConfigError, TokenizerError
from fathom.text.tokenizer import bpe
from fathom.train.run.trainee import BYTES, load_tokenizer


def test_bytes_is_the_tokenizer_without_merges() -> None:
    tokenizer, template = load_tokenizer(BYTES)
    assert tokenizer.vocab_size == bpe.MIN_VOCAB_SIZE
    assert tokenizer.decode(tokenizer.encode("déjà vu")) == "déjà vu"
    assert template is not None


def test_a_directory_holds_a_tokenizer(tmp_path: Path) -> None:
    trained = bpe.train(["some words"], 300)
    bpe.save(trained, tmp_path)
    assert load_tokenizer(str(tmp_path))[0].fingerprint == trained.fingerprint


def test_a_directory_without_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(TokenizerError, match=r"there is no tokenizer\.json"):
        load_tokenizer(str(tmp_path))


FUNCTIONS = """
from fathom.text.tokenizer import bpe

def own():
    return bpe.train(["some words"], 300), None

def wrong():
    return "words"
"""


def test_a_function_returns_one(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(FUNCTIONS)
    tokenizer, template = load_tokenizer(f"{tmp_path}/own.py:own")
    assert (tokenizer.vocab_size, template) == (275, None)
    with pytest.raises(ConfigError, match=r"own.py:wrong returns no tokenizer; return \(tokenizer, chat template"):
        load_tokenizer(f"{tmp_path}/own.py:wrong")
