"""What files say, taken with care: numbers that are numbers, text that can be shown.

A report is made of files that a killed process may have cut short, and of text that a model wrote while it was being
rewarded for anything. Nothing here raises on a value; whatever is not what it should be counts as absent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Record = Mapping[str, Any]

LARGEST = 1e200

_CONTROL = {code: 0x2400 + code for code in range(0x20) if code not in (0x09, 0x0A)} | {0x7F: 0x2421}
_ODD: dict[int, int | str] = {
    **_CONTROL,
    **dict.fromkeys([*range(0x80, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF], 0xFFFD),
    **{code: f"⟨U+{code:04X}⟩" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x2028, 0x2029)},
}


def number(value: object) -> float | None:
    """A number that a measurement can have, or None: neither infinite nor so large that a sum with it might be."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    if not abs(found) < LARGEST:  # NaN too
        return None
    return found if abs(found) > 1 / LARGEST else 0.0


def count(value: object) -> int | None:
    """A whole number that is not negative, or None."""
    found = number(value)
    return int(found) if found is not None and found >= 0 else None


def at(record: Record, path: str) -> Any:
    """What stands at ``a.b.c``; None where nothing does."""
    found: Any = record
    for key in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(key)
    return found


def text(value: object, longest: int = 500) -> str:
    """``value`` as text that is safe to show, cut to ``longest`` characters; empty where it is no string or number."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    try:
        raw = str(value[: longest + 1] if isinstance(value, str) else value)
    except ValueError:  # an integer of thousands of digits
        return ""
    shown = visible(raw)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def visible(raw: str) -> str:
    """What cannot be seen, or would steer a terminal or the direction of writing, becomes a sign that stands for it."""
    return re.sub("\r\n", "\n", raw).translate(_ODD)
