"""Deduplication: exact copies in any layout, near copies with the documented probability."""

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fathom.data.filters.dedup import ExactDuplicates, NearDuplicates
from fathom.data.sources.source import Document

WORDS = [f"{a}{b}" for a in "bcdfghklmnprstvw" for b in ("ain", "ell", "ick", "ound", "ush", "ate")]


def document(text: str) -> Document:
    return Document(text, "1", "test")


def some_text(rng: random.Random, words: int = 200) -> list[str]:
    return rng.choices(WORDS, k=words)


def edited(rng: random.Random, words: list[str], share: float) -> list[str]:
    return [rng.choice(WORDS) if rng.random() < share else word for word in words]


def jaccard(one: list[str], other: list[str], n: int = 5) -> float:
    a, b = ({tuple(words[at : at + n]) for at in range(len(words) - n + 1)} for words in (one, other))
    return len(a & b) / len(a | b)


def test_exact_duplicates_in_another_layout() -> None:
    judge = ExactDuplicates()
    texts = ["One, two; three!", "one two three", "ONE\n\ntwo   three.", "one two four", "onetwo three"]
    assert [judge(document(text)) for text in texts] == [None, "a copy", "a copy", None, None]


def test_near_duplicates_are_found_and_others_kept() -> None:
    rng = random.Random(0)
    judge = NearDuplicates()
    texts = [some_text(rng) for _ in range(100)]
    assert [judge(document(" ".join(text))) for text in texts] == [None] * 100
    near = [edited(rng, text, 0.01) for text in texts]
    close = [text for text, original in zip(near, texts, strict=True) if jaccard(text, original) >= 0.9]
    assert len(close) > 50
    assert [judge(document(" ".join(text).upper())) for text in close] == ["nearly a copy"] * len(close)
    far = [text for text in (edited(rng, text, 0.1) for text in texts) if jaccard(text, texts[0]) < 0.6]
    assert sum(judge(document(" ".join(text))) is None for text in far) == len(far) > 50


def test_bands_match_with_the_probability_of_the_formula() -> None:
    """Candidates at J ≈ 0.8: 1 − (1 − J⁶)²⁰ of them."""
    rng = random.Random(1)
    judge = NearDuplicates()
    found, promised = 0, 0.0
    for _ in range(300):
        words = some_text(rng)
        other = edited(rng, words, 0.024)
        one, two = judge.signature(" ".join(words)), judge.signature(" ".join(other))
        found += bool((one.reshape(20, 6) == two.reshape(20, 6)).all(axis=1).any())
        promised += 1 - (1 - jaccard(words, other) ** 6) ** 20
    assert abs(found - promised) < 12


def test_the_estimate_has_the_error_that_is_documented() -> None:
    rng = random.Random(2)
    judge = NearDuplicates()
    errors = []
    for _ in range(200):
        words = some_text(rng)
        other = edited(rng, words, rng.random() * 0.1)
        estimate = judge.similarity(judge.signature(" ".join(words)), judge.signature(" ".join(other)))
        errors.append(estimate - jaccard(words, other))
    assert abs(np.mean(errors)) < 0.01
    assert np.std(errors) < 0.046


@given(st.text(max_size=60))
def test_any_text_is_a_near_copy_of_itself(text: str) -> None:
    judge = NearDuplicates()
    assert judge(document(text)) is None
    assert judge(document(text + " ")) == "nearly a copy"


def test_a_long_text_is_taken_in_pieces() -> None:
    words = some_text(random.Random(3), 9000)
    judge = NearDuplicates()
    assert judge.similarity(judge.signature(" ".join(words)), judge.signature(" ".join(words[:-9]))) > 0.95
