"""Normalized words, and hashes of their n-grams."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.data.filters.words import ngram_hashes, normalize, word_hashes

PLUS, MINUS, TIMES = "\ue000", "\ue001", "\ue002"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("What is **1,000** + 2_000?", ["what", "is", "1000", PLUS, "2", "000"]),
        ("$x^2$ — Straße, ﬁn ＡＢＣ", ["x", "2", "strasse", "fin", "abc"]),
        ("3*(4−1)", ["3", TIMES, "4", MINUS, "1"]),
        ("$3 \\cdot 4$, 3 × ( 4 - 1 )", ["3", TIMES, "4", "3", TIMES, "4", MINUS, "1"]),
        ("a well-known * 7-day -3 + 5", ["a", "well", "known", "7", "day", "3", PLUS, "5"]),
        ("三つの cats", ["三", "つ", "の", "cats"]),
        ("1,2,3 and 12,345,678", ["1", "2", "3", "and", "12345678"]),
        (" \n", []),
    ],
)
def test_normalized(text: str, words: list[str]) -> None:
    assert normalize(text) == words


@given(st.lists(st.sampled_from("abcde"), max_size=12), st.integers(1, 6))
def test_equal_ngrams_have_equal_hashes_and_others_do_not(words: list[str], n: int) -> None:
    grams = [tuple(words[at : at + n]) for at in range(len(words) - n + 1)]
    hashes = ngram_hashes(word_hashes(words), n).tolist()
    assert len(hashes) == len(grams)
    assert len(set(zip(grams, hashes, strict=True))) == len(set(grams)) == len(set(hashes))


def test_a_word_has_the_same_hash_everywhere() -> None:
    assert word_hashes(["word"]).tolist() == [10781383104545493586]
    assert word_hashes([]).dtype == np.uint64
