"""The title that a conversation has from its first question, until a model or a person gives it a better one."""

from __future__ import annotations

import re

LONGEST = 80
"""Characters of a title made here."""

_FENCE = re.compile(r"^\s{0,3}(?:```|~~~)")
_BEFORE = re.compile(r"^\s*(?:#{1,6}\s+|>\s?|[-*+]\s+(?:\[[ xX]\]\s+)?|\d{1,3}[.)]\s+)+")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_EMPHASIS = re.compile(r"(\*\*|~~|`+)(?=\S)(.+?)(?<=\S)\1")
_HAS_WORD = re.compile(r"\w")


def question_title(text: str) -> str:
    """The first line of prose in ``text``, without Markdown, shortened at a word; of code alone its first line."""
    prose, code = _lines(text)
    for line in (*prose, *code):
        title = _plain(line)
        if _HAS_WORD.search(title):
            return _shorten(title)
    return ""


def _lines(text: str) -> tuple[list[str], list[str]]:
    """The lines of prose, and those inside fences."""
    prose: list[str] = []
    code: list[str] = []
    inside = False
    for line in text[:20_000].splitlines():
        if _FENCE.match(line):
            inside = not inside
        else:
            (code if inside else prose).append(line)
    return prose, code


def _plain(line: str) -> str:
    line = _BEFORE.sub("", line[:2000])
    line = _LINK.sub(r"\1", line)
    line = _EMPHASIS.sub(r"\2", line)
    return " ".join(line.split())


def _shorten(title: str) -> str:
    if len(title) <= LONGEST:
        return title
    start = title[:LONGEST]
    words, space, _ = start.rpartition(" ")
    return (words if space and len(words) > LONGEST // 2 else start).rstrip(" ,.;:，。；：") + "…"
