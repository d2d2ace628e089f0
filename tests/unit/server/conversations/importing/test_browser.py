"""The chats of before, out of the browser."""

from __future__ import annotations

import pytest
from chat_exports import browser_chat, ours, shape

from fathom.server.conversations.importing.browser import read, recognises


def message(key, parent, role, text, **fields):
    return {
        "id": key,
        "conversation": "x",
        "parent": parent,
        "role": role,
        "text": text,
        "thinking": "",
        "status": "done",
        "created": 1_700_000_000_000,
        **fields,
    }


def test_recognition():
    assert recognises(browser_chat())
    assert not recognises(ours())


def test_a_chat_with_two_answers():
    usage = {"promptTokens": 5, "completionTokens": 7, "reasoningTokens": 3}
    conversation = read(
        browser_chat(
            message("q", None, "user", "Why?"),
            message(
                "a",
                "q",
                "assistant",
                "Because.",
                thinking="Hm.",
                thinkingMs=1200.7,
                model="m",
                finish="stop",
                usage=usage,
            ),
            message("b", "q", "assistant", "So", status="streaming", created=1_700_000_009_000),
            id="chat-1",
        )
    )
    assert (conversation.source, conversation.key) == ("browser", "chat-1")
    assert (conversation.created, conversation.updated) == (1_700_000_000_000, 1_700_000_009_000)
    assert shape(conversation) == [
        ("q", None, "user", [("text", "Why?")]),
        ("a", "q", "assistant", [("thinking", "Hm."), ("answer", "Because.")]),
        ("b", "q", "assistant", [("answer", "So")]),
    ]
    _, first, second = conversation.messages
    assert first.parts[0].data == {"ms": 1200}
    assert (first.state, first.finish_reason, first.model) == ("done", "stop", "m")
    assert first.usage == {"prompt_tokens": 5, "completion_tokens": 7, "reasoning_tokens": 3}
    assert second.state == "stopped"


def test_a_failed_answer():
    (failed,) = read(
        browser_chat(message("a", None, "assistant", "", status="failed", error="broke", remedy="retry"))
    ).messages
    assert (failed.state, failed.error) == ("failed", {"message": "broke", "remedy": "retry"})


@pytest.mark.parametrize(
    "messages",
    [5, None, [None, 5, "x", {}], [{"id": "a", "parent": "a", "role": [], "text": {}, "usage": 5, "status": {}}]],
)
def test_wrong_types_are_absent_values(messages):
    assert len(read({"format": "fathom-conversation", "version": 1, "messages": messages}).messages) <= 1
