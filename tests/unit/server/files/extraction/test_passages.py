"""Passages partition a text, at its best breaks, and know their places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_files import WrittenPassages

from fathom.server.files.extraction.passages import WIDEST_BYTES, TextFullError, split_text


@given(st.text(max_size=400), st.integers(4, 60))
def test_parts_join_to_the_text_and_keep_the_limit(text, limit):
    parts = [part for part, _ in split_text(text, limit)]
    assert "".join(parts) == text
    assert all(len(part.encode("utf-8", "surrogatepass")) <= limit for part in parts)
    assert all(parts)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("one two.\n\nthree four\nfive six seven", "one two.\n\n"),
        ("one two three.\nfour five six seven", "one two three.\n"),
        ("one two three. Four five six seven", "one two three. "),
        ("今天的会议改到三点。请注意时间。", "今天的会议改到三点。"),
        ("onetwothreefourfivesixseveneight", "onetwothreefourfives"),
    ],
)
def test_a_part_ends_at_the_best_break_of_its_second_half(text, first):
    limit = 36 if "今" in text else 20
    assert next(split_text(text, limit))[0] == first


def test_lines_are_counted_from_the_first():
    writer = WrittenPassages()
    writer.add_lines("".join(f"line {n} {'x' * 90}\n" for n in range(1, 41)))
    lines = [place["line"] for place, _ in writer.passages]
    assert lines[0] == 1
    assert all(text.startswith(f"line {place['line']} ") for place, text in writer.passages)
    assert len(lines) > 2


def test_texts_of_one_place_end_with_a_line_break_and_empty_ones_are_left_out():
    writer = WrittenPassages()
    writer.add("a page", page=1)
    writer.add(" \n ", page=2)
    assert writer.passages == [({"page": 1}, "a page\n")]


def test_a_full_writer_keeps_what_fits_and_says_so():
    writer = WrittenPassages(max_characters=10)
    writer.add("123456\n", page=1)
    writer.add("7890123\n", page=2)
    with pytest.raises(TextFullError, match="only the first 10 characters were read"):
        writer.add("4", page=3)
    assert writer.text == "123456\n789"


def test_a_writer_ends_at_its_deadline():
    writer = WrittenPassages()
    writer.deadline = 0.0
    with pytest.raises(TextFullError, match="took too long"):
        writer.add("text", page=1)


def test_a_warning_is_given_once():
    writer = WrittenPassages()
    writer.warn("cut")
    writer.warn("cut")
    assert writer.warnings == ["cut"]


def test_a_row_that_is_too_wide_for_a_passage_is_divided():
    writer = WrittenPassages()
    row = "| 名 " * 20_000
    writer.add_passage(row, line=1)
    assert "".join(text for _, text in writer.passages) == row
    assert max(len(text.encode()) for _, text in writer.passages) <= WIDEST_BYTES
    assert {tuple(place.items()) for place, _ in writer.passages} == {(("line", 1),)}
