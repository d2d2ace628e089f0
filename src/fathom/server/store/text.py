"""Text that both databases and UTF-8 can hold."""

from __future__ import annotations

import re

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def storable(text: str) -> str:
    """``text`` as it came, but with U+FFFD for what neither database takes: NUL and lone surrogates."""
    return _UNSTORABLE.sub("�", text)
