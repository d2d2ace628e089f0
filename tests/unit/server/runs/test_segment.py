from fathom.server.runs.segment import SegmentText, changes
from fathom.text.events import (
    AnswerText,
    AnswerWasThinking,
    ThinkingText,
    ToolCallArguments,
    ToolCallEnded,
    ToolCallStarted,
)


def thinking(text, **fields):
    return {"type": "thinking", "text": text, "ms": None} | fields


def answer(text):
    return {"type": "answer", "text": text}


def test_parts_follow_the_events():
    segment = SegmentText(call_prefix="call_x")
    segment.take([ThinkingText("a"), ThinkingText("b")])
    assert segment.thinking
    segment.take([AnswerText("c"), ToolCallStarted(0, "random", "now"), ToolCallArguments(0, "{"), ToolCallEnded(0)])
    call = {"type": "tool_call", "id": "call_x_0", "name": "now", "arguments": "{", "state": "running"}
    assert segment.parts() == [thinking("ab"), answer("c"), call | {"result": None, "ms": None}]
    assert segment.complete_calls == {"call_x_0"}


def test_an_answer_may_turn_out_to_be_thinking():
    segment = SegmentText()
    segment.take([AnswerText("a"), AnswerWasThinking(), AnswerText("b")])
    assert segment.parts() == [thinking("a"), answer("b")]


def test_a_segment_goes_on_from_given_parts():
    segment = SegmentText([thinking("I say: ", edited=True)])
    segment.take([ThinkingText("yes")])
    assert segment.parts() == [thinking("I say: yes", edited=True)]


def test_changes_are_what_is_new():
    before = {0: thinking("ab", ms=3), 1: answer("c")}
    assert changes(before, [(0, thinking("ab")), (1, answer("cd")), (2, answer("e"))]) == [
        {"type": "delta", "part": 1, "kind": "answer", "text": "d"},
        {"type": "delta", "part": 2, "kind": "answer", "text": "e"},
    ]
    assert changes({}, [(0, thinking("a", edited=True))]) == [
        {"type": "part", "part": 0, "value": thinking("a", edited=True)}
    ]


def test_text_that_is_held_back_is_waited_for_and_replaced_only_at_the_end():
    behind = [(0, thinking("ab"))]
    assert changes({0: thinking("ab\n", ms=3)}, behind) == []
    replaced = {"type": "part", "part": 0, "value": thinking("ab", ms=3)}
    assert changes({0: thinking("ab\n", ms=3)}, behind, exact=True) == [replaced]
    assert changes({0: answer("x")}, behind) == [{"type": "part", "part": 0, "value": thinking("ab")}]


def test_a_call_that_has_a_result_is_left_alone():
    call = {"type": "tool_call", "id": "c", "name": "n", "arguments": "{}", "state": "running", "result": None}
    assert changes({0: call | {"state": "done", "result": {"text": "1"}}}, [(0, call)]) == []
    waiting = call | {"state": "consent", "arguments": ""}
    assert changes({0: waiting}, [(0, call)]) == [{"type": "part", "part": 0, "value": call | {"state": "consent"}}]
