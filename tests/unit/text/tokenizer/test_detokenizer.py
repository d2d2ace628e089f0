"""Streams of ids to text: whole characters only, and always the same text as decoding at once."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fathom.text.tokenizer.detokenizer import Detokenizer
from fathom.text.tokenizer.tokenizer import Tokenizer

fixtures = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def pushed(detokenizer: Detokenizer, ids: list[int]) -> list[str]:
    return [*map(detokenizer.push, ids), detokenizer.flush()]


def over(*pieces: bytes, strip_space: bool = False) -> list[str]:
    return pushed(Detokenizer(pieces.__getitem__, strip_space), list(range(len(pieces))))


def test_an_incomplete_character_waits() -> None:
    assert over(b"\xf0\x9f", b"\x91", b"\xa9!", b"a") == ["", "", "👩!", "a", ""]


def test_one_token_may_complete_several_characters() -> None:
    assert over(b"\xe6\x97", b"\xa5\xe6\x9c\xac\xe8", b"\xaa\x9e") == ["", "日本", "語", ""]


def test_broken_bytes_become_one_mark_for_each_broken_part() -> None:
    assert over(b"a\xff", b"b", b"\xe6\x97", b"c", b"\xf0\x9f") == ["a\ufffd", "b", "", "\ufffdc", "", "\ufffd"]


def test_the_encoders_own_space_is_dropped_once() -> None:
    assert over(b" Hi", b" there", strip_space=True) == ["Hi", " there", ""]
    assert over(b"", b"  Hi", strip_space=True) == ["", " Hi", ""]


def test_hidden_tokens_do_not_interrupt_a_character(smollm: Tokenizer) -> None:
    first, second = smollm.encode("é", special=False), smollm.encode("<|im_end|>")
    assert len(second) == 1
    halves = [smollm.token_id("Ã"), *second, smollm.token_id("©")]
    assert smollm.decode(first) == "é"
    assert smollm.decode([index for index in halves if index is not None]) == "é"


@fixtures
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_a_stream_of_text_is_the_text(deepseek: Tokenizer, text: str) -> None:
    pieces = pushed(deepseek.detokenizer(skip_special=False), deepseek.encode(text))
    assert "".join(pieces) == text  # a mark for half a character would show


@fixtures
@given(ids=st.lists(st.integers(-1, 49200), max_size=30))
def test_a_stream_of_any_ids_is_what_decode_gives(smollm: Tokenizer, ids: list[int]) -> None:
    for skip_special in (False, True):
        pieces = pushed(smollm.detokenizer(skip_special=skip_special), ids)
        assert "".join(pieces) == smollm.decode(ids, skip_special=skip_special)
