"""Paths into JSON values as text."""

from __future__ import annotations

import pytest

from fathom.base.json_path import format_path


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("properties", "city", "enum", 2), "properties.city.enum[2]"),
        (("$defs", "a b", "anyOf", 0), "$defs['a b'].anyOf[0]"),
        (("", "ä"), "['']['ä']"),
        ((3,), "[3]"),
    ],
)
def test_a_path_as_text(path, text):
    assert format_path(path) == text


def test_a_long_path_is_shortened_in_the_middle():
    text = format_path(("properties", "x" * 500, "type"))
    assert len(text) == 200
    assert text.startswith("properties.xxx")
    assert text.endswith("xxx.type")
