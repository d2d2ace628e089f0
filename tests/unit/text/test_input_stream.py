"""The input of an incremental parser: every rule gives the same result however the text is split."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from fathom.text.input_stream import InputStream, Reading, Stops, T

WORD = re.compile(r"[a-z]+")


def run(rule: Callable[[InputStream], Reading[T]], *pieces: str) -> tuple[T, str]:
    """The rule's result, and the text that it left."""
    stream = InputStream()
    reading = rule(stream)
    for piece in pieces:
        stream.feed(piece)
        try:
            next(reading)
        except StopIteration as end:
            return end.value, stream.take(99)
    stream.close()
    with pytest.raises(StopIteration) as ended:
        next(reading)
    return ended.value.value, stream.take(99)


def splits(text: str) -> list[tuple[str, ...]]:
    return [(text,), tuple(text), *((text[:at], text[at:]) for at in range(1, len(text)))]


def test_accept_waits_until_the_literal_is_decided() -> None:
    for pieces in splits("<tag>"):
        assert run(lambda stream: stream.accept("<tag>"), *pieces) == (True, "")
    for pieces in splits("<tab>"):
        result, rest = run(lambda stream: stream.accept("<tag>"), *pieces)
        assert not result
        assert rest in "<tab>"  # what was not fed is not there
    assert run(lambda stream: stream.accept("<tag>"), "<ta") == (False, "<ta")


def test_peek_consumes_nothing() -> None:
    assert run(lambda stream: stream.peek(), "", "ab") == ("a", "ab")
    assert run(lambda stream: stream.peek()) == ("", "")


def test_span_emits_the_run_and_returns_what_ended_it() -> None:
    for pieces in splits("abc1"):
        parts: list[str] = []
        assert run(lambda stream: stream.span(WORD, parts.append), *pieces) == ("1", "1")  # noqa: B023 - runs at once
        assert "".join(parts) == "abc"
    assert run(lambda stream: stream.span(WORD, str), "abc") == ("", "")


def test_until_holds_back_what_may_be_a_stop() -> None:
    stops = Stops("</a>", "</bc>")
    for pieces in splits("x<</bc>"):
        parts: list[str] = []
        assert run(lambda stream: stream.until(stops, parts.append), *pieces) == ("</bc>", "")  # noqa: B023
        assert "".join(parts) == "x<"
    assert stops.pending("x</b", 0) == 3
    assert stops.pending("x</d", 0) == 0
    assert run(lambda stream: stream.until(stops, str), "x</b") == ("", "")


def test_a_recording_holds_the_prefix_and_what_was_taken() -> None:
    stream = InputStream()
    stream.feed("abc")
    stream.start_recording("<")
    assert stream.has_recorded_only("<")
    stream.take(2)
    assert not stream.has_recorded_only("<")
    assert stream.stop_recording() == "<ab"
    stream.take(1)
    assert stream.stop_recording() == ""


def test_the_position_counts_what_was_consumed() -> None:
    stream = InputStream()
    stream.feed("abc")
    stream.take(2)
    stream.feed("def")
    assert (stream.position, stream.take(2), stream.position) == (2, "cd", 4)


@pytest.mark.parametrize(
    ("text", "accepted"), [("</ca", True), ("<", True), ("", False), ("</x", False), ("</call>", True)]
)
def test_a_literal_may_be_cut_off_by_the_end(text, accepted):
    stream = InputStream()
    rule = stream.accept("</call>", cut_off=True)
    stream.feed(text)
    stream.close()
    with pytest.raises(StopIteration) as end:
        next(rule)
    assert end.value.value == accepted
