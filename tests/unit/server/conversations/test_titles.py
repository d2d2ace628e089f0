"""Titles made of a first question."""

from __future__ import annotations

import pytest

from fathom.server.conversations.titles import LONGEST, question_title


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("How do tides work?\nIn detail.", "How do tides work?"),
        ("# Heading question", "Heading question"),
        ("```python\nprint(1)\n```\nWhy does this fail?", "Why does this fail?"),
        ("```python\nprint(1)\n```", "print(1)"),
        ("> - [ ] **Fix** the `parser` of [this](https://a.example)", "Fix the parser of this"),
        ("1. first\n2. second", "first"),
        ("\n\n   \n???\nwhat", "what"),
        ("为什么天空是蓝色的？", "为什么天空是蓝色的？"),
        ("__init__ is never called", "__init__ is never called"),
        ("a * b * c and snake_case_name", "a * b * c and snake_case_name"),
        ("!!!", ""),
        ("", ""),
    ],
)
def test_the_first_line_of_prose(text, title):
    assert question_title(text) == title


def test_a_long_line_ends_at_a_word():
    title = question_title("word " * 100)
    assert title.endswith("word…")
    assert len(title) <= LONGEST
    assert len(question_title("字" * 500)) == LONGEST + 1


def test_hostile_lines_take_no_time():
    for text in ("**" * 50_000, "[" * 100_000, "> " * 100_000, "`" * 100_001, "_" * 100_000 + "x"):
        question_title(text)
