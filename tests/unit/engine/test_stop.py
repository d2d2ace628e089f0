import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.engine.stop import StopMatcher


def fed(stops, pieces):
    matcher = StopMatcher(stops)
    shown = ""
    for piece in pieces:
        text, stopped = matcher.push(piece)
        shown += text
        if stopped:
            return shown, True
    return shown + matcher.flush(), False


@pytest.mark.parametrize(
    ("stops", "pieces", "expected"),
    [
        ((), ["ab", "c"], ("abc", False)),
        (("",), ["ab"], ("ab", False)),
        (("b",), ["abc"], ("a", True)),
        (("abc", "b"), ["abc"], ("a", True)),  # b ends first
        (("abc", "c"), ["abc"], ("", True)),  # both end together: the longer
        (("\n\n",), ["one\n", "two\n", "\nthree"], ("one\ntwo", True)),
        (("aab",), ["aa", "ab"], ("a", True)),  # the beginning shifts
        (("</s>",), ["a</", "b</s"], ("a</b</s", False)),
    ],
)
def test_what_is_shown(stops, pieces, expected):
    assert fed(stops, pieces) == expected


def test_only_a_possible_stop_is_held_back():
    matcher = StopMatcher(("STOP",))
    assert [matcher.push(piece) for piece in ("aS", "T", "x", "ST")] == [
        ("a", False),
        ("", False),
        ("STx", False),
        ("", False),
    ]
    assert matcher.flush() == "ST"


def by_character(stops, text):
    """The definition: read one character at a time; end where the text so far ends with a stop, the longest."""
    for end in range(1, len(text) + 1):
        ended = [stop for stop in stops if text[:end].endswith(stop)]
        if ended:
            return text[: end - max(map(len, ended))], True
    return text, False


@given(
    stops=st.lists(st.text("ab\n", min_size=1, max_size=4), max_size=4).map(tuple),
    pieces=st.lists(st.text("ab\n", max_size=5), max_size=12),
)
def test_the_result_does_not_depend_on_the_split(stops, pieces):
    assert fed(stops, pieces) == by_character(stops, "".join(pieces))
