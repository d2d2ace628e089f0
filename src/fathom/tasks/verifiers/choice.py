"""Verifier of multiple-choice answers.

A strict answer is one letter, as in the question or with the usual marks: ``B``, ``(B)``, ``B.``, ``**B**``,
``\\boxed{B}``. A lenient one is the last single letter, unless it is the word "A" or "I" in a sentence.
"""

from __future__ import annotations

import re

from fathom.tasks.task import CORRECT
from fathom.tasks.verifiers.notation import read_notation

MAX_LENGTH = 60
"""Longest strict answer in characters."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_STRICT = re.compile(r"\(?([A-Z])\)?[.:]?")
_MARKED = re.compile(r"\(([A-Z])\)|\b(?:answer|choice|option)\s*(?:is|:)?\s*\(?([A-Z])\b")
_ALONE = re.compile(r"(?<![A-Za-z0-9'’])([A-Z])(?![A-Za-z0-9'’])")


def parse_choice(answer: str, count: int) -> str | None:
    """The letter of an answer that is nothing else, among the first ``count``; None otherwise."""
    answer = answer.strip(" \t\r\n")
    match = _STRICT.fullmatch(read_notation(answer)) if len(answer) <= MAX_LENGTH else None
    return match[1] if match and match[1] in LETTERS[:count] else None


def last_choice(answer: str, count: int) -> str | None:
    """The last letter that an answer names, among the first ``count``; None without one."""
    text = answer[-2000:]
    marked = [first or second for first, second in _MARKED.findall(text)]
    alone = [m[1] for m in _ALONE.finditer(text) if not re.match(r"\s+[a-z]", text[m.end() :])]
    letters = [letter for letter in marked or alone if letter in LETTERS[:count]]
    return letters[-1] if letters else None


def check_choice(letter: str | None, expected: str) -> str:
    """What is wrong with a choice; empty if it is the expected one."""
    if letter is None:
        return "no choice"
    return CORRECT if letter == expected else f"it is {letter}, not {expected}"
