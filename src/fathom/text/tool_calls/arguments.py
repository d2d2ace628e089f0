"""The arguments of a call: an object as JSON text, in which clients and models make a few common mistakes."""

from __future__ import annotations

import json
from typing import Any


def arguments_object(text: str) -> dict[str, Any] | None:
    """The arguments of a call as an object; None where the text is no JSON object. No text at all and ``null`` are no
    arguments, and an object that was encoded twice (as a string) is decoded twice."""
    try:
        value = json.loads(text) if text.strip() else None
        value = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return None
    if value is None:
        return {}
    return value if isinstance(value, dict) else None


def arguments_text(text: str) -> str:
    """The arguments of a call as JSON text: as the model wrote it where that begins an object, otherwise what
    `arguments_object` reads, or unchanged where it reads none."""
    value = None if text.lstrip().startswith("{") else arguments_object(text)
    return text if value is None else json.dumps(value, ensure_ascii=False)
