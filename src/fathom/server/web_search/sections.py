"""The sections of a page's text that a citation can lead to: pages of a PDF, slides, sheets, chapters.

A web page is one section without a place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Places = Sequence[tuple[int, Mapping[str, Any]]]
"""Where sections begin (characters), each with its place: ``((0, {"page": 1}), (1800, {"page": 2}))``."""

_CITED = ("page", "slide", "sheet", "chapter")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a text with its place; ``place`` None: the whole text, or what comes before the first place."""

    place: Mapping[str, Any] | None
    text: str


def join_passages(passages: Iterable[tuple[Mapping[str, Any], str]]) -> tuple[str, Places]:
    """The text of passages as a reader gives them, without space around it, and where its sections begin."""
    places: list[tuple[int, Mapping[str, Any]]] = []
    pieces: list[str] = []
    length = 0
    for place, passage in passages:
        piece = passage if length else passage.lstrip()
        if piece and any(name in place for name in _CITED) and (not places or places[-1][1] != place):
            places.append((length, dict(place)))
        pieces.append(piece)
        length += len(piece)
    text = "".join(pieces).rstrip()
    return text, tuple(entry for entry in places if entry[0] < len(text))


def sections_of(text: str, places: Places) -> list[Section]:
    """The text divided at its places."""
    if not places:
        return [Section(None, text)]
    starts = [start for start, _ in places]
    ends = [*starts[1:], len(text)]
    sections = [Section(place, text[start:end]) for (start, place), end in zip(places, ends, strict=True)]
    return [Section(None, text[: starts[0]]), *sections] if starts[0] else sections
