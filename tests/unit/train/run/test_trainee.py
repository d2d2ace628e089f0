from __future__ import annotations

from pathlib import Path

import pytest

from fathom.base.errors import TokenizerError
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
