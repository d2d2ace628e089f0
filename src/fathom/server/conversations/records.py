"""Stored conversations and messages as frozen records.

A part is a mapping in the form that the API has: ``{"type": "answer", "text": "…"}``. Its kinds are listed in
docs/guides/assistant-api.md. Times are integer milliseconds (UTC).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

TitleSource = Literal["question", "model", "user", "import"]
Role = Literal["user", "assistant"]
MessageState = Literal["waiting", "streaming", "interrupted", "done", "stopped", "failed"]
Part = Mapping[str, Any]

UNFINISHED: frozenset[MessageState] = frozenset({"waiting", "streaming", "interrupted"})
"""States of an answer that is still written, or waits for its model to come back."""


@dataclass(frozen=True, slots=True)
class StoredConversation:
    """``head`` is the message that is shown last, ``deleted`` since when it is in the trash. ``running``: an answer is
    being written."""

    id: str
    title: str
    title_source: TitleSource
    project: str | None
    pinned: bool
    temporary: bool
    settings: Mapping[str, Any]
    head: str | None
    created: int
    updated: int
    deleted: int | None
    running: bool = False

    def json(self) -> dict[str, Any]:
        """As the API has it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """``siblings`` are the messages with the same parent, itself included, oldest first; ``index`` its place there.

    ``error`` holds ``message`` and ``remedy``, ``usage`` counts of tokens, ``run`` the run that writes or wrote it.
    """

    id: str
    conversation: str
    parent: str | None
    role: Role
    model: str | None
    state: MessageState
    finish_reason: str | None
    error: Mapping[str, Any] | None
    usage: Mapping[str, Any] | None
    run: str | None
    created: int
    updated: int
    parts: tuple[Part, ...] = ()
    siblings: tuple[str, ...] = field(default=())

    @property
    def index(self) -> int:
        return self.siblings.index(self.id) if self.id in self.siblings else 0

    def json(self) -> dict[str, Any]:
        """As the API has it."""
        return asdict(self) | {"parts": [dict(part) for part in self.parts], "index": self.index}


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A message of any branch, without its text: ``preview`` is how it begins."""

    id: str
    parent: str | None
    role: Role
    created: int
    preview: str


@dataclass(frozen=True, slots=True)
class NewQuestion:
    """What a client asks below ``parent`` (None: at the beginning). ``key``: its name for this request."""

    parent: str | None
    text: str
    files: tuple[str, ...] = ()
    key: str | None = None
