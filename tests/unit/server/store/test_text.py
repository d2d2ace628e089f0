"""What cannot be stored becomes U+FFFD; everything else stays as it came."""

from __future__ import annotations

import pytest

from fathom.server.store.text import storable


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("plain", "plain"),
        ("a\0b", "a�b"),
        ("\ud83d alone, \udc00", "� alone, �"),
        ("e\u0301 é ﬁ 你好 😀\r\n\t\x07", "e\u0301 é ﬁ 你好 😀\r\n\t\x07"),  # neither normalized nor trimmed
    ],
)
def test_storable(text, stored):
    assert storable(text) == stored
    storable(text).encode()
