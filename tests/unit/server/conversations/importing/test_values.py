"""Values of strangers: wrong types are absent, what no database takes is replaced, times of all units are read."""

from __future__ import annotations

import pytest

from fathom.server.conversations.importing import values


@pytest.mark.parametrize(
    ("value", "expected"),
    [("a\0b\ud83d", "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"), (7, ""), (None, ""), (["a"], "")],
)
def test_text(value, expected):
    assert values.text(value) == expected


@pytest.mark.parametrize(("value", "expected"), [("x", "x"), (12, "12"), (True, None), ("", None), (1.5, None)])
def test_key(value, expected):
    assert values.key(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1_700_000_000, 1_700_000_000_000),
        (1_700_000_000.25, 1_700_000_000_250),
        (1_700_000_000_123, 1_700_000_000_123),
        (1_700_000_000_123_456, 1_700_000_000_123),
        (1_700_000_000_123_456_789, 1_700_000_000_123),
        ("2025-03-30T04:49:36.505000+08:00", 1_743_281_376_505),
        ("2025-03-29T20:49:36Z", 1_743_281_376_000),
        ("2025-03-29T20:49:36", 1_743_281_376_000),
        ("yesterday", None),
        ("9999-99-99", None),
        (float("nan"), None),
        (float("inf"), None),
        (-5, None),
        (0, None),
        (10**30, None),
        (True, None),
        (None, None),
        ({}, None),
    ],
)
def test_milliseconds(value, expected):
    assert values.milliseconds(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1.5, 1500), (0, 0), (-1, None), (float("nan"), None), ("3", None), (True, None), (1e300, None)],
)
def test_duration(value, expected):
    assert values.duration(value) == expected


def test_containers():
    assert values.mapping([]) == {}
    assert values.mapping({"a": 1}) == {"a": 1}
    assert values.sequence({}) == ()
    assert values.sequence([1]) == [1]
    assert values.optional_text("") is None
