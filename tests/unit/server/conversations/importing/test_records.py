"""Records of a file: read, or passed over with a reason; a file of something else is an error."""

from __future__ import annotations

import json

import pytest
from chat_exports import chatgpt, chatgpt_message, ours

from fathom.base.errors import RequestError
from fathom.server.conversations.importing.archive import open_export
from fathom.server.conversations.importing.imported import ImportedConversation
from fathom.server.conversations.importing.records import SkippedRecord, read_records

GOOD = chatgpt(("u", None, chatgpt_message("user", "x")))


def read(tmp_path, text: str):
    path = tmp_path / "x.json"
    path.write_text(text)
    with open_export(path) as export:
        return list(read_records(export))


def test_good_and_bad_records(tmp_path):
    records = read(
        tmp_path,
        json.dumps(
            [
                GOOD,
                {"title": "Other"},
                ours(version=9, title="New"),
                {"chat": {"title": "C", "history": {"messages": {}}}},
            ]
        )
        + "\n",
    )
    assert isinstance(records[0], ImportedConversation)
    assert [(record.title, record.reason.partition(";")[0]) for record in records[1:]] == [
        ("Other", "this is no conversation of ChatGPT, DeepSeek, open-webui or Fathom"),
        ("New", "a newer version of Fathom wrote this conversation"),
        ("C", "the conversation is empty"),
    ]


def test_a_file_that_breaks_off_gives_what_it_has(tmp_path):
    first, rest = read(tmp_path, json.dumps([GOOD, GOOD])[:-40])
    assert isinstance(first, ImportedConversation)
    assert isinstance(rest, SkippedRecord)
    assert "ends inside a record" in rest.reason


@pytest.mark.parametrize("text", ["[]", '[{"a": 1}]', "{}", '[{"a": 1,}]', "[1, 2]"])
def test_a_file_of_something_else(tmp_path, text):
    with pytest.raises(RequestError, match="holds no conversations"):
        read(tmp_path, text)
