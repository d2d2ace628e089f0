"""Lenient readers of single values: files come from anyone, and a wrong type is an absent value, never a crash."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LATEST = 253_402_300_799_000  # the end of year 9999, in milliseconds


def text(value: object) -> str:
    """``value`` if it is text that a database takes, else the empty string. NUL and lone surrogates become U+FFFD."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value) if isinstance(value, str) else ""


def optional_text(value: object) -> str | None:
    return text(value) or None


def key(value: object) -> str | None:
    """An identifier of the source: text, or a number as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return optional_text(value)


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def sequence(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def milliseconds(value: object) -> int | None:
    """A time as milliseconds UTC, from ISO 8601 or from a number since 1970; None for anything else.

    Whether a number counts seconds, milliseconds, microseconds or nanoseconds follows from its size.
    """
    if isinstance(value, str):
        return _from_iso(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
        return None
    for limit, unit in ((1e11, 1000.0), (1e14, 1.0), (1e17, 1e-3), (1e20, 1e-6)):
        if value < limit:
            time = int(value * unit)
            return time if time <= _LATEST else None
    return None


def duration(value: object) -> int | None:
    """Seconds as whole milliseconds; None for what is no length of time."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value * 1000) if 0 <= value < 1e7 else None


def _from_iso(value: str) -> int | None:
    try:
        time = datetime.fromisoformat(value)
        if time.tzinfo is None:
            time = time.replace(tzinfo=UTC)
        return max(0, int(time.timestamp() * 1000)) or None
    except (ValueError, OverflowError):
        return None
