"""Incremental Markdown: how much of a partial text is final.

A live region that is redrawn for every token cannot be longer than the screen. So an answer is split at paragraphs:
those that can no longer change are printed once and scroll away, and only the unfinished rest is redrawn.
"""

from __future__ import annotations

import re

FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
LIST_ITEM = re.compile(r" {0,3}([-*+]|\d{1,9}[.)])\s")


def complete_length(text: str) -> int:
    """How many characters from the start of ``text`` no continuation can change.

    A Markdown element ends at a blank line once the next line has begun and does not continue it: not inside a fence,
    not indented (which would belong to a list item), not another item of the list above.
    """
    end = position = 0
    fence = ""
    blank_before = in_list = False
    for line in text.splitlines(keepends=True):
        begins = bool(line.strip()) and blank_before and not fence
        if begins and _starts_element(line, in_list):
            end, in_list = position, False
        if match := FENCE.match(line):
            fence = _toggle(fence, match[1], line)
        in_list = in_list or (not fence and LIST_ITEM.match(line) is not None)
        blank_before = not line.strip()
        position += len(line)
    return end


def _starts_element(line: str, in_list: bool) -> bool:
    """Whether a line after a blank one certainly starts a new element."""
    if line[0] in " \t":
        return False
    # "1" or "-" alone may become an item of the same list with the next character
    return not (in_list and (LIST_ITEM.match(line) or re.fullmatch(r"([-*+]|\d{1,9}[.)]?)\s*", line)))


def _toggle(fence: str, marks: str, line: str) -> str:
    """The open fence after this line: it closes with at least as many of the same marks, and nothing after them."""
    if not fence:
        return marks
    closes = marks[0] == fence[0] and len(marks) >= len(fence) and not line.strip().strip(marks[0])
    return "" if closes else fence
