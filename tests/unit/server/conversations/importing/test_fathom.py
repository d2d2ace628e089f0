"""Our own format: everything is kept, and a stranger's file cannot give a field a type that it does not have."""

from __future__ import annotations

import pytest
from chat_exports import browser_chat, ours

from fathom.server.conversations.importing.fathom import read, recognises
from fathom.server.conversations.importing.imported import RecordError


def message(key, parent, role, *parts, **fields):
    return {
        "id": key,
        "parent": parent,
        "role": role,
        "parts": list(parts),
        "state": "done",
        "created": 1_700_000_000_000,
        **fields,
    }


def parts_of(*parts, role="assistant"):
    (only,) = read(ours(message("m", None, role, *parts))).messages
    return only.parts


def test_recognition():
    assert recognises(ours())
    assert not recognises(browser_chat())


def test_a_newer_version_is_refused():
    with pytest.raises(RecordError, match="newer version"):
        read(ours(version=3))


def test_everything_is_kept():
    call = {
        "type": "tool_call",
        "id": "c",
        "name": "python",
        "arguments": "{}",
        "state": "refused",
        "result": None,
        "ms": 5,
    }
    citation = {
        "type": "citation",
        "number": 2,
        "kind": "file",
        "title": "T",
        "url": None,
        "source": "f",
        "place": {"page": 3},
        "quote": "q",
        "supported": False,
    }
    vote = {
        "type": "vote",
        "candidates": [{"index": 0, "thinking": "t", "answer": "a", "extracted": "a", "state": "done"}],
        "tally": [{"answer": "a", "count": 1}],
        "chosen": 0,
    }
    conversation = read(
        ours(
            message(
                "q",
                None,
                "user",
                {
                    "type": "file",
                    "file": "f1",
                    "name": "a.pdf",
                    "media_type": "application/pdf",
                    "bytes": 9,
                    "tokens": 3,
                    "state": "ready",
                },
                {"type": "text", "text": "Why?"},
            ),
            message(
                "a",
                "q",
                "assistant",
                {"type": "thinking", "text": "Hm.", "ms": 4, "edited": True},
                call,
                citation,
                vote,
                {"type": "answer", "text": "So.", "newer": {"x": 1}},
                model="m",
                finish_reason="length",
                usage={"prompt_tokens": 1},
                error={"message": "e", "remedy": "r"},
                state="failed",
            ),
        )
    )
    assert (conversation.key, conversation.title_source, conversation.pinned, conversation.head) == (
        "f1",
        "model",
        True,
        "a",
    )
    assert conversation.settings == {"temperature": 0.5}
    question, answer = conversation.messages
    file = question.parts[0].files[0]
    assert (file.id, file.name, file.media_type, question.parts[0].data) == (
        "f1",
        "a.pdf",
        "application/pdf",
        {"bytes": 9, "tokens": 3, "state": "ready"},
    )
    assert [
        {"type": part.type, **({"text": part.text} if part.text else {}), **part.data} for part in answer.parts
    ] == [
        {"type": "thinking", "text": "Hm.", "ms": 4, "edited": True},
        call,
        citation,
        vote,
        {"type": "answer", "text": "So.", "newer": {"x": 1}},
    ]
    assert (answer.model, answer.finish_reason, answer.usage, answer.state) == (
        "m",
        "length",
        {"prompt_tokens": 1},
        "failed",
    )
    assert answer.error == {"message": "e", "remedy": "r"}


def test_what_ran_does_so_no_more():
    assert (
        parts_of({"type": "tool_call", "id": "c", "name": "n", "arguments": "{}", "state": "running"})[0].data["state"]
        == "failed"
    )
    (only,) = read(ours(message("m", None, "assistant", state="streaming"))).messages
    assert only.state == "stopped"


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"type": "thinking", "text": 5, "ms": "x", "edited": "yes"}, {"ms": None}),
        (
            {
                "type": "citation",
                "number": "x",
                "kind": [],
                "title": 5,
                "url": "javascript:alert(1)",
                "place": [1],
                "quote": {},
                "supported": "x",
            },
            {
                "number": 1,
                "kind": "web",
                "title": "",
                "url": None,
                "source": None,
                "place": None,
                "quote": None,
                "supported": None,
            },
        ),
        (
            {"type": "vote", "candidates": [5], "tally": {"a": 1}, "chosen": -1},
            {
                "candidates": [{"index": 0, "thinking": "", "answer": "", "extracted": None, "state": "stopped"}],
                "tally": [],
                "chosen": None,
            },
        ),
        (
            {
                "type": "tool_call",
                "arguments": {},
                "result": {"text": 5, "files": [{"id": 5, "name": "x"}], "error": 7},
            },
            {
                "id": "",
                "name": "",
                "arguments": "",
                "state": "failed",
                "ms": None,
                "result": {"text": "", "files": [{"id": "", "name": "x", "media_type": ""}], "error": ""},
            },
        ),
    ],
)
def test_wrong_types_become_defaults(part, expected):
    (only,) = parts_of(part)
    data = dict(only.data)
    data.pop("edited", None) if expected == {"ms": None} else None
    assert data == expected


@pytest.mark.parametrize("part", [None, 5, {"type": "script"}, {"type": "text", "text": "a question's"}, {"type": []}])
def test_parts_of_no_type_of_an_answer_are_left_out(part):
    assert parts_of(part) == ()


@pytest.mark.parametrize(
    "value",
    [
        5,
        None,
        {"id": "a"},
        {"id": "a", "role": "system"},
        {"id": "a", "role": "user", "parts": 5, "error": 5, "usage": []},
    ],
)
def test_messages_of_wrong_types(value):
    assert len(read(ours(messages=[value])).messages) <= 1
