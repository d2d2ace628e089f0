"""open-webui's export: branches, reasoning in three forms, tools, files, sources, errors."""

from __future__ import annotations

import pytest
from chat_exports import browser_chat, chatgpt, open_webui, shape

from fathom.server.conversations.importing.open_webui import read, recognises


def message(key, parent, role, content="", **fields):
    return {
        "id": key,
        "parentId": parent,
        "childrenIds": [],
        "role": role,
        "content": content,
        "timestamp": 1_700_000_000,
        **fields,
    }


def test_recognition():
    assert recognises(open_webui())
    assert recognises(open_webui()["chat"])
    assert not recognises(chatgpt())
    assert not recognises(browser_chat())


def test_a_chat_with_branches():
    conversation = read(
        open_webui(
            message("s", None, "system", "Be brief"),
            message("u", "s", "user", "Name a river"),
            message(
                "a",
                "u",
                "assistant",
                "The Rhine.",
                model="qwen3",
                done=True,
                usage={"prompt_tokens": 9, "eval_count": 4, "total": "x"},
            ),
            message("b", "u", "assistant", "<think>Hm.</think>The Nile.", model="r1", done=False),
            pinned=True,
        )
    )
    assert (conversation.source, conversation.key, conversation.title, conversation.pinned) == (
        "open-webui",
        "o1",
        "Rivers",
        True,
    )
    assert (conversation.created, conversation.updated, conversation.head) == (
        1_700_000_000_000,
        1_700_000_100_000,
        "b",
    )
    assert shape(conversation) == [
        ("u", None, "user", [("text", "Name a river")]),
        ("a", "u", "assistant", [("answer", "The Rhine.")]),
        ("b", "u", "assistant", [("thinking", "Hm."), ("answer", "The Nile.")]),
    ]
    assert [(answer.model, answer.state, answer.usage) for answer in conversation.messages[1:]] == [
        ("qwen3", "done", {"prompt_tokens": 9, "completion_tokens": 4}),
        ("r1", "stopped", None),
    ]


def test_output_items():
    output = [
        {"type": "reasoning", "content": [{"type": "output_text", "text": "Hm."}], "duration": 2},
        {"type": "function_call", "call_id": "c", "name": "search", "arguments": '{"q": 1}'},
        {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "ok"}]},
        {"type": "message", "content": [{"type": "output_text", "text": "Yes."}]},
        {"type": "unknown"},
        5,
    ]
    (answer,) = read(open_webui(message("a", None, "assistant", output=output))).messages
    assert [(part.type, part.text) for part in answer.parts] == [
        ("thinking", "Hm."),
        ("tool_call", ""),
        ("answer", "Yes."),
    ]
    assert answer.parts[0].data == {"ms": 2000}
    assert answer.parts[1].data["result"] == {"text": "ok"}


def test_files():
    files = [
        {"type": "file", "name": "a.pdf", "file": {"filename": "a.pdf", "meta": {"content_type": "application/pdf"}}},
        {"type": "image", "url": "data:image/png;base64,aGk="},
        {"type": "image", "url": "data:image/png;base64,???"},
        {"type": "collection", "name": "Handbook"},
    ]
    (question,) = read(open_webui(message("u", None, "user", "See", files=files))).messages
    assert [(file.name, file.media_type, file.data) for part in question.parts for file in part.files] == [
        ("a.pdf", "application/pdf", None),
        ("image", "image/png", b"hi"),
    ]


def test_sources_are_numbered_by_their_place():
    sources = [
        {"source": {"name": "wiki"}, "metadata": [{"source": "https://a", "title": "A"}], "document": ["…"]},
        {"source": {"name": "notes.pdf"}, "metadata": [{"name": "notes.pdf"}]},
    ]
    (answer,) = read(open_webui(message("a", None, "assistant", "Yes [1].", sources=sources))).messages
    assert [(part.data["number"], part.data["title"], part.data["url"]) for part in answer.parts[1:]] == [
        (1, "A", "https://a"),
        (2, "notes.pdf", None),
    ]


@pytest.mark.parametrize(
    ("error", "text"),
    [({"content": "broke"}, "broke"), ("broke", "broke"), (True, "the answer failed"), ({"message": "m"}, "m")],
)
def test_errors(error, text):
    (answer,) = read(open_webui(message("a", None, "assistant", error=error))).messages
    assert (answer.state, answer.error) == ("failed", {"message": text, "remedy": ""})


@pytest.mark.parametrize(
    "value",
    [
        5,
        None,
        "x",
        [],
        {
            "role": "assistant",
            "content": 5,
            "files": 5,
            "output": [None],
            "sources": [None, {"metadata": 5}],
            "usage": 4,
        },
        {"role": "user", "content": ["x"], "files": [5, {"url": 5}], "timestamp": "x", "parentId": []},
    ],
)
def test_wrong_types_are_absent_values(value):
    record = {"chat": {"history": {"messages": {"n": value}, "currentId": 4}, "title": 5}, "created_at": "x"}
    assert len(read(record).messages) <= 1
