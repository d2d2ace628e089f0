"""Encoding without the space that a SentencePiece encoder puts before a text."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer as Backend
from tokenizers import models, normalizers, pre_tokenizers

from fathom.text.tokenizer.prefix_space import without_prefix_space

VOCABULARY = {"▁": 0, "a": 1, "▁a": 2, "<unk>": 3}


def backend(normalizer: normalizers.Normalizer | None, pre_tokenizer: pre_tokenizers.PreTokenizer | None) -> Backend:
    made = Backend(models.BPE(VOCABULARY, [("▁", "a")], unk_token="<unk>"))
    if normalizer is not None:
        made.normalizer = normalizer
    if pre_tokenizer is not None:
        made.pre_tokenizer = pre_tokenizer
    return made


PREPEND, REPLACE = normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")


@pytest.mark.parametrize(
    ("normalizer", "pre_tokenizer"),
    [
        (normalizers.Sequence([PREPEND, REPLACE]), None),
        (PREPEND, pre_tokenizers.Metaspace(prepend_scheme="never")),
        (None, pre_tokenizers.Metaspace(prepend_scheme="always")),
        (None, pre_tokenizers.Sequence([pre_tokenizers.Metaspace(prepend_scheme="first")])),
    ],
)
def test_the_space_is_left_out(
    normalizer: normalizers.Normalizer | None, pre_tokenizer: pre_tokenizers.PreTokenizer | None
) -> None:
    whole = backend(normalizer, pre_tokenizer)
    bare = without_prefix_space(whole)
    assert whole.encode("a a").ids == [2, 2]
    assert bare.encode("a a").ids == [1, 2]
    assert bare.encode(" a").ids == [2]
    assert whole.encode("a").ids == [2]  # the original is as before
