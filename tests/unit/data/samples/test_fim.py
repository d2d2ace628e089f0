"""Fill in the middle: nothing is lost, and the rate is the share of documents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.base.errors import ConfigError, TokenizerError
from fathom.data.samples.fim import FillInMiddle
from fathom.text import r1
from fathom.text.tokenizer import bpe
from fathom.text.tokenizer.tokenizer import Tokenizer

TOKENIZER = bpe.train(["def add(a, b):\n    return a + b\n"] * 9, 320)
ALWAYS = FillInMiddle.from_tokenizer(TOKENIZER, rate=1.0, seed=3)


def encode(text: str) -> list[int]:
    return TOKENIZER.encode(text, special=False)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.integers(0, 2**40))
def test_the_text_comes_back(text: str, number: int) -> None:
    ids = ALWAYS.encode(text, number, encode)
    assert "".join(TOKENIZER.decode(part) for part in ALWAYS.restore(ids)) == text
    assert (ids[:1] == [ALWAYS.begin]) == (len(text) >= 2)


def test_prefix_suffix_middle_literally() -> None:
    first, second = ALWAYS.cuts(10, 1) or (0, 0)
    ids = ALWAYS.encode("0123456789", 1, encode)
    assert TOKENIZER.decode(ids, skip_special=False) == (
        f"{r1.FIM_BEGIN}{'0123456789'[:first]}{r1.FIM_HOLE}{'0123456789'[second:]}{r1.FIM_END}{'0123456789'[first:second]}"
    )


def test_the_rate_is_the_share_of_documents() -> None:
    fim = FillInMiddle(1, 2, 3, rate=0.1, seed=7)
    assert 930 < sum(fim.cuts(100, number) is not None for number in range(10_000)) < 1070
    assert all(FillInMiddle(1, 2, 3, rate=0.0).cuts(100, number) is None for number in range(1000))


def test_cuts_fall_everywhere() -> None:
    cuts = [cut for number in range(3000) for cut in ALWAYS.cuts(4, number) or ()]
    assert all(1000 < cuts.count(place) < 1400 for place in range(5))


def test_the_cuts_depend_on_seed_and_number() -> None:
    other = FillInMiddle.from_tokenizer(TOKENIZER, rate=1.0, seed=4)
    assert [ALWAYS.cuts(1000, n) for n in range(5)] == [ALWAYS.cuts(1000, n) for n in range(5)]
    assert [ALWAYS.cuts(1000, n) for n in range(5)] != [other.cuts(1000, n) for n in range(5)]


def test_a_rate_outside_0_to_1_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"rate of 1\.5"):
        FillInMiddle(1, 2, 3, rate=1.5)


def test_a_vocabulary_without_the_tokens_is_refused(smollm: Tokenizer) -> None:
    with pytest.raises(TokenizerError, match="no fill-in-the-middle tokens; set the rate to 0"):
        FillInMiddle.from_tokenizer(smollm)
