"""A document, and the identity by which reports name it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Document:
    """Text to learn from. ``id`` is unique within ``source``: a line (``books.jsonl:17``), a row, a key of its own."""

    text: str
    id: str
    source: str
