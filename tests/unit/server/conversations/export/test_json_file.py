"""JSON holds the whole tree, and what is read back from it is the same."""

from __future__ import annotations

import json

from records import answer, api_message, citation, record, text, thinking, tool_call

from fathom.server.conversations.export.json_file import conversation_json, path_of
from fathom.server.conversations.importing.fathom import read

MESSAGES = [
    api_message(
        "q",
        None,
        "user",
        {
            "type": "file",
            "file": "f",
            "name": "a.pdf",
            "media_type": "application/pdf",
            "bytes": 5,
            "tokens": 2,
            "state": "ready",
        },
        text("Why?"),
    ),
    api_message(
        "a", "q", "assistant", thinking("Hm."), tool_call(result={"text": "2", "files": []}), citation(), answer("So.")
    ),
    api_message(
        "b",
        "q",
        "assistant",
        answer("No."),
        state="failed",
        error={"message": "e", "remedy": "r"},
        usage={"prompt_tokens": 4},
    ),
]
CONVERSATION = {
    "id": "k",
    "title": "T",
    "title_source": "model",
    "created": 1_700_000_000_000,
    "updated": 1_700_000_000_001,
    "pinned": True,
    "settings": {"temperature": 1},
    "head": "a",
    "deleted": None,
    "running": False,
    "temporary": False,
    "project": "p",
}


def test_what_is_written_is_what_is_read():
    project = {"name": "P", "instructions": "Be brief", "id": "p"}
    file = json.loads(json.dumps(conversation_json(CONVERSATION, MESSAGES, project)))
    assert file["project"] == {"name": "P", "instructions": "Be brief"}
    back = read(file)
    assert (back.key, back.title, back.title_source, back.pinned, back.head, back.settings) == (
        "k",
        "T",
        "model",
        True,
        "a",
        {"temperature": 1},
    )
    assert [
        (message.key, message.parent, message.role, message.state, message.error, message.usage)
        for message in back.messages
    ] == [
        (message["id"], message["parent"], message["role"], message["state"], message["error"], message["usage"])
        for message in MESSAGES
    ]
    parts = [
        {"type": part.type, **({"text": part.text} if part.text else {}), **part.data}
        for part in back.messages[1].parts
    ]
    assert parts == MESSAGES[1]["parts"]


def test_the_path_ends_at_the_head():
    file = record(*MESSAGES, head="a")
    assert [message["id"] for message in path_of(file)] == ["q", "a"]
    assert [message["id"] for message in path_of(file, "b")] == ["q", "b"]
    assert [message["id"] for message in path_of(file, "missing")] == ["q", "b"]
    assert path_of(record()) == []
