"""Which format a record has."""

from __future__ import annotations

import pytest
from chat_exports import browser_chat, chatgpt, chatgpt_message, deepseek, fragments, open_webui, ours

from fathom.server.conversations.importing.formats import UnknownFormatError, read_record, records_of
from fathom.server.conversations.importing.imported import RecordError


@pytest.mark.parametrize(
    ("record", "source"),
    [
        (chatgpt(("u", None, chatgpt_message("user", "x"))), "chatgpt"),
        (deepseek(("u", None, fragments(("REQUEST", "x")))), "deepseek"),
        (open_webui({"id": "u", "role": "user", "content": "x"}), "open-webui"),
        (browser_chat({"id": "u", "role": "user", "text": "x"}), "browser"),
        (ours({"id": "u", "role": "user", "parts": []}), "fathom"),
    ],
)
def test_each_format_is_told_from_the_others(record, source):
    assert read_record(record).source == source


@pytest.mark.parametrize("record", [{}, [], None, 5, {"mapping": 5}, {"messages": []}, {"format": "other"}])
def test_other_records(record):
    with pytest.raises(UnknownFormatError):
        read_record(record)


def test_an_empty_conversation():
    with pytest.raises(RecordError, match="empty"):
        read_record(chatgpt())


def test_a_list_in_an_object():
    assert list(records_of({"conversations": [1, 2]})) == [1, 2]
    assert list(records_of({"mapping": {}, "conversations": [1]})) == [{"mapping": {}, "conversations": [1]}]
    assert list(records_of(5)) == [5]
