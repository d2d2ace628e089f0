"""Prompts for the text between a prefix and a suffix."""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Tokenizer as Backend

from fathom.base.errors import RequestError
from fathom.text.fill_in_the_middle import TOKENS, fim_prompt
from fathom.text.tokenizer.tokenizer import Tokenizer


class Letters:
    """Letters are their own ids; ``added`` tokens follow from 1000 on."""

    def __init__(self, *added: str) -> None:
        self._added = added

    def encode(self, text: str, *, bos: bool = False) -> list[int]:
        return [1] * bos + [ord(letter) for letter in text]

    def token_id(self, token: str) -> int | None:
        return 1000 + self._added.index(token) if token in self._added else None


@pytest.mark.parametrize("texts", TOKENS)
def test_prefix_and_suffix_come_before_the_middle(texts: tuple[str, str, str]) -> None:
    expected = [1000, ord("a"), ord("b"), 1001, ord("c"), 1002]
    assert fim_prompt(Letters(*texts), "ab", "c", bos=False) == expected
    assert fim_prompt(Letters(*texts), (97, 98), "c", bos=True) == [1, *expected]


def test_a_vocabulary_without_the_tokens_is_refused() -> None:
    with pytest.raises(RequestError, match="cannot fill in between") as refused:
        fim_prompt(Letters("<fim_prefix>"), "a", "b", bos=False)
    assert refused.value.param == "suffix"


def test_the_tokens_of_deepseek(deepseek: Tokenizer, deepseek_folder: Path) -> None:
    prompt = fim_prompt(deepseek, "def f(x):\n    return ", "\n\nprint(f(1))", bos=True)
    written = "<｜fim▁begin｜>def f(x):\n    return <｜fim▁hole｜>\n\nprint(f(1))<｜fim▁end｜>"
    backend = Backend.from_file(str(deepseek_folder / "tokenizer.json"))
    assert prompt == [deepseek.bos_id, *backend.encode(written, add_special_tokens=False).ids]
