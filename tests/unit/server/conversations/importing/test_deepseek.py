"""DeepSeek's export in both of its forms."""

from __future__ import annotations

import pytest
from chat_exports import chatgpt, deepseek, fragments, shape

from fathom.server.conversations.importing.deepseek import read, recognises


def older(content: str, **fields):
    return {
        "files": [],
        "search_results": None,
        "model": "deepseek-chat",
        "reasoning_content": None,
        "content": content,
        "inserted_at": "2025-01-27T10:00:00+08:00",
        **fields,
    }


def test_recognition():
    assert recognises(deepseek())
    assert not recognises(chatgpt())


def test_fragments():
    conversation = read(
        deepseek(
            ("root", None, None),
            ("1", "root", fragments(("REQUEST", "Name a river"))),
            ("2", "1", fragments(("THINK", "Hm."), ("RESPONSE", "The Rhine."))),
            ("3", "1", fragments(("RESPONSE", "The Nile."), inserted_at="2025-03-30T05:00:00+08:00")),
        )
    )
    assert (conversation.source, conversation.key, conversation.title) == ("deepseek", "d1", "Rivers")
    assert (conversation.created, conversation.updated) == (1_743_281_376_505, 1_743_281_429_156)
    assert shape(conversation) == [
        ("1", None, "user", [("text", "Name a river")]),
        ("2", "1", "assistant", [("thinking", "Hm."), ("answer", "The Rhine.")]),
        ("3", "1", "assistant", [("answer", "The Nile.")]),
    ]
    assert [message.model for message in conversation.messages] == [None, "deepseek-reasoner", "deepseek-reasoner"]
    assert conversation.head == "3"


def test_the_older_form_has_no_roles():
    conversation = read(
        deepseek(
            ("root", None, None),
            ("1", "root", older("Name a river")),
            ("2", "1", older("The Rhine.", reasoning_content="Hm.")),
            ("3", "2", older("Another")),
            ("4", "3", older("The Nile.")),
            ("5", "root", older("Edited")),
        )
    )
    assert shape(conversation) == [
        ("1", None, "user", [("text", "Name a river")]),
        ("2", "1", "assistant", [("thinking", "Hm."), ("answer", "The Rhine.")]),
        ("3", "2", "user", [("text", "Another")]),
        ("4", "3", "assistant", [("answer", "The Nile.")]),
        ("5", None, "user", [("text", "Edited")]),
    ]


def test_search_and_files():
    results = [
        {"url": "https://a", "title": "A", "snippet": "a!", "cite_index": 7},
        {"url": "javascript:x"},
        {"url": "https://b"},
    ]
    search = {"type": "SEARCH", "results": results}
    answer = {
        **fragments(("THINK", "t"), ("RESPONSE", "Yes[citation:7].")),
        "files": [{"file_name": "a.pdf", "id": "f"}],
    }
    answer["fragments"].insert(1, search)
    conversation = read(deepseek(("1", None, fragments(("REQUEST", "x"))), ("2", "1", answer)))
    parts = conversation.messages[1].parts
    assert [part.type for part in parts] == ["file", "thinking", "citation", "citation", "answer"]
    assert [(part.data["number"], part.data["title"], part.data["quote"]) for part in parts[2:4]] == [
        (7, "A", "a!"),
        (3, "https://b", None),
    ]
    assert parts[4].text == "Yes[7]."
    assert parts[0].files[0].name == "a.pdf"


def test_the_time_of_thinking():
    message = fragments()
    message["fragments"] = [{"type": "THINK", "content": "t", "elapsed_secs": 2.5}]
    assert read(deepseek(("1", None, message))).messages[0].parts[0].data == {"ms": 2500}


@pytest.mark.parametrize(
    "message",
    [
        5,
        "x",
        [],
        {"fragments": 5},
        {"fragments": [None, 5, {"type": []}]},
        {"fragments": {"a": 1}, "content": 5},
        {"files": [None, {"file_name": 5}], "content": "x", "search_results": [None, 4], "inserted_at": []},
    ],
)
def test_wrong_types_are_absent_values(message):
    assert len(read({"mapping": {"n": {"message": message, "parent": 4}}, "inserted_at": {}}).messages) <= 1
