"""What a file of any format becomes before it is stored: one conversation with the keys of its source.

Parts have the types and fields of the HTTP API (docs/reference/api.md). Nothing here has an id of ours: `key` and
`parent` are names inside the file. A file that a part refers to is an `ImportedFile`; the archive may hold its bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from fathom.base.errors import FathomError

MAX_MESSAGES = 50_000
"""Messages of one conversation; more is refused, as no page or prompt could use it."""

MAX_PARTS = 200_000
"""Parts of one conversation, so that a hostile tree of turns cannot multiply."""


class RecordError(FathomError):
    """One conversation of a file that cannot be imported; the others can. ``message`` is the reason in the report."""


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """A file that a message mentions. ``entry`` begins the name that an archive has for it; ``data`` is its bytes where
    the record itself holds them."""

    name: str
    media_type: str = "application/octet-stream"
    entry: str = ""
    data: bytes | None = None
    id: str | None = None  # of a file on the server that wrote the record


@dataclass(frozen=True, slots=True)
class ImportedPart:
    type: str
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[ImportedFile, ...] = ()  # type ``file``: the one; ``tool_call``: those of its result


@dataclass(frozen=True, slots=True)
class ImportedMessage:
    """``parent`` is the key of an earlier message of the same conversation, or None. Times are milliseconds UTC."""

    key: str
    parent: str | None
    role: Literal["user", "assistant"]
    parts: tuple[ImportedPart, ...]
    created: int | None = None
    model: str | None = None
    state: Literal["done", "stopped", "failed"] = "done"
    finish_reason: str | None = None
    error: Mapping[str, str] | None = None
    usage: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ImportedConversation:
    """``messages`` has parents before children. ``key`` names the conversation in its source; empty where it has none.
    ``head`` is the key of the message shown last; None means the newest."""

    source: str
    key: str
    title: str
    messages: tuple[ImportedMessage, ...]
    created: int | None = None
    updated: int | None = None
    pinned: bool = False
    head: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    title_source: str = "import"
