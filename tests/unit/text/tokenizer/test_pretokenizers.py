"""Pre-tokenization: every row of the table builds, and families split text as published."""

import pytest

from fathom.base.errors import TokenizerError
from fathom.text.tokenizer.pretokenizers import PRE_TOKENIZATIONS, pre_tokenization


@pytest.mark.parametrize("name", PRE_TOKENIZATIONS)
def test_every_pre_tokenizer_can_be_built(name: str) -> None:
    pieces = [piece for piece, _ in pre_tokenization(name).pre_tokenizer().pre_tokenize_str("It's 12345 words\n\n日本")]
    assert "".join(pieces).count("Ġ") == 2


@pytest.mark.parametrize(
    ("name", "pieces"),
    [
        ("gpt-2", ["ab", "Ġ12345"]),
        ("llama-bpe", ["ab", "Ġ", "123", "45"]),
        ("qwen2", ["ab", "Ġ", "1", "2", "3", "4", "5"]),
        ("smollm", ["ab", "Ġ", "1", "2", "3", "4", "5"]),
        ("deepseek-v3", ["ab", "Ġ", "123", "45"]),
    ],
)
def test_digits_are_split_as_the_family_does(name: str, pieces: list[str]) -> None:
    assert [piece for piece, _ in pre_tokenization(name).pre_tokenizer().pre_tokenize_str("ab 12345")] == pieces


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(TokenizerError, match="the pre-tokenizer 'klingon', which is not known here"):
        pre_tokenization("klingon")
