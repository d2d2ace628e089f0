"""Steps to messages: a turn is one message, branches inside it are siblings, results are with their calls."""

from __future__ import annotations

import json

import pytest

from fathom.server.conversations.importing import turns
from fathom.server.conversations.importing.imported import ImportedFile, ImportedPart, RecordError
from fathom.server.conversations.importing.tree import Node
from fathom.server.conversations.importing.turns import Step, ToolOutput, call, join, messages_of


def question(key: str, *children: Node[Step]) -> Node[Step]:
    return Node(key, None, Step("user", (ImportedPart("text", key),)), list(children))


def step(key: str, *children: Node[Step], content=None, **fields) -> Node[Step]:
    return Node(key, None, Step("assistant", content or (ImportedPart("answer", key),), **fields), list(children))


def shape(messages):
    return [(message.key, message.parent, [part.text for part in message.parts]) for message in messages]


def test_steps_are_one_message():
    messages, shown_by = messages_of([question("q", step("a", step("b", question("r"))))])
    assert shape(messages) == [("q", None, ["q"]), ("b", "q", ["a\n\nb"]), ("r", "b", ["r"])]
    assert shown_by == {"q": "q", "a": "b", "b": "b", "r": "r"}


def test_branches_inside_a_turn_share_their_beginning():
    messages, shown_by = messages_of([question("q", step("a", step("b"), step("c")))])
    assert shape(messages) == [("q", None, ["q"]), ("b", "q", ["a\n\nb"]), ("c", "q", ["a\n\nc"])]
    assert shown_by["a"] == "b"


def test_a_question_in_the_middle_ends_a_message_and_the_turn_goes_on_as_another():
    messages, _ = messages_of([question("q", step("a", question("r", step("x")), step("b")))])
    assert sorted(shape(messages)) == [
        ("a", "q", ["a"]),
        ("b", "q", ["a\n\nb"]),
        ("q", None, ["q"]),
        ("r", "a", ["r"]),
        ("x", "r", ["x"]),
    ]
    keys = [message.key for message in messages]
    assert keys.index("a") < keys.index("r") < keys.index("x")


def test_a_conversation_may_begin_with_an_answer():
    messages, _ = messages_of([step("a", question("q"))])
    assert [(message.key, message.parent, message.role) for message in messages] == [
        ("a", None, "assistant"),
        ("q", "a", "user"),
    ]


def test_results_find_their_calls():
    image = ImportedFile("plot.png")
    parts = join(
        [
            Step("assistant", (call("python", '{"code": "1"}', "c1"), call("browser.search", "rivers", "c2"))),
            Step("assistant", (ToolOutput("browser", "pages"),)),
            Step("assistant", (ToolOutput("python", "", (image,), "it failed"),)),
            Step("assistant", (ToolOutput("bio", "kept"),)),
        ]
    )
    assert [(part.data["name"], part.data["state"], part.data["result"]) for part in parts] == [
        ("python", "failed", {"text": "", "error": "it failed"}),
        ("browser.search", "done", {"text": "pages"}),
        ("bio", "done", {"text": "kept"}),
    ]
    assert parts[0].files == (image,)
    assert json.loads(parts[1].data["arguments"]) == {"input": "rivers"}


def test_the_time_of_thinking_belongs_to_the_thoughts_before():
    thoughts = Step("assistant", (ImportedPart("thinking", "hm", {"ms": None}),))
    parts = join(
        [thoughts, Step("assistant", (), thinking_ms=1500), Step("assistant", (ImportedPart("answer", "42"),))]
    )
    assert [(part.type, part.text, part.data.get("ms")) for part in parts] == [
        ("thinking", "hm", 1500),
        ("answer", "42", None),
    ]


def test_how_a_turn_ended():
    (_, message), _ = messages_of(
        [question("q", step("a", step("b", state="stopped", finish_reason="length", model="m2"), model="m1"))]
    )
    assert (message.state, message.finish_reason, message.model) == ("stopped", "length", "m2")


def test_shared_steps_cannot_multiply(monkeypatch):
    monkeypatch.setattr(turns, "MAX_PARTS", 50)
    chain = step("leaf")
    for index in range(20):
        chain = step(str(index), question(f"q{index}"), chain)
    with pytest.raises(RecordError, match="50 parts"):
        messages_of([chain])


def test_a_turn_has_a_limit(monkeypatch):
    monkeypatch.setattr(turns, "MAX_STEPS", 5)
    chain = step("leaf")
    for index in range(20):
        chain = step(str(index), chain)
    with pytest.raises(RecordError, match="more than 5 steps"):
        messages_of([chain])
