import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.engine.request import AnswerStop
from fathom.engine.stop import AnswerStopMatcher, StopMatcher


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


def fed_answer(stop, pieces):
    matcher = AnswerStopMatcher(stop)
    shown = ""
    for piece in pieces:
        text, stopped = matcher.push(piece)
        shown += text
        if stopped:
            return shown, True
    text, stopped = matcher.flush()
    return shown + text, stopped


OPENED = AnswerStop(("END", "\n\n"), "", "</think>")
MAY_THINK = AnswerStop(("END", "\n\n"), "<think>", "</think>")


@pytest.mark.parametrize(
    ("stop", "text", "expected"),
    [
        (None, "a END", ("a END", False)),
        (OPENED, "an END\n\nin thought</think>x END y", ("an END\n\nin thought</think>x ", True)),
        (OPENED, "an END in thought", ("an END in thought", False)),
        (OPENED, "END</thinkEND", ("END</thinkEND", False)),
        (MAY_THINK, "<think>END\n\n</think>\n\nyes", ("<think>END\n\n</think>", True)),
        (MAY_THINK, "\n\n<think>END</think>a END", ("\n\n<think>END</think>a ", True)),
        (MAY_THINK, "no thought, END", ("no thought, ", True)),
        (MAY_THINK, "\n\nno", ("", True)),
        (MAY_THINK, "<thi", ("<thi", False)),
        (MAY_THINK, "\n\n", ("", True)),
        (MAY_THINK, "a <think>END", ("a <think>", True)),
    ],
)
def test_stops_of_the_answer_do_not_count_in_the_thinking(stop, text, expected):
    assert fed_answer(stop, [text]) == expected
    assert fed_answer(stop, text) == expected
    for cut in range(len(text)):
        assert fed_answer(stop, [text[:cut], text[cut:]]) == expected
