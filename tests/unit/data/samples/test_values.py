"""Values of records as text, and what is refused in the place of a text."""

from typing import Any

import pytest

from fathom.base.errors import DataError
from fathom.data.samples.values import content_text, first_string, first_text, first_value, parse_json_text, scalar_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("hi", "hi"),
        (42, "42"),
        (42.0, "42"),
        (0.5, "0.5"),
        (-1e-7, "-1e-07"),
        (1e22, "1e+22"),
        (True, "true"),
        (False, "false"),
        (None, None),
        (float("nan"), None),
        (float("inf"), None),
        ([1], None),
    ],
)
def test_scalars_are_written_as_in_json(value: Any, text: str | None) -> None:
    assert scalar_text(value) == text


def test_the_first_field_with_a_text_counts() -> None:
    assert first_text({"a": None, "b": " ", "c": 0}, ("a", "b", "c")) == "0"
    assert first_text({"a": float("nan")}, ("a",)) is None
    assert first_text({"a": ["x"], "b": "y"}, ("a", "b")) == "y"
    with pytest.raises(DataError, match=r"its a is a list, not text"):
        first_text({"a": ["x", "y"]}, ("a", "b"))


def test_flags_are_no_texts() -> None:
    assert first_string({"thinking": True, "think": "hm"}, ("thinking", "think")) == "hm"
    assert first_string({"thinking": {"type": "enabled"}}, ("thinking",)) is None


def test_null_is_absent() -> None:
    assert first_value({"a": None, "b": 0}, ("a", "b", "c")) == 0
    assert first_value({}, ("a",)) is None


def test_content_in_parts_is_joined() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "input_text", "text": "b"}, {"text": "c"}, "d"]
    assert content_text(parts, "a user message") == "abcd"
    assert content_text(3, "a user message") == "3"
    assert content_text(None, "a user message") is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([{"type": "image_url", "image_url": {}}], r"of a user message has a part that is no text \(image_url\)"),
        ([{"type": "text", "text": None}], r"has a part that is no text \(an object\)"),
        ([3], r"has a part that is no text \(a number\)"),
        ({"text": "hi"}, r"the content of a user message is an object, not text"),
    ],
)
def test_other_parts_are_named(content: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        content_text(content, "a user message")


def test_json_text_of_lists_and_objects_is_read() -> None:
    assert parse_json_text(' [{"a": 1}]') == [{"a": 1}]
    for value in ("[not json", "3", "plain", None, 3, [1]):
        assert parse_json_text(value) == value
