"""Files and their passages as they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

FileState = Literal["reading", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An attached file. ``tokens`` is about what its whole text takes in a prompt, null until it is read.

    ``data`` holds what the reader noted: ``format``, ``title``, ``pages`` or other counts, ``warnings``. ``error`` is
    ``{message, remedy}`` where reading failed; the file itself is stored nevertheless.
    """

    id: str
    name: str
    media_type: str
    bytes: int
    sha256: str
    state: FileState
    error: Mapping[str, str] | None
    tokens: int | None
    data: Mapping[str, Any]
    created: int

    def part(self) -> dict[str, Any]:
        """The part of a message that attaches this file."""
        return {
            "type": "file",
            "file": self.id,
            "name": self.name,
            "media_type": self.media_type,
            "bytes": self.bytes,
            "tokens": self.tokens,
            "state": self.state,
        }


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage of a file: ``position`` counts from 0, ``place`` is a page, a slide, cells, a line, a chapter."""

    file: str
    position: int
    place: Mapping[str, Any]
    text: str
    tokens: int
