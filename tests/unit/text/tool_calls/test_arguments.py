"""Arguments as text and as an object, with the mistakes that clients and models make."""

from __future__ import annotations

from typing import Any

import pytest

from fathom.text.tool_calls.arguments import arguments_object, arguments_text


@pytest.mark.parametrize(
    ("text", "value", "written"),
    [
        ('{"a": 1}', {"a": 1}, '{"a": 1}'),
        (' {"a":1}\n', {"a": 1}, ' {"a":1}\n'),
        ("", {}, "{}"),
        (" \n", {}, "{}"),
        ("null", {}, "{}"),
        ('"{\\"a\\": \\"é\\"}"', {"a": "é"}, '{"a": "é"}'),
        ('"text"', None, '"text"'),
        ("[1]", None, "[1]"),
        ('{"a": ', None, '{"a": '),
        ("[" * 100_000, None, "[" * 100_000),
    ],
)
def test_arguments(text: str, value: Any, written: str) -> None:
    assert arguments_object(text) == value
    assert arguments_text(text) == written
