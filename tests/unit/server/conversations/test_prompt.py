from dataclasses import dataclass

from fathom.server.conversations.prompt import assistant_messages, history
from fathom.types import Message, ToolCall


@dataclass
class Turn:
    role: str
    parts: list


def call(index, **fields):
    part = {"type": "tool_call", "id": f"c{index}", "name": "add", "arguments": "{}", "state": "done", "ms": 1}
    return part | {"result": {"text": str(index)}} | fields


def text(kind, words):
    return {"type": kind, "text": words}


def test_a_turn_with_calls_is_a_message_for_each_round_and_result():
    parts = [text("thinking", "hm"), call(1), call(2), text("thinking", "so"), call(3), text("answer", "6")]
    assert assistant_messages(parts) == [
        Message("assistant", "", "hm", (ToolCall("c1", "add", "{}"), ToolCall("c2", "add", "{}"))),
        Message("tool", "1", tool_call_id="c1", name="add"),
        Message("tool", "2", tool_call_id="c2", name="add"),
        Message("assistant", "", "so", (ToolCall("c3", "add", "{}"),)),
        Message("tool", "3", tool_call_id="c3", name="add"),
        Message("assistant", "6"),
    ]


def test_thoughts_of_past_turns_are_left_out():
    path = [
        Turn("user", [text("text", "Hi"), {"type": "file", "file": "f", "name": "a.pdf"}]),
        Turn("assistant", [text("thinking", "hm"), text("answer", "Hello")]),
        Turn("user", [text("text", "And?")]),
    ]
    assert history(path, system=" Be brief. ", passages="[1] a page\n") == [
        Message("system", "Be brief."),
        Message("user", "Hi\n[attached file: a.pdf]"),
        Message("assistant", "Hello"),
        Message("user", "[1] a page\n\nAnd?"),
    ]


def test_results_say_what_became_of_a_call():
    states = [
        call(1, state="refused", result=None),
        call(2, state="failed", result={"text": "", "error": "no network"}),
        call(3, result=None),
    ]
    results = [message.content for message in assistant_messages(states) if message.role == "tool"]
    assert results == [
        "The user refused this call.",
        "Error: no network",
        "The call was interrupted before it had a result.",
    ]


def test_a_turn_that_only_thought_says_nothing_unless_it_goes_on():
    parts = [text("thinking", "hm")]
    assert assistant_messages(parts) == []
    assert assistant_messages(parts, keep_thinking=True) == [Message("assistant", "", "hm")]
