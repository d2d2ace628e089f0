"""The formats that can be imported, and which of them a record has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fathom.server.conversations.importing import browser, chatgpt, deepseek, fathom, open_webui
from fathom.server.conversations.importing.imported import ImportedConversation, RecordError

FORMATS = (fathom, browser, deepseek, chatgpt, open_webui)
"""DeepSeek before ChatGPT: both have ``mapping``, and only the first ``inserted_at``."""

NAMES = "ChatGPT, DeepSeek, open-webui or Fathom"


def records_of(value: Any) -> Iterator[Any]:
    """The records in one JSON value: some programs wrap their list in an object."""
    inner = value.get("conversations") if isinstance(value, dict) and "mapping" not in value else None
    if isinstance(inner, list):
        yield from inner
    else:
        yield value


def read_record(record: Any) -> ImportedConversation:
    """The conversation in ``record``. Raises RecordError where it has none of the formats, or nothing to show."""
    reader = next((reader for reader in FORMATS if isinstance(record, dict) and reader.recognises(record)), None)
    if reader is None:
        raise UnknownFormatError(f"this is no conversation of {NAMES}")
    conversation = reader.read(record)
    if not conversation.messages:
        raise RecordError("the conversation is empty")
    return conversation


class UnknownFormatError(RecordError):
    """A record of no format that we know."""
