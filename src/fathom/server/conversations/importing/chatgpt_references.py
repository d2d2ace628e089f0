"""Marks of citations in ChatGPT's answers, as the page writes ours: ``[1]``, with a list of sources.

Two generations: ``metadata.citations`` replaces ``【1†source】`` between two positions; ``metadata.content_references``
replaces a text of private characters (``cite…turn0search1``). A mark whose source
the export does not name is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fathom.server.conversations.importing.citations import MAX_CITATIONS, Citations
from fathom.server.conversations.importing.values import mapping, optional_text, sequence, text

_LEFT_OVER = re.compile("\ue200[^\ue201]{0,2000}\ue201|【\\d+(?::\\d+)?†[^】]{0,200}】|[\ue200-\ue206]")


def plain_text(written: str, metadata: Mapping[str, Any], citations: Citations) -> str:
    """``written`` with numbers in place of the marks."""
    marks = sorted(
        [*_new_marks(metadata, citations), *_old_marks(written, metadata, citations)], key=lambda mark: mark[0]
    )
    pieces, cursor = [], 0
    for start, mark, shown in marks:
        at = start if written.startswith(mark, start) and start >= cursor else written.find(mark, cursor)
        if at >= 0:
            pieces += [written[cursor:at], shown]
            cursor = at + len(mark)
    return _LEFT_OVER.sub("", "".join([*pieces, written[cursor:]]))


def _new_marks(metadata: Mapping[str, Any], citations: Citations) -> Iterator[tuple[int, str, str]]:
    for reference in map(mapping, sequence(metadata.get("content_references"))[:MAX_CITATIONS]):
        mark = text(reference.get("matched_text"))
        if mark.strip():
            yield _position(reference.get("start_idx")), mark, _numbers(reference, citations)


def _numbers(reference: Mapping[str, Any], citations: Citations) -> str:
    items = [mapping(item) for item in sequence(reference.get("items"))[:10]] or [reference]
    numbers = [
        citations.number(text(item.get("title")), text(item.get("url")), optional_text(item.get("snippet")))
        for item in items
        if text(item.get("url")).startswith(("http://", "https://"))
    ]
    return "".join(f"[{number}]" for number in dict.fromkeys(numbers))


def _old_marks(written: str, metadata: Mapping[str, Any], citations: Citations) -> Iterator[tuple[int, str, str]]:
    for citation in sequence(metadata.get("citations"))[:MAX_CITATIONS]:
        source = mapping(mapping(citation).get("metadata"))
        start, end = _position(mapping(citation).get("start_ix")), _position(mapping(citation).get("end_ix"))
        url = text(source.get("url"))
        if written[start:end].startswith("【") and url.startswith(("http://", "https://")):
            number = citations.number(text(source.get("title")), url, optional_text(source.get("text")))
            yield start, written[start:end], f"[{number}]"


def _position(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0
