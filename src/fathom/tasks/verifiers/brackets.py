"""Splitting of LaTeX at separators that are in no brackets."""

from __future__ import annotations

import re

_MARK = re.compile(r"\\begin\{\w+\*?\}|\\end\{\w+\*?\}|\\[A-Za-z]+|\\.|[()\[\]{}]", re.DOTALL)
_OPEN = frozenset(("(", "[", "{", "\\{", "\\langle", "\\lfloor", "\\lceil", "\\begin"))
_CLOSE = frozenset((")", "]", "}", "\\}", "\\rangle", "\\rfloor", "\\rceil", "\\end"))


def split_top(text: str, separator: re.Pattern[str]) -> list[str]:
    """The parts of a text between separators that are in no brackets."""
    parts, depth, start, place = [], 0, 0, 0
    while place < len(text):
        match = separator.match(text, place) if depth == 0 else None
        if match and match.end() > place:
            parts.append(text[start:place])
            start = place = match.end()
            continue
        mark = _MARK.match(text, place)
        if mark:
            depth = max(0, depth + _change(mark[0]))
        place = mark.end() if mark else place + 1
    return [*parts, text[start:]]


def enclosing(text: str) -> tuple[str, str, str] | None:
    r"""The bracket that opens a text, its content, and the one that closes it at the end; None if none encloses all.

    They need not be of one kind: ``[0, 1)``.
    """
    opening = _MARK.match(text)
    if opening is None or opening[0] not in ("(", "[", "\\{", "\\langle"):
        return None
    depth, place = 0, 0
    while place < len(text):
        mark = _MARK.match(text, place)
        if mark:
            depth += _change(mark[0])
            if depth == 0:
                inside = text[opening.end() : mark.start()]
                return (opening[0], inside, mark[0]) if mark.end() == len(text) else None
        place = mark.end() if mark else place + 1
    return None


def _change(mark: str) -> int:
    mark = mark.partition("{")[0] if mark.startswith(("\\begin", "\\end")) else mark
    return (mark in _OPEN) - (mark in _CLOSE)
